"""Kopia repositories, as far as blob names tell; everything else is encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from verifier.host import AccessError, Host, Unreadable
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest, instant
from verifier.probes._digests import closed
from verifier.probes._keys import declared_key
from verifier.probes.comparing import capped
from verifier.target import Target

__all__ = ["collect", "detect"]

# p: data packs, q: packs of folders and manifests, n and x: indexes, s: sessions
_BLOB = re.compile(r"(?P<kind>[pqs][0-9a-f]{16,}(-s[0-9a-f]+)?|n[0-9a-f]{16,}|x[a-z][0-9a-z_.-]+)")
_MARKS = ("kopia.repository.f", "kopia.repository")


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory holds the blobs of kopia."""
    return host.stat(path).is_dir and not set(_MARKS).isdisjoint(host.listdir(path))


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Look at the names, sizes and times of the blobs.

    Parameters
    ----------
    host, target, source, depth, found
        As for every probe; names are keyed hashes, so no depth beyond ``LISTED`` can be reached.

    Returns
    -------
    Location
        Its newest point is the time of the newest pack: no snapshot is younger. The coverage is
        unknown.
    """
    path = found.real_path or target.address
    errors: list[str] = []
    unseen = ""
    kinds: set[str] = set()
    newest: datetime | None = None
    blobs = 0
    for name, size, written in _blobs(host, path):
        if isinstance(name, AccessError):
            unseen = unseen or str(name)
            continue
        blobs += 1
        kinds.add(name[0])
        if size == 0:
            errors.append(f"The blob {name} is empty.")
        if name[0] in "pq" and written and (newest is None or written > newest):
            newest = written
    if not unseen and kinds & {"n", "x"} and "q" not in kinds:
        errors.append("The repository has indexes and no packs of folders.")
    located = replace(
        found,
        kind="kopia",
        points=Points(newest=newest),
        encrypted=Fact(True, Evidence.INFERRED, "kopia always encrypts"),
        depth=None if unseen else Depth.LISTED,
        errors=capped(errors),
    )
    told = unseen or f"kopia's {blobs} blobs open only to kopia itself, which is not run"
    return closed(declared_key(host, target, located), told)


def _blobs(
    host: Host, path: str
) -> Iterator[tuple[str, int, datetime | None] | tuple[AccessError, int, None]]:
    """Yield the blobs; their names are cut into folders, and end in ``.f`` on a file system."""
    for entry in host.walk(path):
        if entry.problem is not None:
            yield entry.problem, 0, None
        elif entry.stat is not None and entry.stat.is_symlink:
            yield Unreadable(entry.path, "a link, behind which nothing is looked for"), 0, None
        elif entry.stat is not None and entry.stat.is_file:
            name = entry.path.removesuffix(".f").replace("/", "")
            if _BLOB.fullmatch(name):
                yield name, entry.stat.size, instant(entry.stat.mtime_ns)
