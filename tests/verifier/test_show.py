"""Audits in words: the headline, the reasons, what shares what, what to do."""

from __future__ import annotations

import json

from tests.verifier.inventories import UNKNOWN, inventory, measured, place, unread
from verifier import show
from verifier.audit import judge
from verifier.inventory import Schedule, State
from verifier.rules import Finding, Severity, Status
from verifier.setup import Setup


def judged(*locations, accept=()):
    tables = [{"name": one.name, "path": f"/{one.name}"} for one in locations]
    raw = {"source": {"path": "/source"}, "locations": tables, "accept": list(accept)}
    return judge(Setup.from_dict(raw), inventory(*locations))


def test_headlines_count_locations_and_independent_copies():
    assert show.headline(judged()) == "1 location, 1 independent copy"
    assert show.headline(judged(place("a", "sda"))) == "2 locations, 1 independent copy"
    both = judged(place("a", "sdb"), place("b", "sdb"))
    assert show.headline(both) == "3 locations, 2 independent copies"


def test_the_short_line_marks_the_unknown():
    lines = show.text(judged(place("usb", "sdb"), unread("cloud", State.TIMEOUT))).splitlines()
    assert lines[1].startswith("3-2-1: copies 2/3 (?), media 1/2 (?), offsite 0/1")


def test_shared_parts_and_doubts_are_said_in_plain_words():
    text = show.text(judged(place("usb", "sda"), place("odd", None)))
    assert "source and usb share drive sda (Model sda)" in text
    assert "odd and each of source and usb: nobody can tell whether they are independent" in text


def test_schedules_and_doubts_in_a_narrow_terminal():
    daily = measured(Schedule("cron", "/etc/cron.d/b:3", 24.0))
    places = [place("usb", "sdb", schedule=daily), place("a-very-long-name-of-a-location", None)]
    text = show.text(judged(*places), 80)
    assert "usb: cron, every 1 day (/etc/cron.d/b:3)" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    rows = [line for line in text.splitlines() if " directory " in line]
    assert len(rows) == 3
    assert all(line.endswith("source") for line in rows)


def test_declared_facts_show_as_declared():
    text = show.text(judged(place("usb", "sdb", offline=True)))
    (line,) = [line for line in text.splitlines() if "1 offline or immutable" in line]
    assert "pass (declared)" in line


def test_accepted_findings_stay_in_sight_and_leave_the_list_of_things_to_do():
    accept = [{"rule": "same-device", "location": "usb", "reason": "known since May"}]
    text = show.text(judged(place("usb", "sda"), accept=accept))
    assert "known since May" in text
    assert "Move one of them to a drive of its own." not in text
    assert "Move one of them to a drive of its own." in show.text(judged(place("usb", "sda")))


def test_documents_are_plain_json_whatever_is_unknown():
    bare = place("odd", None, media=None, host=None, coverage=UNKNOWN, depth=None)
    found = show.document(judged(bare, unread("gone", State.MISSING)))
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again == found
    odd = found["locations"][1]
    assert (odd["media_type"], odd["coverage"], odd["domains"]["drives"]) == (None, None, None)
    assert found["at"] == "2026-06-01T12:00:00Z"


def test_messages_that_differ_in_a_name_only_are_told_once():
    def note(location, message):
        return Finding("x", Status.PASS, Severity.NOTE, location, message, "")

    found = [
        note("usb", "Nothing writes to usb: is it fed by hand?"),
        note("nas", "Nothing writes to nas: is it fed by hand?"),
        note("tar", "tar is old."),
        note("us", "Nothing of us but us."),
        note(None, "All is said."),
    ]
    assert list(show._together(found)) == [
        "Nothing writes to usb and nas: is it fed by hand?",
        "tar is old.",
        "Nothing of us but us.",
        "All is said.",
    ]
