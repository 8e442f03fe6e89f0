"""Restic repositories: integrity from file names alone, contents with program and password."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from verifier.host import AccessError, Entry, Host, Missing
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Coverage, Manifest, cover, instant, prefix_in
from verifier.probes._digests import Digest, closed, compare, small_text
from verifier.probes._keys import declared_key
from verifier.probes._linked import through_links
from verifier.probes._noting import noted
from verifier.probes._restic_output import (
    KeyFile,
    Listed,
    Snapshot,
    failure_reason,
    parse_key,
    parse_ls,
    parse_snapshots,
    parse_version,
    series_of,
)
from verifier.probes._restic_program import (
    Unopened,
    checked,
    is_remote,
    last_filled,
    listed_newest,
    newest_point,
    of_all_jobs,
    secrets_of,
    snapshots_of,
)
from verifier.probes.comparing import capped
from verifier.probes.newer import as_of
from verifier.probes.outdated import without_older
from verifier.target import Target

__all__ = [
    "KeyFile",
    "Listed",
    "Snapshot",
    "Unopened",
    "checked",
    "collect",
    "collect_remote",
    "detect",
    "failure_reason",
    "is_remote",
    "newest_point",
    "parse_key",
    "parse_ls",
    "parse_snapshots",
    "parse_version",
    "secrets_of",
]

FOLDERS = ("data", "index", "keys", "snapshots")
_MOSTLY = 0.9  # less of the source is no whole copy by any policy
_SEALED = 32  # bytes that encryption adds
LINKED = r"config|data(/[0-9a-f]{2})?(/[0-9a-f]{64})?|(index|keys|snapshots)(/[0-9a-f]{64})?"
_ID = re.compile(r"[0-9a-f]{64}")
# what desktops and NAS systems leave in any folder; restic passes over it
_LITTER = re.compile(r"/([@#][^/]*/|(Thumbs\.db|desktop\.ini)$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the names in a repository tell: files by relative path, what is wrong, what unseen.

    `locks` are the times of locks that somebody left, or holds now; `newest` is the name of the
    snapshot that was written last.
    """

    files: tuple[str, ...]
    times: tuple[datetime, ...]
    errors: tuple[str, ...]
    unseen: str = ""
    locks: tuple[datetime, ...] = ()
    newest: str = ""


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory has the shape of a restic repository."""
    if not host.stat(path).is_dir:
        return False
    names = set(host.listdir(path))
    if not set(FOLDERS) <= names:
        return False
    # one whose config is gone is no folder of files: it is a repository that nobody can open
    return "config" in names or any(_ID.fullmatch(key) for key in host.listdir(f"{path}/keys"))


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a repository in a directory.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for; with a ``password_file`` the contents are listed too.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``BYTES`` hashes every file; this probe goes no deeper, ``Location.depth`` says so.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Coverage is unknown, with the reason, if the contents cannot be listed.
    """
    path = found.real_path or target.address
    shape = _shape(host, path)
    errors, unseen, reached = list(shape.errors), shape.unseen, min(depth, Depth.STRUCTURE)
    sample = None
    if depth >= Depth.BYTES and not unseen:
        chosen, sample = host.effort.some(sorted(shape.files))
        rotten, unseen = compare(host, path, _named(chosen), listed=True)
        errors += rotten
        sample = sample and replace(sample, bad=len(rotten))
        reached = Depth.STRUCTURE if unseen else Depth.BYTES
    located = replace(
        found,
        kind="restic",
        points=Points.at(shape.times),
        depth=None if shape.unseen else reached,
        errors=capped(errors),
        sample=sample,
        encrypted=Fact(True, Evidence.INFERRED, "restic always encrypts"),
    )
    located = declared_key(host, target, _identified(host, path, shape, located))
    if host.local:
        located = _contents(host, target, source, path, located)
    else:
        located = closed(located, "no password_file is given")
    if depth >= Depth.STRUCTURE and located.files is not None:
        located = checked(host, target, path, located)
    if depth >= Depth.STRUCTURE and located.files is None:
        unseen = unseen or "without the contents nobody sees that a file is gone"
    told = (located.reason, unseen, _locked(shape.locks))
    return replace(located, reason="; ".join(filter(None, told)))


