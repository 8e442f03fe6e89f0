"""Waiting for a blocking call no longer than one likes."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any

__all__ = ["Worker"]

_Answer = tuple[Any, BaseException | None]
_Calls = queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[_Answer]] | None]


class Worker:
    """A thread that makes blocking calls, so that a caller can stop waiting for it.

    A thread stuck in the kernel cannot be ended; it is left behind as a daemon and replaced. Any
    other ends with the last reference to its worker.
    """

    def __init__(self) -> None:
        calls: _Calls = queue.SimpleQueue()
        self._calls = calls
        # the thread knows the queue, not the worker, which could not be given up otherwise
        threading.Thread(target=_serve, args=(calls,), daemon=True, name="host-call").start()
        weakref.finalize(self, calls.put, None)

    def ask(self, function: Callable[[], Any], timeout: float) -> _Answer:
        """Return the call's answer, or what it raised; `queue.Empty` if neither comes in time."""
        answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        self._calls.put((function, answers))
        return answers.get(timeout=timeout)

    def retire(self) -> None:
        """End the thread as soon as its present call returns, if ever."""
        self._calls.put(None)


def _serve(calls: _Calls) -> None:
    while (call := calls.get()) is not None:
        function, answers = call
        try:
            answers.put((function(), None))
        except BaseException as error:  # noqa: BLE001 - handed over and raised by the caller
            answers.put((None, error))
        del call, function, answers  # what was asked may hold who asks
