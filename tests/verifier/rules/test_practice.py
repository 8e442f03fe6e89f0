"""How copies are kept: fresh, regular, automatic, encrypted, with their keys and their history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from riskmodel.policies import Key
from tests.verifier.inventories import (
    NOW,
    declared,
    drive,
    measured,
    place,
    source,
    unread,
    view,
)
from verifier.audit import judge as judge_all
from verifier.inventory import Evidence, Fact, Inventory, Location, Points, Schedule, State
from verifier.rules import PRACTICE_RULES, Status
from verifier.setup import Setup

JUDGES = {rule.gate: rule.judge for rule in PRACTICE_RULES}
REPOSITORY = {"kind": "restic", "encrypted": measured(True)}


def points(*days_ago: float, **more) -> Points:
    return Points.at((NOW - timedelta(days=days) for days in days_ago), **more)


def status(gate: str, *places, **more) -> str:
    return JUDGES[gate](view(*places, **more)).status.value


@pytest.mark.parametrize("gate", ["freshness", "regularity", "automation", "retention"])
def test_nothing_passes_without_a_copy_or_with_one_on_the_sources_drive(gate):
    assert status(gate) == "fail"
    kept = {"points": points(1, 2, 3, 40), "schedule": measured(Schedule("cron", "x", 24.0))}
    assert status(gate, place("twin", "sda", **kept)) == "fail"


@pytest.mark.parametrize("gate", list(JUDGES))
def test_the_unread_is_unknown_and_never_passes(gate):
    away = unread("nas", State.TIMEOUT, site="office")
    assert status(gate, away) == "unknown"


@pytest.mark.parametrize(
    ("days", "wanted"), [((1,), "pass"), ((36,), "fail"), ((-5,), "unknown"), ((), "unknown")]
)
def test_freshness_is_that_of_the_newest_consistent_point(days, wanted):
    live = source(points=points(0))
    usb = place("usb", "sdb", points=points(*days))
    assert status("freshness", usb, live=live) == wanted
    # a point that is not complete makes nothing fresh
    usb = replace(usb, points=replace(usb.points, latest=NOW))
    assert status("freshness", usb, live=live) == wanted


def test_one_fresh_copy_suffices_and_max_age_is_policy():
    live = source(points=points(0))
    both = place("old", "sdb", points=points(50)), place("new", "sdc", points=points(5))
    assert status("freshness", *both, live=live) == "pass"
    assert status("freshness", *both, live=live, policy={"max_age": "4 days"}) == "fail"


@pytest.mark.parametrize(
    ("days", "wanted"),
    [((1, 2, 3, 4), "pass"), ((1, 40, 80), "fail"), ((1, 2), "unknown"), ((1,), "unknown")],
)
def test_regularity_without_a_promise_is_held_against_the_policy(days, wanted):
    assert status("regularity", place("usb", "sdb", points=points(*days))) == wanted


def test_a_job_that_stopped_is_not_regular_though_nothing_changed_since():
    live = source(points=points(90))
    usb = place("usb", "sdb", points=points(60, 65, 70, 75, 80), identical=False)
    gate = JUDGES["regularity"](view(usb, live=live, policy={"max_age": "8 days"}))
    assert gate.status.value == "fail"
    assert "is 5 days, and there is none for 60 days now" in gate.reason
    fresh = JUDGES["freshness"](view(usb, live=live, policy={"max_age": "8 days"}))
    assert fresh.status.value == "pass"
    assert fresh.reason.endswith("2026-04-02 12:00, and the source has not changed since")


def test_a_disk_in_a_drawer_gets_no_points_and_is_judged_by_the_day_it_was_seen():
    seen = {"audited": True, "last_seen": NOW - timedelta(days=40), "offline": True}
    usb = place("usb", "sdb", state=State.ABSENT_OFFLINE, points=points(41, 46, 51), **seen)
    assert status("regularity", usb, policy={"max_age": "8 days"}) == "pass"


def test_one_copy_that_misses_its_promise_fails_regularity():
    daily = measured(Schedule("cron", "/etc/cron.d/x:3", 24.0))
    good = place("good", "sdb", points=points(1, 2, 3), schedule=daily)
    late = place("late", "sdc", points=points(4, 5, 6), schedule=daily)
    assert status("regularity", good) == "pass"
    assert status("regularity", good, late) == "fail"


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        (measured(Schedule("cron", "x", 24.0)), "pass"),
        (measured(Schedule("cron", "x", 24.0 * 60)), "fail"),
        (measured(Schedule("cron", "x")), "unknown"),
        (declared(Schedule("by hand")), "fail"),
        (Fact(Schedule("by hand"), Evidence.INFERRED, "nothing names it"), "unknown"),
        (Fact(), "unknown"),
    ],
)
def test_automation_asks_for_one_scheduler(schedule, wanted):
    usb = place("usb", "sdb", schedule=schedule)
    assert status("automation", usb) == wanted
    timer = place("nas", "sdc", schedule=measured(Schedule("systemd timer", "b.timer", 24.0)))
    assert status("automation", usb, timer) == "pass"


@pytest.mark.parametrize(
    ("encrypted", "wanted"),
    [(measured(True), "pass"), (measured(False), "fail"), (Fact(), "unknown")],
)
def test_encryption_is_asked_of_copies_elsewhere(encrypted, wanted):
    away = place("away", "sdb", site="office", encrypted=encrypted)
    here = place("here", "sdc", site="home", encrypted=measured(False))
    assert status("encryption", here) == "pass"
    assert status("encryption", away, here) == wanted
    assert status("encryption", away, here, policy={"require_encryption": "none"}) == "pass"
    assert status("encryption", here, policy={"require_encryption": "all"}) == "fail"


def test_a_key_kept_only_at_the_source_fails_and_one_nobody_knows_of_is_unknown():
    locked = place("cloud", "sdb", **REPOSITORY)
    assert status("key", locked) == "unknown"
    assert status("key", place("plain", "sdc", encrypted=measured(False))) == "pass"
    named = replace(locked, domains=replace(locked.domains, key=declared("k")))
    assert status("key", named, keys={"k": Key(kept=("home",))}) == "fail"
    assert status("key", named, keys={"k": Key(kept=("source",))}) == "fail"
    assert status("key", named, keys={"k": Key(kept=("home", "mother"))}) == "pass"


def locked(name: str, on: str, key: str | None, **more) -> Location:
    found = place(name, on, **REPOSITORY, **more)
    return replace(found, domains=replace(found.domains, key=declared(key) if key else Fact()))


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [
        (("repo",), "fail"),  # like a safe that holds its own key
        (("repo", "ada"), "pass"),
        (("repo", "home"), "fail"),
        (("usb",), "pass"),
        (("twin",), "fail"),
        (("other",), "fail"),  # each keeps the key of the other
        (("closed",), "unknown"),
    ],
)
def test_a_copy_keeps_a_key_for_whoever_can_open_it(kept, wanted):
    places = (
        locked("repo", "sdb", "k"), locked("other", "sdc", "o"), place("usb", "sdd"),
        place("twin", "sda"), locked("closed", "sde", None, coverage=measured(0.1)),
    )  # fmt: skip
    keys = {"k": Key(kept=kept), "o": Key(kept=("repo",))}
    if kept != ("other",):
        keys["o"] = Key(kept=("ada",))
    assert status("key", *places, keys=keys) == wanted


def test_a_password_file_elsewhere_keeps_a_key_that_is_also_in_the_copy():
    repo = locked("repo", "sdb", "k", key_kept=declared(("/media/stick/pw",)))
    keys = {"k": Key(kept=("repo",))}
    assert status("key", repo, keys=keys) == "unknown"
    assert status("key", replace(repo, key_drives=measured((drive("sdz"),))), keys=keys) == "pass"
    inside = replace(repo, key_kept=declared(("/source/pw",)))
    assert status("key", inside, keys=keys) == "fail"


def test_that_no_copy_needs_a_key_is_said_of_those_that_count():
    def words(*places) -> str:
        return JUDGES["key"](view(*places)).reason

    assert words(place("usb", "sdb")) == "no copy needs a key"
    assert words(place("usb", "sdb"), locked("r", "sda", None)) == "no copy that counts needs a key"


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"kind": "restic", "points": points(0, 10, 31)}, "pass"),
        ({"kind": "restic", "points": points(0, 10)}, "unknown"),
        ({"kind": "restic", "retention": measured("keep daily 7, monthly 12")}, "pass"),
        ({"kind": "restic", "retention": measured("keep daily 7")}, "fail"),
        ({"kind": "s3", "retention": measured("older versions are kept for 29 days")}, "fail"),
        ({"kind": "s3", "retention": measured("older versions are kept without limit")}, "pass"),
        ({"repeats_deletions": measured(True), "points": points(0, 400)}, "fail"),
        ({"kind": "restic", "points": points(0, 400), "expires_hours": measured(24.0)}, "fail"),
        ({"kind": "directory"}, "fail"),
    ],
)
def test_retention_must_outlive_the_time_until_somebody_notices(more, wanted):
    assert status("retention", place("usb", "sdb", **more)) == wanted
    short = {"min_retention": "1 day"}
    if wanted == "fail" and "points" not in more and more["kind"] != "directory":
        assert status("retention", place("usb", "sdb", **more), policy=short) == "pass"


def test_practice_changes_neither_score_nor_exit_code():
    copies = (
        place("usb", "sdb", offline=True),
        place("away", "sdc", site="office", media="tape", host="machine:there"),
    )
    setup = Setup.from_dict({"source": {"path": "/source"}})
    audit = judge_all(setup, Inventory("t", NOW, measured("machine:here"), source(), copies))
    assert (audit.score.value, audit.exit_code) == (100, 0)
    assert audit.practice["retention"].status is Status.FAIL
    (finding,) = [found for found in audit.findings if found.rule == "retention"]
    assert "usb" in finding.message