def collect_remote(
    host: Host, target: Target, source: Manifest | None, found: Location
) -> Location:
    """Examine a repository behind one of restic's own addresses: its contents are listed.

    Parameters
    ----------
    host, target, source, found
        As for `collect`.

    Returns
    -------
    Location
        At most at depth ``LISTED``; the bytes are not read.

    Raises
    ------
    AccessError
        If the repository cannot be read at all.
    """
    found = declared_key(host, target, replace(found, kind="restic"))
    located = _contents(host, target, source, target.address, found)
    if located.tool is None or located.reason:
        raise AccessError(target.address, located.reason or "restic gave no answer")
    return replace(located, depth=Depth.LISTED)


def _shape(host: Host, path: str) -> _Shape:
    files: list[str] = []
    times: list[datetime] = []
    errors: list[str] = []
    unseen = ""
    last = (0, "")
    for folder in FOLDERS:
        for entry in through_links(host, path, folder, _is_linked):
            if entry.problem is not None:
                unseen = unseen or f"{entry.path}: {entry.problem.reason}"
            if entry.stat is None or not entry.stat.is_file:
                continue
            name, flaws = _named_well(folder, entry)
            errors += flaws
            if name is None:
                continue
            files.append(entry.path)
            if folder == "snapshots" and (written := instant(entry.stat.mtime_ns)):
                times.append(written)
                last = max(last, (entry.stat.mtime_ns, name))
    errors += _config(host, path)
    if not unseen:
        errors += _incomplete({file.partition("/")[0] for file in files})
    locks = _locks(host, path)
    return _Shape(tuple(files), tuple(times), tuple(errors), unseen, locks, last[1])


def _is_linked(path: str) -> bool:
    return re.fullmatch(LINKED, path) is not None


def _config(host: Host, path: str) -> list[str]:
    """Look at the one file that is not named by its digest; without it no program opens the rest.

    It is a nonce, a few words and a code of authenticity: 16 bytes, more than none, and 16.
    """
    try:
        size = host.stat(f"{path}/config").size
    except Missing:
        return ["The repository has no config: nobody can open it."]
    return [] if size > _SEALED else [f"config has only {size} bytes: nobody can open it."]


def _named_well(folder: str, entry: Entry) -> tuple[str | None, list[str]]:
    """Return the name of a file that belongs to the repository, and what is wrong with it."""
    within, _, name = entry.path.removeprefix(f"{folder}/").rpartition("/")
    if name.startswith(".") or "-tmp-" in name or _LITTER.search(f"/{entry.path}"):
        return None, []
    if not _ID.fullmatch(name):
        return None, [f"{entry.path} is not named like a restic file."]
    errors = []
    if folder == "data" and within not in {name[:2], ""}:
        errors.append(f"{entry.path} lies in the wrong folder.")
    if entry.stat is not None and entry.stat.size == 0:
        errors.append(f"{entry.path} is empty.")
    return name, errors


def _incomplete(kinds: set[str]) -> list[str]:
    errors = []
    if "keys" not in kinds:
        errors.append("The repository has no key: nobody can open it.")
    if "snapshots" in kinds and not {"data", "index"} <= kinds:
        errors.append("The repository has snapshots but no data or no index.")
    return errors


def _locks(host: Host, path: str) -> tuple[datetime, ...]:
    try:
        found = [entry.stat for entry in host.walk(f"{path}/locks")]
    except AccessError:
        return ()
    times = (instant(stat.mtime_ns) for stat in found if stat is not None and stat.is_file)
    return tuple(when for when in times if when is not None)


def _named(files: Iterable[str]) -> Iterable[Digest]:
    return (Digest(file, "sha256", file.rpartition("/")[2], "that is its name") for file in files)


