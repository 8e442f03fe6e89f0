"""Rdiff-backup: its metadata read from text, and directories that the real program keeps."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time

import pytest

from tests.verifier.probes.repositories import flip, look, make_source, manifest_of, state_of
from verifier.effort import Effort
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import probe
from verifier.probes.members import Damaged
from verifier.probes.rdiff_backup import Recorded, parse_metadata, parse_names
from verifier.target import Target

rdiff_needed = pytest.mark.skipif(
    shutil.which("rdiff-backup") is None, reason="rdiff-backup not installed"
)


def test_metadata():
    text = (
        b"File .\n  Type dir\n  Uid 0\n"
        b"File a\\nb \\\\c\n  Type reg\n  Size 5\n  SHA1Digest 88EF\n  ModTime 1\n"
        b"File link\n  Type sym\n  SymData a b\n"
        b"File second\n  Type reg\n  Size 7\n"
    )
    found = list(parse_metadata(iter(text.splitlines(keepends=True))))
    assert found == [Recorded("a\nb \\c", 5, "88ef"), Recorded("second", 7, "")]
    with pytest.raises(Damaged):
        list(parse_metadata(iter([b"\0\1\2\n"])))


def test_names_with_offsets_and_without_colons():
    names = (
        "mirror_metadata.2026-11-26T07-40-05+01-00.diff.gz",
        "mirror_metadata.2026-11-26T06:40:07Z.snapshot.gz",
        "current_mirror.2026-11-26T06:40:07Z.data",
        "current_mirror.2026-99-26T06:40:07Z.data",
        "backup.log",
    )
    found = parse_names(names)
    assert [when.minute * 60 + when.second for when in found.runs] == [2405, 2407]
    assert found.mirrors == found.runs[1:]
    assert list(found.metadata.values()) == [names[1]]


@rdiff_needed
@pytest.mark.integration
class TestRdiffBackup:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        base = tmp_path_factory.mktemp("rdiff")
        make_source(base / "photos")
        argv = ["rdiff-backup", "backup", str(base / "photos"), str(base / "repo")]
        subprocess.run(argv, check=True, capture_output=True)
        time.sleep(1.1)
        (base / "photos" / "2025" / "new.jpg").write_bytes(b"new")
        (base / "photos" / "2026" / "índex name.txt").write_text("all of them and more\n" * 9)
        subprocess.run(argv, check=True, capture_output=True)
        return base

    @pytest.fixture
    def repo(self, made, tmp_path):
        subprocess.run(["cp", "-a", str(made / "repo"), str(tmp_path / "repo")], check=True)
        return tmp_path / "repo"

    def test_a_sample_of_mirror_and_increments_is_told(self, repo):
        mirror = sorted(path for path in (repo / "2025").iterdir() if path.is_file())
        mirror[0].write_bytes(mirror[0].read_bytes()[::-1])
        host, found = Host(), []
        for seed in range(12):
            host.effort = Effort(max_bad=0.3, seed=seed)
            found.append(probe(host, Target("copy", str(repo)), None, Depth.BYTES))
        (of,) = {one.sample.of for one in found}
        assert all(0 < one.sample.looked < of for one in found)
        assert all(one.sample.bad == len(one.errors) for one in found)
        assert {len(one.errors) for one in found} == {0, 1}

    @pytest.fixture
    def photos(self, made):
        return manifest_of(made / "photos")

    def test_a_whole_copy(self, repo, photos):
        before = state_of(repo)
        found = look(repo, photos, Depth.BYTES)
        assert (found.kind, found.files, found.coverage.value) == ("rdiff-backup", 8, 1.0)
        assert (found.points.count, found.depth, found.errors) == (2, Depth.BYTES, ())
        assert state_of(repo) == before

    def test_rot_is_found_by_the_metadata(self, repo, photos):
        flip(repo / "2025" / "3.jpg", at=5)
        assert look(repo, photos, Depth.STRUCTURE).errors == ()
        (error,) = look(repo, photos, Depth.BYTES).errors
        assert "2025/3.jpg does not have the SHA-1" in error

    @pytest.mark.parametrize("left", [0, 9])
    def test_damaged_increments_are_found_by_gzip(self, repo, photos, left):
        (increment,) = (repo / "rdiff-backup-data" / "increments").rglob("*.txt.*.gz")
        if left:
            flip(increment, at=increment.stat().st_size - 6)
        else:
            os.truncate(increment, 0)
        assert look(repo, photos, Depth.STRUCTURE).errors == ()
        (error,) = look(repo, photos, Depth.BYTES).errors
        assert increment.name in error

    def test_missing_and_truncated_files_are_found(self, repo, photos):
        (repo / "2025" / "3.jpg").unlink()
        os.truncate(repo / "2025" / "2.jpg", 0)
        found = look(repo, photos, Depth.STRUCTURE)
        assert len(found.errors) == 2
        assert "gone" in found.errors[1]
        assert found.coverage.value == pytest.approx(6 / 8)

    def test_two_current_mirrors_are_an_unfinished_run(self, repo, photos):
        data = repo / "rdiff-backup-data"
        (data / "current_mirror.2026-01-01T00:00:00Z.data").touch()
        found = look(repo, photos, Depth.BYTES)
        assert found.points.newest.month == 1
        assert found.points.latest > found.points.newest
        assert "was not finished" in found.points.breaks[0]
        assert found.depth is Depth.LISTED

    def test_no_current_mirror_was_never_finished(self, repo, photos):
        next((repo / "rdiff-backup-data").glob("current_mirror*")).unlink()
        found = look(repo, photos, Depth.BYTES)
        assert (found.points.count, found.points.newest) == (0, None)
        assert "current_mirror" in found.errors[0]

    @pytest.mark.parametrize("content", [b"", b"\0\1", gzip.compress(b"\xff\xfe nothing\n")])
    def test_damaged_metadata_is_an_error(self, repo, photos, content):
        (metadata,) = (repo / "rdiff-backup-data").glob("mirror_metadata.*.snapshot.gz")
        metadata.write_bytes(content)
        found = look(repo, photos, Depth.BYTES)
        assert "damaged" in found.errors[0]
        assert found.depth is Depth.LISTED
