"""The events engine against the naive simulator, over random layouts of the whole law."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

import riskmodel as rm
from tests.random_layouts import random_layout, random_tables
from tests.twins import simulate_naively


@dataclass
class Scores:
    """Differences between engine and twin, in standard errors."""

    probability: float
    something: float
    expected: float
    over_day: float
    over_week: float
    hours_out: float
    causes: float


def _share_score(engine_hits: int, engine_trials: int, twin_hits: int, twin_trials: int) -> float:
    pooled = (engine_hits + twin_hits) / (engine_trials + twin_trials)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / engine_trials + 1.0 / twin_trials))
    return (engine_hits / engine_trials - twin_hits / twin_trials) / error if error else 0.0


def _variance(total: float, squares: float, trials: int) -> float:
    return squares / trials - (total / trials) ** 2


def _compare(layout: rm.Layout, trials: int, seed: int) -> Scores:
    engine = rm.simulate(layout, method="events", trials=30 * trials, seed=seed)
    twin = simulate_naively(layout, trials, seed)
    variance = engine.losses_in_all_squared / engine.trials - engine.expected_losses**2
    error = math.sqrt(variance * (1.0 / engine.trials + 1.0 / twin.trials))
    out = engine.unavailable
    assert out is not None
    spread = _variance(out.hours, out.hours_squared, out.trials)
    spread_out = math.sqrt(spread / out.trials + spread / trials)
    counts = dict(engine.cause_counts)
    frequent = [
        name
        for name in counts.keys() | twin.causes.keys()
        if counts.get(name, 0) / engine.trials + twin.causes[name] / trials > 20 / trials
    ]
    by_cause = [
        _share_score(counts.get(name, 0), engine.trials, twin.causes[name], trials)
        for name in frequent
    ]
    return Scores(
        _share_score(engine.losses, engine.trials, twin.losses, trials),
        _share_score(engine.lost_something, engine.trials, twin.lost_something, trials),
        (engine.expected_losses - twin.expected_losses) / error,
        _share_score(out.over_day, out.trials, twin.over_day, trials),
        _share_score(out.over_week, out.trials, twin.over_week, trials),
        (out.hours / out.trials - twin.hours_out / trials) / spread_out if spread else 0.0,
        max(by_cause, key=abs, default=0.0),
    )


def _assert_agree(seeds: range, trials: int) -> None:
    found = {
        seed: _compare(random_layout(np.random.default_rng(seed)), trials, seed) for seed in seeds
    }
    for name in ("probability", "something", "expected", "over_day", "over_week", "hours_out"):
        scores = {seed: getattr(scores, name) for seed, scores in found.items()}
        far = {seed: score for seed, score in scores.items() if abs(score) >= 4.5}
        assert not far, (name, far)
        assert sum(score**2 for score in scores.values()) < chi2.ppf(0.999, len(scores)), scores
    far = {seed: scores.causes for seed, scores in found.items() if abs(scores.causes) >= 5.0}
    assert not far, ("causes", far)


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
    """
    assert set(law.split()) <= seen


def test_events_agree_with_the_twin_on_a_few_random_layouts() -> None:
    _assert_agree(range(6), trials=400)


@pytest.mark.slow
def test_events_agree_with_the_twin_on_forty_random_layouts() -> None:
    _assert_agree(range(100, 140), trials=3_000)
