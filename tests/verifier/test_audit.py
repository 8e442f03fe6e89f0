"""One audit from the set-up to the findings, on real folders and on broken probes."""

from __future__ import annotations

import os
import shutil
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.verifier.inventories import NOW, declared, inventory, measured, place, unread
from verifier import probes
from verifier.audit import audit, judge
from verifier.catalogue import Catalogue
from verifier.host import Host, TimedOut
from verifier.inventory import Changes, Depth, Evidence, Points, Schedule, State
from verifier.monitoring import nagios
from verifier.rules import PRACTICE_RULES, Status
from verifier.setup import Setup

LATER = datetime.now(UTC)


@pytest.fixture
def live(tmp_path):
    folder = tmp_path / "live"
    (folder / "2024").mkdir(parents=True)
    (folder / "2025").mkdir()
    for number in range(40):
        (folder / f"202{4 + number % 2}" / f"{number}.jpg").write_bytes(bytes([number]) * 1000)
    return folder


def run(live, *tables, depth=None, **more):
    setup = Setup.from_dict(
        {"name": "t", "source": {"path": str(live)}, "locations": list(tables), **more}
    )
    return audit(setup, Host(), now=LATER, depth=depth)


def copied(live, name):
    target = live.parent / name
    shutil.copytree(live, target)
    return {"name": name, "path": str(target)}


def test_a_notebook_shows_gates_and_locations(live):
    found = run(live, copied(live, "a <b>"), {"name": "gone", "path": str(live.parent / "gone")})
    frame = found.to_frame().set_index("location")
    assert list(frame.index) == ["source", "a <b>", "gone"]
    assert list(frame["counted"]) == [True, False, False]
    assert frame.loc["a <b>", "coverage"] == 1.0
    assert frame.loc["gone", "status"] == "fail"
    shown = found._repr_html_()
    assert "3 locations, 1 independent copy" in shown
    assert "offline or immutable" in shown
    assert "unknown" in shown  # files of what is not there
    assert "a &lt;b&gt;" in shown
    assert "a <b>" not in shown


def test_copies_beside_the_source_do_not_count(live):
    packed = live.parent / "photos.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(live, arcname=".")
    found = run(live, copied(live, "usb"), {"name": "tar", "path": str(packed)})
    assert (found.claimed_copies, found.independent_copies) == (3, 1)
    assert found.gates["copies"].status is Status.FAIL
    assert found.gates["errors"].status is Status.PASS
    about = [f for f in found.findings if f.rule == "same-device"]
    assert {f.location for f in about} == {"usb", "tar"}
    assert all("not independent" in f.message for f in about)
    assert [v.location.coverage.value for v in found.verdicts[1:]] == [1.0, 1.0]
    assert found.exit_code == 1


def test_a_missing_location_fails_and_the_others_are_still_audited(live):
    gone = {"name": "gone", "path": str(live.parent / "nowhere")}
    found = run(live, gone, copied(live, "usb"))
    by_name = {v.location.name: v for v in found.verdicts}
    assert by_name["gone"].status is Status.FAIL
    assert by_name["usb"].status is Status.PASS
    assert by_name["usb"].location.depth is Depth.SOURCE


def test_an_absent_offline_location_is_no_failure(live):
    away = {"name": "usb", "path": str(live.parent / "no"), "offline": True}
    away["last_seen"] = LATER - timedelta(days=10)
    found = run(live, away)
    assert found.verdicts[1].location.state is State.ABSENT_OFFLINE
    assert found.verdicts[1].status is Status.PASS
    assert found.gates["offline_or_immutable"].status is Status.PASS
    assert found.independent_copies == 1


def test_a_damaged_file_fails_errors_at_depth_bytes_and_not_at_listed(live):
    table = copied(live, "usb")
    victim = live.parent / "usb" / "2024" / "2.jpg"
    times = victim.stat()
    victim.write_bytes(b"x" * 1000)
    os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert run(live, table).gates["errors"].status is Status.FAIL
    shallow = run(live, table, depth=Depth.LISTED)
    assert shallow.gates["errors"].status is Status.UNKNOWN


