"""Bup repositories: git packs with their own checksums, and one branch for each backup."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from verifier.host import AccessError, Completed, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest
from verifier.probes._digests import closed
from verifier.probes._git import git
from verifier.probes.comparing import capped
from verifier.target import Target

__all__ = ["collect", "detect", "newest_branch", "parse_log"]

_PACKS = "objects/pack"
_PACK = re.compile(r"(pack-[0-9a-f]{40})\.(pack|idx)")
_NAMED = re.compile(rb"pack-[0-9a-f]{40}\.idx")
_ROW = re.compile(r"(\d{1,12}) (\S.*)")
_SHA1_BYTES = 20
_BLOOM_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class _Packs:
    """Packs by name, with the endings that are there, and what bup's own lists name."""

    endings: dict[str, set[str]]
    named: frozenset[str]


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory is a bare git repository that bup has written into."""
    if not host.stat(path).is_dir:
        return False
    names = set(host.listdir(path))
    if not {"HEAD", "objects", "refs"} <= names:
        return False
    if names & {"bupindex", "bupindex.meta", "bup-repo-id"}:
        return True
    try:
        packs = host.listdir(f"{path}/{_PACKS}")
    except AccessError:
        return False
    return any(name == "bup.bloom" or name.endswith(".midx") for name in packs)


def parse_log(text: str) -> dict[str, tuple[datetime, ...]]:
    """Read ``git log --source --format="%ct %S"``: times of the saves by branch.

    Lines of another shape are passed over.
    """
    found: dict[str, list[datetime]] = {}
    for line in text.split("\n"):
        if match := _ROW.fullmatch(line):
            when = datetime.fromtimestamp(int(match[1]), UTC) if int(match[1]) < 1 << 37 else None
            if when is not None:
                found.setdefault(match[2], []).append(when)
    return {branch: tuple(sorted(times)) for branch, times in found.items()}


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a repository.

    Parameters
    ----------
    host : Host
        Access to the location.
    target : Target
        What was asked for.
    source : Manifest or None
        Not used: contents are not listed.
    depth : Depth
        ``STRUCTURE`` compares packs with their indexes, ``BYTES`` with their SHA-1 trailers.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Points are the saves of the branch that was written last.
    """
    path = found.real_path or target.address
    packs = _packs(host, path)
    errors = _incomplete(packs)
    reached, unseen = min(depth, Depth.STRUCTURE), ""
    if depth >= Depth.STRUCTURE:
        for name, endings in sorted(packs.endings.items()):
            if endings != {"pack", "idx"}:
                continue
            try:
                errors += _pack_errors(host, f"{path}/{_PACKS}/{name}", depth)
            except AccessError as problem:
                if problem.damage:
                    errors.append(f"{name} cannot be read: {problem.reason}.")
                else:
                    unseen = unseen or f"{name} could not be read: {problem.reason}"
        reached = Depth.LISTED if unseen else min(depth, Depth.BYTES)
    points, why = _points(host, path)
    located = replace(
        found,
        kind="bup",
        points=points,
        depth=reached,
        errors=capped(errors),
        encrypted=Fact(False, Evidence.INFERRED, "bup does not encrypt"),
    )
    located = closed(located, "bup's trees are not read")
    if points.count == 0:
        located = replace(located, disqualified="it holds no save")
    return replace(located, reason="; ".join(filter(None, (located.reason, why, unseen))))


def _packs(host: Host, path: str) -> _Packs:
    endings: dict[str, set[str]] = {}
    named: set[str] = set()
    for name in host.listdir(f"{path}/{_PACKS}"):
        if found := _PACK.fullmatch(name):
            endings.setdefault(found[1], set()).add(found[2])
        elif name == "bup.bloom":
            named |= _names_at_end(host, f"{path}/{_PACKS}/{name}")
    return _Packs(endings, frozenset(named))


