"""The files of a tree, and how much of one tree another one holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from verifier.identity import sketch
from verifier.inventory import Evidence, Fact

__all__ = ["Coverage", "FileFact", "Manifest", "cover", "instant", "prefix_in"]


class FileFact(NamedTuple):
    """One regular file: size [bytes], modification time [ns since 1970], device and inode."""

    size: int
    mtime_ns: int
    dev: int = 0
    ino: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """The regular files below one root, by relative POSIX path.

    Parameters
    ----------
    root : str
        Where the tree was read; for a single file, its folder.
    files : mapping of str to FileFact
        Relative path to facts.
    unreadable : tuple of str
        One sentence for each folder or file that could not be examined; not empty means that the
        manifest is not the whole truth.
    folder : str
        The last name of the root, which copies often keep as their top folder.
    """

    root: str
    files: Mapping[str, FileFact] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    folder: str = ""

    @property
    def complete(self) -> bool:
        """True if everything below the root was seen."""
        return not self.unreadable

    @property
    def size_bytes(self) -> int:
        """Sum of the sizes [bytes]."""
        return sum(fact.size for fact in self.files.values())

    @property
    def newest(self) -> datetime | None:
        """Modification time of the newest file."""
        return instant(max((fact.mtime_ns for fact in self.files.values()), default=None))

    @property
    def oldest(self) -> datetime | None:
        """Modification time of the oldest file."""
        return instant(min((fact.mtime_ns for fact in self.files.values()), default=None))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the source a copy holds, and the largest folders that it lacks.

    Where nobody can tell, ``content`` is a sketch of what it holds, for `Location.content`.
    """

    share: Fact[float] = field(default_factory=Fact)
    missing: tuple[str, ...] = ()
    content: tuple[int, ...] = ()


def instant(mtime_ns: int | None) -> datetime | None:
    """Return nanoseconds since 1970 as an aware datetime; None if absent or out of range."""
    if mtime_ns is None:
        return None
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def cover(source: Manifest | None, held: Mapping[str, int], *, unseen: bool = False) -> Coverage:
    """Compare a copy's files with the source's, by relative path and size.

    Parameters
    ----------
    source : Manifest or None
        The live data; None if it could not be examined.
    held : mapping of str to int
        Relative path of each file in the copy to its size. [bytes]
    unseen : bool
        True if parts of the copy could not be examined: then only a full share is a fact.

    Returns
    -------
    Coverage
        Unknown if the source is unknown, incomplete or empty.
    """
    if source is None:
        return Coverage(Fact(source="the source was not examined"), content=sketch(held))
    if not source.complete:
        reason = f"the source could not be read whole: {source.unreadable[0]}"
        return Coverage(Fact(source=reason), content=sketch(held))
    if not source.files:
        return Coverage(Fact(source="the source holds no files"))
    absent = [path for path, fact in source.files.items() if held.get(path) != fact.size]
    if absent and unseen:
        return Coverage(Fact(source="parts of the copy could not be read"))
    share = (len(source.files) - len(absent)) / len(source.files)
    return Coverage(
        Fact(share, Evidence.MEASURED, "paths and sizes compared with the source"),
        _largest_missing(source.files, absent),
    )


def prefix_in(source: Manifest | None, held: Mapping[str, int]) -> str:
    """Find what a backup tool put before the source's relative paths.

    Parameters
    ----------
    source : Manifest or None
        The live data.
    held : mapping of str to int
        Paths in the backup, without a leading slash, to sizes. [bytes]

    Returns
    -------
    str
        One of ``""``, the last parts of the source's root (``"ada/photos/"``), or the folder that
        all files of the backup share: the one under which most files agree.
    """
    if source is None or not held:
        return ""
    parts = [part for part in source.root.split("/") if part]
    candidates = ["", *("/".join(parts[start:]) + "/" for start in range(len(parts)))]
    first, last = min(held), max(held)
    shared = first[
        : next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    ]
    if "/" in shared:
        candidates.append(shared.rpartition("/")[0] + "/")

    def agreement(prefix: str) -> int:
        return sum(held.get(prefix + path) == fact.size for path, fact in source.files.items())

    return max(dict.fromkeys(candidates), key=agreement)


def _largest_missing(
    files: Mapping[str, FileFact], absent: Iterable[str], shown: int = 5
) -> tuple[str, ...]:
    """Name the folders that lack most bytes; one that lacks all stands for its parts."""
    wanted: dict[str, int] = defaultdict(int)
    lacking: dict[str, int] = defaultdict(int)
    absent = list(absent)
    for path in files:
        for folder in _parents(path):
            wanted[folder] += 1
    for path in absent:
        for folder in _parents(path):
            lacking[folder] += 1
    weights: dict[str, int] = defaultdict(int)
    for path in absent:
        folders = _parents(path)
        whole = [folder for folder in folders if lacking[folder] == wanted[folder]]
        weights[whole[-1] if whole else folders[0]] += files[path].size
    return tuple(sorted(weights, key=lambda folder: (-weights[folder], folder))[:shown])


def _parents(path: str) -> list[str]:
    """Return the folders above a path, the nearest first, ending with ``"."``."""
    folders = []
    while cut := path.rfind("/") + 1:
        path = path[: cut - 1]
        folders.append(path)
    return [*folders, "."]
