"""The disk cache of compiled kernels: never stale, never required."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = """
import numpy as np
from riskmodel._kernels import laws, records, rng
terms = np.array([(records.EXPONENTIAL, 10.0, 0.0, 0.0)], records.TERM)
row = np.array([(0, 1)], records.LAW)[0]
stream = np.zeros(4, np.uint64)
rng.start_stream(stream, 1, 2)
print(laws.draw(terms, row, stream))
"""


def _draw(folder: Path, cache: str) -> float:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=folder, env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return float(done.stdout)


@pytest.mark.slow
def test_a_change_in_another_file_is_seen_in_spite_of_the_cache(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "riskmodel", tmp_path / "riskmodel")
    cache = str(tmp_path / "cache")
    before = _draw(tmp_path, cache)
    assert _draw(tmp_path, cache) == before
    assert any((tmp_path / "cache").rglob("*.nbi"))
    callee = tmp_path / "riskmodel" / "_kernels" / "rng.py"
    text = callee.read_text()
    assert text.count("return -math.log(uniform(rng))") == 1
    callee.write_text(text.replace("return -math.log(uniform(rng))", "return 3.0"))
    assert before != 30.0
    assert _draw(tmp_path, cache) == 30.0


@pytest.mark.slow
def test_without_a_writable_place_all_works_uncached(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    assert _draw(ROOT, str(blocked / "below")) == _draw(ROOT, str(tmp_path / "cache"))
