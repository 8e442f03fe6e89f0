"""A plain tree elsewhere against the live data, fetching no more than the wanted depth needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from verifier._forms import copy_names
from verifier.access import AccessError, TimedOut
from verifier.compared import DIFFERS, other_size
from verifier.files import MTIME_SLACK_NS, table
from verifier.inventory import Depth, Sample
from verifier.manifest import Manifest, prefix_in
from verifier.probes._digests import hash_of
from verifier.probes.comparing import capped
from verifier.probes.directory import read_manifest
from verifier.probes.outdated import changed_before
from verifier.probes.unlike import sides_of
from verifier.remotes._link import Digest, Link

__all__ = ["Compared", "compare"]


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found.

    Parameters
    ----------
    errors : tuple of str
        Files that differ, one sentence each.
    unseen : str
        What could not be compared; empty if all was.
    reached : Depth
        ``SOURCE`` if every byte was fetched, ``BYTES`` if kept digests stood for some,
        ``LISTED`` if it has no file of the source.
    sample : Sample or None
        What part was compared, if not all.
    outdated : tuple of str
        Files of the same size that the source has changed since they were put there, bytes and
        all, as far as digests that the place keeps, or bytes that were fetched, tell.
    younger : tuple of str
        Files of the same size and of other bytes that are younger there.
    """

    errors: tuple[str, ...]
    unseen: str
    reached: Depth
    sample: Sample | None = None
    outdated: tuple[str, ...] = ()
    younger: tuple[str, ...] = ()


def compare(link: Link, source: Manifest, depth: Depth) -> Compared:
    """Compare every file that both have.

    Parameters
    ----------
    link : Link
        The remote place.
    source : Manifest
        The live data, complete.
    depth : Depth
        At ``BYTES`` a digest that the place keeps stands for the bytes; deeper all are fetched.

    Returns
    -------
    Compared
        A source file that is younger than its copy was changed, not damaged.
    """
    held = read_manifest(link.host, link.path)
    prefix = prefix_in(source, {path: fact.size for path, fact in held.files.items()})
    errors: list[str] = []
    unseen = "" if held.complete else held.unreadable[0]
    names = copy_names(source.files, held.files, prefix)
    reached = Depth.SOURCE if names else Depth.LISTED
    judged: list[str] = []
    late: list[str] = []
    younger, shorter = _open_sides(source, held)
    rows, open_ = table(source.files), younger | shorter
    for path in sorted(names):
        live, copy = source.files[path], held.files[names[path]]
        if live.mtime_ns > copy.mtime_ns + MTIME_SLACK_NS:
            late += [path] if live.size == copy.size else []
            continue
        if live.size != copy.size:
            if rows.row(path) not in open_:
                errors.append(f"{path} {other_size(copy.size, live.size)}")
        else:
            judged.append(path)
    chosen, sample = link.host.effort.some(judged)
    before = len(errors)
    versions: list[str] = []
    for path in chosen:
        try:
            there = _there(link, f"{held.root}/{names[path]}", depth)
            here = hash_of(link.host, f"{source.root}/{path}", there.algorithm)
            differs = here != there.hexadecimal
            doubt = _doubt(link, source, names[path], path, there) if differs else ""
        except TimedOut:
            raise
        except AccessError as problem:
            if problem.damage:
                errors.append(f"{path} cannot be read: {problem.reason}.")
            else:
                unseen = unseen or f"{path} could not be read: {problem.reason}"
            continue
        if not there.read:
            reached = Depth.BYTES
        if doubt:
            unseen = unseen or doubt
        elif differs and rows.row(path) in younger:
            versions.append(path)
        elif differs:
            errors.append(f"{path} {DIFFERS}")
    sample = sample and replace(sample, bad=len(errors) - before)
    # what was changed after the newest file was put there is only not copied yet
    late = [path for path in late if changed_before(source.files[path].mtime_ns, held.newest)]
    outdated = _outdated(link, source, held, names, link.host.effort.some(late)[0], depth)
    return Compared(capped(errors), unseen, reached, sample, outdated, tuple(versions))


def _open_sides(source: Manifest, held: Manifest) -> tuple[set[int], set[int]]:
    own, theirs = table(source.files), table(held.files)
    here, there = own.pairs(theirs)
    younger, shorter = sides_of(own, theirs, here, there, local=False)
    return set(here[younger].tolist()), set(here[shorter].tolist())


def _outdated(
    link: Link,
    source: Manifest,
    held: Manifest,
    names: Mapping[str, str],
    paths: Sequence[str],
    depth: Depth,
) -> tuple[str, ...]:
    """Name files of which an older version is there; what cannot be read tells nothing.

    Below depth ``SOURCE`` nothing is fetched for that: what keeps no digest is not asked.
    """
    found = []
    for path in paths:
        try:
            place = f"{held.root}/{names[path]}"
            there = link.kept(place, read=False)
            if there is None and depth >= Depth.SOURCE:
                there = _there(link, place, depth)
            if there is None:
                continue
            here = hash_of(link.host, f"{source.root}/{path}", there.algorithm)
            if here != there.hexadecimal and not _doubt(link, source, names[path], path, there):
                found.append(path)
        except TimedOut:
            raise
        except AccessError:
            continue
    return tuple(found)


def _doubt(link: Link, source: Manifest, copy: str, path: str, there: Digest) -> str:
    """Say why a difference proves no damage: the source has changed, or the place answers anew."""
    now, then = link.host.stat(f"{source.root}/{path}"), source.files[path]
    if (now.size, now.mtime_ns) != (then.size, then.mtime_ns):
        return f"{path} of the source changed meanwhile and could not be judged"
    if there.read:
        again = hash_of(link.host, f"{link.path}/{copy}", there.algorithm)
        if again != there.hexadecimal:
            return f"{path} does not come as the same bytes twice"
    return ""


def _there(link: Link, path: str, depth: Depth) -> Digest:
    kept = link.kept(path, read=depth > Depth.BYTES)
    if kept is not None:
        return kept
    return Digest("sha256", hash_of(link.host, path, "sha256"), read=True)
