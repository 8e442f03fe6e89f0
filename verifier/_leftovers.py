"""Private folders that are gone afterwards; what a killed process left of them is found later."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["cleared", "own_folder", "removed"]

_NAME = re.compile(r"verifier-(drill|rclone|run)-[a-z0-9_]{8}")  # eight as `mkdtemp` draws them
# no folder is taken for one of these by its name alone: somebody may have named theirs so
_MARK = ".made-by-verifier"
_MARKED = "a private folder of the command verifier, which may be removed while nobody locks it\n"


@contextmanager
def own_folder(kind: str, parent: str | None = None) -> Iterator[str]:
    """Make a folder that nobody else can look into, and remove it in the end.

    Its lock ends with the process, however that ends: `cleared` tells by it what is in use.

    Parameters
    ----------
    kind : {"drill", "rclone", "run"}
        What it is for, a part of its name.
    parent : str, optional
        Where; the system's folder for temporary files unless given.

    Yields
    ------
    str
        Its path.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    folder = tempfile.mkdtemp(prefix=f"verifier-{kind}-", dir=parent)
    descriptor = -1
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(folder, _MARK).write_text(_MARKED, encoding="ascii")
        yield folder
    finally:
        with _undisturbed():
            try:
                removed(folder)
            finally:  # not before: another process would take the folder away from below us
                if descriptor >= 0:
                    os.close(descriptor)


def cleared(parent: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove what killed processes of this user left behind in a folder.

    Parameters
    ----------
    parent : str, optional
        As for `own_folder`.

    Returns
    -------
    tuple of two tuples of str
        What was removed, and what could not be.
    """
    gone: list[str] = []
    left: list[str] = []
    try:
        with os.scandir(parent or tempfile.gettempdir()) as listed:
            found = sorted(one.path for one in listed if _NAME.fullmatch(one.name))
    except OSError:
        return (), ()
    for folder in found:
        with suppress(OSError):
            if not _is_ours(folder):
                continue
            with _ours_alone(folder) as free:
                if not free:
                    continue
                with suppress(OSError):
                    removed(folder)
                (left if Path(folder).exists() else gone).append(folder)
    return tuple(gone), tuple(left)


def removed(folder: str) -> None:
    """Remove a tree, also with folders that were restored as closed ones."""
    if not Path(folder).exists():
        return
    for above, folders, _ in os.walk(folder):
        for name in folders:
            with suppress(OSError):
                inner = Path(above, name)
                if not inner.is_symlink():
                    inner.chmod(0o700)
    for inner in Path(folder).iterdir():  # the mark goes last, for who is killed here too
        if inner.is_dir() and not inner.is_symlink():
            shutil.rmtree(inner)
        elif inner.name != _MARK:
            inner.unlink()
    shutil.rmtree(folder)


def _is_ours(folder: str) -> bool:
    """Tell whether a folder is one of ours and of this user."""
    facts = os.lstat(folder)
    private = stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == stat.S_IRWXU
    if not private or facts.st_uid != os.geteuid():
        return False
    descriptor = os.open(f"{folder}/{_MARK}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as mark:
        return mark.read(1000) == _MARKED.encode("ascii")


@contextmanager
def _ours_alone(folder: str) -> Iterator[bool]:
    """Lock it; false if a process works in it or removes it now, or nobody can tell."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            free = False
        else:
            free = Path(folder).exists()  # or another has removed it meanwhile
        yield free
    finally:
        os.close(descriptor)


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
