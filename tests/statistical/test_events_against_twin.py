"""The events engine against the naive simulator, over random layouts of the whole law."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, chi2, norm

import riskmodel as rm
from tests.figures import tell_scores
from tests.random_layouts import random_layout, random_tables
from tests.twins import simulate_naively


def _share_score(engine_hits: int, engine_trials: int, twin_hits: int, twin_trials: int) -> float:
    """Return the difference of two shares in standard errors; exact where hits are few.

    Given all hits, those of the twin are binomial; their tail is turned into a normal score.
    """
    hits = engine_hits + twin_hits
    pooled = hits / (engine_trials + twin_trials)
    if min(pooled, 1.0 - pooled) * twin_trials < 10:
        share = twin_trials / (engine_trials + twin_trials)
        below = binom.cdf(twin_hits, hits, share)
        above = binom.sf(twin_hits - 1, hits, share)
        if min(below, above) >= 0.5:
            return 0.0
        return float(norm.isf(above)) * -1.0 if above < below else float(norm.isf(below))
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / engine_trials + 1.0 / twin_trials))
    return (engine_hits / engine_trials - twin_hits / twin_trials) / error if error else 0.0


def _variance(total: float, squares: float, trials: int) -> float:
    return squares / trials - (total / trials) ** 2


def _compare(layout: rm.Layout, trials: int, seed: int) -> dict[str, float]:
    """Return the differences between engine and twin, in standard errors."""
    engine = rm.simulate(layout, method="events", trials=30 * trials, seed=seed)
    twin = simulate_naively(layout, trials, seed)
    variance = engine.losses_in_all_squared / engine.trials - engine.expected_losses**2
    error = math.sqrt(variance * (1.0 / engine.trials + 1.0 / twin.trials))
    out = engine.unavailable
    assert out is not None
    spread = _variance(out.hours, out.hours_squared, out.trials)
    spread_out = math.sqrt(spread / out.trials + spread / trials)

    def score(engine_hits: int, twin_hits: int) -> float:
        return _share_score(engine_hits, engine.trials, twin_hits, trials)

    scores = {
        "probability": score(engine.losses, twin.losses),
        "something": score(engine.lost_something, twin.lost_something),
        "expected": (engine.expected_losses - twin.expected_losses) / error,
        "over a day": score(out.over_day, twin.over_day),
        "over a week": score(out.over_week, twin.over_week),
        "hours": (out.hours / out.trials - twin.hours_out / trials) / spread_out if spread else 0,
    }
    for item, hits in zip(engine.rollbacks, twin.rolled_back, strict=False):
        scores[f"rollback over a {item.span}"] = score(item.hits, hits)
    counts = dict(engine.cause_counts)
    assert twin.causes.keys() <= counts.keys()
    for name, hits in counts.items():
        scores[f"cause {name}"] = score(hits, twin.causes[name])
    return scores


def _assert_agree(seeds: range, trials: int) -> None:
    found = {}
    for seed in seeds:
        layout = random_layout(np.random.default_rng(seed))
        found[seed] = _compare(layout, trials, seed)
        far = {what: score for what, score in found[seed].items() if not abs(score) <= 4.5}
        assert not far, (seed, far, repr(layout))
    tell_scores({(s, what): z for s, one in found.items() for what, z in one.items()})
    for name in ("probability", "something", "expected", "over a day", "over a week", "hours"):
        scores = [scores[name] for scores in found.values()]
        assert sum(score**2 for score in scores) < chi2.ppf(0.999, len(scores)), (name, found)


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)
    else:
        yield str(value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "feeds",
    [
        ({"how": "replica", "lag": "5 days"},),
        ({"how": "backup", "every": "10 days"}, {"how": "backup", "every": "30 days"}),
        ({"how": "replica", "lag": "4 days"}, {"how": "backup", "every": "3 days"}),
        ({"how": "backup", "every": "7 days"}, {"how": "replica", "lag": "3 days"}),
    ],
    ids=["lag", "runs", "lag-runs", "runs-lag"],
)
def test_versions_that_came_through_a_chain(feeds: tuple[dict[str, str], ...]) -> None:
    tables: dict[str, Any] = {
        "horizon": "10 years",
        "media": {"m": {"lifetime": "none"}},
        "threats": {
            "mistake": {"rate": "0.3/year", "noticed": {"exponential": {"mean": "9 days"}}}
        },
        "copies": [{"name": "c0", "role": "primary", "credentials": "ada"}],
    }
    for number, feed in enumerate(feeds):
        tables["copies"].append({"name": f"c{number + 1}", "fed": {"from": f"c{number}", **feed}})
    for copy in tables["copies"]:
        copy |= {"store": {"media": "m"}, "recovery": {"fixed": "1 day"}}
    tables["copies"][-1]["retention"] = {"within": "20 days"}
    scores = _compare(rm.Layout.from_dict(tables), 2_000, 7)
    assert all(abs(score) <= 4.5 for score in scores.values()), scores


def test_random_layouts_range_over_the_whole_law() -> None:
    seen: set[str] = set()
    for seed in range(100):
        tables = random_tables(np.random.default_rng(seed))
        rm.Layout.from_dict(tables)
        seen |= set(_words(tables))
    law = """
        exponential weibull location lognormal gompertz afr competing age batch model at_rest
        latent_errors scrub every at-failure at-failure-and-rebuild whole partial rebuild_error
        raid0 raid1 raid5 raidz2 raid10 2-of-4 groups parallel serial spares spare_wait stress
        fixed bandwidth never shocks kills perils media recovery vulnerability check random offline
        hits choose
        refresh pieces rotation obsolescence kind burglary primary restore wait
        threats defaults mistake ransomware account-loss provider-failure key-loss software-fault
        noticed credentials account provider key keys kept immutable retention online depth fed
        live mirror replica backup every lag missed by hand tool within daily weekly monthly last
    """
    assert set(law.split()) <= seen


def test_events_agree_with_the_twin_on_a_few_random_layouts() -> None:
    _assert_agree(range(3), trials=400)


@pytest.mark.slow
def test_events_agree_with_the_twin_where_ransomware_takes_over() -> None:
    """Two copies of other logins, of which one may be locked for less than versions are kept."""
    for seed in range(2):
        fed = {"from": "nas", "how": "backup", "every": "5 days"}
        raw = {
            "horizon": "1 year",
            "media": {"m": {"afr": 0.2}},
            "copies": [
                {"name": name, "store": {"media": "m"}, "recovery": {"fixed": "4 days"},
                 "credentials": name, "retention": {"within": "60 days"}}
                for name in ("nas", "cloud", "away")
            ],
            "threats": {"ransomware": {
                "rate": "1.5/year", "takes_over": True, "backups": 0.7,
                "noticed": {"exponential": {"mean": "20 days"}}}},
        }  # fmt: skip
        cloud, away = raw["copies"][1:]
        cloud |= {"fed": fed, "immutable": f"{20 + 10 * seed} days"}
        away |= {"fed": fed | {"every": "9 days"}, "offline": True}
        layout = rm.Layout.from_dict(raw)
        found = _compare(layout, 400, seed)
        assert not {what: score for what, score in found.items() if not abs(score) <= 4.5}


@pytest.mark.parametrize(
    "trials",
    [pytest.param(1_000, marks=pytest.mark.slow), pytest.param(3_000, marks=pytest.mark.proof)],
)
def test_events_agree_with_the_twin_on_twenty_random_layouts(trials: int) -> None:
    _assert_agree(range(100, 120), trials)
