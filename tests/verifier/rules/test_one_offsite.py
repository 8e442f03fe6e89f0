"""One copy offsite: declared sites, contradictions, distances."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from riskmodel.sites import Site
from tests.verifier.inventories import declared, measured, place, source, unread, view
from verifier.aftermath import left_after
from verifier.inventory import Evidence, Fact, State
from verifier.rules import Status, one_offsite
from verifier.rules._view import distance_km

AMSTERDAM, UTRECHT = (52.37, 4.90), (52.09, 5.12)
SITES = {
    "home": Site(location=AMSTERDAM),
    "office": Site(location=UTRECHT),
    "nowhere": Site(),
    "garden": Site(location=(52.3703, 4.9003)),
    "next door": Site(location=(52.3707, 4.90)),
}


def offsite(*locations, **more):
    return one_offsite.judge(view(*locations, **more))


def test_a_declared_other_site_passes_as_declared():
    gate = offsite(place("nas", "sdb", site="office", host="machine:nas"))
    assert (gate.status, gate.value, gate.evidence) == (Status.PASS, 1, Evidence.DECLARED)


def test_the_same_site_fails():
    assert offsite(place("nas", "sdb", site="home")).status is Status.FAIL


def test_those_that_fail_for_one_reason_share_a_sentence():
    gate = offsite(place("usb", "sdb"), place("box", "sdc"), place("nas", "sdd", site="home"))
    assert gate.reason == (
        "usb and box are on a drive of the source's own machine; nas is at home like the source"
    )


def test_a_declared_site_on_the_sources_own_drive_is_void():
    gate = offsite(place("nas", "sda", site="office"))
    assert gate.status is Status.FAIL
    assert "void" in gate.reason
    assert "sda" in gate.reason


def test_a_drive_of_the_sources_own_machine_is_not_offsite():
    assert offsite(place("usb", "sdb")).status is Status.FAIL


def test_a_server_that_is_the_sources_own_machine_is_nowhere_else_for_sure():
    jail = replace(place("sftp", None, site="office"), real_path=None)
    gate = offsite(jail)
    assert gate.status is Status.UNKNOWN
    assert "the source's own machine" in gate.reason


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("named", [{}, {"account": declared("a")}, {"provider": declared("p")}])
def test_a_port_of_the_sources_own_machine_is_at_no_site_for_sure(named, offline):
    served = replace(place("dav", None, site="office", offline=offline), real_path=None)
    here = Fact("machine:here", Evidence.INFERRED, "127.0.0.1 is an address of this machine")
    served = replace(served, domains=replace(served.domains, host=here, **named))
    assert offsite(served).status is Status.UNKNOWN
    # the source may be on a server, and what is served here may be that again
    assert offsite(served, live=source(on=None, host="address:nas")).status is Status.UNKNOWN
    # what answers there may say of itself what it likes
    told = replace(served, domains=replace(served.domains, account=measured("1")))
    assert offsite(told).status is Status.UNKNOWN


def test_a_drive_that_is_here_now_is_elsewhere_only_if_something_says_that_it_leaves():
    usb = place("usb", "sdb", site="office")
    gate = offsite(usb)
    assert gate.status is Status.UNKNOWN
    assert "offline = true does" in gate.reason
    left = left_after(view(usb))[0]
    assert (left.sure, dict(left.perhaps).keys()) == ((), {"usb"})
    for goes in (replace(usb, offline=True), replace(usb, travels=True)):
        assert offsite(goes).status is Status.PASS
        assert "usb" in left_after(view(goes))[0].sure
    never = replace(usb, never_away="it was found there each time")
    assert "found there each time" in offsite(never).reason
    # one folder of it does not go where another stays
    both = (replace(usb, offline=True), place("more", "sdb", site="office"))
    assert offsite(*both).status is Status.UNKNOWN
    # too near is too near, wherever it is
    assert offsite(usb, sites=SITES, policy={"min_offsite_km": 40}).status is Status.FAIL


def test_a_copy_that_may_be_on_the_sources_drive_is_not_known_to_be_elsewhere():
    gate = offsite(place("mount", None, host=None, site="office"))
    assert gate.status is Status.UNKNOWN
    assert "independent of the source is not known" in gate.reason
    far = place("nas", None, host="address:nas", site="office")
    assert offsite(place("mount", None, host=None, site="office"), far).status is Status.PASS


def test_an_unknown_site_leaves_it_unknown():
    far = place("nas", None, host="address:10.0.0.9")
    assert offsite(far).status is Status.UNKNOWN
    unnamed = place("nas", "sdb", site="office")
    assert offsite(unnamed, live=source(site=None)).status is Status.UNKNOWN


@pytest.mark.parametrize("state", [State.UNREADABLE, State.TIMEOUT, State.DECLARED])
def test_an_offsite_location_that_nobody_read_leaves_it_unknown(state):
    assert offsite(unread("cloud", state, site="office")).status is Status.UNKNOWN
    assert offsite(unread("cloud", state, site="home")).status is Status.FAIL


def test_a_missing_location_is_nowhere():
    assert offsite(unread("cloud", State.MISSING, site="office")).status is Status.FAIL


def test_no_backup_fails():
    assert offsite().status is Status.FAIL


@pytest.mark.parametrize(
    ("wanted", "status"), [(30, Status.PASS), (40, Status.FAIL), (None, Status.PASS)]
)
def test_min_offsite_km_decides(wanted, status):
    gate = offsite(
        place("nas", "sdb", site="office", host="machine:nas"),
        sites=SITES,
        policy={"min_offsite_km": wanted},
    )
    assert gate.status is status
    km = distance_km(AMSTERDAM, UTRECHT)
    assert f"{km:.3g} km" in gate.reason


@pytest.mark.parametrize("wanted", [None, 0.01])
def test_two_sites_at_one_spot_are_one_whatever_they_are_called(wanted):
    shed = place("nas", "sdb", site="garden", host="machine:there")
    gate = offsite(shed, sites=SITES, policy={"min_offsite_km": wanted})
    assert gate.status is Status.FAIL
    assert "less than 50 m" in gate.reason
    fire = left_after(view(shed, sites=SITES))[0]
    assert (fire.sure, fire.perhaps) == ((), ())
    # another building passes
    far = place("nas", "sdb", site="next door", host="machine:there")
    assert offsite(far, sites=SITES).status is Status.PASS


def test_without_coordinates_the_distance_is_unknown():
    gate = offsite(place("nas", "sdb", site="nowhere"), sites=SITES, policy={"min_offsite_km": 1})
    assert gate.status is Status.UNKNOWN


def test_distances_on_the_sphere():
    degree = math.tau * 6371.0088 / 360
    assert distance_km((0, 0), (0, 1)) == pytest.approx(degree, rel=1e-9)
    assert distance_km((-90, 0), (90, 77)) == pytest.approx(180 * degree, rel=1e-9)
    assert distance_km((10, 179.5), (10, -179.5)) == pytest.approx(
        degree * math.cos(math.radians(10)), rel=1e-4
    )
    assert distance_km(AMSTERDAM, AMSTERDAM) == 0.0
