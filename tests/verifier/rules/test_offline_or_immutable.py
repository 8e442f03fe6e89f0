"""One copy offline or immutable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.verifier.inventories import NOW, UNKNOWN, declared, measured, place, unread, view
from verifier.inventory import Evidence, State
from verifier.rules import Status, offline_or_immutable


def offline(*locations, **more):
    return offline_or_immutable.judge(view(*locations, **more))


def test_a_copy_declared_offline_passes_as_declared():
    gate = offline(place("usb", "sdb", offline=True))
    assert (gate.status, gate.evidence) == (Status.PASS, Evidence.DECLARED)


def test_an_online_copy_fails():
    assert offline(place("usb", "sdb")).status is Status.FAIL


def test_what_is_on_the_sources_drive_cannot_be_offline():
    gate = offline(place("usb", "sda", offline=True))
    assert gate.status is Status.FAIL
    assert "usb" in gate.reason


def test_an_absent_location_passes_while_it_was_seen_lately():
    def away(days):
        seen = NOW - timedelta(days=days)
        return unread("usb", State.ABSENT_OFFLINE, offline=True, last_seen=seen)

    assert offline(away(30)).status is Status.PASS
    assert offline(away(30)).evidence is Evidence.DECLARED
    assert offline(away(120)).status is Status.UNKNOWN
    assert offline(away(120), policy={"max_absence": 200 * 24.0}).status is Status.PASS
    assert offline(unread("usb", State.ABSENT_OFFLINE, offline=True)).status is Status.UNKNOWN


def test_measured_immutability_passes():
    bucket = place("b2", None, host=None, immutable=measured(True), real_path=None)
    assert offline(bucket).status is Status.PASS
    assert offline(bucket).evidence is Evidence.MEASURED


def test_declared_immutability_does_not():
    bucket = place("b2", None, host=None, immutable=declared(True), real_path=None)
    assert offline(bucket).status is Status.UNKNOWN


@pytest.mark.parametrize("state", [State.UNREADABLE, State.TIMEOUT, State.DECLARED])
def test_an_offline_location_that_nobody_read_leaves_it_unknown(state):
    assert offline(unread("usb", state, offline=True)).status is Status.UNKNOWN


def test_an_offline_location_that_is_no_copy_fails():
    partial = place("usb", "sdb", offline=True, coverage=measured(0.5))
    assert offline(partial).status is Status.FAIL
    unclear = place("usb", "sdb", offline=True, coverage=UNKNOWN)
    assert offline(unclear).status is Status.UNKNOWN


def test_whether_a_remote_repository_is_immutable_is_unknown():
    remote = place("b2", None, host=None, real_path=None, address="s3:bucket")
    assert offline(remote).status is Status.UNKNOWN


def test_a_drive_that_holds_an_online_copy_is_not_offline():
    online, twin = place("online", "sdb"), place("twin", "sdb", offline=True)
    gate = offline_or_immutable.judge(view(online, twin))
    assert gate.status is Status.FAIL
    assert "twin cannot be offline: online is on the same drive" in gate.reason
