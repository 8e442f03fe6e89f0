"""The kinds of location that are known, and which of them fits a path."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from verifier.files import table
from verifier.host import AccessError, Host
from verifier.inventory import Depth, Location
from verifier.manifest import Manifest, shown
from verifier.probes import (
    archive,
    bacula,
    bagit,
    borg,
    borg2,
    btrfs,
    bup,
    dar,
    dated,
    directory,
    duplicity,
    git_annex,
    iso,
    kopia,
    optical,
    rdiff_backup,
    restic,
    tape,
    veeam,
    zfs,
)
from verifier.remotes import REMOTES
from verifier.target import Target

__all__ = ["KINDS", "PROBES", "Probe", "fitting", "repositories_below"]

_SAMPLED = 50  # files that tell whether a folder is a part of the source
_BESIDE = 5  # folders beside dated ones, and of these, that are looked into

Collect = Callable[[Host, Target, Manifest | None, Depth, Location], Location]


@dataclass(frozen=True, slots=True)
class Probe:
    """One kind of location.

    Parameters
    ----------
    kinds : tuple of str
        What its locations may be called.
    detect : callable
        Tells it by its signature.
    collect : callable
        Examines it.
    by_place : bool
        Whether the signature is where the files are, not what they are.
    runs_programs : bool
        Whether a program of its own reads it, which may hang on what is no file.
    linked : str or None
        Pattern of the paths in it that are read also where they are links, and of folders, with a
        slash at the end, in which there may be such. None for trees of files, which tell the
        drives of their files themselves.
    """

    kinds: tuple[str, ...]
    detect: Callable[[Host, str], bool]
    collect: Collect
    by_place: bool = False
    runs_programs: bool = False
    linked: str | None = None


# in the order of asking; the directory is last because every tree looks like one
PROBES: tuple[Probe, ...] = (
    Probe(("tape",), tape.detect, tape.collect, by_place=True),
    Probe(("optical",), optical.detect, optical.collect, by_place=True),
    Probe(("restic",), restic.detect, restic.collect, runs_programs=True, linked=restic.LINKED),
    Probe(("borg",), borg.detect, borg.collect, runs_programs=True, linked=borg.LINKED),
    Probe(("borg2",), borg2.detect, borg2.collect, linked=".+"),
    Probe(("kopia",), kopia.detect, kopia.collect, linked=".+"),
    Probe(("bup",), bup.detect, bup.collect, runs_programs=True, linked=".+"),
    Probe(("rdiff-backup",), rdiff_backup.detect, rdiff_backup.collect, linked="rdiff-backup-data"),
    Probe(
        ("git-annex",),
        git_annex.detect,
        git_annex.collect,
        runs_programs=True,
        linked=r"\.git(/.+)?|(annex|objects|refs)(/.+)?",
    ),
    Probe(("bagit",), bagit.detect, bagit.collect, linked=""),
    Probe(
        ("duplicity",),
        duplicity.detect,
        duplicity.collect,
        runs_programs=True,
        linked="duplicity-[^/]+",
    ),
    Probe(("dar",), dar.detect, dar.collect, runs_programs=True, linked=r"[^/]+\.dar"),
    Probe(("bacula",), bacula.detect, bacula.collect, linked="[^/]+"),
    Probe(("veeam",), veeam.detect, veeam.collect, linked=r"([^/]+/)?[^/]+\.v(bk|ib|rb|bm)|[^/]+/"),
    Probe(("iso",), iso.detect, iso.collect, linked="[^/]+"),
    Probe(
        ("tar", "zip", "archive"),
        archive.detect,
        archive.collect,
        linked=r"(?!.*\.(sha\d{1,3}|md5|asc|sig|log|txt|json)$)[^/.][^/]*",
    ),
    Probe(("btrfs",), btrfs.detect, btrfs.collect, by_place=True),
    Probe(("dated",), dated.detect, dated.collect),
    Probe(("zfs",), zfs.detect, zfs.collect, by_place=True),
    Probe(("directory",), directory.detect, directory.collect),
)
_PLACES = tuple(remote.kind for remote in REMOTES)
# what a set-up file may say: a format, a remote place whose format is found by signature, a word
KINDS = (*(kind for entry in PROBES for kind in entry.kinds), *_PLACES, "declared")


def fitting(host: Host, target: Target, path: str, source: Manifest | None) -> Probe | None:
    """Choose the probe for a path.

    Parameters
    ----------
    host : Host
        Access to the location.
    target : Target
        What was asked for; a kind that it names is taken at its word.
    path : str
        What to look at.
    source : Manifest or None
        The live data's files: a plain copy of archives is a directory, not a row of archives.

    Returns
    -------
    Probe or None
        None if it is neither a directory nor a regular file.

    Raises
    ------
    AccessError
        If the path cannot be looked at.
    """
    if tape.detect(host, path):
        return PROBES[0]  # whatever it is said to be: a tape is not read
    if target.kind is not None and target.kind not in _PLACES:
        return next(entry for entry in PROBES if target.kind in entry.kinds)
    first = _first(host, path)
    if first is None or first is PROBES[-1] or source is None or first.by_place:
        return first
    if "git-annex" in first.kinds:
        return first  # it compares contents also with a source of its own kind
    # the live data may itself be archives or a repository: its plain copy is a directory
    names = set(host.listdir(path) if host.stat(path).is_dir else [path.rpartition("/")[2]])
    tops = {name.partition("/")[0] for name in source.files}
    if "dated" in first.kinds:
        # folders that the source has too are parts of it, not states of it
        parts = _holds(host, path, source, names & tops)
        return PROBES[-1] if parts or _mirror_beside(host, path, source) else first
    # its empty folders are not among the source's files
    same = names & tops and all(_is_empty(host, f"{path}/{name}") for name in names - tops)
    return PROBES[-1] if same else first


def _first(host: Host, path: str) -> Probe | None:
    """Ask one after the other; what a device fails to give one of them may tell another nothing.

    If only the last is left, which every tree fits, nobody knows what it is.
    """
    failed: AccessError | None = None
    for entry in PROBES:
        try:
            if not entry.detect(host, path):
                continue
        except AccessError as problem:
            if not problem.damage:
                raise
            failed = failed or problem
            continue
        if entry is PROBES[-1] and failed is not None:
            raise failed
        return entry
    return None


def repositories_below(host: Host, path: str) -> list[str]:
    """Return the folders right below a folder that a probe knows, each with its kind."""
    if not host.stat(path).is_dir:
        return []
    asked = [entry for entry in PROBES[:-1] if not entry.by_place]
    held = []
    for name in sorted(host.listdir(path))[:_SAMPLED]:
        with contextlib.suppress(AccessError):
            below = f"{path}/{name}"
            if host.stat(below).is_dir:
                fits = (entry.kinds[0] for entry in asked if entry.detect(host, below))
                held += [f"{shown(name)} ({kind})" for kind in [next(fits, None)] if kind]
    return held


def _is_empty(host: Host, path: str) -> bool:
    return host.stat(path).is_dir and not host.listdir(path)


def _mirror_beside(host: Host, path: str, source: Manifest) -> bool:
    """Tell whether a folder beside dated ones is the copy, and these keep what was replaced in it.

    So ``rsync --backup-dir`` leaves them: none of them holds much of what the mirror holds.
    """
    paths = [known for known, _ in table(source.files).some(_SAMPLED)]
    if not paths:
        return False

    def held(name: str) -> int:
        tops = (name, f"{name}/{source.folder}")
        return max(sum(_is_at(host, f"{path}/{top}/{one}", source, one) for one in paths)
                   for top in tops)  # fmt: skip

    names = host.listdir(path)
    folders = [name for name in names if host.stat(f"{path}/{name}", follow=False).is_dir]
    trees = sorted(name for name in folders if dated.read_name(name))
    beside = sorted(name for name in folders if name not in trees and not name.startswith("."))
    most = max(map(held, beside[:_BESIDE]), default=0)
    if 2 * most < len(paths):
        return False
    return all(2 * held(name) < most for name in trees[-_BESIDE:])


def _is_at(host: Host, place: str, source: Manifest, path: str) -> bool:
    try:
        return host.stat(place, follow=False).size == source.files[path].size
    except AccessError:
        return False


def _holds(host: Host, path: str, source: Manifest, tops: set[str]) -> bool:
    """Tell whether files of the source's own folders `tops` lie at the same place here."""
    inside = [name for name in source.files if name.partition("/")[0] in tops]
    some = inside[:: max(1, len(inside) // _SAMPLED)]
    met = 0
    for name in some:
        try:
            met += host.stat(f"{path}/{name}").size == source.files[name].size
        except AccessError:
            continue
    return bool(some) and 2 * met >= len(some)
