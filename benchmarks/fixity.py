"""How fast two trees are compared to the last byte, beside those who can do the same."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tables import Size, Table

FOLDER = 100
_ROOT = Path(__file__).parent.parent
_CODE = """
import sys
from verifier.digests import nothing_known
from verifier.host import Host
from verifier.probes.comparing import compare
from verifier.probes.directory import read_manifest

class Kept:
    "Takes digests as a catalogue does, and drops them."

    def known(self, root, files):
        return nothing_known(files)

    def keep(self, *what):
        pass

host = Host()
host.digests = Kept() if sys.argv.pop(1) == "kept" else None
source, copy = (read_manifest(host, root) for root in sys.argv[1:])
found = compare(host, source, copy)
assert found.errors == () and found.unseen == "", found
"""
PEERS: dict[str, Callable[[str, str], Sequence[str]]] = {
    "verifier": lambda one, other: [sys.executable, "-c", _CODE, "compared", one, other],
    "verifier with digests": lambda one, other: [sys.executable, "-c", _CODE, "kept", one, other],
    "rsync": lambda one, other: ["rsync", "-rcn", "--delete", f"{one}/", f"{other}/"],
    "rclone": lambda one, other: ["rclone", "check", one, other],
    "diff": lambda one, other: ["diff", "-rq", one, other],
}


@dataclass
class Lap:
    """Seconds by the clock and of processors, round by round."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def make(root: Path, files: int) -> int:
    """Make a tree as homes have it, 17 kB a file in the mean and most of them small; return bytes.

    Sizes are lognormal with median 5 kB, cut at 2 MB; content does not compress.
    """
    import numpy as np

    stream = np.random.default_rng(17)
    sizes = np.minimum(stream.lognormal(np.log(5_000), 1.57, files), 2e6).astype(int)
    noise = stream.bytes(4_000_000)
    for start in range(0, files, FOLDER):
        folder = root / f"{start // 10_000:03}" / f"{start // FOLDER:05}"
        folder.mkdir(parents=True)
        for number in range(start, min(start + FOLDER, files)):
            at = number * 977 % 2_000_000
            (folder / f"{number:07}.dat").write_bytes(noise[at : at + int(sizes[number])])
    return int(sizes.sum())


def run(argv: Sequence[str]) -> tuple[float, float]:
    """Run a contender; return seconds by the clock and of processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(_ROOT), "LC_ALL": "C"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once
    subprocess.run(argv, env=environment, check=True, capture_output=True)
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, spent


def forget() -> bool:
    """Let the kernel forget what it keeps of files; False where only root may ask for that."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def race(one: Path, other: Path, rounds: int, *, cold: bool) -> dict[str, Lap]:
    """Run all that are installed in turns."""
    laps = {name: Lap() for name in PEERS if name.startswith("verifier") or shutil.which(name)}
    for _ in range(rounds):
        for name, lap in laps.items():
            if cold:
                forget()
            else:  # rclone lets the kernel forget what it has read
                run(PEERS["verifier"](str(one), str(other)))
            clock, processor = run(PEERS[name](str(one), str(other)))
            lap.clock.append(clock)
            lap.processor.append(processor)
    return laps


def fixity(size: Size) -> Table:
    """Compare a tree with its copy, warm and, where the cache can be emptied, cold."""
    columns = ("what", "clock, s", "processor, s", "verifier is, by the clock", "by processor")
    table = Table("Two trees compared to the last byte", columns)
    files, rounds = size.pick(500, 10_000, 200_000), size.pick(1, 3, 3)
    with tempfile.TemporaryDirectory(prefix="fixity-", dir="/var/tmp") as folder:
        one, other = Path(folder) / "source", Path(folder) / "copy"
        total = make(one, files)
        shutil.copytree(one, other)
        table.notes.append(f"{files:,} files of {total / 1e9:.2f} GB on either side")
        for cold in (False, *([True] if size is Size.FULL and forget() else [])):
            laps = race(one, other, rounds, cold=cold)
            ours = laps["verifier"]
            for name, lap in laps.items():
                pairs = zip(lap.clock, ours.clock, strict=True)
                faster = statistics.median(a / b for a, b in pairs)
                pairs = zip(lap.processor, ours.processor, strict=True)
                thriftier = statistics.median(a / b for a, b in pairs)
                what = f"{name}, {'cold' if cold else 'warm'}"
                spent = (statistics.median(lap.clock), statistics.median(lap.processor))
                table.figures[f"{what}, s"] = spent[0]
                table.figures[f"{what}, ratio"] = faster
                cells = [f"{part:.2f}" for part in spent]
                table.add(what, *cells, f"{faster:.1f} times", f"{thriftier:.1f} times")
    return table
