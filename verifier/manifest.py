"""The files of a tree, and how much of one tree another one holds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from verifier._forms import composed
from verifier.compared import Newer, Shares
from verifier.files import FileFact, Files, table
from verifier.identity import sketch
from verifier.inventory import Evidence, Fact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "NAMED",
    "Coverage",
    "FileFact",
    "Files",
    "Manifest",
    "Rows",
    "and_above",
    "cover",
    "first_of",
    "folders_of",
    "instant",
    "largest_missing",
    "prefix_in",
    "shares_of",
    "shown",
]

_CLOCK_SLACK = timedelta(days=1)
NAMED = 5  # files or folders that are not held
_SORTED = 1000  # of more files that are not held the first are named as they come
_LOOKED_AT = 20_000  # paths that are enough to tell which prefix fits
_OTHER_CASE = "its names differ from the source's in upper and lower case, and were not compared"
_NEARLY_ALL = 0.99
_UNDECODABLE = re.compile("[\udc80-\udcff]")  # bytes of a name that are no UTF-8


@dataclass(frozen=True, slots=True)
class Manifest:
    """The regular files below one root, by relative POSIX path.

    Parameters
    ----------
    root : str
        Where the tree was read; for a single file, its folder.
    files : mapping of str to FileFact
        Relative path to facts; `table(files)` gives columns for work on all of them.
    unreadable : tuple of str
        One sentence for each folder or file that could not be examined; not empty means that the
        manifest is not the whole truth.
    folder : str
        The last name of the root, which copies often keep as their top folder.
    links, specials : int
        Symbolic links; FIFOs, sockets and devices. Neither is followed or counted as a file.
    single : bool
        Whether the root is a file itself.
    exclude : tuple of str
        Patterns of what was left out.
    linked : tuple of str
        The first of the symbolic links, by relative path.
    """

    root: str
    files: Mapping[str, FileFact] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    folder: str = ""
    links: int = 0
    specials: int = 0
    single: bool = False
    exclude: tuple[str, ...] = ()
    linked: tuple[str, ...] = field(default=(), compare=False)

    @property
    def complete(self) -> bool:
        """True if everything below the root was seen."""
        return not self.unreadable

    @property
    def size_bytes(self) -> int:
        """Sum of the sizes [bytes]."""
        return int(table(self.files).column("size").sum()) if self.files else 0

    @property
    def newest(self) -> datetime | None:
        """Modification time of the newest file."""
        return instant(int(table(self.files).column("mtime").max())) if self.files else None

    def newest_by(
        self, changed_last: datetime | None, rows: NDArray[np.int64] | None = None
    ) -> datetime | None:
        """Return the time of the newest file that is no younger than the last known change.

        A photo of a camera that lives in 2099 dates nothing, unless all are like it. With `rows`
        only these files are asked.
        """
        if not self.files:
            return None
        times, known = self._column("mtime", rows), self.changed_by(rows)
        newest = instant(int(times.max()))
        last = max((when for when in (known, changed_last) if when is not None), default=None)
        if newest is None or last is None or newest <= last + _CLOCK_SLACK:
            return newest
        credible = times[times <= int((last + _CLOCK_SLACK).timestamp() * 1e9)]
        return instant(int(credible.max())) if len(credible) else newest

    @property
    def changed_last(self) -> datetime | None:
        """When an inode changed last; None where that is not known."""
        return self.changed_by()

    def changed_by(self, rows: NDArray[np.int64] | None = None) -> datetime | None:
        """Return when an inode changed last, of all files or of these rows."""
        return instant(int(self._column("ctime", rows).max()) or None) if self.files else None

    def _column(self, name: str, rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
        column = table(self.files).column(name)
        return column if rows is None else column[rows]

    @property
    def oldest(self) -> datetime | None:
        """Modification time of the oldest file."""
        return instant(int(table(self.files).column("mtime").min())) if self.files else None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a comparison told of each file of the source, for those who ask further.

    Parameters
    ----------
    files : Files
        The source's.
    held : mapping of str to int, or Files
        The copy's.
    lacking : array of bool
        Whether the copy lacks that file, or has another size.
    hollow : array of int
        As `cover` was told.
    """

    files: Files
    held: Mapping[str, int] | Files
    lacking: NDArray[np.bool_]
    hollow: NDArray[np.int64] | None = None

    def absent(self) -> NDArray[np.bool_]:
        """Tell of each file of the source whether the copy has none of its name."""
        import numpy as np

        if isinstance(self.held, Files):
            absent = np.ones(len(self.files), dtype=np.bool_)
            absent[self.files.pairs(self.held)[0]] = False
            return absent
        absent = self.lacking.copy()
        rows = np.flatnonzero(absent)
        known = (_key_in(self.held, path) is not None for path in self.files.paths(rows.tolist()))
        absent[rows] = ~np.fromiter(known, dtype=np.bool_, count=len(rows))
        return absent

    def held_folders(self) -> set[str]:
        """Return all folders, in NFC, in which, or below which, the copy holds anything."""
        direct: Iterable[str]
        if isinstance(self.held, Files):
            direct = self.held.folder_rows()[0]
        else:
            direct = {path.rpartition("/")[0] for path in self.held}
        return {above for folder in direct for above in and_above(composed(folder))}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the source a copy holds, and the largest folders that it lacks.

    The share is the smaller of the ``shares`` of files and of bytes, which are there with it.
    Where nobody can tell, ``content`` is a sketch of what it holds, for `Location.content`.
    ``newer`` is what `verifier.probes.newer` makes of ``rows``, which are there if the share is.
    """

    share: Fact[float] = field(default_factory=Fact)
    missing: tuple[str, ...] = ()
    content: tuple[int, ...] = ()
    newer: Newer | None = None
    shares: Shares | None = None
    rows: Rows | None = field(default=None, repr=False, compare=False)


def instant(mtime_ns: int | None) -> datetime | None:
    """Return nanoseconds since 1970 as an aware datetime; None if absent or out of range."""
    if mtime_ns is None:
        return None
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def shown(path: str) -> str:
    """Return a path as it can be printed anywhere: what is no text or breaks a line is escaped."""
    if path.isprintable():
        return path
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)


def cover(
    source: Manifest | None,
    held: Mapping[str, int] | Files,
    *,
    unseen: bool = False,
    hollow: NDArray[np.int64] | None = None,
) -> Coverage:
    """Compare a copy's files with the source's, by relative path and size.

    Parameters
    ----------
    source : Manifest or None
        The live data; None if it could not be examined.
    held : mapping of str to int, or Files
        Relative path of each file in the copy to its size [bytes]; `Files` are compared by column.
    unseen : bool
        True if parts of the copy could not be examined: then only a full share is a fact.
    hollow : array of int, optional
        Rows of the source whose file in the copy has the right size and no content.

    Returns
    -------
    Coverage
        Unknown if the source is unknown, incomplete or empty.
    """
    if source is None:
        return Coverage(Fact(source="the source was not examined"), content=_sketch(held))
    if not source.complete:
        reason = f"the source could not be read whole: {source.unreadable[0]}"
        return Coverage(Fact(source=reason), content=_sketch(held))
    if not source.files:
        return Coverage(Fact(source="the source holds no files"))
    files = table(source.files)
    lacking = _lacking(files, held)
    if hollow is not None:
        lacking[hollow] = True
    if lacking.all() and _in_other_case(files, held):
        return Coverage(Fact(source=_OTHER_CASE), content=_sketch(held))
    if unseen and lacking.any():
        return Coverage(Fact(source="parts of the copy could not be read"))
    shares = shares_of(files, lacking)
    return Coverage(
        Fact(shares.least, Evidence.MEASURED, "paths and sizes compared with the source"),
        largest_missing(files, lacking) if lacking.any() else (),
        shares=shares,
        rows=Rows(files, held, lacking, hollow),
    )


def shares_of(
    files: Files, lacking: NDArray[np.bool_], beside: NDArray[np.bool_] | None = None
) -> Shares:
    """Return the shares that are held of a source's files; those `beside` are not expected."""
    import numpy as np

    wanted = np.ones(len(files), dtype=np.bool_) if beside is None else ~beside
    sizes = files.column("size").astype(np.float64)  # of a damaged file system any, and many
    count, total = int(wanted.sum()), float(sizes[wanted].sum())
    if not count:  # the source was empty then, and nothing of what it holds now is here
        return Shares(0.0, 0.0)
    absent = np.flatnonzero(wanted & lacking)
    kept = (count - len(absent)) / count
    # of empty files only their number tells
    held = float(sizes[wanted & ~lacking].sum()) / total if total else kept
    return Shares(kept, held, len(absent), first_of(files.paths(absent[:_SORTED].tolist())))


