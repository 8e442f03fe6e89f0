"""Files that only stand for content that lies elsewhere: in a cloud, in an annex, nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifier.files import Files, table
from verifier.host import AccessError, Host
from verifier.manifest import Manifest, shown
from verifier.probes.comparing import spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["hollow_rows", "mostly_placeholders"]

# iCloud Drive, odrive, Nextcloud and ownCloud (virtual files by suffix)
_ENDINGS = (b".icloud", b".cloud", b".cloudf", b".nextcloud", b".owncloud")
_POINTERS = {
    b"version https://git-lfs": "Git LFS pointers",
    b"/annex/objects/": "git-annex pointers",
}
_SMALL_BYTES = 1024  # a pointer or placeholder is never larger
_SAMPLE = 200
_HEADS = 32
_ZEROS_READ = 16 << 20


def mostly_placeholders(host: Host, held: Manifest) -> str:
    """Say what most files of a tree stand for, if most are placeholders; else empty."""
    files = table(held.files)
    if not len(files):
        return ""
    named = _named(files)
    if 2 * len(named) > len(files):
        example = shown(next(files.paths(named[:1])))
        return f"{len(named)} of {len(files)} files are placeholders of a cloud drive ({example})"
    if not host.local:
        return ""
    return _pointers(host, held, files) or _empty_shells(host, held, files)


def hollow_rows(host: Host, source: Manifest | None, held: Manifest) -> tuple[Rows | None, str]:
    """Find files that have the source's size, and no content where the source's has some.

    A file without blocks may be a placeholder, all zeros, or kept within its inode; so the file
    system is asked whether it has data, and the source whether there is anything but zeros.

    Parameters
    ----------
    host : Host
        Access to the machine.
    source, held : Manifest
        The live data and the copy.

    Returns
    -------
    tuple of (array of int or None) and str
        Rows of the source; or None and why nobody can tell.
    """
    if source is None or not host.local:
        return None, ""
    own, theirs = table(source.files), table(held.files)
    if not theirs.hollow:
        return None, ""
    import numpy as np

    here, there = own.pairs(theirs)
    suspect = np.isin(there, _rows(theirs)) & ~np.isin(here, _rows(own))
    suspect &= own.column("size")[here] == theirs.column("size")[there]
    rows = here[suspect]
    some = spread(np.flatnonzero(suspect), _SAMPLE)
    empty = []
    for row, other in zip(here[some].tolist(), there[some].tolist(), strict=True):
        path = own.path(row)
        try:
            if host.is_hole(f"{held.root}/{theirs.path(other)}"):
                zeros = _only_zeros(host, f"{source.root}/{path}")
                if zeros is None:
                    return None, f"whether {shown(path)} has any content cannot be told"
                if not zeros:
                    empty.append(row)
        except AccessError as problem:
            return None, f"whether {shown(path)} has any content cannot be told: {problem.reason}"
    if len(some) == len(rows):
        return np.asarray(empty, dtype=np.int64), ""
    if len(empty) == len(some):
        return rows, ""
    if empty:
        return None, f"{len(empty)} of {len(some)} files sampled have a size and no content"
    return None, ""


def _named(files: Files) -> Rows:
    rows = files.rows_ending(_ENDINGS)
    return rows[files.column("size")[rows] <= _SMALL_BYTES]


def _pointers(host: Host, held: Manifest, files: Files) -> str:
    """Look at the heads of some small files, if most files are small."""
    small = ((files.column("size") > 0) & (files.column("size") <= _SMALL_BYTES)).nonzero()[0]
    if 2 * len(small) <= len(files):
        return ""
    some = spread(small, _HEADS)
    counts = dict.fromkeys(_POINTERS.values(), 0)
    for path in files.paths(some):
        try:
            with host.open(f"{held.root}/{path}") as file:
                head = file.read(32)
        except AccessError:
            continue
        for start, words in _POINTERS.items():
            counts[words] += head.startswith(start)
    words = max(counts, key=lambda name: counts[name])
    if 2 * counts[words] * len(small) <= len(some) * len(files):
        return ""
    seen = f"{counts[words]} of {len(some)} small files sampled"
    return f"most of its files are {words}, not the content ({seen})"


def _empty_shells(host: Host, held: Manifest, files: Files) -> str:
    """Ask the file system about some files that own no block, if most files are such."""
    rows = _rows(files)
    if 2 * len(rows) <= len(files):
        return ""
    some = spread(rows, _HEADS)
    empty = 0
    for path in files.paths(some):
        try:
            empty += host.is_hole(f"{held.root}/{path}")
        except AccessError:
            continue
    if 2 * empty * len(rows) <= len(some) * len(files):
        return ""
    seen = f"{empty} of {len(some)} sampled"
    return f"most of its files have a size and no content here, as placeholders have ({seen})"


def _rows(files: Files) -> Rows:
    import numpy as np

    return np.frombuffer(files.hollow, dtype=np.int64)


def _only_zeros(host: Host, path: str) -> bool | None:
    """Tell whether a file holds nothing but zeros; None if that would take long to find out."""
    seen = 0
    for chunk in host.chunks(path):
        if chunk.count(0) != len(chunk):
            return False
        seen += len(chunk)
        if seen >= _ZEROS_READ:
            return None
    return True
