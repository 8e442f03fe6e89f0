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

from riskmodel.fitting.likelihood import Estimate, drop, interval_of, maximum_of
from riskmodel.fitting.observed import Floats, Lifetimes

__all__ = ["WeibullFit", "WeibullGroups", "fit_common_shape", "fit_weibull"]

_SHAPES = (math.log(0.02), math.log(50.0))


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
    """One shape with a scale for each group; shape by profile likelihood, scales by Wald (log)."""

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
    deaths = float(sums.deaths[0])
    log_scale = math.log(float(sums.exposure(math.exp(best))[0]) / deaths) / math.exp(best)
    of_scale = _scale_profile(sums)
    bottom, top = interval_of(of_scale, log_scale, confidence=confidence)
    value = sums.profile(best)
    return WeibullFit(
        _exp(best, low, high),
        _exp(log_scale, bottom, top).scaled(sums.unit),
        value - deaths * (1.0 + math.log(sums.unit)),
        2.0 * (value - sums.profile(0.0)),
        len(seen),
        seen.failures,
    )


def _scale_profile(sums: _Sums) -> Callable[[float], float]:
    """Return the log-likelihood of a log-scale, highest over shapes, up to the same constant."""
    deaths = float(sums.deaths[0])

    def at(log_scale: float) -> float:
        def of_shape(log_shape: float) -> float:
            shape = math.exp(log_shape)
            hazard = float(sums.exposure(shape)[0]) * math.exp(
                min(-shape * log_scale, 600.0)  # a shape far from any that the data allow
            )
            level = deaths * (log_shape - shape * log_scale) + (shape - 1.0) * sums.log_ends
            return level - hazard + deaths

        return of_shape(maximum_of(of_shape, *_SHAPES))

    return at


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
        _scales(sums, math.exp(best), confidence),
        len(kept),
        kept.failures,
    )


def _scales(sums: _Sums, shape: float, confidence: float) -> tuple[Estimate, ...]:
    """Return each group's scale [h]; the shape's error moves them too (inverse information)."""
    step = 1e-3
    log_shape = math.log(shape)
    curve = [sums.profile(log_shape + x) for x in (-step, 0.0, step)]
    shape_variance = -(step**2) / (curve[0] - 2.0 * curve[1] + curve[2])  # of log shape
    log_scale = np.log(sums.exposure(shape) / sums.deaths) / shape

    def moved(by: float) -> Floats:
        k = math.exp(log_shape + by)
        return np.asarray(np.log(sums.exposure(k) / sums.deaths) / k)

    slope = (moved(step) - moved(-step)) / (2.0 * step)
    deviation = np.sqrt(1.0 / (shape**2 * sums.deaths) + slope**2 * shape_variance)
    z = math.sqrt(2.0 * drop(confidence))
    return tuple(
        _exp(u, u - z * s, u + z * s).scaled(sums.unit)
        for u, s in zip(log_scale.tolist(), deviation.tolist(), strict=True)
    )


def _exp(best: float, low: float, high: float) -> Estimate:
    """Return an estimate of what was searched for on the log scale."""
    top = math.exp(high) if high < 700.0 else math.inf
    return Estimate(math.exp(best), math.exp(low), top)
