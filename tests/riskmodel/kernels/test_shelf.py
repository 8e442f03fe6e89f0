"""Drafts that one process made and another one takes; a shelf that is damaged costs time only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
# other types first: numba numbers records as they come, and names of code must not depend on it
CODE = """
import sys
import numpy as np
from numba import typeof
from riskmodel._kernels import _drafts, _shelf, records
for record in (records.REST, records.POINT)[: int(sys.argv[1])]:
    typeof(np.zeros(1, record))
made = []
make = _drafts._made
_drafts._made = lambda kernel, *rest: made.append(kernel) or make(kernel, *rest)
from tests.riskmodel.kernels import opened
terms = np.array([(records.WEIBULL, 10.0, 1.3, 0.5)], records.TERM)
row = np.array([(0, 1)], records.LAW)[0]
stream = np.zeros(4, np.uint64)
opened.start_stream(stream, 1, 2)
print(opened.draw(terms, row, stream).hex(), sum(_shelf.is_kernel(one.py_func) for one in made))
"""


def _drawn(cache: Path, records: int = 0) -> tuple[str, int]:
    alone = {"THREETWOONE_COMPILE_ALONE": "1", "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(records)], cwd=ROOT, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(ROOT), **alone},
    )  # fmt: skip
    number, made = done.stdout.split()
    for entry in cache.rglob("opened*"):  # what was compiled of the drafts
        entry.unlink()
    return number, int(made)


def test_another_process_takes_the_drafts_and_draws_the_same(tmp_path: Path) -> None:
    first, made = _drawn(tmp_path)
    assert made > 10
    assert _drawn(tmp_path, records=2) == (first, 0)


def test_drafts_cut_short_or_gone_are_made_anew(tmp_path: Path) -> None:
    first, made = _drawn(tmp_path)
    kept = sorted(tmp_path.rglob("drafts/*.nbc"))
    assert len(kept) == made
    for k, path in enumerate(kept):
        if k % 3 == 0:
            path.write_bytes(path.read_bytes()[: k * 7])
        elif k % 3 == 1:
            path.unlink()
    assert _drawn(tmp_path) == (first, len([k for k in range(made) if k % 3 < 2]))
