"""Catalogues of the first release come along; those of later ones are left alone."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verifier.inventories import NOW, inventory, place
from verifier.catalogue import SCHEMA, Catalogue, CatalogueError
from verifier.catalogue._documents import dumped, loaded
from verifier.inventory import Changes, State

# as the first release made them
_FIRST = """
CREATE TABLE schema_version (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE sightings (
    id INTEGER NOT NULL, host VARCHAR(255) NOT NULL, source TEXT NOT NULL, address TEXT NOT NULL,
    dataset TEXT NOT NULL, location TEXT NOT NULL, at VARCHAR(40) NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX sightings_by_host ON sightings (host, at);
INSERT INTO schema_version VALUES (1);
PRAGMA journal_mode=WAL;
"""
USB = place("usb", "sdb")
ROWS = [
    ("machine:here", "/source", "/usb", "photos", "usb", "2026-05-02T10:00:00+00:00"),
    ("machine:here", "/source", "/nas", "photos", "nas", "2026-05-02T10:00:00+00:00"),
    ("machine:here", "/mail", "/usb", "mail", "usb", "2026-04-02T10:00:00+00:00"),
]


@pytest.fixture
def old(tmp_path) -> Path:
    file = tmp_path / "catalogue.db"
    with sqlite3.connect(file) as raw:
        raw.executescript(_FIRST)
        raw.executemany(
            "INSERT INTO sightings (host, source, address, dataset, location, at, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row, dumped(replace(USB, name=row[4]))) for row in ROWS],
        )
    raw.close()
    return file


def test_sightings_of_the_first_schema_are_recalled(old):
    book = Catalogue(old)
    away = replace(USB, state=State.ABSENT_OFFLINE, offline=True)
    source = replace(inventory().source, address="/source", real_path=None)
    seen = book.recalled("machine:here", source, away)
    assert seen.last_seen.isoformat() == ROWS[0][-1]
    assert (seen.audited, seen.domains.drives) == (True, USB.domains.drives)
    assert [(run.dataset, run.finished) for run in book.runs()] == [
        ("mail", True),
        ("photos", True),
    ]
    assert list(book.seen(book.runs()[1])) == ["usb", "nas"]
    book.remember(replace(inventory(USB), at=NOW))
    assert len(book.runs()) == 3
    with sqlite3.connect(old) as raw:
        assert raw.execute("SELECT version FROM schema_version").fetchall() == [(SCHEMA,)]
    raw.close()


def test_a_migration_that_breaks_off_changes_nothing(old):
    with sqlite3.connect(old) as raw:
        before = list(raw.iterdump())
        raw.execute("CREATE INDEX trees_by_root ON sightings (at)")  # in the way of a new one
        blocked = list(raw.iterdump())
    raw.close()
    with pytest.raises(CatalogueError, match="cannot be used"):
        Catalogue(old).remember(inventory(USB))
    with sqlite3.connect(old) as raw:
        assert list(raw.iterdump()) == blocked != before
    raw.close()


def test_a_newer_schema_is_refused_and_left_alone(old):
    with sqlite3.connect(old) as raw:
        raw.execute("UPDATE schema_version SET version = 99")
    raw.close()
    before = old.read_bytes()
    with pytest.raises(CatalogueError, match="newer version of verifier"):
        Catalogue(old).remember(inventory(USB))
    with pytest.raises(CatalogueError, match="newer version of verifier"):
        Catalogue(old).runs()
    assert old.read_bytes() == before


def test_changes_that_an_earlier_program_kept_are_read():
    """They lack the numbers that were added since."""
    kept = Changes(NOW, NOW, files=9, gone=2, emptied=3, vanished="b", wiped=4)
    document = json.loads(dumped(replace(USB, changes=kept)))
    added = (
        "emptied",
        "emptied_unnoticed",
        "cut",
        "vanished",
        "vanished_files",
        "vanished_apart",
        "wiped",
        "odd",
    )
    for name in added:
        del document["changes"][name]
    assert loaded(json.dumps(document)).changes == Changes(NOW, NOW, files=9, gone=2)
    assert loaded(dumped(replace(USB, changes=kept))).changes == kept
