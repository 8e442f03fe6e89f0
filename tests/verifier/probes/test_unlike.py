"""A file that differs is damage of the copy only where nothing speaks for the copy."""

from __future__ import annotations

import os
import shutil
import tarfile
from types import SimpleNamespace

import pytest

from tests.verifier.probes.repositories import look, make_source, manifest_of
from verifier.compared import DIFFERS, Other
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes.comparing_elsewhere import compare as compare_elsewhere
from verifier.probes.unlike import MOST_NAMED

MADE = 1_700_000_000
HOUR, DAY = 3600, 86400
NAME = "2025/2.jpg"  # 20,002 bytes


@pytest.fixture
def trees(tmp_path):
    source = make_source(tmp_path / "photos")
    for file in source.rglob("*"):
        os.utime(file, (MADE, MADE))
    return source, shutil.copytree(source, tmp_path / "copy")


def rewritten(tree, content, when, name=NAME):
    (tree / name).write_bytes(content)
    os.utime(tree / name, (when, when))


@pytest.mark.parametrize("depth", [Depth.LISTED, Depth.SOURCE])
@pytest.mark.parametrize("left", [0, 300, 20_000])
def test_a_source_that_is_shorter_under_one_time_may_have_lost_it(trees, left, depth):
    source, copy = trees
    rewritten(source, b"x" * left, MADE)
    found = look(copy, manifest_of(source), depth)
    assert found.errors == ()
    assert found.unlike.shorter == (Other(NAME, 20_002, left),)
    assert (found.unlike.shorter_files, found.unlike.younger_files) == (1, 0)
    assert found.coverage.value < 1.0 == found.unlike.at_most
    assert found.identical is False


@pytest.mark.parametrize("left", [0, 300, 20_000])
def test_a_copy_that_is_shorter_under_one_time_is_damaged(trees, left):
    source, copy = trees
    rewritten(copy, b"x" * left, MADE)
    found = look(copy, manifest_of(source), Depth.SOURCE)
    assert found.errors == (f"{NAME} has {left} bytes, the source's has 20002.",)
    assert found.unlike is None


@pytest.mark.parametrize("size", [12_000, 20_002, 30_000])
def test_a_younger_copy_is_another_version_and_not_held(trees, size):
    source, copy = trees
    rewritten(copy, b"x" * size, MADE + DAY)
    found = look(copy, manifest_of(source), Depth.SOURCE)
    assert found.errors == ()
    assert found.unlike.younger == (Other(NAME, size, 20_002),)
    assert (found.unlike.younger_files, found.unlike.if_right) == (1, 1.0)
    assert found.shares.files == pytest.approx(6 / 7)
    assert "2025" in found.missing
    assert found.outdated == 0


def test_and_so_it_is_of_a_source_that_went_back(trees):
    source, copy = trees
    rewritten(source, b"x" * 15_000, MADE - DAY)
    found = look(copy, manifest_of(source), Depth.SOURCE)
    assert (found.errors, found.unlike.younger_files) == ((), 1)


@pytest.mark.parametrize("size", [0, 1_000])
def test_a_younger_copy_that_was_hardly_begun_is_damaged(trees, size):
    source, copy = trees
    rewritten(copy, b"x" * size, MADE + DAY)
    found = look(copy, manifest_of(source), Depth.SOURCE)
    assert found.errors == (f"{NAME} has {size} bytes, the source's has 20002.",)


def test_a_copy_with_the_times_of_copying_and_the_same_bytes_is_whole(trees):
    source, copy = trees
    for number, file in enumerate(copy.rglob("*")):
        os.utime(file, (MADE + DAY + number, MADE + DAY + number))
    found = look(copy, manifest_of(source), Depth.SOURCE)
    assert (found.errors, found.unlike, found.coverage.value) == ((), None, 1.0)
    assert found.depth is Depth.SOURCE
    rewritten(copy, b"x" * 20_002, MADE + DAY)
    assert look(copy, manifest_of(source), Depth.SOURCE).unlike.younger_files == 1


