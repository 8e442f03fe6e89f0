"""Bacula and Bareos: jobs and their chains, read from the volumes alone."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Coverage, Manifest, cover, prefix_in
from verifier.probes.bacula_volume import HEAD_BYTES, Run, Session, Volume, is_volume, read_volume
from verifier.probes.comparing import capped
from verifier.probes.newer import as_of
from verifier.probes.reading import head, heads
from verifier.target import Target

__all__ = ["Chain", "Job", "chains_of", "collect", "detect", "flaw"]

_RUN_SUFFIX = re.compile(r"\.\d{4}-\d\d-\d\d_\d\d\.\d\d\.\d\d_\d+$")
_LEVELS = {"F": "full", "D": "differential", "I": "incremental"}
_COMPLETED = frozenset("TW")
_TOOK_OTHER_WORDS = {
    "A": "was cancelled", "E": "ended with an error", "e": "ended with an error",
    "f": "ended with a fatal error", "I": "is incomplete",
}  # fmt: skip


class Job(NamedTuple):
    """What a job saves, whenever it runs: client, name, file set."""

    client: str
    name: str
    file_set: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The runs of one job that can be restored, what their newest holds, and what cannot be."""

    job: Job
    times: tuple[datetime, ...]
    files: Mapping[str, int]
    breaks: tuple[str, ...]
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class _Read:
    runs: Mapping[tuple[int, int], Run]
    errors: tuple[str, ...]
    unseen: str
    unchecked: int
    programs: tuple[str, ...]


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is a volume, or a folder with volumes."""
    facts = host.stat(path)
    if not (facts.is_dir or facts.is_file):
        return False
    return any(is_volume(start) for start in heads(host, path, HEAD_BYTES))


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine the volumes of a folder, or a single one.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        From ``BYTES`` on, the CRC32 of each block is compared.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Points and contents of the job that holds most of the source.
    """
    read = _read(host, found.real_path or target.address, check=depth >= Depth.BYTES)
    chain, coverage = _best(host, chains_of(read.runs), source)
    reached, reason = min(depth, Depth.BYTES), read.unseen
    if read.unchecked and reached is Depth.BYTES:
        reached = Depth.STRUCTURE
        reason = reason or f"{read.unchecked} block(s) were written without a checksum"
    if read.unseen and (coverage.rows is None or coverage.rows.lacking.any()):
        coverage = Coverage(Fact(source="parts of the copy could not be read"))
    newest = max(chain.times, default=None)
    late = chain.latest if newest is None or (chain.latest and chain.latest > newest) else None
    locked = any(run.encrypted for run in read.runs.values())
    how = Fact("files", Evidence.INFERRED, "Bacula copies file by file")
    return replace(
        found,
        kind="bacula",
        points=Points.at(chain.times, latest=late, breaks=chain.breaks, consistency=how),
        files=len(chain.files),
        size_bytes=sum(chain.files.values()),
        coverage=coverage.share
        if coverage.share.value is None
        else replace(coverage.share, source="file records of the volumes"),
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        errors=capped(list(read.errors)),
        depth=None if read.unseen else reached,
        reason=reason,
        encrypted=Fact(locked, Evidence.MEASURED, "data streams of the volumes"),
        tool=", ".join(read.programs) or None,
    )


def flaw(run: Run) -> str:
    """Say why one run cannot be restored by itself; empty if it can.

    Parameters
    ----------
    run : Run
        All that the volumes hold of it.

    Returns
    -------
    str
        The end of a sentence about the job.
    """
    if run.start is None:
        return "begins on a volume that is not here"
    if run.end is None:
        return "goes on on a volume that is not here" if run.cut else "did not finish"
    if run.end.status not in _COMPLETED:
        return _TOOK_OTHER_WORDS.get(run.end.status, f"ended with status {run.end.status!r}")
    if run.end.files is not None and run.indexes < run.end.files:
        return f"should hold {run.end.files} files and holds {run.indexes}"
    return ""


def chains_of(runs: Mapping[tuple[int, int], Run]) -> tuple[Chain, ...]:
    """Sort the runs into jobs, and follow each job's chain.

    Parameters
    ----------
    runs : mapping of (int, int) to Run
        Sessions by id and time; those that are no backups are left out.

    Returns
    -------
    tuple of Chain
        One for each job.
    """
    jobs: dict[Job, list[tuple[Session, Run]]] = defaultdict(list)
    for run in runs.values():
        label = run.end or run.start
        if label is not None and label.type == "B":
            name = _RUN_SUFFIX.sub("", label.job)
            jobs[Job(label.client, name, label.file_set)].append((label, run))
    return tuple(_chain(job, found) for job, found in sorted(jobs.items()))