def _names_at_end(host: Host, path: str) -> set[str]:
    """Read the names of indexes at the end of bup's Bloom filter."""
    try:
        size = host.stat(path).size
        with host.open(path) as file:
            file.seek(max(0, size - _BLOOM_BYTES))
            tail = file.read(_BLOOM_BYTES)
    except AccessError:
        return set()
    return {name.decode().removesuffix(".idx") for name in _NAMED.findall(tail)}


def _incomplete(packs: _Packs) -> list[str]:
    errors = [
        f"{name} has no .{'pack' if endings == {'idx'} else 'idx'} file."
        for name, endings in sorted(packs.endings.items())
        if len(endings) == 1
    ]
    gone = sorted(packs.named - packs.endings.keys())
    return [*errors, *(f"{name} is gone; bup.bloom still names it." for name in gone)]


def _pack_errors(host: Host, stem: str, depth: Depth) -> list[str]:
    """Compare one pack with its index, and with its trailer if bytes are wanted."""
    name = stem.rpartition("/")[2]
    with host.open(f"{stem}.pack") as file:
        head = file.read(12)
        size = host.stat(f"{stem}.pack").size
        file.seek(max(0, size - _SHA1_BYTES))
        trailer = file.read(_SHA1_BYTES)
    with host.open(f"{stem}.idx") as file:
        start = file.read(8 + 4 * 256)
        file.seek(max(0, host.stat(f"{stem}.idx").size - 2 * _SHA1_BYTES))
        tail = file.read(2 * _SHA1_BYTES)
    if size < 12 + _SHA1_BYTES or head[:4] != b"PACK":
        return [f"{name}.pack is empty or cut off."]
    if len(start) < 8 + 4 * 256 or start[:8] != b"\xfftOc\0\0\0\2":
        return [f"{name}.idx is empty or damaged."]
    errors = []
    if struct.unpack(">I", head[8:])[0] != struct.unpack(">I", start[-4:])[0]:
        errors.append(f"{name}.idx lists another number of objects than the pack has.")
    if tail[:_SHA1_BYTES] != trailer:
        errors.append(f"{name}.pack is not the one that its index was made for, or cut off.")
    if depth >= Depth.BYTES:
        errors += [
            f"{name}.{ending} does not have the SHA-1 at its end."
            for ending in ("pack", "idx")
            if not _ends_in_own_sha1(host.chunks(f"{stem}.{ending}"))
        ]
    return errors


def _ends_in_own_sha1(chunks: Iterable[bytes]) -> bool:
    running = hashlib.sha1(usedforsecurity=False)
    last = b""
    for chunk in chunks:
        last += chunk
        running.update(last[:-_SHA1_BYTES])
        last = last[-_SHA1_BYTES:]
    return running.digest() == last


def _points(host: Host, path: str) -> tuple[Points, str]:
    """Ask git for the saves; it sees objects and branches only, never the repository's config."""
    if not host.local:
        return Points(), "the dates of its saves are not read over a network"
    try:
        ended = git(host, path, "log", "--branches", "--source", "--format=%ct %S")
    except AccessError as problem:
        return Points(), f"the dates of its saves: {problem.reason}"
    if ended.code != 0:
        return Points(), f"git cannot list the saves: {_last_line(ended)}"
    branches = parse_log(ended.stdout)
    newest = max(branches.values(), key=lambda times: times[-1], default=())
    return Points.at(newest), ""


def newest_branch(host: Host, path: str) -> tuple[str, str]:
    """Return the branch that was written last, and ``git ls-tree -r -l -z`` of its newest save.

    Raises
    ------
    ValueError
        With the reason, if git does not tell.
    """
    ended = git(host, path, "log", "--branches", "--source", "--format=%ct %S")
    branches = parse_log(ended.stdout) if ended.code == 0 else {}
    if not branches:
        raise ValueError(_last_line(ended) or "it holds no save")
    name = max(branches, key=lambda branch: branches[branch][-1])
    listed = git(host, path, "ls-tree", "-r", "-l", "-z", "--full-tree", name)
    if listed.code != 0:
        raise ValueError(_last_line(listed))
    return name.removeprefix("refs/heads/"), listed.stdout


def _last_line(ended: Completed) -> str:
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    return (lines or [""])[-1][:200]
