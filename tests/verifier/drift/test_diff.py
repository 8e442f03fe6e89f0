"""Two runs against each other: what is said first, exit codes, messages; rot and its copies."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from riskmodel.errors import InputError
from tests.verifier.drift.books import DAY, MemoryBook, audited, seen
from tests.verifier.inventories import NOW, measured, place, source
from tests.verifier.inventories import view as view_of_places
from verifier.catalogue import Catalogue
from verifier.cli import app
from verifier.diff_text import diff_document, diff_text
from verifier.diffing import diffs, exit_code
from verifier.drift import Level, alarm, usual_limit
from verifier.files import table
from verifier.host import Host
from verifier.inventory import Changes, Fact, Inventory, Past, Points, State
from verifier.probes.directory import read_manifest
from verifier.rules import FINDING_RULES, Status, view_of
from verifier.setup import Policy

RULES = {rule.rule.id: rule.judge for rule in FINDING_RULES}
FACTS = {"a.jpg": (9, 10), "b.jpg": (8, 10)}
GOOD, BAD = b"good", b"rotten"


def test_a_single_run_is_said_to_be_one():
    book = MemoryBook()
    book.add({"source": seen("source", FACTS)})
    (found,) = diffs(book)
    assert exit_code([found]) == 3
    assert "only one audit is kept" in diff_text(found)
    assert diff_document(found)["from"] is None


def test_equal_runs_have_nothing_suspicious_and_say_how_far_that_reaches():
    book = MemoryBook()
    for _ in range(2):
        book.add({"source": seen("source", FACTS, {"a.jpg": GOOD}), "usb": seen("usb", FACTS)})
    (found,) = diffs(book)
    assert exit_code([found]) == 0
    text = diff_text(found)
    assert "Nothing suspicious in what could be compared." in text
    assert "rot would show in 1 files" in text
    assert "no unchanged file was read for both runs" in text


def _rotten(usb_first=GOOD, usb_now=GOOD, nas=GOOD):
    book = MemoryBook()
    runs = [(GOOD, usb_first), (BAD, usb_now)]
    for live, copy in runs:
        book.add(
            {
                "source": seen("source", FACTS, {"a.jpg": live}),
                "usb": seen("usb", FACTS, {"a.jpg": copy} if copy else {}),
                "nas": seen("nas", FACTS, {"a.jpg": nas} if nas else {}),
            }
        )
    return book


def test_rot_comes_first_with_the_copy_that_is_right():
    (found,) = diffs(_rotten())
    assert exit_code([found]) == 1
    (finding,) = found.findings
    assert (finding.rule, finding.location, finding.status) == (
        "suspected-rot", "source", Status.FAIL,
    )  # fmt: skip
    assert "a.jpg (the good bytes are in nas and usb:" in finding.message
    assert "1 suspected rot" in diff_text(found)


def test_rot_that_spread_into_a_newer_copy_is_named_in_both():
    (found,) = diffs(_rotten(usb_now=BAD, nas=GOOD))
    assert {one.location for one in found.findings} == {"source", "usb"}
    assert all("the wrong bytes have spread" in one.message for one in found.findings)


def test_a_tie_is_suspicious_and_unknown():
    book = MemoryBook()
    for _ in range(2):
        book.add(
            {
                "source": seen("source", FACTS, {"a.jpg": GOOD}),
                "usb": seen("usb", FACTS, {"a.jpg": BAD}),
            }
        )
    (found,) = diffs(book)
    assert {one.status for one in found.findings} == {Status.UNKNOWN}
    assert "a tie" in found.findings[0].message
    assert exit_code([found]) == 1


def test_many_suspects_are_judged_in_part_and_counted_in_full():
    facts = {f"p{n:04}": (9, 10) for n in range(900)}
    book = MemoryBook()
    for content in (GOOD, BAD):
        book.add({"source": seen("source", facts, dict.fromkeys(facts, content))})
    (found,) = diffs(book)
    assert "900 files of source" in found.findings[0].message
    assert "897 more" in found.findings[0].message
    names = found.places[0].files["rotten"]
    assert (names.count, len(names.names)) == (900, 20)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"since": "9"}, "there is no run 9; known: 1 "),
        ({"since": "soon"}, "no run number and no date"),
        ({"since": "1999-01-01"}, "no run is as old as 1999-01-01"),
        ({"since": "2", "until": "1"}, "younger than run 1"),
        ({"since": "2", "until": "2"}, "are both run 2"),
        ({"location": "usx"}, "did you mean 'usb'"),
        ({"datasets": ["photo"]}, "did you mean 'photos'"),
    ],
)
def test_a_wrong_word_gets_one_clear_message(options, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        diffs(_rotten(), **options)


def test_dates_name_the_last_run_of_the_day_or_before():
    book = MemoryBook()
    for _ in range(5):
        book.add({"source": seen("source", FACTS)})
    (found,) = diffs(book, since=f"{NOW + 2 * DAY:%Y-%m-%d}", until=f"{NOW + 4 * DAY:%Y-%m-%d}")
    assert (found.before.number, found.now.number) == (2, 4)


def test_a_location_that_was_away_is_not_compared_and_that_is_no_alarm():
    book = MemoryBook()
    book.add({"source": seen("source", FACTS), "usb": seen("usb", FACTS)})
    away = seen("usb", {}, state=State.ABSENT_OFFLINE, reason="not plugged in")
    book.add({"source": seen("source", FACTS), "usb": replace(away, files=None)})
    (found,) = diffs(book)
    assert exit_code([found]) == 0
    assert "usb: not compared: not plugged in" in diff_text(found)
    gone = replace(away.location, state=State.UNREADABLE, reason="an I/O error")
    book.add({"source": seen("source", FACTS), "usb": replace(away, location=gone, files=None)})
    assert exit_code(diffs(book)) == 3


def _past(name, days, newest, **more):
    return Past(NOW - timedelta(days=days), name, NOW - timedelta(days=newest), **more)


def _stopped(copy, past):
    live = source(points=Points(1, NOW, NOW))
    inventory = Inventory("photos", NOW, Fact(), live, (copy,), tuple(past))
    return list(RULES["stopped"](view_of(inventory, Policy())))


def test_a_copy_that_stands_still_while_the_source_goes_on_has_stopped():
    then = NOW - timedelta(days=8)
    copy = place("nas", "b", points=Points(1, then, then), identical=False)
    past = [_past("source", day, day) for day in (7, 5, 3)]
    past += [_past("nas", day, 8) for day in (7, 5, 3)]
    (found,) = _stopped(copy, past)
    assert found.status is Status.FAIL
    assert "4 audits over 7 d" in found.message
    still = [_past("source", day, 0) if one.location == "source" else one
             for one in past for day in [(NOW - one.at).days]]  # fmt: skip
    assert _stopped(copy, still) == []  # the source stood still as well
    assert _stopped(copy, past[1:3] + past[4:]) == []  # too few audits to tell


def test_points_that_shrink_or_vanish_are_noticed():
    copy = place("nas", "b", kind="restic", size_bytes=500, points=Points(9, NOW, NOW))
    past = [_past("nas", day, day, size_bytes=size, count=9)
            for day, size in ((4, 1000), (3, 800), (2, 700), (1, 600))]  # fmt: skip
    (found,) = _stopped(copy, past)
    assert "smaller and smaller" in found.message
    fewer = replace(copy, size_bytes=2000, points=Points(3, NOW, NOW))
    (found,) = _stopped(fewer, past)
    assert (found.status, "no retention is known" in found.message) == (Status.UNKNOWN, True)
    kept = replace(fewer, retention=measured("keep daily 7, weekly 4"))
    assert _stopped(kept, past)[0].status is Status.FAIL
    assert _stopped(replace(fewer, retention=measured("keep last 3")), past) == []


def test_a_dataset_without_earlier_audits_has_no_drift():
    judged = view_of_places(place("nas", "b"))
    assert [list(RULES[name](judged)) for name in ("stopped", "mass-change", "suspected-rot")] == [
        [], [], [],
    ]  # fmt: skip


def _changes(share, day):
    at = NOW + day * DAY
    return Changes(at - DAY, at, files=100_000, gone=round(share * 100_000))


@pytest.mark.parametrize("runs", [5, 10, 19])
def test_an_alarm_by_numbers_alone_is_false_at_most_once_in_n_and_one_runs(runs):
    draw = random.Random(runs)
    trials = 600
    alarms = 0
    for _ in range(trials):
        shares = [min(0.95, draw.lognormvariate(-2.0, 1.0)) for _ in range(runs + 1)]
        *earlier, now = (_changes(share, day) for day, share in enumerate(shares))
        limit, _ = usual_limit(now, earlier, lambda one: one.gone / one.files)
        exceeded = now.gone / now.files > limit
        alarms += exceeded
        found = alarm(now, earlier)
        assert (found is not None and found.level >= Level.WARNING) == exceeded
    expected = 1 / (runs + 1)
    assert alarms / trials < expected + 3 * (expected / trials) ** 0.5


def test_the_command_finds_rot_in_a_real_catalogue(tmp_path):
    """As audits with a reader keep it: digests go in through the store of the catalogue."""
    live = tmp_path / "photos"
    live.mkdir()
    (live / "a.jpg").write_bytes(b"one")
    (live / "b.jpg").write_bytes(b"two")
    where = str(tmp_path / "c.db")
    for number, content in enumerate((GOOD, BAD)):
        book = Catalogue(where)
        at = NOW + number * DAY
        record = book.record(host="h", dataset="photos", source=str(live), at=at)
        listed = table(read_manifest(Host(), str(live)).files)
        record.listed(str(live), listed)
        row = np.array([listed.row("a.jpg")])
        digest = np.frombuffer(hashlib.blake2s(content).digest(), np.uint8).reshape(1, 32)
        record.keep(str(live), listed, row, digest, np.array([number + 1]))
        here = replace(source(), address=str(live), real_path=str(live), files=2)
        record.saw(here)
        book.remember(Inventory("photos", at, Fact(), here, ()))
    run = CliRunner().invoke(app, ["diff", "--catalogue", where, "--json"])
    assert run.exit_code == 1, run.output
    found = json.loads(run.stdout)
    (suspect,) = found["locations"][0]["changes"]["suspects"]
    assert suspect["path"] == "a.jpg"
    assert suspect["right"] == hashlib.blake2s(GOOD).hexdigest()
    assert found["findings"][0]["rule"] == "suspected-rot"


def test_an_audit_with_a_catalogue_shows_an_attack_unasked(tmp_path):
    live, copy = tmp_path / "photos", tmp_path / "usb"
    live.mkdir()
    for number in range(30):
        (live / f"n{number}.txt").write_text(f"a note of day {number}\n" * 40)
    copy.mkdir()
    asked = ["audit", str(live), str(copy), "--depth", "listed", "--json"]
    asked += ["--catalogue", str(tmp_path / "c.db")]
    first = CliRunner().invoke(app, asked)
    assert "mass-change" not in first.stdout
    for path in live.iterdir():
        path.with_name(path.name + ".locked").write_bytes(random.Random(path.name).randbytes(900))
        path.unlink()
    second = json.loads(CliRunner().invoke(app, asked).stdout)
    worst = second["findings"][0]
    assert (worst["rule"], worst["severity"], worst["location"]) == (
        "mass-change",
        "high",
        "source",
    )
    diff = CliRunner().invoke(app, ["diff", "photos", "--catalogue", str(tmp_path / "c.db")])
    assert diff.exit_code == 1
    assert "looks like ransomware" in diff.stdout


def _notes(folder, copy="usb"):
    """Notes and a copy of them, and the words that audit them with a catalogue."""
    live = folder / "photos"
    live.mkdir()
    for number in range(30):
        (live / f"n{number}.txt").write_text(f"a note of day {number}\n" * 40)
    shutil.copytree(live, folder / copy)
    file = folder / "photos.toml"
    file.write_text(f'name = "photos"\n[source]\npath = "{live}"\n')
    with file.open("a") as more:
        more.write(f'[[locations]]\nname = "usb"\npath = "{folder / copy}"\n')
    return ["audit", str(file), "--depth", "listed", "--json", "--catalogue"], file


def _said(words, rule):
    run = CliRunner().invoke(app, words)
    return run.exit_code, [one for one in json.loads(run.stdout)["findings"] if one["rule"] == rule]


def test_an_estimate_between_two_audits_does_not_swallow_an_attack(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    book = str(tmp_path / "state" / "threetwoone" / "catalogue.db")
    asked, file = _notes(tmp_path)
    CliRunner().invoke(app, [*asked, book])
    for path in (tmp_path / "photos").iterdir():
        path.write_bytes(random.Random(path.name).randbytes(900))
    run = CliRunner().invoke(app, ["layout", str(file)])
    assert "looks like ransomware" in run.stderr
    assert run.exit_code == 1
    _, (found,) = _said([*asked, book], "mass-change")
    assert "looks like ransomware" in found["message"]


def test_a_renamed_set_up_says_once_that_history_begins_anew(tmp_path):
    asked, file = _notes(tmp_path)
    asked.append(str(tmp_path / "c.db"))
    assert _said(asked, "uncompared")[1] == []
    file.write_text(file.read_text().replace('name = "photos"', 'name = "pictures"'))
    _, (found,) = _said(asked, "uncompared")
    assert (found["status"], found["severity"]) == ("pass", "note")
    assert found["message"] == (
        "No earlier audit of 'pictures' is kept; 'photos' has the same source: history begins anew."
    )
    assert _said(asked, "uncompared")[1] == []
    (tmp_path / "photos").rename(tmp_path / "moved")
    file.write_text(file.read_text().replace(f"{tmp_path}/photos", f"{tmp_path}/moved"))
    _, (found,) = _said(asked, "uncompared")
    assert f"'pictures' at {tmp_path}/moved is kept; those of {tmp_path}/photos" in found["message"]


def test_an_audit_judges_rot_with_the_copies_of_earlier_audits():
    book = MemoryBook()
    drawer = seen("drawer", FACTS, {"a.jpg": GOOD})
    audited(book, _real(seen("source", FACTS, {"a.jpg": GOOD})), drawer)
    found = audited(book, _real(seen("source", FACTS, {"a.jpg": BAD})))
    (finding,) = RULES["suspected-rot"](view_of(found, Policy()))
    assert "the good bytes are in drawer on " in finding.message


def _real(one):
    return replace(one, location=replace(one.location, real_path="/source"))


class _CountingBook(MemoryBook):
    """Counts how often the files of a location are asked for, which a catalogue reads each time."""

    asked = 0

    def seen(self, run):
        book = self

        class Counted(dict):
            def __getitem__(self, name):
                book.asked += 1
                return super().__getitem__(name)

        return Counted(super().seen(run))


def test_many_suspects_ask_for_no_more_lists_than_one():
    asked = []
    for count in (1, 40):
        names = [f"{number}.jpg" for number in range(count)]
        facts = dict.fromkeys(names, (9, 10))
        book = _CountingBook()
        for content in (GOOD, BAD):
            contents = dict.fromkeys(names, content)
            book.add({name: seen(name, facts, contents) for name in ("source", "usb")})
        (found,) = diffs(book)
        assert all(f"{number}.jpg" in diff_text(found) for number in range(min(count, 3)))
        asked.append(book.asked)
    assert asked[0] == asked[1]
