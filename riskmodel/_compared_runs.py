"""The runs of a comparison: by one method where one serves all, until neighbours are told apart."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from riskmodel._executors import Pool, pool_of
from riskmodel._paired_runs import BATCHES, Known, Remembering, Run, extend, runs_of
from riskmodel._pairs import Pair, pair_of
from riskmodel._run import Progress
from riskmodel.simulation import plan_of, prepare

if TYPE_CHECKING:
    from riskmodel._run import Plan
    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["compared_with", "estimated", "run_all", "twos"]

_RESOLUTION = 0.025  # standard error of a ratio at which neighbours are left as they are
_CLEAR = 4.0  # standard errors: so clear at an early look that the look itself does no harm
_PLAIN = 1e-3  # from here plain trials serve any layout


def compared_with(
    layout: Layout,
    other: Layout,
    known: Known,
    *,
    horizon: float,
    method: str,
    target_relative_error: float,
    trials: int,
    seed: int,
) -> Pair:
    """Compare a layout with another, as `compare` does, and remember in ``known`` what it ran.

    So a layout that is compared with many is run once, and with the same bits.
    """
    plan = plan_of(method, target_relative_error, trials, None, seed)
    pool = pool_of(None, None, None, None)
    runs = run_all([layout, other], horizon, method, plan, pool, trials, None, known)
    return estimated(runs)[1][0]


def estimated(runs: Sequence[Run]) -> tuple[list[LossEstimate], tuple[Pair, ...]]:
    """Return the estimates of runs by the batches that all have, and every two of them."""
    count = min((run.count for run in runs if run.count), default=None)
    losses = [run.estimate(count) for run in runs]
    return losses, tuple(_pair(runs, losses, count, i, j) for i, j in twos(len(runs)))


def run_all(
    layouts: Sequence[Layout],
    horizon: str | float | None,
    method: str,
    plan: Plan,
    pool: Callable[[], Pool],
    trials: int | None,
    progress: Callable[[Progress], None] | None,
    known: Known | None = None,
) -> list[Run]:
    """Run all layouts, by one method where one serves them all; the first one may remember.

    Parameters
    ----------
    layouts : sequence of Layout
        Two or more.
    horizon, method, trials, progress
        See `riskmodel.compare`.
    plan : Plan
        Seed, relative error and time.
    pool : callable
        Opens the workers.
    known : dict, optional
        What was run of the first layout, and what is run of it now.

    Returns
    -------
    list of Run
    """
    deadline = time.monotonic() + plan.budget_seconds
    ready = [
        prepare(
            layout, horizon=horizon, method=method, seed=plan.seed, pool=pool, deadline=deadline
        )
        for layout in layouts
    ]
    if known is not None:
        ready[0] = Remembering.of(ready[0], known)
    runs = runs_of(ready, plan.seed)
    _go(runs, plan, BATCHES, pool, deadline, progress)
    sampled = [run for run in runs if run.count]
    plain = all(run.estimate().probability >= _PLAIN for run in sampled)
    if len({run.method for run in sampled}) > 1 and plain:
        ready = [
            item
            if item.exact is not None or item.engine.name == "events"
            else replace(
                prepare(item.layout, horizon=horizon, method="events", seed=plan.seed, pool=pool),
                why="losses are frequent, and all layouts compared are run by one method",
            )
            for item in ready
        ]
        runs = runs_of(ready, plan.seed)
    if any(run.ready.exact is None for run in runs):
        _until_told_apart(runs, plan, pool, trials, deadline, progress)
    return runs


def _go(
    runs: Sequence[Run],
    plan: Plan,
    batches: int,
    pool: Callable[[], Pool],
    deadline: float,
    progress: Callable[[Progress], None] | None,
) -> None:
    """Bring all runs to so many batches, sharing the time that is left."""
    todo = [run for run in runs if run.ready.exact is None]
    for k, run in enumerate(todo):
        seconds = (deadline - time.monotonic()) / (len(todo) - k)
        shown = progress and _Part(progress, k, len(todo))
        extend(run, batches, pool, seconds=max(seconds, 0.0), progress=shown)


@dataclass(frozen=True, slots=True)
class _Part:
    """Shows the progress of one layout as a part of that of all."""

    show: Callable[[Progress], None]
    place: int
    count: int

    def __call__(self, done: Progress) -> None:
        before = self.place * done.max_trials
        self.show(Progress(before + done.trials, self.count * done.max_trials, math.inf, None))


def _until_told_apart(
    runs: list[Run],
    plan: Plan,
    pool: Callable[[], Pool],
    trials: int | None,
    deadline: float,
    progress: Callable[[Progress], None] | None,
) -> None:
    size = max(run.ready.engine.chunk_trials for run in runs if run.ready.exact is None)
    most = max(plan.max_trials // size, BATCHES)
    if trials is not None:
        most = -(-trials // min(r.ready.engine.chunk_trials for r in runs if r.ready.exact is None))
    batches = most if plan.target is None else min(BATCHES, most)
    while True:
        _go(runs, plan, batches, pool, deadline, progress)
        if batches >= most or time.monotonic() > deadline or _settled(runs, plan):
            return
        batches = min(2 * batches, most)


def _settled(runs: Sequence[Run], plan: Plan) -> bool:
    """Tell whether each estimate is good enough, and neighbours are told apart or near enough."""
    for run in runs:
        if run.ready.exact is None and plan.target is not None:
            sums, engine = run.total(), run.ready.engine
            if not engine.enough(sums) or engine.relative_error(sums) > plan.target:
                return False
    losses = [run.estimate() for run in runs]
    order = sorted(range(len(runs)), key=lambda k: losses[k].probability)
    for i, j in itertools.pairwise(order):
        pair = _pair(runs, losses, None, i, j)
        if pair.ratio is None or pair.ratio_error <= _RESOLUTION:
            continue
        if abs(math.log(pair.ratio)) < _CLEAR * pair.ratio_error:
            return False
    return True


def _pair(
    runs: Sequence[Run], losses: Sequence[LossEstimate], count: int | None, i: int, j: int
) -> Pair:
    one, other = runs[i], runs[j]
    batches = None
    if one.count and other.count and one.method == other.method:
        batches = one.values(count), other.values(count)
    programs = {run.ready.compiled.digest() for run in (one, other)}
    return pair_of(losses[i], losses[j], batches, same_law=len(programs) == 1)


def twos(count: int) -> Iterator[tuple[int, int]]:
    """Return the places of every two, in the order of pairs."""
    return itertools.combinations(range(count), 2)