def test_a_partial_copy_names_the_missing_folder(live):
    table = copied(live, "usb")
    shutil.rmtree(live.parent / "usb" / "2025")
    found = run(live, table)
    (finding,) = [f for f in found.findings if f.rule == "partial"]
    assert "50 %" in finding.message
    assert "2025" in finding.message
    assert found.verdicts[1].status is Status.FAIL


def test_a_missing_source_fails_and_nothing_counts(live):
    table = copied(live, "usb")
    found = run(live.parent / "typo", table)
    assert found.independent_copies == 0
    assert found.gates["copies"].status is Status.FAIL
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("problem", "state"),
    [
        (RuntimeError("parser met a dragon"), State.UNREADABLE),
        (TimedOut("/x", "no answer within 10 s"), State.TIMEOUT),
    ],
)
def test_a_broken_probe_ends_one_location_only(live, monkeypatch, problem, state):
    real = probes.probe

    def broken(host, target, *rest):
        if target.name == "bad":
            raise problem
        return real(host, target, *rest)

    monkeypatch.setattr(probes, "probe", broken)
    bad = {"name": "bad", "path": str(live)}
    found = run(live, bad, copied(live, "usb"))
    assert found.verdicts[1].location.state is state
    assert found.verdicts[1].status is Status.UNKNOWN
    assert str(problem).rpartition(": ")[2] in found.verdicts[1].reason
    assert found.verdicts[2].status is Status.PASS


def _judged(*locations, accept=()):
    setup = Setup.from_dict(
        {
            "source": {"path": "/source"},
            "locations": [{"name": one.name, "path": f"/{one.name}"} for one in locations],
            "accept": list(accept),
        }
    )
    return judge(setup, inventory(*locations))


def test_an_accepted_finding_stays_visible_and_returns_when_it_ends():
    usb = place("usb", "sda")

    def finding(until):
        rule = {"rule": "same_device", "location": "usb", "reason": "spring", "until": until}
        found = _judged(usb, accept=[rule])
        assert found.gates["copies"].status is Status.FAIL
        (one,) = [f for f in found.findings if f.rule == "same-device"]
        return one

    assert "spring" in finding(NOW.date()).accepted
    ended = finding(NOW.date() - timedelta(days=1))
    assert ended.accepted == ""
    assert "accepted until" in ended.message


def test_an_acceptance_covers_its_own_location_only():
    locations = (place("one", "sda"), place("two", "sda"))
    accept = [{"rule": "same-device", "location": "one", "reason": "known"}]
    found = _judged(*locations, accept=accept)
    accepted = {f.location: bool(f.accepted) for f in found.findings if f.rule == "same-device"}
    assert accepted == {"one": True, "two": False}


OLD = Points(1, NOW - timedelta(days=400), NOW - timedelta(days=400))
BY_HAND = declared(Schedule("by hand"))
NIGHTLY = measured(Schedule("cron", "crontab:1", 24.0))
MISSED = Points.at(NOW - timedelta(days=days) for days in (1, 2, 9, 16))


@pytest.mark.parametrize(
    ("rule", "gate", "location", "told"),
    [
        ("fresh", "freshness", place("usb", "sdb", points=OLD), "stale"),
        ("automatic", "automation", place("usb", "sdb", schedule=BY_HAND), "irregular"),
        ("regular", "regularity", place("usb", "sdb", schedule=NIGHTLY, points=MISSED),
         "irregular"),
        ("key_kept", "key", place("usb", "sdb", encrypted=measured(True),
                                  key_kept=measured(("/source/password",))), "same-key"),
    ],
)  # fmt: skip
def test_practice_that_is_accepted_stays_visible_and_returns_when_it_ends(
    rule, gate, location, told
):
    bare = _judged(location)
    assert bare.practice[gate].status is Status.FAIL
    assert bare.practice[gate].accepted == ""
    accept = {"rule": rule, "reason": "until the move", "until": NOW.date()}
    found = _judged(location, accept=[accept])
    assert found.practice[gate].status is Status.FAIL
    assert "until the move" in found.practice[gate].accepted
    assert found.exit_code == bare.exit_code
    open_rules = {one.rule for one in found.findings if not one.accepted}
    assert told in {one.rule for one in bare.findings if not one.accepted}
    assert told not in open_rules
    assert rule.replace("_", "-") in {one.rule for one in found.findings if one.accepted}
    past = {**accept, "until": NOW.date() - timedelta(days=1)}
    ended = _judged(location, accept=[past])
    assert ended.practice[gate].accepted == ""
    (back,) = [one for one in ended.findings if one.rule == told and one.location in (None, "usb")]
    assert not back.accepted
    assert "It was accepted until" in back.message


