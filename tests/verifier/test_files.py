"""Files in columns answer like the dictionaries that they stand for."""

from __future__ import annotations

import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from verifier._forms import composed, copy_names
from verifier.files import FileFact, Gathering, table
from verifier.manifest import Manifest, cover, shown
from verifier.walking import Columns

NAME = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"])
    | st.sampled_from(["\udc80", "\udcff", "\n", "a", "b", "é", "e", "\u0301"]),
    min_size=1,
    max_size=3,
)
PATH = st.lists(NAME, min_size=1, max_size=3).map("/".join)
FACT = st.builds(
    FileFact,
    st.integers(0, 3),
    st.integers(-(10**18), 10**18),
    st.integers(0, 2),
    st.integers(0, 2**64 - 1),
    st.integers(0, 10**18),
)
TREE = st.dictionaries(PATH, FACT, max_size=12)


@given(TREE)
def test_columns_hold_what_the_dictionary_holds(tree):
    files = table(tree)
    assert dict(files.items()) == tree
    assert sorted(files) == sorted(tree)
    assert len(files) == len(tree)
    assert all(files[path] == fact for path, fact in tree.items())
    assert "no/such" not in files
    assert files.get("\ud800") is None
    assert [files.path(row) for row in range(len(files))] == list(files)
    assert list(files.paths(range(0, len(files), 2))) == list(files)[::2]
    assert [tree[path] for path, _ in files.some(3)] == [fact for _, fact in files.some(3)]
    assert min(len(tree), 1) <= len(files.some(3)) <= 3
    assert files.column("ctime").tolist() == [fact.ctime_ns for _, fact in files.items()]


@given(TREE, TREE)
def test_pairs_are_the_paths_in_both(one, other):
    mine, theirs = table(one), table(other)
    here, there = mine.same_paths(theirs)
    assert [mine.path(row) for row in here] == [theirs.path(row) for row in there]
    assert {mine.path(row) for row in here} == one.keys() & other.keys()


@given(TREE, TREE)
def test_pairs_are_the_paths_in_both_and_then_those_in_another_form(one, other):
    mine, theirs = table(one), table(other)
    rows = [found.tolist() for found in mine.pairs(theirs)]
    assert rows[0] == sorted(set(rows[0]))
    assert len(set(rows[1])) == len(rows[1])
    pairs = {mine.path(here): theirs.path(there) for here, there in zip(*rows, strict=True)}
    assert all(composed(here) == composed(there) for here, there in pairs.items())
    assert all(pairs[path] == path for path in one.keys() & other.keys())
    names = copy_names(one, other)
    assert {composed(path) for path in pairs} == {composed(path) for path in names}


@given(TREE.filter(bool), TREE)
def test_coverage_by_columns_is_coverage_by_paths(source, held):
    manifest = Manifest("/s", source)
    by_paths = cover(manifest, {path: fact.size for path, fact in held.items()})
    assume(copy_names(source, held).keys() == source.keys() & held.keys())
    assert cover(manifest, table(held)) == by_paths
    right = sum(path in held and held[path].size == f.size for path, f in source.items())
    assert by_paths.share.value == pytest.approx(right / len(source))


@given(TREE)
def test_a_tree_seen_from_its_top_folder(tree):
    files = table({f"top/{path}": fact for path, fact in tree.items()})
    inside = files.below("top")
    assert inside is not None
    assert dict(inside.items()) == tree
    assert table({"beside": FileFact(1, 1), **files}).below("top") is None


def test_hollow_rows_follow_their_files():
    gathered = Gathering()
    for path in ("b/2", "b/1", "a/9", "b/0"):
        gathered.add(path, FileFact(1, 1), hollow=path in {"b/2", "b/0"})
    files = gathered.files()
    assert {files.path(row) for row in files.hollow} == {"b/2", "b/0"}


def test_hollow_rows_follow_their_files_where_folders_come_whole():
    gathered = Gathering()
    for folder in ("b", "a"):
        met = Columns(["2", "1", "0"], [2, 1, 0], *([[7] * 3] * 4), hollow=[0, 2])
        gathered.extend(folder, met)
    files = gathered.files()
    assert {files.path(row) for row in files.hollow} == {"a/2", "a/0", "b/2", "b/0"}
    assert {path: fact.size for path, fact in files.items()} == {
        f"{folder}/{number}": number for folder in "ab" for number in range(3)
    }


@given(TREE, st.randoms())
def test_a_tree_has_the_same_rows_in_whatever_order_its_folders_came(tree, chance):
    def gathered(paths):
        made = Gathering()
        for path in paths:
            made.add(path, tree[path], hollow=tree[path].size == 3)
        return made.files(as_walked=True)

    paths = list(tree)
    first = gathered(paths)
    chance.shuffle(paths)
    again = gathered(paths)
    assert list(again.items()) == list(first.items())
    assert dict(first.items()) == tree
    assert list(again.hollow) == list(first.hollow)
    assert {first.path(row) for row in first.hollow} == {p for p in tree if tree[p].size == 3}
    folders = first.folder_rows()[0]
    assert folders == sorted(folders, key=lambda folder: folder.split("/") if folder else [])


def test_numbers_out_of_range_are_clipped():
    files = table({"a": FileFact(2**70, 10**40, 2**64, -1), "b": FileFact(1, 2, 3, 4)})
    assert files["a"] == FileFact(2**63 - 1, 2**63 - 1, 2**64 - 1, 0)
    assert files["b"] == FileFact(1, 2, 3, 4)
    gathered = Gathering()
    gathered.extend("", Columns(["a", "b"], [2**70, 1], [10**40, 2], [0, 0], [2**64, 3], [-1, 4]))
    assert gathered.files() == files


def test_a_million_files_would_take_little():
    gathered = Gathering()
    for number in range(20_000):
        gathered.add(f"{number // 500}/IMG_{number}.jpg", FileFact(1, number, 1, number))
    files = gathered.files()
    taken = sum(sys.getsizeof(getattr(files, f"_{c}")) for c in ("size", "mtime", "dev", "ino"))
    taken += sum(map(sys.getsizeof, files._names)) + sys.getsizeof(files._starts)
    assert taken / len(files) < 65


@pytest.mark.parametrize(("path", "text"), [("a b/ü", "a b/ü"), ("a\nb\udcff", "a\\nb\\udcff")])
def test_paths_are_shown_on_one_line(path, text):
    assert shown(path) == text
    shown(path).encode("utf-8")


@given(TREE, PATH)
def test_a_folder_seen_from_inside_holds_the_files_below_it(tree, top):
    wanted = {
        path.removeprefix(f"{top}/"): fact
        for path, fact in tree.items()
        if path.startswith(f"{top}/")
    }
    assert dict(table(tree).within(top).items()) == wanted
