"""Plain directories and mounted disks: the same files under another root."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Location, Points, State
from verifier.manifest import FileFact, Manifest, cover
from verifier.target import Target

__all__ = [
    "MAX_ERRORS",
    "Comparison",
    "capped",
    "collect",
    "compare",
    "detect",
    "digest",
    "listed_source",
    "read_manifest",
    "shared_inodes",
]

MAX_ERRORS = 20
MTIME_SLACK_NS = 2_000_000_000  # FAT keeps times to two seconds


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found: damage, and the first thing that it could not see."""

    errors: tuple[str, ...]
    unseen: str = ""


def detect(host: Host, path: str) -> bool:
    """Tell whether this probe fits: any directory, or a single file, does."""
    facts = host.stat(path)
    return facts.is_dir or facts.is_file


def read_manifest(host: Host, path: str) -> Manifest:
    """List the regular files below a path; a path of a single file counts as a tree of one.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        A resolved path.

    Returns
    -------
    Manifest
        What could be listed, and what could not.

    Raises
    ------
    AccessError
        If the root itself cannot be read.
    """
    facts = host.stat(path)
    folder, _, name = path.rstrip("/").rpartition("/")
    if not facts.is_dir:
        only = FileFact(facts.size, facts.mtime_ns, facts.dev, facts.ino)
        return Manifest(folder or "/", {name: only}, folder=name)
    files: dict[str, FileFact] = {}
    unreadable: list[str] = []
    for entry in host.walk(path):
        if entry.problem is not None:
            unreadable.append(f"{entry.path} could not be examined: {entry.problem.reason}.")
        elif entry.stat is not None and entry.stat.is_file:
            found = entry.stat
            files[entry.path] = FileFact(found.size, found.mtime_ns, found.dev, found.ino)
    return Manifest(path, files, tuple(unreadable), folder=name)


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a directory.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files; None if they are not known.
    depth : Depth
        Wanted depth. A plain tree has no digests of its own: from ``BYTES`` on, its content is
        compared with the source's.
    found : Location
        What is already known: the path and its domains.

    Returns
    -------
    Location
        With files, points, coverage, depth and errors.
    """
    held = _without_top_folder(read_manifest(host, found.real_path or target.address), source)
    coverage = cover(
        source, {path: fact.size for path, fact in held.files.items()}, unseen=not held.complete
    )
    located = replace(
        found,
        kind="directory",
        points=Points(1 if held.files else 0, held.newest, held.newest),
        files=len(held.files),
        size_bytes=held.size_bytes,
        coverage=coverage.share,
        missing=coverage.missing,
        content=coverage.content,
        shared_inodes=shared_inodes(source, held.files),
        identical=_identical(source, held),
        depth=Depth.STRUCTURE if depth >= Depth.STRUCTURE else Depth.LISTED,
    )
    if not held.complete:
        count = len(held.unreadable)
        reason = f"{count} part(s) could not be read, the first: {held.unreadable[0]}"
        return replace(located, depth=None, reason=reason)
    if depth < Depth.BYTES:
        return located
    if source is None or not source.complete:
        return replace(located, reason="no digests of its own, and the source could not be read")
    compared = compare(host, source, held)
    if compared.unseen:
        return replace(located, errors=compared.errors, reason=compared.unseen)
    return replace(located, errors=compared.errors, depth=Depth.SOURCE)


def digest(host: Host, path: str) -> bytes:
    """Return the SHA-256 of a file's content, read in pieces."""
    running = hashlib.sha256()
    for chunk in host.chunks(path):
        running.update(chunk)
    return running.digest()


def capped(errors: list[str]) -> tuple[str, ...]:
    """Keep the first sentences, and say how many more there are."""
    if len(errors) <= MAX_ERRORS:
        return tuple(errors)
    return (*errors[:MAX_ERRORS], f"{len(errors) - MAX_ERRORS} more errors of this kind.")


def _without_top_folder(held: Manifest, source: Manifest | None) -> Manifest:
    """Strip a single top folder that is named like the source's, as copying tools leave it."""
    if source is None or not source.folder or not held.files:
        return held
    prefix = f"{source.folder}/"
    inside = all(path.startswith(prefix) for path in held.files)
    if not inside or any(path.startswith(prefix) for path in source.files):
        return held
    files = {path.removeprefix(prefix): fact for path, fact in held.files.items()}
    return replace(held, root=f"{held.root}/{source.folder}", files=files)


def shared_inodes(source: Manifest | None, held: Mapping[str, FileFact]) -> int:
    """Count the files that are the source's own files under another name."""
    if source is None:
        return 0
    own = {(fact.dev, fact.ino) for fact in source.files.values()}
    return sum((fact.dev, fact.ino) in own for fact in held.values())


def _identical(source: Manifest | None, held: Manifest) -> bool | None:
    """Tell whether paths, sizes and times are the source's; None where that is not known."""
    if source is None or not (source.complete and held.complete):
        return None
    if source.files.keys() != held.files.keys():
        return False
    return all(
        fact.size == held.files[path].size
        and abs(fact.mtime_ns - held.files[path].mtime_ns) <= MTIME_SLACK_NS
        for path, fact in source.files.items()
    )


def compare(host: Host, source: Manifest, held: Manifest) -> Comparison:
    """Compare contents; a source file that is younger than its copy was changed, not damaged."""
    errors: list[str] = []
    unseen = ""
    for path in sorted(source.files.keys() & held.files.keys()):
        live, copy = source.files[path], held.files[path]
        if (live.dev, live.ino) == (copy.dev, copy.ino) and live.ino:
            continue
        changed_since = live.mtime_ns > copy.mtime_ns + MTIME_SLACK_NS
        if live.size != copy.size:
            if not changed_since:
                errors.append(f"{path} has {copy.size} bytes, the source's has {live.size}.")
            continue
        try:
            mine = digest(host, f"{held.root}/{path}")
        except AccessError as problem:
            if problem.damage:
                errors.append(f"{path} cannot be read: {problem.reason}.")
            else:
                unseen = unseen or f"{path} could not be read: {problem.reason}"
            continue
        if changed_since:
            continue
        try:
            if digest(host, f"{source.root}/{path}") != mine:
                errors.append(f"{path} differs from the source under the same size.")
        except AccessError as problem:
            unseen = unseen or f"{path} of the source could not be read: {problem.reason}"
    return Comparison(capped(errors), unseen)


def listed_source(host: Host, found: Location) -> tuple[Location, Manifest]:
    """List the live data itself.

    Parameters
    ----------
    host : Host
        Access to the machine.
    found : Location
        What is already known of the source; its ``real_path`` is read.

    Returns
    -------
    tuple of Location and Manifest
        The source is unreadable, and its manifest incomplete, if a part of it could not be read.
    """
    manifest = read_manifest(host, found.real_path or found.address)
    located = replace(
        found,
        kind="directory",
        points=Points(1, manifest.newest, manifest.newest),
        files=len(manifest.files),
        size_bytes=manifest.size_bytes,
        depth=Depth.LISTED,
        identical=True,
    )
    if manifest.complete:
        return located, manifest
    reason = f"{len(manifest.unreadable)} part(s) unreadable, the first: {manifest.unreadable[0]}"
    return replace(located, state=State.UNREADABLE, reason=reason, depth=None), manifest
