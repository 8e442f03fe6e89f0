"""Workers: where chunks of trials are run."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self

from riskmodel._run import Sums, Task, run_task

__all__ = ["Pool", "Threads"]


class Pool(Protocol):
    """Open workers; leaving the context takes back what was not started."""

    task_seconds: float

    def __enter__(self) -> Self:
        """Start the workers."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take back what was not started."""

    def slots(self) -> int:
        """Return how many tasks can run at the same time, >= 1."""

    def submit(self, task: Task) -> Any:
        """Hand a task to a worker and return what ``result`` takes."""

    def result(self, future: Any) -> tuple[float, list[Sums]]:
        """Wait for a task and return what ``run_task`` returned."""


class Threads:
    """Threads of this process: kernels let go of the GIL."""

    task_seconds = 0.0

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or os.cpu_count() or 1

    def __enter__(self) -> Self:
        self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="riskmodel")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def slots(self) -> int:
        return self._threads

    def submit(self, task: Task) -> Future[tuple[float, list[Sums]]]:
        return self._executor.submit(run_task, task)

    def result(self, future: Future[tuple[float, list[Sums]]]) -> tuple[float, list[Sums]]:
        return future.result()
