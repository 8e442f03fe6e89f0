"""The facade: same bits for any threads, honest stops, refusals."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel._chances import binomial_interval, chance_range, one_in, removed_share
from riskmodel._run import Plan, Sums, go
from riskmodel.reporting import require_writable
from tests.conftest import LAYOUTS


@pytest.fixture(scope="module")
def busy() -> rm.Layout:
    return rm.load_layout(LAYOUTS / "multicopy" / "nas-usb-cloud.toml")


def test_a_seed_gives_the_same_bits_for_any_number_of_threads(busy: rm.Layout) -> None:
    runs = [
        replace(
            rm.simulate(busy, method="events", trials=10_007, seed=5, threads=n),
            elapsed_seconds=0.0,
        )
        for n in (1, 2, 3, 7)
    ]
    assert all(run == runs[0] for run in runs[1:])
    other = rm.simulate(busy, method="events", trials=10_007, seed=6)
    assert other.bins != runs[0].bins


def test_stopping_by_target_does_not_depend_on_threads(busy: rm.Layout) -> None:
    one, three = (
        rm.simulate(busy, method="events", target_relative_error=0.1, threads=n) for n in (1, 3)
    )
    assert (one.trials, one.losses) == (three.trials, three.losses)
    assert one.relative_error <= 0.1


def test_sums_of_two_runs_are_the_sum(busy: rm.Layout) -> None:
    one = rm.simulate(busy, method="events", trials=3_000, seed=1)
    two = rm.simulate(busy, method="events", trials=5_000, seed=2)
    both = one + two
    assert both.trials == 8_000
    assert both.losses == one.losses + two.losses
    with pytest.raises(rm.InputError, match="of seed 1"):
        one + one
    with pytest.raises(rm.InputError, match="horizons"):
        one + rm.simulate(busy, horizon="1 year", method="events", trials=10, seed=9)


def test_no_loss_is_a_bound_and_never_zero() -> None:
    layout = rm.load_layout(LAYOUTS / "reference" / "rs10_4_par-10y.toml")
    loss = rm.simulate(layout, method="events", trials=1_000)
    assert loss.losses == 0
    assert loss.interval(0.95)[1] == pytest.approx(-math.log(0.025) / 1000, rel=0.01)
    document = loss.to_dict()
    assert document["probability"] is None
    assert document["standard_error"] > 0
    assert any("upper bound" in text for text in document["warnings"])
    assert "less than 1 in" in str(loss)


def test_json_has_what_the_design_names(busy: rm.Layout) -> None:
    document = json.loads(json.dumps(rm.simulate(busy, trials=2_000).to_dict(), allow_nan=False))
    wanted = [
        "layout",
        "horizon_years",
        "probability",
        "standard_error",
        "interval",
        "confidence",
        "method",
        "trials",
        "seed",
        "elapsed_seconds",
        "curve",
        "causes",
        "partial_loss",
        "rollback",
        "restore",
        "parameter_range",
        "warnings",
        "versions",
    ]
    assert set(wanted) <= set(document)
    assert set(document["curve"]) == {"years", "probability"}
    assert document["curve"]["probability"][-1] == pytest.approx(document["probability"])
    assert sum(cause["share"] for cause in document["causes"]) == pytest.approx(1)


def test_results_show_in_notebooks(busy: rm.Layout) -> None:
    loss = rm.simulate(busy, trials=2_000)
    assert loss.to_frame().loc[0, "probability"] == loss.probability
    assert "lose everything" in loss._repr_html_()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "evnets"}, "did you mean 'events'"),
        ({"trials": 0}, "trials: must be at least 1"),
        ({"threads": 0}, "threads: must be at least 1"),
        ({"target_relative_error": 2.0}, "target_relative_error: must be between"),
        ({"seed": -1}, "seed: must be between"),
        ({"horizon": "ten years"}, "expects a time"),
        ({"horizon": "0 h"}, "horizon: must be above zero"),
        ({"time_budget": "-1 s"}, "time budget: must not be negative"),
    ],
)
def test_bad_options_are_named(busy: rm.Layout, options: dict, words: str) -> None:
    with pytest.raises(rm.InputError, match=words):
        rm.simulate(busy, **options)


def test_pilot_runs_count_for_the_time_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shelf of 200 drives with spares, of which a pilot run takes many times as long."""
    store = {"media": "m", "level": "190-of-200", "spares": 9, "spare_wait": {"fixed": "1 day"}}
    layout = rm.Layout.from_dict(
        {
            "horizon": "50 years",
            "media": {"m": {"afr": 0.1}},
            "copies": [{"name": "a", "store": store | {"rebuild": {"fixed": "3 days"}}}],
        }
    )
    plans = []

    def watched(engine: Any, plan: Plan, *rest: Any, **more: Any) -> Sums:
        plans.append(plan)
        return go(engine, plan, *rest, **more)

    monkeypatch.setattr("riskmodel.simulation.go", watched)
    loss = rm.simulate(layout, time_budget="0.2 s", threads=1)
    *pilots, last = (plan.budget_seconds for plan in plans)
    assert pilots
    assert max(pilots) <= 0.1
    assert last <= 0.2 - 0.01 * len(pilots)  # what is left: each of them took more than that
    assert loss.method == "events"


