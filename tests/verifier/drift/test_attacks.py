"""Attacks on a real tree, and the harmless changes that look like them by numbers alone."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verifier.drift.books import MemoryBook, audited, tree_seen
from verifier.rules import FINDING_RULES, Severity, Status, view_of
from verifier.setup import Policy

RULES = {rule.rule.id: rule.judge for rule in FINDING_RULES}
WORDS = [f"line {n} of some notes about a day in june\n" for n in range(90)]
COUNT = 120


def noise(path, count):
    return random.Random(str(path)).randbytes(count)


def jpeg(path, tag=b"first"):
    return b"\xff\xd8\xff\xe1" + tag.ljust(600, b"\0") + noise(path, 5000) + b"\xff\xd9"


@pytest.fixture
def tree(tmp_path):
    """Photos, texts and packed files in folders."""
    root = tmp_path / "photos"
    for number in range(COUNT):
        folder = root / f"{2015 + number % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        made = (
            (f"IMG_{number}.jpg", jpeg(number)),
            (f"note_{number}.txt", "".join(random.Random(number).sample(WORDS, 60)).encode()),
            (f"log_{number}.gz", gzip.compress(noise(number, 5000))),
        )[number % 3]
        (folder / made[0]).write_bytes(made[1])
    return root


def files(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def encrypted(path):
    return noise(path.name, path.stat().st_size)  # the same bytes wherever the tree is


def rewrite(path, raw, later=5):
    """Write, with a time that is later than the one before whatever the clock's grain."""
    before = path.stat().st_mtime_ns
    path.write_bytes(raw)
    os.utime(path, ns=(before, before + later * 10**9))


def told(root, change, rule="mass-change", *, read=False, book=None):
    """Audit, change something, audit again: the findings of a rule about the source."""
    book = book or MemoryBook()
    audited(book, tree_seen("source", root, read=read))
    change()
    found = audited(book, tree_seen("source", root, read=read))
    return list(RULES[rule](view_of(found, Policy())))


def test_encryption_in_place_is_called_ransomware(tree):
    (found,) = told(tree, lambda: [rewrite(p, encrypted(p)) for p in files(tree)])
    assert (found.status, found.severity) == (Status.FAIL, Severity.HIGH)
    assert "looks like ransomware" in found.message
    assert f"of {COUNT} files {COUNT} changed" in found.message


def test_encryption_that_has_reached_one_file_in_six_is_called_ransomware(tree):
    some = files(tree)[::6]
    (found,) = told(tree, lambda: [rewrite(p, encrypted(p)) for p in some])
    assert found.severity is Severity.HIGH
    assert f"{len(some)} of {len(some)}" in found.message


def test_encryption_that_puts_the_time_back_is_called_ransomware(tree):
    def attack():
        for path in files(tree):
            rewrite(path, encrypted(path), later=0)

    (found,) = told(tree, attack, read=True)
    assert found.severity is Severity.HIGH
    assert "changed unnoticed" in found.message


def test_a_new_ending_on_every_file_is_named(tree):
    def attack():
        for path in files(tree):
            path.with_name(path.name + ".locked").write_bytes(encrypted(path))
            path.unlink()

    (found,) = told(tree, attack)
    assert found.severity is Severity.HIGH
    assert f"{COUNT} got the new ending .locked" in found.message


def test_files_under_random_names_in_place_of_the_old_ones_are_noticed(tree):
    def attack():
        for number, path in enumerate(files(tree)):
            path.with_name(f"{number * 7919:x}.qqz").write_bytes(encrypted(path))
            path.unlink()

    (found,) = told(tree, attack)
    assert found.severity is Severity.HIGH
    assert ".qqz" in found.message


def test_deleting_everything_is_noticed(tree):
    (found,) = told(tree, lambda: [path.unlink() for path in files(tree)])
    assert (found.status, found.severity) == (Status.FAIL, Severity.HIGH)
    assert f"{COUNT} of {COUNT} files (100%) are gone" in found.message


