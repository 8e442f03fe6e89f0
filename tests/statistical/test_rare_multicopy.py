"""The engines of rare losses against an independently written simulator of several copies."""

from __future__ import annotations

import pytest

import riskmodel as rm
from tests.conftest import LAYOUTS, stated_probability
from tests.scores import assert_like_normal, score

MULTICOPY = sorted((LAYOUTS / "multicopy").glob("*.toml"))
METHODS = ("conditional", "excursion")


def _assert_agree(method: str, target: float, seed: int) -> None:
    assert len(MULTICOPY) == 9
    scores = {}
    for k, path in enumerate(MULTICOPY):
        found = rm.simulate(
            rm.load_layout(path), method=method, target_relative_error=target, seed=seed + k
        )
        assert found.relative_error <= target
        scores[path.stem] = score(found, *stated_probability(path))
    assert_like_normal(scores)


@pytest.mark.parametrize("method", METHODS)
def test_multicopy_values(method: str) -> None:
    _assert_agree(method, 0.03, 21)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("target", "seed"),
    [
        pytest.param(0.01, 61, marks=pytest.mark.slow),
        pytest.param(0.004, 41, marks=pytest.mark.proof),
    ],
)
def test_multicopy_values_to_more_digits(method: str, target: float, seed: int) -> None:
    """The stated errors are 0.4 to 0.7 percent."""
    _assert_agree(method, target, seed)
