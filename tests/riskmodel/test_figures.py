"""Pictures of reports: what they say in words is what they show."""

from __future__ import annotations

import pytest

import riskmodel as rm
from riskmodel.reporting.figures import curve, inputs


@pytest.fixture(scope="module")
def loss() -> rm.LossEstimate:
    layout = rm.Layout.from_dict(
        {
            "horizon": "10 years",
            "media": {"m": {"afr": {"low": 0.005, "mode": 0.01, "high": 0.05}}},
            "copies": [{"name": "a", "store": {"media": "m"}}],
        }
    )
    return rm.simulate(layout)


def test_a_curve_shows_the_range_of_its_end(loss: rm.LossEstimate) -> None:
    found = curve({"mine": loss})
    assert loss.parameter_range is not None
    assert f"mine: {loss.parameter_range.in_words}" in found.caption
    plain = curve({"mine": rm.simulate(rm.example("one-external-disk"), trials=2_000)})
    assert "uncertain inputs" not in plain.caption
    assert found.svg.count("#6b6b6b") > plain.svg.count("#6b6b6b")


def test_inputs_are_bars_by_what_they_explain(loss: rm.LossEstimate) -> None:
    found = inputs(loss)
    assert found is not None
    assert "media.m.afr" in found.svg
    assert "media.m.afr" in found.caption
    assert inputs(rm.simulate(rm.example("one-external-disk"), trials=2_000)) is None
