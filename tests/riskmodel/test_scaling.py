"""Factors on laws, against their cumulative hazard; and what low, value and high stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import norm

from riskmodel._scaling import scaled
from riskmodel._spread import Spread
from riskmodel.lifetimes import Law

AGES = np.array([1.0, 50.0, 700.0, 9_000.0, 60_000.0])
LAWS = [
    {"exponential": {"mean": "9 years"}},
    {"weibull": {"shape": 1.7, "scale": "9 years"}},
    {"weibull": {"shape": 0.7, "scale": "9 years", "location": "40 h"}},
    {"gompertz": {"rate": "0.9 %/year", "growth": "-6/year"}},
    {"gompertz": {"rate": "1 %/year", "growth": "0.1/year"}},
    {"afr": 0.3},
    {"competing": [
        {"exponential": {"mean": "87 years"}}, {"weibull": {"shape": 4, "scale": "19.5 years"}}]},
]  # fmt: skip
TIMES_ONLY = [
    {"lognormal": {"median": "14 years", "sigma": 0.86}},
    {"competing": [{"afr": 0.1}, {"lognormal": {"median": "2 days", "sigma": 1}}]},
]


@pytest.mark.parametrize("raw", LAWS)
@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_a_factor_on_the_hazard_multiplies_the_cumulative_hazard(raw: dict, factor: float) -> None:
    law = Law.model_validate(raw)
    found = scaled(law, hazard=factor)
    assert found.kind == law.kind
    assert found.cumulative_hazard(AGES) == pytest.approx(factor * law.cumulative_hazard(AGES))


@pytest.mark.parametrize("raw", [*LAWS, *TIMES_ONLY])
@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_a_factor_on_times_stretches_the_age(raw: dict, factor: float) -> None:
    law = Law.model_validate(raw)
    assert scaled(law, time=factor).cumulative_hazard(AGES) == pytest.approx(
        law.cumulative_hazard(AGES / factor)
    )


@pytest.mark.parametrize("raw", LAWS)
def test_both_factors_at_once(raw: dict) -> None:
    law = Law.model_validate(raw)
    assert scaled(law, hazard=2.0, time=3.0).cumulative_hazard(AGES) == pytest.approx(
        2.0 * law.cumulative_hazard(AGES / 3.0)
    )


@pytest.mark.parametrize("raw", [*TIMES_ONLY, {"fixed": "5 days"}, {"bandwidth": "120 MB/s"}])
def test_a_hazard_that_is_not_there_is_refused(raw: dict) -> None:
    with pytest.raises(ValueError, match="takes a factor on its times only"):
        scaled(Law.model_validate(raw), hazard=2.0)


def test_a_yearly_chance_stays_below_one() -> None:
    assert 0.999 < (scaled(Law(afr=0.99), hazard=1000.0).afr or 0.0) < 1.0


def test_what_is_no_hazard_is_stretched() -> None:
    assert scaled(Law(fixed=12.0), time=2.0).fixed == 24.0
    assert scaled(Law(every=12.0), time=2.0).every == 24.0
    assert scaled(Law(bandwidth=12.0), time=2.0).bandwidth == 6.0  # half the speed, twice as long
    assert scaled(Law(never=True), hazard=2.0).is_never


@pytest.mark.parametrize(
    ("spread", "points"),
    [
        (Spread(0.001, 0.005, 0.02), (0.001, 0.005, 0.02)),
        (Spread(0.3, 0.5, 0.9, "logit"), (0.3, 0.5, 0.9)),
        (Spread(-8.0, -6.0, 1.0, "linear"), (-8.0, -6.0, 1.0)),
    ],
)
def test_low_value_and_high_are_the_5_50_and_95_percent_points(
    spread: Spread, points: tuple[float, ...]
) -> None:
    assert [spread.at(u) for u in (0.05, 0.5, 0.95)] == pytest.approx(points)


def test_an_even_range_is_lognormal() -> None:
    """Median 2, ends a factor 10 away: sigma = ln 10 / 1.645."""
    shares = np.linspace(0.01, 0.99, 41)
    sigma = math.log(10.0) / norm.ppf(0.95)
    found = [Spread(0.2, 2.0, 20.0).at(u) for u in shares]
    assert found == pytest.approx(2.0 * np.exp(sigma * norm.ppf(shares)))


def test_a_mode_at_an_end_leaves_nothing_beyond_it() -> None:
    rising = Spread(1.0, 1.0, 2.0)
    assert rising.at(1e-9) == pytest.approx(1.0)
    assert rising.at(0.95) == pytest.approx(2.0)
    falling = Spread(1.0, 2.0, 2.0)
    assert falling.at(1.0 - 1e-9) == pytest.approx(2.0)
    assert falling.at(0.05) == pytest.approx(1.0)
    assert Spread(3.0, 3.0, 3.0).at(0.7) == 3.0


def test_zero_and_one_are_bounds() -> None:
    wait = Spread(0.0, 48.0, 336.0)
    assert [wait.at(0.25), wait.at(0.5), wait.at(0.95)] == pytest.approx([24.0, 48.0, 336.0])
    share = Spread(0.0, 0.5, 1.0, "logit")
    assert [share.at(u) for u in (0.1, 0.5, 0.75)] == pytest.approx([0.1, 0.5, 0.75])
    never = Spread(0.0, 0.0, 0.3, "logit")
    assert never.at(0.95) == pytest.approx(0.3)
    assert 0.0 <= never.at(1e-9) <= never.at(1.0 - 1e-12) <= 1.0


def test_counts_are_whole_and_stay_within() -> None:
    drives = Spread(4.0, 6.0, 8.0, whole=True)
    found = {drives.at(u) for u in np.linspace(1e-6, 1.0 - 1e-6, 999)}
    assert found == {4.0, 5.0, 6.0, 7.0, 8.0}


@given(
    numbers=st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).map(sorted),
    scale=st.sampled_from(["log", "logit", "linear"]),
    u=st.lists(st.floats(1e-9, 1.0 - 1e-9), min_size=2, max_size=2).map(sorted),
)
@example([0.0, 5e-324, 1.0], "log", [0.5, 0.99999])
def test_any_range_rises_and_a_share_stays_a_share(
    numbers: list[float], scale: str, u: list[float]
) -> None:
    spread = Spread(*numbers, scale)  # type: ignore[arg-type]
    low, high = spread.at(u[0]), spread.at(u[1])
    assert low <= high or low == pytest.approx(high)
    assert scale != "logit" or 0.0 <= low <= high <= 1.0
    assert scale == "linear" or low >= 0.0


def test_what_is_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="2 is not between 3 and 4"):
        Spread(3.0, 2.0, 4.0)
