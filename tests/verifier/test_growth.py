"""How the work of an audit grows with its locations, counted in steps and not by a clock."""

from __future__ import annotations

import cProfile
import pstats
from datetime import UTC, datetime

import pytest

from tests.verifier.inventories import inventory, place
from verifier import show
from verifier.audit import audit as audited
from verifier.audit import judge
from verifier.catalogue import Catalogue
from verifier.document import document
from verifier.host import Host
from verifier.inventory import Depth
from verifier.setup import Setup, bare_setup
from verifier.sharing import sharing, sharing_in_words

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SITES = {f"s{number}": {"location": [number % 80, number % 170]} for number in range(250)}
SETUP = Setup.from_dict({"source": {"path": "/source"}, "sites": {"home": {}, **SITES}})


def folders(base, count):
    """Return a set-up of a tree and copies of it."""
    for name in ("live", *map(str, range(count))):
        (base / name).mkdir(parents=True)
        (base / name / "file").write_bytes(b"x")
    return bare_setup(str(base / "live"), [str(base / str(number)) for number in range(count)])


def looks(base, count, monkeypatch):
    """Audit so many folders; return how often the system was asked, and which programs ran."""
    asked, ran = [], []
    within, run = Host._within, Host.run
    with monkeypatch.context() as patch:
        patch.setattr(Host, "_within", lambda self, *a: asked.append(1) or within(self, *a))
        patch.setattr(Host, "run", lambda self, argv, **k: ran.append(argv) or run(self, argv, **k))
        book = Catalogue(base / "book.db")
        found = audited(folders(base, count), Host(), now=NOW, depth=Depth.LISTED, catalogue=book)
    assert found.claimed_copies == count + 1
    return len(asked), [argv for argv in ran if argv[0] == "lsblk"]


def test_a_location_more_costs_the_same_whatever_their_number(tmp_path, monkeypatch):
    few, once = looks(tmp_path / "few", 5, monkeypatch)
    middle, _ = looks(tmp_path / "middle", 10, monkeypatch)
    many, again = looks(tmp_path / "many", 15, monkeypatch)
    assert many - middle <= 1.1 * (middle - few)
    assert len(once) <= 3 >= len(again)  # devices are listed once a minute


def spread(count):
    return [place(f"n{n}", f"d{n // 3}", site=f"s{n % 250}", host=f"machine:{n % 9}",
                  media=("hdd", "tape", None)[n % 3], offline=n % 4 == 0)
            for n in range(count)]  # fmt: skip


def in_one_place(count):
    return [place(f"n{n}", "sda", site="home") for n in range(count)]


def untold(count):
    return [place(f"n{n}", None, site=f"s{n}") for n in range(count)]


def apart(count):
    return [place(f"n{n}", f"d{n}", site=f"s{n}", host=f"machine:{n}") for n in range(count)]


@pytest.mark.parametrize("made", [spread, in_one_place, untold, apart])
def test_judging_compares_each_with_each_and_does_no_more(made):
    """Twice as many are four times as many pairs; eight times the calls would be triples."""

    def calls(count):
        found = inventory(*made(count))
        profile = cProfile.Profile()
        profile.enable()
        judged = judge(SETUP, found)
        document(judged)
        show.text(judged)
        sharing_in_words(sharing(judged.view))
        profile.disable()
        return pstats.Stats(profile).total_calls

    calls(10)  # what is made once
    assert calls(120) <= 4.4 * calls(60)
