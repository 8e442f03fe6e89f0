"""Weibull fits against the plain likelihood, SciPy, and known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import CensoredData, chi2, weibull_min

from riskmodel import Lifetimes
from riskmodel.fitting.weibull import fit_common_shape, fit_weibull
from riskmodel.units import HOURS_PER_YEAR
from tests.riskmodel.fitting.drives import weibull_drives


def plain_log_likelihood(seen: Lifetimes, shape: float, scale: np.ndarray | float) -> float:
    """As the definition says: log h(e) of each failure, less H(e) − H(s) of each drive."""
    total = 0.0
    scales = np.broadcast_to(scale, len(seen))
    for s, e, failed, eta in zip(
        seen.start_hours, seen.end_hours, seen.failed, scales, strict=True
    ):
        total -= (e / eta) ** shape - (s / eta) ** shape
        if failed:
            total += math.log(shape / eta * (e / eta) ** (shape - 1.0))
    return total


def test_the_fit_is_the_maximum_of_the_plain_likelihood() -> None:
    seen = weibull_drives(3, 1.6, [6.0], 150)
    fit = fit_weibull(seen)
    plain = minimize(
        lambda x: -plain_log_likelihood(seen, *np.exp(x)),
        np.log([1.0, 5.0 * HOURS_PER_YEAR]),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10},
    )
    assert [fit.shape.value, fit.scale_hours.value] == pytest.approx(np.exp(plain.x), rel=1e-5)
    assert fit.log_likelihood == pytest.approx(-plain.fun, abs=1e-6)


def test_intervals_end_where_the_plain_profile_has_fallen_enough() -> None:
    seen = weibull_drives(4, 0.8, [4.0], 120)
    fit = fit_weibull(seen, confidence=0.9)
    wanted = fit.log_likelihood - chi2.ppf(0.9, 1) / 2.0

    def highest(place: int, held: float) -> float:
        def loss(free: np.ndarray) -> float:
            pair = [held, math.exp(free[0])] if place == 0 else [math.exp(free[0]), held]
            return -plain_log_likelihood(seen, *pair)

        start = fit.scale_hours.value if place == 0 else fit.shape.value
        found = minimize(
            loss, [math.log(start)], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-9}
        )
        return -found.fun

    for place, estimate in enumerate((fit.shape, fit.scale_hours)):
        for end in (estimate.low, estimate.high):
            assert highest(place, end) == pytest.approx(wanted, abs=1e-3)


def test_without_truncation_it_is_scipys_fit() -> None:
    rng = np.random.default_rng(8)
    life = 30_000.0 * rng.weibull(1.4, 400)
    end, failed = np.minimum(life, 20_000.0), life <= 20_000.0
    fit = fit_weibull(Lifetimes.from_columns(np.zeros(400), end, failed))
    data = CensoredData(uncensored=end[failed], right=end[~failed])
    shape, _, scale = weibull_min.fit(data, floc=0.0)
    assert [fit.shape.value, fit.scale_hours.value] == pytest.approx([shape, scale], rel=1e-3)


def test_a_common_shape_is_the_maximum_over_all_scales() -> None:
    seen = weibull_drives(5, 1.3, [3.0, 9.0], 100)
    fit = fit_common_shape(seen, min_failures=2)
    plain = minimize(
        lambda x: -plain_log_likelihood(seen, math.exp(x[0]), np.exp(x[1:])[seen.model]),
        np.log([1.0, 4.0 * HOURS_PER_YEAR, 8.0 * HOURS_PER_YEAR]),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 5_000, "maxfev": 5_000},
    )
    found = [fit.shape.value, *(scale.value for scale in fit.scales_hours)]
    assert found == pytest.approx(np.exp(plain.x), rel=1e-4)


def test_intervals_of_scales_end_where_the_plain_profile_has_fallen_enough() -> None:
    seen = weibull_drives(6, 1.3, [3.0, 9.0], 100)
    fit = fit_common_shape(seen, min_failures=2)
    best = [fit.shape.value, *(scale.value for scale in fit.scales_hours)]

    def highest(held: float) -> float:
        def loss(x: np.ndarray) -> float:
            return -plain_log_likelihood(
                seen, math.exp(x[0]), np.array([math.exp(x[1]), held])[seen.model]
            )

        options = {"xatol": 1e-6, "fatol": 1e-7}
        return -minimize(loss, np.log(best[:2]), method="Nelder-Mead", options=options).fun

    wanted = highest(best[2]) - chi2.ppf(0.95, 1) / 2.0
    for end in (fit.scales_hours[1].low, fit.scales_hours[1].high):
        assert highest(end) == pytest.approx(wanted, abs=2e-3)


def test_models_with_few_failures_are_left_out() -> None:
    seen = weibull_drives(7, 1.3, [3.0, 400.0], 100)
    fit = fit_common_shape(seen, min_failures=10)
    assert fit.names == ("M00",)
    with pytest.raises(ValueError, match="no model has 1000 failures"):
        fit_common_shape(seen, min_failures=1000)


@pytest.mark.slow
def test_truth_is_inside_the_intervals_of_a_common_shape_in_93_of_100() -> None:
    scales = [4.0, 8.0, 15.0]
    inside = np.zeros(4, dtype=int)
    z = []
    for seed in range(100):
        fit = fit_common_shape(weibull_drives(seed, 1.3, scales, 500), min_failures=2)
        found = [fit.shape, *(scale.scaled(1.0 / HOURS_PER_YEAR) for scale in fit.scales_hours)]
        inside += [e.low < true < e.high for e, true in zip(found, [1.3, *scales], strict=True)]
        z.append(math.log(fit.shape.value / 1.3) / math.log(fit.shape.high / fit.shape.low) * 3.92)
    assert inside.min() >= 93, inside
    # neither are they too wide: four standard errors of the mean and variance of 100 z scores
    assert abs(np.mean(z)) < 0.4
    assert abs(np.var(z) - 1.0) < 0.57


@pytest.mark.slow
def test_truth_is_inside_the_intervals_of_one_law_in_93_of_100_seeds() -> None:
    inside = np.zeros(2, dtype=int)
    for seed in range(100):
        fit = fit_weibull(weibull_drives(1_000 + seed, 2.2, [7.0], 600))
        scale = fit.scale_hours.scaled(1.0 / HOURS_PER_YEAR)
        inside += [fit.shape.low < 2.2 < fit.shape.high, scale.low < 7.0 < scale.high]
    assert inside.min() >= 93, inside
