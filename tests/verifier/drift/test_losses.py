"""Content that is lost under names that stay, and folders that go with all of their files."""

from __future__ import annotations

import gzip
import os
import random

import pytest

from tests.verifier.drift.books import DAY, MemoryBook, audited, seen, tree_seen
from tests.verifier.drift.test_attacks import encrypted, files, jpeg, noise, rewrite, told, tree
from tests.verifier.inventories import NOW
from verifier.diff_text import diff_text
from verifier.diffing import diffs, exit_code
from verifier.drift import Level, Look, alarm, looks
from verifier.inventory import Changes
from verifier.rules import FINDING_RULES, Severity, Status, view_of
from verifier.setup import Policy

__all__ = ["tree"]  # the fixture

RULES = {rule.rule.id: rule.judge for rule in FINDING_RULES}
SIZE = 12_000


def wipe(path, byte=b"\0", **more):
    rewrite(path, byte * path.stat().st_size, **more)


@pytest.mark.parametrize("byte", [b"\0", b"\xff", b" "])
def test_files_that_become_one_byte_are_lost_content(tree, byte):
    (found,) = told(tree, lambda: [wipe(path, byte) for path in files(tree)])
    assert (found.status, found.severity) == (Status.FAIL, Severity.HIGH)
    assert "content is lost: of 120 files 120 changed; 120 of 120 changed" in found.message
    assert "are one byte repeated, and no longer what their names say" in found.message


@pytest.mark.parametrize("ending", [".jpg", ".txt", ".gz"])
def test_one_kind_of_files_wiped_among_others_that_changed_is_noticed(tree, ending):
    def attack():
        for path in files(tree):
            if path.suffix == ending:
                wipe(path)
            elif path.suffix == ".txt":
                rewrite(path, path.read_bytes() + b"more\n")

    (found,) = told(tree, attack)
    assert found.severity is Severity.HIGH
    assert "40 of " in found.message


def test_files_wiped_under_their_old_times_are_noticed(tree):
    (found,) = told(tree, lambda: [wipe(path, later=0) for path in files(tree)], read=True)
    assert found.severity is Severity.HIGH
    assert "120 changed unnoticed" in found.message


def test_one_wiped_folder_is_a_failure_too(tree):
    (found,) = told(tree, lambda: [wipe(path) for path in files(tree / "2017")])
    assert (found.status, found.severity) == (Status.FAIL, Severity.MEDIUM)
    assert "all in the folder 2017" in found.message


def test_photos_that_became_a_text_are_not_what_their_names_say(tree):
    for path in files(tree):
        if path.suffix != ".jpg":
            path.unlink()
    (found,) = told(tree, lambda: [rewrite(p, b"pay us, or else\n" * 400) for p in files(tree)])
    assert found.status is Status.UNKNOWN
    assert "40 of 40 looked into are one byte repeated, or do not begin as" in found.message


