"""Many variants of one layout on common random numbers, in parallel."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from riskmodel._executors import pool_of
from riskmodel._paired_runs import BATCHES, Memory, Run, extend, run_here, runs_of
from riskmodel._pairs import Pair, pair_of
from riskmodel._run import Progress
from riskmodel.simulation import plan_of, prepare, say_if_cold

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["Steps", "base_run", "pair_runs", "run_like", "run_variants"]

_ERROR = 0.08  # of the run at the best values: what is compared is far better known
_NET = 64  # trials of a batch of weighted ones
_MOST_BATCHES = 1024


class Steps:
    """Counts runs that are done, of several stages, for a progress bar."""

    def __init__(self, total: int, progress: Callable[[Progress], None] | None) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def __call__(self) -> None:
        """One more run is done."""
        self.done += 1
        if self.progress is not None:
            self.progress(Progress(self.done, max(self.total, self.done), math.inf, None, "runs"))


def base_run(
    layout: Layout,
    *,
    horizon: str | float | None,
    method: str,
    seed: int,
    threads: int | None,
) -> Run:
    """Run a layout as it is, until its error is 8 % or a bound on the work is met."""
    plan_of(method, None, None, None, seed)
    pool = pool_of(threads, None, None, None)
    say_if_cold()
    ready = prepare(layout, horizon=horizon, method=method, seed=seed, pool=pool)
    weighted = ready.exact is None and ready.engine.name != "events"
    (run,) = runs_of([ready], seed, batch=_NET if weighted else None)
    batches = BATCHES
    while run.ready.exact is None:
        extend(run, batches, pool)
        sums, engine = run.total(), run.ready.engine
        if batches >= _MOST_BATCHES or (
            engine.enough(sums) and engine.relative_error(sums) <= _ERROR
        ):
            break
        batches *= 2
    return run


def run_like(base: Run, layout: Layout, batches: int, size: int | None = None) -> Run:
    """Run a variant of a layout by the same method on the same random numbers, on this thread."""
    ready = prepare(
        layout,
        horizon=base.ready.compiled.horizon_hours,
        method=base.method,
        seed=base.seed,
        pool=pool_of(1, None, None, None),
    )
    if ready.exact is not None:
        return Run(ready, base.seed, Memory())
    size = size or base.ready.engine.chunk_trials
    engine = replace(ready.engine, chunk_trials=size)  # type: ignore[type-var]
    run = Run(replace(ready, chosen=engine), base.seed, Memory())
    run_here(run, batches)
    return run


def run_variants(
    base: Run,
    layouts: Iterable[Layout],
    steps: Steps,
    *,
    threads: int | None,
    batches: int | None = None,
    size: int | None = None,
) -> Iterator[Run]:
    """Give the runs of variants in their order, several at a time."""
    one = partial(run_like, base, batches=batches or base.count, size=size)
    workers = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    try:
        for run in workers.map(one, layouts):
            steps()
            yield run
    finally:
        workers.shutdown(wait=True, cancel_futures=True)


def pair_runs(runs: Sequence[Run], confidence: float = 0.95) -> Pair:
    """Compare two runs on the same random numbers."""
    one, other = runs
    losses = one.estimate(), other.estimate()
    same = one.ready.compiled.digest() == other.ready.compiled.digest()
    batches = (one.values(), other.values()) if one.count and other.count else None
    return pair_of(*losses, batches, same_law=same, confidence=confidence)
