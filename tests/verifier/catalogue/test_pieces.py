"""A change elsewhere in a tree does not move a cut, and pieces give back their files."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verifier.catalogue.trees import digests, facts, files
from verifier.catalogue._pieces import (
    PIECE_NAMES,
    DamagedPiece,
    cuts,
    files_of,
    key_of,
    packed,
    packed_digests,
    packed_listing,
    packed_times,
    unpacked,
    unpacked_digests,
    unpacked_times,
)
from verifier.digests import Digests
from verifier.files import FileFact

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
FACTS = st.builds(
    FileFact,
    st.integers(0, 2**63 - 1),
    NUMBERS,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
)


def listings(of, devices):
    return [packed_listing(of, cut, devices) for cut in cuts(of)]


@settings(max_examples=40)
@given(st.dictionaries(PATHS, FACTS, max_size=12))
def test_files_come_back_from_their_pieces(of):
    tree = files(of)
    devices = sorted({fact.dev for fact in of.values()})
    back = files_of(
        [unpacked(key_of(raw), packed(raw)) for raw in listings(tree, devices)], devices
    )
    assert dict(back.items()) == dict(tree.items())
    assert list(back) == list(tree)


def test_a_large_folder_is_several_pieces_and_still_one_folder():
    count = PIECE_NAMES + 10
    of = files({f"big/{number:06}": FileFact(number, number, 1, number) for number in range(count)}
               | {"z/last": FileFact(1, 1, 1, 1)}, hollow=f"big/{PIECE_NAMES + 3:06}")  # fmt: skip
    parts = list(cuts(of))
    assert max(cut.end - cut.first for cut in parts) == PIECE_NAMES
    assert [cut.end for cut in parts[:-1]] == [cut.first for cut in parts[1:]]
    back = files_of(listings(of, [1]), [1])
    assert back.folder_rows()[0] == ["big", "z"]
    assert back["big/065540"] == FileFact(65540, 65540, 1, 65540)
    assert back.hollow == of.hollow


@pytest.mark.parametrize("folder", [0, 70, 149])
def test_a_change_rewrites_one_piece_or_two(folder):
    before = facts(150, 200)
    after = dict(before)
    after[f"{2000 + folder}/IMG_0000a.jpg"] = FileFact(1, 1, 1, 1)
    old = {key_of(raw) for raw in listings(files(before), [7])}
    new = {key_of(raw) for raw in listings(files(after), [1, 7])}
    assert 4 <= len(old) <= 15  # of about 4,096 files
    # another device among the files changes no other piece either but by its number
    after[f"{2000 + folder}/IMG_0000a.jpg"] = FileFact(1, 1, 7, 1)
    new = {key_of(raw) for raw in listings(files(after), [7])}
    assert 1 <= len(new - old) <= 2


def test_digests_come_back():
    of = files(facts(2))
    known = Digests(digests(np.arange(200)), np.arange(200) * 10**15)
    for cut in cuts(of):
        rows = cut.end - cut.first
        assert np.array_equal(unpacked_digests(packed_digests(known, cut), rows), known.digest)
        assert np.array_equal(unpacked_times(packed_times(known, cut), rows), known.read_at)


@settings(max_examples=40)
@given(st.binary(max_size=200), st.integers(0, 1000), st.integers(0, 255))
def test_damage_is_noticed_and_never_a_crash(garbage, at, value):
    with pytest.raises(DamagedPiece):
        unpacked(key_of(b"x"), packed(b"y"))
    with pytest.raises(DamagedPiece):
        unpacked(key_of(b"x"), garbage)
    raw = bytearray(listings(files(facts(1, 5)), [7])[0])
    raw[at % len(raw)] = value
    for broken in (bytes(raw), garbage):
        with suppress(DamagedPiece):
            files_of([broken], [7])
