"""Borg 1 repositories: segments by their own CRC-32, contents with the program.

Borg itself never sees the location: even with ``--bypass-lock`` it deletes an index that it finds
damaged and replays segments. It works in a private folder of symbolic links instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest, instant
from verifier.probes._borg_archives import contents, key_file_of
from verifier.probes._borg_format import (
    COMMIT,
    KEY_TYPES,
    Config,
    Malformed,
    ends_in_commit,
    entries,
    key_type_of,
    parse_config,
    read_index,
)
from verifier.probes._digests import closed, small_text
from verifier.probes._keys import declared_key, kept_at
from verifier.probes._linked import through_links
from verifier.probes.comparing import capped
from verifier.target import Target

__all__ = ["collect", "detect", "shadow"]

README = b"This is a Borg Backup repository"
LINKED = r"data(/\d{1,10}(/\d{1,10})?)?|README|config|(index|hints|integrity)\.\d{1,10}"
_START_BYTES = 50
_LAST_BYTES = 9
_LOOKED_AT = 64  # segments that are opened to find the key type


@dataclass(frozen=True, slots=True)
class _Segment:
    """One segment file: its path below the repository, its size [bytes] and time."""

    path: str
    size: int
    written: datetime | None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What names and small reads tell."""

    segments: Mapping[int, _Segment]
    config: Config | None
    committed: int | None
    key_type: int | None
    errors: tuple[str, ...] = ()
    unseen: str = ""


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory is a borg 1 repository."""
    if not host.stat(path).is_dir or not {"README", "config", "data"} <= set(host.listdir(path)):
        return False
    try:
        with host.open(f"{path}/README") as file:
            return README in file.read(1000) and host.stat(f"{path}/config").is_file
    except AccessError:  # one that only its owner may read, or that a plan must not read
        numbered = host.listdir(f"{path}/data")
        return bool(numbered) and all(map(str.isdigit, numbered))


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a repository in a directory.

    Parameters
    ----------
    host : Host
        Access to the location.
    target : Target
        What was asked for; with a ``password_file``, or if nothing is encrypted, the archives are
        listed too.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``STRUCTURE`` compares the segments with the index, ``BYTES`` reads every entry and compares
        its CRC-32; this probe goes no deeper.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Without the contents its newest point is the last finished transaction: no archive can be
        younger.
    """
    path = found.real_path or target.address
    shape = _shape(host, path)
    errors, unseen, reached = list(shape.errors), shape.unseen, Depth.LISTED
    if depth >= Depth.STRUCTURE and not unseen:
        missing, unseen = _against_index(host, path, shape)
        errors += missing
        reached = Depth.LISTED if unseen else Depth.STRUCTURE
    sample = None
    if depth >= Depth.BYTES and not shape.unseen:
        chosen, sample = host.effort.some(_finished(shape))
        rotten, hidden = _read_all(host, path, shape, chosen)
        errors += rotten
        sample = sample and replace(sample, bad=len({told.split()[0] for told in rotten}))
        reached = min(Depth.BYTES if reached else reached, Depth.LISTED if hidden else Depth.BYTES)
        unseen = unseen or hidden
    located = _described(host, target, replace(found, kind="borg"), shape)
    located = replace(
        located,
        depth=None if shape.unseen else reached,
        errors=capped(errors),
        reason=unseen,
        sample=sample,
    )
    if not host.local:
        located = closed(located, "the program borg reads local repositories only")
    elif shape.unseen:
        located = closed(located, shape.unseen)
    else:
        shadow = _shadow(host, path, shape)
        located = contents(host, target, source, located, shadow, judged=depth > Depth.LISTED)
    return replace(located, reason="; ".join(dict.fromkeys(filter(None, (located.reason, unseen)))))


def _shape(host: Host, path: str) -> _Shape:
    segments: dict[int, _Segment] = {}
    errors: list[str] = []
    unseen = ""
    for entry in through_links(host, path, "data", _is_linked):
        name = entry.path.rpartition("/")[2]
        if entry.problem is not None:
            unseen = unseen or f"{entry.path}: {entry.problem.reason}"
        if entry.stat is None or not entry.stat.is_file:
            continue
        if not re.fullmatch(r"data/\d{1,10}/\d{1,10}", entry.path):
            if not name.endswith((".tmp", ".beforerecover")):
                errors.append(f"{entry.path} is not named like a segment.")
            continue
        written = instant(entry.stat.mtime_ns)
        segments[int(name)] = _Segment(entry.path, entry.stat.size, written)
    config = None
    try:
        config = parse_config(small_text(host, f"{path}/config"))
    except AccessError as problem:
        unseen = unseen or f"config: {problem.reason}"
    except ValueError as error:
        errors.append(f"config is damaged: {error}.")
    committed = None
    key_type = None
    try:
        committed = next(
            (n for n in sorted(segments, reverse=True) if _is_committed(host, path, segments[n])),
            None,
        )
        key_type = _key_type(host, path, segments)
    except AccessError as problem:
        unseen = unseen or f"{problem.path.removeprefix(path + '/')}: {problem.reason}"
    if segments and committed is None and not unseen:
        errors.append("No segment ends in a commit: nothing in it was ever finished.")
    errors += [
        f"{segment.path} is empty."
        for number, segment in sorted(segments.items())
        if segment.size == 0 and number <= (committed or 0)
    ]
    return _Shape(segments, config, committed, key_type, tuple(errors), unseen)


def _is_linked(path: str) -> bool:
    return re.fullmatch(LINKED, path) is not None


