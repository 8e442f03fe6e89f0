"""The private folder that drills restore into: never in a location, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from riskmodel.errors import InputError
from verifier._leftovers import own_folder, removed
from verifier.apart import holder_of
from verifier.drills._model import Came, Closed

__all__ = [
    "TooLarge",
    "budget",
    "emptied",
    "is_full",
    "landed",
    "private_folder",
    "scratch_parent",
    "write_out",
]

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
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(own_folder("drill", parent))
        except OSError as error:
            reason = f"the scratch folder cannot be made in {parent}: {error.strerror}"
            raise Closed(reason) from error
        yield folder


def emptied(folder: str) -> str:
    """Return the same folder with nothing in it."""
    removed(folder)
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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
