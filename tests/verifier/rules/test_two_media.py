"""Two media: the published table."""

from __future__ import annotations

import pytest

from tests.verifier.inventories import UNKNOWN, declared, measured, place, source, unread, view
from verifier.inventory import Evidence, State
from verifier.rules import Status, two_media


def media(*locations, **more):
    return two_media.judge(view(*locations, **more))


@pytest.mark.parametrize(
    ("one", "other", "note"),
    [
        ("hdd", "ssd", "both are drives in use"),
        ("hdd", "usb-flash", "both are drives in use"),
        ("hdd", "tape", ""),
        ("ssd", "lto-9", ""),
        ("hdd", "bd-r-hdl", ""),
        ("hdd", "object-storage", "provider's disks"),
        ("hdd", "cloud", "provider's disks"),
    ],
)
def test_unlike_media_pass(one, other, note):
    gate = media(place("copy", "sdb", media=other), live=source(media=one))
    assert (gate.status, gate.value) == (Status.PASS, 2)
    assert note in gate.reason


@pytest.mark.parametrize(
    ("one", "other"), [("hdd", "hdd"), ("hdd", "usb-hdd"), ("ssd", "nvme"), ("hdd", "vtl")]
)
def test_media_of_one_kind_fail(one, other):
    gate = media(place("copy", "sdb", media=other), live=source(media=one))
    assert (gate.status, gate.value) == (Status.FAIL, 1)


def test_an_unknown_medium_leaves_it_unknown():
    gate = media(place("copy", "sdb", media=None))
    assert gate.status is Status.UNKNOWN
    assert "copy" in gate.reason


def test_unless_the_locations_share_the_drive():
    gate = media(place("copy", "sda", media=None), live=source(media=None))
    assert gate.status is Status.FAIL


def test_a_declared_medium_passes_as_declared():
    gate = media(place("copy", "sdb", media_type=declared("tape")))
    assert (gate.status, gate.evidence) == (Status.PASS, Evidence.DECLARED)


def test_measured_wins_over_declared_where_both_pass():
    gate = media(
        place("box", "sdb", media_type=declared("tape")), place("fast", "sdc", media="ssd")
    )
    assert gate.evidence is Evidence.MEASURED


def test_a_declared_medium_on_the_sources_own_drive_is_void():
    assert media(place("copy", "sda", media_type=declared("tape"))).status is Status.FAIL


def test_a_location_that_is_no_copy_adds_no_medium():
    partial = place("tape", "st0", media="tape", coverage=measured(0.5))
    assert media(partial).status is Status.FAIL


@pytest.mark.parametrize("state", [State.DECLARED, State.TIMEOUT, State.ABSENT_OFFLINE])
def test_a_location_that_nobody_read_leaves_it_unknown(state):
    assert media(unread("tape", state, media="tape")).status is Status.UNKNOWN
    assert media(unread("other", state, media="hdd")).status is Status.FAIL


def test_names_nobody_knows_are_unknown():
    assert two_media.medium_class("wax cylinder") is None
    assert media(place("odd", "sdb", media="wax cylinder")).status is Status.UNKNOWN
    assert media(place("odd", "sdb", media_type=UNKNOWN)).status is Status.UNKNOWN
