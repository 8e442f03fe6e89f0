"""Random times for the naive simulator, written from the definitions of the laws."""

from __future__ import annotations

import math

from numpy.random import Generator
from scipy.optimize import brentq
from scipy.special import log_ndtr

from riskmodel.lifetimes import Law
from riskmodel.units import HOURS_PER_YEAR

__all__ = ["NEVER", "age_at", "cumulative_hazard", "draw"]

NEVER = Law.model_validate("never")


def cumulative_hazard(law: Law, age: float) -> float:
    """Return the integral of the hazard rate from age 0 to ``age``, in hours."""
    if law.never:
        return 0.0
    if law.competing:
        return sum(cumulative_hazard(part, age) for part in law.competing)
    if law.exponential:
        return age / law.exponential.mean
    if law.afr is not None:
        return age * -math.log1p(-law.afr) / HOURS_PER_YEAR
    if law.weibull:
        beyond = max(age - law.weibull.location, 0.0)
        return float((beyond / law.weibull.scale) ** law.weibull.shape)
    if law.gompertz:
        rate, growth = law.gompertz.rate, law.gompertz.growth
        return rate * age if growth == 0.0 else rate * math.expm1(growth * age) / growth
    if law.lognormal:
        if age <= 0.0:
            return 0.0
        deviations = math.log(age / law.lognormal.median) / law.lognormal.sigma
        return -float(log_ndtr(-deviations))
    raise ValueError(f"{law.kind} has no hazard rate")


def age_at(law: Law, hazard: float, oldest: float) -> float:
    """Return the age below ``oldest`` at which the cumulative hazard comes to ``hazard``."""
    if law.exponential:
        return hazard * law.exponential.mean
    if law.weibull:
        own = law.weibull
        return own.location + own.scale * float(hazard ** (1.0 / own.shape))
    return float(brentq(lambda age: cumulative_hazard(law, age) - hazard, 0.0, oldest))


def draw(law: Law, rng: Generator, amount_bytes: float | None = None) -> float:
    """Draw a time in hours; infinite where it never comes.

    ``amount_bytes`` is what a law given as a bandwidth has to move.
    """
    if law.never:
        return math.inf
    if law.fixed is not None:
        return law.fixed
    if law.competing:
        return min(draw(part, rng) for part in law.competing)
    if law.exponential:
        return float(rng.exponential(law.exponential.mean))
    if law.afr is not None:
        return float(rng.exponential(1.0)) / max(cumulative_hazard(law, 1.0), 1e-300)
    if law.weibull:
        return law.weibull.location + law.weibull.scale * float(rng.weibull(law.weibull.shape))
    if law.lognormal:
        return float(rng.lognormal(math.log(law.lognormal.median), law.lognormal.sigma))
    if law.gompertz:
        rate, growth = law.gompertz.rate, law.gompertz.growth
        if growth == 0.0:
            return float(rng.exponential(1.0 / rate))
        inside = growth * float(rng.exponential(1.0)) / rate
        return math.log1p(inside) / growth if inside > -1.0 else math.inf
    if law.bandwidth is not None and amount_bytes is not None:
        return amount_bytes / law.bandwidth
    raise ValueError(f"'{law.kind}' is no random time here")
