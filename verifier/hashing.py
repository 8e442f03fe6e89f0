"""Digests of the files of whole trees, at the speed of the machine.

A Python thread holds the interpreter's lock between any two calls of the system, so that threads
read many small files no faster than one does; processes do, and can be killed. They are started
for more than a few files. Each drive has readers of its own, so that a source and its copy on two
drives are read at the same time.
"""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from verifier._cutting import Job, cut
from verifier._hasher import READY, SLOTS
from verifier._readers import ProcessReader, Reader, ThreadReader
from verifier._reading import translated

if TYPE_CHECKING:
    from subprocess import Popen

    import numpy as np
    from numpy.typing import NDArray

    from verifier.files import Files, Rows

__all__ = ["Batch", "Failure", "Tree", "Twin", "failure_of", "hashed", "most_readers"]

_LOOK_S = 0.2
_START_S = 30.0  # an interpreter that starts beside other work
_FEW_FILES, _FEW_BYTES = 2_000, 64 << 20  # less is done before a process has started


@dataclass(frozen=True, slots=True)
class Twin:
    """Files to read beside those of a tree: the same paths below another root, row by row."""

    root: str
    files: Files
    rows: Rows


@dataclass(frozen=True, slots=True)
class Tree:
    """Files to read.

    Parameters
    ----------
    root : str
        Where the tree begins.
    files : Files
        What it holds.
    rows : array of int
        Which of them to read.
    lane : str
        Trees that lie on the same drives have the same; they share its readers.
    readers : int
        How many may read in this lane at the same time; 0 for as many as there are processors.
    twin : Twin, optional
        Its copy. Small files that are alike are hashed once for both.
    digests : bool
        Whether the digests of twins that are alike are wanted, which costs more than to compare.
    served : bool
        Whether a server or a daemon answers for the files, and may never: processes read them,
        since a thread that waits in the kernel would not let this process end.
    """

    root: str
    files: Files
    rows: Rows
    lane: str = ""
    readers: int = 2
    twin: Twin | None = None
    digests: bool = True
    served: bool = False

    @property
    def roots(self) -> tuple[str, ...]:
        """Where the tree and its twin begin."""
        return (self.root, self.twin.root) if self.twin else (self.root,)

    @property
    def bytes(self) -> int:
        """How much there is to read."""
        both = (self, self.twin) if self.twin else (self,)
        return sum(int(part.files.column("size")[part.rows].sum()) for part in both)


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of one tree, file by file.

    Parameters
    ----------
    tree : int
        Its number.
    rows : array of int
        Which files.
    error : array of int
        Error number of the system; 0 where all bytes were read.
    size, mtime : array of int
        How many bytes were read, and the time as it was after the last of them.
    digest : array of uint8, shape (rows, 32)
        BLAKE3; zeros of twins that are alike, if the tree does not want it.
    read_at : int
        No byte was read before. [ns since 1970]
    stopped_at : int
        The row at which a reader hung or ended; nothing more comes of this tree. Else -1.
    reason : str
        Why.
    of_twin : bool
        True if the rows are those of the tree's twin.
    """

    tree: int
    rows: Rows
    error: NDArray[np.int64]
    size: NDArray[np.int64]
    mtime: NDArray[np.int64]
    digest: NDArray[np.uint8]
    read_at: int
    stopped_at: int = -1
    reason: str = ""
    of_twin: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file could not be read; `damage` if its device says that it is broken."""

    reason: str
    damage: bool = False


def failure_of(error: int) -> Failure:
    """Say in words what an error number of a batch means."""
    problem = translated("", OSError(error, os.strerror(error)) if error > 0 else None)
    return Failure(problem.reason, problem.damage)


@dataclass(slots=True)
class _Busy:
    """A reader and what it has been given; `seen` is its last sign of life."""

    reader: Reader
    jobs: dict[int, Job] = field(default_factory=dict)
    ready: bool = False
    sign: tuple[int, ...] = ()
    seen: float = field(default_factory=time.monotonic)


def most_readers() -> int:
    """Return how many processes this machine reads with where the medium sets no limit."""
    return max(os.cpu_count() or 2, 2)


def hashed(
    trees: list[Tree], timeout: float, start: Callable[[int], Popen[bytes]]
) -> Iterator[Batch]:
    """Read files and yield their digests.

    Parameters
    ----------
    trees : list of Tree
        What to read.
    timeout : float
        Longest wait for one piece of a file. [s]
    start : callable
        Starts a reading process with a shared descriptor.

    Yields
    ------
    Batch
        In no order that could be relied on. When interrupted, what was read until then comes
        before the interruption is passed on.
    """
    lanes: dict[str, list[int]] = {}
    for number, tree in enumerate(trees):
        lanes.setdefault(tree.lane, []).append(number)
    count = sum(len(tree.rows) * (2 if tree.twin else 1) for tree in trees)
    size = sum(tree.bytes for tree in trees)
    few = count <= _FEW_FILES and size <= _FEW_BYTES and not any(tree.served for tree in trees)
    few = few or not hasattr(os, "memfd_create")
    pool = _Pool(trees, timeout, ThreadReader if few else lambda: ProcessReader(start))
    try:
        for numbers in lanes.values():
            most = max(trees[number].readers or most_readers() for number in numbers)
            pool.open(numbers, 1 if few else most)
        yield from pool.run()
    except KeyboardInterrupt:
        yield from pool.halfway()
        raise
    finally:
        pool.close()


