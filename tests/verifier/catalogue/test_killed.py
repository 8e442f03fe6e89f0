"""An audit that is killed, runs out of disk or may not write loses at most what it had in hand."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.figures import tell
from tests.needs import needs
from tests.verifier.catalogue.trees import ROOT, begin, digests, facts, files, finish, read_all
from verifier.catalogue import Catalogue

HERE = Path(__file__).parents[3]
KILLS = 200


@pytest.mark.parametrize(
    ("kills", "seed"),
    [
        pytest.param(KILLS, 1, marks=pytest.mark.slow),
        pytest.param(2000, 2, marks=pytest.mark.proof),
    ],
)
def test_kills_lose_nothing_that_was_kept(kills, seed):
    memory = Path("/dev/shm")  # a killed process loses no page of a disk either, and this is quick
    folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
    try:
        module = "tests.verifier.catalogue.killed"
        command = [sys.executable, "-m", module, folder, str(kills), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = json.loads(done.stdout)
    tell(", ".join(f"{number} {what}" for what, number in counted.items()))
    assert counted["killed"] == kills
    assert counted["unfinished"] > kills / 4  # killed while at work


@pytest.mark.integration
@needs("root")
@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_an_audit_goes_on_without_a_disk_to_write_to(tmp_path, trouble):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        book = Catalogue(disk / "catalogue.db")
        store = begin(book)
        read_all(store, files(facts(2)))
        finish(book, store)
        if trouble == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        else:
            (disk / "other").write_bytes(bytes(_left(disk)))
        store = begin(Catalogue(disk / "catalogue.db"), 1)
        of = files(facts(90, 100))
        known = store.known(ROOT, of)
        assert len(known.read_at) == len(of)
        rows = np.random.default_rng(1).permutation(len(of))
        store.keep(ROOT, of, rows, digests(rows), np.full(len(rows), 9))
        (line,) = store.told
        assert ("full" if trouble == "full" else "readonly database") in line
        assert line.endswith("the audit goes on without it")
        if trouble == "full":
            (disk / "other").unlink()
        else:
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        book = Catalogue(disk / "catalogue.db")
        assert book.seen(book.runs()[0])["source"].digests.read_at.all()
    finally:
        subprocess.run(["umount", disk], check=True)


def _left(disk: Path) -> int:
    return max(0, shutil.disk_usage(disk).free - 200_000)
