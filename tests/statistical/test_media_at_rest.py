"""Media at rest against closed forms: refreshed, obsolete, in pieces, in sets that take turns."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from tests.twins import simulate_naively

TRIALS = 60_000
YEAR = 8766.0


def _layout(horizon: str, copies: list[dict[str, Any]], **more: Any) -> rm.Layout:
    media = {"m": {"lifetime": {"exponential": {"mean": "10 years"}}}}
    tables: dict[str, Any] = {"horizon": horizon, "media": media, "copies": []}
    for k, copy in enumerate(copies):
        tables["copies"].append({"name": "abc"[k], "store": {"media": "m"}} | copy)
    return rm.Layout.from_dict(tables | more)


def _z(hits: int, trials: int, expected: float) -> float:
    return (hits / trials - expected) / math.sqrt(expected * (1.0 - expected) / trials)


def _assert_lost(layout: rm.Layout, everything: float, something: float | None = None) -> None:
    """Compare the engine and the naive simulator with what a formula says."""
    engine = rm.simulate(layout, method="events", trials=TRIALS, seed=7)
    twin = simulate_naively(layout, 2_000, 7)
    for found in (engine, twin):
        assert abs(_z(found.losses, found.trials, everything)) < 4.0
        if something is not None:
            assert abs(_z(found.lost_something, found.trials, something)) < 4.0


WEAR: dict[str, Any] = {"weibull": {"shape": 3, "scale": "8 years"}}


def test_a_refreshed_medium_begins_its_life_anew() -> None:
    layout = _layout(
        "10 years",
        [{"refresh": "4 years"}],
        media={"m": {"lifetime": WEAR, "age": "2 years"}},
    )
    spent = (6.0 / 8.0) ** 3 - (2.0 / 8.0) ** 3 + (4.0 / 8.0) ** 3 + (2.0 / 8.0) ** 3
    _assert_lost(layout, -math.expm1(-spent))


def test_the_dead_are_noticed_when_media_are_refreshed() -> None:
    never_checked = {"offline": True, "refresh": "2 years", "recovery": {"fixed": "0 h"}}
    dead = -math.expm1(-2.0 / 10.0)
    _assert_lost(_layout("8 years", [never_checked] * 2), 1.0 - (1.0 - dead**2) ** 4)


def test_a_refresh_ends_rebuilds_and_brings_new_drives() -> None:
    """A mirror that is never rebuilt is whole again at each refresh."""
    store = {"media": "m", "level": "raid1", "drives": 2, "rebuild": "never", "refresh": "2 years"}
    dead = -math.expm1(-2.0 / 10.0)
    _assert_lost(_layout("8 years", [{"store": store}]), 1.0 - (1.0 - dead**2) ** 4)


def test_all_pieces_are_needed_and_the_last_one_loses_the_copy() -> None:
    dead = -math.expm1(-3.0 / 10.0)
    layout = _layout("3 years", [{"pieces": 4}])
    _assert_lost(layout, dead**4, 1.0 - (1.0 - dead) ** 4)


@pytest.mark.parametrize("refreshed_at", ["store", "copy"])
def test_pieces_may_be_said_of_the_store_too(refreshed_at: str) -> None:
    store: dict[str, Any] = {"media": "m"} | ({"pieces": 3} if refreshed_at == "store" else {})
    copy = {"store": store} | ({} if refreshed_at == "store" else {"pieces": 3})
    dead = -math.expm1(-3.0 / 10.0)
    _assert_lost(_layout("3 years", [copy]), dead**3, 1.0 - (1.0 - dead) ** 3)


def test_a_piece_may_be_a_mirror() -> None:
    store = {"media": "m", "level": "raid1", "drives": 2, "rebuild": "never"}
    dead = (-math.expm1(-6.0 / 10.0)) ** 2
    layout = _layout("6 years", [{"store": store, "pieces": 3}])
    _assert_lost(layout, dead**3, 1.0 - (1.0 - dead) ** 3)


def test_something_is_gone_when_a_piece_is_lost_on_all_copies() -> None:
    never = {"pieces": 4, "recovery": "never"}
    dead = -math.expm1(-6.0 / 10.0)
    _assert_lost(_layout("6 years", [never] * 2), dead**8, 1.0 - (1.0 - dead**2) ** 4)


def test_pieces_of_unequal_sizes_overlap() -> None:
    """Each of the two pieces of one copy holds what two of the four of the other hold."""
    copies = [{"pieces": count, "recovery": "never"} for count in (2, 4)]
    dead = -math.expm1(-6.0 / 10.0)
    either = 1.0 - (1.0 - dead) ** 2
    _assert_lost(_layout("6 years", copies), dead**6, 1.0 - (1.0 - dead * either) ** 2)


def test_pieces_are_recovered_one_by_one() -> None:
    """With a check every year each piece is there again at its next check."""
    copy = {
        "pieces": 3,
        "offline": True,
        "check": {"every": "1 year"},
        "recovery": {"fixed": "0 h"},
    }
    dead = -math.expm1(-1.0 / 10.0)
    gone_in_a_year = 1.0 - (1.0 - dead**2) ** 3
    layout = _layout("5 years", [copy] * 2)
    engine = rm.simulate(layout, method="events", trials=TRIALS, seed=3)
    expected = 1.0 - (1.0 - gone_in_a_year) ** 5
    assert abs(_z(engine.lost_something, engine.trials, expected)) < 4.0


def test_a_lost_sector_meets_a_lost_piece() -> None:
    """Sectors strike one copy at uniform places, whole pieces the other; nothing heals."""
    media: dict[str, Any] = {
        "solid": {"lifetime": "never", "latent_errors": {"mean_time": "2 years"}},
        "m": {"lifetime": {"exponential": {"mean": "10 years"}}},
    }
    struck = {
        "media": "solid",
        "latent_rule": "at-failure-and-rebuild",
        "scrub": {"fixed": "0 h"},
    }
    copies = [
        {"store": struck, "recovery": "never"},
        {"pieces": 3, "recovery": "never"},
    ]
    layout = _layout("6 years", copies, media=media)
    dead = -math.expm1(-6.0 / 10.0)
    hit = -math.expm1(-6.0 / 2.0 / 3.0)
    engine = rm.simulate(layout, method="events", trials=TRIALS, seed=11)
    twin = simulate_naively(layout, 2_000, 11)
    # with no piece left any sector of the other copy is the last one; its chance is in the product
    expected = 1.0 - (1.0 - dead * hit) ** 3
    for found in (engine, twin):
        assert abs(_z(found.lost_something, found.trials, expected)) < 4.0


OBSOLETE: dict[str, Any] = {"exponential": {"mean": "20 years"}}


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (["m", "m"], -math.expm1(-5.0 / 20.0)),
        (["m", "n"], math.expm1(-5.0 / 20.0) ** 2),
    ],
)
def test_one_format_takes_all_copies_on_it(media: list[str], expected: float) -> None:
    medium = {"lifetime": "never", "obsolescence": OBSOLETE}
    copies = [{"store": {"media": name}, "recovery": "never"} for name in media]
    layout = _layout("5 years", copies, media={"m": medium, "n": medium})
    _assert_lost(layout, expected)
    named = {cause.name for cause in rm.simulate(layout, method="events", trials=2_000).causes}
    assert named <= {"obsolescence of m", "obsolescence of n"}


def test_the_age_of_a_format_counts_and_a_refresh_is_of_its_day() -> None:
    medium = {
        "lifetime": "never",
        "age": "3 years",
        "obsolescence": {"weibull": {"shape": 4, "scale": "8 years"}},
    }
    old = _layout("4 years", [{}], media={"m": medium})
    lived = (7.0 / 8.0) ** 4 - (3.0 / 8.0) ** 4
    _assert_lost(old, -math.expm1(-lived))
    refreshed = old.replace("copies.a.refresh", "3 years")
    _assert_lost(refreshed, -math.expm1(-((6 / 8) ** 4 - (3 / 8) ** 4 + (1 / 8) ** 4)))


def test_a_format_may_end_at_the_very_horizon() -> None:
    media = {"m": {"lifetime": "never", "obsolescence": {"fixed": "5 years"}}}
    copies = [{"recovery": {"fixed": "1 day"}}] * 2
    for horizon, expected in (("5 years", 1.0), ("4.999 years", 0.0)):
        layout = _layout(horizon, copies, media=media)
        assert rm.simulate(layout, method="events", trials=100).probability == expected
        assert simulate_naively(layout, 100, 1).probability == expected


def test_the_dead_format_is_noticed_by_a_check_and_written_anew() -> None:
    """Copies at rest, obsolete at different instants, come back at the check in between."""
    media = {
        "m": {"lifetime": "never", "obsolescence": {"fixed": "2 years"}},
        "n": {"lifetime": "never", "obsolescence": {"fixed": "3 years"}},
    }
    copy = {"recovery": {"fixed": "0 h"}, "offline": True}
    copies = [{"store": {"media": name}} | copy for name in "mn"]
    never = _layout("4 years", copies, media=media)
    assert rm.simulate(never, method="events", trials=50).probability == 1.0
    checked = never.replace("copies.a.check", {"every": "0.7 years"})
    assert rm.simulate(checked, method="events", trials=50).probability == 0.0


def _two_places(**sets: Any) -> rm.Layout:
    """Draw a primary at the office and sets of tapes at home; only fires destroy."""
    return _layout(
        "6 years",
        [
            {"role": "primary", "site": "office", "recovery": "never"},
            {"site": "home", "recovery": "never"} | sets,
        ],
        media={"m": {"lifetime": "never"}},
        sites={
            "office": {"perils": {"fire": {"rate": "0.2/year"}}},
            "home": {"perils": {"fire": {"rate": "0.1/year"}}},
        },
    )


def test_the_newest_set_burns_with_the_source() -> None:
    office, home = -math.expm1(-1.2), -math.expm1(-0.6)
    _assert_lost(_two_places(rotation=3), office * home)
    layout = _two_places(rotation=1)
    assert rm.simulate(layout).method == "exact"
    # of three sets one is at the office: a fire there and nothing else leaves the copy intact
    spared = _two_places(rotation=3).replace("sites.home.perils.fire.rate", 0.0)
    assert rm.simulate(spared, method="events", trials=1_000).losses == 0


def test_sets_that_lie_together_share_their_fate() -> None:
    """In a safe: one chance for all sets that are there, not one for each."""
    layout = _two_places(rotation=3, vulnerability=0.5)
    home = -math.expm1(-0.6 * 0.5)
    office_set = -math.expm1(-1.2 * 0.5)
    primary_too = -math.expm1(-1.2)
    layout = layout.replace("copies.a.vulnerability", 1.0)
    assert primary_too > office_set  # the primary burns whenever the set beside it does
    _assert_lost(layout, office_set * home)


def test_a_shock_that_names_a_copy_takes_all_its_sets() -> None:
    layout = _layout(
        "5 years",
        [{"rotation": 3, "recovery": "never"}],
        media={"m": {"lifetime": "never"}},
        shocks=[{"name": "flood", "rate": "0.1/year", "hits": {"a": 0.5}}],
    )
    _assert_lost(layout, -math.expm1(-0.25))


def test_sets_are_counted_as_one_copy_when_some_are_chosen() -> None:
    copies = [{"rotation": 3, "recovery": "never"}, {"recovery": "never"}]
    shock = {"name": "mishap", "rate": "0.5/year", "hits": ["a", "b"], "choose": 1}
    layout = _layout("4 years", copies, media={"m": {"lifetime": "never"}}, shocks=[shock])
    _assert_lost(layout, 1.0 - 3.0 * math.exp(-2.0))  # two mishaps: one each


def test_a_set_that_dies_is_made_again_from_another() -> None:
    """Sets are copies of their own: three of them are as good as three copies."""
    sets = _layout("10 years", [{"rotation": 3, "recovery": {"fixed": "1 year"}}])
    copies = _layout("10 years", [{"recovery": {"fixed": "1 year"}}] * 3)
    one = rm.simulate(sets, method="events", trials=TRIALS)
    other = rm.simulate(copies, method="events", trials=TRIALS, seed=2)
    apart = math.hypot(one.standard_error, other.standard_error)
    assert abs(one.probability - other.probability) < 4.0 * apart
    assert [cause.name for cause in one.causes] == ["drive failures of a"]


def test_each_set_in_its_turn_is_at_the_source() -> None:
    """Three sets, six years, a turn a year: each of them is at the office for two years."""
    fed = {"from": "a", "every": "1 year"}
    layout = _two_places(rotation=3, fed=fed).replace("sites.home.perils.fire.rate", 0.0)
    _assert_lost(layout, (-math.expm1(-0.2 * 2.0)) ** 3)


def test_no_set_is_carried_to_a_destroyed_site() -> None:
    """An office that never stands again keeps the sets away: the other two survive."""
    fed = {"from": "a", "every": "1 year"}
    layout = _two_places(rotation=3, fed=fed)
    layout = layout.replace("sites.home.perils.fire.rate", 0.0)
    layout = layout.replace("sites.office.recovery", "never")
    for found in (
        rm.simulate(layout, method="events", trials=2_000),
        simulate_naively(layout, 500, 1),
    ):
        assert found.losses == 0