@pytest.mark.parametrize("ahead", [1, HOUR, HOUR + 1])
def test_a_clock_of_fat_makes_no_version(trees, ahead):
    """To two seconds, and in summer an hour off."""
    source, copy = trees
    for file in copy.rglob("*"):
        os.utime(file, (MADE + ahead, MADE + ahead))
    assert look(copy, manifest_of(source), Depth.SOURCE).unlike is None
    rewritten(copy, b"x" * 20_002, MADE + ahead)
    rewritten(copy, b"x" * 15_000, MADE + ahead, "2025/1.jpg")
    found = look(copy, manifest_of(source), Depth.SOURCE)
    assert found.errors == (
        "2025/1.jpg has 15000 bytes, the source's has 20001.",
        f"{NAME} {DIFFERS}",
    )


def test_rot_beside_versions_stays_rot(trees):
    source, copy = trees
    rewritten(copy, b"x" * 20_002, MADE)
    rewritten(copy, b"x" * 20_001, MADE + DAY, "2025/1.jpg")
    found = look(copy, manifest_of(source), Depth.SOURCE)
    assert found.errors == (f"{NAME} {DIFFERS}",)
    assert found.unlike.younger == (Other("2025/1.jpg", 20_001, 20_001),)


def test_many_are_counted_and_some_are_named(tmp_path):
    for side, when, size in (("source", MADE, 9), ("copy", MADE + DAY, 10)):
        (tmp_path / side).mkdir()
        for number in range(MOST_NAMED + 30):
            rewritten(tmp_path / side, b"x" * size, when, f"{number:03}")
    rewritten(tmp_path / "copy", b"y" * 9, MADE + DAY, "007")
    found = look(tmp_path / "copy", manifest_of(tmp_path / "source"), Depth.SOURCE).unlike
    assert (len(found.younger), found.younger_files) == (MOST_NAMED, MOST_NAMED + 30)


@pytest.mark.parametrize("size", [15_000, 20_002])
def test_an_archive_with_younger_files_is_not_damaged(trees, tmp_path, size):
    source, _ = trees
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(source, "photos")
    rewritten(source, b"x" * size, MADE - DAY)
    found = look(tmp_path / "x.tar", manifest_of(source), Depth.SOURCE)
    assert found.errors == ()
    assert found.unlike.younger == (Other(NAME, 20_002, size),)
    assert found.coverage.value < 1.0
    rewritten(source, b"", MADE)
    found = look(tmp_path / "x.tar", manifest_of(source), Depth.SOURCE)
    assert (found.errors, found.unlike.shorter) == ((), (Other(NAME, 20_002, 0),))


def test_elsewhere_too(trees):
    source, copy = trees
    rewritten(copy, b"x" * 20_002, MADE + DAY)
    rewritten(copy, b"x" * 30_000, MADE + DAY, "2025/1.jpg")
    rewritten(source, b"", MADE, "2025/0.jpg")
    link = SimpleNamespace(host=Host(), path=str(copy), kept=lambda path, read: None)
    found = compare_elsewhere(link, manifest_of(source), Depth.SOURCE)
    assert (found.errors, found.younger) == ((), (NAME,))


def test_what_keeps_the_times_of_arrival_has_no_versions(trees):
    """The times of a bucket tell nothing, so that other bytes in it are damage."""
    source, copy = trees
    for file in copy.rglob("*"):
        os.utime(file, (MADE + DAY, MADE + DAY))
    rewritten(copy, b"x" * 20_002, MADE + DAY)
    rewritten(copy, b"x" * 15_000, MADE + DAY, "2025/1.jpg")
    rewritten(source, b"", MADE, "2025/0.jpg")
    link = SimpleNamespace(host=Host(), path=str(copy), kept=lambda path, read: None)
    found = compare_elsewhere(link, manifest_of(source), Depth.SOURCE)
    assert found.errors == (
        "2025/1.jpg has 15000 bytes, the source's has 20001.",
        f"{NAME} {DIFFERS}",
    )
    assert found.younger == ()
