"""First use of the engine: by two processes at once, with a read-only home.

Each compiles it whole, half a minute; what small kernels show too is in ``kernels/test_jit``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LAYOUT = ROOT / "tests" / "layouts" / "reference" / "raid6_N10_hot_ser-10y.toml"
EXACT = float(LAYOUT.read_text("utf-8").splitlines()[0].removeprefix("# exact: "))
CODE = """
import json, sys
import riskmodel as rm
from riskmodel._kernels._jit import is_cold
cold = is_cold()
loss = rm.simulate(rm.load_layout(sys.argv[1]), method=sys.argv[2], trials=20_000, seed=11)
print(json.dumps([cold, loss.probability, loss.standard_error]))
"""


def _start(method: str, **environment: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, str(LAYOUT), method],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
    )  # fmt: skip


def _end(process: subprocess.Popen[str]) -> tuple[bool, float, float]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert err == ""
    cold, p, error = json.loads(out)
    assert abs(p - EXACT) < 4.0 * error
    return cold, p, error


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_two_processes_that_compile_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    cache = str(tmp_path)
    both = [_start("excursion", NUMBA_CACHE_DIR=cache) for _ in range(2)]
    first, second = (_end(process) for process in both)
    assert first == second
    assert first[0]
    before = _files(tmp_path)
    assert before
    third = _end(_start("excursion", NUMBA_CACHE_DIR=cache))
    assert third == (False, *first[1:])
    assert _files(tmp_path) == before


def test_a_read_only_home_works(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".cache").write_text("")  # in the way of the folder, for root as well
    home.chmod(0o500)
    before = _files(tmp_path)
    cold, _, _ = _end(_start("events", HOME=str(home)))
    assert cold
    assert _files(tmp_path) == before
