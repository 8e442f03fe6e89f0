"""Trees of many folders listed by several processes, as one of Python takes most of its own time.

They list single folders; which are left is known here only. A folder that does not answer costs
the process that asked, and a new one goes on with the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from verifier._lister import FRAME, framed
from verifier.access import AccessError, Missing, TimedOut, Unreadable
from verifier.walking import Columns, Part

if TYPE_CHECKING:
    from subprocess import Popen

__all__ = ["listed_together"]

_LOOK_S = 0.2
_START_S = 30.0  # an interpreter that starts beside other work
_PATIENCE_S = 0.5
_FOLDERS = 64  # asked of one at once: enough that nobody waits, few enough that all end together
_PIPE_BYTES = 1 << 18
_KINDS: dict[str, type[AccessError]] = {kind.word: kind for kind in (Missing, Unreadable)}


def listed_together(
    root: str,
    waiting: list[str],
    skip: Callable[[str], bool] | None,
    start: Callable[[], Popen[bytes]],
    listers: int,
    timeout: float,
    seconds: float,
    hangs: int,
) -> Iterator[Part[Columns]]:
    """List folders and all below them.

    Parameters
    ----------
    root : str
        Where the tree begins.
    waiting : list of str
        Folders by their path from there; none is the root.
    skip : callable or None
        Folders that are not looked into.
    start : callable
        Starts a listing process.
    listers : int
        How many.
    timeout, seconds : float
        Longest wait for a sign of life, and after which time a lister gives one. [s]
    hangs : int
        So many folders that do not answer end it.

    Yields
    ------
    Part
        A folder's come one after another.

    Raises
    ------
    AccessError
        At the last of `hangs`.
    """
    group = [_Lister(start(), root, seconds) for _ in range(listers)]
    held: _Lister | None = None  # one that is within a folder is heard until that is told
    try:
        while True:
            for lister in group:
                if not lister.folders and waiting:
                    lister.ask(_share(waiting, listers))
            busy = [lister for lister in group if lister.folders]
            if not busy:
                return
            listened = [held] if held else busy
            began = time.monotonic()
            told = select.select(listened, [], [], _LOOK_S)[0]
            passed = time.monotonic() - began  # of what is done with the parts nobody is to blame
            for lister in listened:
                if lister not in told:
                    lister.waited += passed
                elif not lister.hear():
                    lister.waited = float("inf")
                for part, below in lister.parts():
                    waiting += sorted(below if skip is None else _kept(below, skip), reverse=True)
                    held = None if part.ended else lister
                    yield part
                if lister.waited > (timeout if lister.ready else _START_S):
                    hung, *left = lister.folders
                    waiting += reversed(left)
                    held, hangs = None, hangs - 1
                    problem = _silence(f"{root}/{hung}", lister, timeout)
                    lister.end()
                    if not hangs:
                        raise problem
                    yield Part(hung, Columns(), ended=True, problem=problem)
                    group[group.index(lister)] = _Lister(start(), root, seconds)
                elif held:
                    break
    finally:
        for lister in group:
            lister.end()


def _share(waiting: list[str], listers: int) -> list[str]:
    """Take folders from the end, never so many that others have nothing to do."""
    most = min(_FOLDERS, -(-len(waiting) // (2 * listers)))
    share = waiting[: -most - 1 : -1]
    del waiting[-most:]
    return share


def _kept(below: list[str], skip: Callable[[str], bool]) -> list[str]:
    return [folder for folder in below if not skip(folder)]


def _silence(path: str, lister: _Lister, timeout: float) -> AccessError:
    if lister.waited == float("inf"):
        return Unreadable(path, "what listed it ended")
    return TimedOut(path, f"no answer within {timeout:g} s")


class _Lister:
    """A process, what it was asked, and for how many seconds it was listened to in vain."""

    def __init__(self, process: Popen[bytes], root: str, seconds: float) -> None:
        self.folders: list[str] = []
        self.waited = 0.0
        self.ready = False
        self._process, self._heard = process, bytearray()
        self._say((root, seconds))

    def fileno(self) -> int:
        assert self._process.stdout is not None  # noqa: S101 - it was started with pipes
        return self._process.stdout.fileno()

    def ask(self, folders: list[str]) -> None:
        """Let folders be listed; those before must be done."""
        self.folders = folders
        self._say(folders)

    def hear(self) -> bool:
        """Take what it says; False if it has ended."""
        said = os.read(self.fileno(), _PIPE_BYTES)
        self._heard += said
        self.waited = 0.0
        return bool(said)

    def parts(self) -> Iterator[tuple[Part[Columns], list[str]]]:
        """Yield what was heard in full, and with the last of a folder the folders below it."""
        start = 0
        while len(self._heard) >= start + FRAME.size:
            end = start + FRAME.size + FRAME.unpack_from(self._heard, start)[0]
            if len(self._heard) < end:
                break
            message = json.loads(self._heard[start + FRAME.size : end])
            start = end
            if message is None:
                self.ready = True
                continue
            part, below = _understood(self.folders[0], message)
            if part.ended:
                self.folders = self.folders[1:]
            yield part, below
        del self._heard[:start]

    def end(self) -> None:
        """Stop it, in the middle of a folder if need be."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        with contextlib.suppress(Exception):  # one stuck in the kernel is not waited for
            self._process.wait(_PATIENCE_S)

    def _say(self, message: Any) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was started with pipes
        with contextlib.suppress(BrokenPipeError):  # it ended, which its other pipe tells too
            self._process.stdin.write(framed(message))


def _understood(folder: str, message: Any) -> tuple[Part[Columns], list[str]]:
    columns, links, specials, problems, ended, broken, below = message
    names, size, mtime, ctime, dev, ino, hollow = columns
    count, linked = links
    told = [(name, _problem(*reason)) for name, *reason in problems]
    met = Columns(names, size, mtime, ctime, dev, ino, hollow, count, specials, told, linked)
    return Part(folder, met, ended, broken and _problem(*broken)), below


def _problem(word: str, path: str, reason: str, damage: bool) -> AccessError:
    return _KINDS[word](path, reason, damage=damage)
