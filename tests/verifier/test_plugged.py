"""Whether a location that is declared offline ever is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.verifier.inventories import NOW, drive, measured, place, unread, view
from verifier.aftermath import left_after
from verifier.facts import Evidence, Fact, Schedule, State
from verifier.plugged import judged_by_presence
from verifier.rules import Status, offline_contradicted, offline_or_immutable

HERE = measured("machine:here")


def on(transport, media="hdd", **changes):
    disk = replace(drive("sdb"), transport=transport, media_type=media)
    found = place("usb", "sdb", offline=True, **changes)
    return replace(found, domains=replace(found.domains, drives=measured((disk,))))


def seen(place, *days, away=()):
    """Judge a location by audits so many days ago, in some of which it was away."""
    states = dict.fromkeys(days, State.READ) | dict.fromkeys(away, State.ABSENT_OFFLINE)
    before = [(NOW - timedelta(days=day), states[day]) for day in sorted(states)]
    return judged_by_presence(place, before, NOW, HERE)


def by(interval, evidence=Evidence.MEASURED):
    return Fact(Schedule("cron", "/etc/cron.d/x:1", interval), evidence, "cron")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (on("usb"), ""),
        (on(None), ""),
        (on("sata"), "built into this machine"),
        (on("nvme", "ssd"), "built into this machine"),
        (on("sas", "lto-9"), ""),  # a tape is taken out of its drive
        (on("sata", host="machine:other"), ""),
        (on("usb", schedule=by(1.0)), "cron of this machine writes to it every day"),
        (on("usb", schedule=by(24.0)), "/etc/cron.d/x:1"),
        (on("usb", schedule=by(168.0)), ""),
        (on("usb", schedule=by(1.0, Evidence.INFERRED)), ""),
        (place("s3", None, host=None, real_path=None, address="s3:h/b", offline=True), "answers"),
        (place("nfs", None, host="address:nas", offline=True), "its server answers now"),
    ],
)
def test_what_is_always_there_is_not_offline(found, why):
    told = seen(found)
    assert (told.offline, told.never_away) == (not why, told.never_away)
    assert why in told.never_away
    if not why:
        assert told == found
        return
    judged = view(told)
    assert offline_or_immutable.judge(judged).status is not Status.PASS
    (finding,) = offline_contradicted.judge(judged)
    assert why in finding.message
    ransomware = next(left for left in left_after(judged) if left.threat == "ransomware")
    assert "usb" not in ransomware.sure


@pytest.mark.parametrize(
    ("days", "away", "offline"),
    [
        (range(1, 6), (), False),
        (range(1, 13), (), False),
        (range(1, 5), (), True),  # too few
        ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (), True),  # of one day
        (range(7, 70, 7), (), True),  # who plugs it in once a week audits it then
        (range(1, 6), (6, 7, 8), False),
        ((1, 2), (3, 4, 5), True),
        ((), (), True),
    ],
)
def test_a_close_row_of_audits_that_found_it_there_says_so(days, away, offline):
    found = seen(on("usb"), *days, away=away)
    assert found.offline is offline
    assert bool(found.never_away) is not offline


def test_what_was_away_as_often_as_not_comes_and_goes():
    dock = seen(on("sata"), 1, 3, away=(2, 4))  # a bay from which a disk is pulled
    assert (dock.offline, dock.travels, dock.never_away) == (True, True, "")
    plain = replace(on("usb", site="office"), offline=False)
    assert seen(plain, 1, away=(2,)).travels
    assert not seen(plain, 1, 2, away=(3,)).travels


def test_a_location_that_is_not_there_stays_as_it_is():
    away = unread("usb", State.ABSENT_OFFLINE, offline=True, last_seen=NOW)
    assert seen(away, *range(1, 20)) == away
    word = place("tape", None, offline=True, state=State.DECLARED, site="vault")
    assert seen(word) == word
