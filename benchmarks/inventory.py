"""How long and how large an inventory of many files is: a source and a copy of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.tables import Size, Table

FOLDER = 500
_ROOT = Path(__file__).parent.parent
_CODE = """
import resource, sys, time
import numpy  # loaded by whatever looks at a tree
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import collect_source, probe
from verifier.target import Target

def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss

def report(files, before):
    after = spent()
    print(files, after[0] - before[0], after[1] - before[1], after[2])

host, source, copy = Host(), sys.argv[1], sys.argv[2]
before = spent()
print(0, 0, 0, before[2])
live, manifest = collect_source(host, source)
report(live.files, before)
before = spent()
held = probe(host, Target("copy", copy), manifest, Depth.LISTED)
assert held.coverage.value == 1.0, held
report(held.files, before)
"""


def make(root: Path, files: int) -> None:
    """Make a tree of empty files, 500 a folder, with names as cameras give them."""
    for start in range(0, files, FOLDER):
        folder = root / f"{2000 + start // 50_000}" / f"{start // FOLDER:05}"
        folder.mkdir(parents=True)
        where = os.open(folder, os.O_RDONLY)
        for number in range(start, min(start + FOLDER, files)):
            name = f"IMG_{number:07}.jpg"
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=where))
        os.close(where)


def look(source: Path, copy: Path) -> list[tuple[int, float, float, int]]:
    """Inventory both in a process of its own: files, seconds, processor seconds, peak KiB.

    The first row is the process before it looked at anything.
    """
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(source), str(copy)],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(int(a), float(b), float(c), int(d)) for a, b, c, d in rows]


def inventory(size: Size) -> Table:
    """List a source, then a copy of it with its coverage; once cold or warm as it is, then warm."""
    columns = ("what", "files", "clock, s", "processor, s", "µs a file", "peak, MiB")
    table = Table("Inventory of many files", columns)
    files = size.pick(2_000, 200_000, 1_000_000)
    with tempfile.TemporaryDirectory(prefix="inventory-") as folder:
        roots = Path(folder) / "source", Path(folder) / "copy"
        for root in roots:
            make(root, files)
        look(*roots)
        rows = look(*roots)
    for what, (count, clock, processor, peak) in zip(
        ("before", "source", "copy and its coverage"), rows, strict=True
    ):
        each = f"{processor / count * 1e6:.1f}" if count else ""
        seconds = (f"{clock:.2f}", f"{processor:.2f}") if count else ("", "")
        table.add(what, f"{count:,}", *seconds, each, f"{peak / 1024:.0f}")
        table.figures[f"{what}, s"] = processor
        table.figures[f"{what}, MiB"] = peak / 1024
    if size is Size.NORMAL:
        table.notes.append("--full lists a million files")
    return table
