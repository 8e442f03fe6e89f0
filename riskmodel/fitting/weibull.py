"""Weibull lifetimes by maximum likelihood, left-truncated and right-censored.

The log-likelihood of drives watched from age s to age e is the sum of log h(e) over the failures
less the sum of H(e) − H(s) over all. For a given shape k the best scale of a group with D failures
is (Σ e^k − s^k, divided by D)^(1/k), so that only the shape is searched for.

References
----------
.. [1] Lawless, "Statistical Models and Methods for Lifetime Data", 2nd ed., Wiley 2003, ch. 5
   (Weibull) and 2.4 (left truncation).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskmodel.fitting.ages import AgeCounts
from riskmodel.fitting.likelihood import Estimate, interval_of, maximum_of
from riskmodel.fitting.observed import Floats, Lifetimes

__all__ = ["WeibullFit", "WeibullGroups", "fit_common_shape", "fit_weibull", "weibull_of_counts"]

_SHAPES = (math.log(0.02), math.log(50.0))
_AROUND = 8.0  # standard deviations of a log shape within which a profile of a scale looks


@dataclass(frozen=True, slots=True)
class WeibullFit:
    """One Weibull law; intervals by profile likelihood."""

    shape: Estimate
    scale_hours: Estimate
    log_likelihood: float
    likelihood_ratio: float  # against shape 1; twice the difference of log-likelihoods
    drives: int
    failures: int


@dataclass(frozen=True, slots=True)
class WeibullGroups:
    """One shape with a scale for each group; intervals by profile likelihood."""

    shape: Estimate
    names: tuple[str, ...]
    scales_hours: tuple[Estimate, ...]
    drives: int
    failures: int


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over drives that a likelihood of the shape needs; ages in units of the highest."""

    start: Floats
    end: Floats
    group: NDArray[np.intp]
    deaths: Floats  # by group
    log_ends: float  # over the failures
    unit: float  # [h]

    @classmethod
    def of(cls, seen: Lifetimes, group: NDArray[np.intp], groups: int) -> _Sums:
        unit = seen.oldest_hours
        end = seen.end_hours / unit
        deaths = np.bincount(group[seen.failed], minlength=groups).astype(np.float64)
        return cls(
            seen.start_hours / unit, end, group, deaths, float(np.log(end[seen.failed]).sum()), unit
        )

    def exposure(self, shape: float) -> Floats:
        """Return Σ e^k − s^k by group."""
        each = self.end**shape - self.start**shape
        return np.bincount(self.group, each, len(self.deaths)).astype(np.float64)

    def profile(self, log_shape: float) -> float:
        """Return the log-likelihood of a shape at the best scales, up to a constant."""
        shape = math.exp(log_shape)
        level = self.deaths @ np.log(self.deaths / self.exposure(shape))
        return float(self.deaths.sum() * log_shape + (shape - 1.0) * self.log_ends + level)


def fit_weibull(seen: Lifetimes, *, confidence: float = 0.95) -> WeibullFit:
    """Fit one Weibull law to all drives.

    Parameters
    ----------
    seen : Lifetimes
        Drives with two failures at least.
    confidence : float
        Of the intervals.

    Returns
    -------
    WeibullFit

    Raises
    ------
    ValueError
        If fewer than two drives failed.
    """
    if seen.failures < 2:
        raise ValueError(f"a shape needs 2 failures, got {seen.failures}")
    sums = _Sums.of(seen, np.zeros(len(seen), dtype=np.intp), 1)
    best = maximum_of(sums.profile, *_SHAPES)
    low, high = interval_of(
        sums.profile, best, confidence=confidence, lowest=_SHAPES[0], highest=_SHAPES[1]
    )
    value = sums.profile(best)
    return WeibullFit(
        _exp(best, low, high),
        _scales(sums, best, confidence)[0],
        value - seen.failures * (1.0 + math.log(sums.unit)),
        2.0 * (value - sums.profile(0.0)),
        len(seen),
        seen.failures,
    )


