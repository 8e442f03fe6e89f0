"""The kernels as plain Python: the same bits as compiled."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from riskmodel._data import data_folder
from tests.conftest import LAYOUTS

CODE = """
import sys, warnings
import numpy as np
np.seterr(over="ignore")
import riskmodel as rm
for name in sys.argv[1:]:
    loss = rm.simulate(rm.load_layout(name), method="events", trials=60, seed=3, threads=1)
    print(loss.losses, loss.losses_in_all, loss.bins, loss.cause_counts, loss.rolled_back)
"""


def _run(names: list[str], *, jit: bool) -> str:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0" if jit else "1"}
    return subprocess.run(
        [sys.executable, "-c", CODE, *names], capture_output=True, text=True, check=True,
        env=environment,
    ).stdout  # fmt: skip


BEYOND = """
import numpy as np
np.seterr(over="ignore", under="ignore", divide="ignore", invalid="ignore")
import riskmodel as rm
layout = rm.Layout.from_dict({"horizon": "1 year", "media": {"d": {"afr": 0.5}}, "copies": [
    {"name": "pieces", "store": {"media": "d", "tolerates": 1, "drives": 3, "pieces": 2,
        "rebuild": {"fixed": "20 days"}}, "recovery": {"fixed": "60 days"}},
    {"name": "disk", "store": {"media": "d"}, "recovery": {"fixed": "60 days"}}]})
for method in ("events", "conditional", "excursion"):
    rm.simulate(layout, method=method, trials=100, seed=3, threads=1)
"""


@pytest.mark.slow
def test_nothing_is_read_beyond_a_table() -> None:
    """A copy that is whole but for a piece has more drives down than a group of it tolerates.

    Compiled kernels do not look where they read; Python does.
    """
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "ignore", "-c", BEYOND]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_compiled_and_plain_kernels_agree_to_the_bit() -> None:
    paths = [*(LAYOUTS / "multicopy").glob("*.toml"), *(data_folder() / "layouts").glob("*.toml")]
    paths += (LAYOUTS / "reference").glob("raid*-10y.toml")  # the quick way through a group
    names = [str(path) for path in sorted(paths)]
    assert _run(names, jit=True) == _run(names, jit=False)
