"""Large set-ups and layouts: an answer, in bounded memory, with a word on stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import loads
from tests.faults.stopping import Room
from tests.figures import tell
from tests.needs import needs

MOST_KIB = 2 << 20  # 2 GiB


def measured(room: Room, *words: object) -> tuple[str, str, float]:
    """Run a command to its end; return what it said, and its largest memory in GiB."""
    out, err = room.base / "out", room.base / "err"
    began = time.monotonic()
    with out.open("w") as said, err.open("w") as complained:
        command = [sys.executable, "-m", *map(str, words)]
        child = subprocess.Popen(
            command, env=room.env, cwd=room.base, stdout=said, stderr=complained
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode in (0, 1, 3), err.read_text()[-2000:]
    assert used.ru_maxrss < MOST_KIB, f"{words}: {used.ru_maxrss / 1024:,.0f} MiB"
    spent = used.ru_utime + used.ru_stime
    clock = time.monotonic() - began
    tell(f"{clock:.0f} s, {spent:.0f} s of them at work, {used.ru_maxrss / 1024:,.0f} MiB at most")
    return out.read_text(), err.read_text(), used.ru_maxrss / MOST_KIB


def sizes(few: int, many: int):
    """Run a test with few in CI, and with many for the proof."""
    return pytest.mark.parametrize(
        "count", [pytest.param(few, marks=pytest.mark.slow), pytest.param(many, marks=PROOF)]
    )


PROOF = pytest.mark.proof


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--method", "excursion", "--trials", "1000"), marks=pytest.mark.slow),
        pytest.param(("--method", "conditional", "--trials", "1000"), marks=PROOF),
        pytest.param(("--method", "events", "--trials", "1000"), marks=PROOF),
        pytest.param((), marks=PROOF),
    ],
    ids=str,
)
def test_two_hundred_copies_on_ten_thousand_drives_are_simulated(room, words):
    (room.base / "big.toml").write_text(loads.layout(200))
    out, _, _ = measured(room, "riskmodel", "simulate", room.base / "big.toml", *words, "--json")
    found = json.loads(out)
    assert 0.0 <= found["interval"][0] <= found["probability"] <= found["interval"][1] <= 1.0


@pytest.mark.proof
@pytest.mark.parametrize("command", ["compare", "report"])
def test_two_hundred_copies_are_compared_and_reported(room, command):
    (room.base / "big.toml").write_text(loads.layout(200))
    other = loads.layout(100).replace("many copies", "half of them")
    (room.base / "half.toml").write_text(other)
    words = ["--target-relative-error", "0.3"]
    words += ["--no-ranges"] if command == "report" else ["--trials", "1000"]
    measured(room, "riskmodel", command, "big.toml", "half.toml", *words)


@sizes(40, 1000)
@needs("restic")
def test_many_locations_in_one_set_up(room, count):
    setup = loads.setup(room.base, count)
    page, picture = room.base / "page.html", room.base / "picture.svg"
    told = ("--json", "--html", page, "--plot", picture)
    out, _, _ = measured(room, "verifier", "audit", setup, *told)
    found = json.loads(out)
    assert found["claimed_copies"] == count + 1
    assert found["independent_copies"] == found["independent_copies_at_most"] == 1  # of one disk
    kinds = Counter(one["kind"] for one in found["locations"])
    assert kinds == {"directory": count + 1 - count // 10 - count // 40, "tar": count // 10,
                     "restic": count // 40}  # fmt: skip
    assert {one["status"] for one in found["locations"]} == {"pass"}
    assert page.stat().st_size < 3_000_000
    assert picture.stat().st_size < 1_000_000


@sizes(200_000, 10_000_000)
def test_many_catalogued_files(room, count):
    words = ("tests.faults.loads", room.base / "book.db", count)
    kept = 0
    with room.start(*words) as started:
        for line in started.stderr:
            kept += int(line.split()[1]) if line.startswith("kept") else 0
            if kept >= count / 2:
                started.send_signal(signal.SIGINT)
                break
        started.communicate(timeout=60)
    assert started.returncode != 0
    _, err, _ = measured(room, *words)
    known = [int(line.split()[2]) for line in err.splitlines() if line.endswith("are known")]
    tell(f"{kept:,} digests kept before the interruption, {known[0]:,} known after it")
    assert kept <= known[0] < count
    assert known[1] == count
    assert f"compared: 0 of {count} changed" in err


@sizes(100_000, 10_000_000)
def test_many_catalogued_files_of_which_each_one_changed(room, count):
    _, err, _ = measured(room, "tests.faults.loads", room.base / "book.db", count, "changed")
    assert f"audit 2: 0 of {count} are known" in err
    assert f"compared: {count} of {count} changed" in err


@sizes(20_000, 10_000_000)
def test_a_source_and_a_copy_of_many_files_are_read(room, count):
    free = os.statvfs(room.base).f_favail
    if free < 2.1 * count:
        pytest.skip(f"{room.base} has room for {free:,} files: choose another with --basetemp")
    setup = loads.trees(room.base, count)
    words = ("verifier", "audit", setup, "--depth", "source", "--json")
    out, _, _ = measured(room, *words)
    _, copy = json.loads(out)["locations"]
    assert (copy["coverage"], copy["depth"]) == (1.0, "source")
