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
from verifier.probes._dar_chain import Listing, Reference, chain_of
from verifier.probes.dar import parse_listing, slices_of

dar_needed = pytest.mark.skipif(shutil.which("dar") is None, reason="dar not installed")
SAMPLES = Path(__file__).parents[1] / "samples"
XML = """<?xml version="1.0" ?>
<!DOCTYPE Catalog SYSTEM "dar-catalog.dtd">
<Catalog format="1.2">
<Directory name="2026"><Attributes data="saved" />
  <Directory name="june"><File name="a b.txt" size="5"><Attributes data="saved"/></File></Directory>
  <File name="old" size="9"><Attributes data="referenced"/></File>
  <File name="twin" size="9"><Attributes data="referenced" permissions="*-rw" mtime="5"/></File>
  <File name="gone"><Attributes data="deleted" mtime="5"/></File>
</Directory>
<File name="top" size="2 o"><Attributes data="saved"/></File>
</Catalog>"""


def test_a_listing():
    found = parse_listing("some talk\n" + XML)
    assert found.sizes == {"2026/june/a b.txt": 5, "top": 2}
    assert found.elsewhere == {
        "2026/old": Reference(9, None),
        "2026/twin": Reference(9, 5_000_000_000, plain=False),
    }
    assert not found.isolated


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


def test_what_another_hour_may_explain_is_no_break():
    full = Listing({"a": 5}, {"a": 7_200_000_000_000})
    for time, breaks, doubt in (
        (7_200_000_000_000, 0, False),
        (3_600_000_000_000, 0, True),
        (7_201_000_000_000, 1, False),
    ):
        known = {"full": full, "inc": Listing(elsewhere={"a": Reference(5, time)})}
        chain = chain_of(["inc"], ["inc", "full"], known.__getitem__, "")
        assert (len(chain.breaks), bool(chain.doubt)) == (breaks, doubt)
        assert chain.name == ("inc" if not (breaks or doubt) else "")


def test_a_delta_and_what_was_not_seen_are_no_break():
    for reference, unseen in ((Reference(5, 1, plain=False), ""), (Reference(5, 1), "locked")):
        known = {"inc": Listing(elsewhere={"a": reference})}
        chain = chain_of(["inc"], ["inc"], known.__getitem__, unseen)
        assert (chain.breaks, chain.name) == ((), "")
        assert chain.doubt


