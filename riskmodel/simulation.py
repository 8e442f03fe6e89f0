"""Simulate: one facade for all methods."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from riskmodel._checkpoint import Checkpoint
from riskmodel._events import EventsEngine
from riskmodel._excursion import ConditionalEngine, ExcursionEngine, work_of
from riskmodel._executors import Pool, pool_of
from riskmodel._program import Compiled, compile_layout
from riskmodel._run import Engine, Plan, Progress, Sums, go, software
from riskmodel.errors import InputError, NotSimulated, StateSpaceTooLarge, did_you_mean
from riskmodel.estimate import LossEstimate
from riskmodel.layout import Layout, require_layouts
from riskmodel.units import hours


class _Engine(Engine, Protocol):
    def found(self, sums: Sums) -> dict[str, Any]: ...


__all__ = [
    "METHODS",
    "WORTH_IT",
    "Prepared",
    "Progress",
    "plan_of",
    "prepare",
    "say_if_cold",
    "simulate",
]

METHODS = ("auto", "exact", "conditional", "excursion", "events")
_LOG = logging.getLogger("riskmodel")
_DEFAULT_MAX_TRIALS = 4_000_000
# how a method makes its engine of a compiled layout; `found` of the engine reads its sums
_ENGINES: dict[str, Callable[[Compiled], _Engine]] = {
    "conditional": ConditionalEngine.of,
    "excursion": ExcursionEngine.of,
    "events": EventsEngine.of,
}
_PILOT_CHUNKS = (64, 256, 1024)  # more where the fewer do not tell and losses are too rare to count
_PILOT_SHARE = 0.5  # of the time that is left, so that the run itself has the rest
_TOO_RARE = 1e-4  # of a history: plain trials are no alternative
_MOST_PILOT_EVENTS = 3e5  # in a history: a pilot run of seconds, not minutes
WORTH_IT = 0.3  # of the variance of plain trials, which cost a third


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
    processes: int | None = None,
    dask: str | None = None,
    executor: Any = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    ranges: bool | None = None,
) -> LossEstimate:
    """Estimate the probability that a layout loses all its data.

    Parameters
    ----------
    layout : Layout
        What protects the data.
    horizon : str or float, optional
        Mission time, as a quantity or in hours; the layout's own by default. [h]
    method : {'auto', 'exact', 'conditional', 'excursion', 'events'}
        ``auto`` takes ``exact`` where the layout is Markov and small; else ``conditional`` where a
        pilot run shows that losses are rare, ``events`` where they are not.
    target_relative_error : float, optional
        Stop once standard error / probability is below this; 0.05 unless ``trials`` is given.
    trials : int, optional
        Run exactly this many trials; with a target, at most this many.
    time_budget : str or float, optional
        Stop after this time, pilot runs included, as a quantity such as ``"20 s"`` or in hours.
        Such a stop depends on the machine; all else depends on the seed alone.
    seed : int
        Key of the random streams: the same seed gives the same result whatever runs the trials.
    threads : int, optional
        Worker threads; all cores by default.
    processes : int, optional
        Worker processes on this machine, instead of threads.
    dask : str, optional
        Address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``, whose workers run the
        trials; needs the extra ``threetwoone[dask]``, there too.
    executor : Executor or distributed.Client, optional
        Anything with ``submit()``; it is used and left open.
    checkpoint : str or Path, optional
        File that keeps what was run. The same call goes on from it after a stop, and one with
        more trials or a lower target after an end, as if it had never stopped; time spent before
        does not count for ``time_budget``. Not used by ``exact``.
    progress : callable, optional
        Called with a `Progress` now and then.
    ranges : bool, optional
        Also fill ``parameter_range``, the range over the uncertain inputs, as `parameter_range`
        does by itself; by default where the layout has ranges of its own. It runs on threads of
        this machine, and ``time_budget`` and ``checkpoint`` do not count for it.

    Returns
    -------
    LossEstimate

    Raises
    ------
    InputError
        If an argument or the layout cannot be used.
    StateSpaceTooLarge
        If ``method="exact"`` cannot hold the layout.
    WorkersLost
        If processes or a cluster end before the run does.
    Interrupted
        If Ctrl-C stops a run with a checkpoint; other runs end with a plain KeyboardInterrupt.

    Examples
    --------
    >>> import riskmodel as rm
    >>> disk = rm.Layout.from_dict({"media": {"m": {"afr": 0.02}}, "horizon": "1 year",
    ...     "copies": [{"name": "disk", "store": {"media": "m"}}]})
    >>> round(rm.simulate(disk).probability, 6)
    0.02
    """
    require_layouts("simulate", [layout])
    if ranges if ranges is not None else layout.ranges:
        return _with_range(
            layout,
            horizon=horizon,
            method=method,
            target_relative_error=target_relative_error,
            trials=trials,
            time_budget=time_budget,
            seed=seed,
            threads=threads,
            processes=processes,
            dask=dask,
            executor=executor,
            checkpoint=checkpoint,
            progress=progress,
        )
    plan = plan_of(method, target_relative_error, trials, time_budget, seed)
    pool = pool_of(threads, processes, dask, executor)
    deadline = time.monotonic() + plan.budget_seconds
    ready = prepare(layout, horizon=horizon, method=method, seed=seed, pool=pool, deadline=deadline)
    plan = replace(plan, budget_seconds=max(deadline - time.monotonic(), 0.0))
    if ready.exact is not None:
        if checkpoint is not None and method == "auto":
            _LOG.info("the answer is exact: nothing is kept in %s", checkpoint)
        return ready.exact
    engine = ready.engine
    say_if_cold()
    with _kept(checkpoint, layout, ready.compiled, engine, seed) as kept:
        sums = go(engine, plan, pool, kept=kept, progress=progress)
    return ready.estimate(sums, seed)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A layout that is ready to run: its exact answer, or the engine that was chosen and why."""

    layout: Layout
    compiled: Compiled
    started: float
    why: str = ""
    exact: LossEstimate | None = None
    chosen: _Engine | None = None

    @property
    def engine(self) -> _Engine:
        """The engine; there is none where the answer is exact."""
        if self.chosen is None:
            raise InputError(f"{self.layout.name}: the answer is exact, nothing is run")
        return self.chosen

    def estimate(self, sums: Sums, seed: int) -> LossEstimate:
        """Return what sums of the engine stand for."""
        return LossEstimate(
            layout=self.layout.name,
            digest=self.layout.digest(),
            horizon_hours=self.compiled.horizon_hours,
            method=self.engine.name,
            why=self.why,
            seed=seed,
            warnings=self.compiled.warnings,
            assumptions=self.compiled.assumptions,
            parameters=self.compiled.parameters,
            in_pieces=self.compiled.in_pieces,
            elapsed_seconds=time.perf_counter() - self.started,
            **self.engine.found(sums),
        )