def _identified(host: Host, path: str, shape: _Shape, found: Location) -> Location:
    """Tell the repository by its key files, which no other has, for want of its encrypted id."""
    keys: dict[str, KeyFile] = {}
    for file in shape.files:
        if file.startswith("keys/"):
            with contextlib.suppress(AccessError, ValueError):
                keys[file.removeprefix("keys/")] = parse_key(small_text(host, f"{path}/{file}"))
    if not keys:
        return found
    lineage = tuple(f"restic-key:{name}" for name in sorted(keys))
    found = replace(found, lineage=lineage, marks=(*found.marks, *_newest(shape)))
    if found.domains.key.value is not None:
        return found
    # keys are added and removed; the oldest is the one that all copies have
    oldest = min(keys, key=lambda name: (keys[name].created, name))
    made = keys[oldest]
    source = f"keys/{oldest[:8]}, made {made.created:%Y-%m-%d} by {made.username}@{made.hostname}"
    key = Fact(f"restic-key:{oldest[:8]}", Evidence.INFERRED, source)
    return replace(found, domains=replace(found.domains, key=key))


def _newest(shape: _Shape) -> tuple[str, ...]:
    """Name the snapshot that was written last: a copy of the repository has it, no other has."""
    return (f"restic-snapshot:{shape.newest}",) if shape.newest else ()


def _locked(locks: tuple[datetime, ...]) -> str:
    """Say that locks are there: a run is under way, or one died and the next may refuse."""
    if not locks:
        return ""
    many = "a lock" if len(locks) == 1 else f"{len(locks)} locks, the oldest"
    return f"{many} of {min(locks):%Y-%m-%d %H:%M} lies in it: a run is under way, or one died"


def _contents(
    host: Host, target: Target, source: Manifest | None, repository: str, found: Location
) -> Location:
    """Add what only the program with a password can tell."""
    if target.password_file is None:
        return closed(found, "no password file is given")
    try:
        tool = parse_version(host.run(["restic", "version"], timeout=60.0).stdout)
        found = replace(found, tool=tool)
        snapshots = snapshots_of(host, target, repository)
        if not snapshots:
            return replace(found, points=Points(0), files=0, size_bytes=0, **_none_of(source))
        last = max(snapshots, key=lambda one: (one.time, one.id))
        marks = dict.fromkeys((*found.marks, f"restic-snapshot:{last.id}"))
        found = replace(found, marks=tuple(marks))
        chosen, listed = listed_newest(host, target, repository, snapshots, source)
        filled = None
        if not listed.files:
            filled = last_filled(host, target, repository, chosen, snapshots)
        prefix = prefix_in(source, listed.files)
        held = {name.removeprefix(prefix): size for name, size in listed.files.items()}
        coverage = as_of(host, source, cover(source, held), chosen.time)
        share = coverage.share.value
        jobs = None
        if share is not None and share < _MOSTLY:
            jobs = of_all_jobs(host, target, repository, snapshots, source)
    except Unopened as problem:
        return closed(found, str(problem))
    except Missing:
        return closed(found, "the program restic is not installed")
    except AccessError as problem:
        return closed(found, problem.reason)
    except (ValueError, RecursionError) as error:
        return closed(found, f"restic's answer is not understood: {error}")
    noted(host, found, held)
    reason = found.reason
    if jobs and share is not None and jobs[1] >= _MOSTLY:
        together = f"those of all {jobs[0]} jobs together hold {_percent(jobs[1])}"
        told = f"the newest snapshot alone holds {_percent(share)} of the source, {together}"
        coverage, reason = Coverage(Fact(source=told)), "; ".join(filter(None, (reason, told)))
    found = replace(
        found,
        points=Points.at(snapshot.time for snapshot in series_of(chosen, snapshots)),
        files=len(listed.files),
        size_bytes=sum(listed.files.values()),
        last_filled=filled,
        reason=reason,
        coverage=coverage.share
        if coverage.share.value is None
        else replace(coverage.share, evidence=Evidence.TOOL_REPORTED, source="restic ls"),
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        encrypted=Fact(True, Evidence.TOOL_REPORTED, found.tool or "restic"),
    )
    times = {name.removeprefix(prefix): when for name, when in listed.times.items()}
    return without_older(found, source, held, times)


def _percent(share: float) -> str:
    return f"{int(share * 1000) / 10:g} %"


def _none_of(source: Manifest | None) -> dict[str, Any]:
    coverage = cover(source, {})
    return {"coverage": coverage.share, "missing": coverage.missing}
