"""What a report says of losing a part, beside what it says of losing everything."""

from __future__ import annotations

from pathlib import Path

import pytest

import riskmodel as rm
from riskmodel.reporting.assessing import Reported

SHIPPED = Path(__file__).parents[3] / "data" / "layouts"


@pytest.mark.parametrize("seed", range(12))
def test_to_lose_something_is_as_likely_as_to_lose_everything_or_likelier(seed: int) -> None:
    layout = rm.load_layout(SHIPPED / "one-external-disk.toml")
    loss = rm.simulate(layout, seed=1)
    history = rm.simulate(layout, method="events", trials=300, seed=seed)
    low, high, mean = Reported(layout, loss, history).something
    assert mean is not None
    assert low <= mean <= high
    assert mean >= loss.probability
    assert low >= loss.interval()[0]


def test_what_loses_a_part_only_comes_on_top() -> None:
    layout = rm.load_layout(SHIPPED / "nas-and-usb-disk.toml")
    loss = rm.simulate(layout, seed=1)
    history = rm.simulate(layout, method="events", trials=20_000, seed=2)
    partly = history.lost_something - history.losses
    assert partly > 0
    mean = Reported(layout, loss, history).something[2]
    assert mean == pytest.approx(loss.probability + partly / 20_000)
