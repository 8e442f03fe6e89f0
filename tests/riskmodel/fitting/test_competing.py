"""Competing hazards against integration, finite differences, the laws of layouts, known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from riskmodel import Law, Lifetimes
from riskmodel.fitting.ages import AgeCounts
from riskmodel.fitting.competing import (
    _NAMES,
    _Counts,
    _derivatives,
    competing_lifetime,
    fit_competing,
)
from riskmodel.units import HOURS_PER_YEAR
from tests.figures import tell
from tests.riskmodel.fitting.drives import TRUTH, competing_drives

POINT = np.log(list(TRUTH.values()))


def test_the_cumulative_hazard_is_the_integral_of_the_hazard_rate() -> None:
    for age in (0.01, 0.5, 9.0):
        area, _ = quad(lambda t: _derivatives(POINT, np.array([t]))[0][0], 0.0, age, epsrel=1e-10)
        assert _derivatives(POINT, np.array([age]))[1][0] == pytest.approx(area, rel=1e-8)


def test_slopes_are_those_of_the_loss() -> None:
    counts = _Counts.of(AgeCounts.of(competing_drives(1, 2_000)))
    _, slope = counts._loss(POINT)
    for i, step in enumerate(1e-5 * np.eye(5)):
        by_difference = (counts._loss(POINT + step)[0] - counts._loss(POINT - step)[0]) / 2e-5
        assert slope[i] == pytest.approx(by_difference, rel=1e-5, abs=1e-5)


def test_the_loss_is_the_plain_likelihood_of_ages_in_whole_days() -> None:
    year = HOURS_PER_YEAR / 24.0
    start, end, failed = np.array([0.0, 30.0, 400.0]), np.array([1.0, 95.0, 2_000.0]), [1, 0, 1]
    seen = Lifetimes.from_columns(start * 24.0, end * 24.0, failed)

    def rate_and_area(days: float) -> tuple[float, float]:
        h, cumulative, _, _ = _derivatives(POINT, np.array([days / year]))
        return float(h[0]), float(cumulative[0])

    plain = sum(
        (math.log(rate_and_area(e)[0]) if f else 0.0) - rate_and_area(e)[1] + rate_and_area(s)[1]
        for s, e, f in zip(start, end, failed, strict=True)
    )
    assert -_Counts.of(AgeCounts.of(seen))._loss(POINT)[0] == pytest.approx(plain, rel=1e-12)


def test_the_law_that_is_written_is_the_law_that_was_fitted() -> None:
    seen = competing_drives(2, 3_000)
    fit = fit_competing(seen)
    law = Law.model_validate(competing_lifetime(AgeCounts.of(seen)))
    ages = np.array([100.0, 5_000.0, 40_000.0, 80_000.0])
    assert law.cumulative_hazard(ages) == pytest.approx(fit.cumulative_hazard(ages), rel=1e-4)


def test_at_the_maximum_as_many_failures_are_expected_as_were_seen() -> None:
    # scaling all three hazards is one of the directions in which the likelihood is flat there
    seen = competing_drives(3, 3_000)
    fit = fit_competing(seen)
    expected = fit.cumulative_hazard(seen.end_hours) - fit.cumulative_hazard(seen.start_hours)
    assert expected.sum() == pytest.approx(seen.failures, rel=2e-3)


def test_few_failures_are_refused() -> None:
    with pytest.raises(ValueError, match="need 30 failures"):
        fit_competing(competing_drives(4, 50))


@pytest.mark.parametrize(
    ("seeds", "least"),
    [
        # of five numbers one is inside fewer than 32 of 40 intervals of 95 % once in 1,000 times
        pytest.param(40, 32, marks=pytest.mark.slow),
        pytest.param(200, 186, marks=pytest.mark.proof),
    ],
)
def test_truth_is_inside_the_intervals(seeds: int, least: int) -> None:
    inside = np.zeros(len(_NAMES), dtype=int)
    for seed in range(seeds):
        fit = fit_competing(competing_drives(3_000 + seed, 20_000))
        found = [getattr(fit, name) for name in _NAMES]
        inside += [e.low < true < e.high for e, true in zip(found, TRUTH.values(), strict=True)]
    tell(f"of {seeds} intervals of 95 % hold the truth: {inside.tolist()}")
    assert inside.min() >= least, dict(zip(_NAMES, inside.tolist(), strict=True))
