"""The events engine against exact answers and against an independently written simulator."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy.stats import chi2

import riskmodel as rm
from tests.conftest import LAYOUTS, stated_probability
from tests.figures import tell_scores

REFERENCE = [
    path
    for path in sorted((LAYOUTS / "reference").glob("*.toml"))
    if stated_probability(path)[0] > 1e-4
]
MULTICOPY = sorted((LAYOUTS / "multicopy").glob("*.toml"))
MORE_DIGITS = [
    pytest.param(200_000, 900, marks=pytest.mark.slow),
    pytest.param(1_000_000, 1000, marks=pytest.mark.proof),
]


def _z(path: Path, trials: int, seed: int) -> float:
    expected, error = stated_probability(path)
    loss = rm.simulate(rm.load_layout(path), method="events", trials=trials, seed=seed)
    assert loss.trials == trials
    sampling = math.sqrt(expected * (1.0 - expected) / trials)
    return (loss.probability - expected) / math.hypot(sampling, error)


def _assert_agree(paths: list[Path], trials: int, seed: int) -> None:
    scores = {path.stem: _z(path, trials, seed + k) for k, path in enumerate(paths)}
    tell_scores(scores)
    far = {name: score for name, score in scores.items() if abs(score) >= 4.0}
    assert not far
    total = sum(score * score for score in scores.values())
    assert total < chi2.ppf(0.999, len(scores)), scores


def test_events_agree_with_exact_answers() -> None:
    assert len(REFERENCE) > 50
    _assert_agree(REFERENCE, trials=40_000, seed=100)


def test_events_agree_with_the_independent_simulator() -> None:
    assert len(MULTICOPY) == 9
    _assert_agree(MULTICOPY, trials=100_000, seed=300)


@pytest.mark.parametrize(("trials", "seed"), MORE_DIGITS)
def test_events_agree_with_exact_answers_to_more_digits(trials: int, seed: int) -> None:
    _assert_agree(REFERENCE, trials=trials, seed=seed)


@pytest.mark.proof
def test_events_agree_with_the_independent_simulator_to_its_last_digit() -> None:
    _assert_agree(MULTICOPY, trials=1_000_000, seed=3000)


ELERATH_PECHT = {
    "name": "Elerath and Pecht 2009, base case, literal rule",
    "horizon": "87600 h",
    "media": {
        "drive": {
            "lifetime": {"weibull": {"shape": 1.12, "scale": "461386 h"}},
            "latent_errors": {"mean_time": "9259 h"},
        }
    },
    "copies": [
        {
            "name": "group",
            "store": {
                "level": "raid5",
                "drives": 8,
                "media": "drive",
                "rebuild": {"weibull": {"shape": 2, "scale": "12 h", "location": "6 h"}},
                "scrub": {"weibull": {"shape": 3, "scale": "168 h", "location": "6 h"}},
                "latent_rule": "at-failure",
                "latent_loss": "whole",
            },
        }
    ],
}


def test_elerath_and_pecht_count_136_double_failures() -> None:
    """TC 58(3), 2009: 136.3 (se 0.3) per 1,000 groups and 10 years by an independent program."""
    layout = rm.Layout.from_dict(ELERATH_PECHT)
    loss = rm.simulate(layout, method="events", trials=400_000, seed=7)
    assert loss.expected_losses_standard_error < 0.0015
    assert loss.expected_losses == pytest.approx(0.1363, rel=0.02)
    # P(first within 10 years) of the same independent program: 0.1274(2)
    assert abs(loss.probability - 0.1274) < 4 * math.hypot(loss.standard_error, 0.0002)


def test_scores_and_intervals_are_honest_over_many_seeds() -> None:
    path = LAYOUTS / "reference" / "mirror2_exp_d-1y.toml"
    expected, _ = stated_probability(path)
    layout = rm.load_layout(path)
    scores, covered = [], 0
    for seed in range(300):
        loss = rm.simulate(layout, method="events", trials=2_000, seed=seed)
        error = math.sqrt(expected * (1 - expected) / loss.trials)
        scores.append((loss.probability - expected) / error)
        low, high = loss.interval(0.95)
        covered += low <= expected <= high
    mean = sum(scores) / len(scores)
    variance = sum((score - mean) ** 2 for score in scores) / (len(scores) - 1)
    assert abs(mean) < 4 / math.sqrt(len(scores))
    assert abs(variance - 1) < 4 * math.sqrt(2 / len(scores))
    assert covered >= 0.95 * 300 - 4 * math.sqrt(300 * 0.95 * 0.05)
