"""Runs of several layouts on common random numbers, kept batch by batch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel._run import Plan, Prefix, Progress, Sums, go
from riskmodel.simulation import Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel._executors import Pool
    from riskmodel.estimate import LossEstimate

__all__ = [
    "BATCHES",
    "Known",
    "Memory",
    "Remembering",
    "Run",
    "batch_trials",
    "extend",
    "run_here",
    "runs_of",
    "seed_of",
]

BATCHES = 64
"""Fewest batches of a run, so that their spread is known to a tenth."""

_LEAST_NET, _MOST_NET = 64, 256
_MOST_PLAIN = 1024


Known = dict[tuple[str, int, int, int], Sums]


class Memory:
    """Keeps the chunks of a run, so that it can go on with more."""

    def __init__(self) -> None:
        self.chunks: list[Sums] = []

    def replay(self) -> Generator[Sums]:
        """Give the chunks that are kept, in order."""
        yield from tuple(self.chunks)

    def append(self, sums: Sums) -> None:
        """Keep one more chunk."""
        self.chunks.append(sums)

    def in_words(self) -> str:
        """Say how much is kept."""
        return f"{len(self.chunks)} batches are kept"


@dataclass(frozen=True, slots=True, eq=False)
class Remembering:
    """An engine that runs no batch twice, for a layout that is compared with many.

    Parameters
    ----------
    engine : Engine
        What runs.
    known : dict
        Sums by method, seed, first trial and count: of this layout alone.
    chunk_trials : int
        Trials in a batch.
    """

    engine: Any
    known: Known
    chunk_trials: int

    @classmethod
    def of(cls, ready: Prepared, known: Known) -> Prepared:
        """Let a layout remember; an exact one has nothing to."""
        if ready.exact is not None:
            return ready
        return replace(ready, chosen=cls(ready.engine, known, ready.engine.chunk_trials))

    @property
    def name(self) -> str:
        """Name of the method."""
        return str(self.engine.name)

    def run(self, seed: int, first: int, count: int) -> Sums:
        """Run the trials, or say what they came to."""
        key = self.name, seed, first, count
        if key not in self.known:
            self.known[key] = self.engine.run(seed, first, count)
        return self.known[key]

    def relative_error(self, sums: Sums) -> float:
        """Return standard error over estimate."""
        return float(self.engine.relative_error(sums))

    def enough(self, sums: Sums) -> bool:
        """Tell whether ``relative_error`` can be trusted."""
        return bool(self.engine.enough(sums))

    def found(self, sums: Sums) -> dict[str, Any]:
        """Return the fields of a `LossEstimate` that sums stand for."""
        found: dict[str, Any] = self.engine.found(sums)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A layout with what has been run of it.

    Parameters
    ----------
    ready : Prepared
        The layout and its engine, whose chunks are the batches.
    seed : int
        Key of the random streams.
    """

    ready: Prepared
    seed: int
    memory: Memory

    @property
    def method(self) -> str:
        """Name of the method."""
        return "exact" if self.ready.exact is not None else self.ready.engine.name

    @property
    def count(self) -> int:
        """Batches so far."""
        return len(self.memory.chunks)

    def total(self, count: int | None = None) -> Sums:
        """Return the sums of the first batches."""
        prefix = Prefix()
        for sums in self.memory.chunks[:count]:
            prefix.add(sums)
        return prefix.total()

    def estimate(self, count: int | None = None) -> LossEstimate:
        """Return the estimate of the first batches."""
        if self.ready.exact is not None:
            return self.ready.exact
        return self.ready.estimate(self.total(count), self.seed)

    def values(self, count: int | None = None) -> NDArray[np.float64]:
        """Return the estimates of the batches, whose mean is that of the run."""
        weighted = self.method != "events"
        return np.array(
            [
                sums.weights[0] / sums.counts[0] if weighted else sums.counts[1] / sums.counts[0]
                for sums in self.memory.chunks[:count]
            ]
        )


def batch_trials(ready: Sequence[Prepared]) -> int:
    """Return the trials of a batch that suit the engines of one method."""
    sizes = [item.engine.chunk_trials for item in ready]
    if ready[0].engine.name == "conditional":  # one net: longer ones are better, short runs cheaper
        return min(max([*sizes, _LEAST_NET]), _MOST_NET)
    return min([*sizes, _MOST_PLAIN])


def runs_of(ready: Sequence[Prepared], seed: int, batch: int | None = None) -> list[Run]:
    """Give layouts of one method batches of one size, and methods random numbers of their own."""
    by_method: dict[str, list[Prepared]] = defaultdict(list)
    for item in ready:
        if item.exact is None:
            by_method[item.engine.name].append(item)
    sizes = {name: batch or batch_trials(items) for name, items in by_method.items()}
    # batches of unlike methods do not pair; that they be independent they have seeds of their own
    seeds = {name: seed if k == 0 else seed_of(seed, k) for k, name in enumerate(by_method)}
    return [
        Run(item, seed, Memory())
        if item.exact is not None
        else Run(
            replace(item, chosen=replace(item.engine, chunk_trials=sizes[item.engine.name])),  # type: ignore[type-var]
            seeds[item.engine.name],
            Memory(),
        )
        for item in ready
    ]


def seed_of(seed: int, index: int) -> int:
    """Return a seed that belongs to two numbers."""
    key = np.random.SeedSequence([seed, index, 0x5041])
    return int(key.generate_state(1, np.uint64)[0] >> np.uint64(1))


def extend(
    run: Run,
    batches: int,
    pool: Callable[[], Pool],
    *,
    seconds: float = math.inf,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Run batches until there are so many, or the time is over."""
    if run.ready.exact is not None or run.count >= batches:
        return
    engine = run.ready.engine
    plan = Plan(run.seed, batches * engine.chunk_trials, budget_seconds=seconds)
    go(engine, plan, pool, kept=run.memory, progress=progress)


def run_here(run: Run, batches: int) -> None:
    """Run batches on this thread until there are so many."""
    if run.ready.exact is not None:
        return
    engine = run.ready.engine
    size = engine.chunk_trials
    for k in range(run.count, batches):
        run.memory.append(engine.run(run.seed, k * size, size))