@pytest.mark.slow
def test_a_pilot_run_that_does_not_tell_is_made_longer_where_counting_is_hopeless() -> None:
    """Three disks in drawers, dead ones replaced with all others every 3 years: 1 in 5 million."""
    wear = {"weibull": {"shape": 2, "scale": "50 years"}}
    copy = {"store": {"media": "m"}, "offline": True, "refresh": "3 years"}
    copy["recovery"] = {"fixed": "0 h"}
    layout = rm.Layout.from_dict(
        {
            "horizon": "12 years",
            "media": {"m": {"lifetime": wear}},
            "copies": [{"name": name} | copy for name in "abc"],
        }
    )
    dead = -math.expm1(-((3 / 50) ** 2))
    exact = -math.expm1(4 * math.log1p(-(dead**3)))
    loss = rm.simulate(layout, target_relative_error=0.2, seed=12)
    assert loss.method == "conditional"
    assert abs(loss.probability - exact) < 4 * loss.standard_error


def test_a_folder_that_takes_no_file_is_known_before_long_work() -> None:
    with pytest.raises(rm.InputError, match=r"/proc/x\.html: cannot be written"):
        require_writable(Path("/proc/x.html"))


def test_what_a_range_shows_of_itself_is_short(disk_layout: dict) -> None:
    disk_layout["media"]["drive"]["afr"] = {"low": 0.01, "mode": 0.02, "high": 0.04}
    found = rm.parameter_range(rm.Layout.from_dict(disk_layout), points=32)
    assert len(found.probabilities) == 32
    assert "probabilities" not in repr(found)


def test_a_range_stands_for_its_mode_and_gives_a_range(disk_layout: dict) -> None:
    disk_layout["media"]["drive"]["afr"] = 0.02
    plain = rm.simulate(rm.Layout.from_dict(disk_layout))
    assert plain.parameter_range is None
    disk_layout["media"]["drive"]["afr"] = {"low": 0.01, "mode": 0.02, "high": 0.04}
    loss = rm.simulate(rm.Layout.from_dict(disk_layout))
    assert loss.probability == plain.probability
    assert loss.parameter_range is not None
    assert loss.to_dict()["parameter_range"]["level"] == 0.9
    assert "with the uncertainty of the inputs" in str(loss)
    alone = rm.simulate(rm.Layout.from_dict(disk_layout), ranges=False)
    assert alone == replace(loss, parameter_range=None, elapsed_seconds=alone.elapsed_seconds)


def test_what_a_simulation_needs_is_asked_for(disk_layout: dict) -> None:
    two = {
        **disk_layout,
        "copies": [*disk_layout["copies"], {"name": "b", "store": {"media": "drive"}}],
    }
    with pytest.raises(rm.LayoutError, match=r"copies\.disk\.recovery: is required"):
        rm.simulate(rm.Layout.from_dict(two))
    assumed = rm.simulate(rm.Layout.from_dict({**two, "size": "1 TB"}), trials=100)
    assert any("copies.disk.recovery" in text for text in assumed.assumptions)
    raid = {
        **disk_layout,
        "copies": [{"name": "r", "store": {"media": "drive", "level": "raid5", "drives": 4}}],
    }
    with pytest.raises(rm.LayoutError, match=r"copies\.r\.store\.rebuild: is required"):
        rm.simulate(rm.Layout.from_dict(raid))
    with pytest.raises(rm.LayoutError, match="horizon: is required"):
        rm.simulate(rm.Layout.from_dict(two).replace("horizon", None))


def test_an_offline_copy_without_check_is_warned_about(disk_layout: dict) -> None:
    disk_layout["copies"] = [
        {"name": n, "store": {"media": "drive"}, "recovery": {"fixed": "1 day"}} for n in "ab"
    ]
    disk_layout["copies"][1]["offline"] = True
    loss = rm.simulate(rm.Layout.from_dict(disk_layout), trials=100)
    assert any("never noticed" in text for text in loss.warnings)


