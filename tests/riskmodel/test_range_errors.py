"""The ends of a range of answers scatter from seed to seed as their errors say."""

from __future__ import annotations

import numpy as np
import pytest

import riskmodel as rm


@pytest.mark.slow
def test_ends_scatter_by_the_errors_that_are_told() -> None:
    """One yearly failure rate as a range: over a year the answer's ends are those of the input."""
    raw = {
        "horizon": "1 year",
        "media": {"m": {"afr": {"low": 0.01, "mode": 0.0225, "high": 0.05}}},
        "copies": [{"name": "d", "store": {"media": "m"}}],
    }
    layout = rm.Layout.from_dict(raw)
    found = [rm.parameter_range(layout, seed=seed, points=128) for seed in range(60)]
    for name, true in (("low", 0.01), ("high", 0.05)):
        ends = np.log([getattr(one, name) for one in found])
        told = np.sqrt(np.mean([getattr(one, f"{name}_error") ** 2 for one in found]))
        scatter = ends.std(ddof=1)
        assert 0.7 < scatter / told < 1.3  # of 60 seeds, each with an error from four nets
        assert abs(ends.mean() - np.log(true)) < 4.0 * scatter / np.sqrt(len(found))
