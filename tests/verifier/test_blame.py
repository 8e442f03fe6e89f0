"""Rot in the source is not blamed on the copy that still holds the good bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from tests.needs import needs
from tests.verifier.inventories import NOW, place, source
from tests.verifier.probes.repositories import flip, make_source
from verifier.blame import righted
from verifier.cli import app
from verifier.compared import DIFFERS
from verifier.inventory import Changes, Fact, Inventory, Sample, Suspect

ROTTEN = "2025/0.jpg"


@pytest.fixture
def audits(tmp_path):
    """A source and two copies that were audited while all was well; returns the next audit."""
    live = make_source(tmp_path / "photos")
    copies = [shutil.copytree(live, tmp_path / name) for name in ("one", "two")]
    where = [str(path) for path in (live, *copies)]
    asked = ["audit", *where, "--depth", "source", "--catalogue", str(tmp_path / "c.db"), "--json"]

    def audit():
        found = json.loads(CliRunner().invoke(app, asked).stdout)
        return found, {one["name"]: one for one in found["locations"]}

    audit.live, audit.copies = live, copies
    found, _ = audit()
    assert found["gates"]["errors"]["status"] == "pass"
    return audit


def test_rot_in_the_source_is_the_sources_damage(audits):
    flip(audits.live / ROTTEN)
    found, places = audits()
    assert [places[name]["status"] for name in ("source", "one", "two")] == ["fail", "pass", "pass"]
    assert (places["one"]["errors"], places["two"]["errors"]) == ([], [])
    (error,) = places["source"]["errors"]
    assert error.startswith(f"{ROTTEN} has other bytes than before")
    assert "the good ones are in one and two" in error
    gate = found["gates"]["errors"]
    assert (gate["status"], gate["reason"].partition(":")[0]) == ("fail", "source")
    damaged = [one["location"] for one in found["findings"] if one["rule"] == "damaged"]
    assert damaged == ["source"]
    again, _ = audits()  # and the audit after it says the same
    assert again["gates"]["errors"] == gate


def test_rot_in_a_copy_stays_the_copys(audits):
    flip(audits.copies[0] / ROTTEN)
    found, places = audits()
    assert places["one"]["errors"] == [f"{ROTTEN} {DIFFERS}"]
    assert (places["source"]["errors"], places["two"]["errors"]) == ([], [])
    assert found["gates"]["errors"]["reason"].startswith("one:")


def _changed(path, content, days=0.0):
    """Write other bytes, under the time that the file had or a later one."""
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + int(days * 86400e9)))


@pytest.mark.parametrize("content", [b"", b"x" * 12_000, b"x" * 20_001], ids=["0", "less", "more"])
def test_what_the_source_lost_under_its_time_is_the_sources_damage(audits, content):
    _changed(audits.live / ROTTEN, content)
    for _ in range(2):  # the audit after it says the same
        found, places = audits()
        told = [places[name]["status"] for name in ("source", "one", "two")]
        assert told == ["fail", "pass", "pass"]
        assert [places[name]["coverage"] for name in ("one", "two")] == [1.0, 1.0]
        (error,) = places["source"]["errors"]
        assert error.startswith(f"{ROTTEN} has {len(content)} bytes, and had 20000 under the same ")
        assert error.endswith("; what it was is in one and two.")
        assert found["gates"]["errors"]["reason"].startswith("source:")
        findings = found["findings"]
        assert [one["location"] for one in findings if one["rule"] == "damaged"] == ["source"]
        assert "unlike" not in {one["rule"] for one in findings}
        for one in findings:
            if "Repair or rewrite" in one["remediation"] or "Run the b" in one["remediation"]:
                first = "First restore the source from one and two (damaged"
                assert one["remediation"].startswith(first)


@needs("restic")
def test_a_repository_is_not_blamed_for_what_the_source_lost(tmp_path):
    live, password = make_source(tmp_path / "photos"), tmp_path / "password"
    password.write_text("hush")
    for words in (("init",), ("backup", str(live))):
        argv = ["restic", "-q", "-r", str(tmp_path / "nas"), "--password-file", str(password)]
        subprocess.run([*argv, *words], check=True, capture_output=True)
    shutil.copytree(live, tmp_path / "one")
    lines = ['name = "t"', "[source]", f'path = "{live}"', "[[locations]]", 'name = "one"']
    lines += [f'path = "{tmp_path}/one"', "[[locations]]", 'name = "nas"']
    lines += [f'path = "{tmp_path}/nas"', f'password_file = "{password}"']
    (tmp_path / "t.toml").write_text("\n".join(lines))

    def audit(*more):
        asked = ["audit", str(tmp_path / "t.toml"), "--depth", "restore", "--json", *more]
        found = json.loads(CliRunner().invoke(app, asked).stdout)
        return {one["name"]: one for one in found["locations"]}, found["findings"]

    book = ("--catalogue", str(tmp_path / "c.db"))
    audit(*book)
    flip(live / "2025/1.jpg")
    _changed(live / ROTTEN, b"")
    _changed(live / "2025/2.jpg", b"x" * 20_100)
    places, findings = audit(*book)
    assert (places["nas"]["errors"], places["one"]["errors"]) == ([], [])
    assert places["nas"]["depth"] != "restore"
    told = {error.partition(" ")[0] for error in places["source"]["errors"]}
    assert told == {ROTTEN, "2025/1.jpg", "2025/2.jpg"}
    assert ("restore-drill", "nas") in {(one["rule"], one["location"]) for one in findings}
    places, findings = audit("--no-catalogue")
    assert places["nas"]["errors"]  # of those under one size, and the one that is shorter there
    assert not any(ROTTEN in error for error in places["nas"]["errors"])
    assert [one["location"] for one in findings if one["rule"] == "unlike"] == ["one", "nas"]


def test_more_than_are_told_are_moved_too(tmp_path):
    live = tmp_path / "live"
    live.mkdir()
    for number in range(30):
        (live / f"{number:02}").write_bytes(bytes([number]) * 1000)
        (live / f"x{number:02}").write_bytes(bytes([number]) * 1000)
    copy = shutil.copytree(live, tmp_path / "one")
    asked = ["audit", str(live), str(copy), "--depth", "source", "--json"]
    asked += ["--catalogue", str(tmp_path / "c.db")]
    CliRunner().invoke(app, asked)
    for number in range(30):
        _changed(live / f"{number:02}", b"x" * 1001)  # the copy's is shorter
        flip(live / f"x{number:02}")
    found = json.loads(CliRunner().invoke(app, asked).stdout)
    source, one = found["locations"]
    assert one["errors"] == []
    assert "10 more errors of this kind." in source["errors"]
    (copy / "29").write_bytes(b"broken")  # that is its own
    found = json.loads(CliRunner().invoke(app, asked).stdout)
    assert found["locations"][1]["errors"] == ["1 more errors of this kind."]


def test_a_copy_that_changed_too_is_not_acquitted(audits):
    _changed(audits.live / ROTTEN, b"")
    _changed(audits.copies[0] / ROTTEN, b"y" * 20_000)  # as long as it was
    found, places = audits()
    assert places["one"]["errors"] == []
    (told,) = [one for one in found["findings"] if one["rule"] == "unlike"]
    assert (told["location"], told["status"]) == ("one", "unknown")
    assert places["one"]["status"] == "unknown"
    assert places["source"]["errors"][0].endswith("; what it was is in two.")


def test_a_copy_that_lost_bytes_stays_blamed(audits):
    _changed(audits.copies[0] / ROTTEN, b"x" * 12_000)
    _, places = audits()
    assert places["one"]["errors"] == [f"{ROTTEN} has 12000 bytes, the source's has 20000."]
    assert (places["source"]["errors"], places["two"]["errors"]) == ([], [])


def test_a_letter_that_was_edited_in_the_copy_is_said_to_be(audits):
    _changed(audits.copies[0] / ROTTEN, b"x" * 20_100, days=3)
    found, places = audits()
    (told,) = [one for one in found["findings"] if one["rule"] == "unlike"]
    assert "younger: changed in one since the audit of " in told["message"]
    assert places["one"]["errors"] == []
    assert found["gates"]["errors"]["status"] == "unknown"


def test_a_source_that_went_back_is_said_to_have(audits):
    _changed(audits.live / ROTTEN, b"x" * 19_000, days=-30)
    found, places = audits()
    told = [one["message"] for one in found["findings"] if one["rule"] == "unlike"]
    assert len(told) == 2
    assert all("younger: the source went back to an older version" in text for text in told)
    assert (places["one"]["errors"], places["source"]["errors"]) == ([], [])
    assert found["gates"]["errors"]["status"] == "unknown"


def _seen(suspect, *errors, **more):
    live = source(changes=Changes(NOW, NOW, suspects=(suspect,)))
    usb = place("usb", "sdb", errors=errors, **more)
    return righted(Inventory("t", NOW, Fact(), live, (usb,)))


BAD = Suspect("a", "00", "earlier audits say so", good=("usb",), bad=("source",), where="usb")


def test_other_errors_of_the_copy_stay():
    found = _seen(BAD, f"a {DIFFERS}", f"b {DIFFERS}", sample=Sample(9, 99, 2))
    assert found.locations[0].errors == (f"b {DIFFERS}",)
    assert found.locations[0].sample.bad == 1
    assert len(found.source.errors) == 1


@pytest.mark.parametrize(
    "suspect",
    [
        replace(BAD, right=""),
        replace(BAD, bad=()),
        replace(BAD, good=(), bad=("source", "usb")),
        replace(BAD, path="b"),
    ],
    ids=["nobody can tell", "the source is right", "the copy is wrong too", "another file"],
)
def test_without_a_witness_for_it_the_copy_is_blamed(suspect):
    found = _seen(suspect, f"a {DIFFERS}")
    assert (found.locations[0].errors, found.source.errors) == ((f"a {DIFFERS}",), ())
