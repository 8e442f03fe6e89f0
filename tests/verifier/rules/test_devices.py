"""Findings about drives: degraded arrays, one model, tapes that are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.inventories import measured, place, source, view
from verifier.inventory import Domains, Drive, Evidence, Fact
from verifier.rules import Status, degraded_array, same_model, virtual_tape
from verifier.rules.two_media import judge as media


def on_drives(name, *drives, **changes):
    domains = Domains(drives=measured(tuple(drives)), host=measured("machine:here"))
    return place(name, "x", domains=domains, **changes)


def wd(device, serial, model="WDC WD40EFRX"):
    return Drive(f"serial:{serial}", device, model, serial)


def test_a_degraded_array_is_named_once_with_all_that_stands_on_it():
    raid = place("raid", ("sdb", "sdc"))
    domains = replace(
        raid.domains,
        level=measured("raid5"),
        degraded=Fact(True, Evidence.MEASURED, "/proc/mdstat: 2 of 3 members work"),
    )
    pair = [replace(raid, name=name, domains=domains) for name in ("one", "two")]
    (found,) = degraded_array.judge(view(*pair))
    assert found.status is Status.FAIL
    assert found.message == (
        "one and two stand on a degraded raid5: /proc/mdstat: 2 of 3 members work."
    )


@pytest.mark.parametrize("fact", [Fact(), Fact(False, Evidence.MEASURED, "lsblk")])
def test_a_whole_or_unknown_array_is_not_called_degraded(fact):
    raid = place("raid", ("sdb", "sdc"))
    whole = replace(raid, domains=replace(raid.domains, degraded=fact))
    assert list(degraded_array.judge(view(whole))) == []


def test_members_of_one_model_and_batch_are_noted():
    raid = on_drives("raid", wd("sdb", "WD-A0001"), wd("sdc", "WD-A0002"))
    (found,) = same_model.judge(view(raid))
    assert found.status is Status.PASS
    assert "2 drives of one model, WDC WD40EFRX (sdb, sdc)" in found.message
    assert "WD-A0001 and WD-A0002" in found.message


def test_two_locations_on_drives_of_one_model_are_noted_without_a_batch():
    one, two = on_drives("one", wd("sdb", "WD-A0001")), on_drives("two", wd("sdc", "WD-B7301"))
    (found,) = same_model.judge(view(one, two))
    assert found.message.startswith("one and two: 2 drives of one model")
    assert "batch" not in found.message


@pytest.mark.parametrize(
    "drives",
    [
        (wd("sdb", "WD-A0001"), wd("sdc", "WD-A0002", model="ST4000NM0025")),
        (wd("sdb", "1", model="QEMU HARDDISK"), wd("sdc", "2", model="QEMU HARDDISK")),
        (wd("sdb", "WD-A0001"),),
        (Drive("device:a", "sdb"), Drive("device:b", "sdc")),
    ],
)
def test_other_drives_are_not(drives):
    assert list(same_model.judge(view(on_drives("raid", *drives)))) == []


def test_one_drive_below_two_locations_is_no_pair():
    one, two = (on_drives(name, wd("sdb", "WD-A0001")) for name in ("one", "two"))
    assert list(same_model.judge(view(one, two))) == []


def test_a_virtual_tape_is_named_and_is_no_second_medium():
    tape = place("tape", "sdb", media="vtl")
    (found,) = virtual_tape.judge(view(tape))
    assert found.location == "tape"
    assert "the disk below it, on sdb (Model sdb)" in found.message
    assert media(view(tape, live=source(media="hdd"))).status is Status.FAIL
    assert list(virtual_tape.judge(view(place("tape", "st0", media="lto-8")))) == []


def test_a_virtual_tape_on_an_unknown_disk_says_that():
    (found,) = virtual_tape.judge(view(place("tape", None, media="vtl")))
    assert "is not known" in found.message
