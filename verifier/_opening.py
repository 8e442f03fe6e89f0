"""Opening without a trace; it needs nothing else, so that a reading process starts quickly."""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["NOATIME", "open_quietly", "open_regular"]

NOATIME = getattr(os, "O_NOATIME", 0)
_PATH_BYTES = 4000  # the kernel takes 4,095
_QUIET = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY


def open_quietly(path: str, flags: int = 0) -> int:
    """Open read-only, with paths of any length, and leave the access time alone where allowed."""
    flags |= _QUIET
    try:
        return _open_any_length(path, flags | NOATIME)
    except PermissionError:
        return _open_any_length(path, flags)


def open_regular(path: str) -> int:
    """Open a regular file; what is none is refused untouched: pipes hang, and some devices act.

    Raises
    ------
    OSError
        Also if it is no regular file.
    """
    place = _open_any_length(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _require_regular(place)
    finally:
        os.close(place)
    descriptor = open_quietly(path, os.O_NONBLOCK)  # something else may have taken its place
    try:
        _require_regular(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")


def _open_any_length(path: str, flags: int) -> int:
    if len(path) < _PATH_BYTES // 4 or len(os.fsencode(path)) < _PATH_BYTES:
        return os.open(path, flags)
    base: int | None = None
    rest = path
    try:
        while len(os.fsencode(rest)) >= _PATH_BYTES:
            cut = rest.rfind("/", 1, _PATH_BYTES // 4)
            if cut < 0:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            further = os.open(rest[:cut], os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=base)
            if base is not None:
                os.close(base)
            base, rest = further, rest[cut:].lstrip("/")
        return os.open(rest, flags, dir_fd=base)
    finally:
        if base is not None:
            os.close(base)
