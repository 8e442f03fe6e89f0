"""A machine with an array, volumes, USB, NVMe, optical and tape: each is named as such."""

from __future__ import annotations

import pytest

from tests.verifier.machines import FOLDER, sample_machine
from verifier.domains import place_of
from verifier.inventory import Depth, State
from verifier.probes import probe
from verifier.target import Target


def drives(path, **more):
    return place_of(sample_machine(**more), path).domains.drives.value


@pytest.mark.parametrize("path", ["/dev/md0", "/mnt/raid"])
def test_the_array_is_on_two_drives_of_one_model(path):
    one, other = drives(path)
    assert (one.serial, other.serial) == ("WD-A0001", "WD-A0002")
    assert one.model == other.model == "WDC WD40EFRX-68N32N0"
    place = place_of(sample_machine(), path)
    assert (place.domains.level.value, place.domains.degraded.value) == ("raid1", False)
    assert place.media_type.value == "hdd"


def test_two_volumes_are_on_one_drive():
    (one,), (other,) = drives("/mnt/lv1"), drives("/mnt/lv2")
    assert one == other
    assert one.serial == "SAS-C1"


@pytest.mark.parametrize(
    ("path", "transport", "medium"),
    [
        ("/mnt/usb", "usb", None),  # QEMU's drive: the medium below it is anybody's guess
        ("/dev/sde", "usb", None),
        ("/dev/nvme0n1", "nvme", None),
        ("/dev/sr0", "sata", "optical"),
        ("/mnt/cd", "sata", "optical"),
    ],
)
def test_a_drive_is_named_by_its_bus_and_medium(path, transport, medium):
    (drive,) = drives(path)
    assert (drive.transport, drive.media_type) == (transport, medium)
    assert place_of(sample_machine(), path).media_type.value == medium


@pytest.mark.parametrize(
    ("path", "words"),
    [("/mnt/usb", "the USB drive sde (QEMU HARDDISK)"), ("/dev/nvme0n1", "the NVMe drive nvme0n1")],
)
def test_a_medium_that_nobody_can_tell_names_the_bus(path, words):
    assert place_of(sample_machine(), path).media_type.source.startswith(words)


def test_a_disc_goes_by_its_own_identity_not_by_its_drive():
    (drive,) = drives("/mnt/cd")
    assert drive.key == "disc:2026-11-23-00-29-11-00"
    assert drive.model == "HL-DT-ST BD-RE"


def test_a_tape_made_by_software_is_a_virtual_one():
    place = place_of(sample_machine(), "/dev/nst0")
    assert place.media_type.value == "vtl"
    assert place.domains.drives.value is None
    assert "scsi_debug" in place.domains.drives.source


def test_a_real_tape_drive_is_tape_of_its_generation():
    folder = "/sys/class/scsi_tape/nst0/device"
    host = sample_machine(
        **{
            f"read {folder}/vendor": "IBM     \n",
            f"read {folder}/model": "ULTRIUM-TD8     \n",
            f"read {folder}/wwid": "naa.50050763121b4c2d\n",
            f"resolve {folder}": "/sys/devices/pci0000:00/0000:00:03.0/host6/port-6:0/6:0:0:0",
        }
    )
    place = place_of(host, "/dev/nst0")
    (drive,) = place.domains.drives.value
    assert (drive.key, drive.media_type) == ("wwn:naa.50050763121b4c2d", "lto-8")
    assert place.media_type.value == "lto-8"
    found = probe(host, Target("tape", "/dev/nst0"), None, Depth.BYTES)
    assert (found.kind, found.state, found.depth) == ("tape", State.READ, None)
    assert found.coverage.value is None
    # and said to be an archive, it is not read either
    assert probe(host, Target("tape", "/dev/nst0", kind="tar"), None).kind == "tape"


def test_a_mounted_ltfs_volume_is_tape():
    folder = "/sys/class/scsi_generic/sg3/device"
    lines = "50 1 0:60 / /mnt/ltfs rw - fuse ltfs:/dev/sg3 rw,user_id=0"
    host = sample_machine(
        **{
            "read /proc/self/mountinfo": lines,
            "resolve /mnt/ltfs": "/mnt/ltfs",
            "stat /mnt/ltfs": FOLDER,
            f"read {folder}/vendor": "HPE",
            f"read {folder}/model": "Ultrium 9-SCSI",
        }
    )
    place = place_of(host, "/mnt/ltfs")
    assert place.media_type.value == "lto-9"


def test_a_tape_library_of_mhvtl_rests_on_the_disk_below_it():
    folder = "/sys/class/scsi_tape/nst0/device"
    host = sample_machine(
        **{
            f"read {folder}/vendor": "mhVTL",
            f"read {folder}/model": "ULT3580-TD8",
            "resolve /opt/mhvtl": "/mnt/lv1/mhvtl",
        }
    )
    place = place_of(host, "/dev/nst0")
    assert [drive.serial for drive in place.domains.drives.value] == ["SAS-C1"]
    assert place.media_type.value == "vtl"


def test_an_optical_drive_without_a_disc_is_missing_one():
    host = sample_machine(
        **{
            "read /proc/self/mountinfo": "20 1 8:0 / / rw - ext4 /dev/sda rw",
            "run udevadm info -q property -n /dev/sr0": {"code": 0, "stdout": "ID_CDROM=1\n"},
        }
    )
    found = probe(host, Target("disc", "/dev/sr0"), None)
    assert found.state is State.MISSING
    away = probe(host, Target("disc", "/dev/sr0", offline=True), None)
    assert away.state is State.ABSENT_OFFLINE


def test_a_disc_that_is_not_mounted_is_unknown_not_absent():
    host = sample_machine(**{"read /proc/self/mountinfo": "20 1 8:0 / / rw - ext4 /dev/sda rw"})
    found = probe(host, Target("disc", "/dev/sr0"), None)
    assert (found.state, found.coverage.value) == (State.READ, None)
    assert "BACKUP_2026_11" in found.reason


@pytest.mark.parametrize("state", ["degraded", "resync"])
def test_an_array_without_its_redundancy_says_so(state):
    fact = place_of(sample_machine(mdstat=state), "/dev/md0").domains.degraded
    assert fact.value is True
    assert fact.source.startswith("/proc/mdstat: ")


def test_a_mirrored_volume_has_both_drives_and_its_level():
    lines = "50 1 252:6 / /mnt/mirr rw - ext4 /dev/vg0/mirr rw"
    more = {
        "read /proc/self/mountinfo": lines,
        "resolve /mnt/mirr": "/mnt/mirr",
        "stat /mnt/mirr": FOLDER,
    }
    place = place_of(sample_machine(**more), "/mnt/mirr")
    assert {d.serial for d in place.domains.drives.value} == {"SAS-C1", "SAS-D1"}
    assert (place.domains.level.value, place.domains.degraded.value) == ("raid1", False)
