"""Millions of files in little memory: columns of numbers, and the names folder by folder."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from operator import eq, gt
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.walking import Columns

    Rows = NDArray[np.int64]

__all__ = ["MTIME_SLACK_NS", "FileFact", "Files", "Gathering", "table"]

MTIME_SLACK_NS = 2_000_000_000  # FAT keeps times to two seconds
_MOST = (1 << 63) - 1
_MOST_UNSIGNED = (1 << 64) - 1
_CACHED_NAMES = 250_000

# of the columns size, mtime, dev, ino, ctime, in the order of `FileFact`
_CODES: tuple[Literal["q", "Q"], ...] = ("q", "q", "Q", "Q", "q")
_LIMITS = (
    (0, _MOST), (-_MOST, _MOST), (0, _MOST_UNSIGNED), (0, _MOST_UNSIGNED), (-_MOST, _MOST),
)  # fmt: skip


class FileFact(NamedTuple):
    """One regular file: size [bytes], modification time [ns since 1970], device and inode.

    ``ctime_ns`` is when its inode changed last [ns since 1970], which programs that put back the
    modification time cannot put back; 0 where it is not known.
    """

    size: int
    mtime_ns: int
    dev: int = 0
    ino: int = 0
    ctime_ns: int = 0


class Files(Mapping[str, FileFact]):
    """A read-only mapping of relative POSIX path to `FileFact`; about 60 bytes a file.

    Rows are numbered folder by folder, and within a folder in the order of the names, so
    that two like trees can be compared column by column. Made by `Gathering` or `table`.
    """

    __slots__ = (
        "__weakref__", "_ctime", "_dev", "_folders", "_index", "_indexed", "_ino", "_mtime",
        "_names", "_order", "_size", "_starts", "hollow",
    )  # fmt: skip

    def __init__(
        self,
        names: Mapping[str, bytes],
        starts: array[int],
        columns: tuple[array[int], ...],
        hollow: array[int],
    ) -> None:
        self._folders = {folder: number for number, folder in enumerate(names)}
        self._order = list(names)
        self._names = list(names.values())
        self._starts = starts
        self._size, self._mtime, self._dev, self._ino, self._ctime = columns
        self.hollow = hollow
        self._index: dict[int, dict[bytes, int]] = {}
        self._indexed = 0

    def __len__(self) -> int:
        return len(self._size)

    def __iter__(self) -> Iterator[str]:
        for folder, number in self._folders.items():
            before = f"{folder}/" if folder else ""
            for name in self._split(number):
                yield before + name.decode("utf-8", "surrogateescape")

    def __getitem__(self, path: str) -> FileFact:
        row = self.row(path)
        if row is None:
            raise KeyError(path)
        return self.fact(row)

    def row(self, path: str) -> int | None:
        """Return the row of a path; None if it is not there."""
        folder, _, name = path.rpartition("/")
        number = self._folders.get(folder)
        if number is None:
            return None
        try:
            raw = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return None
        return self._rows_by_name(number).get(raw)

    def items(self) -> ItemsView[str, FileFact]:
        """Return a view of paths and facts that is read in the order of rows."""
        return _Items(self)

    def fact(self, row: int) -> FileFact:
        """Return what is known of a row."""
        return FileFact(
            self._size[row], self._mtime[row], self._dev[row], self._ino[row], self._ctime[row]
        )

    def path(self, row: int) -> str:
        """Return the path of a row."""
        number = bisect_right(self._starts, row) - 1
        name = self._split(number)[row - self._starts[number]]
        folder = self._order[number]
        text = name.decode("utf-8", "surrogateescape")
        return f"{folder}/{text}" if folder else text

    def folder_rows(self) -> tuple[list[str], array[int]]:
        """Return the folders that hold files, and the first row of each and of none after them."""
        return self._order, self._starts

    def names(self, number: int) -> list[bytes]:
        """Return the names in a folder, by its place among those of `folder_rows`."""
        return self._split(number)

    def paths(self, rows: Iterable[int]) -> Iterator[str]:
        """Yield the paths of ascending rows."""
        wanted = iter(rows)
        row = next(wanted, None)
        for folder, number in self._folders.items():
            if row is None:
                return
            first, end = self._starts[number], self._starts[number + 1]
            if row >= end:
                continue
            names = self._split(number)
            before = f"{folder}/" if folder else ""
            while row is not None and row < end:
                yield before + names[row - first].decode("utf-8", "surrogateescape")
                row = next(wanted, None)

    def joined_names(self, number: int) -> bytes:
        """Return the names in a folder of `folder_rows`, in the order of rows, NUL between them."""
        return self._names[number]

    def some(self, most: int) -> list[tuple[str, FileFact]]:
        """Return at most so many paths and facts, spread evenly."""
        rows = range(0, len(self), len(self) // most + 1)
        return list(zip(self.paths(rows), map(self.fact, rows), strict=True))

    def column(self, name: str) -> NDArray[np.int64]:
        """Return ``size``, ``mtime``, ``ctime``, ``dev`` or ``ino`` of all rows.

        Times are 0 where they are not known; dev and ino are unsigned.
        """
        import numpy as np

        kind = np.uint64 if name in {"dev", "ino"} else np.int64
        return np.frombuffer(getattr(self, f"_{name}"), dtype=kind)

    def pairs(self, other: Files) -> tuple[Rows, Rows]:
        """Return the rows here and there that have the same path, in whatever Unicode form."""
        from verifier._forms import in_other_form

        return in_other_form(self, other, *self.same_paths(other))

    def same_paths(self, other: Files) -> tuple[Rows, Rows]:
        """Return the rows here and there that have the same path, byte by byte."""
        import numpy as np

        here, there = array("q"), array("q")
        for folder, number in self._folders.items():
            match = other._folders.get(folder)
            if match is None:
                continue
            first, theirs = self._starts[number], other._starts[match]
            if self._names[number] == other._names[match]:
                count = self._starts[number + 1] - first
                here.extend(range(first, first + count))
                there.extend(range(theirs, theirs + count))
                continue
            known = {name: row for row, name in enumerate(other._split(match), theirs)}
            for row, name in enumerate(self._split(number), first):
                found = known.get(name)
                if found is not None:
                    here.append(row)
                    there.append(found)
        return np.frombuffer(here, dtype=np.int64), np.frombuffer(there, dtype=np.int64)

    def rows_ending(self, endings: tuple[bytes, ...]) -> Rows:
        """Return the rows whose names end with one of these."""
        import numpy as np

        rows = array("q")
        for number, names in enumerate(self._names):
            if any(ending in names for ending in endings):
                first = self._starts[number]
                split = enumerate(self._split(number), first)
                rows.extend(row for row, name in split if name.endswith(endings))
        return np.frombuffer(rows, dtype=np.int64)

    def below(self, top: str) -> Files | None:
        """Return the same files seen from a folder; None if some are not below it."""
        start = f"{top}/"
        if any(folder != top and not folder.startswith(start) for folder in self._folders):
            return None
        names = {
            folder.removeprefix(top).removeprefix("/"): self._names[number]
            for folder, number in self._folders.items()
        }
        return Files(names, self._starts, self._columns(), self.hollow)

    def within(self, top: str) -> Files:
        """Return the files below a folder, seen from there."""
        gathered, hollow = Gathering(), frozenset(self.hollow)
        for folder, number in self._folders.items():
            if folder != top and not folder.startswith(f"{top}/"):
                continue
            before = folder[len(top) + 1 :]
            for row, name in enumerate(self._split(number), self._starts[number]):
                text = name.decode("utf-8", "surrogateescape")
                path = f"{before}/{text}" if before else text
                gathered.add(path, self.fact(row), hollow=row in hollow)
        return gathered.files()

    def _columns(self) -> tuple[array[int], ...]:
        return self._size, self._mtime, self._dev, self._ino, self._ctime

    def _split(self, number: int) -> list[bytes]:
        return self._names[number].split(b"\0")

    def _rows_by_name(self, number: int) -> dict[bytes, int]:
        """Return the rows of a folder by name; some folders' are kept for the next question."""
        known = self._index.get(number)
        if known is None:
            if self._indexed > _CACHED_NAMES:
                self._index.clear()
                self._indexed = 0
            known = {
                name: row for row, name in enumerate(self._split(number), self._starts[number])
            }
            self._index[number] = known
            self._indexed += len(known)
        return known


