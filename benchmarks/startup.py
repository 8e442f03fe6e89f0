"""How long one waits for the command: help, imports, answers, and the first compilation."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import riskmodel as rm
from benchmarks.tables import Size, Table

_ROOT = Path(__file__).parent.parent
_LAYOUT = _ROOT / "data" / "layouts" / "one-external-disk.toml"


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "riskmodel", *arguments]


def _simulate(method: str) -> list[str]:
    trials = () if method in ("auto", "exact") else ("--trials", "1000")
    return _command("simulate", str(_LAYOUT), "--method", method, *trials)


def waits(command: list[str], cache: str | None = None) -> tuple[float, float] | None:
    """Return seconds by the clock and of the processor; None if the command refuses."""
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    clock = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    if done.returncode == 2:
        return None
    done.check_returncode()
    return clock, cpu


def startup(size: Size) -> Table:
    """Time commands that are warm, and each method's first run with an empty cache."""
    table = Table("Start-up", ("what", "clock, s", "processor, s", "wanted, s"))
    rounds = size.pick(1, 5)
    warm = {
        "riskmodel --help": (_command("--help"), 0.3),
        "import riskmodel": ([sys.executable, "-c", "import riskmodel"], None),
        "simulate, warm": (_simulate("events"), 2.0),
    }
    waits(_simulate("events"))
    for what, (command, wanted) in warm.items():
        laps = [lap for lap in (waits(command) for _ in range(rounds)) if lap is not None]
        _add(
            table, what, *(statistics.median(column) for column in zip(*laps, strict=True)), wanted
        )
    if size is Size.TINY:
        return table
    for method in rm.METHODS:
        with tempfile.TemporaryDirectory() as cache:
            lap = waits(_simulate(method), cache)
        if lap is None:
            table.add(f"first use, {method}", "refused", "", "")
        else:
            _add(table, f"first use, {method}", *lap, 20.0)
    table.notes.append("medians; first use: import, compile, answer, with an empty cache, once")
    return table


def _add(table: Table, what: str, clock: float, cpu: float, wanted: float | None) -> None:
    table.figures[what] = clock
    table.add(what, f"{clock:.2f}", f"{cpu:.2f}", "" if wanted is None else f"{wanted:g}")
