"""The naive simulator against formulas, exact values and an independently written simulator."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import chi2

from riskmodel.layout import Layout, load_layout
from tests.conftest import LAYOUTS, stated_probability
from tests.figures import tell_scores
from tests.twins import NaiveResult, simulate_naively

MULTICOPY = sorted((LAYOUTS / "multicopy").glob("*.toml"))
EXACT = [
    path
    for path in sorted((LAYOUTS / "reference").glob("*.toml"))
    if stated_probability(path)[0] > 0.005
]


def _z(found: NaiveResult, probability: float, error: float = 0.0) -> float:
    sampling = math.sqrt(probability * (1.0 - probability) / found.trials)
    return (found.probability - probability) / math.hypot(sampling, error)


def _assert_agree(paths: list[Path], trials: int) -> None:
    scores = {
        path.stem: _z(simulate_naively(load_layout(path), trials, k), *stated_probability(path))
        for k, path in enumerate(paths)
    }
    tell_scores(scores)
    assert all(abs(score) < 4.0 for score in scores.values()), scores
    assert sum(score**2 for score in scores.values()) < chi2.ppf(0.999, len(scores)), scores


def test_multicopy_values_in_few_trials() -> None:
    assert len(MULTICOPY) == 9
    _assert_agree(MULTICOPY, 150)


@pytest.mark.parametrize(
    "trials",
    [pytest.param(1_500, marks=pytest.mark.slow), pytest.param(6_000, marks=pytest.mark.proof)],
)
def test_multicopy_values(trials: int) -> None:
    _assert_agree(MULTICOPY, trials)


@pytest.mark.parametrize(
    "trials",
    [pytest.param(1_500, marks=pytest.mark.slow), pytest.param(6_000, marks=pytest.mark.proof)],
)
def test_exact_values(trials: int) -> None:
    assert len(EXACT) > 15
    _assert_agree(EXACT, trials)


def _of_drives(horizon: str, medium: dict[str, Any], **store: Any) -> Layout:
    return Layout.from_dict(
        {
            "horizon": horizon,
            "media": {"m": medium},
            "copies": [{"name": "a", "store": {"media": "m"} | store}],
        }
    )


def test_an_aged_drive_fails_by_its_conditional_law() -> None:
    wear = {"weibull": {"shape": 3, "scale": "1000 h", "location": "100 h"}}
    layout = _of_drives("400 h", {"lifetime": wear, "age": "700 h"})
    lived = (1.0**3) - (0.6**3)
    assert abs(_z(simulate_naively(layout, 4_000, 1), -math.expm1(-lived))) < 4.0


INFANT = {"gompertz": {"rate": "1/year", "growth": "-2/year"}}


@pytest.mark.parametrize(
    ("lifetime", "horizon", "hazard"),
    [
        (INFANT, "20 years", -math.expm1(-40.0) / 2.0),
        (
            {"competing": [INFANT, {"exponential": {"mean": "4 years"}}, {"afr": 0.3}]},
            "1 year",
            -math.expm1(-2.0) / 2.0 + 1.0 / 4.0 - math.log(0.7),
        ),
    ],
)
def test_a_gompertz_can_die_out_and_hazards_add(
    lifetime: dict[str, Any], horizon: str, hazard: float
) -> None:
    layout = _of_drives(horizon, {"lifetime": lifetime})
    assert abs(_z(simulate_naively(layout, 4_000, 2), -math.expm1(-hazard))) < 4.0


@pytest.mark.parametrize("shared", [True, False])
def test_a_frailty_has_the_laplace_transform_of_a_gamma(shared: bool) -> None:
    label = {"batch": {"label": "b", "variance": 2.0}, "model": {"label": "b", "variance": 2.0}}
    label = {"batch": label["batch"]} if shared else label
    drive = {"lifetime": {"exponential": {"mean": "2 years"}}} | label
    layout = _of_drives("1 year", drive, level="raid0", drives=2)
    found = simulate_naively(layout, 8_000, 3)
    one_label = 1.0 - (1.0 + 2.0 * 1.0) ** (-1.0 / 2.0)
    if shared:
        assert abs(_z(found, one_label)) < 4.0
    else:  # a batch and a model of one name are two multipliers: more spread, fewer first failures
        assert _z(found, one_label) < -4.0


def test_stress_multiplies_the_hazard_at_unchanged_age() -> None:
    """Two drives, no rebuild: with factor c, H the hazard lived through by either."""
    wear = {"weibull": {"shape": 2, "scale": "1 year"}}
    layout = _of_drives("1 year", {"lifetime": wear}, level="raid1", drives=2, stress=[3.0])
    layout = layout.replace("copies.a.store.rebuild", "never")
    # in operational time H the pair is Markov: rate 2, then rate 3
    expected = 1.0 - (3.0 * math.exp(-2.0) - 2.0 * math.exp(-3.0))
    assert abs(_z(simulate_naively(layout, 6_000, 4), expected)) < 4.0


def test_expected_losses_of_a_drive_are_renewals() -> None:
    layout = _of_drives("3 years", {"lifetime": {"exponential": {"mean": "1 year"}}})
    found = simulate_naively(layout, 4_000, 5)
    assert abs(found.expected_losses - 3.0) < 4.0 * math.sqrt(3.0 / found.trials)
    assert found.causes == {"drive failures of a": found.losses}


def test_a_part_of_the_only_copy_is_lost_with_the_first_error() -> None:
    drive = {"lifetime": "never", "latent_errors": {"mean_time": "1 year"}}
    layout = _of_drives("1 year", drive, latent_rule="at-failure-and-rebuild")
    found = simulate_naively(layout, 4_000, 6)
    expected = -math.expm1(-1.0)
    assert found.losses == 0
    sampling = math.sqrt(expected * (1.0 - expected) / found.trials)
    assert abs(found.partial / found.trials - expected) < 4.0 * sampling
    assert found.lost_something == found.partial


def test_what_is_not_played_is_refused() -> None:
    layout = _of_drives("1 year", {"lifetime": "never"})
    layout = layout.replace("sites", {"home": {"location": (52.0, 5.0)}})
    with pytest.raises(NotImplementedError, match="location"):
        simulate_naively(layout, 1, 1)