def test_one_drive_lives_by_its_law(disk_layout: dict) -> None:
    layout = rm.Layout.from_dict(disk_layout)
    loss = rm.simulate(layout, method="events", trials=200_000)
    assert abs(loss.probability - 0.02) < 4 * loss.standard_error


@settings(max_examples=15, deadline=None)
@given(
    afr=st.floats(0.01, 0.6),
    years=st.floats(0.5, 10),
    rebuild=st.floats(10, 2000),
    drives=st.integers(2, 8),
)
def test_worse_is_never_better(afr: float, years: float, rebuild: float, drives: int) -> None:
    """More hazard, time, rebuild or drives, or less parity, never lowers the probability."""

    def loss(afr: float, years: float, rebuild: float, drives: int, tolerates: int) -> float:
        layout = rm.Layout.from_dict(
            {
                "horizon": f"{years!r} years",
                "media": {"m": {"afr": afr}},
                "copies": [
                    {
                        "name": "g",
                        "store": {
                            "media": "m",
                            "drives": drives,
                            "tolerates": tolerates,
                            "rebuild": {"exponential": {"mean": f"{rebuild!r} h"}},
                        },
                    }
                ],
            }
        )
        found = rm.simulate(layout)
        assert found.method == "exact"
        assert 0.0 <= found.probability <= 1.0
        return found.probability

    base = loss(afr, years, rebuild, drives, 1)
    slack = 1.0 + 1e-9
    assert base <= slack * loss(min(afr * 1.2, 0.9), years, rebuild, drives, 1)
    assert base <= slack * loss(afr, years * 1.2, rebuild, drives, 1)
    assert base <= slack * loss(afr, years, rebuild * 1.2, drives, 1)
    assert base <= slack * loss(afr, years, rebuild, drives + 1, 1)
    assert base <= slack * loss(afr, years, rebuild, drives, 0)


@pytest.mark.parametrize(("hits", "trials"), [(0, 50), (1, 50), (7, 40), (50, 50)])
def test_intervals_are_those_of_the_binomial_tail(hits: int, trials: int) -> None:
    """Clopper-Pearson ends are where a binomial tail has half the remaining mass."""
    from scipy.stats import binom

    low, high = binomial_interval(hits, trials, 0.9)
    tail = 0.05
    if hits > 0:
        assert binom.sf(hits - 1, trials, low) == pytest.approx(tail)
    if hits < trials:
        assert binom.cdf(hits, trials, high) == pytest.approx(tail)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (2.1e-5, "1 in 50,000"),
        (0.3, "30 %"),
        (0.012, "1 in 80"),
        (0.0619, "1 in 16"),
        (8e-5, "1 in 12,000"),
        (1.0, "near certainty"),
    ],
)
def test_odds_are_written_with_one_figure(probability: float, words: str) -> None:
    assert one_in(probability) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1 / 300_000, 1 / 5_000, "1 in 5,000 to 1 in 300,000"),
        (0.25, 0.43, "25 % to 43 %"),
        (0.0625, 0.3, "6 % to 30 %"),
        (0.001, 0.25, "1 in 4 to 1 in 1,000"),
        (0.001, 0.999, "1 in 1,000 to near certainty"),
        (0.0, 0.02, "less than 1 in 50"),
        (0.02, 0.02, "1 in 50"),
        (0.3, 1.0, "30 % to near certainty"),
    ],
)
def test_a_range_of_chances_begins_with_the_smaller_number(low, high, words):
    assert chance_range(low, high) == words


def test_intervals_cover_at_their_level() -> None:
    """Summed over the binomial law: also where few losses are expected."""
    from scipy.stats import binom

    for trials, expected in [(1000, 0.5), (1000, 3.0), (1000, 3.7), (100_000, 3.0), (40, 36.0)]:
        share = expected / trials
        covered = 0.0
        for hits in range(int(expected + 12 * expected**0.5 + 12)):
            low, high = binomial_interval(min(hits, trials), trials, 0.95)
            covered += binom.pmf(hits, trials, share) * (low <= share <= high)
        assert covered >= 0.95 - 1e-9


def test_a_preset_peril_keeps_what_an_override_does_not_say() -> None:
    from riskmodel._resolve import perils_of
    from riskmodel.sites import Site

    site = Site.model_validate({"kind": "home", "perils": {"burglary": {"rate": 1e-3}}})
    assert perils_of(site)["burglary"].takes == "media"
    assert perils_of(site)["burglary"].rate == 1e-3
    assert set(perils_of(site)) > {"burglary", "fire"}


