"""Pictures of reports: what they say in words is what they show."""

from __future__ import annotations

import pytest

import riskmodel as rm
from riskmodel.reporting.figures import curve, inputs, timeline
from riskmodel.reporting.words import error_in_words


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


def test_a_history_is_told_below_its_picture_and_not_twice() -> None:
    told = rm.history(rm.example("one-external-disk"))
    found = timeline(told)
    assert told.in_words in found.caption
    assert told.how_found in found.caption
    assert told.in_words not in found.svg
    assert "everything is lost" in found.svg
    assert len(found.svg) < 140_000  # seven of them are under 1 MB


def test_an_error_that_one_word_would_hide_is_told_in_numbers() -> None:
    assert error_in_words(0.0977, 0.101) == "sampling error alone: 0.0977 to 0.101 (95 %)"
    assert error_in_words(0.25, 0.43) == "sampling error alone: 25 % to 43 % (95 %)"
    assert "less than" in error_in_words(0.0, 1e-4)
