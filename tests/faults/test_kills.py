"""SIGKILL at random points, which nothing can answer: what was kept is there, and work goes on."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.faults.stopping import Room, processes, stopped, usual
from tests.faults.test_signals import NAS, trees
from tests.figures import tell

FEW, MANY = 3, 100


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def counts() -> object:
    """Kill a few times in CI, and often for the proof."""
    few, many = (
        pytest.param(FEW, marks=pytest.mark.slow),
        pytest.param(MANY, marks=pytest.mark.proof),
    )
    return pytest.mark.parametrize("count", [few, many])


def gone(room: Room, seconds: float = 30.0) -> bool:
    """Tell whether all that a killed command had started ends by itself."""
    until = time.monotonic() + seconds
    while processes(str(room.base)):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def state_of(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    facts = ((str(path), path.stat()) for path in found)
    return {name: (one.st_size, one.st_mtime_ns, one.st_ctime_ns) for name, one in facts}


@counts()
def test_a_killed_audit_leaves_a_whole_catalogue_and_the_next_one_says_the_same(room, count):
    live, usb = trees(room)
    words = ("verifier", "audit", live, usb)
    before = {**state_of(live), **state_of(usb)}
    takes = usual(room, *words, "--no-catalogue")
    dice = random.Random(11)
    killed = unfinished = 0
    while killed < count:
        done = stopped(room, signal.SIGKILL, takes * dice.random(), *words)
        assert done.returncode in (-signal.SIGKILL, 1), done.stderr
        killed += done.returncode == -signal.SIGKILL
        assert gone(room)
        book = room.base / "state" / "threetwoone" / "catalogue.db"
        if book.exists():
            with sqlite3.connect(book) as raw:
                assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                asked = "SELECT count(*) FROM sqlite_master WHERE name = 'runs'"
                if raw.execute(asked).fetchone()[0]:
                    left = raw.execute("SELECT count(*) FROM runs WHERE NOT finished").fetchone()
                    unfinished = max(unfinished, left[0])
            raw.close()
    after_all, fresh = (room.run(*words, "--json", *more) for more in ((), ("--no-catalogue",)))
    one, other = (json.loads(done.stdout)["gates"] for done in (after_all, fresh))
    assert {k: v["status"] for k, v in one.items()} == {k: v["status"] for k, v in other.items()}
    assert room.left() == []
    assert {**state_of(live), **state_of(usb)} == before
    tell(
        f"{killed} audits killed, {unfinished} of them with a run begun in the catalogue; all whole"
    )


@counts()
def test_a_killed_simulation_goes_on_from_its_checkpoint(room, count):
    words = ("riskmodel", "simulate", NAS, "--method", "events", "--trials", "2000000", "--json")
    plain = json.loads(room.run(*words).stdout) | {"elapsed_seconds": 0}
    takes = usual(room, *words)
    dice = random.Random(12)
    killed = runs = went_on = 0
    while killed < count:
        runs += 1
        kept = ("--checkpoint", room.base / f"run-{runs}")
        for _ in range(20):  # until it is done, be it by small steps
            done = stopped(room, signal.SIGKILL, takes * dice.random(), *words, *kept)
            assert done.returncode in (-signal.SIGKILL, 0), done.stderr
            if done.returncode == 0:
                break
            killed += 1
            assert gone(room)
            went_on += any((room.base).glob(f"run-{runs}*"))
        again = json.loads(room.run(*words, *kept).stdout)
        assert again | {"elapsed_seconds": 0} == plain
    assert room.left() == []
    tell(f"{killed} runs killed, {went_on} of them with a checkpoint; {runs} as if undisturbed")
