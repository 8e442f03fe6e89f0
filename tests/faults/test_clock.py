"""A clock that runs ahead, or back: no pass that is not earned, nothing forgotten or lost."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.stopping import Room
from tests.needs import needs
from tests.verifier.catalogue.trees import START, begin, digests, facts, files
from tests.verifier.inventories import inventory, place
from verifier.catalogue import Catalogue
from verifier.inventory import State
from verifier.probes.fixity import Side

YEAR_NS = 366 * 86_400 * 10**9


def finish(book: Catalogue, store, *places) -> None:
    from dataclasses import replace

    found = replace(inventory(*places), name=store.dataset, at=store.at)
    book.remember(found)


def test_an_audit_under_a_clock_far_ahead_forgets_no_history(tmp_path):
    book = Catalogue(tmp_path / "book.db")
    for day in (0, 1, 2, 3):
        finish(book, begin(book, day))
    finish(book, begin(book, 4000))
    assert len(book.runs()) == 5
    finish(book, begin(book, 4))
    assert len(book.runs()) == 6


def test_an_absent_disk_is_judged_by_no_audit_of_the_future(tmp_path):
    from dataclasses import replace

    book = Catalogue(tmp_path / "book.db")
    disk = place("disk", "sdb")
    for day in (0, 4000):
        store = begin(book, day)
        found = replace(inventory(disk), name=store.dataset, at=store.at)
        book.remember(found)
    begin(book, 5)
    away = replace(disk, state=State.ABSENT_OFFLINE, last_seen=None)
    seen = book.recalled("machine:a", found.source, away)
    assert seen.last_seen == START


def test_a_digest_of_the_future_is_not_leaned_on(tmp_path):
    from verifier.host import Host

    of = files(facts(6))
    store = begin(Catalogue(tmp_path / "book.db"))
    rows = np.arange(len(of))
    read_at = np.where(rows % 2 == 0, time.time_ns(), time.time_ns() + YEAR_NS)
    store.listed("/live", of)
    store.keep("/live", of, rows, digests(rows), read_at)
    host = Host()
    host.digests = store
    side = Side("/live", of, rows)
    side.recall(host)
    assert (side.known == (rows % 2 == 0)).all()


def faked(room: Room, shift: str) -> None:
    library = next(Path("/usr/lib").rglob("libfaketime.so.1"))
    room.env |= {"LD_PRELOAD": str(library), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.slow
@pytest.mark.integration
@needs("faketime")
def test_a_command_whose_clock_jumps_says_what_it_can_and_no_more(tmp_path):
    room = Room(tmp_path)
    for side in ("live", "usb"):
        for number in range(20):
            (tmp_path / side).mkdir(exist_ok=True)
            (tmp_path / side / str(number)).write_bytes(b"%d" % number * 300)
            os.utime(tmp_path / side / str(number), (time.time() - 100, time.time() - 100))
    (tmp_path / "usb" / "more").write_text("so that the copy is not the source's twin")
    setup = tmp_path / "setup.toml"
    setup.write_text(
        f'[source]\npath = "{tmp_path}/live"\n[[locations]]\nname = "usb"\n'
        f'path = "{tmp_path}/usb"\noffline = true\n'
    )
    told = {}
    for shift in ("+0", "-400d", "+400d", "+1"):
        faked(room, shift)
        done = room.run("verifier", "audit", setup, "--json")
        assert done.returncode in (0, 1, 3), done.stderr
        assert "Traceback" not in done.stderr
        told[shift] = json.loads(done.stdout)
    (usb,) = [one for one in told["-400d"]["locations"] if one["name"] == "usb"]
    assert usb["status"] != "pass", usb  # its newest file is of next year
    faked(room, "+0")
    assert room.run("verifier", "diff").returncode in (0, 1, 3)
    (tmp_path / "usb").rename(tmp_path / "away")
    for shift, word in (("+0", "pass"), ("-400d", "unknown"), ("+200d", "unknown")):
        faked(room, shift)
        done = room.run("verifier", "audit", setup, "--json")
        gate = json.loads(done.stdout)["gates"]["offline_or_immutable"]
        assert gate["status"] == word, (shift, gate)


@pytest.mark.slow
@pytest.mark.integration
@needs("faketime")
def test_timeouts_do_not_hang_on_the_clock(tmp_path):
    """A clock a thousand times as fast, and one that stands still."""
    room = Room(tmp_path)
    code = (
        "import sys, time\nfrom verifier.host import Host, TimedOut\nbegan = time.monotonic()\n"
        "assert Host().run(['sleep', '0.3'], timeout=5.0).code == 0\n"
        "try:\n    Host().run(['sleep', '60'], timeout=0.5)\nexcept TimedOut:\n    pass\n"
        "else:\n    sys.exit(1)\nassert time.monotonic() - began < 30\n"
    )
    (tmp_path / "code.py").write_text(code)
    for shift in ("+0 x1000", "2026-01-01 00:00:00"):
        faked(room, shift)
        done = room.run("code")
        assert done.returncode == 0, (shift, done.stderr)
