"""Waiting for a blocking call no longer than one likes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Worker"]


class Worker:
    """A thread that makes blocking calls, so that a caller can stop waiting for it.

    A thread stuck in the kernel cannot be ended; it is left behind as a daemon and replaced.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]] | None]
        self._calls = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True, name="host-call").start()

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            function, answers = call
            try:
                answers.put((function(), None))
            except BaseException as error:  # noqa: BLE001 - handed over and raised by the caller
                answers.put((None, error))

    def ask(self, function: Callable[[], Any], timeout: float) -> tuple[Any, BaseException | None]:
        """Return the call's answer, or what it raised; `queue.Empty` if neither comes in time."""
        answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._calls.put((function, answers))
        return answers.get(timeout=timeout)

    def retire(self) -> None:
        """End the thread as soon as its present call returns, if ever."""
        self._calls.put(None)
