"""What a fire, a theft, a wrong rm, ransomware and a lost password would leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.policies import Key
from tests.verifier.inventories import NOW, declared, drive, measured, place, source, unread, view
from verifier.aftermath import left_after
from verifier.inventory import Fact, Points, State

MANY = Points.at(NOW - timedelta(days=n) for n in range(1, 8))
FIRE, THEFT, RM, RANSOM, PASSWORD = range(5)


def sure(*locations, **more):
    return [set(one.sure) for one in left_after(view(*locations, **more))]


def perhaps(*locations, **more):
    return [dict(one.perhaps) for one in left_after(view(*locations, **more))]


def test_a_second_disk_at_home_helps_against_a_wrong_rm_only():
    left = sure(place("usb", "sdb", site="home", points=MANY))
    assert left == [set(), set(), {"usb"}, set(), {"the live data", "usb"}]


def test_a_disk_in_a_drawer_survives_ransomware_and_burns():
    left = sure(place("usb", "sdb", site="home", offline=True))
    assert left[RANSOM] == {"usb"}
    assert left[FIRE] == set()


@pytest.mark.parametrize(
    ("kind", "kept", "told"),
    [
        ("sftp", None, "until its next run"),
        ("s3", "no older versions are kept", "until its next run"),
        ("s3", None, "if it keeps older versions"),
        ("rclone", None, "if it keeps older versions"),
        ("tar", None, "until its next run"),
    ],
)
def test_one_state_elsewhere_undoes_a_wrong_rm_no_longer_than_one_here(kind, kept, told):
    far = place("far", "sdb", kind=kind, retention=measured(kept) if kept else Fact())
    assert sure(far)[RM] == set()
    assert perhaps(far)[RM] == {"far": told}
    versions = replace(far, kind="s3", retention=measured("older versions are kept for 30 days"))
    assert sure(versions)[RM] == {"far"}


def test_a_copy_elsewhere_survives_the_fire():
    left = sure(place("office", "sdb", site="office", host="machine:there"))
    assert left[FIRE] == left[THEFT] == {"office"}


def test_what_this_machine_serves_from_drives_unseen_is_not_sure_to_be_elsewhere():
    dav = place("dav", None, site="office", real_path=None)
    assert sure(dav)[FIRE] == sure(dav)[THEFT] == set()
    assert "not seen" in perhaps(dav)[FIRE]["dav"]


def test_a_drive_built_into_the_sources_machine_burns_wherever_it_is_said_to_be():
    disk = replace(drive("sdb"), transport="sata")
    inside = place("disk", "sdb", site="office")
    inside = replace(inside, domains=replace(inside.domains, drives=measured((disk,))))
    assert sure(inside)[FIRE] == set()
    assert perhaps(inside)[FIRE] == {}


def test_a_snapshot_on_the_sources_drive_helps_against_a_wrong_rm_only():
    left = sure(place("snap", "sda", points=MANY))
    assert left[:4] == [set(), set(), {"snap"}, set()]


def test_mirrors_repeat_a_wrong_rm_and_plain_copies_do_so_at_the_next_run():
    mirror = place("mirror", "sdb", repeats_deletions=measured(True))
    plain = place("plain", "sdc")
    assert sure(mirror, plain)[RM] == set()
    assert perhaps(mirror, plain)[RM] == {"plain": "until its next run"}


def test_a_lock_counts_only_if_it_was_measured():
    cloud = place(
        "cloud", None, host=None, real_path=None, address="s3:x", immutable=measured(True)
    )
    assert sure(cloud)[RANSOM] == {"cloud"}
    soon = replace(cloud, immutable_until=NOW + timedelta(days=5))
    assert sure(soon)[RANSOM] == set()
    assert perhaps(soon)[RANSOM] == {
        "cloud": "if it is noticed within 5 days, before the first locks end"
    }
    late = replace(cloud, immutable_until=NOW + timedelta(days=60))
    assert sure(late)[RANSOM] == {"cloud"}
    said = place("cloud", None, host=None, real_path=None, address="s3:x", immutable=declared(True))
    assert perhaps(said)[RANSOM] == {"cloud": "its lock is declared, not measured"}


def test_a_key_that_is_kept_only_at_the_source_burns_with_it():
    cloud = place("cloud", "x", site="far", host="machine:far", encrypted=measured(True))
    at_home = place("cloud", "x", site="far", host="machine:far", encrypted=measured(True),
                    key_kept=measured(("/home/ada/password",)))  # fmt: skip
    assert sure(at_home)[FIRE] == set()
    assert perhaps(at_home)[FIRE] == {}
    assert perhaps(cloud)[FIRE] == {"cloud": "if its password is kept elsewhere too"}
    assert sure(cloud)[PASSWORD] == {"the live data"}
    keys = {"pw": Key(kept=("home", "ada"))}
    kept = place("cloud", "x", site="far", host="machine:far", encrypted=measured(True))
    domains = type(kept.domains)(**{**_slots(kept.domains), "key": declared("pw")})
    kept = type(kept)(**{**_slots(kept), "domains": domains})
    assert sure(kept, keys=keys)[FIRE] == {"cloud"}


def test_a_key_that_is_kept_in_the_copy_that_it_opens_burns_with_the_source():
    cloud = place("cloud", "x", site="far", host="machine:far", encrypted=measured(True),
                  key_kept=measured(("/source/password",)))  # fmt: skip
    cloud = replace(cloud, domains=replace(cloud.domains, key=declared("pw")))
    for kept in (("cloud",), ("cloud", "source")):
        keys = {"pw": Key(kept=kept)}
        assert sure(cloud, keys=keys)[FIRE] == sure(cloud, keys=keys)[THEFT] == set()
        assert perhaps(cloud, keys=keys)[FIRE] == {}
    assert sure(cloud, keys={"pw": Key(kept=("cloud", "ada"))})[FIRE] == {"cloud"}


def _slots(one):
    return {name: getattr(one, name) for name in one.__slots__}


def test_what_nobody_looked_at_is_never_sure():
    told = [unread("a", State.DECLARED, site="far"), unread("b", State.TIMEOUT, site="far")]
    assert all(not one & {"a", "b"} for one in sure(*told))
    assert perhaps(*told)[FIRE] == {"a": "declared only", "b": "no answer in time"}


@given(st.lists(st.sampled_from(["home", "far", None]), max_size=4), st.booleans())
def test_a_worse_mishap_never_leaves_more(sites, offline):
    places = [place(f"p{n}", f"sd{n}", site=s, offline=offline) for n, s in enumerate(sites)]
    left = sure(*places, live=source())
    assert left[FIRE] <= left[THEFT] | left[FIRE]
    for one in left:
        assert "source" not in one
    assert {name for one in left for name in one} <= {p.name for p in places} | {"the live data"}
