"""What an earlier audit saw of a disk that is away; and that a broken catalogue ends no audit."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.needs import NOT_HERE
from tests.verifier.inventories import NOW, inventory, place
from verifier.audit import audit, judge
from verifier.catalogue import SCHEMA, Catalogue, CatalogueError, default_path
from verifier.diffing import diffs
from verifier.host import Host
from verifier.inventory import Depth, Points, State
from verifier.rules import Status
from verifier.setup import Setup

THEN = datetime.now(UTC)


@pytest.fixture
def disk(tmp_path):
    """A source, and a whole copy of it on a disk that can be unplugged."""
    (tmp_path / "live").mkdir()
    for number in range(5):
        (tmp_path / "live" / f"{number}").write_bytes(b"x" * 100)
    shutil.copytree(tmp_path / "live", tmp_path / "mnt" / "usb")
    return tmp_path


def setup(disk, **more):
    usb = {"name": "usb", "path": str(disk / "mnt" / "usb"), "offline": True, **more}
    return Setup.from_dict(
        {"name": "t", "source": {"path": str(disk / "live")}, "locations": [usb]}
    )


def run(disk, days=0, **more):
    book = Catalogue(disk / "state" / "catalogue.db")
    now = THEN + timedelta(days=days)
    told: list[str] = []
    found = audit(setup(disk, **more), Host(), now=now, catalogue=book, complain=told.append)
    return found, book, told


def unplug(disk, *, empty):
    shutil.rmtree(disk / "mnt" / "usb")
    if empty:
        (disk / "mnt" / "usb").mkdir()


@pytest.mark.parametrize("empty", [False, True])
def test_an_unplugged_disk_counts_with_the_date_of_its_last_audit(disk, empty):
    run(disk)
    unplug(disk, empty=empty)
    soon, _, _ = run(disk, days=20)
    usb = soon.inventory.locations[0]
    assert (usb.state, usb.audited, usb.last_seen) == (State.ABSENT_OFFLINE, True, THEN)
    assert (usb.files, usb.coverage.value, usb.depth) == (5, 1.0, Depth.SOURCE)
    assert soon.verdicts[1].status is Status.PASS
    assert f"last audited {THEN:%Y-%m-%d}" in soon.verdicts[1].reason
    assert soon.gates["errors"].status is Status.PASS
    late, _, _ = run(disk, days=120)
    assert late.verdicts[1].status is Status.UNKNOWN
    assert not late.verdicts[1].counted


def test_a_disk_of_its_own_still_counts_as_a_copy_while_it_is_away():
    usb = place("usb", "sdb", offline=True, state=State.ABSENT_OFFLINE, audited=True)

    raw = {"source": {"path": "/source"}, "locations": [{"name": "usb", "path": "/usb"}]}

    def judged(days):
        away = NOW - timedelta(days=days)
        points = Points.at([away - timedelta(days=1)])
        return judge(Setup.from_dict(raw), inventory(replace(usb, last_seen=away, points=points)))

    assert judged(20).independent_copies == 2
    assert judged(20).gates["offline_or_immutable"].status is Status.PASS
    assert judged(120).independent_copies == 1
    assert judged(120).gates["copies"].status is not Status.PASS


def test_a_disk_that_was_partial_is_still_partial_when_it_is_away(disk):
    (disk / "mnt" / "usb" / "0").unlink()
    run(disk)
    unplug(disk, empty=False)
    soon, _, _ = run(disk, days=20)
    assert soon.verdicts[1].status is Status.FAIL
    assert "80 %" in soon.verdicts[1].reason


def test_nothing_is_recalled_for_other_places_and_later_declarations(disk):
    run(disk)
    unplug(disk, empty=False)
    later = (THEN + timedelta(days=30)).date().isoformat()
    found, _, _ = run(disk, days=40, last_seen=later)
    assert not found.inventory.locations[0].audited
    moved, _, _ = run(disk, path=str(disk / "mnt" / "other"))
    assert not moved.inventory.locations[0].audited


def test_the_newest_sighting_is_the_one_that_is_recalled(disk):
    for days in (0, 5):
        run(disk, days=days)
    unplug(disk, empty=False)
    found, book, _ = run(disk, days=9)
    assert found.inventory.locations[0].last_seen == THEN + timedelta(days=5)
    assert [one.at for one in book.runs("t")] == [THEN + timedelta(days=n) for n in (0, 5, 9)]
    with sqlite3.connect(disk / "state" / "catalogue.db") as raw:
        (mode,) = raw.execute("PRAGMA journal_mode").fetchone()
        (version,) = raw.execute("SELECT version FROM schema_version").fetchone()
    raw.close()
    assert (mode, version) == ("wal", SCHEMA)


@pytest.mark.parametrize("damage", ["garbage", "newer", "row", "folder"])
def test_an_audit_goes_on_without_a_catalogue_that_cannot_be_used(disk, damage):
    first, _, _ = run(disk)
    unplug(disk, empty=False)
    file = disk / "state" / "catalogue.db"
    if damage == "garbage":
        file.write_bytes(b"no database at all" * 100)
    elif damage == "folder":
        shutil.rmtree(disk / "state")
        file.mkdir(parents=True)
    else:
        change = "UPDATE schema_version SET version = 99"
        change = change if damage == "newer" else "UPDATE sightings SET document = '{\"name\": 3}'"
        with sqlite3.connect(file) as raw:
            raw.execute(change)
        raw.close()
    found, book, told = run(disk, days=1)
    assert found.verdicts[1].status is Status.UNKNOWN
    (line,) = told
    assert str(file) in line
    assert "\n" not in line
    if damage in {"garbage", "newer", "folder"}:
        with pytest.raises(CatalogueError):
            book.remember(first.inventory)


def test_a_locked_catalogue_is_told_in_time(disk):
    first, book, _ = run(disk)
    raw = sqlite3.connect(disk / "state" / "catalogue.db", isolation_level=None)
    raw.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CatalogueError, match="locked"):
        book.remember(first.inventory)
    raw.close()


@pytest.fixture
def read_only(tmp_path):
    """A folder, and what makes it one that nothing can be written to, whoever asks."""
    folder = tmp_path / "medium"
    folder.mkdir()
    mounted = os.geteuid() == 0
    if mounted and subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=False).returncode:
        pytest.skip(f"{NOT_HERE}mount")

    def close():
        remount = ["mount", "-o", "remount,ro", str(folder)]
        subprocess.run(remount if mounted else ["chmod", "555", str(folder)], check=True)

    yield folder, close
    subprocess.run(["umount", folder] if mounted else ["chmod", "755", folder], check=True)


def test_a_catalogue_on_a_medium_that_is_read_only_can_be_read(disk, read_only):
    folder, close = read_only
    run(disk)
    (disk / "live" / "0").write_bytes(b"y" * 100)
    run(disk, days=1)
    shutil.copy(disk / "state" / "catalogue.db", folder)
    close()
    book = Catalogue(folder / "catalogue.db")
    (found,) = diffs(book)
    assert found.places[0].changes.changed == 1
    told: list[str] = []
    now = THEN + timedelta(days=2)
    judged = audit(setup(disk), Host(), now=now, catalogue=book, complain=told.append)
    assert [one.rule for one in judged.alarms] == ["uncompared"]
    (line,) = told
    assert "readonly" in line


def test_a_log_that_cannot_be_read_is_no_older_answer(disk, read_only):
    folder, close = read_only
    _, book, _ = run(disk)
    book._database.hold()  # what is kept now stays in the log
    run(disk, days=1)
    for name in ("catalogue.db", "catalogue.db-wal"):
        shutil.copy(disk / "state" / name, folder)
    book._database.let_go()
    close()
    with pytest.raises(CatalogueError, match="cannot be used"):
        Catalogue(folder / "catalogue.db").runs()


def test_the_usual_place_follows_the_state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "threetwoone" / "catalogue.db"
