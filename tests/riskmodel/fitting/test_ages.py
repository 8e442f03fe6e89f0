"""Estimates without a law against SciPy, loops, and the time that was watched."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from riskmodel import Lifetimes
from riskmodel.fitting.ages import AGE_EDGES_YEARS, by_age, expected_by_age, nelson_aalen
from riskmodel.units import HOURS_PER_YEAR
from tests.riskmodel.fitting.drives import lots_of_drives, weibull_drives


def test_without_truncation_survival_is_scipys() -> None:
    rng = np.random.default_rng(2)
    life = np.ceil(rng.weibull(1.3, 300) * 1_000.0)  # with ties
    end, failed = np.minimum(life, 900.0), life <= 900.0
    found = nelson_aalen(Lifetimes.from_columns(np.zeros(300), end, failed))
    theirs = ecdf(CensoredData(uncensored=end[failed], right=end[~failed])).sf
    assert found.survival == pytest.approx(theirs.evaluate(found.ages_hours), rel=1e-12)


def test_with_truncation_it_is_the_count_at_each_failure() -> None:
    seen = weibull_drives(9, 1.2, [4.0], 200)
    found = nelson_aalen(seen)
    hazard, survival = 0.0, 1.0
    for i, age in enumerate(sorted(seen.end_hours[seen.failed])):
        at_risk = sum(s < age <= e for s, e in zip(seen.start_hours, seen.end_hours, strict=True))
        hazard += 1.0 / at_risk
        survival *= 1.0 - 1.0 / at_risk
        assert found.at_risk[i] == at_risk
        assert found.cumulative_hazard[i] == pytest.approx(hazard, rel=1e-12)
        assert found.survival[i] == pytest.approx(survival, rel=1e-9, abs=1e-12)


def test_bins_of_age_keep_all_time_and_all_failures() -> None:
    seen = lots_of_drives(3, models=3, lots=2, each=50)
    failures, years = by_age(seen, seen.batch.astype(np.intp), len(seen.batches))
    assert years.sum() == pytest.approx(seen.drive_years)
    assert failures.sum() == seen.failures
    i, model = 4, seen.batch == 1  # 1 to 1.5 years
    low, high = (edge * HOURS_PER_YEAR for edge in AGE_EDGES_YEARS[i : i + 2])
    inside = np.clip(seen.end_hours, low, high) - np.clip(seen.start_hours, low, high)
    assert years[1, i] == pytest.approx(inside[model].sum() / HOURS_PER_YEAR)
    ends = seen.end_hours[model & seen.failed]
    assert failures[1, i] == np.count_nonzero((ends > low) & (ends <= high))


def test_a_constant_hazard_expects_failures_in_proportion_to_time() -> None:
    seen = lots_of_drives(4, models=2, lots=1, each=80)
    _, years = by_age(seen, np.zeros(len(seen), dtype=np.intp), 1)
    expected = expected_by_age(seen, lambda hours: hours * 0.25 / HOURS_PER_YEAR)
    assert expected == pytest.approx(0.25 * years[0])
