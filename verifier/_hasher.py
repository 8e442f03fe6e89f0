"""The inner loop of reading: files opened from their folder, hashed, and noted on a board.

It runs in a thread, or as a program of its own (``python -m verifier._hasher``), which the lock of
the interpreter cannot hold up and which can be killed when a read hangs. Both are given jobs on a
board, a piece of memory that reader and asker share: so whatever was read by then is there also
after a kill, and nobody ever waits for a pipe that is full.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from collections.abc import Callable
from typing import Any

from verifier.walking import open_quietly

__all__ = [
    "BOARD_BYTES",
    "HEAD",
    "JOB_FILES",
    "JOB_TEXT",
    "READY",
    "RECORD",
    "SLOTS",
    "Board",
    "work",
]

SLOTS = 2  # one job is read while the next waits
JOB_FILES = 4096
JOB_TEXT = 1 << 20  # bytes of names in one job; one path has 4 KiB at most
RECORD = struct.Struct("<qqq32s")  # error number or 0, size, modification time [ns], digest
HEAD = struct.Struct("<QQQ")  # files done, bytes read, length of the job's text
_SLOT_BYTES = HEAD.size + JOB_TEXT + JOB_FILES * RECORD.size
BOARD_BYTES = SLOTS * _SLOT_BYTES
READY = b"\xff"
_PIECE = 1 << 18
_EMPTY = bytes(32)
_UNFIT = errno.EISDIR  # what is no regular file any more
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
_NOATIME = getattr(os, "O_NOATIME", 0)


class Board:
    """The shared memory, slot by slot.

    Parameters
    ----------
    memory : writable buffer
        At least `BOARD_BYTES`, zeros at the start.
    """

    def __init__(self, memory: Any) -> None:
        self._memory = memoryview(memory).cast("B")

    def put(self, slot: int, text: bytes) -> None:
        """Write a job: for each folder its path, how many names, and the names, between zeros."""
        start = slot * _SLOT_BYTES
        HEAD.pack_into(self._memory, start, 0, 0, len(text))
        self._memory[start + HEAD.size : start + HEAD.size + len(text)] = text

    def done(self, slot: int) -> tuple[int, int]:
        """Return how many files of a job are done, and how many bytes were read for it."""
        files, count, _ = HEAD.unpack_from(self._memory, slot * _SLOT_BYTES)
        return files, count

    def text(self, slot: int) -> bytes:
        """Return the job."""
        start = slot * _SLOT_BYTES
        length = HEAD.unpack_from(self._memory, start)[2]
        return bytes(self._memory[start + HEAD.size : start + HEAD.size + length])

    def heads(self, slot: int) -> memoryview:
        """Return files done and bytes read as two numbers that can be set."""
        start = slot * _SLOT_BYTES
        return self._memory[start : start + 16].cast("Q")

    def records(self, slot: int) -> memoryview:
        """Return the space of the records."""
        start = slot * _SLOT_BYTES + HEAD.size + JOB_TEXT
        return self._memory[start : start + JOB_FILES * RECORD.size]


def work(board: Board, slot: int, given_up: Callable[[], bool] = lambda: False) -> None:
    """Read the files of one job and note a record of each."""
    from blake3 import blake3

    fields = iter(board.text(slot).split(b"\0"))
    heads, records = board.heads(slot), board.records(slot)
    view = memoryview(bytearray(_PIECE))
    done = 0
    for folder in fields:
        names = [next(fields) for _ in range(int(next(fields)))]
        try:
            where = _folder(folder)
        except OSError as error:
            for _ in names:
                RECORD.pack_into(records, done * RECORD.size, error.errno or -1, 0, 0, _EMPTY)
                done += 1
            heads[0] = done
            continue
        try:
            for name in names:
                if given_up():
                    return
                record = _read(name, where, view, heads, blake3)
                RECORD.pack_into(records, done * RECORD.size, *record)
                done += 1
                heads[0] = done
        finally:
            os.close(where)


def _folder(path: bytes) -> int:
    return open_quietly(os.fsdecode(path), os.O_DIRECTORY)


def _read(
    name: bytes, where: int, view: memoryview, heads: memoryview, start: Callable[..., Any]
) -> tuple[int, int, int, bytes]:
    """Hash one file; its size and time are those after the last byte was read."""
    try:
        descriptor = _opened(name, where)
    except OSError as error:
        return error.errno or -1, 0, 0, _EMPTY
    try:
        count = os.readv(descriptor, (view,))
        running = start(view[:count])
        heads[1] += count
        facts = os.fstat(descriptor)
        if count != facts.st_size or count == _PIECE:  # a file of which more may come
            while more := os.readv(descriptor, (view,)):
                running.update(view[:more])
                heads[1] += more
            facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return _UNFIT, 0, 0, _EMPTY
        return 0, facts.st_size, facts.st_mtime_ns, running.digest()
    except OSError as error:
        return error.errno or -1, 0, 0, _EMPTY
    finally:
        os.close(descriptor)


def _opened(name: bytes, where: int) -> int:
    try:
        return os.open(name, _FILE | _NOATIME, dir_fd=where)
    except PermissionError:  # the access time is the owner's to leave alone
        return os.open(name, _FILE, dir_fd=where)


def main() -> None:
    """Serve jobs: a byte in names a slot, the same byte out says that it is done."""
    import mmap

    board = Board(mmap.mmap(int(sys.argv[1]), BOARD_BYTES))
    asked, told = sys.stdin.fileno(), sys.stdout.fileno()
    import blake3  # noqa: F401 - loaded before the first job, whose time counts

    os.write(told, READY)
    while slot := os.read(asked, 1):
        work(board, slot[0])
        os.write(told, slot)


if __name__ == "__main__":
    main()
