"""Digests go into pieces while an audit runs: nothing is lost, changed or said twice by it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time

import numpy as np
import pytest

from tests.verifier.catalogue.trees import (
    ROOT,
    begin,
    digests,
    facts,
    files,
    finish,
    read_all,
)
from tests.verifier.inventories import place
from verifier.catalogue import Catalogue, _carrying, _kept, _recorder
from verifier.catalogue._pieces import cuts
from verifier.host import Host
from verifier.probes.comparing import compare
from verifier.probes.directory import read_manifest


@pytest.fixture(params=[1, 7, 450, 10**6])
def bound(request, monkeypatch):
    monkeypatch.setattr(_kept, "MOST_FRESH", request.param)
    return request.param


def rows_of(where, asked):
    with contextlib.closing(sqlite3.connect(where)) as raw:
        return sorted(raw.execute(asked).fetchall())


def contents(where):
    """Return what is kept of trees, without what no tree refers to."""
    return (
        rows_of(where, "SELECT run, root, volume, files, pieces FROM trees"),
        rows_of(where, "SELECT tree FROM fresh"),
        rows_of(where, "SELECT key, data FROM pieces"),
        rows_of(where, "SELECT run, path, old, old_read_at, new, new_read_at FROM changed"),
    )


def three_audits(where):
    """Read a tree, read it again in part with another outcome, and once more after changes."""
    book, of = Catalogue(where), files(facts(4, 4200))
    assert len(list(cuts(of))) > 2
    store = begin(book)
    read_all(store, of)
    finish(book, store)
    store, chance = begin(book, 1), np.random.default_rng(1)
    rows = chance.permutation(len(of))[:900]
    for salt in (0, 1, 2):  # the same, another, and yet another in the same audit
        some = rows[salt * 100 :]
        store.keep(ROOT, of, some, digests(some, salt), np.full(len(some), 5 + salt))
    known = store.known(ROOT, of)
    wanted = digests(np.arange(len(of)))
    wanted[rows[100:200]] = digests(rows[100:200], 1)
    wanted[rows[200:]] = digests(rows[200:], 2)
    assert np.array_equal(known.of(np.arange(len(of))), wanted)
    assert np.array_equal(known.of(rows[::-1]), wanted[rows[::-1]])
    assert (known.read_at[rows[200:]] == 7).all()
    finish(book, store)
    now = facts(4, 4200)
    for number in range(40):
        path = f"2001/IMG_{number:04}.jpg"
        now[path] = now[path]._replace(ctime_ns=99)
    of = files(now)
    store = begin(book, 2)
    wanted = np.flatnonzero(store.known(ROOT, of).read_at == 0)
    assert len(wanted) == 40
    store.keep(ROOT, of, wanted, digests(wanted, 3), np.full(len(wanted), 9))
    finish(book, store)
    return store.told


def test_when_digests_go_into_pieces_shows_in_nothing(tmp_path, bound):
    here, there = tmp_path / "here.db", tmp_path / "there.db"
    assert three_audits(here) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_kept, "MOST_FRESH", 10**9)
        three_audits(there)
    assert contents(here) == contents(there)
    changed = Catalogue(here).changed()
    assert len(changed) == 800 + 700  # also what read differently twice in one audit
    assert Catalogue(here).runs()[-1].finished


@pytest.mark.parametrize("at", ["between", "folding"])
def test_the_next_audit_knows_what_an_interrupted_one_kept(tmp_path, monkeypatch, bound, at):
    where, of = tmp_path / "book.db", files(facts(3, 4200))
    store, rows = begin(Catalogue(where)), np.random.default_rng(2).permutation(len(of))
    store.saw(place("source", "sda"))
    really, calls = _recorder.fold, []

    def stopping(connection, **more):
        keys = really(connection, **more)
        calls.append(keys)
        if at == "folding" and len(calls) > 2:
            raise KeyboardInterrupt  # all is written by then, and nothing is there for good
        return keys

    monkeypatch.setattr(_recorder, "fold", stopping)
    kept = 0
    with contextlib.suppress(KeyboardInterrupt):
        for some in np.array_split(rows, 30)[:20]:
            kept += len(some)
            store.keep(ROOT, of, some, digests(some, 4), np.full(len(some), 7))
    monkeypatch.undo()
    assert store.told == []
    assert bool(calls) is (bound < 10**6)
    del store
    (run,) = Catalogue(where).runs()
    seen = Catalogue(where).seen(run)["source"].digests
    known = begin(Catalogue(where), 1).known(ROOT, files(facts(3, 4200)))
    for found in (seen, known):
        assert np.array_equal(np.sort(np.flatnonzero(found.read_at)), np.sort(rows[:kept]))
        assert np.array_equal(found.of(rows[:kept]), digests(rows[:kept], 4))
        assert not found.of(rows[kept:]).any()


def audit(where, of, said):
    """Keep digests some rows at a time, and say each time that it is done."""
    store = begin(Catalogue(where), time.time() / 86_400)
    store.saw(place("source", "sda"))
    known = store.known(ROOT, of)
    left = np.flatnonzero(known.read_at == 0)
    for start in range(0, len(left), 3):
        rows = left[start : start + 3]
        store.keep(ROOT, of, rows, digests(rows), np.full(len(rows), 7))
        os.write(said, b".")


def test_kills_while_digests_go_into_pieces_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(_kept, "MOST_FRESH", 5)
    where, of, chance = tmp_path / "book.db", files(facts(30, 20)), random.Random(5)
    before = kills = 0
    for _ in range(40):
        hear, said = os.pipe()
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                audit(where, of, said)
                os._exit(0)
            os._exit(1)
        os.close(said)
        os.read(hear, 1)
        time.sleep(chance.random() / 20)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(status)
        said = 1 + len(os.read(hear, 4096))
        os.close(hear)
        book = Catalogue(where)
        known = book.seen(book.runs()[-1])["source"].digests
        rows = np.flatnonzero(known.read_at)
        assert before + 3 * said <= len(rows) <= before + 3 * said + 3
        assert np.array_equal(known.of(rows), digests(rows))
        before = len(rows)
        if before > len(of) - 60:
            break
    assert kills > 3
    assert before > 30


def test_a_catalogue_that_fails_while_it_is_leaned_on_accuses_nobody(tmp_path):
    """When files were read is there, their digests are not any more."""
    for side in ("live", "copy"):
        (tmp_path / side).mkdir()
        for number in range(20):
            (tmp_path / side / str(number)).write_bytes(b"%d" % number)
            os.utime(tmp_path / side / str(number), (10**9, 10**9))
    of = [read_manifest(Host(), str(tmp_path / side)) for side in ("live", "copy")]
    host, book = Host(), Catalogue(tmp_path / "book.db")
    host.digests = store = begin(book)
    assert compare(host, *of).same
    finish(book, store)
    with contextlib.closing(sqlite3.connect(tmp_path / "book.db")) as raw, raw:
        for (pieces,) in raw.execute("SELECT pieces FROM trees").fetchall():
            key = pieces[16:32].hex()
            raw.execute("UPDATE pieces SET data = zeroblob(9) WHERE key = ?", (key,))
    host.digests = store = begin(Catalogue(tmp_path / "book.db"), 1)
    assert store.known(of[0].root, of[0].files).read_at.all()
    found = compare(host, *of)
    assert (found.errors, found.unseen, found.same, found.since) == ((), "", True, 0)
    (line,) = store.told
    assert "damaged" in line


def test_a_file_that_changed_makes_no_audit_read_the_digests_of_all(tmp_path, monkeypatch):
    book, of = Catalogue(tmp_path / "book.db"), files(facts(9, 4200))
    store = begin(book)
    read_all(store, of)
    finish(book, store)
    now, path = facts(9, 4200), "2004/IMG_0007.jpg"
    now[path] = now[path]._replace(ctime_ns=99)
    read, really = [], _carrying.digests_in

    def watched(connection, keys, sizes):
        read.extend(sizes)
        return really(connection, keys, sizes)

    monkeypatch.setattr(_carrying, "digests_in", watched)
    store = begin(book, 1)
    of = files(now)
    known = store.known(ROOT, of)
    assert of.path(int(np.flatnonzero(known.read_at == 0)[0])) == path
    assert (known.read_at == 0).sum() == 1
    assert 0 < sum(read) < len(of) / 4
