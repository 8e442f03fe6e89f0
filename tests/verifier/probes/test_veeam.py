"""Veeam chains, on synthetic files of the shape that is publicly documented."""

from __future__ import annotations

import html
import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import probe
from verifier.probes.veeam_meta import parse_meta, parse_summary, parse_time, summary_in
from verifier.target import Target

NO_KEY = "00000000-0000-0000-0000-000000000000"
START = datetime(2026, 11, 1, 22, tzinfo=UTC)


def name_of(number, extension):
    return f"db01.vm-7D{START + timedelta(days=number):%Y-%m-%dT%H%M%S}_{number:04}.{extension}"


def write(folder, number, extension, previous="", *, summary=True, numbered=True, **oib):
    """Write a file with the documented beginning, some bytes, and its summary near the end."""
    time = START + timedelta(days=number)
    words = {
        "VmName": "db01", "CreationTimeUtc": f"{time:%m/%d/%Y %H:%M:%S}", "ApproxSize": "1000",
        "IsCorrupted": "False", "IsConsistent": "True", "ProductVersion": "12.1.0.2131", **oib,
    }  # fmt: skip
    attributes = " ".join(f'{key}="{html.escape(value)}"' for key, value in words.items())
    kind = 0 if extension == "vbk" else 1
    count = f'Num="{number + 1}"' if numbered else ""
    text = f"""<OibSummary><Backup JobName="Nightly" EncryptionState="0" />
      <Point {count} Type="{kind}" /><OIB {attributes} />
      <PrevFileName>{previous}</PrevFileName></OibSummary>"""
    start = struct.pack("<III", 13, 1, 3) + b"md5" + bytes(5000)
    path = folder / name_of(number, extension)
    path.write_bytes(start + (text.encode() if summary else b"") + bytes(300))
    return path


def write_meta(folder, points, *, state="0", key=NO_KEY, **oib):
    """Write the job's metadata; `points` are pairs of number and extension."""
    rows = {"Storages": "", "Points": "", "OIBs": ""}
    words = {"IsConsistent": "true", "IsCorrupted": "false", **oib}
    attributes = " ".join(f'{name}="{value}"' for name, value in words.items())
    for number, extension in points:
        time = f"{START + timedelta(days=number):%Y-%m-%dT%H:%M:%S.1234567Z}"
        kind = 0 if extension == "vbk" else 1
        path = f"C:\\Backup\\Nightly\\{name_of(number, extension)}"
        rows["Storages"] += f'<Storage Id="s{number}" FilePath="{path}" '
        rows["Storages"] += f'StorageCryptoKeyIdTag="{key}" />'
        rows["Points"] += f'<Point Id="p{number}" BackupId="b" Num="{number + 1}" Type="{kind}" />'
        rows["OIBs"] += f'<OIB VmName="db01" StorageId="s{number}" PointId="p{number}" '
        rows["OIBs"] += f'CreationTimeUtc="{time}" {attributes} />'
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in rows.items())
    (folder / "Nightly.vbm").write_text(
        f'<?xml version="1.0"?><BackupMeta><Backup Id="b" JobName="Nightly" '
        f'EncryptionState="{state}" /><BackupMetaInfo>{inner}</BackupMetaInfo></BackupMeta>'
    )


def forward(folder, *numbers):
    previous = ""
    for number in numbers:
        path = write(folder, number, "vib" if number else "vbk", previous)
        previous = path.name


def look(path, depth=Depth.BYTES):
    return probe(Host(), Target("copy", str(path)), None, depth)


def day(number):
    return START + timedelta(days=number)


def test_a_whole_forward_chain(tmp_path):
    forward(tmp_path, 0, 1, 2)
    found = look(tmp_path)
    assert (found.kind, found.points.breaks) == ("veeam", ())
    assert found.points.times == (day(0), day(1), day(2))
    assert (found.depth, found.errors, found.size_bytes) == (Depth.STRUCTURE, (), 1000)
    assert found.coverage.value is None
    assert (found.encrypted.value, found.tool) == (False, "Veeam 12.1.0.2131")
    assert found.points.consistency.value == "crash"


def test_databases_are_saved_through_their_own_means(tmp_path):
    write(tmp_path, 0, "vbk", HasSql="True")
    assert look(tmp_path).points.consistency.value == "application"


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_gap_breaks_all_that_build_on_it(tmp_path, lost):
    forward(tmp_path, 0, 1, 2, 3)
    (tmp_path / name_of(lost, "vib" if lost else "vbk")).unlink()
    found = look(tmp_path)
    assert found.points.times == tuple(day(number) for number in range(lost))
    assert found.points.latest == day(3)
    assert len(found.points.breaks) == 3 - lost


def test_a_gap_is_told_by_the_metadata_alone(tmp_path):
    for number in (0, 1, 3):
        write(tmp_path, number, "vib" if number else "vbk", summary=False)
    write_meta(tmp_path, [(0, "vbk"), (1, "vib"), (2, "vib"), (3, "vib")])
    found = look(tmp_path)
    assert found.points.times == (day(0), day(1))
    assert "is not here" in found.points.breaks[0]
    assert "cannot be used" in found.points.breaks[1]


