"""The compiled engine against a naive simulator that was written from the words alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2

import riskmodel as rm
from tests.conftest import LAYOUTS, stated_probability
from tests.random_layouts import random_layout
from tests.twins import simulate_naively

MULTICOPY = sorted((LAYOUTS / "multicopy").glob("*.toml"))


def _share_score(one: int, trials: int, other: int, other_trials: int) -> float:
    """Return z of two binomial shares, with the pooled share under the root."""
    pooled = (one + other) / (trials + other_trials)
    spread = pooled * (1.0 - pooled) * (1.0 / trials + 1.0 / other_trials)
    return (one / trials - other / other_trials) / math.sqrt(spread) if spread else 0.0


def _scores(layout: rm.Layout, trials: int, seed: int) -> dict[str, float]:
    ours = rm.simulate(layout, method="events", trials=100_000, seed=seed)
    naive = simulate_naively(layout, trials, seed)
    error = math.hypot(ours.expected_losses_standard_error, naive.expected_losses_standard_error)
    scores = {
        "losses": _share_score(ours.losses, ours.trials, naive.losses, trials),
        "something": _share_score(ours.lost_something, ours.trials, naive.lost_something, trials),
        "expected": (ours.expected_losses - naive.expected_losses) / error if error else 0.0,
    }
    found = dict(ours.cause_counts)
    for cause, count in naive.causes.items():
        scores[f"cause {cause}"] = _share_score(found[cause], ours.trials, count, trials)
    return scores


def _assert_agree(layouts: int, trials: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    total = 0.0
    for k in range(layouts):
        layout = random_layout(rng)
        scores = _scores(layout, trials, seed + k)
        far = {what: score for what, score in scores.items() if abs(score) > 4.5}
        assert not far, (far, repr(layout))
        total += scores["losses"] ** 2
    assert total < chi2.ppf(0.999, layouts)


def test_a_few_random_layouts() -> None:
    _assert_agree(layouts=5, trials=600, seed=20)


@pytest.mark.slow
def test_many_random_layouts() -> None:
    _assert_agree(layouts=50, trials=2500, seed=4000)


@pytest.mark.slow
@pytest.mark.parametrize("path", MULTICOPY, ids=lambda path: path.stem)
def test_the_naive_simulator_agrees_with_a_third_one(path) -> None:
    expected, error = stated_probability(path)
    naive = simulate_naively(rm.load_layout(path), 4000, 11)
    sampling = math.sqrt(expected * (1.0 - expected) / naive.trials)
    assert abs(naive.probability - expected) < 4 * math.hypot(sampling, error)