def prepare(
    layout: Layout,
    *,
    horizon: str | float | None,
    method: str,
    seed: int,
    pool: Callable[[], Pool],
    deadline: float = math.inf,
) -> Prepared:
    """Compile a layout and choose how it is estimated; see `simulate`.

    Pilot runs end at the deadline, by the monotonic clock.
    """
    compiled = compile_layout(layout, hours(horizon, "horizon") if horizon is not None else None)
    started = time.perf_counter()
    why = "asked for"
    if method in ("auto", "exact"):
        try:
            exact = _exactly(layout, compiled, started)
        except StateSpaceTooLarge as error:
            if method == "exact":
                raise
            method, better = _cheapest(compiled, seed, pool, deadline)
            why = f"{better}; exact is out of reach: {error}"
        else:
            return Prepared(layout, compiled, started, exact.why, exact=exact)
    return Prepared(layout, compiled, started, why, chosen=_ENGINES[method](compiled))


def _with_range(layout: Layout, **options: Any) -> LossEstimate:
    """Estimate at the best values of the inputs, and then over what the inputs may be."""
    from riskmodel.uncertainty import parameter_range

    best = simulate(layout, ranges=False, **options)
    kept = {key: options[key] for key in ("horizon", "seed", "threads", "progress")}
    return replace(best, parameter_range=parameter_range(layout, estimate=best, **kept))


