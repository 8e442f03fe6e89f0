"""How long an error has been there, drawn when a drive is found defective."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

CODE = """
import numpy as np
np.seterr(over="ignore")
import riskmodel as rm
from riskmodel._kernels.state import make_state
from riskmodel._kernels.rng import start_stream
from riskmodel._kernels.weights import _draw_error_age
from riskmodel._program import compile_layout
from riskmodel._steering import steered
layout = rm.Layout.from_dict({
    "horizon": "1 year",
    "media": {"disk": {"afr": 0.01, "latent_errors": {"mean_time": "200 h"}}},
    "copies": [{"name": "a", "store": {"media": "disk", "level": "raid1", "drives": 2,
        "rebuild": {"fixed": "9 h"}, "scrub": {"exponential": {"mean": "100 h"}},
        "latent_loss": "whole"}}],
})
program = steered(compile_layout(layout).program)
state = make_state(program)
start_stream(state.rng, 1, 2)
store = program.stores[0]
print(_draw_error_age(program, state, store, 1e-9))
print(*[_draw_error_age(program, state, store, 150.0) for _ in range(4000)])
"""


def test_error_ages_follow_their_law() -> None:
    """An error on a drive that was clean a moment ago is no older; rejection would never end."""
    run = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    ).stdout.splitlines()  # fmt: skip
    assert 0.0 <= float(run[0]) <= 1e-9
    ages = np.array(run[1].split(), float)
    arise, clear, since = 1 / 200, 1 / 100, 150.0
    x = np.linspace(0.0, since, 20_001)
    total = arise + clear
    clean = (clear + arise * np.exp(-total * (since - x))) / total
    density = clean * np.exp(-clear * x)
    mean = float((x * density).sum() / density.sum())
    assert ages.max() <= since
    assert abs(ages.mean() - mean) < 4.0 * ages.std() / len(ages) ** 0.5
