"""A folder below the mount point of an offline disk is not the disk; disks of a rotation are."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.needs import needs
from tests.verifier.inventories import NOW, place, view
from tests.verifier.zoo.yard import Yard, flip, unmount
from tests.verifier.zoo.yard import place as location
from verifier.audit import audit
from verifier.catalogue import Catalogue
from verifier.host import Host
from verifier.inventory import State
from verifier.rules import Status, missing
from verifier.setup import Setup

THEN = datetime.now(UTC)


@pytest.fixture
def yard(tmp_path):
    with ExitStack() as stack:
        yield Yard(tmp_path, stack)


def _audited(yard, days=0):
    usb = location("usb", yard.base / "usb" / "photos", offline=True, site="garage")
    tables = yard.setup(yard.base / "photos", usb)
    book = Catalogue(yard.base / "catalogue.db")
    return audit(Setup.from_dict(tables), Host(), now=THEN + timedelta(days=days), catalogue=book)


def _disk(yard, name):
    """Make a disk that holds a copy; it is mounted by `yard.mounted`."""
    file = yard.loop_file(name)
    yard.run("mkfs.ext4", "-q", file)
    at = yard.mounted("mount", "-o", "loop", file, at=yard.base / "usb")
    shutil.copytree(yard.base / "photos", at / "photos")
    yard.run("umount", at)
    return file


@needs("root", "loop", "mkfs.ext4")
def test_what_lies_below_the_mount_point_is_not_the_disk(yard):
    yard.source()
    disk = _disk(yard, "disk.img")
    at = yard.mounted("mount", "-o", "loop", disk, at=yard.base / "usb")
    there = _audited(yard)
    assert there.inventory.locations[0].domains.mounted.value == str(at)
    unmount(at)
    shutil.copytree(yard.base / "photos", at / "photos")
    flip(at / "photos" / "albums.txt")
    for days in (1, 2):  # the first of them must not become the disk's history
        usb = _audited(yard, days).inventory.locations[0]
        assert (usb.state, usb.audited, usb.last_seen) == (State.ABSENT_OFFLINE, True, THEN)
        assert f"nothing is mounted at {at}" in usb.in_its_place
        assert usb.errors == ()
    late = _audited(yard, 120)
    assert late.gates["offline_or_immutable"].status is not Status.PASS
    yard.run("mount", "-o", "loop", disk, at)
    back = _audited(yard, 121).inventory.locations[0]
    assert (back.state, back.in_its_place) == (State.READ, "")


@needs("root", "loop", "mkfs.ext4")
def test_disks_that_are_mounted_there_by_turns_are_all_the_location(yard):
    yard.source()
    disks = [_disk(yard, f"{name}.img") for name in "ab"]
    at = yard.base / "usb"
    for days, disk in enumerate([*disks, *disks]):
        yard.run("mount", "-o", "loop", disk, at)
        usb = _audited(yard, days).inventory.locations[0]
        assert (usb.state, usb.coverage.value, usb.errors) == (State.READ, 1.0, ())
        unmount(at)


def test_the_finding_names_what_lies_there():
    usb = replace(
        place("usb", "sdb", offline=True, state=State.ABSENT_OFFLINE, audited=True),
        last_seen=NOW - timedelta(days=1),
        in_its_place="nothing is mounted at /usb",
    )
    (found,) = missing.judge(view(usb))
    assert found.status is Status.UNKNOWN
    assert "last audited 2026-05-31; nothing is mounted at /usb." in found.message
    (plain,) = missing.judge(view(replace(usb, in_its_place="")))
    assert plain.status is Status.PASS
