"""Names are what somebody chose: figures show them as they are, formulas or not."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import riskmodel as rm
from riskmodel.plot._canvas import FORMATS, saved
from tests.riskmodel.fitting.drives import weibull_drives

ODD = "$x^2$"  # matplotlib would set it as a formula


@cache
def _layout() -> rm.Layout:
    media = {"m": {"afr": {"low": 0.05, "mode": 0.1, "high": 0.4}}}
    copy: dict[str, Any] = {"store": {"media": "m"}, "recovery": {"fixed": "9 days"}}
    return rm.Layout.from_dict(
        {
            "name": f"layout {ODD}",
            "horizon": "10 years",
            "media": media,
            "sites": {f"near {ODD}": {"location": [52.0, 5.0], "kind": "home"},
                      f"far {ODD}": {"location": [50.0, 8.0], "kind": "home"}},
            "copies": [{"name": f"a {ODD}", "site": f"near {ODD}", **copy},
                       {"name": f"b {ODD}", "site": f"far {ODD}", **copy}],
        }
    )  # fmt: skip


@cache
def _loss() -> rm.LossEstimate:
    return rm.simulate(_layout(), method="events", trials=4_000, ranges=False)


@cache
def _bare() -> rm.Layout:
    return rm.Layout.from_dict(
        {
            "horizon": "10 years",
            "media": {ODD: {"afr": {"low": 0.05, "mode": 0.1, "high": 0.4}}},
            "copies": [{"name": "a", "store": {"media": ODD}}],
        }
    )


def _front() -> rm.Frontier:
    one = rm.Candidate(f"one {ODD}", _bare(), 10.0, _loss())
    return rm.Frontier((one,), (), 1, 0, (), ODD)


def _lifetimes() -> Any:
    fit = rm.fit_lifetimes(weibull_drives(1, 1.5, [8.0, 20.0], 400))
    old = fit.models[-1].model
    models = tuple(ODD if model == old else model for model in fit.lifetimes.models)
    seen = replace(fit.lifetimes, models=models)
    rows = (replace(fit.models[-1], model=ODD),)
    return rm.plot.lifetimes(replace(fit, models=rows, lifetimes=seen), ODD)


# each figure, and how often the odd name stands in it
DRAWN: dict[str, tuple[Callable[[], Any], int]] = {
    "curve": (lambda: rm.plot.curve({f"one {ODD}": _loss(), "two": _loss()}), 1),
    "compare": (lambda: rm.plot.compare(_loss()), 1),
    "causes": (lambda: rm.plot.causes(_loss()), 2),
    "inputs": (lambda: rm.plot.inputs(rm.simulate(_bare())), 1),
    "tornado": (lambda: rm.plot.tornado(rm.sensitivity(_bare(), points=0)), 1),
    "sensitivity_map": (
        lambda: rm.plot.sensitivity_map(
            rm.SensitivityMap("l", ODD, ODD, (ODD,), (ODD,), ((0.1,),), ((0.1,),))
        ),
        4,
    ),
    "loss_by_distance": (
        lambda: rm.plot.loss_by_distance(
            rm.DistanceLoss("l", ODD, ODD, 30.0, (10.0, 100.0), (_loss(), _loss()))
        ),
        3,
    ),
    "pareto": (lambda: rm.plot.pareto(_front()), 3),
    "timeline": (lambda: rm.plot.timeline(rm.history(_layout())), 6),
    "lifetimes": (_lifetimes, 1),
}


def test_every_figure_is_asked() -> None:
    assert set(rm.plot.__all__) - set(DRAWN) == {"distance"}  # whose names are those of perils


@pytest.mark.parametrize("name", DRAWN)
def test_a_dollar_sign_begins_no_formula(name: str) -> None:
    draw, times = DRAWN[name]
    with mpl.rc_context({"svg.fonttype": "none"}):
        target = io.StringIO()
        draw().get_figure(root=True).savefig(target, format="svg")
    assert target.getvalue().count(ODD) >= times
    assert rf"\{ODD[0]}" not in target.getvalue()


@pytest.mark.parametrize("ending", FORMATS)
def test_a_saved_figure_is_the_same_bytes_and_says_not_when(tmp_path: Path, ending: str) -> None:
    files = [tmp_path / f"{number}.{ending}" for number in range(2)]
    for file in files:
        saved(rm.plot.curve(_loss()), file, "--plot")
    one, other = (file.read_bytes() for file in files)
    assert one == other
    assert b"Matplotlib" not in one
    assert b"Date" not in one
