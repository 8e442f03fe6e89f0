"""Programs that the kernel lets write nowhere but where they are told to (Landlock, Linux 5.19).

A hostile repository may hold a link and then a file below it, and not every tool that restores it
looks where the link leads. With this nothing is written there, whatever the tool does.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeVar

__all__ = ["confined", "is_supported"]

T = TypeVar("T")

# linux/landlock.h; the numbers of the calls are the same on all machines but alpha
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_WRITE_FILE = 1 << 1
# write, remove and make anything; to move from another folder came with version 2, to cut with 3;
# version 1 forbids to move even within what is allowed, which tools do
_BY_VERSION = {2: _WRITE_FILE | 0x1FF0 | 1 << 13, 3: 1 << 14}
_NO_NEW_PRIVS = 38  # linux/prctl.h
_SINKS = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _handled() -> int:
    """Return what this kernel can forbid; 0 if it has no Landlock."""
    version = _libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    return sum(rights for since, rights in _BY_VERSION.items() if since <= version)


def is_supported() -> bool:
    """Tell whether this kernel keeps programs from writing elsewhere."""
    try:
        return bool(_handled())
    except (OSError, AttributeError):
        return False


def confined(start: Callable[[], T], writable: Iterable[str]) -> T:
    """Start something in a thread whose children can write below some folders only.

    Metadata is not forbidden: modes, owners and times. Where the kernel cannot do it, or a folder
    is gone, the thread is as free as any other.

    Parameters
    ----------
    start : callable
        Starts a program, and returns at once.
    writable : iterable of str
        Folders.

    Returns
    -------
    T
        What `start` returned.
    """
    if not is_supported():
        return start()
    answers: list[T] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            _restrict(writable)
            answers.append(start())
        except BaseException as error:  # noqa: BLE001 - handed over and raised by the caller
            problems.append(error)

    thread = threading.Thread(target=work, name="confined")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return answers[0]


def _restrict(writable: Iterable[str]) -> None:
    """Give the right to write up for good, in this thread and all that it starts."""
    handled = ctypes.c_uint64(_handled())
    rules = _called(_CREATE, ctypes.byref(handled), ctypes.c_size_t(8), ctypes.c_uint32(0))
    try:
        for path in writable:
            _allow(rules, path, handled.value)
        for path in _SINKS:
            _allow(rules, path, _WRITE_FILE)
        if _libc().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        _called(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = _Beneath(rights, parent)
        kind, none = ctypes.c_int(_PATH_BENEATH), ctypes.c_uint32(0)
        _called(_ADD, ctypes.c_int(rules), kind, ctypes.byref(rule), none)
    finally:
        os.close(parent)


def _called(number: int, *arguments: object) -> int:
    answer = int(_libc().syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