def test_a_stress_of_one_changes_nothing_at_any_frailty() -> None:
    """A frailty near zero once froze a group's clock under stress."""

    def run(stress: list[float]) -> rm.LossEstimate:
        lifetime = {"lognormal": {"median": "8 years", "sigma": 0.8}}
        batch = {"label": "b", "variance": 100.0}
        store = {
            "media": "m",
            "drives": 3,
            "tolerates": 1,
            "rebuild": {"fixed": "30 days"},
            "stress": stress,
            "shocks": [{"name": "s", "rate": "1/year", "kills": 0.02}],
        }
        layout = {
            "horizon": "10 years",
            "media": {"m": {"lifetime": lifetime, "age": "1000 h", "batch": batch}},
            "copies": [{"name": "g", "store": store}],
        }
        return rm.simulate(rm.Layout.from_dict(layout), method="events", trials=60_000)

    one, other = run([]), run([1.0])
    apart = math.hypot(one.standard_error, other.standard_error)
    assert abs(one.probability - other.probability) < 4 * apart


def test_an_error_that_is_scrubbed_at_once_still_meets_a_degraded_group() -> None:
    def run(scrub: str) -> rm.LossEstimate:
        store = {
            "media": "m",
            "drives": 2,
            "tolerates": 1,
            "rebuild": {"fixed": "1 year"},
            "scrub": {"fixed": scrub},
            "latent_rule": "at-failure-and-rebuild",
            "latent_loss": "whole",
        }
        medium = {
            "lifetime": {"exponential": {"mean": "10 years"}},
            "latent_errors": {"mean_time": "1 year"},
        }
        layout = {
            "horizon": "10 years",
            "media": {"m": medium},
            "copies": [{"name": "g", "store": store}],
        }
        return rm.simulate(rm.Layout.from_dict(layout), method="events", trials=20_000)

    never, instant = run("1 s"), run("0 h")
    apart = math.hypot(never.standard_error, instant.standard_error)
    assert abs(never.probability - instant.probability) < 4 * apart


@pytest.mark.parametrize("place", ["copies.disk.recovery", "copies.disk.store.rebuild"])
def test_a_calendar_is_no_law_of_recovery(disk_layout: dict, place: str) -> None:
    layout = rm.Layout.from_dict(disk_layout)
    with pytest.raises(rm.LayoutError, match="'every' is"):
        rm.simulate(layout.replace(place, {"every": "1 day"}), trials=10)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "copies.disk.store",
            {"media": "drive", "drives": 9999, "groups": 9999},
            "100,000 at most",
        ),
        ("media.drive", {"lifetime": {"exponential": {"mean": 1e-9}}}, "so short that drives"),
        ("media.drive", {"lifetime": {"weibull": {"shape": 50.0, "scale": 1e-9}}}, "so short"),
        ("shocks", [{"name": "s", "rate": 1e9, "hits": ["disk"]}], "strike more than"),
    ],
)
def test_what_no_machine_plays_to_its_end_is_refused(
    disk_layout: dict, key: str, value, words: str
) -> None:
    layout = rm.Layout.from_dict(disk_layout).replace(key, value)
    with pytest.raises(rm.LayoutError, match=words):
        rm.simulate(layout, trials=10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rm.simulate("a.toml"), r"takes layouts, not str; load_layout\('a.toml'\)"),
        (lambda: rm.compare("a.toml"), r"takes layouts, not str; load_layout\('a.toml'\)"),
        (lambda: rm.compare([Path("a.toml")]), r"load_layout\('a.toml'\)"),
        (lambda: rm.simulate({"copies": []}), "takes layouts, not dict$"),
    ],
)
def test_a_path_in_place_of_a_layout_is_told_what_reads_it(call, words: str) -> None:
    with pytest.raises(rm.InputError, match=words):
        call()


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((0.5,), "50 %"),
        ((0.5, 0.41, 0.6), "50 % (41 % to 60 %)"),
        ((0.9937, 0.99, 0.996), "99.37 % (99.00 % to 99.60 %)"),
        ((1 - 2.7e-6, 1 - 3.4e-6, 1 - 2e-6), "99.9997 % (99.9997 % to 99.9998 %)"),
        ((1.0,), "100.00 %"),
        ((-0.2,), "-20 %"),
    ],
)
def test_what_is_left_of_a_loss_is_not_rounded_away(shares: tuple[float, ...], words: str) -> None:
    assert removed_share(*shares) == words
