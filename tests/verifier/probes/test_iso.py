"""Images of optical discs, made by xorriso and by the library that reads them."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import collect_source, probe
from verifier.probes.iso_image import DAMAGE, is_image, read_image
from verifier.target import Target

xorriso_needed = pytest.mark.skipif(shutil.which("xorriso") is None, reason="xorriso not installed")


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "photos"
    (root / "Déjà vu").mkdir(parents=True)
    (root / "Déjà vu" / "a picture with a name of many words.jpeg").write_bytes(os.urandom(50_000))
    (root / "index.txt").write_text("all of them\n")
    return root


@pytest.fixture
def manifest(source):
    return collect_source(Host(), str(source))[1]


def look(path, manifest, depth=Depth.BYTES):
    return probe(Host(), Target("copy", str(path)), manifest, depth)


def authored(**kinds):
    """Return an image with one folder and two files, made by the library."""
    from pycdlib import PyCdlib

    disc = PyCdlib()
    disc.new(vol_ident="PHOTOS", interchange_level=3, **kinds)

    def names(short, long, **more):
        found = {"iso_path": short, **more}
        if "rock_ridge" in kinds:
            found["rr_name"] = long.rpartition("/")[2]
        for kind in ("joliet", "udf"):
            if kind in kinds:
                found[f"{kind}_path"] = long
        return found

    disc.add_directory(**names("/DAY", "/Day one"))
    for short, long, content in (
        ("/DAY/ONE.JPG;1", "/Day one/one picture.jpg", b"x" * 5000),
        ("/INDEX.TXT;1", "/index.txt", b"all of them\n"),
    ):
        disc.add_fp(io.BytesIO(content), len(content), **names(short, long))
    written = io.BytesIO()
    disc.write_fp(written)
    disc.close()
    return written.getvalue()


@pytest.mark.parametrize(
    ("kinds", "told", "folder"),
    [
        ({"rock_ridge": "1.09"}, "Rock Ridge", "Day one/one picture.jpg"),
        ({"joliet": 3}, "Joliet", "Day one/one picture.jpg"),
        ({"udf": "2.60"}, "UDF", "Day one/one picture.jpg"),
        ({}, "ISO 9660", "DAY/ONE.JPG"),
    ],
)
def test_names_of_all_kinds(kinds, told, folder):
    image = read_image(io.BytesIO(authored(**kinds)))
    assert (image.names, image.label) == (told, "PHOTOS")
    assert {each.path for each in image.files} in (
        {folder, "index.txt"},
        {folder, "INDEX.TXT"},
    )
    assert sorted(each.size for each in image.files) == [12, 5000]
    assert image.made is not None


@xorriso_needed
@pytest.mark.integration
class TestReal:
    @pytest.fixture
    def image(self, source, tmp_path):
        path = tmp_path / "disc.iso"
        command = ["xorriso", "-as", "mkisofs", "-quiet", "-V", "PHOTOS", "-R", "-J"]
        subprocess.run([*command, "-o", str(path), str(source)], check=True)
        return path

    def test_whole(self, image, manifest):
        found = look(image, manifest)
        assert (found.kind, found.files, found.coverage.value) == ("iso", 2, 1.0)
        assert (found.depth, found.errors, found.points.count) == (Depth.SOURCE, (), 1)
        assert found.tool == "Rock Ridge image 'PHOTOS'"

    def test_beside_an_empty_source_nothing_is_compared(self, image, tmp_path):
        (tmp_path / "nothing").mkdir()
        found = look(image, collect_source(Host(), str(tmp_path / "nothing"))[1])
        assert found.depth is Depth.STRUCTURE
        assert "nothing was compared" in found.reason

    def test_at_structure_nothing_is_compared(self, image, manifest):
        assert look(image, manifest, Depth.STRUCTURE).depth is Depth.STRUCTURE

    def test_an_older_version_on_it_is_not_held_and_no_damage(self, source, tmp_path):
        """A disc burnt today of a tree that had not been brought up to date."""
        photo, disc = next(source.rglob("*.jpeg")), tmp_path / "old.iso"
        os.utime(photo, (1_600_000_000, 1_600_000_000))
        argv = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", str(disc), str(source)]
        subprocess.run(argv, check=True)
        photo.write_bytes(photo.read_bytes()[::-1])
        ahead = time.time() + 60
        for when, share in ((1_650_000_000, 0.5), (ahead, 1.0)):
            os.utime(photo, (when, when))
            found = look(disc, collect_source(Host(), str(source))[1])
            assert found.shares.files == share
            assert (found.depth, found.errors) == (Depth.SOURCE, ())

    def test_rot_is_found_by_comparison(self, source, image, manifest):
        content = bytearray(image.read_bytes())
        photo = next(source.rglob("*.jpeg")).read_bytes()
        content[content.index(photo[:50]) + 7] ^= 1
        image.write_bytes(content)
        (error,) = look(image, manifest).errors
        assert "differs from the source" in error

    @pytest.mark.parametrize("left", [100, 34_000, 200_000])
    def test_cut(self, image, manifest, left):
        image.write_bytes(image.read_bytes()[:left])
        found = look(image, manifest, Depth.STRUCTURE)
        assert found.points.count == 0
        assert len(found.errors) == len(found.points.breaks) == 1

    def test_a_folder_of_images(self, image, manifest, tmp_path):
        folder = tmp_path / "discs"
        folder.mkdir()
        shutil.copy(image, folder / "one.iso")
        (folder / "two.iso").write_bytes(image.read_bytes()[:100])
        found = look(folder, manifest)
        assert (found.points.count, found.coverage.value) == (1, 1.0)
        assert found.points.breaks[0].startswith("two.iso cannot be used")

    def test_what_lies_beside_images_is_none(self, image, manifest, tmp_path):
        (folder := tmp_path / "discs").mkdir()
        image.rename(folder / "a.iso")
        (folder / "a.iso.sha256").write_text("0 a.iso")
        assert look(folder, manifest).points.breaks == ()
        (folder / "b.iso.part").write_bytes((folder / "a.iso").read_bytes()[:90_000])
        found = look(folder, manifest)
        assert (found.kind, found.coverage.value, found.errors) == ("iso", 1.0, ())
        assert found.points.breaks == ("The unfinished file b.iso.part is set aside.",)


def test_signatures():
    assert is_image(authored())
    assert is_image(authored(udf="2.60"))
    assert not is_image(bytes(70_000))
    assert not is_image(b"")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 120_000), st.integers(0, 255)), max_size=8))
def test_any_damage_gives_an_answer(changes):
    content = bytearray(IMAGE)
    for at, value in changes:
        content[32768 + at % (len(content) - 32768)] = value
    with contextlib.suppress(DAMAGE):
        read_image(io.BytesIO(content))


IMAGE = authored(rock_ridge="1.09", joliet=3)