class _Items(ItemsView[str, FileFact]):
    """Paths and facts side by side, without looking each path up."""

    _mapping: Files

    def __iter__(self) -> Iterator[tuple[str, FileFact]]:
        return ((path, self._mapping.fact(row)) for row, path in enumerate(self._mapping))


class Gathering:
    """Collects files in any order of folders, quickest if each folder's come together."""

    def __init__(self) -> None:
        self._columns: tuple[array[int], ...] = tuple(array(code) for code in _CODES)
        self._hollow = array("q")
        self._fragments: list[tuple[str, int, bytes]] = []
        self._folder: str | None = None
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._columns[0])

    def add(self, path: str, fact: FileFact, *, hollow: bool = False) -> None:
        """Add a file; `hollow` if no block of the disk belongs to it though it is not empty."""
        folder, _, name = path.rpartition("/")
        if folder != self._folder:
            self._flush()
            self._folder = folder
        if hollow:
            self._hollow.append(len(self))
        self._names.append(name)
        for column, value, limits in zip(self._columns, fact, _LIMITS, strict=True):
            try:
                column.append(value)
            except OverflowError:  # a damaged file system, or hostile input
                column.append(_clipped(value, limits))

    def extend(self, folder: str, met: Columns) -> None:
        """Add some files of one folder."""
        if folder != self._folder:
            self._flush()
            self._folder = folder
        first = len(self)
        self._hollow.extend(first + row for row in met.hollow)
        self._names += met.names
        values = (met.size, met.mtime, met.dev, met.ino, met.ctime)
        for column, more, limits in zip(self._columns, values, _LIMITS, strict=True):
            try:
                column.fromlist(more)
            except OverflowError:
                column.extend(_clipped(value, limits) for value in more)

    def files(self, *, as_walked: bool = False) -> Files:
        """Return what was gathered; nothing may be added afterwards.

        With `as_walked` each folder comes before those below it, and these by their names, in
        whatever order they came: of a tree that did not change the rows are the same each time.
        """
        self._flush()
        order: dict[str, list[int]] = {}
        for number, (folder, _, _) in enumerate(self._fragments):
            order.setdefault(folder, []).append(number)
        if len(order) < len(self._fragments):
            self._regroup(order)
        if as_walked:
            self._rank()
        starts = array("q", [first for _, first, _ in self._fragments])
        starts.append(len(self))
        names = {folder: joined for folder, _, joined in self._fragments}
        return Files(names, starts, self._columns, self._hollow)

    def _flush(self) -> None:
        """Close the present folder: its rows in the order of its names."""
        if not self._names:
            return
        names, first = self._names, len(self) - len(self._names)
        if any(map(gt, names, names[1:])):
            order = sorted(range(len(names)), key=names.__getitem__)
            names = [names[number] for number in order]
            self._reorder(first, order)
        joined = "\0".join(names).encode("utf-8", "surrogateescape")
        self._fragments.append((self._folder or "", first, joined))
        self._names = []

    def _regroup(self, order: Mapping[str, list[int]]) -> None:
        """Bring the fragments of each folder together."""
        ends = [*(first for _, first, _ in self._fragments[1:]), len(self)]
        rows: list[int] = []
        joined: list[tuple[str, int, bytes]] = []
        for folder, numbers in order.items():
            mine: list[tuple[str, int]] = []
            for number in numbers:
                _, first, names = self._fragments[number]
                split = names.decode("utf-8", "surrogateescape").split("\0")
                mine += zip(split, range(first, ends[number]), strict=True)
            mine.sort()
            text = "\0".join(name for name, _ in mine)
            joined.append((folder, len(rows), text.encode("utf-8", "surrogateescape")))
            rows += [row for _, row in mine]
        self._reorder(0, rows)
        self._fragments = joined

    def _rank(self) -> None:
        """Bring folders, each in one fragment, into the order of a walk."""
        found = self._fragments
        ranked = sorted(range(len(found)), key=lambda n: found[n][0].replace("/", "\0"))
        if all(map(eq, ranked, range(len(found)))):
            return
        import numpy as np

        firsts = np.array([*(first for _, first, _ in found), len(self)], np.int64)
        counts = np.diff(firsts)[ranked]
        starts = np.cumsum(counts) - counts
        rows = np.repeat(firsts[ranked] - starts, counts)
        rows += np.arange(len(self))
        self._reorder(0, rows)
        self._fragments = [
            (found[n][0], start, found[n][2])
            for n, start in zip(ranked, starts.tolist(), strict=True)
        ]

    def _reorder(self, first: int, order: list[int] | Rows) -> None:
        """Put row ``first + order[i]`` at ``first + i``; all rows from `first` on take part."""
        import numpy as np

        taken = np.asarray(order, dtype=np.int64)
        for column in self._columns:
            view = np.frombuffer(column, dtype=column.typecode)[first:]
            view[:] = view[taken]
            del view  # an array that is being looked at cannot grow
        settled = bisect_left(self._hollow, first)
        if settled == len(self._hollow):
            return
        where = np.empty(len(order), dtype=np.int64)
        where[taken] = np.arange(first, first + len(order))
        moved = where[np.asarray(self._hollow[settled:], dtype=np.int64) - first]
        self._hollow = self._hollow[:settled] + array("q", sorted(moved.tolist()))


def _clipped(value: int, limits: tuple[int, int]) -> int:
    low, high = limits
    return min(max(value, low), high)


def table(files: Mapping[str, FileFact]) -> Files:
    """Return any mapping of paths to facts as columns."""
    if isinstance(files, Files):
        return files
    gathered = Gathering()
    for path, fact in files.items():
        gathered.add(path, fact)
    return gathered.files()
