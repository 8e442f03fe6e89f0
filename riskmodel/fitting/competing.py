"""Competing hazards by maximum likelihood: infant, constant and wear-out, as the preset ``hdd``.

h(t) = a·exp(−t/τ) + c + (k/η)·(t/η)^(k−1), left-truncated and right-censored. Drives are watched
from day to day, so that ages are whole days here and the data shrink to counts by age; all five
numbers are searched for on the log scale, within bounds that keep their names true: τ at most a
year, k at least 1.5. Intervals are profile likelihood; a rate that the data do not need has an
interval down to 0, and an interval of τ or k that reaches a bound ends there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.fitting.ages import DAYS_PER_YEAR, AgeCounts
from riskmodel.fitting.likelihood import Estimate, interval_of
from riskmodel.fitting.observed import Floats, Lifetimes
from riskmodel.units import HOURS_PER_YEAR

__all__ = ["CompetingFit", "competing_lifetime", "fit_competing"]

_NAMES = ("infant_rate", "infant_years", "constant_rate", "wear_shape", "wear_scale_years")
# where searches start: years of infancy, shape of wear-out
_STARTS = ((0.1, 3.0), (0.3, 6.0), (0.05, 1.7))


@dataclass(frozen=True, slots=True)
class CompetingFit:
    """Infant, constant and wear-out hazards that add; rates per year, times in years."""

    infant_rate: Estimate
    infant_years: Estimate
    constant_rate: Estimate
    wear_shape: Estimate
    wear_scale_years: Estimate
    log_likelihood: float
    drives: int
    failures: int

    def cumulative_hazard(self, hours: Floats) -> Floats:
        """Return H(t) at ages in hours."""
        return _hazards(self._point, np.asarray(hours) / HOURS_PER_YEAR)[1]

    def hazard_rate(self, years: Floats) -> Floats:
        """Return h(t) per year at ages in years."""
        return _hazards(self._point, np.asarray(years))[0]

    @property
    def _point(self) -> Floats:
        return np.log([getattr(self, name).value for name in _NAMES])


def fit_competing(seen: Lifetimes, *, confidence: float = 0.95) -> CompetingFit:
    """Fit the three hazards.

    Parameters
    ----------
    seen : Lifetimes
        Drives with 30 failures at least.
    confidence : float
        Of the intervals.

    Returns
    -------
    CompetingFit

    Raises
    ------
    ValueError
        If there are fewer failures: five numbers would be made of nothing.
    """
    if seen.failures < 30:
        raise ValueError(f"competing hazards need 30 failures, got {seen.failures}")
    counts = _Counts.of(AgeCounts.of(seen))
    best = counts.best()
    return CompetingFit(
        **{name: counts.estimate(i, *best, confidence) for i, name in enumerate(_NAMES)},
        log_likelihood=best[1],
        drives=len(seen),
        failures=seen.failures,
    )


def competing_lifetime(counts: AgeCounts) -> dict[str, Any]:
    """Return the likeliest law, as a layout file writes it."""
    infant, tau, constant, shape, scale = np.exp(_Counts.of(counts).best()[0])
    return {
        "competing": [
            {"gompertz": {"rate": f"{infant:.6g}/year", "growth": f"{-1.0 / tau:.6g}/year"}},
            {"exponential": {"mean": f"{1.0 / constant:.6g} years"}},
            {"weibull": {"shape": float(f"{shape:.6g}"), "scale": f"{scale:.6g} years"}},
        ]
    }


@dataclass(frozen=True, slots=True)
class _Counts:
    """The likelihood of the five logarithms."""

    years: Floats
    failures: Floats
    net: Floats
    rate: float  # failures per drive-year

    @classmethod
    def of(cls, counts: AgeCounts) -> _Counts:
        rate = float(counts.failures.sum() / (counts.net @ counts.years))
        return cls(counts.years, counts.failures, counts.net, rate)

    def best(self) -> tuple[Floats, float]:
        """Return the likeliest logarithms, and their log-likelihood."""
        return max((self.search(start) for start in self.starts()), key=lambda found: found[1])

    def bounds(self) -> list[tuple[float, float]]:
        """Return the bounds of the logarithms."""
        oldest = float(self.years.max())
        low_high = (
            (1e-5 * self.rate, 1e4 * self.rate),
            (7.0 / DAYS_PER_YEAR, 1.0),
            (1e-5 * self.rate, 1e2 * self.rate),
            (1.5, 20.0),
            (0.1 * oldest, 1e3 * oldest),
        )
        return [(math.log(low), math.log(high)) for low, high in low_high]

    def starts(self) -> list[Floats]:
        """Return where to search from."""
        oldest = float(self.years.max())
        return [
            np.log([0.5 * self.rate, tau, 0.5 * self.rate, shape, 1.5 * oldest])
            for tau, shape in _STARTS
        ]

    def search(self, start: Floats, fixed: tuple[int, float] | None = None) -> tuple[Floats, float]:
        """Return the best logarithms from a start, and their log-likelihood; one may be held."""
        from scipy.optimize import minimize

        bounds = self.bounds()
        start = start.copy()
        if fixed is not None:
            start[fixed[0]] = fixed[1]
            bounds[fixed[0]] = (fixed[1], fixed[1])
        start = np.clip(start, *np.array(bounds).T)
        found = minimize(
            self._loss, start, jac=True, method="SLSQP", bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-9},
        )  # fmt: skip
        return found.x, -float(found.fun)

    def estimate(self, index: int, best: Floats, value: float, confidence: float) -> Estimate:
        """Return one number with its profile-likelihood interval."""
        low_bound, high_bound = self.bounds()[index]
        near = {float(best[index]): best}

        def at(x: float) -> float:
            if x == float(best[index]):
                return value
            nearest = near[min(near, key=lambda other: abs(other - x))]
            near[x], height = self.search(nearest, (index, x))
            return height

        low, high = interval_of(
            at, float(best[index]), confidence=confidence, lowest=low_bound, highest=high_bound,
            tolerance=1e-3,
        )  # fmt: skip
        if _NAMES[index] in ("infant_years", "wear_shape"):
            low, high = max(low, low_bound), min(high, high_bound)
        return Estimate(math.exp(best[index]), math.exp(low), math.exp(high))

    def _loss(self, point: Floats) -> tuple[float, Floats]:
        h, cumulative, dh, d_cumulative = _derivatives(point, self.years)
        died = self.failures > 0.0
        # sums and no @: threads of a linear algebra library only wait for each other here
        value = np.sum(self.failures[died] * np.log(h[died])) - np.sum(self.net * cumulative)
        slope = np.sum(dh[:, died] * (self.failures[died] / h[died]), axis=1)
        slope -= np.sum(d_cumulative * self.net, axis=1)
        return -float(value), -slope


def _hazards(point: Floats, years: Floats) -> tuple[Floats, Floats]:
    h, cumulative, _, _ = _derivatives(point, years)
    return h, cumulative


def _derivatives(point: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return h and H at ages in years, and their derivatives by the five logarithms."""
    a, tau, c, k, eta = np.exp(point)
    fading = np.exp(-t / tau)
    infant = -a * tau * np.expm1(-t / tau)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_age = np.where(t > 0.0, np.log(t / eta), 0.0)
        worn = (t / eta) ** k
        wear = np.where(t > 0.0, k * worn / t, 0.0)
    zero = np.zeros_like(t)
    fade = a * fading
    dh = np.stack((fade, fade * t / tau, zero + c, wear * (1.0 + k * log_age), -k * wear))
    d_cumulative = np.stack((infant, infant - t * fade, c * t, k * worn * log_age, -k * worn))
    return fade + c + wear, infant + c * t + worn, dh, d_cumulative
