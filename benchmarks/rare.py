"""Processor time to a relative error of 10 %, for losses from rare to hardly ever."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass

import riskmodel as rm
from benchmarks.rare_layouts import FAMILIES, Family
from benchmarks.tables import Size, Table
from riskmodel.simulation import METHODS

WANTED = (1e-3, 1e-6, 1e-9, 1e-12)
_ERROR = 0.1
_CLOSE = 0.02  # how near to the wanted probability a layout is brought
_STEPS = 8
_UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "days": 86_400.0}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a method costs at one layout.

    Parameters
    ----------
    probability : float
        Its estimate.
    relative_variance : float
        Of one trial.
    trial_seconds : float
        Processor time of a trial. [s]
    called_seconds : float
        Processor time of a warm call that asks for the relative error; nan if it was not made. [s]
    """

    probability: float
    relative_variance: float
    trial_seconds: float
    called_seconds: float

    @property
    def seconds(self) -> float:
        """Processor time to the wanted relative error. [s]"""
        return max(self.relative_variance / _ERROR**2, 1.0) * self.trial_seconds


def _probability(layout: rm.Layout, trials: int) -> float:
    try:
        return rm.simulate(layout, method="exact").probability
    except rm.StateSpaceTooLarge:
        method = next(name for name in ("conditional", "excursion", "events") if name in METHODS)
        return rm.simulate(layout, method=method, trials=trials, threads=1).probability


def tuned(family: Family, wanted: float, trials: int) -> tuple[rm.Layout, float]:
    """Return the family's layout that is lost with about a wanted probability, and that."""
    log_scale, order = 0.0, family.order
    before: tuple[float, float] | None = None
    for _ in range(_STEPS):
        layout = family.make(math.exp(log_scale))
        p = _probability(layout, trials)
        if p == 0.0 or abs(p / wanted - 1.0) < _CLOSE:
            break
        gap = math.log(wanted / p)
        if before is not None and abs(log_scale - before[0]) > 0.01:
            slope = (math.log(p) - before[1]) / (log_scale - before[0])
            order = min(max(slope, 0.5), 6.0)
        before = log_scale, math.log(p)
        log_scale += gap / order
    return layout, p


def measure(layout: rm.Layout, method: str, trials: int, rounds: int, p: float) -> Cost | str:
    """Return what a method costs, or why it cannot be used."""
    seconds, probabilities, squares = [], [], []
    try:
        _run(layout, method, 0, min(trials, 100))
        for seed in range(1, rounds + 1):
            started = time.process_time()
            loss = _run(layout, method, seed, trials)
            seconds.append((time.process_time() - started) / max(loss.trials, 1))
            probabilities.append(loss.probability)
            squares.append(loss.trials * loss.standard_error**2)
    except rm.StateSpaceTooLarge:
        return "out of reach"
    except rm.InputError as error:
        return "not available" if "not built yet" in str(error) else f"refused: {error}"
    mean = statistics.fmean(probabilities)
    if method == "events":  # a plain share: its variance is known even where no loss is met
        variance = (1.0 - p) / p
    else:
        variance = statistics.fmean(squares) / mean**2 if mean else math.inf
    called = math.nan
    if method != "events" or p >= 1e-3:
        started = time.process_time()
        rm.simulate(layout, method=method, target_relative_error=_ERROR, threads=1)
        called = time.process_time() - started
    return Cost(mean, variance, statistics.median(seconds), called)


def _run(layout: rm.Layout, method: str, seed: int, trials: int) -> rm.LossEstimate:
    count = None if method == "exact" else trials
    return rm.simulate(layout, method=method, trials=count, seed=seed, threads=1)


def rare(size: Size) -> Table:
    """Time every method at every family and probability."""
    table = Table(
        "One core to a relative error of 10 %",
        (
            "layout",
            "p",
            "method",
            "estimate",
            "variance a trial",
            "needed",
            "as called",
            "events is",
        ),
        notes=[
            "needed: seconds for the trials that the variance asks for; as called: of a warm call",
            "with target_relative_error=0.1; events is: times that plain events would take longer",
            "(its trials from p, its seconds a trial as measured)",
        ],
    )
    trials = size.pick(512, 32_768)
    for family in FAMILIES if size is not Size.TINY else FAMILIES[:1]:
        for wanted in WANTED if size is not Size.TINY else WANTED[1:2]:
            layout, p = tuned(family, wanted, trials)
            few = min(trials, size.pick(256, 4_096))
            plain = measure(layout, "events", few, 3, p)
            for method in METHODS:
                if method == "auto":
                    continue
                cost = plain if method == "events" else measure(layout, method, trials, 3, p)
                _add(table, (family.name, f"{wanted:.0e}", method), cost, plain)
    return table


def _add(table: Table, case: tuple[str, str, str], cost: Cost | str, plain: Cost | str) -> None:
    if isinstance(cost, str):
        table.add(*case, cost, "", "", "", "")
        return
    if not math.isfinite(cost.relative_variance):
        table.add(*case, "too few trials to tell", "", "", "", "")
        return
    key = " ".join(case)
    table.figures[key] = cost.seconds
    table.figures[f"{key}: estimate"] = cost.probability
    shown = f"{cost.probability:.3g}" if cost.probability else "none met"
    variance = f"{cost.relative_variance:.3g}" if case[2] != "exact" else ""
    called = f"{_seconds(cost.called_seconds)}" if math.isfinite(cost.called_seconds) else ""
    longer = ""
    if isinstance(plain, Cost) and case[2] != "events":
        longer = f"{plain.seconds / cost.seconds:.2g} x"
    table.add(*case, shown, variance, _seconds(cost.seconds), called, longer)


def _seconds(value: float) -> str:
    for size, unit in ((1.0, "ms"), (300.0, "s"), (7_200.0, "min"), (172_800.0, "h")):
        if value < size:
            return f"{value / _UNITS[unit]:.2g} {unit}"
    return f"{value / _UNITS['days']:,.0f} days"
