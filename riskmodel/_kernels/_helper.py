"""A second process for the first compile, where there is a core for it.

It is forked, so that it begins with all that is imported and typed here, and it compiles what it
is told to while this process compiles the rest. Its answer comes through a pipe. That it may fail
(no memory, killed, stuck in a lock that another thread held at the fork) is part of the plan: then
`Failed` is raised and the caller does the work itself.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

__all__ = ["Failed", "Helper"]

_PATIENCE = 3.0  # times what this process took for its own part
_LEAST_PATIENCE = 15.0  # [s]
_PIECE = 1 << 20


class Failed(Exception):
    """The second process did not do its work."""


class Helper:
    """A forked process that makes bytes."""

    def __init__(self, process: int, answer: int) -> None:
        self._process = process
        self._answer = answer
        self._began = time.monotonic()
        atexit.register(self._kill)

    @classmethod
    def start(cls, work: Callable[[], bytes]) -> Helper | None:
        """Start one, unless this machine has one core or cannot fork."""
        # elsewhere than on Linux system libraries do not bear to be forked
        if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
            return None
        answer, question = os.pipe()
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of threads: those of here wait for this compilation
                warnings.simplefilter("ignore", DeprecationWarning)
                process = os.fork()
        except OSError:
            os.close(answer)
            os.close(question)
            return None
        if process == 0:
            _be_helper(work, question)
        os.close(question)
        return cls(process, answer)

    def result(self) -> bytes:
        """Wait for the answer; raise `Failed` if there will be none."""
        now = time.monotonic()
        until = now + max(_PATIENCE * (now - self._began), _LEAST_PATIENCE)
        pieces = []
        try:
            while piece := self._read(until):
                pieces.append(piece)
        finally:
            self._kill()
        if not pieces or pieces[-1][-len(_END) :] != _END:
            raise Failed
        return b"".join(pieces)[: -len(_END)]

    def _read(self, until: float) -> bytes:
        ready, _, _ = select.select([self._answer], [], [], max(until - time.monotonic(), 0.0))
        return os.read(self._answer, _PIECE) if ready else b""

    def _kill(self) -> None:
        """End the process; it has no more to do, or nobody waits for it."""
        atexit.unregister(self._kill)
        os.close(self._answer)
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)


_END = b"that is all"  # a process that is killed leaves half an answer


def _be_helper(work: Callable[[], bytes], question: int) -> NoReturn:
    """Do the work and end, whatever happens: this process must never go on as its parent."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the first process ends it
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        with open(question, "wb") as pipe:
            pipe.write(work() + _END)
    finally:
        os._exit(0)
