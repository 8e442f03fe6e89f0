"""Rdiff-backup: the newest point lies open as a mirror, older ones as increments beside it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from verifier._texts import whole_number
from verifier.host import CHUNK_BYTES, AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import FileFact, Manifest, cover
from verifier.probes._digests import Digest, compare, utc_time
from verifier.probes._noting import noted
from verifier.probes.comparing import capped
from verifier.probes.directory import links_of, read_manifest
from verifier.probes.members import DAMAGE, Damaged
from verifier.probes.newer import as_of
from verifier.probes.outdated import without_older
from verifier.target import Target

__all__ = [
    "FOLDER",
    "Recorded",
    "collect",
    "detect",
    "parse_metadata",
    "parse_names",
    "unquoted",
]

FOLDER = "rdiff-backup-data"
_NAME = re.compile(
    r"(?P<what>current_mirror|mirror_metadata)\."
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d(Z|[+-]\d\d[:-]\d\d))"
    r"\.(?P<form>data|snapshot|diff)(\.gz)?"
)
_QUOTED = re.compile(r";(\d{3})")
_MAX_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Recorded:
    """One regular file as the metadata records it; ``sha1`` is empty for further hard links."""

    path: str
    size: int
    sha1: str = ""


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names in ``rdiff-backup-data`` tell: runs, mirrors said to be current, metadata."""

    runs: tuple[datetime, ...]
    mirrors: tuple[datetime, ...]
    metadata: dict[datetime, str]


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory is kept by rdiff-backup."""
    return host.stat(path).is_dir and FOLDER in host.listdir(path)


def parse_names(names: tuple[str, ...]) -> _Names:
    """Sort the names in ``rdiff-backup-data``; others are passed over."""
    mirrors: set[datetime] = set()
    runs: set[datetime] = set()
    metadata: dict[datetime, str] = {}
    for name in names:
        if (found := _NAME.fullmatch(name)) is None:
            continue
        day, _, clock = found["time"].partition("T")
        try:  # some file systems cannot have colons, and get dashes
            when = utc_time(f"{day}T{clock[:8].replace('-', ':')}{_offset(clock[8:])}")
        except ValueError:
            continue
        runs.add(when)
        if found["what"] == "current_mirror":
            mirrors.add(when)
        elif found["form"] == "snapshot":
            metadata[when] = name
    return _Names(tuple(sorted(runs)), tuple(sorted(mirrors)), metadata)


def parse_metadata(lines: Iterator[bytes]) -> Iterator[Recorded]:
    """Read a ``mirror_metadata`` snapshot.

    Parameters
    ----------
    lines : iterator of bytes
        Its lines, unpacked.

    Yields
    ------
    Recorded
        The regular files.

    Raises
    ------
    Damaged
        If a line is none of this format.
    """
    path = ""
    facts: dict[str, str] = {}
    for line in lines:
        word, _, value = line.decode("utf-8", "surrogateescape").rstrip("\n").partition(" ")
        if word == "File":
            yield from _recorded(path, facts)
            path, facts = re.sub(r"\\(n|\\)", _unescaped, value), {}
        elif word == "" and path:
            key, _, rest = value.strip().partition(" ")
            facts[key] = rest
        else:
            raise Damaged(f"a line starts with {word[:20]!r}")
    if not path:
        raise Damaged("it is empty")
    yield from _recorded(path, facts)


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a directory that rdiff-backup keeps.

    Parameters
    ----------
    host : Host
        Access to the location.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``STRUCTURE`` compares the mirror with the recorded files and sizes, ``BYTES`` with their
        SHA-1 digests, and packed increments with the CRC-32 of gzip.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Files and coverage are the mirror's.
    """
    path = found.real_path or target.address
    names = parse_names(host.listdir(f"{path}/{FOLDER}"))
    tree = read_manifest(host, path)
    files = {
        unquoted(name): (name, fact)
        for name, fact in tree.files.items()
        if not name.startswith(f"{FOLDER}/")
    }
    held = {name: fact.size for name, (_, fact) in files.items()}
    coverage = cover(source, held, unseen=not tree.complete)
    if tree.complete:
        noted(host, found, held)
    points = _points(names)
    coverage = as_of(host, source, coverage, points.newest)
    located = replace(
        found,
        kind="rdiff-backup",
        points=points,
        files=len(held),
        size_bytes=sum(held.values()),
        links=links_of(host, tree),
        coverage=coverage.share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        encrypted=Fact(False, Evidence.MEASURED, "the files lie open"),
        depth=Depth.LISTED,
    )
    if not points.breaks:
        times = {name: fact.mtime_ns for name, (_, fact) in files.items()}
        located = without_older(located, source, held, times)
    if not names.mirrors:
        located = replace(located, errors=("No run was finished: there is no current_mirror.",))
    if not tree.complete:
        return replace(located, depth=None, reason=tree.unreadable[0])
    if depth == Depth.LISTED or points.newest is None:
        return located
    if points.breaks:
        return replace(located, reason="the mirror is between two points, nothing tells its bytes")
    packed = [n for n in tree.files if n.startswith(f"{FOLDER}/") and n.endswith(".gz")]
    metadata = names.metadata.get(points.newest)
    return _checked(host, path, metadata, files, packed, depth, located)


