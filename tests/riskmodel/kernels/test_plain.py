"""The quick way through a group: the same draws, the same trials as step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._events import EventsEngine
from riskmodel._program import compile_layout
from riskmodel._run import Sums

LIVES: dict[str, dict[str, Any]] = {
    "exponential": {"exponential": {"mean": "9000 h"}},
    "weibull": {"weibull": {"shape": 1.12, "scale": "9000 h"}},
    "sum": {
        "competing": [
            {"exponential": {"mean": "20000 h"}},
            {"weibull": {"shape": 3.0, "scale": "9000 h"}},
        ]
    },
}
ERRORS = {"mean_time": "9259 h"}
AT_FAILURE: dict[str, Any] = {
    "scrub": {"weibull": {"shape": 3.0, "scale": "168 h", "location": "6 h"}},
    "latent_rule": "at-failure",
}


def _layout(
    life: str = "weibull", rebuild: Any = None, batch: bool = False, latent: str = "", **store: Any
) -> rm.Layout:
    medium: dict[str, Any] = {"lifetime": LIVES[life]}
    store = {"drives": 6, "tolerates": 2, "groups": 2} | store
    if batch:
        medium["batch"] = {"label": "b", "variance": 0.5}
    if latent:
        medium["latent_errors"] = ERRORS
        store |= AT_FAILURE | {"latent_loss": latent}
    store |= {"media": "drive", "rebuild": rebuild or {"exponential": {"mean": "300 h"}}}
    recovery = {"fixed": "500 h"}
    copies = [{"name": name, "store": store, "recovery": recovery} for name in ("one", "other")]
    return rm.Layout.from_dict(
        {"name": "plain", "horizon": "5 years", "media": {"drive": medium}, "copies": copies}
    )


def _sums(layout: rm.Layout, *, plain: bool) -> Sums:
    compiled = compile_layout(layout)
    stores = compiled.program.stores.copy()
    assert stores["plain"].all()
    stores["plain"] = plain
    compiled = type(compiled)(
        **{name: getattr(compiled, name) for name in compiled.__slots__ if name != "program"},
        program=compiled.program._replace(stores=stores),
    )
    return EventsEngine.of(compiled).run(7, 0, 3000)


@pytest.mark.parametrize(
    "options",
    [
        {"life": "exponential"},
        {"life": "exponential", "rebuild": {"fixed": "300 h"}},
        {"rebuild": {"weibull": {"shape": 2.0, "scale": "300 h", "location": "6 h"}}},
        {"life": "sum", "batch": True},
        {"latent": "whole"},
        {"latent": "whole", "tolerates": 1, "drives": 3},
        {"latent": "partial", "batch": True},
        {"tolerates": 0, "drives": 1},
    ],
    ids=str,
)
def test_a_plain_group_runs_as_it_would_step_by_step(options: dict[str, Any]) -> None:
    quick, slow = (_sums(_layout(**options), plain=plain) for plain in (True, False))
    assert quick.counts[1] > 0
    assert np.array_equal(quick.counts, slow.counts)
    assert np.array_equal(quick.weights, slow.weights)
