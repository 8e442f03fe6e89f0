"""Three independent copies: which locations count, and what is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.verifier.inventories import (
    NOW,
    UNKNOWN,
    declared,
    inventory,
    measured,
    place,
    source,
    unread,
    view,
)
from verifier.inventory import Domains, Drive, Evidence, Points, State
from verifier.rules import Status, three_copies


def copies(*locations, **more):
    return three_copies.judge(view(*locations, **more))


def test_three_drives_pass_and_the_source_is_one_of_them():
    gate = copies(place("usb", "sdb"), place("nas", "sdc"))
    assert (gate.status, gate.value, gate.wanted) == (Status.PASS, 3, 3)
    assert gate.evidence is Evidence.MEASURED


def test_two_locations_on_one_drive_count_once():
    gate = copies(place("one", "sdb"), place("two", "sdb"))
    assert (gate.status, gate.value) == (Status.FAIL, 2)


def test_locations_on_the_sources_drive_add_nothing():
    gate = copies(place("one", "sda"), place("two", "sda"))
    assert (gate.status, gate.value) == (Status.FAIL, 1)


def test_a_pool_that_spans_drives_ties_what_is_on_either_to_the_source():
    gate = copies(place("one", "sda"), place("two", "sdb"), live=source(on=("sda", "sdb")))
    assert gate.value == 1


def test_a_location_on_two_drives_hides_no_copies_that_stand_on_one_each():
    both = place("both", ("sdb", "sdc"))
    gate = copies(both, place("one", "sdb"), place("two", "sdc"))
    assert (gate.status, gate.value) == (Status.PASS, 3)


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({}, Status.UNKNOWN),
        ({"size_bytes": None}, Status.UNKNOWN),
        ({"size_bytes": 8000}, Status.PASS),
        ({"model": "Other"}, Status.PASS),
        ({"serial": "DD6"}, Status.PASS),
    ],
)
def test_two_drives_of_one_number_and_size_may_be_one(other, status):
    one = Drive("device:here/8:16", "sdb", "External", "DD5", 4000)
    drives = one, replace(one, key="device:here/8:32", device="sdc", **other)
    found = [place(drive.device, drive.device) for drive in drives]
    gate = copies(
        *(
            replace(one, domains=replace(one.domains, drives=measured((drive,))))
            for one, drive in zip(found, drives, strict=True)
        )
    )
    assert gate.status is status


@pytest.mark.parametrize(
    "pool", ["fs:here/8:1", "md:5f3c", "zpool:here/tank", "loop:here/disk.img", "btrfs:1-2"]
)
def test_a_shared_pool_is_enough_where_drives_are_unknown(pool):
    live, usb = source(on=None), place("usb", None)
    live = replace(live, domains=replace(live.domains, pools=measured((pool,))))
    usb = replace(usb, domains=replace(usb.domains, pools=measured((pool, "part:x"))))
    assert copies(usb, place("nas", "sdc", host="address:nas"), live=live).status is Status.FAIL


def test_one_device_number_on_one_machine_is_one_file_system():
    live, usb = source(on=None, inode=(77, 2)), place("usb", None, inode=(77, 900))
    assert copies(usb, live=live).value == 1
    far = place("usb", None, inode=(77, 900), host="address:nas")
    assert copies(far, live=live).value == 2


def test_hard_links_to_the_source_are_no_copy():
    linked = place("links", None, shared_inodes=3)
    found = view(linked, place("nas", "sdc"))
    assert "3 hard links" in found.relation(0, 1).shared[0]
    assert three_copies.judge(found).status is Status.FAIL


def test_another_host_has_its_own_drives_by_inference():
    gate = copies(place("nas", None, host="address:10.0.0.9"), place("usb", "sdb"))
    assert (gate.status, gate.evidence) == (Status.PASS, Evidence.INFERRED)


def test_two_exports_of_one_host_count_once():
    nas = [place(name, None, host="address:10.0.0.9") for name in ("one", "two")]
    assert copies(*nas).value == 2
    assert copies(*nas).status is Status.FAIL


@pytest.mark.parametrize(
    ("host", "pools"),
    [
        ("address:10.0.0.9", ["export:10.0.0.9/photos"]),
        ("address:nas", ["export:nas/photos", "export:10.0.0.9/photos"]),
    ],
)
def test_one_host_met_by_its_id_and_by_an_address_counts_once(host, pools):
    def met(name, host, pools):
        found = place(name, None, host=host)
        return replace(found, domains=replace(found.domains, pools=measured(tuple(pools))))

    by_id = ["export:machine:77/a", "export:nas.example.org/a", "export:10.0.0.9/a"]
    sftp, mount = met("sftp", "machine:77", by_id), met("mount", host, pools)
    assert copies(sftp, mount).value == copies(mount, sftp).value == 2
    other = met("other", "address:10.0.0.8", ["export:10.0.0.8/a"])
    assert copies(sftp, other).value == 3


def test_unknown_drives_on_this_host_leave_the_gate_unknown():
    gate = copies(place("odd", None), place("usb", "sdb"))
    assert (gate.status, gate.value) == (Status.UNKNOWN, 2)
    assert "odd" in gate.reason


def test_buckets_of_one_account_count_once_in_one_region_and_twice_in_two():
    def bucket(name, region):
        where = Domains(account=declared("ada"), provider=declared("b2"), site=declared(region))
        return place(name, None, domains=where, real_path=None, address=f"s3:{name}")

    assert copies(bucket("one", "paris"), bucket("two", "paris")).value == 2
    assert copies(bucket("one", "paris"), bucket("two", "oslo")).value == 3


def test_a_provider_written_in_two_ways_is_one():
    def bucket(name, provider):
        where = Domains(account=declared("ada"), provider=declared(provider), site=declared("oslo"))
        return place(name, None, domains=where, real_path=None, address=f"s3:{name}")

    assert copies(bucket("one", "Backblaze"), bucket("two", "backblaze ")).value == 2
    assert copies(bucket("one", "Backblaze"), bucket("two", "wasabi")).value == 3


def test_a_folder_within_the_source_is_no_hard_link_and_a_disk_mounted_there_stands_apart():
    live = replace(source(), real_path="/ada", inode=(7, 1))
    inside = replace(place("inside", "sda"), real_path="/ada/copy", inode=(7, 2), shared_inodes=9)
    shared = view(inside, live=live).relation(0, 1).shared
    assert shared[0] == "the folder of inside, which lies in that of source"
    assert not any("hard link" in words for words in shared)
    mounted = replace(place("disk", "sdb"), real_path="/ada/disk", inode=(8, 2))
    assert view(mounted, live=live).relation(0, 1).shared == ()


@pytest.mark.parametrize("state", [State.UNREADABLE, State.TIMEOUT, State.DECLARED])
def test_what_nobody_could_read_does_not_count_and_leaves_the_gate_unknown(state):
    gate = copies(place("usb", "sdb"), unread("cloud", state))
    assert (gate.status, gate.value) == (Status.UNKNOWN, 2)


def test_a_missing_location_fails():
    gate = copies(place("usb", "sdb"), unread("gone", State.MISSING))
    assert (gate.status, gate.value) == (Status.FAIL, 2)


def test_an_unknown_location_that_could_not_turn_the_gate_lets_it_fail():
    assert copies(unread("cloud", State.TIMEOUT)).status is Status.FAIL


def test_an_absent_offline_location_is_unknown_and_declared_if_seen_lately():
    seen = NOW - timedelta(days=89)
    lately = unread("usb", State.ABSENT_OFFLINE, offline=True, last_seen=seen)
    long_ago = replace(lately, last_seen=NOW - timedelta(days=91))
    for location in (lately, long_ago, replace(lately, last_seen=None)):
        assert copies(place("nas", "sdb"), location).status is Status.UNKNOWN
    status = [view(location).standings[1].status for location in (lately, long_ago)]
    assert status == [Status.PASS, Status.UNKNOWN]


def test_memory_never_counts_not_even_as_the_source():
    tmpfs = place("shm", (), media="memory")
    assert copies(tmpfs, place("usb", "sdb")).status is Status.FAIL
    pool = replace(tmpfs.domains, drives=UNKNOWN, pools=measured(("tmpfs:here/0:23",)))
    assert copies(replace(tmpfs, media_type=UNKNOWN, domains=pool)).value == 1
    assert copies(place("usb", "sdb"), live=source(media="memory")).value == 1


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.9899, 1), (0.99, 2), (1.0, 2)])
def test_below_min_coverage_it_is_no_whole_copy(share, value):
    assert copies(place("usb", "sdb", coverage=measured(share))).value == value


def test_unknown_coverage_does_not_count_but_could():
    closed = place("repo", "sdb", coverage=UNKNOWN, reason="no password")
    gate = copies(closed, place("usb", "sdc"))
    assert (gate.status, gate.value) == (Status.UNKNOWN, 2)
    assert "no password" in gate.reason


def _aged(days, **changes):
    when = NOW - timedelta(days=days)
    return place("usb", "sdb", points=Points(1, when, when), **changes)


def test_a_stale_copy_does_not_count_unless_it_is_identical_to_the_source():
    policy = {"max_age": 8 * 24.0}
    assert copies(_aged(7.9), policy=policy).value == 2
    assert copies(_aged(8.1), policy=policy).value == 1
    assert copies(_aged(800, identical=True), policy=policy).value == 2
    old = NOW - timedelta(days=900)
    unchanged = source(points=Points(1, old, old))
    assert copies(_aged(800), live=unchanged, policy=policy).value == 2


def test_a_copy_without_a_date_or_from_the_future_is_unknown():
    for points in (Points(), Points(1, NOW + timedelta(days=30), NOW)):
        odd = place("usb", "sdb", points=points)
        gate = copies(odd, place("nas", "sdc"))
        assert (gate.status, gate.value) == (Status.UNKNOWN, 2)


def test_a_damaged_copy_still_counts():
    assert copies(place("usb", "sdb", errors=("x differs.",))).value == 2


def test_a_missing_source_fails():
    gate = copies(place("usb", "sdb"), live=unread("source", State.MISSING))
    assert gate.status is Status.FAIL


def test_declared_locations_are_stale_by_their_own_word():
    old = unread("phone", State.DECLARED)
    old = replace(old, points=Points(1, NOW - timedelta(days=300), None))
    assert copies(place("usb", "sdb"), old).status is Status.FAIL
    assert inventory(old).all_locations[1].name == "phone"
