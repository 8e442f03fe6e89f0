"""Gamma frailty shared by a model or a lot: how far groups of drives differ.

All drives of a group share a factor on their hazard rate, drawn from a gamma law of mean 1 and
variance θ. With D failures and a cumulative hazard Λ of its drives while they were watched, a group
contributes ∏ h · Γ(D + 1/θ) / Γ(1/θ) · θ^D · (1 + θΛ)^−(D + 1/θ) once the factor is integrated out
[1]_. The hazard of an age is free: constant within a bin, its own for each stratum. Its mean 1 is
among groups as they entered, which is what the simulation means by it (drives alive at time 0).

With a free hazard for each of many strata the plain likelihood reads θ low, as the maximum
likelihood estimate of a variance does; the adjusted profile likelihood of Cox and Reid [2]_ takes
half the log determinant of the information about the hazards off. The tests show its coverage.

References
----------
.. [1] Duchateau, Janssen, "The Frailty Model", Springer 2008, section 2.2.
.. [2] Cox, Reid, "Parameter Orthogonality and Approximate Conditional Inference", JRSS B 49, 1987.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskmodel.fitting.ages import AGE_EDGES_YEARS, by_age
from riskmodel.fitting.likelihood import Estimate, interval_of, maximum_of
from riskmodel.fitting.observed import Floats, Lifetimes

__all__ = ["FrailtyFit", "fit_lot_frailty", "fit_model_frailty", "rising_factorial_log"]

# of log variance: below, a group's factor is 1 for all that data can say
_VARIANCES = (math.log(1e-9), math.log(100.0))
_NEWTON_STEPS = 200


@dataclass(frozen=True, slots=True)
class FrailtyFit:
    """Variance of a shared gamma frailty, by the adjusted and by the plain profile likelihood.

    ``selection`` is, by age, the hazard of a group of factor 1 over that of all drives together:
    bad groups fail first, so that it rises above 1. ``selection_of`` is that of single models.
    """

    variance: Estimate
    plain_variance: Estimate
    likelihood_ratio: float  # of the plain likelihood against none
    groups: int
    strata: int
    drives: int
    failures: int
    selection: Floats = field(default_factory=lambda: np.ones(len(AGE_EDGES_YEARS) - 1))
    selection_of: Mapping[str, Floats] = field(default_factory=dict)


def fit_model_frailty(seen: Lifetimes, *, confidence: float = 0.95) -> FrailtyFit:
    """Fit how models differ, over one hazard by age for all.

    Parameters
    ----------
    seen : Lifetimes
        Drives of three models at least.
    confidence : float
        Of the intervals.

    Returns
    -------
    FrailtyFit

    Raises
    ------
    ValueError
        If there are fewer than three models.
    """
    models, group = np.unique(seen.model, return_inverse=True)
    if len(models) < 3:
        raise ValueError(f"a variance between models needs 3 models, got {len(models)}")
    return _fit(seen, group, np.zeros(len(models), dtype=np.intp), confidence)


def fit_lot_frailty(
    seen: Lifetimes, *, min_drives: int = 100, min_failures: int = 20, confidence: float = 0.95
) -> FrailtyFit:
    """Fit how lots of one model differ, over a hazard by age of each model.

    Parameters
    ----------
    seen : Lifetimes
        The drives; `batch` names their lots.
    min_drives, min_failures : int
        Models with fewer are left out.
    confidence : float
        Of the intervals.

    Returns
    -------
    FrailtyFit

    Raises
    ------
    ValueError
        If no model that is large enough has two lots.
    """
    drives, deaths = seen.counts_by_model()
    large = np.flatnonzero((drives >= min_drives) & (deaths >= min_failures))
    kept = seen.where(np.isin(seen.model, large))
    lots, first, group = np.unique(kept.batch, return_index=True, return_inverse=True)
    stratum = np.searchsorted(large, kept.model[first])
    if not len(lots) or np.bincount(stratum).max() < 2:
        raise ValueError(
            "a variance between lots needs a model of two lots, with at least "
            f"{min_drives} drives and {min_failures} failures"
        )
    return _fit(kept, group, stratum, confidence, [seen.models[i] for i in large])


def rising_factorial_log(deaths: NDArray[np.int64], variance: float) -> Floats:
    """Return log[Γ(D + 1/θ) θ^D / Γ(1/θ)], the sum of log(1 + iθ) over i < D; good at θ = 0."""
    steps = np.log1p(variance * np.arange(int(deaths.max(initial=0))))
    return np.concatenate(([0.0], np.cumsum(steps)))[deaths]


def _fit(
    seen: Lifetimes,
    group: NDArray[np.intp],
    stratum: NDArray[np.intp],
    confidence: float,
    names: Sequence[str] = (),
) -> FrailtyFit:
    failures, years = by_age(seen, group, len(stratum))
    numbers = [s for s in np.unique(stratum) if failures[stratum == s].any()]
    strata = [_Stratum(failures[stratum == s], years[stratum == s]) for s in numbers]

    def estimate(adjusted: bool) -> tuple[Estimate, float]:
        known: dict[float, float] = {}

        def at(log_variance: float) -> float:
            if log_variance not in known:
                variance = math.exp(log_variance)
                known[log_variance] = math.fsum(s.profile(variance, adjusted) for s in strata)
            return known[log_variance]

        return _searched(at, confidence)

    adjusted, _ = estimate(adjusted=True)
    plain, ratio = estimate(adjusted=False)
    both = [s.expected_and_seen(max(adjusted.value, math.exp(_VARIANCES[0]))) for s in strata]
    return FrailtyFit(
        adjusted,
        plain,
        ratio,
        len(stratum),
        len(np.unique(stratum)),
        len(seen),
        seen.failures,
        _selection(np.sum(both, axis=0)),
        {names[s]: _selection(own) for s, own in zip(numbers, both, strict=True)} if names else {},
    )


def _selection(expected_and_seen: Floats) -> Floats:
    expected, seen = expected_and_seen
    return np.asarray(np.divide(expected, seen, out=np.ones_like(seen), where=seen > 0.0))


def _searched(at: Callable[[float], float], confidence: float) -> tuple[Estimate, float]:
    best = maximum_of(at, *_VARIANCES)
    ratio = 2.0 * (at(best) - at(_VARIANCES[0]))
    low, high = interval_of(
        at, best, confidence=confidence, lowest=_VARIANCES[0], highest=_VARIANCES[1], step=0.3
    )
    value = math.exp(best) if ratio > 0.0 else 0.0
    return Estimate(value, math.exp(low), math.exp(high)), ratio


class _Stratum:
    """Groups that share one free hazard by age; the state is the hazard found last, to go on."""

    def __init__(self, failures: Floats, years: Floats) -> None:
        seen = failures.sum(axis=0) > 0.0  # a bin without failures has hazard 0
        self.seen = seen
        self.deaths = failures.sum(axis=1).astype(np.int64)
        self.by_bin = failures.sum(axis=0)[seen]
        self.years = years[:, seen]
        self.log_hazard = np.log(self.by_bin / self.years.sum(axis=0))

    def profile(self, variance: float, adjusted: bool) -> float:
        """Return the log-likelihood of a variance at the best hazards, by Newton's method.

        In the logarithms of the hazards it is concave, so that the maximum found is the one.
        """
        x = self.log_hazard
        value = self._value(x, variance)
        for _ in range(_NEWTON_STEPS):
            slope, information = self._derivatives(x, variance)
            way = np.linalg.solve(information, slope)
            step = 1.0
            while (new := self._value(x + step * way, variance)) < value and step > 1e-9:
                step /= 2.0
            gained = new - value
            if gained <= 0.0:
                break
            x, value = x + step * way, new
            if gained < 1e-11 * abs(value):
                break
        self.log_hazard = x
        value += float(rising_factorial_log(self.deaths, variance).sum())
        if adjusted:
            value -= 0.5 * float(np.linalg.slogdet(self._derivatives(x, variance)[1])[1])
        return value

    def expected_and_seen(self, variance: float) -> Floats:
        """Return by age the failures there would be were all factors 1, and those there were."""
        self.profile(variance, adjusted=False)
        found = np.zeros((2, len(self.seen)))
        found[0, self.seen] = np.exp(self.log_hazard) * self.years.sum(axis=0)
        found[1, self.seen] = self.by_bin
        return found

    def _value(self, x: Floats, variance: float) -> float:
        total = self.years @ np.exp(x)
        spread = (self.deaths + 1.0 / variance) * np.log1p(variance * total)
        return float(self.by_bin @ x - spread.sum())

    def _derivatives(self, x: Floats, variance: float) -> tuple[Floats, Floats]:
        part = self.years * np.exp(x)
        below = 1.0 + variance * part.sum(axis=1)
        factor = (1.0 + variance * self.deaths) / below  # the mean factor of each group, given data
        expected = factor @ part
        curved = (part.T * (variance * factor / below)) @ part
        return self.by_bin - expected, np.diag(expected) - curved
