"""Simulate: one facade for all methods, and the chunked run of the events engine."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel._program import Compiled, compile_layout
from riskmodel.errors import InputError, StateSpaceTooLarge, did_you_mean
from riskmodel.estimate import LossEstimate
from riskmodel.units import hours

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["METHODS", "Progress", "simulate"]

METHODS = ("auto", "exact", "events")
_LOG = logging.getLogger("riskmodel")
_PLANNED = ("conditional", "excursion")
_BINS = 100
_DEFAULT_MAX_TRIALS = 4_000_000
_EVENTS_A_CHUNK = 200_000
_FIRST_LOOK = 8  # chunks


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: trials done, trials at most, losses seen, and the target if any."""

    trials: int
    max_trials: int
    losses: int
    target_relative_error: float | None


def simulate(
    layout: Layout,
    *,
    horizon: str | float | None = None,
    method: str = "auto",
    target_relative_error: float | None = None,
    trials: int | None = None,
    time_budget: str | float | None = None,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> LossEstimate:
    """Estimate the probability that a layout loses all its data.

    Parameters
    ----------
    layout : Layout
        What protects the data.
    horizon : str or float, optional
        Mission time, as a quantity or in hours; the layout's own by default. [h]
    method : {'auto', 'exact', 'events'}
        ``auto`` takes ``exact`` where the layout is Markov and small, else ``events``.
    target_relative_error : float, optional
        Stop once standard error / probability is below this; 0.05 unless ``trials`` is given.
    trials : int, optional
        Run exactly this many trials; with a target, at most this many.
    time_budget : str or float, optional
        Stop after this time, as a quantity such as ``"20 s"`` or in hours. Such a stop depends on
        the machine; all else depends on the seed alone.
    seed : int
        Key of the random streams: the same seed gives the same result for any ``threads``.
    threads : int, optional
        Worker threads; all cores by default.
    progress : callable, optional
        Called with a `Progress` now and then.

    Returns
    -------
    LossEstimate

    Raises
    ------
    InputError
        If an argument or the layout cannot be used.
    StateSpaceTooLarge
        If ``method="exact"`` cannot hold the layout.

    Examples
    --------
    >>> import riskmodel as rm
    >>> disk = rm.Layout.from_dict({"media": {"m": {"afr": 0.02}}, "horizon": "1 year",
    ...     "copies": [{"name": "disk", "store": {"media": "m"}}]})
    >>> round(rm.simulate(disk).probability, 6)
    0.02
    """
    plan = _Plan.of(method, target_relative_error, trials, time_budget, seed, threads)
    horizon_hours = hours(horizon) if horizon is not None else None
    compiled = compile_layout(layout, horizon_hours)
    started = time.perf_counter()
    why = "asked for"
    if method in ("auto", "exact"):
        try:
            return _exactly(layout, compiled, started)
        except StateSpaceTooLarge as error:
            if method == "exact":
                raise
            why = f"exact is out of reach: {error}"
    run = _Run(compiled, plan, progress)
    totals, causes, bins = run.go()
    return LossEstimate(
        layout=layout.name,
        digest=layout.digest(),
        horizon_hours=compiled.horizon_hours,
        method="events",
        why=why,
        seed=seed,
        trials=int(totals[0]),
        losses=int(totals[1]),
        losses_in_all=int(totals[2]),
        losses_in_all_squared=int(totals[3]),
        lost_something=int(totals[4]),
        bins=tuple(int(count) for count in bins),
        cause_counts=tuple(zip(compiled.causes, map(int, causes), strict=True)),
        warnings=compiled.warnings,
        assumptions=compiled.assumptions,
        elapsed_seconds=time.perf_counter() - started,
    )


def _exactly(layout: Layout, compiled: Compiled, started: float) -> LossEstimate:
    from riskmodel.exact import loss_probability

    result = loss_probability(layout, compiled.horizon_hours)
    return LossEstimate(
        layout=layout.name,
        digest=layout.digest(),
        horizon_hours=compiled.horizon_hours,
        method="exact",
        why=result.how,
        exact=result.probability,
        exact_curve=tuple(float(value) for value in result.curve),
        warnings=compiled.warnings,
        assumptions=compiled.assumptions,
        elapsed_seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """Validated options of a run."""

    target: float | None
    max_trials: int
    deadline: float
    seed: int
    threads: int

    @classmethod
    def of(
        cls,
        method: str,
        target: float | None,
        trials: int | None,
        time_budget: str | float | None,
        seed: int,
        threads: int | None,
    ) -> _Plan:
        if method in _PLANNED:
            raise InputError(f"method: '{method}' is not built yet; use 'events' or 'auto'")
        if method not in METHODS:
            raise InputError(f"method: unknown method '{method}'{did_you_mean(method, METHODS)}")
        if target is not None and not 0.0 < target < 1.0:
            raise InputError(f"target_relative_error: must be between 0 and 1, got {target!r}")
        if trials is not None and trials < 1:
            raise InputError(f"trials: must be at least 1, got {trials!r}")
        if threads is not None and threads < 1:
            raise InputError(f"threads: must be at least 1, got {threads!r}")
        if not 0 <= seed < 2**63:
            raise InputError(f"seed: must be between 0 and 2^63 - 1, got {seed!r}")
        budget = math.inf if time_budget is None else hours(time_budget) * 3600.0
        if target is None and trials is None:
            target = 0.05
        return cls(
            target=target,
            max_trials=trials if trials is not None else _DEFAULT_MAX_TRIALS,
            deadline=time.monotonic() + budget,
            seed=seed,
            threads=threads or os.cpu_count() or 1,
        )


_Counts = np.ndarray[Any, np.dtype[np.int64]]
_Sums = tuple[_Counts, _Counts, _Counts]


def run_chunk(compiled: Compiled, seed: int, first: int, count: int) -> _Sums:
    """Run the trials ``first .. first + count - 1`` and return their sums.

    Returns
    -------
    tuple of ndarray
        Totals (trials, trials with loss, losses in all, their squares, trials that lost
        something), first losses by cause, first losses by slice of the horizon.
    """
    from riskmodel._kernels.events import make_state, run_trials

    totals = np.zeros(5, np.int64)
    causes = np.zeros(len(compiled.causes), np.int64)
    bins = np.zeros(_BINS, np.int64)
    state = make_state(compiled.program)
    run_trials(compiled.program, state, seed, first, count, totals, causes, bins)
    return totals, causes, bins


def chunk_trials(compiled: Compiled) -> int:
    """Return how many trials make a chunk; depends on the layout only."""
    program = compiled.program
    failures = 0.0
    for group in program.groups:
        store = program.stores[group["owner"]]
        failures += group["drives"] * (1.0 + min(store["hazard_new"], 1e6))
    events = 10.0 + failures + program.source_rate * program.horizon
    return int(2 ** max(5, min(15, round(math.log2(_EVENTS_A_CHUNK / events)))))


def _add(one: _Sums, other: _Sums) -> _Sums:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


class _Run:
    """Feeds chunks to an executor and stops on the ordered prefix of those that are done.

    What counts is decided by chunk number, never by arrival: so the result is the same for any
    number of workers.
    """

    def __init__(
        self, compiled: Compiled, plan: _Plan, progress: Callable[[Progress], None] | None
    ) -> None:
        self.compiled = compiled
        self.plan = plan
        self.progress = progress
        self.size = chunk_trials(compiled)
        self.chunks = -(-plan.max_trials // self.size)

    def go(self) -> _Sums:
        from riskmodel._kernels._jit import is_cold

        if is_cold():
            _LOG.info("compiling the engine; only the first run after an install waits for this")
        executor = ThreadPoolExecutor(self.plan.threads, thread_name_prefix="riskmodel")
        try:
            return self._consume(self._results(executor))
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

    def _results(self, executor: Executor) -> Iterator[_Sums]:
        waiting: list[Future[Any]] = []
        submitted = 0
        for _ in range(self.chunks):
            while submitted < self.chunks and len(waiting) <= 2 * self.plan.threads:
                first = submitted * self.size
                count = min(self.size, self.plan.max_trials - first)
                waiting.append(
                    executor.submit(run_chunk, self.compiled, self.plan.seed, first, count)
                )
                submitted += 1
            yield waiting.pop(0).result()

    def _consume(self, results: Iterator[_Sums]) -> _Sums:
        sums: _Sums | None = None
        look = _FIRST_LOOK
        for done, chunk in enumerate(results, start=1):
            sums = chunk if sums is None else _add(sums, chunk)
            trials, losses = int(sums[0][0]), int(sums[0][1])
            if self.progress is not None:
                self.progress(Progress(trials, self.plan.max_trials, losses, self.plan.target))
            if time.monotonic() > self.plan.deadline:
                break
            if done >= look:
                look *= 2
                if self._good_enough(trials, losses):
                    break
        assert sums is not None  # noqa: S101 - max_trials is at least 1
        return sums

    def _good_enough(self, trials: int, losses: int) -> bool:
        if self.plan.target is None or losses < 20:
            return False
        return math.sqrt((1.0 - losses / trials) / losses) <= self.plan.target
