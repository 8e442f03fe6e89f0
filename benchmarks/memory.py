"""Peak memory against the number of trials."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.tables import Size, Table

_ROOT = Path(__file__).parent.parent
_CODE = """
import sys
import riskmodel as rm
from benchmarks.groups import R1
loss = rm.simulate(R1.layout(), method="events", trials=int(sys.argv[1]), seed=1)
# ru_maxrss would begin with that of the process which started this one
found = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(found[0].split()[1], loss.trials, loss.losses)
"""


def peak(trials: int) -> tuple[float, int]:
    """Return the peak resident memory of a process that runs R1, in MiB, and its losses."""
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(trials)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    kib, ran, losses = map(int, done.stdout.split())
    assert ran == trials
    return kib / 1024, losses


def memory(size: Size) -> Table:
    """Run R1 with few and many trials, each in a process of its own."""
    table = Table("Peak memory of R1", ("trials", "resident, MiB", "share lost"))
    if size is not Size.TINY:
        peak(1)  # what is measured must not compile
    counts = (size.pick(1_000, 10**6), size.pick(10_000, 10**7, 10**8))
    peaks = []
    for trials in counts:
        mib, losses = peak(trials)
        peaks.append(mib)
        table.add(f"{trials:,}", f"{mib:.1f}", f"{losses / trials:.4g}")
    table.figures["growth, MiB"] = peaks[-1] - peaks[0]
    table.notes.append(f"growth {peaks[-1] - peaks[0]:+.1f} MiB")
    if size is Size.NORMAL:
        table.notes.append("--full runs 1e8 trials")
    return table
