"""Run: chunks of trials on any executor, summed and stopped in the order of their numbers.

Chunk ``k`` of an engine is the trials ``k * chunk_trials`` and on. What counts, and when to stop,
is decided on the ordered prefix of chunks and never by what arrives first, and sums of floats are
rounded once at the end: so a seed gives the same bits on any number of any kind of workers.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from riskmodel.errors import Interrupted, NotSimulated, WorkersLost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel._executors import Pool

__all__ = [
    "Engine",
    "Kept",
    "Plan",
    "Prefix",
    "Progress",
    "Sums",
    "Task",
    "go",
    "run_task",
    "software",
]

_FIRST_LOOK = 2  # chunks
_PROGRESS_SECONDS = 0.1
_MOST_CHUNKS_A_TASK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What a chunk of trials adds up to; the engine knows the places.

    Parameters
    ----------
    counts : ndarray of int64
        One dimension; added exactly.
    weights : ndarray of float64
        One dimension; added without rounding, the sum rounded once.
    """

    counts: NDArray[np.int64]
    weights: NDArray[np.float64]


class Engine(Protocol):
    """Runs trials of one layout; small, picklable, and not changed by what it runs."""

    @property
    def name(self) -> str:
        """Name of the method."""

    @property
    def chunk_trials(self) -> int:
        """Trials in a chunk; depends on the layout only, never on the machine."""

    def run(self, seed: int, first: int, count: int) -> Sums:
        """Run the trials ``first .. first + count - 1``; must let go of the GIL meanwhile."""

    def relative_error(self, sums: Sums) -> float:
        """Return standard error over estimate; infinite while nothing has been seen."""

    def enough(self, sums: Sums) -> bool:
        """Tell whether so much has been seen that ``relative_error`` can be trusted."""


class Kept(Protocol):
    """Keeps the chunks of a run, from the first one on."""

    def replay(self) -> Generator[Sums]:
        """Give the chunks that are kept, in order."""

    def append(self, sums: Sums) -> None:
        """Keep one more chunk; called when all that is kept has been replayed."""

    def in_words(self) -> str:
        """Say how much is kept."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: trials done and at most, relative error so far, and the target if any.

    ``unit`` is what is counted where it is not trials.
    """

    trials: int
    max_trials: int
    relative_error: float
    target_relative_error: float | None
    unit: str = "trials"


@dataclass(frozen=True, slots=True)
class Plan:
    """When a run ends.

    Parameters
    ----------
    seed : int
        Key of the random streams.
    max_trials : int
        Trials at most, >= 1.
    target : float or None
        Relative error to stop at, looked at after 2, 4, 8… chunks.
    budget_seconds : float
        Time after which no further chunk is waited for. [s]
    """

    seed: int
    max_trials: int
    target: float | None = None
    budget_seconds: float = math.inf


class Prefix:
    """The sum of the chunks so far, exact, in memory that does not grow with their number.

    A float place is kept as partial sums that do not overlap; their rounded sum is that of
    ``math.fsum`` over all chunks, in any order.

    References
    ----------
    .. [1] Shewchuk, "Adaptive precision floating-point arithmetic and fast robust geometric
       predicates", Discrete & Computational Geometry 18, 1997, theorem 10.
    """

    __slots__ = ("_counts", "_partials")

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] | None = None
        self._partials: list[list[float]] = []

    def add(self, sums: Sums) -> None:
        """Add the next chunk."""
        weights = sums.weights.tolist()
        if self._counts is None:
            self._counts = sums.counts.copy()
            self._partials = [[] for _ in weights]
        elif self._counts.shape != sums.counts.shape or len(weights) != len(self._partials):
            raise ValueError("chunks of one run have sums of one shape")
        else:
            self._counts += sums.counts
        if not all(map(math.isfinite, weights)):
            raise NotSimulated(
                "a chunk has a weight that is no finite number: what the layout says is too "
                "extreme for weighted trials; method 'events' has none"
            )
        for partials, weight in zip(self._partials, weights, strict=True):
            if weight:
                _grow(partials, weight)

    def total(self) -> Sums:
        """Return the sums of all chunks that were added; at least one was."""
        if self._counts is None:
            raise ValueError("no chunk has been added")
        weights = np.array([math.fsum(partials) for partials in self._partials], np.float64)
        return Sums(self._counts.copy(), weights)


