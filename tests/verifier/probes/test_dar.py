"""Dar: slices made by the real program, and listings as text."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.verifier.probes.repositories import (
    flip,
    look,
    make_source,
    manifest_of,
    no_programs,
    state_of,
)
from verifier.inventory import Depth
from verifier.probes.dar import parse_listing, slices_of

dar_needed = pytest.mark.skipif(shutil.which("dar") is None, reason="dar not installed")
SAMPLES = Path(__file__).parents[1] / "samples"
XML = """<?xml version="1.0" ?>
<!DOCTYPE Catalog SYSTEM "dar-catalog.dtd">
<Catalog format="1.2">
<Directory name="2026"><Attributes data="saved" />
  <Directory name="june"><File name="a b.txt" size="5"><Attributes data="saved"/></File></Directory>
  <File name="old" size="9"><Attributes data="referenced"/></File>
</Directory>
<File name="top" size="2 o"><Attributes data="saved"/></File>
</Catalog>"""


def test_a_listing():
    found = parse_listing("some talk\n" + XML)
    assert found.sizes == {"2026/june/a b.txt": 5, "top": 2}
    assert found.elsewhere == 1


@pytest.mark.parametrize(
    "text",
    ["", "FATAL error", XML[:-30], XML.replace('"5"', '"many"'), "<!ENTITY a 'b'>" + XML, "\udcff"],
)
def test_other_text_is_refused(text):
    with pytest.raises(ValueError):
        parse_listing(text)


def test_sizes_that_dar_rounded_are_refused():
    with pytest.raises(ValueError, match="19 kio"):
        parse_listing((SAMPLES / "dar-list-rounded--v278.xml").read_text())


def test_slices():
    names = ["a.1.dar", "a.2.dar", "b.c.10.dar", "a.x.dar", "a.1.dar.sha512", "dar"]
    assert {base: sorted(found) for base, found in slices_of(names).items()} == {
        "a": [1, 2],
        "b.c": [10],
    }


@pytest.fixture
def without_programs(monkeypatch):
    no_programs(monkeypatch)


@dar_needed
@pytest.mark.integration
class TestDar:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        base = tmp_path_factory.mktemp("dar")
        make_source(base / "photos")
        for name in ("sliced", "differential", "secret"):
            (base / name).mkdir()

        def run(*argv):
            command = ["dar", "-N", "-Q", "-R", str(base / "photos"), *argv]
            subprocess.run(command, check=True, capture_output=True)

        run("-c", str(base / "sliced" / "full"), "-s", "600k")
        run("-c", str(base / "secret" / "full"), "-K", "aes:pw")
        run("-c", str(base / "differential" / "d"), "-A", str(base / "sliced" / "full"))
        return base

    @pytest.fixture
    def photos(self, made):
        return manifest_of(made / "photos")

    @pytest.fixture
    def slices(self, made, tmp_path):
        return shutil.copytree(made / "sliced", tmp_path / "sliced")

    def test_a_whole_archive(self, slices, photos):
        before = state_of(slices)
        found = look(slices, photos, Depth.BYTES)
        assert (found.kind, found.files, found.coverage.value) == ("dar", 7, 1.0)
        assert (found.points.count, found.depth, found.errors) == (1, Depth.BYTES, ())
        assert found.tool.startswith("dar ")
        assert look(slices / "full.1.dar", photos).coverage.value == 1.0
        assert state_of(slices) == before

    def test_rot_is_found_by_dar(self, slices, photos):
        flip(slices / "full.2.dar", at=300_000)
        assert look(slices, photos, Depth.STRUCTURE).errors == ()
        assert "full does not pass" in look(slices, photos, Depth.BYTES).errors[0]

    @pytest.mark.parametrize(("number", "words"), [(2, "slice 2 of 5"), (5, "after 4")])
    def test_a_missing_slice_is_found(self, slices, photos, number, words):
        (slices / f"full.{number}.dar").unlink()
        found = look(slices, photos)
        assert words in found.points.breaks[0]
        assert (found.points.newest, found.coverage.value) == (None, None)

    @pytest.mark.parametrize("left", [0, 1000])
    def test_a_truncated_slice_is_found(self, slices, photos, left):
        os.truncate(slices / "full.3.dar", left)
        assert look(slices, photos).points.breaks

    def test_an_archive_that_refers_to_another_is_no_whole_copy(self, made, photos):
        found = look(made / "differential", photos)
        assert found.coverage.value is None
        assert "refers to another" in found.reason

    def test_far_away_only_python_reads(self, slices, photos, without_programs):
        found = look(slices, photos, Depth.BYTES)
        assert (found.depth, found.points.count) == (Depth.STRUCTURE, 1)
        assert "local files only" in found.reason

    def test_an_encrypted_archive_is_unknown_not_damaged(self, made, photos):
        found = look(made / "secret", photos, Depth.BYTES)
        assert (found.encrypted.value, found.errors, found.coverage.value) == (True, (), None)
        assert found.depth is Depth.STRUCTURE
