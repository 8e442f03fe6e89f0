"""Peak memory and time of reading Drive Stats, whose daily files are made here."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.tables import Size, Table

_ROOT = Path(__file__).parent.parent
_CODE = """
import sys, time
import pandas, pyarrow.csv, pyarrow.compute  # which reading would load
from riskmodel import read_lifetimes
def peak():  # ru_maxrss would begin with that of the process which started this one
    found = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(found[0].split()[1])
before, since = peak(), time.perf_counter()
seen = read_lifetimes(sys.argv[1:])
print(peak(), before, time.perf_counter() - since,
      len(seen), seen.failures)
"""
_FIRST_DAY = dt.date(2024, 1, 1)
_DAILY_RATE = 3e-4  # failures per drive and day
_SMART = (1, 5, 10, 12, 187, 188, 192, 193, 194, 197, 198, 199, 240, 241, 242)


def write_days(folder: Path, drives: int, days: int, seed: int = 1) -> int:
    """Write a file for each day with a row for each drive; return how many drives fail.

    Each day some drives fail and new ones take their places, so that rows a day stay the same.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    rng = np.random.default_rng(seed)
    serial = np.array([f"Z{i % 9}A{i:07d}" for i in range(drives)], dtype=object)
    model = rng.integers(0, 12, drives)
    born = rng.integers(-60_000, -10_000, drives)  # hours before the first day
    names = np.array([f"MODEL{i:02d}X" for i in range(12)], dtype=object)
    first_seen = np.zeros(drives, dtype=np.int64)
    failures, made = 0, drives
    for day in range(days):
        failed = rng.random(drives) < _DAILY_RATE
        age = day * 24 - born
        date = (_FIRST_DAY + dt.timedelta(days=day)).isoformat()
        columns = {
            "date": np.full(drives, date),
            "serial_number": serial,
            "model": names[model],
            "capacity_bytes": 4_000_787_030_016 + model,
            "failure": failed.astype(np.int8),
            "smart_9_raw": age,
            **{f"smart_{n}_raw": rng.integers(0, 10**6, drives) for n in _SMART},
        }
        pa_csv.write_csv(pa.table(columns), folder / f"{date}.csv")
        gone = np.flatnonzero(failed)
        # who fails on the day on which it is first seen was not watched before
        failures += int(np.count_nonzero(first_seen[gone] < day))
        first_seen[gone] = day + 1
        serial[gone] = [f"Z{i % 9}A{i:07d}" for i in range(made, made + len(gone))]
        born[gone] = day * 24
        made += len(gone)
    return failures


def peak(files: list[Path]) -> tuple[float, float, float, int, int]:
    """Return peak memory [MiB], that before reading, seconds, drives and failures."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *map(str, files)],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    top, before, seconds, drives, failures = done.stdout.split()
    return int(top) / 1024, int(before) / 1024, float(seconds), int(drives), int(failures)


def drive_stats(size: Size) -> Table:
    """Read few and many daily files, each in a process of its own."""
    table = Table("Reading Drive Stats", ("files x rows", "resident, MiB", "seconds", "rows/s"))
    drives = size.pick(500, 30_000, 300_000)
    days = size.pick(3, 40)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expected = write_days(folder, drives, days)
        files = sorted(folder.glob("*.csv"))
        peaks = []
        for count in (max(days // 8, 1), days):
            mib, _, seconds, _, failures = peak(files[:count])
            peaks.append(mib)
            rows = count * drives
            table.add(
                f"{count} x {drives:,}", f"{mib:.0f}", f"{seconds:.1f}", f"{rows / seconds:,.0f}"
            )
        assert failures == expected
    table.figures |= {"resident, MiB": peaks[-1], "growth, MiB": peaks[-1] - peaks[0]}
    if size is not Size.FULL:
        table.notes.append("--full reads 40 files of 300,000 rows")
    return table