def first_of(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the first few of some paths by their names, as they can be printed."""
    return tuple(shown(path) for path in sorted(paths)[:NAMED])


def folders_of(paths: Iterable[str]) -> tuple[str, ...]:
    """Name the folders of files, each once, ``.`` for the top."""
    return tuple(dict.fromkeys(shown(path.rpartition("/")[0] or ".") for path in paths))


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
        all files of the backup share: the one under which most files agree (of a large source,
        most of 20,000 files spread over it).
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
    some = table(source.files).some(_LOOKED_AT)

    def agreement(prefix: str) -> int:
        return sum(held.get(prefix + path) == fact.size for path, fact in some)

    return max(dict.fromkeys(candidates), key=agreement)


def _lacking(files: Files, held: Mapping[str, int] | Files) -> NDArray[np.bool_]:
    """Tell of each row of the source whether the copy lacks it, or has another size."""
    import numpy as np

    sizes = files.column("size")
    if isinstance(held, Files):
        lacking = np.ones(len(files), dtype=np.bool_)
        here, there = files.pairs(held)
        lacking[here] = sizes[here] != held.column("size")[there]
        return lacking
    theirs = (_size_in(held, path) for path in files)
    kept = np.fromiter(theirs, dtype=np.float64, count=len(files))  # sizes may come from anywhere
    return np.asarray(kept != sizes)


def _in_other_case(files: Files, held: Mapping[str, int] | Files) -> bool:
    """Tell whether a copy of none of the source's names has nearly all of them in another case.

    Old disks and discs write all in upper case. Of two names that differ in nothing else such a
    place keeps one, so that each file of it stands for one of the source.
    """
    if len(held) < _NEARLY_ALL * len(files):
        return False
    theirs: dict[str, int] = {}
    for path, told in held.items():
        theirs[path.casefold()] = told if isinstance(told, int) else told.size
    found = sum(theirs.pop(path.casefold(), -1) == fact.size for path, fact in files.items())
    return found >= _NEARLY_ALL * len(files)


def _size_in(held: Mapping[str, int], path: str) -> int:
    """Return the size of a file in a tool's listing, -1 if it is not there."""
    key = _key_in(held, path)
    return -1 if key is None else held[key]


def _key_in(held: Mapping[str, int], path: str) -> str | None:
    """Return what a file of the source is called in a tool's listing; None if it is not there.

    A name that is no UTF-8 reaches us as restic (JSON) and borg print it: without those bytes.
    """
    if path in held:
        return path
    if not path.isascii():
        for stand_in in "\ufffd?":
            printed = _UNDECODABLE.sub(stand_in, path)
            if printed != path and printed in held:
                return printed
    return None


def _sketch(held: Mapping[str, int] | Files) -> tuple[int, ...]:
    if isinstance(held, Files):
        return sketch({path: fact.size for path, fact in held.items()})
    return sketch(held)


def largest_missing(
    files: Files, lacking: NDArray[np.bool_], shown_most: int = NAMED
) -> tuple[str, ...]:
    """Name the folders that lack most bytes; one that lacks all stands for its parts."""
    import numpy as np

    folders, starts = files.folder_rows()
    first = np.frombuffer(starts, dtype=np.int64)[:-1]
    absent = np.add.reduceat(lacking.astype(np.int64), first)
    sizes = np.add.reduceat(np.where(lacking, files.column("size"), 0), first)
    wanted: dict[str, int] = defaultdict(int)
    lost: dict[str, int] = defaultdict(int)
    for number, folder in enumerate(folders):
        for above in and_above(folder):
            wanted[above] += starts[number + 1] - starts[number]
            lost[above] += int(absent[number])
    weights: dict[str, int] = defaultdict(int)
    for number in np.flatnonzero(absent).tolist():
        chain = and_above(folders[number])
        whole = [folder for folder in chain if lost[folder] == wanted[folder]]
        weights[whole[-1] if whole else chain[0]] += int(sizes[number])
    ranked = sorted(weights, key=lambda folder: (-weights[folder], folder))
    return tuple(shown(folder) for folder in ranked[:shown_most])


def and_above(folder: str) -> list[str]:
    """Return a folder and those above it, the nearest first, ending with ``"."``."""
    found = []
    while folder:
        found.append(folder)
        folder = folder.rpartition("/")[0]
    return [*found, "."]
