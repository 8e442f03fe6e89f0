"""Bacula volumes: made block by block here, and by the real daemons."""

from __future__ import annotations

import io
import os
import shutil
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.probes.bacula_daemons import Bacula, installed
from tests.verifier.probes.bacula_writer import VolumeWriter
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes import collect_source, probe
from verifier.probes.bacula_volume import read_volume
from verifier.target import Target


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "home" / "ada"
    (root / "2026").mkdir(parents=True)
    for number in range(6):
        (root / "2026" / f"{number}.jpg").write_bytes(os.urandom(1500 + number))
    return root


@pytest.fixture
def manifest(source):
    return collect_source(Host(), str(source))[1]


@pytest.fixture
def files(source):
    return {str(path): path.read_bytes() for path in sorted(source.rglob("*.jpg"))}


def look(path, manifest, depth=Depth.BYTES):
    return probe(Host(), Target("copy", str(path)), manifest, depth)


def put(tmp_path, *volumes):
    folder = tmp_path / "volumes"
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(volumes):
        (folder / f"Vol-{number}").write_bytes(getattr(content, "content", content))
    return folder


def day(number):
    return datetime(2026, 11, number, 3, tzinfo=UTC)


def first(files, count):
    return dict(list(files.items())[:count])


def test_a_full_job(tmp_path, manifest, files):
    folder = put(tmp_path, VolumeWriter().job(1, "F", files, 1))
    found = look(folder, manifest)
    assert (found.kind, found.state, found.tool) == ("bacula", State.READ, "Bacula")
    assert (found.files, found.coverage.value) == (6, 1.0)
    assert found.points.times == (day(1),)
    assert (found.depth, found.errors, found.points.breaks) == (Depth.BYTES, (), ())
    assert found.encrypted.value is False


def test_a_single_volume_is_found_as_a_file(tmp_path, manifest, files):
    folder = put(tmp_path, VolumeWriter().job(1, "F", files, 1))
    assert look(folder / "Vol-0", manifest).coverage.value == 1.0


def test_bareos_signs_otherwise(tmp_path, manifest, files):
    identity = b"Bareos 2.0 immortal\n\0"
    folder = put(tmp_path, VolumeWriter(identity=identity).job(1, "F", files, 1))
    assert look(folder, manifest).tool == "Bareos"


def test_increments_add_to_the_full(tmp_path, manifest, files):
    early = first(files, 3)
    volume = VolumeWriter().job(1, "F", {**early, "/gone": b"x"}, 1)
    volume.job(2, "I", dict(list(files.items())[3:]), 2, deleted=["/gone"])
    found = look(put(tmp_path, volume), manifest)
    assert (found.files, found.coverage.value) == (6, 1.0)
    assert found.points.times == (day(1), day(2))


def test_an_increment_without_its_full_is_a_break(tmp_path, manifest, files):
    found = look(put(tmp_path, VolumeWriter().job(2, "I", files, 2)), manifest)
    assert (found.points.count, found.points.newest) == (0, None)
    assert "no full backup" in found.points.breaks[0]
    assert found.points.latest == day(2)
    assert found.coverage.value == 0.0


def test_a_job_without_an_end_is_no_point(tmp_path, manifest, files):
    volume = VolumeWriter().job(1, "F", files, 1).job(2, "F", first(files, 2), 2, end=False)
    found = look(put(tmp_path, volume), manifest)
    assert (found.points.newest, found.points.latest) == (day(1), day(2))
    assert "did not finish" in found.points.breaks[0]
    assert found.coverage.value == 1.0


@pytest.mark.parametrize("more", [{"status": "E"}, {"status": "A"}, {"claim": 7}])
def test_a_job_that_did_not_end_well_is_no_point(tmp_path, manifest, files, more):
    found = look(put(tmp_path, VolumeWriter().job(1, "F", files, 1, **more)), manifest)
    assert found.points.count == 0
    assert len(found.points.breaks) == 1


