"""Chances thrown with a bias: likelihood ratios average to one, and what they weigh is the law."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numba
import numpy as np
import pytest

import riskmodel as rm
from riskmodel._kernels import weights as kernels
from riskmodel._kernels.records import LAW_PLAYED, LOG_WEIGHT, TILTED_LAW, TRUE_LAW
from riskmodel._kernels.state import make_state
from riskmodel._program import compile_layout
from riskmodel._steering import steered
from riskmodel.lifetimes import Law
from tests.riskmodel.kernels.opened import start_stream

TRIALS = 200_000


@numba.njit
def _throw(P: Any, S: Any, kind: int, chance: float, floor: float, out: Any) -> None:
    """Fill rows with a drawn value and its likelihood ratio; only kernels may call kernels."""
    for k in range(len(out)):
        S.weight[LOG_WEIGHT] = 0.0
        value = 0.0
        if kind == 0:
            value = 1.0 if kernels.coin(S, chance, floor) else 0.0
        else:
            value = kernels.draw_long(P, S, P.copies[int(chance)].recovery)
        out[k, 0] = value
        out[k, 1] = math.exp(S.weight[LOG_WEIGHT])


RECOVERIES = {
    "exponential": {"exponential": {"mean": "100 h"}},
    "weibull": {"weibull": {"shape": 2, "scale": "100 h", "location": "20 h"}},
    "lognormal": {"lognormal": {"median": "100 h", "sigma": 0.8}},
    "fixed": {"fixed": "100 h"},
}


@cache
def _arrays() -> tuple[Any, Any]:
    layout = rm.Layout.from_dict(
        {
            "horizon": "5 years",
            "media": {"d": {"afr": 0.1}},
            "copies": [
                {"name": name, "store": {"media": "d"}, "recovery": law}
                for name, law in RECOVERIES.items()
            ],
        }
    )
    program = steered(compile_layout(layout).program)
    return program, make_state(program)


def _drawn(
    kind: int, chance: float, floor: float = 0.0, *, played: int = TILTED_LAW, key: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return drawn values and their likelihood ratios."""
    program, state = _arrays()
    with np.errstate(over="ignore"):
        start_stream(state.rng, 12, key)
    state.weight[LAW_PLAYED] = played
    out = np.zeros((TRIALS, 2))
    _throw(program, state, kind, float(chance), float(floor), out)
    return out[:, 0], out[:, 1]


def _is_mean(sample: np.ndarray, expected: float) -> bool:
    error = sample.std() / math.sqrt(len(sample))
    return bool(abs(sample.mean() - expected) <= 4.0 * error + 1e-12)


@pytest.mark.parametrize("chance", [0.0, 1e-6, 0.03, 0.4, 1.0])
@pytest.mark.parametrize("floor", [0.0, 0.2, 0.5, 0.9])
def test_a_biased_coin_is_weighed_right(chance: float, floor: float) -> None:
    hit, ratio = _drawn(0, chance, floor)
    assert _is_mean(ratio, 1.0)
    assert _is_mean(hit * ratio, chance)
    assert _is_mean(hit, max(chance, floor) if chance > 0.0 else 0.0)


@pytest.mark.parametrize("name", RECOVERIES)
def test_a_long_gap_is_weighed_right(name: str) -> None:
    copy = list(RECOVERIES).index(name)
    gap, ratio = _drawn(2, copy)
    law = Law.model_validate(RECOVERIES[name])
    assert _is_mean(ratio, 1.0)
    for time in (30.0, 99.0, 101.0, 300.0):
        assert _is_mean((gap > time) * ratio, float(law.survival(time))), time
    plain, ones = _drawn(2, copy, played=TRUE_LAW, key=2)
    assert (ones == 1.0).all()
    if name != "fixed":
        assert gap.mean() > 1.1 * plain.mean()