def images(root, count, *, middle):
    root.mkdir()
    for number in range(count):
        raw = bytearray(SIZE)
        if middle:
            raw[SIZE // 2 : SIZE // 2 + 50] = noise(number, 50)
        (root / f"{number:02}.img").write_bytes(raw)


def test_disk_images_whose_beginning_is_zeros_are_no_alarm(tmp_path):
    root = tmp_path / "images"
    images(root, 30, middle=True)
    change = lambda: [rewrite(path, path.read_bytes() + b"more") for path in files(root)]  # noqa: E731
    assert all(one.status is Status.PASS for one in told(root, change))


def test_a_few_empty_disk_images_that_grow_are_no_alarm(tmp_path):
    root = tmp_path / "images"
    images(root, 8, middle=False)
    assert told(root, lambda: [rewrite(p, bytes(2 * SIZE)) for p in files(root)[:7]]) == []


def test_many_files_of_no_known_kind_that_become_zeros_are_asked_about(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    for number in range(40):
        (root / f"{number:02}.bin").write_bytes(noise(number, SIZE))
    (found,) = told(root, lambda: [wipe(path) for path in files(root)[:30]])
    assert found.status is Status.UNKNOWN
    assert "30 of 30 looked into are one byte repeated" in found.message


def test_new_files_that_are_preallocated_are_no_alarm(tree):
    def start():
        for number in range(90):
            (tree / f"film_{number}.mp4").write_bytes(bytes(SIZE))

    assert told(tree, start) == []


def test_zeros_in_place_of_what_is_gone_are_not_what_their_names_say(tree):
    def attack():
        for number, path in enumerate(files(tree)):
            path.unlink()
            (tree / f"other_{number}.jpg").write_bytes(bytes(SIZE))

    (found,) = told(tree, attack)
    assert found.status is not Status.PASS


def zeros(*more):
    return (*more, *[bytes(4096)] * (3 - len(more)))


@pytest.mark.parametrize(
    ("name", "pieces", "look"),
    [
        ("a.jpg", zeros(), Look.WIPED),
        ("a.jpg.bak", zeros(), Look.WIPED),
        ("a.gpg", zeros(), Look.WIPED),
        ("a.txt", (b"\n" * 200,), Look.WIPED),
        ("a.txt", (bytes(9),), Look.WIPED),
        ("a.jpg", (bytes(4095) + b"!",), Look.WIPED),
        ("a.jpg", zeros(jpeg(1)[:4096]), Look.WIPED),  # the rest is gone
        ("a.jpg", (jpeg(1)[:4096], bytes(4096)), Look.PLAIN),  # as a phone pads it
        ("a.tif", zeros(b"II*\0" + bytes(4092)), Look.PLAIN),  # a black picture
        ("a.wav", zeros(b"RIFF" + bytes(4092)), Look.PLAIN),
        ("a.gz", (gzip.compress(bytes(10**8))[:4096],) * 3, Look.PLAIN),
        ("a.tar", zeros(), Look.ODD),  # of nothing
        ("a.sqlite", zeros(), Look.ODD),
        ("a.img", zeros(), Look.ODD),
        ("container", zeros(), Look.ODD),
        ("a.img", (bytes(4096), noise(1, 4096), bytes(4096)), Look.PLAIN),
        ("a.img", (bytes(4096), bytes(4095) + b"x", bytes(4096)), Look.PLAIN),
        ("a.png", (b"a text" * 90,), Look.ODD),
        ("a.doc", (b"{\\rtf1 " + b"a letter " * 90,), Look.PLAIN),
        ("a.jpg", (b"\0",), Look.SMALL),
        ("a.txt", ("line\n".encode("utf-16") * 90,), Look.PLAIN),
    ],
)
def test_one_byte_repeated_is_told_from_what_begins_or_ends_so(name, pieces, look):
    assert looks(name, pieces) is look


def empty(path, left=b"", *, later=5):
    rewrite(path, left, later=later)


@pytest.mark.parametrize("later", [5, 0])
@pytest.mark.parametrize(("count", "emptied"), [(120, 120), (120, 110), (40, 25), (8, 8)])
def test_emptied_files_are_as_bad_as_deleted_ones(tree, count, emptied, later):
    for path in files(tree)[count:]:
        path.unlink()
    (found,) = told(tree, lambda: [empty(p, later=later) for p in files(tree)[:emptied]])
    assert (found.status, found.severity) == (Status.FAIL, Severity.HIGH)
    assert f"{emptied} of {count} files" in found.message
    assert "have lost all of their bytes" in found.message


@pytest.mark.parametrize(("emptied", "status"), [(2, None), (9, "pass"), (30, "unknown")])
def test_fewer_emptied_files_are_noted_or_asked_about(tree, emptied, status):
    found = told(tree, lambda: [empty(path) for path in files(tree)[:emptied]])
    assert [one.status.value for one in found] == ([status] if status else [])


@pytest.mark.parametrize("count", [1, 6])
def test_files_emptied_under_the_time_that_they_had_are_asked_about(tree, count):
    (found,) = told(tree, lambda: [empty(path, later=0) for path in files(tree)[:count]])
    assert found.status is Status.UNKNOWN
    assert f"{count} of them under the time that they had: lost in a crash?" in found.message
    assert found.message.endswith("?")


def test_a_tool_that_keeps_no_times_tells_of_no_crash():
    book = MemoryBook()
    book.add({"source": seen("source", {"a": (9, 0), "b": (9, 0)})})
    book.add({"source": seen("source", {"a": (0, 0), "b": (9, 0)})})
    assert diffs(book)[0].findings == ()


def test_gone_and_emptied_files_are_counted_together(tree):
    def attack():
        for number, path in enumerate(files(tree)):
            if number % 2:
                empty(path)
            else:
                path.unlink()

    (found,) = told(tree, attack)
    assert found.severity is Severity.HIGH
    assert "120 of 120 files (100%) are lost: 60 are gone, and 60 have lost all" in found.message


def test_photos_of_which_only_the_header_is_left_are_lost(tree):
    (found,) = told(tree, lambda: [empty(path, path.read_bytes()[:20]) for path in files(tree)])
    assert found.severity is Severity.HIGH
    assert "or nearly all" in found.message


def test_photos_that_became_small_pictures_are_asked_about(tree):
    for path in files(tree):
        if path.suffix != ".jpg":
            path.unlink()
    small = jpeg(1)[:500]
    (found,) = told(tree, lambda: [rewrite(path, small) for path in files(tree)])
    assert found.status is Status.UNKNOWN
    assert "40 of 40 files (100%) have less than a quarter of the bytes" in found.message


def test_logs_that_are_emptied_each_night_are_usual_after_a_week(tree):
    logs = [tree / f"{number}.log" for number in range(40)]
    for path in logs:
        path.write_bytes(b"a line\n" * 90)
    book, alarms = MemoryBook(), []
    for _ in range(22):
        found = audited(book, tree_seen("source", tree))
        judged = RULES["mass-change"](view_of(found, Policy()))
        alarms.append(any(one.status is not Status.PASS for one in judged))
        for path in logs:
            rewrite(path, b"" if path.stat().st_size else b"a line\n" * 90)
    assert alarms[1]
    assert not any(alarms[-3:])


def listed(apart=False, away=range(0), more=()):
    """Two folders of 40 and 30 files; some of the second away, which may be another device."""
    facts = {f"a/{n}.txt": (100, 10, n + 1) for n in range(40)}
    facts |= {f"b/c/{n}.txt": (100, 10, n + 100) for n in range(30) if n not in away}
    facts |= dict.fromkeys(more, (50, 20))
    made = seen("source", facts)
    if apart:
        column = made.files.column("dev")
        for row, path in enumerate(made.files):
            column[row] = 2 if path.startswith("b/") else 1
    return made


@pytest.mark.parametrize(
    ("apart", "away", "more", "status", "words"),
    [
        (True, range(30), (), "unknown", "all 30 of the folder b, which was a file system of its"),
        (False, range(30), (), "pass", "all 30 of the folder b."),
        (False, range(29), (), "pass", "29 of 70 files (41%) are gone (too few audits yet to kno"),
        (False, range(30), ["b/new"], "pass", "all 30 of the folder b/c."),
    ],
)
def test_a_folder_that_went_whole_is_named(apart, away, more, status, words):
    book = MemoryBook()
    book.add({"source": listed(apart)})
    book.add({"source": listed(away=away, more=more)})
    (found,) = diffs(book)
    (finding,) = found.findings
    assert finding.status.value == status
    assert words in finding.message
    assert exit_code([found]) == (3 if status == "unknown" else 0)


def test_half_of_a_source_that_vanished_with_its_mount_is_an_alarm():
    book = MemoryBook()
    facts = {f"{folder}/{n}.txt": (9, 10) for folder in "ab" for n in range(200)}
    book.add({"source": seen("source", facts)})
    book.add({"source": seen("source", {p: one for p, one in facts.items() if p[0] == "a"})})
    (found,) = diffs(book)
    assert found.findings[0].status is Status.FAIL
    assert "200 of 400 files (50%) are gone" in found.findings[0].message


def test_emptied_files_are_counted_by_a_diff():
    book = MemoryBook()
    names = [f"{number}.jpg" for number in range(20)]
    book.add({"source": seen("source", dict.fromkeys(names, (9, 10)))})
    book.add({"source": seen("source", dict.fromkeys(names, (0, 10)))})
    (found,) = diffs(book)
    assert exit_code([found]) == 1
    assert "20 emptied" in diff_text(found)


def loss(day, gone, files=400, hours=24):
    at = NOW + day * DAY
    return Changes(at - DAY * hours / 24, at, files=files, gone=gone)


def test_a_fifth_gone_is_a_note_without_a_past_and_asked_about_after_a_quiet_one():
    assert alarm(loss(0, 89)).level is Level.NOTE
    quiet = [loss(day, day % 2) for day in range(6)]
    found = alarm(loss(9, 89), quiet)
    assert found.level is Level.UNSURE
    assert "89 of 400 files (22%) are gone (usual are" in found.text
    assert alarm(loss(9, 30), quiet).level is Level.NOTE
    assert alarm(loss(9, 9), quiet) is None
    wild = [loss(day, 20 * day) for day in range(6)]
    assert alarm(loss(9, 89), wild) is None


def test_a_long_pause_makes_no_loss_usual_that_would_alarm_without_a_past():
    quiet = [loss(day, 0, 1000) for day in range(6)]
    late = loss(60, 800, 1000, hours=24 * 50)
    assert alarm(late, quiet).level is Level.BAD
    assert alarm(loss(60, 400, 1000, hours=24 * 50), quiet) is None


@pytest.mark.parametrize("runs", [5, 10, 19])
def test_small_sets_are_asked_about_by_chance_at_most_once_in_n_and_one_runs(runs):
    draw = random.Random(runs)
    trials = alarms = 0
    for _ in range(600):
        gone = [round(200 * min(0.6, draw.lognormvariate(-2.5, 1.0))) for _ in range(runs + 1)]
        *earlier, now = (loss(day, count, 200) for day, count in enumerate(gone))
        found = alarm(now, earlier)
        trials += 1
        alarms += found is not None and found.level > Level.NOTE
    expected = 1 / (runs + 1)
    assert alarms / trials < expected + 3 * (expected / trials) ** 0.5


def test_what_a_tool_sealed_does_not_hide_what_else_is_gone(tree):
    def change():
        for path in files(tree)[:4]:
            path.with_name(path.name + ".gpg").write_bytes(encrypted(path))
            path.unlink()
        for path in files(tree)[4:]:
            if not path.name.endswith(".gpg"):
                path.unlink()

    (found,) = told(tree, change)
    assert (found.status, found.severity) == (Status.FAIL, Severity.HIGH)


def test_wiped_files_need_not_be_all(tree):
    """A crash leaves the last few files as zeros."""
    newest = files(tree)[-4:]
    (found,) = told(tree, lambda: [wipe(path) for path in newest])
    assert found.status is Status.FAIL
    assert os.fspath(newest[0].relative_to(tree)) in found.message