def _chain(job: Job, runs: list[tuple[Session, Run]]) -> Chain:
    times: list[datetime] = []
    breaks: list[str] = []
    base: dict[str, int] | None = None  # what the last full, with the last differential, holds
    full: dict[str, int] | None = None
    held: dict[str, int] = {}
    hole = ""
    runs.sort(key=lambda item: (item[0].written is not None, item[0].written, item[0].job_id))
    for label, run in runs:
        level = _LEVELS.get(label.level, "other")
        called = f"The {level} job {label.job}"
        if wrong := flaw(run):
            breaks.append(f"{called} {wrong}.")
            # a failed run is done again by the next one; one whose volume is gone is not
            if (run.end and run.end.status in _COMPLETED) or run.cut:
                hole = label.job
            continue
        if level == "full" or level == "other":
            full = base = dict(run.files)
            hole = ""
        elif full is None:
            breaks.append(f"{called} has no full backup here to build on.")
            continue
        elif level == "differential":
            base = _after(full, run)
            hole = ""
        elif hole:
            breaks.append(f"{called} builds on {hole}, which is not whole.")
            continue
        else:
            base = _after(base or full, run)
        held = base
        if label.written is not None:
            times.append(label.written)
    latest = max((label.written for label, _ in runs if label.written), default=None)
    return Chain(job, tuple(times), held, tuple(breaks), latest)


def _after(before: Mapping[str, int], run: Run) -> dict[str, int]:
    return {
        **{path: size for path, size in before.items() if path not in run.deleted},
        **run.files,
    }


def _best(host: Host, chains: Iterable[Chain], source: Manifest | None) -> tuple[Chain, Coverage]:
    """Choose the job that holds most of the source, then the one with the newest point."""
    nothing = Chain(Job("", "", ""), (), {}, (), None)

    def covered(chain: Chain) -> Coverage:
        prefix = prefix_in(source, chain.files)
        held = {path.removeprefix(prefix): size for path, size in chain.files.items()}
        return as_of(host, source, cover(source, held), max(chain.times, default=None))

    judged = [(chain, covered(chain)) for chain in chains] or [(nothing, cover(source, {}))]
    return max(
        judged,
        key=lambda item: (
            item[1].share.value or 0.0,
            max(item[0].times).timestamp() if item[0].times else 0.0,
            len(item[0].breaks),
        ),
    )


def _read(host: Host, path: str, *, check: bool) -> _Read:
    runs: dict[tuple[int, int], Run] = {}
    errors: list[str] = []
    unseen, unchecked = "", 0
    programs: set[str] = set()
    for place in _candidates(host, path):
        name = place.rpartition("/")[2]
        try:
            if not is_volume(head(host, place, HEAD_BYTES)):
                continue
            with host.open(place) as file:
                volume = read_volume(file, check=check)
        except AccessError as problem:
            if problem.damage:
                errors.append(f"{name} cannot be read: {problem.reason}.")
            else:
                unseen = unseen or f"{name} could not be read: {problem.reason}"
            continue
        errors += [f"{name}: {sentence}." for sentence in volume.errors]
        unchecked += volume.unchecked
        programs.add(volume.program)
        _join(runs, volume)
    return _Read(runs, tuple(errors), unseen, unchecked, tuple(sorted(programs - {""})))


def _candidates(host: Host, path: str) -> list[str]:
    if not host.stat(path).is_dir:
        return [path]
    return [f"{path}/{name}" for name in host.listdir(path) if _may_be_one(host, f"{path}/{name}")]


def _may_be_one(host: Host, place: str) -> bool:
    """Tell files, and links to files, from the rest; where a link leads nowhere, reading tells."""
    facts = host.stat(place, follow=False)
    if facts.is_symlink:
        with contextlib.suppress(AccessError):
            facts = host.stat(place)
    return facts.is_file or facts.is_symlink


def _join(runs: dict[tuple[int, int], Run], volume: Volume) -> None:
    """Put together a session that spans volumes; the one with its beginning comes first."""
    for key, part in volume.runs.items():
        if key not in runs:
            runs[key] = part
        elif part.start is not None and runs[key].start is None:
            part.add(runs[key])
            runs[key] = part
        else:
            runs[key].add(part)
