"""Runs, files and digests come back as they went in, from SQLite and from PostgreSQL alike."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from tests.verifier.catalogue.trees import (
    ROOT,
    START,
    begin,
    digests,
    facts,
    files,
    finish,
    read_all,
)
from tests.verifier.inventories import inventory, place
from verifier.catalogue import Catalogue, CatalogueError
from verifier.catalogue._database import Database
from verifier.catalogue._pieces import cuts
from verifier.catalogue._tables import tables
from verifier.diffing import diffs
from verifier.files import FileFact, Files
from verifier.inventory import State
from verifier.rules import Finding, Severity, Status


def count(where: str, table: str) -> int:
    url = f"sqlite:///{where}" if "://" not in where else where.replace("sql:", "sql+psycopg:", 1)
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
    engine.dispose()
    return found


def test_what_was_kept_in_a_file_outlasts_a_power_cut(tmp_path):
    """SQLite waits for the disk after each step (2, "full"); tests can only kill processes."""
    with Database(str(tmp_path / "book.sqlite")).writing() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_what_was_seen_comes_back(where):
    book = Catalogue(where)
    of = files(
        {**facts(), "a/b\udcff.txt": FileFact(3, -5, 9, 2**64 - 1)}, hollow="2003/IMG_0007.jpg"
    )
    store = begin(book)
    store.listed(ROOT, of)
    store.keep(ROOT, of, np.array([0, 5]), digests(np.array([0, 5])), np.array([11, 12]))
    store.looking_at("usb")
    store.listed("/mnt/usb", files(facts(2)))
    finish(book, store, "usb", "nas")
    (run,) = book.runs("photos")
    assert (run.at, run.host, run.finished) == (START, "machine:a", True)
    assert book.runs("mail") == ()
    seen = Catalogue(where).seen(run)
    assert list(seen) == ["source", "usb", "nas"]
    mine = seen["source"]
    assert dict(mine.files.items()) == dict(of.items())
    assert mine.files.hollow == of.hollow
    assert len(mine.files.hollow) == 1
    assert mine.digests.read_at[[0, 5, 6]].tolist() == [11, 12, 0]
    assert np.array_equal(mine.digests.of(np.array([0, 5])), digests(np.array([0, 5])))
    assert (len(seen["usb"].files), seen["usb"].digests, seen["nas"].files) == (200, None, None)
    assert seen["usb"].location == place("usb", "sdb")
    assert store.told == []


def test_what_did_not_change_is_written_once_and_its_digests_are_known(where):
    book, pieces = Catalogue(where), []
    for days in range(3):
        of = files(facts())
        store = begin(book, days)
        store.listed(ROOT, of)
        known = store.known(ROOT, of)
        if days:
            assert np.array_equal(known.of(np.arange(len(of))), digests(np.arange(len(of))))
            assert (known.read_at == 1).all()
        else:
            assert not known.read_at.any()
            read_all(store, of)
        finish(book, store)
        pieces.append(count(where, "pieces"))
        assert count(where, "fresh") == 0
    assert count(where, "trees") == 3
    assert pieces[0] == pieces[1] == pieces[2] > 0


@pytest.mark.parametrize("change", ["size", "mtime_ns", "ino", "ctime_ns", "new", "moved"])
def test_only_files_that_look_as_they_did_are_known(where, change):
    book = Catalogue(where)
    store = begin(book)
    read_all(store, files(facts()))
    finish(book, store)
    now, path = facts(), "2004/IMG_0017.jpg"
    if change in {"new", "moved"}:
        now["2004/IMG_0017a.jpg"] = now.pop(path) if change == "moved" else FileFact(1, 1, 1, 1)
        path = "2004/IMG_0017a.jpg"
    else:
        now[path] = now[path]._replace(**{change: 99})
    now = {each: fact._replace(dev=3) for each, fact in now.items()}  # plugged in elsewhere
    store = begin(book, 1)
    of = files(now)
    known = store.known(ROOT, of)
    unknown = [of.path(row) for row in np.flatnonzero(known.read_at == 0)]
    assert unknown == [path]
    was = files(facts())
    here, there = of.pairs(was)
    same = known.read_at[here] != 0
    assert np.array_equal(known.of(here[same]), digests(there[same]))


@pytest.mark.parametrize("stopped", [False, True])
def test_what_changed_in_one_piece_of_a_tree_leaves_the_others_known(where, stopped):
    """Pieces end where names of folders say so; a folder that comes shifts all rows behind it."""
    book = Catalogue(where)
    store = begin(book)
    was = files(facts(4, 4200))
    assert len(list(cuts(was))) > 2
    read_all(store, was)
    if stopped:
        store = None  # its digests lie beside the pieces
    else:
        finish(book, store)
    now = facts(4, 4200)
    now["2003/IMG_0007.jpg"] = now["2003/IMG_0007.jpg"]._replace(ctime_ns=99)
    now = {"1999/a.jpg": FileFact(1, 1, 1, 1), **now}
    del now["2002/IMG_0100.jpg"]
    of = files(now)
    store = begin(Catalogue(where), 1)
    known = store.known(ROOT, of)
    unknown = {of.path(row) for row in np.flatnonzero(known.read_at == 0)}
    assert unknown == {"2003/IMG_0007.jpg", "1999/a.jpg"}
    here, there = of.pairs(was)
    same = known.read_at[here] != 0
    assert np.array_equal(known.of(here[same]), digests(there[same]))


def test_another_disk_in_the_same_place_is_read_again(where):
    book = Catalogue(where)
    for days, disk in enumerate(("uuid:1", "uuid:2", "uuid:1")):
        store = begin(book, days, volume=lambda root, disk=disk: disk)
        of = files(facts(3))
        assert bool(store.known(ROOT, of).read_at.any()) == (days == 2)
        read_all(store, of)
        finish(book, store)


def test_a_listing_without_times_and_inodes_proves_nothing(where):
    book = Catalogue(where)
    for days in range(3):
        store = begin(book, days)
        of = files({path: FileFact(fact.size, 0) for path, fact in facts(3).items()})
        of_changed = files({**dict(of.items()), "x": FileFact(1, 0)}) if days else of
        assert not store.known("restic:/r", of_changed).read_at.any()
        read_all(store, of_changed, "restic:/r")
        finish(book, store)


def test_many_digests_that_changed_in_one_folder_are_named_in_one_pass(where, monkeypatch):
    book, of = Catalogue(where), files(facts(1, 3000))
    store = begin(book)
    read_all(store, of)
    finish(book, store)
    store = begin(book, 1)
    assert store.known(ROOT, of).read_at.all()
    splits = []
    split = Files._split
    monkeypatch.setattr(Files, "_split", lambda self, n: splits.append(n) or split(self, n))
    read_all(store, of, salt=1)
    assert len(splits) <= 10  # one for each batch, not for each file
    finish(book, store)
    changed = book.changed()
    assert len(changed) == 3000
    row = of.row(changed[17].path)
    assert changed[17].old == digests(np.array([row])).tobytes()


def test_runs_of_one_unchanged_tree_hold_it_once(where):
    book, of = Catalogue(where), files(facts())
    for days in range(2):
        store = begin(book, days)
        store.listed(ROOT, of)
        if not days:
            read_all(store, of)
        finish(book, store)
    first, second = (book.seen(run)["source"] for run in book.runs())
    assert first.files is second.files
    assert first.digests.of(np.arange(3)).any()
    store = begin(book, 2)
    store.listed(ROOT, files(facts(7)))
    finish(book, store)
    assert len(book.seen(book.runs()[-1])["source"].files) == 700


def test_a_digest_that_changed_keeps_the_old_one(where):
    book = Catalogue(where)
    of = files(facts(2))
    store = begin(book)
    read_all(store, of)
    finish(book, store)
    store = begin(book, 1)
    rows = np.array([3, 199])
    new = np.stack([digests(np.array([3]))[0], digests(np.array([199]), salt=1)[0]])
    store.keep(ROOT, of, rows, new, np.array([7, 8]))
    finish(book, store)
    (rot,) = book.changed()
    assert (rot.path, rot.old_read_at, rot.new_read_at) == (of.path(199), 1, 8)
    assert (rot.size, rot.mtime_ns) == of.fact(199)[:2]
    before, after = (book.seen(run)["source"].digests for run in book.runs())
    assert (
        before.of(np.array([199])).tobytes()
        == rot.old
        != rot.new
        == after.of(np.array([199])).tobytes()
    )
    assert book.changed(since=book.runs()[1]) == (rot,)


def test_an_audit_that_was_stopped_left_what_it_had(where):
    book = Catalogue(where)
    of = files(facts())
    store = begin(book)
    store.saw(replace(place("source", "sda"), real_path=ROOT))
    rows = np.arange(0, len(of), 2)
    store.keep(ROOT, of, rows, digests(rows), np.full(len(rows), 5))
    del store
    (run,) = Catalogue(where).runs()
    assert not run.finished
    seen = Catalogue(where).seen(run)["source"]
    assert np.array_equal(np.flatnonzero(seen.digests.read_at), rows)
    store = begin(Catalogue(where), 1)
    assert np.array_equal(np.flatnonzero(store.known(ROOT, files(facts())).read_at), rows)


def test_gates_and_findings_of_a_run_are_kept(where):
    from verifier.audit import judge
    from verifier.setup import Setup

    raw = {"source": {"path": "/source"}, "locations": [{"name": "usb", "path": "/usb"}]}
    verdict = judge(Setup.from_dict(raw), inventory(place("usb", "sdb")))
    odd = Finding("stale", Status.FAIL, Severity.HIGH, "n\udce9", "It is n\udce9\0.", "Do.")
    Catalogue(where).remember(verdict.inventory, verdict.gates, (*verdict.findings, odd))
    assert count(where, "gates") == 5
    assert count(where, "findings") == len(verdict.findings) + 1 > 1


def test_two_hosts_audit_into_one_database_at_once(where):
    """Each keeps its own, and none waits for ever or loses a batch."""
    wrong: list[object] = []

    def audit(host: str) -> None:
        book = Catalogue(where)
        for days in range(3):
            of = files(facts())
            store = begin(book, days, host=host)
            store.known(ROOT, of)
            read_all(store, of, salt=int(host[-1]), at=days + 1)
            finish(book, store)
            wrong.extend(store.told)

    threads = [threading.Thread(target=audit, args=(f"machine:{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    book = Catalogue(where)
    assert len(book.runs()) == 6
    for run in book.runs():
        found = book.seen(run)["source"].digests
        rows = np.arange(800)
        assert np.array_equal(found.of(rows), digests(rows, salt=int(run.host[-1])))


def test_runs_grow_old_by_the_rule(where):
    book = Catalogue(where)
    days = [*range(0, 60, 10), *range(200, 230, 10)]
    for day in days:
        store = begin(book, day)
        store.listed(ROOT, files({**facts(2), f"new {day}": FileFact(1, 1)}))
        store.looking_at("usb")
        if day == 10:
            store.listed("/mnt/usb", files(facts(1)))
        found = inventory(
            place("usb", "sdb", state=State.READ if day == 10 else State.ABSENT_OFFLINE)
        )
        book.remember(replace(found, name="photos", at=store.at))
    left = [(run.at - START).days for run in book.runs()]
    # of January the last and the one that read the disk, of February the last, and 90 days
    assert left == [10, 30, 50, 200, 210, 220]
    assert len(book.seen(book.runs()[0])["usb"].files) == 100
    for run, day in zip(book.runs(), left, strict=True):
        assert f"new {day}" in book.seen(run)["source"].files


def test_a_catalogue_of_somebody_else_is_one_sentence_without_the_password(tmp_path):
    url = f"postgresql://ada:s3cret@/nothing?host={tmp_path}&sslpassword=s4cret"
    store = begin(Catalogue(url))
    store.listed(ROOT, files(facts(1)))
    (line,) = store.told
    assert "***" in line
    assert "s3cret" not in line
    assert "s4cret" not in line
    assert "\n" not in line
    with pytest.raises(CatalogueError, match="cannot be used"):
        Catalogue("nonsense://ada:s3cret@x/y").runs()


def test_a_damaged_piece_is_no_answer(tmp_path):
    where = str(tmp_path / "catalogue.db")
    book = Catalogue(where)
    store = begin(book)
    store.listed(ROOT, files(facts(1)))
    finish(book, store)
    engine = create_engine(f"sqlite:///{where}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE pieces SET data = zeroblob(100)"))
    engine.dispose()
    with pytest.raises(CatalogueError, match="damaged"):
        book.seen(book.runs()[0])["source"]


def test_times_before_and_after_a_long_absence(where):
    """An offline disk that nobody plugged in for years still has its last list."""
    book = Catalogue(where)
    store = begin(book, 0, volume=lambda root: "uuid:1")
    store.looking_at("usb")
    read_all(store, files(facts(1)), "/mnt/usb")
    finish(book, store)
    for day in range(400, 800, 45):
        store = begin(book, day)
        store.listed(ROOT, files(facts(1)))
        finish(book, store)
    store = begin(book, 801, volume=lambda root: "uuid:1")
    assert store.known("/mnt/usb", files(facts(1))).read_at.all()
    assert book.runs()[0].at == START
    assert book.runs()[-1].at == START + timedelta(days=801)


def test_any_value_of_another_kind_is_an_answer_or_damage(tmp_path):
    """SQLite keeps any value in any column."""
    first = tmp_path / "catalogue.db"
    book = Catalogue(str(first))
    for day in (0, 1):
        store = begin(book, day)
        store.known(ROOT, files(facts(1)))
        read_all(store, files(facts(1)), salt=day)
        finish(book, store, "usb")
    assert book.changed()
    sound, damaged = first.read_bytes(), set()
    for table in tables().sorted_tables:
        for number, (column, value) in enumerate(itertools.product(table.columns, VALUES)):
            # a file of its own: whoever looked at the one before may still hold it open
            where = tmp_path / f"{table.name}-{number}.db"
            where.write_bytes(sound)
            with contextlib.closing(sqlite3.connect(where)) as connection:
                connection.execute("PRAGMA synchronous=OFF")
                with contextlib.suppress(sqlite3.IntegrityError), connection:
                    connection.execute(f"UPDATE {table.name} SET {column.name} = {value}")
            try:
                look_at_everything(Catalogue(str(where)))
            except CatalogueError as told:
                assert "\n" not in str(told)
                damaged.add(f"{table.name}.{column.name}")
    read = {"runs.at", "changed.old", "sightings.document", "trees.pieces", "trees.devices"}
    assert damaged >= read | {"schema_version.version", "pieces.data"}


VALUES = ("'zebra'", "5", "-1", "1e300", "x'00ff'", "'0001-01-01T00:00:00+14:00'")


def look_at_everything(book: Catalogue) -> None:
    runs = book.runs()
    book.changed()
    for run in runs:
        for seen in book.seen(run).values():
            list(seen.files or ())
    book.recalled("host", place("source", "sda"), place("usb", "sdb", state=State.ABSENT_OFFLINE))
    list(diffs(book))
