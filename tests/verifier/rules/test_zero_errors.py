"""Zero errors, at a depth."""

from __future__ import annotations

import pytest

from tests.verifier.inventories import place, source, unread, view
from verifier.inventory import Depth, Points, State
from verifier.rules import Status, zero_errors
from verifier.rules._standing import Copyhood


def errors(*locations, **more):
    return zero_errors.judge(view(*locations, **more))


def test_all_examined_deep_enough_passes_and_states_the_shallowest_depth():
    gate = errors(place("a", "sdb", depth=Depth.BYTES), place("b", "sdc", depth=Depth.RESTORE))
    assert (gate.status, gate.value) == (Status.PASS, "0 at depth bytes")


@pytest.mark.parametrize("required", ["listed", "structure", "bytes", "source", "restore"])
@pytest.mark.parametrize("reached", list(Depth))
def test_a_deeper_depth_satisfies_and_a_shallower_one_is_unknown(required, reached):
    gate = errors(place("a", "sdb", depth=reached), policy={"depth": required})
    enough = reached >= Depth[required.upper()]
    assert gate.status is (Status.PASS if enough else Status.UNKNOWN)


def test_any_error_fails_even_in_a_location_that_does_not_count():
    gate = errors(place("a", "sdb"), place("b", "sda", errors=("x differs from the source.",)))
    assert gate.status is Status.FAIL
    assert gate.value.startswith("1 ")
    assert "x differs" in gate.reason


@pytest.mark.parametrize("state", [state for state in State if state is not State.READ])
def test_an_unexamined_location_is_unknown(state):
    gate = errors(place("a", "sdb"), unread("b", state))
    assert gate.status is Status.UNKNOWN
    assert "b" in gate.reason


def test_an_examination_that_broke_off_is_unknown():
    assert errors(place("a", "sdb", depth=None)).status is Status.UNKNOWN


def test_errors_are_errors_however_much_is_unexamined():
    damaged = place("a", "sdb", errors=("x differs.",))
    assert errors(damaged, unread("b", State.TIMEOUT)).status is Status.FAIL


def test_nothing_to_verify_is_unknown():
    assert errors().status is Status.UNKNOWN


def test_an_unreadable_source_is_unknown():
    live = unread("source", State.UNREADABLE)
    assert errors(place("a", "sdb"), live=live).status is Status.UNKNOWN
    assert errors(place("a", "sdb"), live=source(depth=Depth.LISTED)).status is Status.PASS


def test_a_set_of_which_nothing_can_be_restored_is_damaged_and_no_copy():
    points = Points(count=0, breaks=("The full backup lacks volume 1 of 3.",))
    ruined = place("b", "sdb", points=points, depth=Depth.BYTES)
    gate = errors(ruined)
    assert gate.status is Status.FAIL
    assert "lacks volume 1" in gate.reason
    (_, standing) = view(ruined).standings
    assert (standing.copyhood, standing.status) == (Copyhood.NO, Status.FAIL)