def fit_common_shape(
    seen: Lifetimes, *, min_failures: int = 10, confidence: float = 0.95
) -> WeibullGroups:
    """Fit one shape for all models and a scale for each.

    Parameters
    ----------
    seen : Lifetimes
        The drives; models with fewer failures are left out.
    min_failures : int
        Fewest failures of a model, >= 1.
    confidence : float
        Of the intervals.

    Returns
    -------
    WeibullGroups

    Raises
    ------
    ValueError
        If no model has so many failures.
    """
    _, deaths = seen.counts_by_model()
    models = np.flatnonzero(deaths >= max(min_failures, 1))
    if not len(models):
        raise ValueError(f"no model has {min_failures} failures")
    kept = seen.where(np.isin(seen.model, models))
    sums = _Sums.of(kept, np.searchsorted(models, kept.model), len(models))
    best = maximum_of(sums.profile, *_SHAPES)
    low, high = interval_of(
        sums.profile, best, confidence=confidence, lowest=_SHAPES[0], highest=_SHAPES[1]
    )
    return WeibullGroups(
        _exp(best, low, high),
        tuple(seen.models[i] for i in models),
        _scales(sums, best, confidence),
        len(kept),
        kept.failures,
    )


def weibull_of_counts(counts: AgeCounts) -> tuple[float, float]:
    """Return the likeliest shape and scale of drives with two failures at least. [1, year]."""
    unit = float(counts.years.max())
    ages, deaths = counts.years / unit, float(counts.failures.sum())
    died = counts.failures > 0.0
    log_ends = float(counts.failures[died] @ np.log(ages[died]))

    def profile(log_shape: float) -> float:
        k = math.exp(log_shape)
        return deaths * (log_shape - math.log(counts.net @ ages**k)) + k * log_ends

    k = math.exp(maximum_of(profile, *_SHAPES))
    return k, unit * (float(counts.net @ ages**k) / deaths) ** (1.0 / k)


def _scales(sums: _Sums, best: float, confidence: float) -> tuple[Estimate, ...]:
    """Return each group's scale by profile likelihood, over the shape and all other scales. [h].

    The sums over drives are smooth in the log shape: they are taken at some shapes around the best
    and interpolated, so that the search costs no further pass over the drives.
    """
    from scipy.interpolate import CubicSpline

    step = 1e-3
    curve = [sums.profile(best + x) for x in (-step, 0.0, step)]
    bend = 2.0 * curve[1] - curve[0] - curve[2]
    reach = _AROUND * step / math.sqrt(bend) if bend > 0.0 else math.inf
    around = np.linspace(max(best - reach, _SHAPES[0]), min(best + reach, _SHAPES[1]), 81)
    sums_at = CubicSpline(around, np.log([sums.exposure(math.exp(x)) for x in around]))
    deaths, total = sums.deaths, float(sums.deaths.sum())

    def likelihood_of(group: int) -> Callable[[float], float]:
        others = np.delete(deaths, group)

        def at(log_scale: float) -> float:
            def of_shape(log_shape: float) -> float:
                shape, exposure = math.exp(log_shape), sums_at(log_shape)
                free = float(others @ np.delete(exposure, group))
                own = deaths[group] * shape * log_scale
                own += math.exp(min(float(exposure[group]) - shape * log_scale, 600.0))
                return float(total * log_shape + (shape - 1.0) * sums.log_ends - free - own)

            return of_shape(maximum_of(of_shape, around[0], around[-1]))

        return at

    found = []
    for group, exposure in enumerate(sums_at(best)):
        log_scale = float(exposure - math.log(deaths[group])) / math.exp(best)
        low, high = interval_of(
            likelihood_of(group), log_scale, confidence=confidence, tolerance=1e-4
        )
        found.append(_exp(log_scale, low, high).scaled(sums.unit))
    return tuple(found)


def _exp(best: float, low: float, high: float) -> Estimate:
    """Return an estimate of what was searched for on the log scale."""
    top = math.exp(high) if high < 700.0 else math.inf
    return Estimate(math.exp(best), math.exp(low), top)
