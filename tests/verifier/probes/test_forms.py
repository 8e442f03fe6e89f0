"""Copies that went through a Mac: the same files, whose names have another Unicode form."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from tests.verifier.probes.repositories import flip, manifest_of
from verifier._forms import copy_names
from verifier.drift import between
from verifier.files import FileFact, table
from verifier.host import Host
from verifier.inventory import Depth, Location, State
from verifier.manifest import cover
from verifier.probes import probe
from verifier.sightings import Seen
from verifier.target import Target

NAMES = ("Größe/müde.txt", "Größe/plain.txt", "Åland/plain.txt", "ascii/né.bin", "ascii/한국.txt")


def nfd(name: str) -> str:
    return unicodedata.normalize("NFD", name)


def tree(root: Path, names) -> Path:
    for number, name in enumerate(names):
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(bytes([number]) * (3_000_000 if number == 3 else 600))
        os.utime(place, (10**9, 10**9))
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tree(tmp_path / "live", NAMES)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tree(tmp_path / "copy", map(nfd, NAMES))


def judged(source: Path, copy: Path, depth: Depth = Depth.SOURCE) -> Location:
    return probe(Host(), Target("copy", str(copy)), manifest_of(source), depth)


def test_the_names_really_differ_on_disk(source, copy):
    assert len({place.name for root in (source, copy) for place in root.iterdir()}) == 5


def test_all_is_there_and_compared(source, copy):
    found = judged(source, copy)
    assert (found.coverage.value, found.missing, found.errors) == (1.0, (), ())
    assert (found.depth, found.reason) == (Depth.SOURCE, "")


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_found_under_either_name(source, copy, name):
    flip(copy / nfd(name))
    (error,) = judged(source, copy).errors
    assert error == f"{name} differs from the source under the same size."


@pytest.mark.parametrize("there", [str, nfd])
def test_one_file_stands_for_no_two(tmp_path, there):
    """A source may hold both forms as two files; a copy of one of them has half of it."""
    source = tree(tmp_path / "live", ["é.txt", nfd("é.txt")])
    copy = tree(tmp_path / "copy", [there("é.txt")])
    assert judged(source, copy, Depth.LISTED).coverage.value == 0.5


def test_a_copy_of_both_forms_is_paired_byte_by_byte(tmp_path):
    source = tree(tmp_path / "live", ["é.txt", nfd("é.txt")])
    copy = tree(tmp_path / "copy", ["é.txt", nfd("é.txt")])
    found = judged(source, copy)
    assert (found.coverage.value, found.errors, found.depth) == (1.0, (), Depth.SOURCE)


def test_rows_come_in_the_order_of_the_source():
    mine = table({name: FileFact(1, 0) for name in sorted(NAMES)})
    theirs = table({name: FileFact(1, 0) for name in sorted(map(nfd, NAMES), reverse=True)})
    here, there = mine.pairs(theirs)
    assert here.tolist() == list(range(5))
    assert [nfd(mine.path(row)) for row in here] == [theirs.path(row) for row in there]
    assert len(mine.same_paths(theirs)[0]) == 0


def test_a_tools_listing_is_taken_byte_by_byte(source):
    """What a tool gives back goes by its names; content of others would not be compared."""
    listing = {nfd(path): fact.size for path, fact in manifest_of(source).files.items()}
    assert cover(manifest_of(source), listing).share.value == 0.0


def test_nothing_went_or_came_where_only_the_form_changed():
    def seen(form) -> Seen:
        files = table({form(name): FileFact(1, 5, 1, 9) for name in NAMES})
        return Seen(Location("copy", "directory", "/copy", State.READ), files)

    assert between(seen(str), seen(nfd)).empty


def test_names_in_a_copy():
    held = [*map(nfd, NAMES), "é", nfd("é")]
    assert copy_names(NAMES, held) == {name: nfd(name) for name in NAMES}
    assert copy_names(["é", nfd("é")], ["x/é"], "x/") == {"é": "x/é"}
    assert copy_names(["é"], [nfd("x/é")], "x/") == {"é": nfd("x/é")}
    assert copy_names(["é"], ["x/é"]) == {}