def _cheapest(
    compiled: Compiled, seed: int, pool: Callable[[], Pool], deadline: float
) -> tuple[str, str]:
    """Choose between conditional and events by a few trials; return the method and why."""
    work = work_of(compiled.program)
    if work > _MOST_PILOT_EVENTS:
        return "events", f"with some {work:.1g} events a history is too long for a pilot run"
    say_if_cold()
    try:
        engine = ConditionalEngine.of(compiled)
        for chunks in _PILOT_CHUNKS:
            left = deadline - time.monotonic()
            plan = Plan(seed, chunks * engine.chunk_trials, budget_seconds=_PILOT_SHARE * left)
            sums = go(engine, plan, pool)
            pilot = engine.found(sums)["weighted"]
            told = engine.enough(sums) or not 0.0 < pilot.mean < _TOO_RARE
            if told or pilot.trials < plan.max_trials:
                break
    except NotSimulated as error:
        return "events", str(error)
    if not engine.enough(sums):
        if pilot.trials < plan.max_trials:
            return "events", "the time budget is too short for a pilot run of conditional"
        return "events", "what a pilot run of conditional found rests on too few of its trials"
    plain = (1.0 - min(pilot.mean, 0.99)) / pilot.mean
    if pilot.relative_error**2 * pilot.trials > WORTH_IT * plain:
        return "events", f"losses are frequent, some {pilot.mean:.1g}"
    return "conditional", f"losses are rare, some {pilot.mean:.1g}"


def _kept(
    path: str | Path | None, layout: Layout, compiled: Compiled, engine: Engine, seed: int
) -> AbstractContextManager[Checkpoint | None]:
    """Open the checkpoint, if there is to be one; it belongs to all that the bits depend on."""
    if path is None:
        return nullcontext()
    identity = {
        "layout": layout.digest(),
        "horizon_hours": compiled.horizon_hours.hex(),
        "method": engine.name,
        "seed": seed,
        "program": compiled.digest(),
        **software(),
    }
    return Checkpoint(Path(path), identity, engine.chunk_trials)


def say_if_cold() -> None:
    """Say that the engine is being compiled, where it is."""
    from riskmodel._kernels._jit import is_cold

    if is_cold():
        _LOG.info("compiling the engine; only the first run after an install waits for this")


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
        parameters=compiled.parameters,
        elapsed_seconds=time.perf_counter() - started,
    )


def plan_of(
    method: str,
    target: float | None,
    trials: int | None,
    time_budget: str | float | None,
    seed: int,
) -> Plan:
    """Validate what says how long to run."""
    if method not in METHODS:
        raise InputError(f"method: unknown method '{method}'{did_you_mean(method, METHODS)}")
    if target is not None and not 0.0 < target < 1.0:
        raise InputError(f"target_relative_error: must be between 0 and 1, got {target!r}")
    if trials is not None and trials < 1:
        raise InputError(f"trials: must be at least 1, got {trials!r}")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed: must be between 0 and 2^63 - 1, got {seed!r}")
    budget = math.inf if time_budget is None else hours(time_budget, "time budget") * 3600.0
    if not budget >= 0.0:
        raise InputError(f"time budget: must not be negative, got {time_budget!r}")
    return Plan(
        seed=seed,
        max_trials=trials if trials is not None else _DEFAULT_MAX_TRIALS,
        target=0.05 if target is None and trials is None else target,
        budget_seconds=budget,
    )
