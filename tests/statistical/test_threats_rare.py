"""People and malware in the engines of rare losses: against formulas and the events engine."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

import riskmodel as rm
from riskmodel._program import compile_layout
from riskmodel.preset_catalogue import presets
from tests.random_layouts import random_layout

METHODS = ["conditional", "excursion"]


def _layout(threats: dict[str, Any], usb: dict[str, Any], **tables: Any) -> rm.Layout:
    return rm.Layout.from_dict(
        {
            "horizon": "10 years",
            "media": {"m": {"lifetime": "none"}, "d": {"afr": 0.01}},
            "copies": [
                {
                    "name": "nas",
                    "role": "primary",
                    "store": {"media": tables.pop("nas", "m")},
                    "recovery": {"fixed": "1 day"},
                },
                {
                    "name": "usb",
                    "store": {"media": "m"},
                    "recovery": {"fixed": "1 day"},
                    "offline": True,
                }
                | usb,
            ],
            "threats": threats,
            **tables,
        }
    )


def _assert_is(layout: rm.Layout, method: str, expected: float) -> None:
    found = rm.simulate(layout, method=method, trials=100_000, seed=3)
    assert found.standard_error < 0.05 * expected
    assert abs(found.probability - expected) < 4 * found.standard_error


@pytest.mark.parametrize("method", METHODS)
def test_a_rare_mistake_that_is_seen_too_late(method: str) -> None:
    """Two copies of one login, the law of the notice against a retention of 30 days."""
    layout = _layout(
        {"mistake": {"rate": "1e-8/year", "noticed": {"exponential": {"mean": "10 days"}}}},
        {"online": True, "immutable": "30 days"},
    )
    _assert_is(layout, method, 1e-7 * math.exp(-3))


@pytest.mark.parametrize("method", METHODS)
def test_a_rare_takeover_that_outstays_the_lock(method: str) -> None:
    """A lock of 30 days under a retention of a year: the last run was up to a day before."""
    noticed = {"exponential": {"mean": "10 days"}}
    layout = _layout(
        {"ransomware": {"rate": "1e-8/year", "noticed": noticed, "takes_over": True}},
        {
            "online": True,
            "credentials": "other",
            "fed": {"from": "nas", "how": "backup", "every": "1 day"},
            "retention": {"within": "1 year"},
            "immutable": "30 days",
        },
    )
    _assert_is(layout, method, 1e-7 * math.exp(-3) * 10 * math.expm1(0.1))


@pytest.mark.parametrize("method", METHODS)
def test_a_rare_loss_beside_a_backup_that_never_worked(method: str) -> None:
    """Within the year before the first drill, the loss of the source finds nothing behind it."""
    strikes_not = {name: {"rate": "0/year"} for name in ("mistake", "ransomware")}
    layout = _layout(
        {"defaults": True} | strikes_not,
        {
            "fed": {"from": "nas", "how": "backup", "every": "1 day", "missed": 0},
            "check": {"every": "1 year", "depth": "restore"},
        },
        shocks=[{"name": "surge", "rate": "1e-6/year", "hits": ["nas"]}],
    )
    # a day more for the recovery
    _assert_is(layout, method, presets().defaults.unrestorable * 1e-6 * (1 + 1 / 365.25))


@pytest.mark.parametrize("method", METHODS)
def test_a_key_that_is_forgotten_while_the_source_is_down(method: str) -> None:
    """The source fails once in a hundred years and is back in a day; the key is one person's."""
    layout = _layout(
        {"key-loss": {"rate": "1e-3/year"}},
        {"key": "k", "check": {"every": "1 day"}},
        keys={"k": {"kept": ["ada"]}},
        nas="d",
    )
    # either is down when the other goes: the copy for half a day unseen and a day, the source a day
    rate = -math.log1p(-0.01)
    expected = 10 * rate * 1e-3 * (1.5 + 1.0) / 365.25
    _assert_is(layout, method, expected)


@cache
def _with_people() -> dict[int, tuple[rm.Layout, rm.LossEstimate]]:
    """Draw layouts in which people act, and let plain trials say what is lost."""
    drawn: dict[int, tuple[rm.Layout, rm.LossEstimate]] = {}
    seed = 500
    while len(drawn) < 15:
        seed += 1
        layout = random_layout(np.random.default_rng(seed), pilot_trials=40)
        if layout.threats is None and not layout.keys_:
            continue
        if compile_layout(layout).program.formats:  # their end is for method events only
            continue
        assert layout.horizon is not None
        layout = layout.replace("horizon", 0.3 * layout.horizon)
        drawn[seed] = layout, rm.simulate(layout, method="events", trials=30_000, seed=seed)
    return drawn


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_random_layouts_with_people_agree_with_events(method: str) -> None:
    scores = []
    for seed, (layout, plain) in _with_people().items():
        found = rm.simulate(layout, method=method, trials=15_000, seed=seed)
        apart = math.hypot(plain.standard_error, found.standard_error)
        scores.append((plain.probability - found.probability) / apart)
        assert abs(scores[-1]) < 4.5, (seed, scores[-1], repr(layout))
    assert sum(score**2 for score in scores) < chi2.ppf(0.999, len(scores))
