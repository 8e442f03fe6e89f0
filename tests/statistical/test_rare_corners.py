"""Corners in which the engines of rare losses could lose histories, or numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel.exact import loss_probability
from tests.scores import score

METHODS = ("conditional", "excursion")


def _copy(name: str, **keys: Any) -> dict[str, Any]:
    recovery = {"exponential": {"mean": "60 days"}}
    return {"name": name, "store": {"media": "disk"}, "recovery": recovery, **keys}


@pytest.mark.parametrize("method", METHODS)
def test_replaced_drives_fail_where_old_ones_no_longer_do(method: str) -> None:
    """The hazard of a drive of 30 years is zero in floating point; that of its replacement not."""
    dies_out = {"gompertz": {"rate": "1/year", "growth": "-2/year"}}
    theft = {"theft": {"rate": "0.2/year", "takes": "media"}}
    layout = rm.Layout.from_dict(
        {
            "horizon": "5 years",
            "media": {"disk": {"lifetime": dies_out, "age": "30 years"}},
            "sites": {"home": {"perils": theft}, "work": {"perils": theft}},
            "copies": [_copy("one", site="home"), _copy("two", site="work")],
        }
    )
    events = rm.simulate(layout, method="events", trials=60_000, seed=3)
    found = rm.simulate(layout, method=method, trials=120_000, seed=3)
    error = math.hypot(events.standard_error, found.standard_error)
    assert error < 0.05 * events.probability
    assert abs(found.probability - events.probability) < 4.0 * error


@pytest.mark.parametrize("method", METHODS)
def test_copies_that_are_back_at_once(method: str) -> None:
    """A window of no time takes no push, with more copies than are tabulated too."""
    names = [f"copy{k}" for k in range(9)]
    layout = rm.Layout.from_dict(
        {
            "horizon": "5 years",
            "media": {"disk": {"lifetime": {"exponential": {"mean": "3 years"}}}},
            "copies": [_copy(name, recovery={"fixed": "0 h"}) for name in names],
            "shocks": [{"name": "blow", "rate": "0.01/year", "hits": dict.fromkeys(names, 0.8)}],
        }
    )
    found = rm.simulate(layout, method=method, trials=60_000, seed=3)
    assert found.relative_error < 0.05
    assert abs(score(found, -math.expm1(-0.05 * 0.8**9))) < 4.0


@pytest.mark.parametrize("method", METHODS)
def test_many_weak_blows_in_one_recovery(method: str) -> None:
    """Some sixteen blows fall while a copy is lost; any one of them may take the next."""
    names = ["one", "two", "three"]
    layout = rm.Layout.from_dict(
        {
            "horizon": "5 years",
            "media": {"disk": {"lifetime": "none"}},
            "copies": [_copy(name) for name in names],
            "shocks": [{"name": "blow", "rate": "100/year", "hits": dict.fromkeys(names, 1e-4)}],
        }
    )
    found = rm.simulate(layout, method=method, trials=8_192, seed=3)
    assert found.relative_error < 0.06
    assert abs(score(found, loss_probability(layout).probability)) < 4.0
