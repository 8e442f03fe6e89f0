"""BagIt (RFC 8493): folders that carry the digests of their own files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import FileFact, Manifest, cover, instant, prefix_in
from verifier.probes._digests import Digest, compare, lines_of, small_text
from verifier.probes._noting import noted
from verifier.probes.comparing import capped
from verifier.probes.directory import read_manifest
from verifier.probes.newer import as_of
from verifier.target import Target

__all__ = ["bagged", "collect", "detect", "parse_info", "parse_manifest"]

_MANIFEST = re.compile(r"(?P<tag>tag)?manifest-(?P<algorithm>[a-z0-9]+)\.txt")
_LINE = re.compile(r"([0-9a-fA-F]{8,128})\s+\*?(.+)")
_BEST = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")
_MANIFEST_BYTES = 128 << 20  # a million files and more; what is read of it stays below 1 GB


@dataclass(frozen=True, slots=True)
class _Promised:
    """What a bag's manifests promise: digests of payload and tag files by path."""

    payload: dict[str, Digest]
    tags: dict[str, Digest]
    fetched: frozenset[str]
    errors: tuple[str, ...] = ()
    unseen: str = ""


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory is a bag."""
    if not host.stat(path).is_dir:
        return False
    names = host.listdir(path)
    return "bagit.txt" in names and any(
        found and not found["tag"] for found in map(_MANIFEST.fullmatch, names)
    )


def parse_manifest(lines: Iterable[str], algorithm: str) -> dict[str, Digest]:
    """Read a manifest: one digest and one path a line.

    Raises
    ------
    ValueError
        If a line is something else, or a path leads out of the bag.
    """
    found: dict[str, Digest] = {}
    length = hashlib.new(algorithm, usedforsecurity=False).digest_size * 2
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None or len(match[1]) != length:
            message = f"line {number} is not a digest and a path"
            raise ValueError(message)
        path = match[2].removeprefix("./")
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            path = path.replace(code, character).replace(code.lower(), character)
        if path.startswith(("/", "~")) or ".." in path.split("/"):
            message = f"line {number} leads out of the bag"
            raise ValueError(message)
        found[path] = Digest(path, algorithm, match[1].lower(), "of the manifest")
    return found


def parse_info(text: str) -> dict[str, str]:
    """Read ``bag-info.txt``: labels in lower case to values; folded lines are joined."""
    found: dict[str, str] = {}
    label = ""
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and label:
            found[label] += f" {line.strip()}"
        elif ":" in line:
            label, _, value = line.partition(":")
            label = label.strip().lower()
            found[label] = value.strip()
    return found


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a bag.

    Parameters
    ----------
    host : Host
        Access to the location.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        From ``STRUCTURE`` on files that are missing or too many are told, at ``BYTES`` every file
        is compared with its digest.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Files and coverage are the payload's.
    """
    path = found.real_path or target.address
    tree = read_manifest(host, path)
    payload = {name: fact for name, fact in tree.files.items() if name.startswith("data/")}
    sizes = {name.removeprefix("data/"): fact.size for name, fact in payload.items()}
    prefix = prefix_in(source, sizes)
    held = {name.removeprefix(prefix): size for name, size in sizes.items()}
    coverage = cover(source, held, unseen=not tree.complete)
    if tree.complete:
        noted(host, found, held)
    when = _bagged(host, path, tree)
    coverage = as_of(host, source, coverage, when)
    located = replace(
        found,
        kind="bagit",
        points=Points.at([when]) if when else Points(1),
        files=len(sizes),
        size_bytes=sum(sizes.values()),
        coverage=coverage.share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        encrypted=Fact(False, Evidence.MEASURED, "the files lie open"),
        depth=Depth.LISTED,
    )
    if not tree.complete:
        return replace(located, depth=None, reason=tree.unreadable[0])
    if depth == Depth.LISTED:
        return located
    promised = _promised(host, path)
    errors = [*promised.errors, *_differing(promised, payload, tree)]
    if promised.unseen or not promised.payload:
        reason = promised.unseen or "no manifest in it can be understood"
        return replace(located, errors=capped(errors), reason=reason)
    unseen = ""
    if depth >= Depth.BYTES:
        promises = {**promised.payload, **promised.tags}
        present = [promises[name] for name in sorted(promises) if name in tree.files]
        chosen, sample = host.effort.some(present)
        rotten, unseen = compare(host, path, chosen)
        errors += rotten
        located = replace(located, sample=sample and replace(sample, bad=len(rotten)))
    reached = Depth.BYTES if depth >= Depth.BYTES and not unseen else Depth.STRUCTURE
    return replace(located, errors=capped(errors), depth=reached, reason=unseen)


def bagged(host: Host, path: str) -> datetime | None:
    """Return when a bag was made, as it says itself or by its manifest."""
    return _bagged(host, path, read_manifest(host, path))


def _bagged(host: Host, path: str, tree: Manifest) -> datetime | None:
    """Take the date from the bag; the manifest's own time is finer where it is of that day."""
    times = [
        fact.mtime_ns
        for name, fact in tree.files.items()
        if (match := _MANIFEST.fullmatch(name)) and not match["tag"]
    ]
    written = instant(min(times, default=None))
    try:
        text = parse_info(small_text(host, f"{path}/bag-info.txt")).get("bagging-date", "")
        said = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (AccessError, ValueError):
        return written
    return written if written and written.date() == said.date() else said


def _promised(host: Host, path: str) -> _Promised:
    """Read the manifest with the strongest digests, and the same of the tag files."""
    chosen: dict[bool, tuple[str, str]] = {}
    for name in host.listdir(path):
        match = _MANIFEST.fullmatch(name)
        if match is None or match["algorithm"] not in _BEST:
            continue
        tag = bool(match["tag"])
        if tag not in chosen or _BEST.index(match["algorithm"]) < _BEST.index(chosen[tag][0]):
            chosen[tag] = (match["algorithm"], name)
    digests: dict[bool, dict[str, Digest]] = {False: {}, True: {}}
    errors: list[str] = []
    unseen = ""
    for tag, (algorithm, name) in chosen.items():
        try:
            lines = lines_of(host, f"{path}/{name}", _MANIFEST_BYTES)
            digests[tag] = parse_manifest(lines, algorithm)
        except AccessError as problem:
            unseen = f"{name}: {problem.reason}"
        except ValueError as error:
            errors.append(f"{name} is damaged: {error}.")
    fetched: frozenset[str] = frozenset()
    try:
        lines = lines_of(host, f"{path}/fetch.txt", _MANIFEST_BYTES)
        fetched = frozenset(line.split(maxsplit=2)[2] for line in lines if line.count(" ") >= 2)
    except (AccessError, ValueError, IndexError):
        pass
    return _Promised(digests[False], digests[True], fetched, tuple(errors), unseen)


def _differing(promised: _Promised, payload: dict[str, FileFact], tree: Manifest) -> list[str]:
    """Name what the manifest lists and the bag lacks, and the other way round."""
    errors = []
    for name in sorted({**promised.payload, **promised.tags}):
        if name not in tree.files:
            away = ", still to be fetched from elsewhere" if name in promised.fetched else ""
            errors.append(f"{name} is in the manifest and not in the bag{away}.")
    if promised.payload:
        extra = sorted(payload.keys() - promised.payload.keys())
        errors += [f"{name} is in the bag and not in the manifest." for name in extra]
    return errors
