"""The disk cache of compiled kernels: never stale, never required."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = """
import numpy as np
from riskmodel._kernels import records
from tests.riskmodel.kernels import opened
terms = np.array([(records.EXPONENTIAL, 10.0, 0.0, 0.0)], records.TERM)
row = np.array([(0, 1)], records.LAW)[0]
stream = np.zeros(4, np.uint64)
opened.start_stream(stream, 1, 2)
print(opened.draw(terms, row, stream))
"""


def _start(folder: Path, code: str = CODE, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(folder), **environment},
    )  # fmt: skip


def _draw(folder: Path, cache: str, code: str = CODE, **environment: str) -> float:
    process = _start(folder, code, NUMBA_CACHE_DIR=cache, **environment)
    output, talk = process.communicate(timeout=300)
    assert process.returncode == 0, talk
    return float(output)


@pytest.mark.slow
def test_a_change_in_another_file_is_seen_in_spite_of_the_cache(tmp_path: Path) -> None:
    for folder in ("riskmodel", "tests/riskmodel/kernels"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
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
    nowhere = {"HOME": "/dev/null/nowhere", "XDG_CACHE_HOME": ""}
    assert _draw(ROOT, "", **nowhere) == _draw(ROOT, str(tmp_path / "cache"))


@pytest.mark.slow
def test_what_is_ready_to_run_is_loaded_without_what_compiling_needs(tmp_path: Path) -> None:
    before = _draw(ROOT, str(tmp_path))
    code = CODE + "import sys; assert 'numba.np.linalg' not in sys.modules, 'all'"
    assert _draw(ROOT, str(tmp_path), code) == before
    with pytest.raises(AssertionError, match="AssertionError: all"):
        _draw(ROOT, str(tmp_path / "empty"), code)


@pytest.mark.slow
def test_a_process_killed_while_it_compiles_leaves_no_harm(tmp_path: Path) -> None:
    process = _start(ROOT, NUMBA_CACHE_DIR=str(tmp_path))
    deadline = time.monotonic() + 120.0
    while not any(tmp_path.rglob("*.nbi")) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert process.poll() is None  # one kernel is kept, and the next one is under way
    process.kill()
    process.communicate()
    killed = _draw(ROOT, str(tmp_path))
    assert killed == _draw(ROOT, str(tmp_path))
