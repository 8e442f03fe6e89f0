"""The inner loop of reading: files opened from their folder, hashed, and noted on a board.

It runs in a thread, or as a program of its own (``python -m verifier._hasher``), which the lock of
the interpreter cannot hold up and which can be killed when a read hangs. Both are given jobs on a
board, a piece of memory that reader and asker share: so whatever was read by then is there also
after a kill, and nobody ever waits for a pipe that is full.
"""

from __future__ import annotations

import errno
import gc
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from verifier._opening import NOATIME, open_quietly

__all__ = [
    "BOARD_BYTES",
    "COMPARED",
    "HASHED",
    "HEAD",
    "HELD",
    "JOB_FILES",
    "JOB_TEXT",
    "PIECE",
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
PIECE = 1 << 18
HELD = 1 << 20  # bytes of files that wait for their twins: few, so that caches keep them
HASHED, COMPARED = b"hash", b"compare"  # whether digests of equal twins are wanted
_EMPTY = bytes(32)
_NOTHING = (0, -1, -1, _EMPTY)  # of a twin of which nothing was kept
_UNFIT = errno.EISDIR  # what is no regular file any more
# from a page's first bytes to those just behind them the kernel copies at half the speed: writes
# seem to hit what is read next, as processors compare the last twelve bits of addresses
_CLEAR = 1024
_KIND, _REGULAR = stat.S_IFMT(0o177777), stat.S_IFREG
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW


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
        """Write a job, its parts between zeros.

        The first is `HASHED` or `COMPARED`. Then for each folder come its path, that of its twin or
        nothing, how many names, and the names.
        Where there is a twin they come once more, in the order in which it is read.
        """
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
    fields = iter(board.text(slot).split(b"\0"))
    desk = _Desk(board, slot, given_up, hashes=next(fields) == HASHED)
    for folder in fields:
        twin, count = next(fields), int(next(fields))
        desk.clear()
        if not desk.read(folder, islice(fields, count), desk.kept if twin else desk.plain):
            return
        if twin and not desk.read(twin, islice(fields, count), desk.compared):
            return


class _Desk:
    """Where the files of a job are laid beside each other.

    Bytes that are those of the twin have its digest, and comparing takes a tenth of hashing; where
    nobody keeps digests those of equal twins stay zeros.
    """

    def __init__(
        self, board: Board, slot: int, given_up: Callable[[], bool], *, hashes: bool
    ) -> None:
        from blake3 import blake3

        self._hash, self._given_up, self._hashes = blake3, given_up, hashes
        self._heads, self._records = board.heads(slot), board.records(slot)
        self._bytes = bytearray(_CLEAR + HELD + PIECE)
        self._view = memoryview(self._bytes)
        self._used = _CLEAR
        self._kept: dict[bytes, tuple[int, int, int, bytes]] = {}

    def clear(self) -> None:
        """Make room."""
        self._used = _CLEAR
        self._kept.clear()

    def read(
        self, folder: bytes, names: Iterator[bytes], digest: Callable[[bytes, memoryview], bytes]
    ) -> bool:
        """Read files of a folder and note their records; False when nobody waits for them."""
        heads, records, note, size = self._heads, self._records, RECORD.pack_into, RECORD.size
        try:
            where = open_quietly(os.fsdecode(folder), os.O_DIRECTORY)
        except OSError as error:
            for _ in names:
                note(records, heads[0] * size, error.errno or -1, 0, 0, _EMPTY)
                heads[0] += 1
            return True
        view, given_up, readv, fstat = self._view, self._given_up, os.readv, os.fstat
        done, at, room = heads[0], -1, view[:0]
        try:
            for name in names:
                if given_up():
                    return False
                if at != self._used:  # cutting it once more takes as long as looking at a file
                    at = self._used
                    room = view[at : at + PIECE]
                try:
                    descriptor = _opened(name, where)
                    try:
                        length = readv(descriptor, (room,))
                        heads[1] += length
                        facts = fstat(descriptor)
                        if length == facts.st_size and length != PIECE:
                            found = digest(name, room[:length])
                        else:
                            length, facts, found = self._read_on(descriptor, room, length)
                            self._hash_kept(name)
                    finally:
                        os.close(descriptor)
                    if facts.st_mode & _KIND == _REGULAR:
                        # not the size that it claims: a server may end a file too soon
                        note(records, done * size, 0, length, facts.st_mtime_ns, found)
                    else:
                        note(records, done * size, _UNFIT, 0, 0, _EMPTY)
                except OSError as error:
                    note(records, done * size, error.errno or -1, 0, 0, _EMPTY)
                done += 1
                heads[0] = done
        finally:
            os.close(where)
        return True

    def plain(self, name: bytes, read: memoryview) -> bytes:
        """Return the digest of what was just read."""
        return self._hash(read).digest()

    def kept(self, name: bytes, read: memoryview) -> bytes:
        """Keep what was just read for the twin, and return its digest if that is wanted."""
        start, end = self._used, self._used + len(read)
        if end > _CLEAR + HELD:
            return self._hash(read).digest()
        digest = self._hash(read).digest() if self._hashes else _EMPTY
        self._kept[name] = start, end, self._heads[0], digest
        self._used = end
        return digest

    def compared(self, name: bytes, read: memoryview) -> bytes:
        """Return the twin's digest if what was just read is the same, else its own."""
        start, end, _, digest = self._kept.get(name, _NOTHING)
        # memoryviews compare item by item, which takes ten times as long as hashing
        if end - start == len(read) and self._bytes.startswith(read, start):
            return digest
        self._hash_kept(name)
        return self._hash(read).digest()

    def _hash_kept(self, name: bytes) -> None:
        """Add the digest of what was kept of a twin, now that this one has a digest of its own."""
        start, end, record, _ = self._kept.get(name, _NOTHING)
        if record >= 0 and not self._hashes:
            at = record * RECORD.size + RECORD.size - len(_EMPTY)
            self._records[at : at + len(_EMPTY)] = self._hash(self._view[start:end]).digest()

    def _read_on(
        self, descriptor: int, room: memoryview, length: int
    ) -> tuple[int, os.stat_result, bytes]:
        """Hash a file of which more may come."""
        running = self._hash(room[:length])
        while more := os.readv(descriptor, (room,)):
            running.update(room[:more])
            self._heads[1] += more  # a sign of life, of large files the only one
            length += more
        return length, os.fstat(descriptor), running.digest()


def _opened(name: bytes, where: int) -> int:
    try:
        return os.open(name, _FILE | NOATIME, dir_fd=where)
    except PermissionError:  # the access time is the owner's to leave alone
        return os.open(name, _FILE, dir_fd=where)


def main() -> None:
    """Serve jobs: a byte in names a slot, the same byte out says that it is done."""
    import mmap

    board = Board(mmap.mmap(int(sys.argv[1]), BOARD_BYTES))
    asked, told = sys.stdin.fileno(), sys.stdout.fileno()
    import blake3  # noqa: F401 - loaded before the first job, whose time counts

    gc.disable()  # nothing here refers to itself
    os.write(told, READY)
    while slot := os.read(asked, 1):
        work(board, slot[0])
        os.write(told, slot)


if __name__ == "__main__":
    main()
