"""Case R1: the events engine against the same algorithm in C, interleaved in one run.

8 drives tolerate 2, exponential lifetime 20,000 h, exponential rebuild 100 h in parallel, 87,600 h;
the exact probability is 1.722804e-2. Prints trials per second and core of both and the median of
the paired ratios. Run it with ``make benchmark``.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import riskmodel as rm
from riskmodel._events import EventsEngine
from riskmodel._program import compile_layout

EXACT = 1.722804e-2
R1 = rm.Layout.from_dict(
    {
        "name": "R1",
        "horizon": "87600 h",
        "media": {"drive": {"lifetime": {"exponential": {"mean": "20000 h"}}}},
        "copies": [
            {
                "name": "array",
                "store": {
                    "media": "drive",
                    "drives": 8,
                    "tolerates": 2,
                    "rebuild": {"exponential": {"mean": "100 h"}},
                },
            }
        ],
    }
)


def compile_c(folder: Path) -> ctypes.CDLL | None:
    """Compile the yardstick, if there is a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "r1.so"
    source = Path(__file__).with_name("r1.c")
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", library, source, "-lm"], check=True)
    return ctypes.CDLL(str(library))


def time_c(library: ctypes.CDLL, seed: int, trials: int) -> tuple[float, int]:
    """Return seconds and losing trials of the C version."""
    run = library.run_r1
    run.restype = ctypes.c_int64
    in_all = ctypes.c_int64()
    doubles = [ctypes.c_double(value) for value in (20_000.0, 100.0, 87_600.0)]
    started = time.perf_counter()
    lost = run(
        ctypes.c_uint64(seed), ctypes.c_int64(0), ctypes.c_int64(trials), 8, 2, *doubles,
        ctypes.byref(in_all),
    )  # fmt: skip
    return time.perf_counter() - started, lost


def time_events(seed: int, trials: int) -> tuple[float, int]:
    """Return seconds and losing trials of the events engine, on one thread."""
    engine = EventsEngine.of(compile_layout(R1))
    started = time.perf_counter()
    sums = engine.run(seed, 0, trials)
    return time.perf_counter() - started, engine.found(sums)["losses"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100_000, help="per round")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    time_events(0, 100)  # compile
    with tempfile.TemporaryDirectory() as folder:
        library = compile_c(Path(folder))
        ours, yardstick, lost, lost_c = [], [], 0, 0
        for seed in range(options.rounds):
            seconds, count = time_events(seed, options.trials)
            ours.append(seconds)
            lost += count
            if library is not None:
                seconds, count = time_c(library, seed, options.trials)
                yardstick.append(seconds)
                lost_c += count
    total = options.trials * options.rounds
    error = (EXACT * (1 - EXACT) / total) ** 0.5
    print(
        f"events    {options.trials / statistics.median(ours):>10,.0f} trials/s and core,"
        f" p = {lost / total:.5g} (exact {EXACT:.5g}, z = {(lost / total - EXACT) / error:+.2f})"
    )
    if not yardstick:
        print("no C compiler: no yardstick")
        return
    print(
        f"C         {options.trials / statistics.median(yardstick):>10,.0f} trials/s and core,"
        f" p = {lost_c / total:.5g}"
    )
    ratio = statistics.median(c / mine for c, mine in zip(yardstick, ours, strict=True))
    print(f"ratio     {ratio:.2f} of C (gcc -O3 -march=native), median of {len(ours)} pairs")


if __name__ == "__main__":
    main()
