"""Maximum and interval of a log-likelihood of one parameter."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Estimate", "drop", "interval_of", "maximum_of"]

_WIDEST = 40.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its interval; a side that the data leave open is 0 or infinite."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return for example ``1.26 (1.21 to 1.30)``."""
        if math.isnan(self.low):
            return f"{_short(self.value)} (no interval)"
        return f"{_short(self.value)} ({_short(self.low)} to {_short(self.high)})"

    def scaled(self, factor: float) -> Estimate:
        """Return the same in another unit."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def to_dict(self) -> dict[str, Any]:
        """Return value and interval; an open side is None."""
        return {
            "value": self.value,
            "interval": [x if math.isfinite(x) else None for x in (self.low, self.high)],
        }


def _short(value: float) -> str:
    if value == 0.0 or math.isinf(value):
        return "0" if value == 0.0 else "no bound"
    return f"{value:.2f}" if 0.1 <= value < 10.0 else f"{value:.3g}"


def drop(confidence: float) -> float:
    """Return by how much a profile log-likelihood falls at the ends of an interval (Wilks)."""
    from scipy.stats import chi2

    return float(chi2.ppf(confidence, 1)) / 2.0


def maximum_of(log_likelihood: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function of one parameter, continuous between bounds, is highest.

    A coarse look first, so that a flat end of the range does not trap the search.
    """
    from scipy.optimize import minimize_scalar

    step = (high - low) / 16
    points = [low + step * i for i in range(17)]
    best = max(points, key=log_likelihood)
    found = minimize_scalar(
        lambda x: -log_likelihood(x),
        bounds=(max(low, best - step), min(high, best + step)),
        method="bounded",
        options={"xatol": 1e-7},
    )
    return float(found.x) if -found.fun >= log_likelihood(best) else best


def interval_of(
    log_likelihood: Callable[[float], float],
    best: float,
    *,
    confidence: float,
    lowest: float = -math.inf,
    highest: float = math.inf,
    step: float = 0.1,
    tolerance: float = 1e-5,
) -> tuple[float, float]:
    """Return the profile-likelihood interval of a parameter.

    Parameters
    ----------
    log_likelihood : callable
        Of the parameter, maximal over all others.
    best : float
        Where it is highest.
    confidence : float
        Such as 0.95.
    lowest, highest : float
        Bounds of the parameter; one that is reached inside the interval makes that side infinite.
    step : float
        First step away from ``best``, doubled until the interval's end is behind.
    tolerance : float
        Of the ends.

    Returns
    -------
    tuple of float
        Low and high; infinite where the data set no bound.
    """
    wanted = log_likelihood(best) - drop(confidence)
    return (
        _end(log_likelihood, best, wanted, -step, lowest, tolerance),
        _end(log_likelihood, best, wanted, step, highest, tolerance),
    )


def _end(
    log_likelihood: Callable[[float], float],
    best: float,
    wanted: float,
    step: float,
    bound: float,
    tolerance: float,
) -> float:
    from scipy.optimize import brentq

    inside = best
    while abs(inside - best) < _WIDEST:
        outside = best + step
        if (outside - bound) * step >= 0.0:
            outside = bound
        if log_likelihood(outside) < wanted:
            return float(
                brentq(lambda x: log_likelihood(x) - wanted, inside, outside, xtol=tolerance)
            )
        if outside == bound:
            break
        inside, step = outside, 2.0 * step
    return math.copysign(math.inf, step)