def _grow(partials: list[float], value: float) -> None:
    kept = 0
    for part in partials:
        large, small = (value, part) if abs(value) >= abs(part) else (part, value)
        value = large + small
        lost = small - (value - large)
        if lost:
            partials[kept] = lost
            kept += 1
    partials[kept:] = [value]


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is sent: an engine and the consecutive chunks that it is to run."""

    engine: Engine
    seed: int
    first_chunk: int
    counts: tuple[int, ...]


def run_task(task: Task) -> tuple[float, list[Sums]]:
    """Run the chunks of a task.

    Returns
    -------
    tuple
        Seconds that a chunk took, and the sums of each.
    """
    started = time.perf_counter()
    first = task.first_chunk * task.engine.chunk_trials
    found = []
    for count in task.counts:
        found.append(task.engine.run(task.seed, first, count))
        first += count
    return (time.perf_counter() - started) / len(task.counts), found


def go(
    engine: Engine,
    plan: Plan,
    pool: Callable[[], Pool],
    *,
    kept: Kept | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Sums:
    """Run chunks until the plan says stop, and return their sum.

    Parameters
    ----------
    engine : Engine
        What runs.
    plan : Plan
        When to stop.
    pool : callable
        Opens the workers; called when the first chunk is to be run.
    kept : Kept, optional
        Keeps whole chunks, and replays those of an earlier run.
    progress : callable, optional
        Called with a `Progress` now and then.

    Returns
    -------
    Sums

    Raises
    ------
    Interrupted
        If Ctrl-C stops a run that is kept.
    WorkersLost
        If the workers are gone.
    """
    try:
        return _consume(engine, plan, _chunks(engine, plan, pool, kept), progress)
    except KeyboardInterrupt:
        if kept is None:
            raise
        raise Interrupted(f"stopped; {kept.in_words()}") from None
    except WorkersLost as error:
        if kept is None:
            raise
        raise WorkersLost(f"{error}; {kept.in_words()}") from error


def _consume(
    engine: Engine,
    plan: Plan,
    chunks: Generator[tuple[Sums, bool]],
    progress: Callable[[Progress], None] | None,
) -> Sums:
    deadline = time.monotonic() + plan.budget_seconds
    prefix = Prefix()
    look = _FIRST_LOOK
    report = _Reporter(engine, plan, progress)
    with closing(chunks):
        for done, (sums, is_new) in enumerate(chunks, start=1):
            prefix.add(sums)
            report(prefix, done)
            if done == look:
                look *= 2
                if plan.target is not None and _good_enough(engine, prefix.total(), plan.target):
                    break
            if is_new and time.monotonic() > deadline:
                break
    return prefix.total()


def _good_enough(engine: Engine, sums: Sums, target: float) -> bool:
    return engine.enough(sums) and engine.relative_error(sums) <= target


class _Reporter:
    """Tells about progress, but not after every chunk."""

    def __init__(
        self, engine: Engine, plan: Plan, progress: Callable[[Progress], None] | None
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.progress = progress
        self.last = -math.inf

    def __call__(self, prefix: Prefix, done: int) -> None:
        now = time.monotonic()
        if self.progress is None or now < self.last + _PROGRESS_SECONDS:
            return
        self.last = now
        most = self.plan.max_trials
        trials = min(done * self.engine.chunk_trials, most)
        error = self.engine.relative_error(prefix.total())
        self.progress(Progress(trials, most, error, self.plan.target))


def _chunks(
    engine: Engine, plan: Plan, pool: Callable[[], Pool], kept: Kept | None
) -> Generator[tuple[Sums, bool]]:
    """Give the chunks in order, and whether each was run just now.

    Only whole chunks are kept: the last one of a run is cut where its trials end, and a run of
    more trials must be able to go on.
    """
    whole = plan.max_trials // engine.chunk_trials
    done = 0
    if kept is not None:
        for sums in islice(kept.replay(), whole):
            done += 1
            yield sums, False
    with closing(_fresh(engine, plan, pool, done)) as fresh:
        for sums in fresh:
            if kept is not None and done < whole:
                kept.append(sums)
            done += 1
            yield sums, True


def _counts(engine: Engine, plan: Plan, first: int, last: int) -> Sequence[int]:
    """Return how many trials the chunks ``first .. last - 1`` hold."""
    size = engine.chunk_trials
    return [min(size, plan.max_trials - chunk * size) for chunk in range(first, last)]


def _fresh(engine: Engine, plan: Plan, pool: Callable[[], Pool], first: int) -> Generator[Sums]:
    """Run the chunks ``first`` and on, in order, with a bounded number of them under way."""
    chunks = -(-plan.max_trials // engine.chunk_trials)
    if first >= chunks:
        return
    with pool() as workers:
        waiting: deque[Any] = deque()
        submitted = first
        seconds = math.inf  # that a chunk takes; the first one of a worker may have to compile
        while True:
            while submitted < chunks and len(waiting) <= 2 * workers.slots():
                many = max(1, min(_MOST_CHUNKS_A_TASK, math.ceil(workers.task_seconds / seconds)))
                last = min(chunks, submitted + many)
                counts = tuple(_counts(engine, plan, submitted, last))
                waiting.append(workers.submit(Task(engine, plan.seed, submitted, counts)))
                submitted = last
            if not waiting:
                return
            took, found = workers.result(waiting.popleft())
            seconds = max(min(seconds, took), 1e-6)
            yield from found


def software() -> dict[str, str]:
    """Return the versions on which the bits of a result depend."""
    from riskmodel._estimate_dict import versions
    from riskmodel._kernels._jit import kernel_digest

    found = versions()
    del found["python"]
    return {**found, "kernels": kernel_digest()[:16]}