def test_a_failed_increment_is_repeated_by_the_next(tmp_path, manifest, files):
    volume = VolumeWriter().job(1, "F", first(files, 3), 1)
    volume.job(2, "I", {}, 2, status="E").job(3, "I", files, 3)
    assert look(put(tmp_path, volume), manifest).points.times == (day(1), day(3))


def test_an_increment_after_one_with_a_hole_is_a_break_until_the_next_differential(
    tmp_path, manifest, files
):
    volume = VolumeWriter().job(1, "F", files, 1).job(2, "I", files, 2, claim=9)
    volume.job(3, "I", files, 3).job(4, "D", files, 4).job(5, "I", files, 5)
    found = look(put(tmp_path, volume), manifest)
    assert found.points.times == (day(1), day(4), day(5))
    assert len(found.points.breaks) == 2


def split(writer, at):
    """Continue a volume on another one, as a full volume does."""
    label = VolumeWriter("Vol-2").blocks[0]
    return b"".join(writer.blocks[:at]), label + b"".join(writer.blocks[at:])


def test_a_job_over_two_volumes(tmp_path, manifest, files):
    parts = split(VolumeWriter().job(1, "F", files, 1), 5)
    found = look(put(tmp_path, *parts), manifest)
    assert (found.points.count, found.coverage.value, found.errors) == (1, 1.0, ())


@pytest.mark.parametrize("kept", [0, 1])
def test_a_job_with_a_missing_volume_is_no_point(tmp_path, manifest, files, kept):
    part = split(VolumeWriter().job(1, "F", files, 1), 5)[kept]
    found = look(put(tmp_path, part), manifest)
    assert found.points.count == 0
    assert "volume that is not here" in found.points.breaks[0]


def test_a_flipped_byte_is_found_at_bytes_only(tmp_path, manifest, files):
    folder = put(tmp_path, VolumeWriter().job(1, "F", files, 1))
    content = bytearray((folder / "Vol-0").read_bytes())
    content[content.index(next(iter(files.values()))[:20]) + 5] ^= 4
    (folder / "Vol-0").write_bytes(content)
    assert look(folder, manifest, Depth.STRUCTURE).errors == ()
    (error,) = look(folder, manifest).errors
    assert error.startswith("Vol-0: block 1 at byte")


@pytest.mark.parametrize("cut", [10, 700, 1200, -7])
def test_a_truncated_volume_is_damaged(tmp_path, manifest, files, cut):
    folder = put(tmp_path, VolumeWriter().job(1, "F", files, 1).content[:cut])
    found = probe(Host(), Target("copy", str(folder), kind="bacula"), manifest, Depth.STRUCTURE)
    assert found.points.count == 0
    assert found.errors or cut == 10  # ten bytes are no volume at all


def test_a_gap_between_blocks_is_no_whole_job(tmp_path, manifest, files):
    writer = VolumeWriter().job(1, "F", files, 1)
    found = look(put(tmp_path, b"".join(writer.blocks[:3] + writer.blocks[7:])), manifest)
    assert "should hold 6 files" in found.points.breaks[0]


def test_a_gap_within_a_file_is_damage(tmp_path, manifest, files):
    writer = VolumeWriter().job(1, "F", {**files, "/big": bytes(9000)}, 1)
    blocks = writer.blocks[:-4] + writer.blocks[-2:]
    found = look(put(tmp_path, b"".join(blocks)), manifest, Depth.STRUCTURE)
    assert "a part of file 7 is missing" in found.errors[0]


def test_no_checksums_no_depth(tmp_path, manifest, files):
    folder = put(tmp_path, VolumeWriter(checksums=False).job(1, "F", files, 1))
    found = look(folder, manifest)
    assert found.depth is Depth.STRUCTURE
    assert "without a checksum" in found.reason