def test_living_with_hands_is_not_living_with_missed_runs():
    late = place("usb", "sdb", schedule=NIGHTLY, points=MISSED)
    found = _judged(late, accept=[{"rule": "automatic", "reason": "by hand"}])
    (missed,) = [one for one in found.findings if one.rule == "irregular"]
    assert missed.accepted == ""


def test_nagios_does_not_warn_of_what_is_lived_with():
    places = (
        place("usb", "sdb", site="office", media="ssd", schedule=BY_HAND, offline=True),
        place("disk", "sdc", schedule=BY_HAND, points=Points.at(
            NOW - timedelta(days=days) for days in (1, 2, 3))),
    )  # fmt: skip
    waits = [one.gate for one in PRACTICE_RULES if _judged(*places).practice[one.gate].status
             is Status.FAIL]  # fmt: skip
    assert "automation" in waits
    accept = [{"rule": one.rule.id, "reason": "known"} for one in PRACTICE_RULES]
    bare, lived = _judged(*places), _judged(*places, accept=accept)
    assert bare.exit_code == lived.exit_code == 0
    assert (nagios([bare])[1], nagios([lived])[1]) == (1, 0)


def test_exit_codes_follow_the_gates():
    good = (
        place("usb", "sdb", offline=True),
        place("tape", "st0", media="tape", site="office", host="machine:there"),
    )
    assert _judged(*good).exit_code == 0
    assert _judged(*good).score.value == 100
    assert _judged(*good, unread("more", State.TIMEOUT)).exit_code == 3
    assert _judged(good[0], replace(good[1], errors=("torn.",))).exit_code == 1


def _gone(files):
    return Changes(NOW - timedelta(days=1), NOW, files=200, gone=files)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (_gone(200), 1),
        (Changes(NOW - timedelta(days=1), NOW, files=200, changed=200), 3),  # nobody looked into
        (_gone(3), 0),
    ],
)
def test_an_alarm_counts_like_a_gate_though_all_five_pass(changes, code):
    tape = place("tape", "st0", media="tape", site="office", host="machine:there")
    hit = place("usb", "sdb", offline=True, changes=changes)
    found = _judged(hit, tape)
    assert all(gate.status is Status.PASS for gate in found.gates.values())
    assert found.score.value == 100
    assert found.exit_code == code
    assert [one.rule for one in found.alarms] == ["mass-change"] * bool(code)
    accept = {"rule": "mass-change", "location": "usb", "reason": "old projects"}
    lived = _judged(hit, tape, accept=[accept])
    assert lived.exit_code == 0
    assert [one.accepted for one in lived.findings if one.rule == "mass-change"] == [
        "accepted: old projects"
    ] * bool(code)


def test_a_catalogue_that_cannot_be_used_leaves_drift_unknown(tmp_path, live):
    broken = tmp_path / "c.db"
    broken.write_bytes(b"no database" * 1000)
    setup = Setup.from_dict({"source": {"path": str(live)}})
    found = audit(setup, Host(), now=LATER, catalogue=Catalogue(broken))
    (alarm,) = found.alarms
    assert (alarm.rule, alarm.status) == ("uncompared", Status.UNKNOWN)
    assert f"would not show: the catalogue {broken} cannot be used: " in alarm.message
    assert audit(setup, Host(), now=LATER, catalogue=Catalogue(tmp_path / "new.db")).alarms == ()
    assert audit(setup, Host(), now=LATER).alarms == ()


def test_the_medium_of_the_source_can_be_declared_where_it_cannot_be_measured(live):
    setup = Setup.from_dict({"source": {"path": str(live), "media": "hdd"}})
    seen = audit(setup, Host(), now=LATER).inventory.source.media_type
    bare = audit(Setup.from_dict({"source": {"path": str(live)}}), Host(), now=LATER)
    if bare.inventory.source.media_type.value is None:
        assert (seen.value, seen.evidence) == ("hdd", Evidence.DECLARED)
    else:
        assert seen == bare.inventory.source.media_type