class _Pool:
    """All readers of all lanes."""

    def __init__(self, trees: list[Tree], timeout: float, new: Callable[[], Reader]) -> None:
        self._trees, self._timeout, self._new = trees, timeout, new
        self._stopped: set[tuple[int, bool]] = set()
        self._lanes: list[tuple[Iterator[Job], list[_Busy]]] = []
        self._refused: list[Batch] = []

    def open(self, numbers: list[int], readers: int) -> None:
        """Start the readers of a lane."""
        jobs = (job for number in numbers for job in self._jobs(number))
        self._lanes.append((jobs, [_Busy(self._new()) for _ in range(readers)]))

    def close(self) -> None:
        for _, readers in self._lanes:
            for busy in readers:
                busy.reader.end()

    def run(self) -> Iterator[Batch]:
        while True:
            for jobs, readers in self._lanes:
                for busy in readers:
                    self._fill(busy, jobs)
            yield from self._refused
            self._refused.clear()
            working = [busy for _, readers in self._lanes for busy in readers if busy.jobs]
            if not working:
                return
            told = select.select([busy.reader for busy in working], [], [], _LOOK_S)[0]
            for busy in working:
                if busy.reader in told:
                    yield from self._finished(busy)
                elif self._hangs(busy):
                    limit = f"no answer within {self._timeout:g} s"
                    yield from self._given_up(busy, limit)

    def halfway(self) -> Iterator[Batch]:
        """Yield what is on the boards of jobs that are not done."""
        for _, readers in self._lanes:
            for busy in readers:
                for slot, job in busy.jobs.items():
                    yield from self._batches(busy, slot, job, busy.reader.board.done(slot)[0])

    def _fill(self, busy: _Busy, jobs: Iterator[Job]) -> None:
        while len(busy.jobs) < SLOTS and (job := next(jobs, None)) is not None:
            slot = next(slot for slot in range(SLOTS) if slot not in busy.jobs)
            busy.reader.board.put(slot, job.text)
            busy.jobs[slot] = job
            if len(busy.jobs) == 1:
                busy.seen = time.monotonic()
            busy.reader.give(slot)

    def _finished(self, busy: _Busy) -> Iterator[Batch]:
        slots = os.read(busy.reader.fileno(), 16)
        if not slots:
            yield from self._given_up(busy, "its reader ended")
            return
        busy.ready, busy.seen = True, time.monotonic()
        for slot in slots.replace(READY, b""):
            job = busy.jobs.pop(slot)
            yield from self._batches(busy, slot, job, len(job.rows))

    def _hangs(self, busy: _Busy) -> bool:
        slot = next(iter(busy.jobs))
        sign = (slot, *busy.reader.board.done(slot))
        now = time.monotonic()
        if sign != busy.sign:
            busy.sign, busy.seen = sign, now
        return now - busy.seen > (self._timeout if busy.ready else _START_S)

    def _given_up(self, busy: _Busy, reason: str) -> Iterator[Batch]:
        """Leave a reader that hangs, and the tree that it hangs in, and put a new one there."""
        slot, job = next(iter(busy.jobs.items()))
        done = busy.reader.board.done(slot)[0]
        yield from self._batches(busy, slot, job, done, reason)
        busy.reader.end()
        self._stopped.add((job.tree, bool(job.of_twin[min(done, len(job.rows) - 1)])))
        left = [self._left(job, done), *map(self._left, list(busy.jobs.values())[1:])]
        for _, readers in self._lanes:
            if busy in readers:
                readers[readers.index(busy)] = new = _Busy(self._new())
                for later, other in enumerate(other for other in left if other is not None):
                    new.reader.board.put(later, other.text)
                    new.jobs[later] = other
                    new.reader.give(later)

    def _left(self, job: Job, done: int = 0) -> Job | None:
        return job.without(done, self._hanging(job.tree))

    def _hanging(self, tree: int) -> list[bool]:
        return [of_twin for of_twin in (False, True) if (tree, of_twin) in self._stopped]

    def _batches(
        self, busy: _Busy, slot: int, job: Job, done: int, reason: str = ""
    ) -> Iterator[Batch]:
        """Yield what is on a board, that of a twin for itself; with a reason, where it ended."""
        import numpy as np

        layout = np.dtype([("error", "i8"), ("size", "i8"), ("mtime", "i8"), ("hash", "u1", 32)])
        found = np.frombuffer(busy.reader.board.records(slot), layout, done)
        last = min(done, len(job.rows) - 1)
        for of_twin in (False, True):
            mine = job.of_twin[:done] == of_twin
            broke_off = bool(reason) and bool(job.of_twin[last]) is of_twin
            if not (mine.any() or broke_off):
                continue
            error, size, mtime, digest = (found[name][mine] for name in layout.names or ())
            end = int(job.rows[last]) if broke_off else -1
            yield Batch(
                job.tree, job.rows[:done][mine], error, size, mtime, digest, job.at,
                end, reason if broke_off else "", of_twin,
            )  # fmt: skip

    def _jobs(self, number: int) -> Iterator[Job]:
        """Yield the jobs of a tree, of twins while one of them can be read."""
        for job in cut(number, self._trees[number]):
            if not job.text:
                self._refused += _refused(job)
            elif (left := self._left(job)) is not None:
                yield left
            elif self._trees[number].twin is None or self._hanging(number) == [False, True]:
                return


def _refused(job: Job) -> Iterator[Batch]:
    """Answer for files whose folder has a name that no job can hold."""
    import numpy as np

    for of_twin in (False, True):
        rows = job.rows[job.of_twin == of_twin]
        none = np.zeros(len(rows), np.int64)
        digest = np.zeros((len(rows), 32), np.uint8)
        if len(rows):
            error = none + errno.ENAMETOOLONG
            yield Batch(job.tree, rows, error, none, none, digest, job.at, of_twin=of_twin)