def test_encrypted_data_is_told(tmp_path, manifest, files):
    folder = put(tmp_path, VolumeWriter().job(1, "F", files, 1, stream=20))
    assert look(folder, manifest).encrypted.value is True


def test_the_job_that_holds_the_source_is_chosen(tmp_path, manifest, files):
    volume = VolumeWriter().job(1, "F", files, 1).job(2, "F", {"/etc/x": b"y"}, 9, name="Etc")
    found = look(put(tmp_path, volume), manifest)
    assert (found.kind, found.state, found.reason) == ("bacula", State.READ, "")
    assert (found.points.newest, found.coverage.value) == (day(1), 1.0)


@given(st.integers(0, 4000), st.integers(0, 255))
def test_any_damage_gives_an_answer(at, value):
    content = bytearray(VolumeWriter().job(1, "F", {"/a": bytes(1500), "/b": b"b"}, 1).content)
    at %= len(content)
    changed = content[at] != value
    content[at] = value
    volume = read_volume(io.BytesIO(content), check=True)
    assert bool(volume.errors) == changed


@given(st.binary(max_size=300))
def test_any_bytes_give_an_answer(rest):
    start = VolumeWriter().content
    read_volume(io.BytesIO(start + rest), check=True)
    read_volume(io.BytesIO(rest), check=False)


@pytest.mark.skipif(not installed(), reason="the bacula daemons with sqlite are not installed")
@pytest.mark.integration
@pytest.mark.slow
class TestReal:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        """A full and an incremental job, each on a volume of its own."""
        base = tmp_path_factory.mktemp("bacula")
        (base / "photos").mkdir()
        for number in range(4):
            (base / "photos" / f"{number}.jpg").write_bytes(os.urandom(30_000 + number))
        with Bacula(base / "work", base / "photos") as bacula:
            bacula.run("Full")
            (base / "photos" / "new.jpg").write_bytes(os.urandom(1000))
            bacula.run("Incremental")
        return base

    @pytest.fixture
    def volumes(self, made, tmp_path):
        return shutil.copytree(made / "work" / "volumes", tmp_path / "volumes")

    @pytest.fixture
    def photos(self, made):
        return collect_source(Host(), str(made / "photos"))[1]

    def test_whole(self, volumes, photos):
        found = look(volumes, photos)
        assert (found.kind, found.files, found.coverage.value) == ("bacula", 5, 1.0)
        assert (found.points.count, found.points.breaks) == (2, ())
        assert (found.depth, found.errors) == (Depth.BYTES, ())

    def test_without_the_full(self, volumes, photos):
        (volumes / "Vol-0001").unlink()
        found = look(volumes, photos)
        assert found.points.count == 0
        assert "no full backup" in found.points.breaks[0]

    def test_a_flipped_byte(self, volumes, photos):
        path = volumes / "Vol-0001"
        content = bytearray(path.read_bytes())
        content[70_000] ^= 1
        path.write_bytes(content)
        assert look(volumes, photos, Depth.STRUCTURE).errors == ()
        (error,) = look(volumes, photos).errors
        assert "does not match its CRC32" in error

    def test_a_job_over_several_volumes(self, tmp_path):
        (tmp_path / "films").mkdir()
        for number in range(3):
            (tmp_path / "films" / f"{number}.mp4").write_bytes(os.urandom(900_000))
        photos = collect_source(Host(), str(tmp_path / "films"))[1]
        limit = "Maximum Volume Bytes = 1100000"
        with Bacula(tmp_path / "work", tmp_path / "films", limit) as bacula:
            bacula.run("Full")
        volumes = tmp_path / "work" / "volumes"
        assert len(list(volumes.iterdir())) > 1
        found = look(volumes, photos)
        assert (found.points.count, found.coverage.value, found.errors) == (1, 1.0, ())
        max(volumes.iterdir()).unlink()
        found = look(volumes, photos)
        assert found.points.count == 0
        assert "volume that is not here" in found.points.breaks[0]
