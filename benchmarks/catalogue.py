"""Audits of many files that the catalogue knows: seconds, memory, and size on disk."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.inventory import make
from benchmarks.tables import Size, Table

_ROOT = Path(__file__).parent.parent
_CODE = """
import hashlib, resource, sys, time
from datetime import UTC, datetime
import numpy as np
from verifier.audit import audit
from verifier.catalogue import Catalogue, Recorder
from verifier.host import Host
from verifier.inventory import Depth
from verifier.setup import bare_setup

source, copy, where, task = sys.argv[1:]
kept = [0.0]
listed, known = Recorder.listed, Recorder.known

def timed(work):
    def do(self, root, files):
        before = time.perf_counter()
        found = work(self, root, files)
        kept[0] += time.perf_counter() - before
        return found
    return do

def fill(self, root, files):
    listed(self, root, files)
    rows = np.arange(len(files))
    # of its name: a file and its copy have one digest, whatever order the file system lists them in
    made = b"".join(hashlib.blake2s(name.encode()).digest() for name in files)
    digest = np.frombuffer(made, np.uint8).reshape(-1, 32)
    for batch in np.array_split(rows, max(1, len(rows) // 4096)):
        self.keep(root, files, batch, digest[batch], np.full(len(batch), time.time_ns()))

def ask(self, root, files):
    listed(self, root, files)
    assert known(self, root, files).read_at.all()

def none(self, trees):
    assert not trees, "all digests are known and alike: nothing is to be read"
    return iter(())

Host.hashed = none
Recorder.listed = timed(fill if task == "fill" else ask)
depth = Depth.SOURCE if task == "source" else Depth.LISTED
before = time.perf_counter()
found = audit(bare_setup(source, [copy]), Host(), now=datetime.now(UTC), depth=depth,
              catalogue=Catalogue(where), complain=sys.exit)
usage = resource.getrusage(resource.RUSAGE_SELF)
files = sum(place.files for place in found.inventory.all_locations)
print(files, time.perf_counter() - before, usage.ru_utime + usage.ru_stime, kept[0],
      usage.ru_maxrss)
"""


def catalogue(size: Size) -> Table:
    """Fill the catalogue with a source and its copy, then audit both with nothing changed."""
    columns = (
        "audit", "files", "clock, s", "processor, s", "catalogue, s", "peak, MiB", "disk, MiB",
    )  # fmt: skip
    table = Table("Audits of files that the catalogue knows", columns)
    files = size.pick(1_000, 50_000, 500_000)
    with tempfile.TemporaryDirectory(prefix="catalogue-") as folder:
        roots = [str(Path(folder) / name) for name in ("source", "copy")]
        for root in roots:
            make(Path(root), files)
        where = Path(folder) / "catalogue.db"
        for task, what in (
            ("fill", "first, all digests kept"),
            ("listed", "nothing changed, depth listed"),
            ("source", "nothing changed, depth source"),
        ):
            done = subprocess.run(
                [sys.executable, "-c", _CODE, *roots, str(where), task],
                capture_output=True, text=True, check=True,
                env=os.environ | {"PYTHONPATH": str(_ROOT)},
            )  # fmt: skip
            count, clock, processor, kept, peak = map(float, done.stdout.split())
            disk = sum(each.stat().st_size for each in Path(folder).glob("catalogue.db*")) / 2**20
            table.add(what, f"{count:,.0f}", f"{clock:.1f}", f"{processor:.1f}", f"{kept:.1f}",
                      f"{peak / 1024:.0f}", f"{disk:.1f}")  # fmt: skip
            table.figures[f"{what}, s"] = clock
    if size is not Size.FULL:
        table.notes.append("--full takes 500,000 files and their copy")
    return table
