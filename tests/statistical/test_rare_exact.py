"""The engines of rare losses against exact answers, from one in ten to one in 1e14."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import riskmodel as rm
from riskmodel.exact import loss_probability
from tests.conftest import LAYOUTS, stated_probability
from tests.scores import assert_like_normal, score

REFERENCE = sorted((LAYOUTS / "reference").glob("*.toml"))
METHODS = ("conditional", "excursion")
TARGET = 0.05


@cache
def _exact(path: Path) -> float:
    try:
        return loss_probability(rm.load_layout(path)).probability
    except rm.StateSpaceTooLarge:
        return stated_probability(path)[0]


def _score(path: Path, method: str, seed: int) -> float:
    found = rm.simulate(
        rm.load_layout(path), method=method, target_relative_error=TARGET, seed=seed
    )
    assert found.relative_error <= TARGET, path
    return score(found, _exact(path))


def test_the_reference_set_is_whole() -> None:
    assert len(REFERENCE) == 88
    values = [_exact(path) for path in REFERENCE]
    assert min(values) < 2e-14
    assert max(values) > 0.1


@pytest.mark.parametrize("method", METHODS)
def test_reference_layouts(method: str) -> None:
    assert_like_normal({p.stem: _score(p, method, 11 + k) for k, p in enumerate(REFERENCE)})


@pytest.mark.proof
@pytest.mark.parametrize("method", METHODS)
def test_reference_layouts_with_many_seeds(method: str) -> None:
    """The mean of a layout's scores tells a bias of a fraction of a standard error."""
    seeds = 8
    means = {}
    for k, path in enumerate(REFERENCE):
        scores = [_score(path, method, 1000 * (k + 1) + s) for s in range(seeds)]
        means[path.stem] = float(np.mean(scores)) * seeds**0.5
    assert_like_normal(means)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("target", "seed"),
    [
        pytest.param(0.015, 200, marks=pytest.mark.slow),
        pytest.param(0.01, 300, marks=pytest.mark.proof),
    ],
)
def test_reference_layouts_to_one_percent(method: str, target: float, seed: int) -> None:
    """A bias that five percent of noise would hide: six percent of it are four errors of 1.5."""
    scores = {}
    for k, path in enumerate(REFERENCE):
        found = rm.simulate(
            rm.load_layout(path),
            method=method,
            target_relative_error=target,
            trials=300_000,
            seed=seed + k,
        )
        # stated values have six digits, of which quadrature may have spoilt the last
        scores[path.stem] = score(found, _exact(path), 1e-5 * _exact(path))
    assert_like_normal(scores)


def test_a_long_horizon() -> None:
    """Failure biasing over the whole mission reads 0.12 of this."""
    layout = rm.Layout.from_dict(
        {
            "horizon": "438300 h",
            "media": {"d": {"lifetime": {"exponential": {"mean": "20000 h"}}}},
            "copies": [
                {
                    "name": "array",
                    "store": {
                        "media": "d",
                        "drives": 8,
                        "tolerates": 2,
                        "rebuild": {"exponential": {"mean": "12 h"}},
                        "repairs": "parallel",
                    },
                }
            ],
        }
    )
    expected = loss_probability(layout).probability
    assert expected == pytest.approx(1.3158e-3, rel=5e-5)
    for method in METHODS:
        found = rm.simulate(layout, method=method, target_relative_error=0.01, seed=5)
        assert found.relative_error <= 0.01
        assert abs(score(found, expected)) < 4.0, method


LIFETIMES_FAR_AWAY = {
    "lognormal": ({"lognormal": {"median": "300 years", "sigma": 0.5}}, "0 h"),
    "wearing out": ({"weibull": {"shape": 8, "scale": "1000 years"}}, "0 h"),
    "dying out": ({"gompertz": {"rate": "0.01/year", "growth": "-8/year"}}, "7 years"),
    "competing": (
        {
            "competing": [
                {"gompertz": {"rate": "0.01/year", "growth": "-8/year"}},
                {"lognormal": {"median": "300 years", "sigma": 0.5}},
            ]
        },
        "7 years",
    ),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", LIFETIMES_FAR_AWAY)
def test_a_hazard_too_small_to_invert_spoils_nothing(name: str, method: str) -> None:
    """Only the shock loses the copy; the drive's hazard over the year is 1e-20 or less."""
    lifetime, age = LIFETIMES_FAR_AWAY[name]
    layout = rm.Layout.from_dict(
        {
            "horizon": "1 year",
            "media": {"d": {"lifetime": lifetime, "age": age}},
            "copies": [{"name": "a", "store": {"media": "d"}}],
            "shocks": [{"name": "s", "rate": "0.001/year", "hits": ["a"]}],
        }
    )
    found = rm.simulate(layout, method=method, trials=2**16, seed=3)
    assert found.relative_error < 2e-3
    assert abs(score(found, -math.expm1(-1e-3))) < 4.0
