"""The private folder that drills restore into: never in a location, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from riskmodel.errors import InputError
from verifier.apart import holder_of
from verifier.drills._model import Came, Closed

__all__ = [
    "TooLarge",
    "budget",
    "emptied",
    "ended_by_signals",
    "is_full",
    "landed",
    "private_folder",
    "scratch_parent",
    "write_out",
]

_TERMINATED = 143
_NEARLY_FULL = 1 << 16


class TooLarge(ValueError):
    """A file goes on beyond the size that was promised for it."""


def scratch_parent(wanted: str | None, kept: Iterable[str]) -> str:
    """Return the folder that scratch folders are made in.

    Parameters
    ----------
    wanted : str or None
        What the user said; the system's folder for temporary files unless given.
    kept : iterable of str
        Paths of the source and of all locations, which are never written to.

    Raises
    ------
    InputError
        If it is no folder, or lies in one of these, also by way of a link or a bind mount.
    """
    parent = Path(wanted or tempfile.gettempdir()).expanduser()
    if not parent.is_dir():
        raise InputError(f"--scratch: {parent}: no such folder")
    parent = parent.resolve()
    if (held := holder_of(parent, kept)) is not None:
        message = f"--scratch: {parent} lies in {held}, and nothing is written there"
        raise InputError(f"{message}; name another folder")
    return str(parent)


@contextmanager
def private_folder(parent: str) -> Iterator[str]:
    """Make a folder for one drill, which nobody else can look into, and remove it in the end."""
    try:
        folder = tempfile.mkdtemp(prefix="verifier-drill-", dir=parent)
    except OSError as error:
        raise Closed(f"the scratch folder cannot be made in {parent}: {error.strerror}") from error
    try:
        yield folder
    finally:
        with _undisturbed():
            _remove(folder)


def emptied(folder: str) -> str:
    """Return the same folder with nothing in it."""
    _remove(folder)
    Path(folder).mkdir(mode=0o700, parents=True)
    return folder


def budget(folder: str) -> int:
    """Return how many bytes may be restored at once: half of what is free."""
    return shutil.disk_usage(folder).free // 2


def is_full(folder: str) -> bool:
    """Tell whether a file system has no room for another file."""
    return shutil.disk_usage(folder).free < _NEARLY_FULL


def landed(places: dict[str, str], *, metadata: bool = True) -> dict[str, Came]:
    """Look which files came back, by path in the point, and with which metadata."""
    came: dict[str, Came] = {}
    for path, place in places.items():
        try:
            facts = os.lstat(place)
        except OSError:
            continue
        if stat.S_ISLNK(facts.st_mode):
            came[path] = Came(place, link=os.readlink(place))  # noqa: PTH115 - bytes as they are
        elif stat.S_ISREG(facts.st_mode):
            mode = stat.S_IMODE(facts.st_mode) if metadata else None
            came[path] = Came(place, mode, facts.st_mtime_ns if metadata else None)
            if not facts.st_mode & stat.S_IRUSR:
                Path(place).chmod(0o600)  # it is ours, and has to be read
    return came


def write_out(place: str, chunks: Iterable[bytes], size: int) -> None:
    """Write a file of the scratch folder, and no more than its promised size.

    Raises
    ------
    TooLarge
        If there is more.
    """
    left = size
    with open(place, "xb", opener=_private) as file:
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise TooLarge(f"goes on after its {size} bytes")
            file.write(chunk)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the program the way Ctrl-C does, so that folders are removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(_TERMINATED)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C interrupt the removal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before: dict[Any, Any] = {n: signal.signal(n, signal.SIG_IGN) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _remove(folder: str) -> None:
    """Remove a tree, also with folders that were restored as closed ones."""
    if not Path(folder).exists():
        return
    for above, folders, _ in os.walk(folder):
        for name in folders:
            with suppress(OSError):
                inner = Path(above, name)
                if not inner.is_symlink():
                    inner.chmod(0o700)
    shutil.rmtree(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