def _is_committed(host: Host, path: str, segment: _Segment) -> bool:
    if segment.size < _LAST_BYTES:
        return False
    with host.open(f"{path}/{segment.path}") as file:
        file.seek(segment.size - _LAST_BYTES)
        return ends_in_commit(file.read(_LAST_BYTES))


def _key_type(host: Host, path: str, segments: Mapping[int, _Segment]) -> int | None:
    for number in sorted(segments, reverse=True)[:_LOOKED_AT]:
        with host.open(f"{path}/{segments[number].path}") as file:
            if (found := key_type_of(file.read(_START_BYTES))) is not None:
                return found
    return None


def _against_index(host: Host, path: str, shape: _Shape) -> tuple[list[str], str]:
    """Notice segments that are gone or cut off: the index says where every object lies."""
    if not shape.segments:
        return [], ""
    index = f"index.{shape.committed}"
    if index not in host.listdir(path):
        return [], "its index is not of the last transaction, so a missing segment cannot be seen"
    try:
        held = read_index(host.chunks(f"{path}/{index}"))
    except Malformed as error:
        return [f"{index} is damaged: {error}."], "a missing segment cannot be seen"
    except AccessError as problem:
        return [], f"{index}: {problem.reason}"
    errors = []
    for number, here in sorted(held.items()):
        segment = shape.segments.get(number)
        objects = f"{here.objects} object" + ("s" if here.objects > 1 else "")
        if segment is None:
            errors.append(f"Segment {number} is gone, and with it {objects}.")
        elif segment.size and here.farthest >= segment.size:
            errors.append(f"{segment.path} is cut off at {segment.size} bytes; objects are lost.")
    return errors, ""


def _finished(shape: _Shape) -> list[int]:
    """Return the segments that count: what follows the last commit is rolled back anyway."""
    last = shape.committed or 0
    return sorted(n for n, segment in shape.segments.items() if n <= last and segment.size)


def _read_all(host: Host, path: str, shape: _Shape, chosen: Sequence[int]) -> tuple[list[str], str]:
    """Compare every entry of some segments with its CRC-32."""
    errors: list[str] = []
    unseen = ""
    for number in chosen:
        segment = shape.segments[number]
        bad: list[int] = []
        try:
            with host.open(f"{path}/{segment.path}") as file:
                tag = None
                for entry in entries(file):
                    tag = entry.tag
                    if not entry.intact:
                        bad.append(entry.offset)
            if number == shape.committed and tag != COMMIT:
                errors.append(f"{segment.path} does not end in a commit.")
        except Malformed as error:
            errors.append(f"{segment.path} is damaged: {error}.")
        except AccessError as problem:
            if problem.damage or problem.word == "missing":
                errors.append(f"{segment.path} cannot be read: {problem.reason}.")
            else:
                unseen = unseen or f"{segment.path} could not be read: {problem.reason}"
        if bad:
            more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
            errors.append(f"{segment.path} has a wrong CRC-32 in the entry at {bad[0]}{more}.")
    return errors, unseen


def _described(host: Host, target: Target, found: Location, shape: _Shape) -> Location:
    """Add what is known without a key."""
    last = shape.segments.get(-1 if shape.committed is None else shape.committed)
    when = last.written if last else None
    mode, secret = KEY_TYPES.get(-1 if shape.key_type is None else shape.key_type, (None, None))
    encrypted: Fact[bool] = Fact(source="no object tells how it is stored")
    if secret is not None:
        encrypted = Fact(secret, Evidence.MEASURED, f"stored objects: {mode}")
    elif shape.config and shape.config.holds_key:
        encrypted = Fact(True, Evidence.INFERRED, "a key lies in config")
    retention: Fact[str] = Fact()
    if shape.config and shape.config.append_only:
        retention = Fact("append-only", Evidence.TOOL_REPORTED, "config")
    lineage = (f"borg-repository:{shape.config.id}",) if shape.config else ()
    found = replace(
        found,
        points=Points(newest=when),
        encrypted=encrypted,
        retention=retention,
        lineage=lineage,
        marks=(*found.marks, *_newest(shape)),
    )
    if not encrypted.value or shape.config is None:
        return found
    found = declared_key(host, target, found)
    if host.local and (key_file := key_file_of(host, found)):
        # a passphrase can be remembered, this file cannot
        found = kept_at(host, found, key_file, Evidence.MEASURED, "key file of this user")
    if found.domains.key.value is not None:
        return found
    key = Fact(f"borg-key:{shape.config.id[:8]}", Evidence.INFERRED, "repository id in config")
    return replace(found, domains=replace(found.domains, key=key))


def _newest(shape: _Shape) -> tuple[str, ...]:
    """Name the repository and its last transaction: only a copy of it has both."""
    if shape.config is None or shape.committed is None:
        return ()
    return (f"borg-archive:{shape.config.id}/{shape.committed}",)


def shadow(host: Host, path: str) -> dict[str, str]:
    """Return links to a repository, file by file, below ``repository``; borg is given these."""
    return _shadow(host, path, _shape(host, path))


def _shadow(host: Host, path: str, shape: _Shape) -> dict[str, str]:
    """Name what borg needs to see of a repository, each as a link of its own."""
    plain = re.compile(r"README|config|nonce|(index|hints|integrity)\.\d+")
    names = [name for name in host.listdir(path) if plain.fullmatch(name)]
    names += [segment.path for segment in shape.segments.values()]
    return {f"repository/{name}": f"{path}/{name}" for name in names}
