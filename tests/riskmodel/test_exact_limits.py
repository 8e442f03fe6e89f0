"""Exact answers: limits, what is never better, refusals, and how states are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.stats import poisson

import riskmodel as rm
from riskmodel.exact import loss_probability
from tests.riskmodel.small_layouts import copies, exponential, group, probability


def test_what_cannot_fail_is_never_lost() -> None:
    raw = copies(2, 1000.0, 1.0)
    for copy in raw["copies"]:
        copy["store"]["media"] = "none"
    result = loss_probability(rm.Layout.from_dict(raw))
    assert result.probability == 0.0
    assert not result.curve.any()


@pytest.mark.parametrize(
    "layout",
    [
        group(5000, 4000.0, level="raid5", drives=4, rebuild=exponential(100)),
        group(5000, 4000.0, level="raid5", drives=4, rebuild={"fixed": "100 h"}),
        group(5000, 4000.0, level="raid5", drives=4, rebuild="never"),
        rm.Layout.from_dict(
            copies(2, 4000.0, 5000.0, check={"every": "333 h"}, recovery=exponential(90))
        ),
    ],
    ids=["chain", "renewal", "product", "checks"],
)
def test_each_point_of_a_curve_is_the_answer_for_its_horizon(layout: rm.Layout) -> None:
    result = loss_probability(layout)
    assert result.curve.shape == result.times_hours.shape == (50,)
    assert result.curve[-1] == result.probability
    assert result.times_hours[-1] == layout.horizon
    assert np.all(np.diff(result.curve) > 0.0)
    for point in (0, 3, 21, 48):
        there = loss_probability(layout, float(result.times_hours[point])).probability
        assert result.curve[point] == pytest.approx(there, rel=1e-9)


raids = st.fixed_dictionaries(
    {
        "drives": st.integers(4, 7),
        "tolerates": st.integers(0, 2),
        "repairs": st.sampled_from(["parallel", "serial"]),
        "groups": st.integers(1, 2),
    }
)


@settings(max_examples=20, deadline=None)
@given(store=raids, mend=st.floats(1.0, 2000.0), more=st.floats(1.01, 5.0))
def test_more_of_what_harms_is_never_better(store: dict, mend: float, more: float) -> None:
    def loss(life: float = 9000.0, horizon: float = 3000.0, mend: float = mend, **other) -> float:
        return probability(group(life, horizon, **{**store, **other}, rebuild=exponential(mend)))

    slack = 1.0 + 1e-9
    here = loss()
    assert 0.0 < here < 1.0
    assert here <= loss(horizon=3000.0 * more) * slack
    assert here <= loss(life=9000.0 / more) * slack
    assert here <= loss(mend=mend * more) * slack
    assert here <= loss(groups=store["groups"] + 1) * slack
    assert loss(tolerates=store["tolerates"] + 1) <= here * slack


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 4), every=st.floats(50.0, 4000.0))
def test_another_copy_is_never_worse(count: int, every: float) -> None:
    few, more = (
        copies(n, 3000.0, 2000.0, check={"every": f"{every!r} h"}, recovery=exponential(100))
        for n in (count, count + 1)
    )
    assert probability(more) < probability(few)


RAID6 = {"level": "raid6", "drives": 6, "rebuild": exponential(10)}
WEIBULL = {"weibull": {"shape": 1.5, "scale": "9000 h"}}


@pytest.mark.parametrize(
    ("place", "layout"),
    [
        ("media", group(1, 9.0, media={"lifetime": WEIBULL}, **RAID6)),
        ("rebuild", group(9, 9.0, **{**RAID6, "rebuild": WEIBULL})),
        ("rebuild", group(9, 9.0, **{**RAID6, "rebuild": {"fixed": "3 h"}})),
        ("spare_wait", group(9, 9.0, **RAID6, spares=1, spare_wait={"fixed": "2 days"})),
        (
            "scrub",
            group(
                9,
                9.0,
                media={"latent_errors": {"mean_time": "30 h"}},
                **RAID6,
                latent_loss="whole",
                scrub={"every": "7 days"},
            ),
        ),
        (r"copies\.c0\.recovery", copies(2, 9.0, 9.0, recovery={"fixed": "1 h"})),
        ("phase", copies(2, 9.0, 9.0, recovery=exponential(3),
                         check={"every": "2 h", "phase": "random"})),
        (r"sites\.s\.recovery", {**copies(2, 9.0, 9.0, recovery=exponential(3), site="s",
                                        vulnerability=0.5),
                                 "sites": {"s": {"recovery": {"fixed": "3 h"},
                                                 "perils": {"fire": {"rate": "0.1/hour"}}}}}),
        (r"copies\.c0\.rotation", copies(2, 9.0, 9.0, recovery=exponential(3), rotation=2)),
        ("threats", {**copies(1, 9.0, 9.0), "threats": {"defaults": True}}),
        ("checks", copies(2, 9e6, 9.0, recovery=exponential(3), check={"every": "1 h"})),
        ("2,500 states", {**copies(14, 9.0, 9.0), "copies": [
            {"name": f"c{i}", "store": {"media": "d"}, "recovery": exponential(i + 1)}
            for i in range(14)]}),
    ],
)  # fmt: skip
def test_refusals_name_their_reason(place: str, layout: rm.Layout | dict) -> None:
    with pytest.raises(rm.StateSpaceTooLarge, match=place):
        probability(layout)


def test_a_frailty_on_many_states_is_refused_before_it_is_computed() -> None:
    raw = copies(9, 9.0, 9.0)
    for index, copy in enumerate(raw["copies"]):
        copy["recovery"] = exponential(index + 1)
    raw["media"]["d"] |= {
        "batch": {"label": "b", "variance": 1.0},
        "model": {"label": "m", "variance": 1.0},
    }
    with pytest.raises(rm.StateSpaceTooLarge, match="2 frailties"):
        probability(raw)


def test_a_missing_law_is_a_mistake_of_the_layout_and_not_a_refusal() -> None:
    with pytest.raises(rm.LayoutError, match=r"copies\.c0\.recovery"):
        probability(copies(2, 9.0, 9.0))


def test_equal_copies_are_counted_not_listed() -> None:
    """Twenty equal copies make 21 states; the answer is that of the birth and death chain."""
    count, fail, mend, horizon = 20, 1 / 800.0, 1 / 300.0, 3000.0
    rates = np.zeros((count + 1, count + 1))
    for down in range(count):
        rates[down, down + 1] = (count - down) * fail
        rates[down, down - 1] = down * mend
    by_hand = expm((rates - np.diag(rates.sum(axis=1))) * horizon)[0, count]
    result = loss_probability(
        rm.Layout.from_dict(copies(count, horizon, 800.0, recovery=exponential(300)))
    )
    assert result.probability == pytest.approx(by_hand, rel=1e-9)
    assert "21 states" in result.how


def test_lost_in_the_nth_jump_of_a_poisson_process() -> None:
    """Tiny probabilities keep their digits: n drives in a row, the last at 1e-60."""
    layout = group(1e7, 10.0, level="1-of-10", rebuild="never", stress=[
        10 / (10 - down) for down in range(1, 10)])  # fmt: skip
    expected = poisson.pmf(np.arange(10, 40), 1e-5).sum()
    assert probability(layout) == pytest.approx(expected, rel=1e-10, abs=0.0)
