"""The hazard of drives over age with frailties averaged out: by formula, quadrature and trials."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import riskmodel as rm
from riskmodel.bathtub import (
    ANCHORS,
    Anchors,
    bathtub,
    calibrated,
    marginal_hazard,
    marginal_survival,
)
from riskmodel.lifetimes import Law
from riskmodel.preset_catalogue import presets

YEAR = 8766.0
VARIANCES = (0.69, 0.30)


def _hdd() -> Law:
    law = presets().media["hdd"].medium.lifetime
    assert law is not None
    return law


def _survival_by_integration(years: float) -> float:
    """E[exp(-Z1 Z2 H)], H written out a second time, both gammas on a grid of log Z."""
    hazard = 0.00943960003 * 0.15 * (1.0 - math.exp(-years / 0.15))
    hazard += years / 85.6309385 + (years / 18.16697467) ** 4
    z = np.exp(np.arange(-40.0, 4.0, 0.02))
    model, lot = (stats.gamma(1.0 / v, scale=v).pdf(z) * z * 0.02 for v in VARIANCES)
    assert [model.sum(), lot.sum()] == pytest.approx([1.0, 1.0], rel=1e-9)
    return float(model @ np.exp(-hazard * np.outer(z, z)) @ lot)


def test_the_hdd_default_meets_its_anchors_over_the_default_frailties() -> None:
    assert (presets().frailties["model"].variance, presets().defaults.model_variance) == (0.69,) * 2
    assert (presets().frailties["bought-together"].variance, presets().defaults.batch_variance) == (
        0.30,
    ) * 2
    assert -math.log(_survival_by_integration(1.0)) == pytest.approx(0.0130, rel=0.003)
    for age, wanted in ((3.9, 0.0131), (10.25, 0.041)):
        step = 0.05
        fall = _survival_by_integration(age - step) / _survival_by_integration(age + step)
        assert math.log(fall) / (2 * step) == pytest.approx(wanted, rel=0.003)


def test_the_preset_is_the_calibrated_law() -> None:
    ages = np.array([0.01, 0.3, 1.0, 4.0, 10.0, 15.0]) * YEAR
    expected = bathtub(*calibrated(VARIANCES)).cumulative_hazard(ages)
    assert _hdd().cumulative_hazard(ages) == pytest.approx(expected, rel=1e-7)


def test_without_labels_the_law_meets_the_same_anchors() -> None:
    law = rm.Layout.from_dict({"copies": [{"name": "a", "store": {"media": "hdd"}}]}).medium("hdd")
    assert law.lifetime is not None
    assert float(law.lifetime.cumulative_hazard(YEAR)) == pytest.approx(0.0130, rel=0.03)
    ages = np.array([3.9, 10.25]) * YEAR
    hazard = marginal_hazard(law.lifetime, ages, ()) * YEAR
    assert hazard == pytest.approx([0.0131, 0.041], rel=0.03)


@pytest.mark.parametrize("label", ["batch", "model"])
def test_a_label_brings_the_law_at_frailty_one(label: str) -> None:
    media = {
        "named": {"preset": "hdd", label: {"label": "x", "variance": 0.3}},
        "same": {"preset": "hdd", label: {"label": "x2", "variance": 0.0}},
        "own": {"afr": 0.02, label: {"label": "x", "variance": 0.3}},
    }
    layout = rm.Layout.from_dict(
        {"media": media, "copies": [{"name": "a", "store": {"media": "own"}}]}
    )
    assert layout.medium("named").lifetime == _hdd()
    assert layout.medium("same").lifetime == presets().media["hdd"].unlabelled
    assert layout.medium("own").afr == 0.02


def test_marginal_survival_is_the_integral() -> None:
    for years in (0.5, 4.0, 12.0):
        expected = _survival_by_integration(years)
        assert float(marginal_survival(_hdd(), years * YEAR, VARIANCES)) == pytest.approx(
            expected, rel=1e-6
        )
    one = marginal_survival(Law(afr=0.5), [YEAR], (1.0,))
    assert one == pytest.approx([1.0 / (1.0 + math.log(2.0))], rel=1e-12)
    assert marginal_hazard(Law(afr=0.5), [YEAR], (1.0,)) * YEAR == pytest.approx(
        [math.log(2.0) / (1.0 + math.log(2.0))], rel=1e-6
    )


def test_other_anchors_give_other_laws() -> None:
    anchors = Anchors(first_year=0.02, middle=0.015, late=0.06)
    law = bathtub(*calibrated((1.54,), anchors))
    assert -math.log(float(marginal_survival(law, YEAR, (1.54,)))) == pytest.approx(0.02, rel=1e-6)
    late = marginal_hazard(law, [ANCHORS.late_age_years * YEAR], (1.54,)) * YEAR
    assert late == pytest.approx([0.06], rel=1e-6)
    with pytest.raises(ValueError, match="no bathtub meets"):
        calibrated((), Anchors(first_year=0.001))
    with pytest.raises(ValueError, match="at most two"):
        marginal_survival(law, [1.0], (1.0, 1.0, 1.0))


@pytest.mark.parametrize("years", [1.0, 10.25])
def test_events_lose_drives_as_often_as_the_anchors_say(years: float) -> None:
    """One labelled drive of the default frailties, simulated: P(lost) = 1 - S, computed apart."""
    layout = rm.Layout.from_dict(
        {
            "media": {
                "disk": {
                    "preset": "hdd",
                    "model": {"label": "m", "preset": "model"},
                    "batch": {"label": "b", "preset": "bought-together"},
                }
            },
            "copies": [{"name": "a", "store": {"media": "disk"}}],
        }
    )
    trials = 200_000
    loss = rm.simulate(layout, horizon=f"{years} years", method="events", trials=trials, seed=5)
    expected = 1.0 - _survival_by_integration(years)
    error = math.sqrt(expected * (1.0 - expected) / trials)
    assert abs(loss.probability - expected) < 4.0 * error
