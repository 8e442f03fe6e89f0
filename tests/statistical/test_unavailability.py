"""Outages of the live copy against closed forms, by the engine and by the naive simulator."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

import riskmodel as rm
from tests.twins import NaiveResult, simulate_naively

TRIALS = 40_000
DAY = 24.0


def _layout(horizon: str, copies: list[dict[str, Any]], **hits: str) -> rm.Layout:
    """Draw copies that nothing but shocks takes; ``hits`` are rates by name of a copy."""
    return rm.Layout.from_dict(
        {
            "horizon": horizon,
            "size": "1 TB",
            "media": {"m": {"lifetime": "never"}},
            "copies": [
                {"name": "abc"[k], "store": {"media": "m"}, "recovery": "never"} | copy
                for k, copy in enumerate(copies)
            ],
            "shocks": [
                {"name": f"mishap of {name}", "rate": rate, "hits": [name]}
                for name, rate in hits.items()
            ],
        }
    )


def _both(layout: rm.Layout) -> tuple[rm.LossEstimate, NaiveResult]:
    engine = rm.simulate(layout, method="events", trials=TRIALS, seed=4)
    return engine, simulate_naively(layout, 2_000, 4)


def _assert_share(layout: rm.Layout, expected: float, *, week: bool = False) -> None:
    engine, twin = _both(layout)
    out = engine.unavailable
    assert out is not None
    for hits, trials in (
        (out.over_week if week else out.over_day, out.trials),
        (twin.over_week if week else twin.over_day, twin.trials),
    ):
        error = math.sqrt(expected * (1.0 - expected) / trials)
        assert abs(hits / trials - expected) < 4.0 * error if error else hits == expected * trials


def test_an_outage_lasts_until_the_live_copy_is_intact_again() -> None:
    layout = _layout("1 year", [{"recovery": {"fixed": "3 days"}}, {}], a="0.8/year")
    # any blow but one on the last day
    _assert_share(layout, -math.expm1(-0.8 * (1.0 - DAY / 8766.0)))
    _assert_share(layout, 0.0, week=True)
    out = rm.simulate(layout, method="events", trials=TRIALS).unavailable
    assert out is not None
    (mishap,) = [one for one in out.outages if one.count]
    assert mishap.cause == "mishap of a"
    assert mishap.over_week == 0
    assert 0.98 * 72.0 < mishap.hours / mishap.count < 72.0  # some are cut by the horizon
    # between outages the gaps are exponential: at most one more begins while the last one is cut
    begun = 0.8 / (1.0 + 0.8 * 72.0 / 8766.0)
    assert abs(mishap.count / out.trials - begun) < 4.0 * math.sqrt(begun / out.trials) + 0.007


def test_the_data_may_be_restored_before_the_live_copy_is_back() -> None:
    slow = _layout("1 year", [{"recovery": {"fixed": "20 days"}}, {}], a="0.8/year")
    _assert_share(slow, -math.expm1(-0.8 * (1.0 - 7 * DAY / 8766.0)), week=True)
    for wait, over_day in (("30 h", -math.expm1(-0.8 * (1.0 - DAY / 8766.0))), ("20 h", 0.0)):
        quick = slow.replace("copies.b.restore", {"wait": wait})
        _assert_share(quick, over_day)
        _assert_share(quick, 0.0, week=True)


def test_the_loss_of_everything_is_an_outage_for_ever() -> None:
    layout = _layout("1 year", [{}], a="0.8/year")
    _assert_share(layout, -math.expm1(-0.8), week=True)
    engine, twin = _both(layout)
    assert engine.unavailable is not None
    assert engine.unavailable.over_day == engine.losses
    assert twin.over_day == twin.losses
    # the mean time after the first blow, of a year
    expected = 8766.0 * (1.0 + math.expm1(-0.8) / 0.8)
    out = engine.unavailable
    error = out.hours_per_year_standard_error
    assert abs(out.hours_per_year - expected) < 4.0 * error
    assert abs(twin.hours_out / twin.trials - expected) < 4.0 * error * math.sqrt(TRIALS / 2_000)


def test_a_restore_begins_anew_where_its_source_is_lost() -> None:
    """From c in 3 days, and if that is lost on the third of them, from b in 5 days more."""
    copies = [{}, {"restore": {"wait": "5 days"}}, {"restore": {"wait": "3 days"}}]
    layout = _layout("60 days", copies, a="109.575/year", c="109.575/year")  # 0.3 a day
    expected = 0.5 * (math.exp(-0.3 * 2.0) - math.exp(-0.3 * 3.0))
    _assert_share(layout, expected, week=True)


def test_a_copy_that_is_back_may_be_quicker_than_what_is_under_way() -> None:
    """C is lost with a and intact after 2 days; from then its restore takes 1 day: 3 days."""
    copies = [
        {},
        {"restore": {"wait": "30 days"}},
        {"restore": {"wait": "1 day"}, "recovery": {"fixed": "2 days"}},
    ]
    layout = _layout("1 year", copies)
    shock = {"name": "both", "rate": "0.5/year", "hits": ["a", "c"]}
    layout = layout.replace("shocks", [shock])
    _assert_share(layout, -math.expm1(-0.5 * (1.0 - DAY / 8766.0)))
    _assert_share(layout, 0.0, week=True)
    # a second blow within the last day of the restore would begin it again: some 1 in 700
    out = rm.simulate(layout, method="events", trials=TRIALS).unavailable
    assert out is not None
    (both,) = [one for one in out.outages if one.count]
    assert both.hours / both.count == pytest.approx(72.0, rel=0.02)


@pytest.mark.parametrize(
    ("roles", "live"), [(("backup", "primary"), "b"), ((None, None), "a"), (("backup", None), "a")]
)
def test_the_live_copy_is_the_primary_or_the_first(
    roles: tuple[str | None, ...], live: str
) -> None:
    copies = [{"role": role} if role else {} for role in roles]
    rates = {live: "0.8/year"}
    layout = _layout("1 year", copies, **rates)
    _assert_share(layout, -math.expm1(-0.8 * (1.0 - 7 * DAY / 8766.0)), week=True)
    other = _layout("1 year", copies, **{"ab"["ba".index(live)]: "0.8/year"})
    _assert_share(other, 0.0)


def test_json_says_how_long_each_copy_takes_and_what_took_the_data() -> None:
    copies = [{"role": "primary"}, {"restore": {"bandwidth": "100 Mbit/s", "wait": "1 day"}}, {}]
    layout = _layout("1 year", copies, a="0.5/year")
    one = rm.simulate(layout, method="events", trials=2_000, seed=1)
    two = rm.simulate(layout, method="events", trials=3_000, seed=2)
    assert one.unavailable is not None
    assert two.unavailable is not None
    both = one + two
    assert both.unavailable is not None
    assert both.unavailable.over_day == one.unavailable.over_day + two.unavailable.over_day
    assert both.unavailable.trials == 5_000
    assert both.unavailable.hours == one.unavailable.hours + two.unavailable.hours
    found = json.loads(json.dumps(both.to_dict(), allow_nan=False))["restore"]
    hours = 24.0 + 8e12 / 1e8 / 3600.0
    assert found["copies"] == [
        {"name": "a", "hours": None},
        {"name": "b", "hours": pytest.approx(hours)},
        {"name": "c", "hours": None},
    ]
    out = found["unavailable"]
    assert out["copy"] == "a"
    low, high = out["p_over_day_interval"]
    assert low < out["p_over_day"] < high
    assert out["p_over_week"] is None
    assert out["p_over_week_interval"][0] == 0.0
    (cause,) = out["causes"]
    assert cause["name"] == "mishap of a"
    assert cause["mean_hours"] == pytest.approx(hours, rel=0.01)
    assert 0.99 < cause["share_over_day"] <= 1.0


def test_a_restore_by_bandwidth_needs_a_size() -> None:
    layout = _layout("1 year", [{}, {"restore": {"bandwidth": "100 Mbit/s"}}], a="0.5/year")
    with pytest.raises(rm.LayoutError, match=r"copies\.b\.restore: a bandwidth needs"):
        rm.simulate(layout.replace("size", None))


def test_no_bits_of_an_outage_depend_on_threads() -> None:
    layout = _layout("1 year", [{"recovery": {"exponential": {"mean": "3 days"}}}, {}], a="3/year")
    runs = [rm.simulate(layout, method="events", trials=50_001, threads=n) for n in (1, 3)]
    assert runs[0].unavailable == runs[1].unavailable