@pytest.mark.parametrize(("count", "gone"), [(64, 50), (13, 10), (120, 90)])
def test_deleting_most_of_a_small_set_is_noticed(tree, count, gone):
    for path in files(tree)[count:]:
        path.unlink()
    (found,) = told(tree, lambda: [path.unlink() for path in files(tree)[:gone]])
    assert (found.status, found.severity) == (Status.FAIL, Severity.HIGH)
    assert f"{gone} of {count} files" in found.message


@pytest.mark.parametrize(("count", "gone", "notes"), [(5, 4, 0), (12, 9, 0), (120, 75, 1)])
def test_tidying_a_small_set_up_is_no_alarm(tree, count, gone, notes):
    for path in files(tree)[count:]:
        path.unlink()
    found = told(tree, lambda: [path.unlink() for path in files(tree)[:gone]])
    assert [one.status for one in found] == [Status.PASS] * notes


@pytest.mark.parametrize(
    ("locked", "over", "level"),
    [(20, 10, Severity.HIGH), (20, 0, Severity.MEDIUM), (5, 4, None)],
)
def test_a_small_set_of_no_known_kind_in_which_files_are_replaced_is_noticed(
    tmp_path, locked, over, level
):
    """Nothing tells what is in them, before or after."""
    root = tmp_path / "data"
    root.mkdir()
    for number in range(40):
        (root / f"{number:02}.dat").write_bytes(noise(number, 4000))

    def attack():
        for path in files(root)[:locked]:
            path.with_name(f"{path.name}.locked").write_bytes(noise(path, 4000))
            path.unlink()
        for path in files(root)[-over:] if over else ():
            rewrite(path, noise(path, 4000))

    found = told(root, attack)
    assert [one.severity for one in found] == ([level] if level else [])
    assert all("20 files of random bytes with the new ending .locked" in f.message for f in found)


def test_random_bytes_appended_to_every_file_are_noticed(tree):
    def attack():
        for path in files(tree):
            rewrite(path, path.read_bytes() + noise(path, 8192))

    (found,) = told(tree, attack)
    assert found.severity is Severity.HIGH  # the texts give it away; the photos still begin well
    assert "no longer what their names say" in found.message


def test_a_thousand_holiday_photos_are_no_alarm(tree):
    def holiday():
        (tree / "2026").mkdir()
        for number in range(1000):
            (tree / "2026" / f"HOL_{number}.jpg").write_bytes(jpeg(("new", number)))

    assert told(tree, holiday) == []


def test_photos_that_were_tagged_anew_are_a_note(tree):
    def tag():
        for path in files(tree):
            if path.suffix == ".jpg":
                rewrite(path, jpeg(path, b"tagged: june") + b"!")

    shutil.rmtree(tree / "2015")
    for path in files(tree):
        if path.suffix != ".jpg":
            path.unlink()
    assert told(tree, tag)[0].status is Status.PASS


def test_a_branch_that_was_changed_is_a_note_at_most(tmp_path):
    root = tmp_path / "code"
    root.mkdir()
    for number in range(200):
        (root / f"old_{number}.py").write_text(f"value = {number}\n" * 40)
        (root / f"kept_{number}.py").write_text(f"other = {number}\n" * 40)

    def checkout():
        for number in range(200):
            (root / f"old_{number}.py").unlink()
            (root / f"new_{number}.py").write_text(f"fresh = {number}\n" * 50)
            rewrite(root / f"kept_{number}.py", f"more = {number}\n".encode() * 45)

    assert all(one.status is Status.PASS for one in told(root, checkout))


def test_a_folder_that_was_renamed_is_no_alarm(tree):
    assert told(tree, lambda: (tree / "2016").rename(tree / "holidays")) == []


def test_a_database_that_grows_is_no_alarm(tmp_path):
    root = tmp_path / "data"
    root.mkdir()

    def grow():
        with sqlite3.connect(root / "mail.sqlite") as base:
            base.execute("create table if not exists t (x blob)")
            base.execute("insert into t values (?)", [os.urandom(100_000)])
        base.close()
        at = (root / "mail.sqlite").stat().st_mtime_ns + 10**9
        os.utime(root / "mail.sqlite", ns=(at, at))

    grow()
    (root / "readme.txt").write_text("mail\n")
    assert all(one.status is Status.PASS for one in told(root, grow))


