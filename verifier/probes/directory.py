"""Plain directories and mounted disks: the same files under another root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from verifier.access import LINKS_NOTED
from verifier.excluding import Excluding
from verifier.files import FileFact, Gathering, table
from verifier.host import Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points, State
from verifier.manifest import Coverage, Manifest, cover, shown
from verifier.probes._leading_out import leading_out
from verifier.probes._mounted_below import on_its_drives
from verifier.probes._noting import noted_tree
from verifier.probes._unopened import Unopened, unopened
from verifier.probes.comparing import (
    against_source,
    identical,
    shared_extents,
    shared_inodes,
)
from verifier.probes.fixity import readers_of
from verifier.probes.newer import as_of_tree, dating
from verifier.probes.placeholders import hollow_rows, mostly_placeholders
from verifier.progress import Progress
from verifier.target import Target

__all__ = ["collect", "detect", "held_by", "listed_source", "read_manifest"]

_MOST_PROBLEMS = 1000  # a million times the same helps nobody
_SAMPLED = 50  # files of the source that tell where its copy begins


def detect(host: Host, path: str) -> bool:
    """Tell whether this probe fits: any directory, or a single file, does."""
    facts = host.stat(path)
    return facts.is_dir or facts.is_file


def read_manifest(host: Host, path: str, leaving: Excluding | None = None) -> Manifest:
    """List the regular files below a path; a path of a single file counts as a tree of one.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        A resolved path.
    leaving : Excluding, optional
        Leaves out what the set-up does not want; counts it.

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
        only = FileFact(facts.size, facts.mtime_ns, facts.dev, facts.ino, facts.ctime_ns)
        return Manifest(folder or "/", {name: only}, folder=name, single=True)
    gathered = Gathering()
    unreadable: list[str] = []
    linked: list[str] = []
    links = specials = 0
    progress = Progress(host.talk, "files listed")
    skip = None if leaving is None else leaving.folder
    for part in host.listing(path, skip, partial(readers_of, host, path)):
        met = part.met if leaving is None else leaving.sift(part.folder, part.met)
        gathered.extend(part.folder, met)
        links += met.links
        specials += met.specials
        before = f"{part.folder}/" if part.folder else ""
        linked += (before + name for name in met.linked[: LINKS_NOTED - len(linked)])
        problems = [(before + name, problem) for name, problem in met.problems]
        if part.problem is not None:
            problems.append((part.folder, part.problem))
        for name_below, problem in problems[: _MOST_PROBLEMS - len(unreadable)]:
            unreadable.append(f"{shown(name_below)} could not be examined: {problem.reason}.")
        progress.at(len(gathered))
    files = gathered.files(as_walked=True)
    return Manifest(path, files, tuple(unreadable), name, links, specials, linked=tuple(linked))


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
    held = held_by(host, found.real_path or target.address, source)
    noted_tree(host, held)
    coverage, closed = _coverage(host, source, held)
    coverage = as_of_tree(host, source, coverage, held)
    changed_last = source.changed_last if source is not None else None
    newest = held.newest_by(changed_last, dating(source, held))
    located = replace(
        found,
        kind="directory",
        points=Points(1 if held.files else 0, newest, newest),
        files=len(held.files),
        size_bytes=held.size_bytes,
        links=links_of(host, held),
        coverage=coverage.share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        shared_inodes=shared_inodes(source, held),
        shared_extents=shared_extents(host, source, held),
        identical=identical(source, held),
        disqualified=mostly_placeholders(host, held),
        depth=Depth.STRUCTURE if depth >= Depth.STRUCTURE else Depth.LISTED,
    )
    located = on_its_drives(host, located, held)
    if not held.complete:
        count = len(held.unreadable)
        reason = f"{count} part(s) could not be read, the first: {held.unreadable[0]}"
        return replace(located, depth=None, reason=reason)
    if located.disqualified:  # reading placeholders would fetch them
        return located
    if closed:
        how = Fact(True, Evidence.INFERRED, "names and signatures") if closed.encrypted else Fact()
        points = located.points if closed.dated else Points(1)
        return replace(
            located,
            points=points,
            encrypted=how,
            depth=min(depth, Depth.LISTED),
            reason=closed.reason,
        )
    return against_source(host, source, held, depth, located)


def links_of(host: Host, tree: Manifest) -> int | None:
    """Return how many symbolic links a tree has; None where not all of them are seen."""
    return tree.links if host.local and tree.complete else None


