"""Those who read files for `hashing`: a thread for few, processes for many."""

from __future__ import annotations

import contextlib
import mmap
import os
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from verifier._hasher import BOARD_BYTES, READY, Board, work

if TYPE_CHECKING:
    from subprocess import Popen

__all__ = ["ProcessReader", "Reader", "ThreadReader"]

_PATIENCE_S = 0.5


class Reader(Protocol):
    """One who does jobs on a board, in the order in which they are given."""

    board: Board

    def fileno(self) -> int:
        """Return what becomes readable when a job is done: a byte for each, its slot."""

    def give(self, slot: int) -> None:
        """Let a job be done that is on the board."""

    def end(self) -> None:
        """Stop, in the middle of a read if need be."""


class ThreadReader:
    """A thread of this process; one that hangs in the kernel is left behind."""

    def __init__(self) -> None:
        self.board = Board(bytearray(BOARD_BYTES))
        self._jobs: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._told, self._tell = os.pipe()
        os.write(self._tell, READY)
        threading.Thread(target=self._serve, daemon=True, name="hasher").start()

    def fileno(self) -> int:
        return self._told

    def give(self, slot: int) -> None:
        self._jobs.put(slot)

    def end(self) -> None:
        self._ended.set()
        self._jobs.put(None)
        os.close(self._told)

    def _serve(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            while (slot := self._jobs.get()) is not None and not self._ended.is_set():
                work(self.board, slot, self._ended.is_set)
                os.write(self._tell, bytes([slot]))
        os.close(self._tell)


class ProcessReader:
    """A process of its own, which is killed if it hangs.

    Parameters
    ----------
    start : callable
        Starts it with a shared descriptor.
    """

    def __init__(self, start: Callable[[int], Popen[bytes]]) -> None:
        shared = os.memfd_create("threetwoone-board", os.MFD_CLOEXEC)
        try:
            os.ftruncate(shared, BOARD_BYTES)
            self.board = Board(mmap.mmap(shared, BOARD_BYTES))
            self._process = start(shared)
        finally:
            os.close(shared)

    def fileno(self) -> int:
        assert self._process.stdout is not None  # noqa: S101 - it was started with pipes
        return self._process.stdout.fileno()

    def give(self, slot: int) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was started with pipes
        with contextlib.suppress(BrokenPipeError):  # it ended, which its other pipe tells too
            self._process.stdin.write(bytes([slot]))

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        with contextlib.suppress(Exception):  # one stuck in the kernel is not waited for
            self._process.wait(_PATIENCE_S)
