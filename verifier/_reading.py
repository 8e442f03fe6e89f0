"""Single system calls of the host: opening, reading and listing, and what their errors mean."""

from __future__ import annotations

import errno
import io
import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

from verifier.access import AccessError, Missing, Stat, Unreadable

__all__ = ["GuardedFile", "Met", "met_next", "open_quietly", "translated"]

Met = tuple[str, Stat | None, OSError | None]

SLICE_NAMES = 4096
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO})


class GuardedFile(io.RawIOBase):
    """A file whose every read waits no longer than the host's timeout."""

    def __init__(self, within: Callable[[Callable[[], bytes]], bytes], descriptor: int) -> None:
        self._within = within
        self._descriptor = descriptor

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        data = self._within(lambda: os.read(self._descriptor, wanted))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def translated(path: str, error: OSError | None) -> AccessError:
    """Say in the words of `AccessError` why the system gave no answer."""
    if error is None:
        return Unreadable(path, "no answer")
    reason = error.strerror or str(error)
    if error.errno in _GONE:
        return Missing(path, reason)
    return Unreadable(path, reason, damage=error.errno in {errno.EIO, errno.EUCLEAN})


def open_quietly(path: str) -> int:
    """Open read-only and leave the access time alone where the owner lets us."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY
    try:
        return os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        return os.open(path, flags)


def met_next(entries: Iterator[os.DirEntry[str]]) -> list[Met]:
    """Look at the next names of a directory; nothing is left when the answer is empty."""
    found: list[Met] = []
    for entry in itertools.islice(entries, SLICE_NAMES):
        try:
            found.append((entry.name, Stat.of(entry.stat(follow_symlinks=False)), None))
        except OSError as error:
            found.append((entry.name, None, error))
    return found
