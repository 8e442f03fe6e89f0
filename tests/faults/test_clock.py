"""A clock that runs ahead, or back: no pass that is not earned, nothing forgotten or lost."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.verifier.catalogue.trees import START, begin, digests, facts, files
from tests.verifier.inventories import NOW, inventory, place, source, view
from verifier.audit import audit
from verifier.catalogue import Catalogue
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes.fixity import Side
from verifier.rules import Status, missing
from verifier.setup import Setup

DAY = 86_400
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


def stale_for_90_days(base):
    """Live data that is worked on, and a copy that has not been made for 90 days."""
    then = time.time() - 90 * DAY
    for side in ("live", "copy"):
        (base / side).mkdir()
        for number in range(200):
            (base / side / str(number)).write_bytes(b"%d" % number)
            os.utime(base / side / str(number), (then, then))
    (base / "live" / "7").write_bytes(b"edited since")
    places = [{"name": "copy", "path": str(base / "copy")}]
    return Setup.from_dict(
        {"name": "t", "source": {"path": str(base / "live")}, "locations": places}
    )


@pytest.mark.parametrize(
    ("back", "wanted"), [(0, Status.FAIL), (20, Status.FAIL), (80, Status.UNKNOWN)]
)
def test_a_clock_set_back_makes_no_stale_copy_fresh(tmp_path, back, wanted):
    setup = stale_for_90_days(tmp_path)
    now = datetime.now(UTC) - timedelta(days=back)
    found = audit(setup, Host(), now=now, depth=Depth.LISTED)
    copy = found.verdicts[1]
    assert copy.location.newer.changed == 1
    assert copy.status is wanted
    assert not copy.counted
    (finding,) = [one for one in found.findings if one.rule == "stale"]
    assert finding.status is wanted
    if wanted is Status.UNKNOWN:
        assert "later than now, so a clock is wrong" in copy.reason
        assert "later than now, so a clock is wrong" in finding.message
        assert finding.remediation.startswith("Set the clock right")


def test_a_clock_set_back_says_nothing_against_a_copy_that_is_the_source(tmp_path):
    setup = stale_for_90_days(tmp_path)
    file = tmp_path / "copy" / "7"
    file.write_bytes(b"edited since")
    when = (tmp_path / "live" / "7").stat().st_mtime
    os.utime(file, (when, when))
    now = datetime.now(UTC) - timedelta(days=80)
    assert audit(setup, Host(), now=now, depth=Depth.LISTED).verdicts[1].status is Status.PASS


def test_one_photo_of_the_future_is_no_wrong_clock(tmp_path):
    """Anybody can give a file a date; when its inode changed is the kernel's word."""
    setup = stale_for_90_days(tmp_path)
    os.utime(tmp_path / "live" / "8", (4e9, 4e9))
    found = audit(setup, Host(), now=datetime.now(UTC), depth=Depth.LISTED)
    assert found.verdicts[1].status is Status.FAIL
    assert "90 days old" in found.verdicts[1].reason


def test_an_absent_disk_is_away_for_no_known_time_under_a_clock_set_back():
    seen = NOW - timedelta(days=10)
    disk = place("disk", "sdb", state=State.ABSENT_OFFLINE, offline=True, last_seen=seen)
    for changed, status in ((NOW, Status.PASS), (NOW + timedelta(days=300), Status.UNKNOWN)):
        (found,) = view(disk, live=source(changed_last=changed)).standings[1:]
        assert found.status is status
        (finding,) = missing.judge(view(disk, live=source(changed_last=changed)))
        assert finding.status is status


def test_an_audit_of_the_future_is_told(tmp_path):
    setup = stale_for_90_days(tmp_path)
    now = datetime.now(UTC)
    for days, words in ((0, []), (300, []), (1, ["later than now"])):
        book, told = Catalogue(tmp_path / "book.db"), []
        at = now + timedelta(days=days)
        found = audit(
            setup, Host(), now=at, depth=Depth.LISTED, catalogue=book, complain=told.append
        )
        assert len(told) == len(words)
        assert all(word in told[0] for word in words)
        assert found.verdicts[1].status is Status.FAIL
