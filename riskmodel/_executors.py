"""Workers: where chunks of trials are run. What they are changes the time, never the result."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, Self

from riskmodel._run import Sums, Task, run_task, software
from riskmodel.errors import InputError, WorkersLost

__all__ = [
    "Dask",
    "Lent",
    "Pool",
    "Processes",
    "Threads",
    "pool_of",
    "processes_of",
    "workers_lost",
]

_PROCESS_SECONDS = 0.05
_REMOTE_SECONDS = 0.5  # a task costs a cluster some milliseconds
_NEVER_BEGAN = (
    "the worker processes ended before they had done anything: a script that asks for processes "
    "has to do so under 'if __name__ == \"__main__\":', since each of them reads it afresh"
)


class Pool(Protocol):
    """Open workers; leaving the context takes back what was not started."""

    task_seconds: float

    def __enter__(self) -> Self:
        """Start the workers."""

    def __exit__(self, *error: object) -> None:
        """Take back what was not started."""

    def slots(self) -> int:
        """Return how many tasks can run at the same time, >= 1."""

    def submit(self, task: Task) -> Any:
        """Hand a task to a worker and return what ``result`` takes."""

    def result(self, future: Any) -> tuple[float, list[Sums]]:
        """Wait for a task and return what ``run_task`` returned."""


def pool_of(
    threads: int | None, processes: int | None, dask: str | None, executor: Any
) -> Callable[[], Pool]:
    """Return what opens the workers that were asked for; threads if none were.

    Raises
    ------
    InputError
        If several kinds are asked for, or one that cannot be had.
    """
    named = {"threads": threads, "processes": processes, "dask": dask, "executor": executor}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)}: only one of them can run the trials")
    for name, count in (("threads", threads), ("processes", processes)):
        if count is not None and count < 1:
            raise InputError(f"{name}: must be at least 1, got {count!r}")
    if processes is not None:
        return partial(Processes, processes)
    if dask is not None:
        return partial(Dask, dask)
    if executor is not None:
        if hasattr(executor, "get_executor"):  # a distributed.Client
            return partial(Dask, executor)
        if not hasattr(executor, "submit"):
            raise InputError(f"executor: needs a method submit(), got {executor!r}")
        return partial(Lent, executor)
    return partial(Threads, threads or os.cpu_count() or 1)


class _Own:
    """Workers that end with the run."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __enter__(self) -> Self:
        self._executor = self._start()
        return self

    def _start(self) -> Executor:
        raise NotImplementedError

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def slots(self) -> int:
        return self._count

    def submit(self, task: Task) -> Any:
        return self._executor.submit(run_task, task)

    def result(self, future: Any) -> tuple[float, list[Sums]]:
        return _result(future)


class Threads(_Own):
    """Threads of this process: kernels let go of the GIL."""

    task_seconds = 0.0

    def _start(self) -> Executor:
        return ThreadPoolExecutor(self._count, thread_name_prefix="riskmodel")


class Processes(_Own):
    """Processes on this machine."""

    task_seconds = _PROCESS_SECONDS

    def _start(self) -> Executor:
        self._warm = self._began = False
        return processes_of(self._count)

    def submit(self, task: Task) -> Any:
        if not self._warm:
            self._warm = True
            _compile_once(task)
        try:
            return super().submit(task)
        except BrokenExecutor as error:
            raise workers_lost(error, began=self._began) from error

    def result(self, future: Any) -> tuple[float, list[Sums]]:
        try:
            found = super().result(future)
        except WorkersLost:
            if self._began:
                raise
            raise WorkersLost(_NEVER_BEGAN) from None
        self._began = True
        return found


class Lent:
    """Anything with ``submit()`` that belongs to the caller."""

    task_seconds = _REMOTE_SECONDS

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._waiting: set[Any] = set()
        self._software = software()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for future in self._waiting:
            future.cancel()

    def slots(self) -> int:
        return int(getattr(self._executor, "_max_workers", None) or os.cpu_count() or 1)

    def submit(self, task: Task) -> Any:
        future = self._submit(_run_elsewhere, task, self._software)
        self._waiting.add(future)
        return future

    def _submit(self, *call: Any) -> Any:
        return self._executor.submit(*call)

    def result(self, future: Any) -> tuple[float, list[Sums]]:
        found = _result(future)
        self._waiting.discard(future)
        return found


# what a client of distributed raises when its scheduler is gone: CommClosedError is an OSError, and
# a client that gave up is closed
_OUT_OF_REACH = (CancelledError, OSError, RuntimeError, TimeoutError)


class Dask(Lent):
    """A Dask cluster, by address or client; it runs again what a lost worker had."""

    def __init__(self, cluster: Any) -> None:
        super().__init__(cluster)
        self._is_mine = isinstance(cluster, str)

    def __enter__(self) -> Self:
        if self._is_mine:
            self._executor = _connect(self._executor)
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(*_OUT_OF_REACH):  # there is nothing to take leave of
            super().__exit__(*error)
            if self._is_mine:
                self._executor.close()

    def slots(self) -> int:
        try:
            threads: dict[str, int] = self._executor.nthreads()  # workers come and go
        except _OUT_OF_REACH as error:
            raise _lost(error) from error
        return max(1, sum(threads.values()))

    def _submit(self, *call: Any) -> Any:
        try:
            return self._executor.submit(*call, pure=False)
        except _OUT_OF_REACH as error:
            raise _lost(error) from error


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise InputError("dask: is not installed; pip install 'threetwoone[dask]'") from None
    # what goes wrong is raised; its own logs would add a traceback for every connection
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"dask: no scheduler answers at {address!r}: {error}") from None


def _result(future: Any) -> tuple[float, list[Sums]]:
    try:
        found: tuple[float, list[Sums]] = future.result()
    except (BrokenExecutor, CancelledError) as error:
        raise _lost(error) from error
    except Exception as error:
        if type(error).__name__ in ("KilledWorker", "FutureCancelledError", "CommClosedError"):
            raise _lost(error) from error  # of distributed, which may not be installed
        raise
    return found


def _lost(error: BaseException) -> WorkersLost:
    return WorkersLost(f"the workers ended before the run did: {error or type(error).__name__}")


def _run_elsewhere(task: Task, expected: dict[str, str]) -> tuple[float, list[Sums]]:
    """Run a task where other versions may be installed, which could give other bits."""
    here = software()
    for name, version in expected.items():
        if here.get(name) != version:
            raise InputError(
                f"a worker has {name} {here.get(name)}, this process {version}: "
                "results would depend on who runs what"
            )
    return run_task(task)


def _compile_once(task: Task) -> None:
    """Fill the cache before many processes compile the same."""
    from riskmodel._kernels._jit import is_cold

    if is_cold():
        task.engine.run(task.seed, 0, 1)


def processes_of(count: int) -> ProcessPoolExecutor:
    """Return processes, which are started afresh: a fork would copy locks that threads hold."""
    # a new process reads the script that asked for it; one that asks again while it is read has no
    # guard, and would ask for ever: it ends here, and its parent says why
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        sys.exit(1)
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin_worker)


def workers_lost(error: BaseException, *, began: bool) -> WorkersLost:
    """Return the error of processes that ended too early; those that never began want a guard."""
    return _lost(error) if began else WorkersLost(_NEVER_BEGAN)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