def _points(names: _Names) -> Points:
    """Two current mirrors mean that a run is under way or broke off: the older one is whole."""
    if not names.mirrors:
        return Points(0, latest=max(names.runs, default=None))
    whole = names.mirrors[0]
    begun = names.mirrors[-1] if len(names.mirrors) > 1 else None
    breaks: tuple[str, ...] = ()
    if begun is not None:
        back = f"rdiff-backup must first go back to {whole:%Y-%m-%d %H:%M:%S}"
        breaks = (f"The run of {begun:%Y-%m-%d %H:%M:%S} was not finished; {back}.",)
    runs = (when for when in names.runs if when <= whole)
    return Points.at(runs, latest=begun, breaks=breaks)


def _checked(
    host: Host,
    path: str,
    metadata: str | None,
    files: dict[str, tuple[str, FileFact]],
    packed: list[str],
    depth: Depth,
    located: Location,
) -> Location:
    """Compare the mirror with what was recorded of it, and increments with the CRC of gzip."""
    if metadata is None:
        return replace(located, reason="the metadata of the newest point is gone")
    errors: list[str] = []
    wanted: list[Digest] = []
    try:
        for recorded in _metadata(host, f"{path}/{FOLDER}/{metadata}"):
            real, fact = files.get(recorded.path, ("", None))
            if fact is None:
                errors.append(f"{recorded.path} is recorded and gone.")
            elif fact.size != recorded.size:
                errors.append(f"{real} has {fact.size} bytes, recorded are {recorded.size}.")
            elif recorded.sha1:
                wanted.append(Digest(real, "sha1", recorded.sha1, "that was recorded"))
    except AccessError as problem:
        return replace(located, reason=f"{metadata}: {problem.reason}")
    except DAMAGE as damage:
        errors.append(f"{FOLDER}/{metadata} is damaged: {damage}.")
        return replace(located, errors=capped(errors))
    reached, unseen = Depth.STRUCTURE, ""
    if depth >= Depth.BYTES:
        chosen, sample = host.effort.some([*wanted, *sorted(packed)])
        rotten, unseen = compare(host, path, [one for one in chosen if isinstance(one, Digest)])
        broken, hidden = _packed(host, path, [one for one in chosen if isinstance(one, str)])
        located = replace(located, sample=sample and replace(sample, bad=len(rotten + broken)))
        errors += rotten + broken
        unseen = unseen or hidden
        reached = Depth.STRUCTURE if unseen else Depth.BYTES
    return replace(located, errors=capped(errors), depth=reached, reason=unseen)


def _metadata(host: Host, path: str) -> Iterator[Recorded]:
    with host.open(path) as file:
        plain = gzip.GzipFile(fileobj=file) if path.endswith(".gz") else file
        yield from parse_metadata(iter(lambda: plain.readline(_MAX_LINE_BYTES), b""))


def _packed(host: Host, path: str, names: list[str]) -> tuple[list[str], str]:
    """Unpack what older points are made of; its CRC is all that vouches for it."""
    errors: list[str] = []
    unseen = ""
    for name in sorted(names):
        try:
            with host.open(f"{path}/{name}") as file, gzip.GzipFile(fileobj=file) as unpacked:
                if not file.read(1):
                    errors.append(f"{name} is empty.")
                file.seek(0)
                while unpacked.read(CHUNK_BYTES):
                    pass
        except AccessError as problem:
            if problem.damage:
                errors.append(f"{name} cannot be read: {problem.reason}.")
            else:
                unseen = unseen or f"{name} could not be read: {problem.reason}"
        except DAMAGE as damage:
            errors.append(f"{name} is damaged: {damage}.")
    return errors, unseen


def _recorded(path: str, facts: dict[str, str]) -> Iterator[Recorded]:
    size = whole_number(facts.get("Size", ""))
    if facts.get("Type") == "reg" and "Size" in facts:
        if size is None:
            raise Damaged(f"the size of {path[:100]!r} is no number")
        yield Recorded(path, size, facts.get("SHA1Digest", "").lower())


def _offset(text: str) -> str:
    return text if text == "Z" else text[0] + text[1:].replace("-", ":")


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else "\\"


def unquoted(name: str) -> str:
    """Return a name of the mirror as it was at the source: ``;065`` stands for ``A``."""
    return _QUOTED.sub(_unquoted, name)


def _unquoted(found: re.Match[str]) -> str:
    return chr(int(found[1])) if int(found[1]) < 256 else found[0]