def test_one_folder_encrypted_by_a_tool_is_a_note(tree):
    def seal():
        for path in files(tree / "2017"):
            path.with_name(path.name + ".gpg").write_bytes(encrypted(path))
            path.unlink()

    (found,) = told(tree, seal)
    assert (found.status, found.severity) == (Status.PASS, Severity.NOTE)
    assert "encrypted by a known tool in the folder 2017: on purpose, it seems" in found.message


def test_one_folder_of_random_bytes_is_asked_about_with_less_alarm(tree):
    (found,) = told(tree, lambda: [rewrite(p, encrypted(p)) for p in files(tree / "2017")])
    assert (found.status, found.severity) == (Status.UNKNOWN, Severity.MEDIUM)
    assert "all in the folder 2017" in found.message


def test_what_is_usual_for_a_dataset_is_no_alarm_and_more_than_ever_is(tree):
    book = MemoryBook()
    chosen = files(tree)
    for number in range(7):
        audited(book, tree_seen("source", tree))
        for path in chosen[number : number + 3]:
            rewrite(path, path.read_bytes() + b"!")
    found = audited(book, tree_seen("source", tree))
    assert list(RULES["mass-change"](view_of(found, Policy()))) == []
    (more,) = told(tree, lambda: [p.unlink() for p in chosen[:110]], book=book)
    assert "usual are 0.0%" in more.message


def _nightly(book, tree, nights):
    """Audit so often, and return whether each audit alarms."""
    told = []
    for _ in range(nights):
        judged = RULES["mass-change"](view_of(audited(book, tree_seen("source", tree)), Policy()))
        told.append(any(one.status is not Status.PASS for one in judged))
    return told


def test_an_alarm_is_told_for_a_week_and_not_for_ever(tree):
    book = MemoryBook()
    _nightly(book, tree, 1)
    for path in files(tree)[:110]:
        path.unlink()
    assert _nightly(book, tree, 12) == [True] * 9 + [False] * 3


def test_an_alarm_ends_when_what_it_told_of_is_undone(tree, tmp_path):
    book = MemoryBook()
    _nightly(book, tree, 1)
    shutil.copytree(tree, tmp_path / "good")
    for path in files(tree):
        path.write_bytes(encrypted(path))
    assert _nightly(book, tree, 3) == [True] * 3
    shutil.copytree(tmp_path / "good", tree, dirs_exist_ok=True)
    assert _nightly(book, tree, 3) == [False] * 3


def test_ten_files_a_day_never_become_what_is_usual(tree):
    book = MemoryBook()
    _nightly(book, tree, 1)
    chosen = files(tree)
    for day in range(COUNT // 10):
        for path in chosen[day * 10 : day * 10 + 10]:
            rewrite(path, encrypted(path))
        found = audited(book, tree_seen("source", tree))
        (latest,) = RULES["mass-change"](view_of(_without_standing(found), Policy()))
        assert latest.status is not Status.PASS


def _without_standing(found):
    return replace(found, source=replace(found.source, standing=None))


def test_some_files_that_belie_their_names_each_day_are_usual_after_a_week(tree):
    book = MemoryBook()
    _nightly(book, tree, 1)
    told = []
    for day in range(14):
        for path in files(tree)[:15]:
            rewrite(path, noise(day, 2000))
        for path in files(tree)[15:60]:
            rewrite(path, path.read_bytes() + b"!")
        told += _nightly(book, tree, 1)
    assert told[0]
    assert not any(told[9:])


def test_files_that_cannot_be_read_leave_it_unknown(tree):
    def swap():
        for path in files(tree):
            rewrite(path, path.read_bytes() + b"more")

    book = MemoryBook()
    audited(book, tree_seen("source", tree))
    swap()
    listed = tree_seen("source", tree)
    shutil.rmtree(tree)
    (found,) = RULES["mass-change"](view_of(audited(book, listed), Policy()))
    assert found.status is Status.UNKNOWN
    assert "none of them could be looked into" in found.message


def test_the_trees_of_this_test_are_real(tree):
    assert len(files(tree)) == COUNT
    assert {Path(path).suffix for path in files(tree)} == {".jpg", ".txt", ".gz"}
