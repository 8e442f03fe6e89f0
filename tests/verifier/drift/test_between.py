"""What became of each file between two audits."""

from __future__ import annotations

import time

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from tests.verifier.drift.books import seen
from verifier.digests import Digests
from verifier.drift import between
from verifier.files import FileFact, Gathering
from verifier.sightings import Seen

HOUR = 3600 * 10**9


def became(before, now, old=None, new=None):
    """Name the files of each class."""
    found = between(seen("usb", before, old), seen("usb", now, new))
    assert found is not None

    def paths(files, rows):
        return {files.path(row) for row in rows.tolist()}

    classes = {
        "new": paths(found.now, found.new),
        "gone": paths(found.before, found.gone),
        "changed": paths(found.now, found.changed[1]),
        "touched": paths(found.now, found.touched[1]),
        "moved": {
            (found.before.path(a), found.now.path(b))
            for a, b in zip(*(rows.tolist() for rows in found.moved), strict=True)
        },
        "rotten": paths(found.now, found.rotten[1]),
    }
    return {name: value for name, value in classes.items() if value}


def test_each_class_is_told_apart():
    before = {"a/same": (5, 10), "a/gone": (6, 10), "edited": (7, 10), "rots": (8, 10)}
    now = {"a/same": (5, 10), "a/new": (9, 11), "edited": (7, 12), "rots": (8, 10)}
    assert became(before, now, {"rots": b"x"}, {"rots": b"y"}) == {
        "new": {"a/new"},
        "gone": {"a/gone"},
        "changed": {"edited"},
        "rotten": {"rots"},
    }


def test_equal_bytes_under_another_time_were_only_touched():
    old, new = {"a": (5, 10)}, {"a": (5, 99)}
    assert became(old, new, {"a": b"x"}, {"a": b"x"}) == {"touched": {"a"}}
    assert became(old, new, {"a": b"x"}, {"a": b"y"}) == {"changed": {"a"}}


def test_a_file_that_was_not_read_both_times_is_no_suspect():
    assert became({"a": (5, 10)}, {"a": (5, 10)}, {"a": b"x"}) == {}


def test_a_moved_file_is_known_by_its_digest_its_inode_or_its_name():
    old, new = {"a/x": (5, 10, 7)}, {"b/y": (5, 10, 7)}
    moved = {"moved": {("a/x", "b/y")}}
    assert became(old, new) == moved
    other_time = {"b/y": (5, 77, 8)}
    assert became(old, other_time, {"a/x": b"x"}, {"b/y": b"x"}) == moved
    assert became({"a/x": (5, 10)}, {"b/x": (5, 10)}) == {"moved": {("a/x", "b/x")}}


def test_a_freed_inode_that_another_file_got_is_no_move():
    found = became({"a": (4096, 10, 7)}, {"b": (4096, 500, 7)})
    assert found == {"gone": {"a"}, "new": {"b"}}


def test_a_file_that_was_renamed_and_rotted_is_both():
    found = became({"a": (5, 10, 7)}, {"b": (5, 10, 7)}, {"a": b"x"}, {"b": b"y"})
    assert found == {"moved": {("a", "b")}, "rotten": {"b"}}


def test_two_files_of_one_content_move_one_to_one():
    old = {"a/1": (5, 10), "a/2": (5, 11), "a/3": (5, 12)}
    new = {"b/1": (5, 20), "b/2": (5, 21)}
    contents = dict.fromkeys(old, b"x"), dict.fromkeys(new, b"x")
    found = became(old, new, *contents)
    assert len(found["moved"]) == 2
    assert len(found["gone"]) == 1
    assert "new" not in found


def test_summer_time_on_a_fat_disk_changes_nothing():
    old = {f"p{n}": (n + 1, n * HOUR) for n in range(40)}
    new = {path: (size, mtime + HOUR) for path, (size, mtime) in old.items()}
    assert became(old, new) == {}
    new["p3"] = (4, 3 * HOUR + HOUR + 5 * 10**9)
    assert became(old, new) == {"changed": {"p3"}}


def test_a_stay_on_a_coarse_file_system_changes_nothing():
    old, new = {"a": (5, 1_234_567_891)}, {"a": (5, 0)}
    assert became(old, new) == {}
    assert became({"a": (5, 1_234_567_891)}, {"a": (5, 1_234_567_892)}) == {"changed": {"a"}}


PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/c"])
TREES = st.dictionaries(
    PATHS, st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=5
)
CONTENTS = st.dictionaries(PATHS, st.sampled_from([b"x", b"y"]), max_size=5)


def _seen(tree, contents):
    return seen("usb", tree, {path: raw for path, raw in contents.items() if path in tree})


@settings(deadline=None, max_examples=40)
@given(TREES, CONTENTS)
def test_a_run_does_not_differ_from_itself(tree, contents):
    found = between(_seen(tree, contents), _seen(tree, contents))
    assert found is not None
    assert found.empty


@settings(deadline=None, max_examples=40)
@given(TREES, CONTENTS, TREES, CONTENTS)
def test_what_is_new_one_way_is_gone_the_other_way(tree, contents, other, other_contents):
    one, two = _seen(tree, contents), _seen(other, other_contents)
    there, back = between(one, two), between(two, one)
    assert there is not None
    assert back is not None
    # which of several equal files moved is a choice, so counts are compared, and rows where none
    assert len(there.new) == len(back.gone)
    assert len(there.gone) == len(back.new)
    assert len(there.moved[0]) == len(back.moved[0])
    assert sorted(map(there.before.path, there.changed[0].tolist())) == sorted(
        map(back.now.path, back.changed[1].tolist())
    )
    assert len(there.new) + len(there.moved[1]) == len(set(other) - set(tree))
    assert len(there.gone) + len(there.moved[0]) == len(set(tree) - set(other))


def test_many_files_take_seconds():
    def tree(count, inode, shift):
        gathered = Gathering()
        for number in range(count):
            folder = f"{shift}/{number // 1000}"
            gathered.add(
                f"{folder}/IMG_{number % 1000:04}.jpg", FileFact(number, number, 1, number + inode)
            )
        of = gathered.files()
        random = np.random.default_rng(1).integers(0, 256, (count, 32)).astype(np.uint8)
        return Seen(seen("usb", {}).location, of, Digests(random, np.ones(count, np.int64)))

    before, now = tree(30_000, 1, "a"), tree(30_000, 1, "b")
    now.digests.digest[7] ^= 1
    start = time.process_time()
    found = between(before, now)
    took = time.process_time() - start
    assert len(found.moved[0]) == 30_000
    assert found.rotten[1].tolist() == [7]
    assert took < 0.5  # a million takes 33 times as long: still seconds a location
