"""A clock that runs ahead, or back: no pass that is not earned, nothing forgotten or lost."""

from __future__ import annotations

import time

import numpy as np

from tests.verifier.catalogue.trees import START, begin, digests, facts, files
from tests.verifier.inventories import inventory, place
from verifier.catalogue import Catalogue
from verifier.inventory import State
from verifier.probes.fixity import Side

YEAR_NS = 366 * 86_400 * 10**9


def finish(book: Catalogue, store, *places) -> None:
    from dataclasses import replace

    found = replace(inventory(*places), name=store.dataset, at=store.at)
    book.remember(found)


def test_an_audit_under_a_clock_far_ahead_forgets_no_history(tmp_path):
    book = Catalogue(tmp_path / "book.db")
    for day in (0, 1, 2, 3):
        finish(book, begin(book, day))
    finish(book, begin(book, 4000))
    assert len(book.runs()) == 5
    finish(book, begin(book, 4))
    assert len(book.runs()) == 6


def test_an_absent_disk_is_judged_by_no_audit_of_the_future(tmp_path):
    from dataclasses import replace

    book = Catalogue(tmp_path / "book.db")
    disk = place("disk", "sdb")
    for day in (0, 4000):
        store = begin(book, day)
        found = replace(inventory(disk), name=store.dataset, at=store.at)
        book.remember(found)
    begin(book, 5)
    away = replace(disk, state=State.ABSENT_OFFLINE, last_seen=None)
    seen = book.recalled("machine:a", found.source, away)
    assert seen.last_seen == START


def test_a_digest_of_the_future_is_not_leaned_on(tmp_path):
    from verifier.host import Host

    of = files(facts(6))
    store = begin(Catalogue(tmp_path / "book.db"))
    rows = np.arange(len(of))
    read_at = np.where(rows % 2 == 0, time.time_ns(), time.time_ns() + YEAR_NS)
    store.listed("/live", of)
    store.keep("/live", of, rows, digests(rows), read_at)
    host = Host()
    host.digests = store
    side = Side("/live", of, rows)
    side.recall(host)
    assert (side.known == (rows % 2 == 0)).all()