def test_a_long_row_is_not_followed_for_ever():
    known = {
        f"i{number}": Listing({f"{number}": 1}, {f"{number}": 1}, {"a": Reference(5, 1)})
        for number in range(100)
    }
    chain = chain_of(list(known), list(known), known.__getitem__, "")
    assert "more than 64 archives" in chain.doubt
    lost = {
        f"i{number:02}": Listing(elsewhere={"a": Reference(number, number)}, sizes={"a": 1})
        for number in range(100)
    }
    chain = chain_of(list(lost), list(lost)[:9], lost.__getitem__, "")
    assert chain.doubt == "more than 64 archives are not followed"


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

    def test_an_increment_whose_base_is_nowhere_is_no_point(self, made, photos):
        found = look(made / "differential", photos, Depth.BYTES)
        assert (found.points.count, found.points.newest, found.coverage.value) == (0, None, None)
        (told,) = found.points.breaks
        assert told.startswith("d is an increment, and no archive here holds 7 of its files")

    @staticmethod
    def increment(base, name, of):
        command = [
            "dar",
            "-N",
            "-Q",
            "-q",
            "-R",
            str(base.parent / "photos"),
            "-c",
            str(base / name),
        ]
        subprocess.run([*command, "-A", str(base / of)], check=True, capture_output=True)

    @pytest.fixture
    def row(self, tmp_path):
        """Make a full archive and two increments, each of the one before."""
        photos, row = make_source(tmp_path / "photos"), tmp_path / "row"
        row.mkdir()
        command = ["dar", "-N", "-Q", "-q", "-R", str(photos), "-c", str(row / "full")]
        subprocess.run(command, check=True, capture_output=True)
        for number in (1, 2):
            (photos / "2025" / f"{number}.jpg").write_text(f"new {number}")
            (photos / "2025" / "0.jpg").unlink(missing_ok=True)
            self.increment(row, f"inc{number}", f"inc{number - 1}" if number > 1 else "full")
        for number, name in enumerate(("full", "inc1", "inc2")):
            os.utime(row / f"{name}.1.dar", (1_790_000_000 + number,) * 2)
        return row

    def test_an_increment_is_whole_with_what_it_refers_to(self, row):
        before, photos = state_of(row), manifest_of(row.parent / "photos")
        found = look(row, photos, Depth.BYTES)
        assert (found.files, found.coverage.value, found.errors) == (6, 1.0, ())
        assert (found.points.count, found.points.breaks, found.depth) == (3, (), Depth.BYTES)
        assert look(row / "inc2.1.dar", photos).coverage.value == 1.0
        assert state_of(row) == before

    def test_a_lost_increment_leaves_those_before_it(self, row):
        photos = manifest_of(row.parent / "photos")
        (row / "inc1.1.dar").unlink()
        found = look(row, photos)
        (told,) = found.points.breaks
        assert "inc2 is an increment, and no archive here holds 1 of its files" in told
        assert "2025/1.jpg" in told
        assert found.points.count == 1
        assert found.points.newest.timestamp() == 1_790_000_000

    def test_what_was_deleted_is_not_held(self, row):
        (row.parent / "photos" / "2025" / "0.jpg").write_bytes(os.urandom(20_000))
        os.utime(row.parent / "photos" / "2025" / "0.jpg", (1_700_000_000,) * 2)
        assert look(row, manifest_of(row.parent / "photos")).coverage.value < 1.0

    def test_a_catalogue_is_no_point(self, row):
        photos = manifest_of(row.parent / "photos")
        command = ["dar", "-N", "-Q", "-q", "-C", str(row / "catalogue"), "-A", str(row / "inc2")]
        subprocess.run(command, check=True, capture_output=True)
        found = look(row, photos)
        assert (found.points.count, found.points.breaks, found.coverage.value) == (3, (), 1.0)
        for name in ("full", "inc1", "inc2"):
            (row / f"{name}.1.dar").unlink()
        found = look(row, photos)
        assert (found.points.count, found.coverage.value) == (0, None)
        assert "catalogue is the catalogue of another archive" in found.points.breaks[0]

    def test_a_hard_link_made_since_is_not_called_lost(self, row):
        photos = row.parent / "photos"
        os.link(photos / "2025" / "3.jpg", photos / "2025" / "three.jpg")
        self.increment(row, "inc3", "inc2")
        found = look(row, manifest_of(photos))
        assert found.points.breaks == ()
        # which of the two names dar met first decides whether it saved the bytes once more
        assert found.coverage.value == 1.0 or "cannot be told" in found.reason

    def test_a_base_that_nobody_could_list_is_unknown(self, row):
        flip(row / "full.1.dar", at=(row / "full.1.dar").stat().st_size - 100)
        found = look(row, manifest_of(row.parent / "photos"))
        assert (found.points.breaks, found.coverage.value) == ((), None)
        assert "full cannot be listed" in found.reason

    def test_far_away_only_python_reads(self, slices, photos, without_programs):
        found = look(slices, photos, Depth.BYTES)
        assert (found.depth, found.points.count) == (Depth.STRUCTURE, 1)
        assert "local files only" in found.reason

    def test_an_encrypted_archive_is_unknown_not_damaged(self, made, photos):
        found = look(made / "secret", photos, Depth.BYTES)
        assert (found.encrypted.value, found.errors, found.coverage.value) == (True, (), None)
        assert found.depth is Depth.STRUCTURE
