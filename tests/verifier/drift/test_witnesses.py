"""Which copy is right: majorities, history, spread, repairs, and ties that stay ties."""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.verifier.inventories import NOW
from verifier.drift import Sight, judged

GOOD, BAD = b"g" * 32, b"b" * 32


def sights(**histories):
    """Each location's readings, one letter a run: g, b, or - where it was not read."""
    letters = {"g": GOOD, "b": BAD, "x": b"x" * 32}
    return [
        Sight(name, run, NOW + run * timedelta(days=1), letters[letter])
        for name, history in histories.items()
        for run, letter in enumerate(history, 1)
        if letter != "-"
    ]


def verdict(**histories):
    return judged("a.jpg", sights(**histories))


def test_the_majority_of_copies_is_right():
    found = verdict(source="g", usb="b", nas="g")
    assert found.right == GOOD.hex()
    assert (found.good, found.bad) == (("nas", "source"), ("usb",))
    assert found.where == "nas and source"
    assert found.reason == "nas and source agree, against usb"


def test_one_against_one_without_a_history_is_a_tie_and_said_to_be():
    found = verdict(source="g", usb="b")
    assert found.right == ""
    assert found.reason.startswith("a tie, so nobody can tell")
    assert not found.healed


def test_history_decides_between_one_and_one():
    found = verdict(source="ggb", usb="--g")
    assert found.right == GOOD.hex()
    assert found.bad == ("source",)
    found = verdict(source="gg", usb="gb")
    assert (found.right, found.bad) == (GOOD.hex(), ("usb",))


def test_rot_that_spread_is_named_with_the_place_that_still_has_the_good_bytes():
    found = verdict(source="ggbb", mirror="gggb", cloud="---b", drawer="g---")
    assert found.right == GOOD.hex()
    assert found.spread
    assert found.good == ("drawer",)
    assert found.where == "drawer on 2026-06-02"
    assert "may have copied the wrong bytes" in found.reason


def test_many_late_copies_do_not_outvote_what_two_places_held_before():
    found = verdict(source="gbb", old="g--", a="--b", b="--b", c="--b")
    assert (found.right, found.spread) == (GOOD.hex(), True)


def test_a_single_history_against_many_late_copies_is_left_open():
    found = verdict(source="gbb", a="-bb", b="--b")
    assert found.right == ""
    assert "nobody can tell" in found.reason


def test_a_copy_that_was_repaired_is_healed():
    found = verdict(source="gg", nas="gg", usb="bg")
    assert found.right == GOOD.hex()
    assert found.healed
    assert not found.spread


def test_a_point_that_held_the_good_bytes_is_named_when_no_file_does():
    readings = [
        Sight("repo", 1, NOW, GOOD, point=NOW - timedelta(hours=2)),
        Sight("repo", 2, NOW + timedelta(days=1), BAD, point=NOW + timedelta(hours=22)),
    ]
    found = judged("a", readings)
    assert (found.right, found.good, found.bad) == (GOOD.hex(), (), ("repo",))
    assert found.where == "perhaps the point of 2026-06-01 10:00 in repo"


HISTORIES = st.dictionaries(
    st.sampled_from(["source", "a", "b", "c"]),
    st.text("gb-", min_size=3, max_size=3).filter(lambda word: word.strip("-")),
    min_size=1,
)


@settings(deadline=None, max_examples=60)
@given(HISTORIES)
def test_names_do_not_decide_and_neither_does_the_order(histories):
    readings = sights(**histories)
    assert judged("a", readings) == judged("a", readings[::-1])
    swapped = {name: word.translate(str.maketrans("gb", "bg")) for name, word in histories.items()}
    one, other = judged("a", readings), judged("a", sights(**swapped))
    assert bool(one.right) == bool(other.right)
    if one.right:
        assert {one.right, other.right} == {GOOD.hex(), BAD.hex()}
        assert set(one.good) | set(one.bad) == set(histories)


@settings(deadline=None, max_examples=60)
@given(HISTORIES)
def test_bytes_that_every_location_held_from_first_to_last_are_right(histories):
    stable = dict.fromkeys(histories, "ggg")
    assert judged("a", sights(**stable)).right == GOOD.hex()
