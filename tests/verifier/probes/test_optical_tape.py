"""What optical drives, tapes and libraries say of themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.machines import sample_machine
from verifier.probes import probe
from verifier.probes.optical import parse_udev
from verifier.tapes import generation_of_barcode, is_virtual, parse_mtx, tape_medium
from verifier.target import Target

MTX = """\
  Storage Changer /dev/sg5:1 Drives, 4 Slots ( 0 Import/Export )
Data Transfer Element 0:Full (Storage Element 1 Loaded):VolumeTag = ADA001L8
      Storage Element 1:Empty
      Storage Element 2:Full :VolumeTag=ADA002L8
      Storage Element 3:Full :VolumeTag=CLNU01CU
      Storage Element 4:Full
"""


def test_udev_properties_are_read():
    assert parse_udev("ID_CDROM=1\nnonsense\nA=b=c\n") == {"ID_CDROM": "1", "A": "b=c"}


@pytest.mark.parametrize(
    ("barcode", "generation"),
    [
        ("ADA001L5", "lto-5"), ("ADA001L9", "lto-9"), ("ada001l8", "lto-8"), ("ADA001LA", "lto-10"),
        ("ADA001M8", "lto-8"), ("ADA001LY", "lto-8"), ("CLNU01CU", None), ("ADA001", None),
    ],
)  # fmt: skip
def test_a_label_names_its_generation(barcode, generation):
    assert generation_of_barcode(barcode) == generation


def test_a_library_is_listed():
    found = parse_mtx(MTX)
    assert [(one.barcode, one.in_drive, one.generation) for one in found] == [
        ("ADA001L8", True, "lto-8"),
        ("ADA002L8", False, "lto-8"),
        ("CLNU01CU", False, None),
    ]


def test_a_library_says_how_many_cartridges_it_holds():
    folder = "/sys/class/scsi_changer/sch0/device"
    host = sample_machine(
        **{
            "resolve /dev/sch0": "/dev/sch0",
            "stat /dev/sch0": {"mode": 0o20660, "size": 0, "mtime_ns": 0, "dev": 5, "ino": 9},
            f"read {folder}/vendor": "HPE",
            f"read {folder}/model": "MSL G3 Series",
            f"list {folder}/scsi_generic": ["sg5"],
            "run mtx -f /dev/sg5 status": {"code": 0, "stdout": MTX},
        }
    )
    found = probe(host, Target("library", "/dev/sch0"), None)
    assert "2 lto-8, 1 unlabelled" in found.reason
    assert found.media_type.value == "tape"


@pytest.mark.parametrize(
    ("vendor", "model", "place", "virtual"),
    [
        ("IBM", "ULTRIUM-TD8", "/sys/devices/pci0000:00/host6/port-6:0", False),
        ("HPE", "Ultrium 9-SCSI", "", False),
        ("mhVTL", "ULT3580-TD8", "", True),
        ("QUADSTOR", "VTL", "", True),
        ("FALCON", "IPSTOR TAPE", "", True),
        ("EMC", "DataDomain VTL", "", True),
        ("IBM", "ULTRIUM-TD8", "/sys/devices/pseudo_9/adapter0/host3/target3:0:1", True),
    ],
)
def test_what_introduces_itself_as_software_is_virtual(vendor, model, place, virtual):
    assert is_virtual(vendor, model, place) is virtual


@pytest.mark.parametrize(
    ("model", "medium"),
    [
        ("ULTRIUM-TD8", "lto-8"),
        ("Ultrium 9-SCSI", "lto-9"),
        ("ULT3580-HH7", "tape"),
        ("T10000", "tape"),
    ],
)
def test_a_drive_names_its_generation(model, medium):
    assert tape_medium(model) == medium


@given(st.text())
def test_any_text_is_a_library_or_none(text):
    parse_mtx(text)
    generation_of_barcode(text)
