"""Kopia and borg 2 by their documented shape; neither program is to be had here."""

from __future__ import annotations

import os

import pytest

from tests.verifier.probes.repositories import look
from verifier.inventory import Depth, State

NAMES = {
    "p1b/2cd/345678901234567890abcdef-s01234.f": b"data",
    "q9/f00/d1234567890abcdef12345678.f": b"folders",
    "xn0_/3f2/1d345678901234567-s0123.f": b"index",
}


@pytest.fixture
def kopia(tmp_path):
    root = tmp_path / "kopia"
    for name, content in {**NAMES, "kopia.repository.f": b"{}", ".shards": b"{}"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_kopia_is_known_by_its_names_and_nothing_more(kopia):
    os.utime(kopia / next(iter(NAMES)), (1_000_000_000, 1_000_000_000))
    os.utime(kopia / list(NAMES)[1], (1_100_000_000, 1_100_000_000))
    found = look(kopia, None, Depth.BYTES)
    assert (found.kind, found.state, found.depth) == ("kopia", State.READ, Depth.LISTED)
    assert (found.coverage.value, found.points.count) == (None, None)
    assert found.points.newest.timestamp() == 1_100_000_000
    assert "3 blobs" in found.reason
    assert found.errors == ()


def test_an_empty_blob_of_kopia_is_damage(kopia):
    os.truncate(kopia / next(iter(NAMES)), 0)
    (error,) = look(kopia, None).errors
    assert "p1b2cd3456" in error


def test_indexes_of_kopia_without_folders(kopia):
    (kopia / list(NAMES)[1]).unlink()
    assert "no packs" in look(kopia, None).errors[0]


@pytest.fixture
def borg2(tmp_path):
    root = tmp_path / "borg2"
    for folder in ("archives", "config", "data", "keys", "locks"):
        (root / folder).mkdir(parents=True)
    (root / "config" / "readme").write_text("This is a Borg Backup repository.\nSee https://…\n")
    (root / "config" / "id").write_text("ab" * 32)
    (root / "archives" / ("01" * 32)).touch()
    (root / "archives" / ("02" * 32)).touch()
    (root / "archives" / ("03" * 32 + ".del")).touch()
    return root


def test_borg_2_counts_its_archives(borg2):
    found = look(borg2, None, Depth.BYTES)
    assert (found.kind, found.points.count, found.depth) == ("borg2", 2, Depth.LISTED)
    assert found.coverage.value is None
    assert found.lineage == (f"borg-repository:{'ab' * 32}",)


def test_borg_2_with_an_odd_id_is_still_seen(borg2):
    (borg2 / "config" / "id").write_bytes(b"\xff" * 2000)
    assert look(borg2, None).lineage == ()
