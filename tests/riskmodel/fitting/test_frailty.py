"""Frailty fits against integration over the factors, and known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import gamma

from riskmodel import Lifetimes
from riskmodel.fitting.frailty import (
    _Stratum,
    fit_lot_frailty,
    fit_model_frailty,
    rising_factorial_log,
)
from tests.riskmodel.fitting.drives import lots_of_drives

FAILURES = np.array([[3.0, 1.0], [0.0, 2.0], [7.0, 4.0]])
YEARS = np.array([[40.0, 30.0], [25.0, 60.0], [50.0, 20.0]])


def integrated(hazard: np.ndarray, variance: float) -> float:
    """The log-likelihood of hazards by bin, each group's factor integrated out by quadrature."""
    total = 0.0
    for failures, years in zip(FAILURES, YEARS, strict=True):
        deaths, expected = failures.sum(), float(years @ hazard)
        value, _ = quad(
            lambda z, d=deaths, e=expected: (
                z**d * math.exp(-z * e) * gamma.pdf(z, 1.0 / variance, scale=variance)
            ),
            0.0,
            np.inf,
            epsabs=0.0,
            epsrel=1e-9,
            limit=200,
        )
        total += math.log(value) + float(failures @ np.log(hazard))
    return total


@pytest.mark.parametrize(
    "variance",
    [pytest.param(0.05, marks=pytest.mark.slow), 0.4, pytest.param(2.0, marks=pytest.mark.slow)],
)
def test_the_profile_is_the_maximum_of_the_integrated_likelihood(variance: float) -> None:
    best = minimize(
        lambda x: -integrated(np.exp(x), variance),
        np.log([0.1, 0.1]),
        method="Nelder-Mead",
        options={"xatol": 1e-4, "fatol": 1e-8},
    )
    profile = _Stratum(FAILURES, YEARS).profile(variance, adjusted=False)
    assert profile == pytest.approx(-best.fun, abs=1e-6)


def test_the_adjustment_is_half_the_log_determinant_of_the_information() -> None:
    stratum = _Stratum(FAILURES, YEARS)
    plain, adjusted = (stratum.profile(0.4, adjusted=which) for which in (False, True))
    best = stratum.log_hazard
    step = 1e-4 * np.eye(2)

    def value(x: np.ndarray) -> float:
        return stratum._value(x, 0.4)

    information = [
        [-(value(best + a + b) - value(best + a - b) - value(best - a + b) + value(best - a - b))
         / 4e-8 for b in step]
        for a in step
    ]  # fmt: skip
    assert plain - adjusted == pytest.approx(0.5 * math.log(np.linalg.det(information)), abs=1e-4)


def test_the_rising_factorial_is_a_ratio_of_gamma_functions() -> None:
    deaths = np.array([0, 1, 5, 400])
    for variance in (0.01, 1.0, 30.0):
        ratio = [
            math.lgamma(d + 1.0 / variance) - math.lgamma(1.0 / variance) + d * math.log(variance)
            for d in deaths
        ]
        assert rising_factorial_log(deaths, variance) == pytest.approx(ratio, abs=1e-9)


def test_equal_lots_leave_the_interval_open_to_0() -> None:
    fit = fit_lot_frailty(lots_of_drives(1, models=5, lots=4, each=150))
    assert fit.variance.low == 0.0
    assert fit.variance.value < 0.05
    assert fit.strata == 5
    assert fit.groups == 20


def test_what_cannot_tell_a_variance_is_refused() -> None:
    one_lot_each = lots_of_drives(1, models=4, lots=1, each=300)
    with pytest.raises(ValueError, match="a model of two lots"):
        fit_lot_frailty(one_lot_each)
    with pytest.raises(ValueError, match="needs 3 models, got 2"):
        fit_model_frailty(lots_of_drives(1, models=2, lots=1, each=300))
    nothing = Lifetimes.from_columns([0.0], [10.0], [0])
    with pytest.raises(ValueError, match="a model of two lots"):
        fit_lot_frailty(nothing)


@pytest.mark.slow
def test_a_model_frailty_is_found_in_93_of_100_seeds() -> None:
    inside = 0
    z = []
    for seed in range(100):
        seen = lots_of_drives(seed, models=60, lots=1, each=150, between_models=0.8)
        found = fit_model_frailty(seen).variance
        inside += found.low < 0.8 < found.high
        z.append(math.log(found.value / 0.8) / math.log(found.high / found.low) * 3.92)
    assert inside >= 93
    assert abs(np.mean(z)) < 0.4
    assert 0.6 < np.var(z) < 1.6


@pytest.mark.slow
def test_a_lot_frailty_is_found_in_93_of_100_seeds_and_the_plain_one_reads_low() -> None:
    inside = plain = 0
    for seed in range(100):
        seen = lots_of_drives(
            2_000 + seed, models=15, lots=5, each=150, between_models=0.7, between_lots=0.3
        )
        fit = fit_lot_frailty(seen)
        inside += fit.variance.low < 0.3 < fit.variance.high
        plain += fit.plain_variance.low < 0.3 < fit.plain_variance.high
    assert inside >= 93
    assert plain < inside
