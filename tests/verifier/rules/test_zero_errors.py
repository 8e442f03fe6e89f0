"""Zero errors, at a depth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.verifier.inventories import place, source, unread, view
from verifier.inventory import Depth, Points, Sample, State
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


def test_a_closed_restic_repository_may_lack_a_file_however_sound_the_others_are():
    closed = place("a", "sdb", kind="restic", files=None, depth=Depth.BYTES)
    gate = errors(closed)
    assert gate.status is Status.UNKNOWN
    assert "gone" in gate.reason
    assert errors(replace(closed, files=100)).status is Status.PASS
    assert errors(replace(closed, kind="borg")).status is Status.PASS  # its index tells


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


def test_a_sample_passes_only_where_the_policy_is_content_with_one():
    usb = place("usb", "sdb", sample=Sample(299, 81_234, 0, 17))
    gate = errors(usb)
    assert gate.status is Status.UNKNOWN
    assert "the policy asks for all" in gate.reason
    gate = errors(usb, policy={"max_bad": 0.01})
    assert (gate.status, gate.value) == (Status.PASS, "0 at depth source")
    said = "usb: 0 errors in a sample of 299 of 81,234 files (seed 17): "
    assert f"{said}with 95 % confidence at most 1 % are bad" in gate.reason


def test_a_sample_that_is_too_small_for_the_bound_is_unknown():
    gate = errors(place("usb", "sdb", sample=Sample(290, 81_234)), policy={"max_bad": 0.01})
    assert gate.status is Status.UNKNOWN
    assert "the policy asks for 1 %" in gate.reason


def test_a_restore_drill_is_a_sample_by_its_nature_and_says_so():
    drilled = place("usb", "sdb", depth=Depth.RESTORE, sample=Sample(10, 1000))
    gate = errors(drilled, policy={"depth": "restore"})
    assert gate.status is Status.PASS
    assert "a sample of 10 of 1,000 files" in gate.reason
    assert errors(drilled).status is Status.UNKNOWN


def test_a_location_read_whole_is_no_sample():
    gate = errors(place("usb", "sdb"), policy={"max_bad": 0.01})
    assert gate.status is Status.PASS
    assert "sample" not in gate.reason


def test_the_oldest_read_is_told():
    times = [datetime(2026, month, 12, tzinfo=UTC) for month in (4, 3)]
    both = (
        place(name, f"sd{name}", read_since=when) for name, when in zip("bc", times, strict=True)
    )
    assert "bytes last read 2026-03-12 or later" in errors(*both).reason


def test_the_depth_that_would_find_more_is_named():
    gate = errors(place("a", "sdb", depth=Depth.LISTED), policy={"depth": "listed"})
    assert "at depth source changed bytes under the same size" in gate.reason
    gate = errors(place("a", "sdb", depth=Depth.BYTES, kind="restic"))
    assert "at depth restore what was stored wrong in the first place" in gate.reason
    gate = errors(place("a", "sdb", depth=Depth.RESTORE))
    assert "not looked for" not in gate.reason
