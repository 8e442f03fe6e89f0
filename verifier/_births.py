"""When files came to be, on the word of the file system: Python tells it from 3.15 on only."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from functools import cache
from typing import Any

__all__ = ["births"]

_AT_FDCWD = -100
_NOFOLLOW_NO_AUTOMOUNT = 0x100 | 0x800
_BTIME = 0x800  # STATX_BTIME, as a wish and in the answer's mask
_SECOND_NS = 1_000_000_000


class _Statx(ctypes.Structure):
    """The part of Linux's ``struct statx`` (include/uapi/linux/stat.h) that is wanted here."""

    _fields_ = (
        ("mask", ctypes.c_uint32),
        ("before", ctypes.c_uint8 * 76),
        ("born_seconds", ctypes.c_int64),
        ("born_ns", ctypes.c_uint32),
        ("after", ctypes.c_uint8 * 164),
    )


@cache
def _call() -> Any:
    """Return the C library's statx; None if it has none."""
    try:
        found = ctypes.CDLL(None).statx
    except (AttributeError, OSError):
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint,
                      ctypes.POINTER(_Statx))  # fmt: skip
    found.restype = ctypes.c_int
    return found


def births(paths: Iterable[str]) -> list[int]:
    """Return for each path when it was made [ns since 1970]; 0 where nothing tells.

    Links are not followed. What went meanwhile, or cannot be looked at, was made at no known time.
    """
    call, found = _call(), []
    answer = _Statx()
    for path in paths:
        failed = call is None or call(
            _AT_FDCWD, os.fsencode(path), _NOFOLLOW_NO_AUTOMOUNT, _BTIME, ctypes.byref(answer)
        )
        known = not failed and answer.mask & _BTIME and answer.born_seconds > 0
        found.append(answer.born_seconds * _SECOND_NS + answer.born_ns if known else 0)
    return found
