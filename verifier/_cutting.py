"""Trees cut into jobs for those who read them: in the order of the disk, twins side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from verifier._hasher import COMPARED, HASHED, HELD, JOB_FILES, JOB_TEXT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.files import Rows
    from verifier.hashing import Tree

__all__ = ["Job", "cut"]

_JOB_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """What one reader is asked at once: rows record by record, and the text for the board.

    A job without text cannot be asked of anybody: the path of its folder is too long.
    """

    tree: int
    rows: Rows
    of_twin: NDArray[np.bool_]
    text: bytes
    at: int = field(default_factory=time.time_ns)

    def without(self, done: int, stopped: list[bool]) -> Job | None:
        """Return the job without what is done and without those that hang; None if it is empty.

        Of twins one of which hangs the other is read alone.
        """
        if not stopped and not done:
            return self
        import numpy as np

        wanted = np.arange(len(self.rows)) >= done
        for side in stopped:
            wanted &= self.of_twin != side
        if not wanted.any():
            return None
        text = _told_again(self.text, wanted.tolist())
        return Job(self.tree, self.rows[wanted], self.of_twin[wanted], text)


def _told_again(text: bytes, wanted: list[bool]) -> bytes:
    """Return the text for some of its records, those of twins apart."""
    fields, at = iter(text.split(b"\0")), 0
    told = [next(fields)]
    for folder in fields:
        twin, count = next(fields), int(next(fields))
        for path in (folder, twin) if twin else (folder,):
            names = list(islice(fields, count))
            names = [name for name, is_wanted in zip(names, wanted[at:], strict=False) if is_wanted]
            at += count
            if names:
                told += [path, b"", b"%d" % len(names), *names]
    return b"\0".join(told)


def cut(number: int, tree: Tree) -> Iterator[Job]:
    """Cut a tree into jobs.

    Folders come by their first inode, in each the files by theirs: on most file systems that is
    nearly the order of the bytes on the disk, and each folder is opened once. Of twins so many come
    together as a reader can hold, then their twins in an order of their own.
    """
    import numpy as np

    draft = _Draft(number, HASHED if tree.digests else COMPARED)
    sides = 2 if tree.twin else 1
    order, starts = tree.files.folder_rows()
    size = tree.files.column("size")
    for folder, rows, twins in _by_folder(tree):
        paths = [_path(root, order[folder]) for root in tree.roots]
        if max(map(len, paths)) > JOB_TEXT // 8:
            both = np.concatenate([rows, twins])
            yield Job(number, both, np.arange(len(both)) >= len(rows), b"")
            continue
        names, offset = tree.files.names(folder), starts[folder]
        begin, ends = 0, np.cumsum(size[rows])
        while begin < len(rows):
            # so many that names fit, and bytes are few enough to report in time
            most = min((JOB_FILES - draft.records) // sides, max(JOB_FILES // 8, 1))
            before = int(ends[begin - 1]) if begin else 0
            limit = before + (HELD if tree.twin else _JOB_BYTES)
            end = min(begin + most, int(np.searchsorted(ends, limit, side="right")))
            end = max(end, begin + 1)
            chosen = [names[row - offset] for row in rows[begin:end].tolist()]
            draft.add(paths, chosen, rows[begin:end], int(ends[end - 1]) - before)
            if tree.twin:
                inode = tree.twin.files.column("ino")[twins[begin:end]]
                sorting = np.argsort(inode, kind="stable")
                again = [chosen[place] for place in sorting.tolist()]
                draft.add_twins(again, twins[begin:end][sorting], int(ends[end - 1]) - before)
            begin = end
            if draft.records > JOB_FILES - sides or draft.is_full:
                yield draft.finished()
    if draft.records:
        yield draft.finished()


def _by_folder(tree: Tree) -> Iterator[tuple[int, Rows, Rows]]:
    """Yield the wanted rows folder by folder, and their twins in the same order.

    Only of folders there are arrays here while others read: of all rows they were most of an audit.
    """
    import numpy as np

    if not len(tree.rows):
        return
    inode = tree.files.column("ino")
    rows, twins = tree.rows, tree.twin.rows if tree.twin else tree.rows[:0]
    if (rows[1:] < rows[:-1]).any():
        ascending = np.argsort(rows, kind="stable")
        rows, twins = rows[ascending], twins[ascending] if tree.twin else twins
    bounds = np.searchsorted(rows, np.asarray(tree.files.folder_rows()[1]))
    held = np.flatnonzero(bounds[1:] > bounds[:-1])
    first = np.minimum.reduceat(inode[rows], bounds[held])
    for folder in held[np.argsort(first, kind="stable")].tolist():
        some = slice(int(bounds[folder]), int(bounds[folder + 1]))
        sorting = np.argsort(inode[rows[some]], kind="stable")
        yield folder, rows[some][sorting], twins[some][sorting] if tree.twin else twins


def _path(root: str, folder: str) -> bytes:
    return os.fsencode(f"{root.rstrip('/')}/{folder}".rstrip("/") or "/")


class _Draft:
    """A job that grows."""

    def __init__(self, tree: int, wanted: bytes) -> None:
        self._tree, self._wanted = tree, wanted
        self._begin()

    def _begin(self) -> None:
        self._fields = [self._wanted]
        self._rows: list[Rows] = []
        self._of_twin: list[bool] = []
        self._length = self._weight = 0

    @property
    def records(self) -> int:
        return len(self._of_twin)

    @property
    def is_full(self) -> bool:
        return self._length > JOB_TEXT // 4 or self._weight >= _JOB_BYTES

    def add(self, paths: list[bytes], names: list[bytes], rows: Rows, weight: int) -> None:
        """Add files of a folder; with two paths their twins must follow."""
        folder, *twin = paths
        self._add([folder, *(twin or [b""]), b"%d" % len(names), *names], rows, weight)
        self._of_twin += [False] * len(names)

    def add_twins(self, names: list[bytes], rows: Rows, weight: int) -> None:
        self._add(names, rows, weight)
        self._of_twin += [True] * len(names)

    def _add(self, fields: list[bytes], rows: Rows, weight: int) -> None:
        self._fields += fields
        self._rows.append(rows)
        self._length += sum(map(len, fields)) + len(fields)
        self._weight += weight

    def finished(self) -> Job:
        """Return the job and begin the next."""
        import numpy as np

        of_twin = np.array(self._of_twin, np.bool_)
        job = Job(self._tree, np.concatenate(self._rows), of_twin, b"\0".join(self._fields))
        self._begin()
        return job
