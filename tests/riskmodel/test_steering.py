"""What importance sampling knows beforehand, against sums over all cases and simulations."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

import riskmodel as rm
from riskmodel._program import compile_layout
from riskmodel._steering import error_ages, frailty_orders, steered
from riskmodel.lifetimes import Law

MEDIA = {"d": {"lifetime": {"exponential": {"mean": "10 years"}}}}
SITES = {
    "home": {"recovery": {"fixed": "30 days"}, "perils": {"fire": {"rate": "0.01/year"}}},
    "far": {"perils": {"theft": {"rate": "0.02/year", "takes": "media"}}},
}
# copy: (site, vulnerability)
COPIES = {"nas": ("home", 1.0), "safe": ("home", 0.3), "disk": ("far", 0.6), "cloud": ("", 1.0)}


def _layout(blows: list[dict[str, Any]], **store: Any) -> rm.Layout:
    copies = []
    for name, (site, vulnerability) in COPIES.items():
        copy = {
            "name": name,
            "store": {"media": "d"} | store,
            "recovery": {"fixed": "5 days"},
            "vulnerability": vulnerability,
        }
        copies.append(copy | ({"site": site} if site else {}))
    tables = {"horizon": "5 years", "media": MEDIA, "sites": SITES, "copies": copies}
    return rm.Layout.from_dict(tables | {"shocks": blows})


def _tabulated(layout: rm.Layout) -> list[dict[frozenset[str], float]]:
    """Return, by source, the chances of the sets of copies that its blow takes."""
    program = steered(compile_layout(layout).program)
    names = list(COPIES)
    found = []
    for source in program.sources:
        rows = program.outcomes[source["first_outcome"] :][: source["outcomes"]]
        found.append(
            {
                frozenset(n for k, n in enumerate(names) if row["mask"] >> k & 1): row["chance"]
                for row in rows
            }
        )
    return found


def _taken(targets: dict[str, float]) -> dict[frozenset[str], float]:
    """Return the same by going through all coins: of each target, and of each copy at a site."""
    coins: list[tuple[str, float]] = []
    for target, chance in targets.items():
        coins.append((f"hit {target}", chance))
        coins += [
            (f"{target} {c}", vulnerable)
            for c, (site, vulnerable) in COPIES.items()
            if site == target
        ]
    total: dict[frozenset[str], float] = defaultdict(float)
    for faces in itertools.product((False, True), repeat=len(coins)):
        up = {name for (name, _), face in zip(coins, faces, strict=True) if face}
        weight = math.prod(
            p if face else 1.0 - p for (_, p), face in zip(coins, faces, strict=True)
        )
        lost = {
            copy
            for copy, (site, _) in COPIES.items()
            if f"hit {copy}" in up or (f"hit {site}" in up and f"{site} {copy}" in up)
        }
        total[frozenset(lost)] += weight
    return {lost: chance for lost, chance in total.items() if lost and chance > 0.0}


def _same(found: dict[frozenset[str], float], expected: dict[frozenset[str], float]) -> bool:
    return found.keys() == expected.keys() and all(
        found[lost] == pytest.approx(chance, rel=1e-12) for lost, chance in expected.items()
    )


def test_what_a_blow_takes_is_the_sum_over_all_coins() -> None:
    chances = {"home": 0.5, "disk": 0.4, "cloud": 0.1}
    layout = _layout(
        [
            {"name": "flood", "rate": "0.1/year", "hits": chances},
            {"name": "war", "rate": "0.1/year", "hits": ["far", "cloud"]},
        ]
    )
    found = _tabulated(layout)
    expected = [
        _taken({"home": 1.0}),
        _taken({"far": 1.0}),
        _taken(chances),
        _taken({"far": 1.0, "cloud": 1.0}),
    ]
    assert len(found) == len(expected)
    for case in expected:
        assert sum(_same(one, case) for one in found) == 1, case


def test_a_blow_that_chooses_deals_evenly() -> None:
    hits = ["home", "disk", "cloud"]
    layout = _layout([{"name": "s", "rate": "0.1/year", "hits": hits, "choose": 2}])
    expected: dict[frozenset[str], float] = defaultdict(float)
    for pair in itertools.combinations(hits, 2):
        for lost, chance in _taken(dict.fromkeys(pair, 1.0)).items():
            expected[lost] += chance / 3.0
    assert any(_same(one, dict(expected)) for one in _tabulated(layout))


@pytest.mark.parametrize("kills", [0.3, 1.0])
def test_a_blow_on_a_store_is_a_binomial_tail_of_each_group(kills: float) -> None:
    shock = {"name": "power", "rate": "0.1/year", "kills": kills}
    rebuild = {"fixed": "1 day"}
    layout = _layout([], drives=5, tolerates=2, groups=3, rebuild=rebuild, shocks=[shock])
    survives = float(binom.cdf(2, 5, kills)) ** 3
    found = [one for one in _tabulated(layout) if one.keys() == {frozenset({"nas"})}]
    assert [one[frozenset({"nas"})] for one in found] == pytest.approx([1.0 - survives])


def test_orders_count_the_drives_of_a_label_that_must_fail() -> None:
    layout = _layout([], level="raid6", drives=6, rebuild={"fixed": "1 day"})
    label = {"label": "b", "variance": 0.5}
    orders = frailty_orders(compile_layout(layout.replace("media.d.batch", label)).program)
    assert orders.tolist() == [4 * 3]


STEP, MEAN = 2.0, 400.0


def test_error_ages_of_an_exponential_scrub_are_those_of_a_two_state_chain() -> None:
    clears = 90.0
    table = error_ages(Law.model_validate(_exponential(clears)).terms(), MEAN, STEP)
    times = STEP * np.arange(len(table))
    arises, cleared = 1.0 / MEAN, 1.0 / clears
    total = arises + cleared
    # second order in the step: 2 h to 74 h
    np.testing.assert_allclose(
        table[:, 0], arises / total * -np.expm1(-total * times), rtol=2e-4, atol=1e-12
    )
    np.testing.assert_allclose(table[:, 1], -clears * np.expm1(-times / clears), rtol=1e-9)


def _exponential(hours: float) -> dict[str, Any]:
    return {"exponential": {"mean": f"{hours} h"}}


@pytest.mark.parametrize(
    "scrub",
    [
        {"fixed": "168 h"},
        {"weibull": {"shape": 3, "scale": "168 h", "location": "6 h"}},
        {"weibull": {"shape": 0.7, "scale": "100 h"}},
    ],
    ids=["fixed", "weibull", "infant"],
)
def test_error_ages_are_those_of_errors_that_come_and_go(scrub: dict[str, Any]) -> None:
    law = Law.model_validate(scrub)
    table = error_ages(law.terms(), MEAN, STEP)
    rng = np.random.default_rng(8)
    trials = 200_000
    times = STEP * np.array([3, 40, 83, 85, 150, 700, 2000])
    dirty = np.zeros((len(times), trials), bool)
    clean_at = np.zeros(trials)
    while clean_at.min() <= times[-1]:
        arisen = clean_at + rng.exponential(MEAN, trials)
        clean_at = arisen + _drawn(scrub, rng, trials)
        for k, time in enumerate(times):
            dirty[k] |= (arisen <= time) & (time < clean_at)
    for time, share in zip(times, dirty.mean(axis=1), strict=True):
        expected = table[int(time / STEP), 0]
        error = math.sqrt(expected * (1.0 - expected) / trials)
        assert abs(share - expected) < 4.0 * error, time


def _drawn(scrub: dict[str, Any], rng: np.random.Generator, count: int) -> np.ndarray:
    if "fixed" in scrub:
        return np.full(count, float(scrub["fixed"].split()[0]))
    law = scrub["weibull"]
    location = float(law.get("location", "0 h").split()[0])
    return location + float(law["scale"].split()[0]) * rng.weibull(law["shape"], count)


def test_steering_leaves_the_law_as_it_is() -> None:
    program = compile_layout(
        _layout([{"name": "s", "rate": "0.1/year", "hits": ["home", "cloud"]}])
    ).program
    after = steered(program)
    guesses = {"rebuild_mean", "error_share", "first_error_age", "error_ages", "error_age_step"}
    guesses |= {"ages", "gap", "first_outcome", "outcomes"}
    for name, before in program._asdict().items():
        now = getattr(after, name)
        if name in ("outcomes", "error_ages"):
            continue
        if isinstance(before, np.ndarray) and before.dtype.names:
            for field in set(before.dtype.names) - guesses:
                np.testing.assert_array_equal(before[field], now[field])
        else:
            np.testing.assert_array_equal(before, now)
