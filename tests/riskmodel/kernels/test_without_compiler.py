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


@pytest.mark.slow
def test_compiled_and_plain_kernels_agree_to_the_bit() -> None:
    paths = [*(LAYOUTS / "multicopy").glob("*.toml"), *(data_folder() / "layouts").glob("*.toml")]
    names = [str(path) for path in sorted(paths)]
    assert _run(names, jit=True) == _run(names, jit=False)