def test_a_gap_is_told_by_the_numbers_alone(tmp_path):
    for number in (0, 1, 3):
        write(tmp_path, number, "vib" if number else "vbk")
    found = look(tmp_path)
    assert found.points.times == (day(0), day(1))
    assert "what lay between" in found.points.breaks[0]


def test_a_new_full_starts_anew(tmp_path):
    forward(tmp_path, 0, 1, 2)
    (tmp_path / name_of(1, "vib")).unlink()
    write(tmp_path, 4, "vbk", name_of(2, "vib"))
    write(tmp_path, 5, "vib", name_of(4, "vbk"))
    assert look(tmp_path).points.times == (day(0), day(4), day(5))


def test_reverse_increments_need_the_full_after_them(tmp_path):
    for number in range(3):
        write(tmp_path, number, "vrb")
    write(tmp_path, 3, "vbk")
    assert look(tmp_path).points.times == tuple(map(day, range(4)))
    (tmp_path / name_of(1, "vrb")).unlink()
    found = look(tmp_path)
    assert found.points.times == (day(2), day(3))
    (tmp_path / name_of(3, "vbk")).unlink()
    assert look(tmp_path).points.count == 0


def test_one_broken_machine_does_not_break_another(tmp_path):
    forward(tmp_path, 1)
    other = tmp_path / name_of(1, "vib").replace("db01", "web")
    write(tmp_path, 0, "vbk").rename(other.with_name(name_of(0, "vbk").replace("db01", "web")))
    found = look(tmp_path)
    assert found.points.times == (day(0),)
    assert found.points.breaks == (f"{name_of(1, 'vib')} has no full backup to build on.",)


def test_names_and_times_alone_are_not_trusted_much(tmp_path):
    for number in (0, 1, 5):
        write(tmp_path, number, "vib" if number else "vbk", summary=False)
    found = look(tmp_path)
    assert found.points.times == (day(0), day(1), day(5))
    assert "would not be noticed" in found.reason


@pytest.mark.parametrize("flag", [{"IsCorrupted": "True"}, {"IsConsistent": "False"}])
def test_what_veeam_calls_bad_is_no_point(tmp_path, flag):
    write(tmp_path, 0, "vbk")
    write(tmp_path, 1, "vib", name_of(0, "vbk"), **flag)
    found = look(tmp_path)
    assert found.points.times == (day(0),)
    assert "marked as" in found.points.breaks[0]


def test_a_cut_file_is_no_point(tmp_path):
    forward(tmp_path, 0, 1)
    path = tmp_path / name_of(1, "vib")
    path.write_bytes(path.read_bytes()[:3000])
    assert "cut off" in look(tmp_path).points.breaks[0]
    path.write_bytes(b"")
    found = look(tmp_path)
    assert "is empty" in found.points.breaks[0]
    assert found.points.times == (day(0),)


@pytest.mark.parametrize("more", [{"state": "2"}, {"key": "1b2c3d4e-0000-0000-0000-000000000000"}])
def test_encrypted_files_are_told_by_the_metadata(tmp_path, more):
    write(tmp_path, 0, "vbk", summary=False)
    write_meta(tmp_path, [(0, "vbk")], **more)
    found = look(tmp_path)
    assert (found.encrypted.value, found.points.count) == (True, 1)


def test_metadata_that_is_no_xml(tmp_path):
    write(tmp_path, 0, "vbk", summary=False)
    (tmp_path / "Nightly.vbm").write_bytes(b"\x93\x01\x80" * 500)
    found = look(tmp_path)
    assert (found.encrypted.value, found.encrypted.evidence) == (True, "inferred")
    (tmp_path / "Nightly.vbm").write_text("<BackupMeta><Backup")
    assert "XML" in look(tmp_path).errors[0]


def test_jobs_in_folders_of_a_repository(tmp_path):
    (tmp_path / "Nightly").mkdir()
    forward(tmp_path / "Nightly", 0, 1)
    assert look(tmp_path).points.count == 2
    assert look(tmp_path / "Nightly" / name_of(0, "vbk")).points.count == 1


def test_entities_are_refused():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><BackupMeta>&b;</BackupMeta>'
    with pytest.raises(ValueError, match="XML"):
        parse_meta(bomb)


def test_times_of_both_shapes():
    wanted = datetime(2024, 9, 16, 13, 49, 8, tzinfo=UTC)
    for text in ("09/16/2024 13:49:08", "2024-09-16T13:49:08.1234567Z", "9/16/2024 1:49:08 PM"):
        assert parse_time(text) == wanted
    assert parse_time("soon") is None


@given(st.binary(max_size=200))
def test_any_bytes_give_an_answer(content):
    for parse in (parse_meta, lambda text: parse_summary(text, "x.vbk")):
        with pytest.raises(ValueError):
            parse(content)
    assert summary_in(content) is None
