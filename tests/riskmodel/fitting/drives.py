"""Tables of drives whose truth is known."""

from __future__ import annotations

import numpy as np

from riskmodel import Lifetimes
from riskmodel.units import HOURS_PER_YEAR


def weibull_drives(seed: int, shape: float, scales_years: list[float], each: int) -> Lifetimes:
    """Drives of some models, each watched from an age of 0 to 3 years on, for 1 to 3 years."""
    rng = np.random.default_rng(seed)
    model = np.repeat(np.arange(len(scales_years)), each)
    scale = np.array(scales_years)[model]
    start = rng.uniform(0.0, 3.0, len(model)) * (rng.random(len(model)) < 0.7)
    life = scale * ((start / scale) ** shape + rng.exponential(size=len(model))) ** (1.0 / shape)
    end = np.minimum(life, start + rng.uniform(1.0, 3.0, len(model)))
    return Lifetimes.from_columns(
        start * HOURS_PER_YEAR, end * HOURS_PER_YEAR, life == end, [f"M{i:02d}" for i in model]
    )


def lots_of_drives(
    seed: int,
    *,
    models: int,
    lots: int,
    each: int,
    between_models: float = 0.0,
    between_lots: float = 0.0,
    rate_per_year: float = 0.05,
) -> Lifetimes:
    """Drives whose hazard falls after half a year, times a factor of their model and of their lot.

    Factors are of mean 1 among groups as they enter.
    """
    rng = np.random.default_rng(seed)

    def factors(variance: float, size: int) -> np.ndarray:
        return rng.gamma(1.0 / variance, variance, size) if variance else np.ones(size)

    lot = np.repeat(np.arange(models * lots), each)
    model = lot // lots
    hazard = rate_per_year * factors(between_models, models)[model]
    hazard *= factors(between_lots, models * lots)[lot]
    start = rng.uniform(0.0, 2.0, len(lot)) * (rng.random(len(lot)) < 0.6)
    # twice the hazard up to an age of half a year, as an age on another clock
    clock = start + np.minimum(start, 0.5) + rng.exponential(size=len(lot)) / hazard
    life = np.where(clock < 1.0, clock / 2.0, clock - 0.5)
    end = np.minimum(life, start + rng.uniform(1.0, 3.0, len(lot)))
    return Lifetimes.from_columns(
        start * HOURS_PER_YEAR, end * HOURS_PER_YEAR, life == end,
        [f"M{i:02d}" for i in model], [f"L{i:03d}" for i in lot],
    )  # fmt: skip


TRUTH = {
    "infant_rate": 0.10,
    "infant_years": 0.15,
    "constant_rate": 0.02,
    "wear_shape": 4.0,
    "wear_scale_years": 8.0,
}


def competing_hazard(years: np.ndarray | float) -> np.ndarray | float:
    """The cumulative hazard of `TRUTH`."""
    a, tau, c, k, eta = TRUTH.values()
    return a * tau * -np.expm1(-years / tau) + c * years + (years / eta) ** k


def competing_drives(seed: int, size: int) -> Lifetimes:
    """Drives of the law `TRUTH`, watched from an age of 0 to 5 years on, for 1 to 3 years."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0.0, 5.0, size) * (rng.random(size) < 0.6)
    ages = np.linspace(0.0, 20.0, 200_001)
    life = np.interp(
        competing_hazard(start) + rng.exponential(size=size), competing_hazard(ages), ages
    )
    end = np.minimum(life, start + rng.uniform(1.0, 3.0, size))
    return Lifetimes.from_columns(start * HOURS_PER_YEAR, end * HOURS_PER_YEAR, life == end)
