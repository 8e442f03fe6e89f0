"""Scrambled Sobol nets: the bits that SciPy makes, by our own short way and by its own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import qmc

from riskmodel import _nets

CASES = [(1, 2), (1, 256), (3, 64), (5, 1), (7, 1024), (23, 32), (200, 16)]


def _scipys(dimensions: int, points: int, key: list[int]) -> np.ndarray:
    rng = np.random.default_rng(np.random.SeedSequence(key))
    return qmc.Sobol(dimensions, scramble=True, rng=rng).random(points)


@pytest.mark.parametrize(("dimensions", "points"), CASES)
def test_bits_are_those_of_scipy(dimensions: int, points: int) -> None:
    for seed in range(5):
        key = [seed, points]
        net = _nets.sobol_net(dimensions, points, np.random.SeedSequence(key))
        assert net.dtype == np.float64
        assert np.array_equal(net, _scipys(dimensions, points, key))


def test_without_the_table_scipy_makes_the_net(monkeypatch: pytest.MonkeyPatch) -> None:
    own = _nets.sobol_net(4, 128, np.random.SeedSequence(1))
    monkeypatch.setattr(_nets, "_direction_numbers", lambda: None)
    assert np.array_equal(_nets.sobol_net(4, 128, np.random.SeedSequence(1)), own)


def test_the_table_is_where_it_is_looked_for_and_scipy_stats_is_not_imported() -> None:
    code = """
import sys
import numpy as np
from riskmodel._nets import sobol_net
sobol_net(3, 64, np.random.SeedSequence(1))
assert "scipy.stats" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
