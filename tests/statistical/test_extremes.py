"""Parameters at the ends of what a file may say: right, or refused with the reason."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

import riskmodel as rm
from riskmodel.exact import loss_probability
from tests.scores import is_flagged, score

METHODS = ("auto", "exact", "events", "conditional", "excursion")
TRIALS = {"events": 4_000, "conditional": 4_096, "excursion": 8_192}
SURE = 1.0 - 1e-6  # level of the intervals: some hundred are looked at
Table = dict[str, Any]


def _exponential(mean: str) -> Table:
    return {"exponential": {"mean": mean}}


def _weibull(shape: float, scale: str) -> Table:
    return {"weibull": {"shape": shape, "scale": scale}}


def _one(lifetime: Table, horizon: str, medium: Table | None = None, **store: Any) -> Table:
    return {
        "horizon": horizon,
        "media": {"d": {"lifetime": lifetime, **(medium or {})}},
        "copies": [{"name": "x", "store": {"media": "d", **store}}],
    }


def _copies(count: int, mean: str, horizon: str, **more: Any) -> Table:
    keys = {"recovery": _exponential("30 days")} | more.pop("copy", {})
    names = [f"c{k}" for k in range(count)]
    copies = [{"name": name, "store": {"media": "d"}, **keys} for name in names]
    medium = {"lifetime": _exponential(mean) if mean != "none" else "none"}
    return {"horizon": horizon, "media": {"d": medium}, "copies": copies, **more}


def _blow(rate: str, chance: float, count: int = 2) -> list[Table]:
    return [{"name": "s", "rate": rate, "hits": {f"c{k}": chance for k in range(count)}}]


def _frail(variance: float) -> Table:
    return {"batch": {"label": "b", "variance": variance}}


def _places(*locations: tuple[float, float]) -> Table:
    """Two copies that never fail, where only an earthquake comes."""
    quake = {"earthquake": {"rate": "0.02/year"}}
    sites = {f"s{k}": {"location": list(place), "perils": quake, "recovery": _exponential("1 year")}
             for k, place in enumerate(locations)}  # fmt: skip
    raw = _copies(len(locations), "none", "10 years")
    for k, copy in enumerate(raw["copies"]):
        copy["site"] = f"s{k}"
    return {**raw, "sites": sites}


def _spent(shape: float, before: float, after: float) -> float:
    """Chance to fail between two ages in units of the scale."""
    return -math.expm1(before**shape - after**shape)


YEAR = 8766.0
RAID6: Table = {"drives": 8, "tolerates": 2, "rebuild": _exponential("24 h")}
LATENT: Table = {
    "drives": 4,
    "tolerates": 1,
    "rebuild": _exponential("24 h"),
    "latent_loss": "whole",
}


def _lasting_errors(mean: str, scrub: Any, **store: Any) -> Table:
    medium = {"latent_errors": {"mean_time": mean}}
    return _one(_exponential("10 years"), "1 year", medium, **LATENT, scrub=scrub, **store)


# name -> tables, and the answer where `exact` is not to be trusted with it alone
GRID: dict[str, tuple[Table, float | None]] = {
    f"a drive of shape {shape}, scale {scale:g} h, for {horizon}": (
        _one(_weibull(shape, f"{scale} h"), horizon),
        _spent(shape, 0.0, hours / scale) if hours / scale < 1e30 else 1.0,
    )
    for shape in (0.1, 0.3, 8)
    for horizon, hours in (("1 second", 1.0 / 3600.0), ("1 year", YEAR), ("1000 years", 1e3 * YEAR))
    for scale in (876.6, 100 * YEAR)
}
GRID |= {
    "an old drive that dies out": (
        _one(_weibull(0.3, "100 years"), "1 year", {"age": "300 years"}),
        _spent(0.3, 3.0, 3.01),
    ),
    "an old drive that wears out": (
        _one(_weibull(8, "100 years"), "1 year", {"age": "2000 years"}),
        1.0,
    ),
    "an older one, and hardly a second": (
        _one(_weibull(8, "100 years"), "1 second", {"age": "200 years"}),
        -math.expm1(-8 * 2.0**7 / (100 * YEAR * 3600)),
    ),
    "a shape of 0.01": (_one(_weibull(0.01, "1 h"), "1 year"), _spent(0.01, 0.0, YEAR)),
    "a shape of 100": (_one(_weibull(100, "100 years"), "90 years"), _spent(100, 0.0, 0.9)),
    "a chance of 1e-200": (_one(_weibull(100, "100 years"), "1 year"), 1e-200),
    "a million failures a year": (_one(_exponential("0.008766 h"), "1 year"), 1.0),
    "no failures": (_one({"afr": 0.0}, "1 year"), 0.0),
    "500 drives, none may fail": (_one(_exponential("10 years"), "1 day", drives=500), None),
    "499 of 500 may fail": (
        _one(_exponential("1 year"), "1 year", drives=500, tolerates=499, rebuild="never"),
        None,
    ),
    "250 of 500 may fail": (
        _one(_exponential("1.4 years"), "1 year", drives=500, tolerates=250, rebuild="never"),
        None,
    ),
    "500 drives in rebuilds of no time": (
        _one(
            _exponential("1 year"), "1 year", drives=500, tolerates=1, rebuild={"fixed": "0 h"}
        ),
        0.0,
    ),
    "a queue of rebuilds that never ends": (
        _one(_exponential("1 year"), "20 years", drives=8, tolerates=5, repairs="serial",
             rebuild=_exponential("1 year")),
        None,
    ),
    "rebuilds longer than the horizon": (
        _one(_exponential("10 years"), "1 year", drives=8, tolerates=1,
             rebuild={"fixed": "50 years"}),
        None,
    ),
    "RAID 6 for a second": (_one(_exponential("1 year"), "1 second", **RAID6), None),
    "RAID 6 for a thousand years": (_one(_exponential("30 years"), "1000 years", **RAID6), None),
    "copies for a thousand years": (
        _copies(2, "100 years", "1000 years", copy={"check": {"every": "90 days"}}), None,
    ),
    "no variance": (_one(_exponential("10 years"), "1 year", _frail(0.0), **RAID6), None),
    "a variance of 1e-12": (_one(_exponential("1e6 years"), "1 year", _frail(1e-12)), 9.999995e-7),
    "a variance of 50": (_one(_exponential("100 years"), "1 year", _frail(50.0), **RAID6), None),
    "a variance of 50, rare": (
        _one(_exponential("1e6 years"), "1 year", _frail(50.0), **RAID6), None,
    ),
    "a variance of 50, frequent": (_one(_exponential("1 week"), "1 year", _frail(50.0)), None),
    "one copy": (_copies(1, "100 years", "10 years"), None),
    "sixty copies": (_copies(60, "5 years", "10 years", copy={"recovery": "never"}), None),
    "sixty copies in one blow": (
        _copies(60, "none", "10 years", copy={"recovery": "never"},
                shocks=_blow("0.01/year", 1.0, 60)),
        -math.expm1(-0.1),
    ),
    "checks every second": (
        _copies(2, "1 year", "1 year", copy={"check": {"every": "1 s"}}),
        loss_probability(rm.Layout.from_dict(_copies(2, "1 year", "1 year"))).probability,
    ),
    "checks beyond the horizon": (
        _copies(2, "3 years", "1 year", copy={"check": {"every": "50 years"}}),
        math.expm1(-1 / 3) ** 2,
    ),
    "blows that never come": (_copies(2, "30 years", "1 year", shocks=_blow("0/year", 1.0)), None),
    "blows that hit nothing": (_copies(2, "30 years", "1 year", shocks=_blow("1/year", 0.0)), None),
    "blows that hit all": (
        _copies(2, "none", "1 year", shocks=_blow("0.5/year", 1.0)), -math.expm1(-0.5),
    ),
    "many blows that hardly hit": (
        _copies(2, "none", "1 year", shocks=_blow("1000/year", 1e-9)), None,
    ),
    "a million blows": (_copies(2, "1000 years", "1 h", shocks=_blow("1000000/year", 1.0)), None),
    "errors at once, for good": (_lasting_errors("1 s", "never"), None),
    "errors at once, scrubs beyond the horizon": (
        _lasting_errors("1 s", {"every": "100 years"}), -math.expm1(-0.4),
    ),
    "errors at once, cleared beyond the horizon": (
        _lasting_errors("1 s", {"fixed": "100 years"}), -math.expm1(-0.4),
    ),
    "errors that hardly come": (_lasting_errors("1e12 years", _exponential("1 h")), None),
    "rebuilds that always meet an error": (
        _one(_exponential("10 years"), "1 year", **LATENT, rebuild_error=1.0), None,
    ),
    "rebuilds that never do": (
        _one(_exponential("10 years"), "1 year", **LATENT, rebuild_error=0.0), None,
    ),
    "sites in one place": (_places((35.0, 139.0), (35.0, 139.0)), None),
    "sites a kilometre apart": (_places((35.0, 139.0), (35.009, 139.0)), None),
    "sites at the other end of the world": (_places((35.0, 139.0), (-35.0, -41.0)), None),
}  # fmt: skip


def _assert_sound(found: rm.LossEstimate) -> None:
    """Whatever it says, it says it in numbers that are probabilities, and as strict JSON."""
    low, high = found.interval()
    assert 0.0 <= low <= found.probability <= high <= 1.0
    years, curve = found.curve
    assert all(math.isfinite(year) for year in years)
    assert all(0.0 <= value <= 1.0 for value in curve)
    assert list(curve) == sorted(curve)
    assert curve[-1] == pytest.approx(found.probability, rel=1e-9, abs=0.0)
    assert found.standard_error >= 0.0
    table = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert table["interval"] == [low, high]
    assert len(found.to_frame()) == 1
    assert "nan" not in f"{found} {found._repr_html_()}"


def _assert_right(found: rm.LossEstimate, expected: float) -> None:
    if found.method == "exact":
        assert found.probability == pytest.approx(expected, rel=1e-9, abs=0.0)
    elif found.method == "events" or is_flagged(found) or not found.seen:
        low, high = found.interval(SURE)
        assert low <= expected <= high
    else:
        assert abs(score(found, expected, 1e-8 * expected)) < 4.5


def _simulate(raw: Table, method: str, **more: Any) -> rm.LossEstimate:
    more = {"trials": TRIALS.get(method, 4_096), "time_budget": "0.3 s"} | more
    return rm.simulate(rm.Layout.from_dict(raw), method=method, seed=20, **more)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", GRID)
def test_right_or_refused(name: str, method: str) -> None:
    raw, expected = GRID[name]
    try:
        found = _simulate(raw, method)
    except (rm.NotSimulated, rm.StateSpaceTooLarge) as refusal:
        assert method not in ("auto", "events")
        assert str(refusal)
        return
    _assert_sound(found)
    if expected is None:
        expected = loss_probability(rm.Layout.from_dict(raw)).probability
    _assert_right(found, expected)


REFUSED: dict[str, tuple[Table, str]] = {
    "failures": (_one(_exponential("1 s"), "1000 years"), "lifetime: .* more than 10,000,000"),
    "failures that die out": (_one(_weibull(0.3, "1e-5 h"), "1000 years"), "fail more than"),
    "failures of large groups": (
        _one(_exponential("9 h"), "1 year", drives=10_000, tolerates=5_000, rebuild="never"),
        "too often for groups of 10,000",
    ),
    "blows": (_copies(2, "1 year", "1 year", shocks=_blow("1e8/year", 0.5)), "strike more than"),
    "errors": (_lasting_errors("1 s", {"every": "1 s"}), "more than 10,000,000 errors"),
    "an age": (_one(_weibull(100, "1 h"), "1 year", {"age": "1000 years"}), "age: so old"),
    "a variance": (_one(_exponential("1 h"), "1 year", _frail(1e-300)), "0 or at least 1e-12"),
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_no_machine_plays_is_refused(name: str, method: str) -> None:
    raw, reason = REFUSED[name]
    with pytest.raises(rm.LayoutError, match=reason):
        _simulate(raw, method)


def test_a_budget_is_kept_where_a_trial_is_long() -> None:
    """400,000 failures a trial: one chunk must not be 32 of them, nor the pilot 64 chunks."""
    raw = _one(_weibull(0.3, "0.0025 h"), "1 year", drives=1)
    raw["copies"][0] |= {"site": "s"}  # a peril keeps it from being a product of tails
    raw["sites"] = {"s": {"perils": {"fire": {"rate": "0.01/year"}}}}
    for method in ("auto", "events"):
        started = time.monotonic()
        found = _simulate(raw, method, time_budget="0.1 s")
        assert time.monotonic() - started < 20.0
        assert found.method == "events"
        assert found.trials < 64
        assert found.probability == 1.0


def test_errors_that_are_all_but_always_there_are_for_events_only() -> None:
    """The table of their ages, in steps of four hours, swung between 0 and 2 and read 5 % low."""
    raw = _lasting_errors("1 s", {"fixed": "100 years"})
    for method in ("conditional", "excursion"):
        with pytest.raises(rm.NotSimulated, match="method 'events' only"):
            _simulate(raw, method)
    found = _simulate(raw, "auto")
    assert found.method == "events"
    assert "all but always" in found.why


def test_a_small_variance_does_not_cost_the_digits() -> None:
    """Differences of logarithms of large gamma functions would leave an error of a thousandth."""
    for variance in (1e-12, 1e-8, 1e-5, 1.01e-4, 0.99e-4):
        raw = _one(_exponential("1e6 years"), "1 year", _frail(variance))
        found = _simulate(raw, "conditional", time_budget=None)
        assert found.probability == pytest.approx(9.999995e-7, rel=1e-4)


@pytest.mark.parametrize("method", ["conditional", "excursion"])
def test_a_chance_below_the_squares_of_numbers_claims_no_error(method: str) -> None:
    found = _simulate(_one(_weibull(100, "100 years"), "1 year"), method)
    assert found.standard_error == math.inf
    assert found.interval() == (0.0, 1.0)
    assert found.to_dict()["standard_error"] is None
