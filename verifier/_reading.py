"""Reads that wait no longer than a timeout, and what the errors of the system mean."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from typing import Any

from verifier.access import AccessError, Missing, Unreadable

__all__ = ["GuardedFile", "translated"]

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
