"""Rot in the source is not blamed on the copy that still holds the good bytes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

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