def held_by(host: Host, path: str, source: Manifest | None) -> Manifest:
    """List a copy from the folder in it where the source's files begin."""
    return _from_its_folder(_without_top_folder(read_manifest(host, path), source), source)


def _without_top_folder(held: Manifest, source: Manifest | None) -> Manifest:
    """Strip a single top folder that is named like the source's, as copying tools leave it."""
    if source is None or not source.folder or not held.files:
        return held
    inside = table(held.files).below(source.folder)
    if inside is None or any(path.startswith(f"{source.folder}/") for path in source.files):
        return held
    return replace(held, root=f"{held.root}/{source.folder}", files=inside)


def _from_its_folder(held: Manifest, source: Manifest | None) -> Manifest:
    """See a disk from the folder that holds the source's files, if they are not at its top."""
    if source is None or not source.files or not held.files:
        return held
    files = table(held.files)
    some = table(source.files).some(_SAMPLED)

    def agreement(top: str) -> int:
        before = f"{top}/" if top else ""
        found = ((files.get(before + path), fact) for path, fact in some)
        return sum(mine is not None and mine.size == fact.size for mine, fact in found)

    if agreement(""):
        return held
    folders = {path.rpartition("/")[0] for path, _ in some}
    below = tuple(f"/{folder}" for folder in folders if folder)
    tops = {
        known.removesuffix(end)
        for known in files.folder_rows()[0]
        for end in below or ("",)
        if known.endswith(end)
    }
    best = max(sorted(tops - {""}), key=agreement, default="")
    if not best or not agreement(best):
        return held
    return replace(held, root=f"{held.root}/{best}", files=files.within(best))


def _coverage(
    host: Host, source: Manifest | None, held: Manifest
) -> tuple[Coverage, Unopened | None]:
    """Compare with the source; of what nobody here can open also say what is known of it."""
    hollow, doubt = hollow_rows(host, source, held)
    if doubt:
        return Coverage(Fact(source=doubt)), None
    if doubt := _one_that_is_not_opened(source, held):
        return Coverage(Fact(source=doubt)), Unopened(doubt, dated=True)
    found = cover(source, table(held.files), unseen=not held.complete, hollow=hollow)
    closed = unopened(host, source, held, found)
    return (Coverage(Fact(source=closed.reason)) if closed else found), closed


def _one_that_is_not_opened(source: Manifest | None, held: Manifest) -> str:
    """Say that a single large file may hold the source: an image of a disk, or another name."""
    if source is None or not held.single or held.folder in source.files:
        return ""
    if not 0 < source.size_bytes <= held.size_bytes:
        return ""
    return f"it is one file, {shown(held.folder)}, and nothing here knows what is in it"


def listed_source(
    host: Host, found: Location, exclude: Sequence[str] = ()
) -> tuple[Location, Manifest]:
    """List the live data itself.

    Parameters
    ----------
    host : Host
        Access to the machine.
    found : Location
        What is already known of the source; its ``real_path`` is read.
    exclude : sequence of str
        Patterns of what does not belong to it.

    Returns
    -------
    tuple of Location and Manifest
        The source is unreadable, and its manifest incomplete, if a part of it could not be read.
    """
    leaving = Excluding(exclude) if exclude else None
    manifest = read_manifest(host, found.real_path or found.address, leaving)
    manifest = replace(manifest, exclude=tuple(exclude))
    noted_tree(host, manifest)
    newest = manifest.newest_by(None)
    count, first = leading_out(host, manifest)
    located = replace(
        found,
        kind="directory",
        reason="" if leaving is None else leaving.words,
        exclude=tuple(exclude),
        points=Points(1, newest, newest),
        files=len(manifest.files),
        size_bytes=manifest.size_bytes,
        links=links_of(host, manifest),
        links_out=count,
        leading_out=first,
        depth=Depth.LISTED,
        identical=True,
        changed_last=manifest.changed_last,
    )
    located = replace(on_its_drives(host, located, manifest), disqualified="")
    standing_in = mostly_placeholders(host, manifest)
    if standing_in:
        return replace(located, state=State.UNREADABLE, reason=standing_in, depth=None), manifest
    if manifest.complete:
        return located, manifest
    reason = f"{len(manifest.unreadable)} part(s) unreadable, the first: {manifest.unreadable[0]}"
    return replace(located, state=State.UNREADABLE, reason=reason, depth=None), manifest
