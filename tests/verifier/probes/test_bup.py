"""Bup repositories made by the real program."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from tests.verifier.probes.repositories import flip, look, make_source, manifest_of, state_of
from verifier.inventory import Depth
from verifier.probes.bup import parse_log

bup_needed = pytest.mark.skipif(
    shutil.which("bup") is None or shutil.which("git") is None, reason="bup or git not installed"
)


def test_saves_by_branch():
    found = parse_log(
        "20 refs/heads/a\n10 refs/heads/a\n5 refs/heads/b\nfatal: x\n99999999999999 c\n"
    )
    assert [when.timestamp() for when in found["refs/heads/a"]] == [10, 20]
    assert set(found) == {"refs/heads/a", "refs/heads/b"}


@bup_needed
@pytest.mark.integration
class TestBup:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        base = tmp_path_factory.mktemp("bup")
        make_source(base / "photos")
        environment = {"PATH": os.environ["PATH"], "HOME": str(base), "BUP_DIR": str(base / "repo")}
        for argv in (
            ["init"],
            ["index", "photos"],
            ["save", "-n", "photos", "-d", "1790000000", "photos"],
            ["save", "-n", "photos", "-d", "1790600000", "photos"],
        ):
            command = ["bup", *argv]
            subprocess.run(command, cwd=base, env=environment, check=True, capture_output=True)
        return base

    @pytest.fixture
    def repo(self, made, tmp_path):
        return shutil.copytree(made / "repo", tmp_path / "repo")

    @pytest.fixture
    def photos(self, made):
        return manifest_of(made / "photos")

    @staticmethod
    def file(repo, ending):
        files = (repo / "objects" / "pack").glob(f"pack-*.{ending}")
        return max(files, key=lambda path: path.stat().st_size)

    def test_saves_and_bytes(self, repo, photos):
        before = state_of(repo)
        found = look(repo, photos, Depth.BYTES)
        assert (found.kind, found.depth, found.errors) == ("bup", Depth.BYTES, ())
        assert found.points.count == 2
        assert found.points.newest == datetime.fromtimestamp(1790600000, UTC)
        assert found.coverage.value is None
        assert state_of(repo) == before

    def test_a_repository_without_a_save_is_no_copy(self, repo, photos, tmp_path):
        shutil.copytree(repo, tmp_path / "new")
        shutil.rmtree(tmp_path / "new" / "refs" / "heads")
        found = look(tmp_path / "new", photos)
        assert (found.kind, found.disqualified) == ("bup", "it holds no save")
        assert look(repo, photos).disqualified == ""

    def test_the_config_of_a_repository_is_not_obeyed(self, repo, photos, tmp_path):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
        program.chmod(0o755)
        with (repo / "config").open("a") as config:
            config.write(f"[log]\nshowSignature = true\n[gpg]\nprogram = {program}\n")
            config.write(f"[core]\npager = {program}\nfsmonitor = {program}\n")
        assert look(repo, photos).points.count == 2
        assert not (tmp_path / "ran").exists()

    def test_a_flipped_byte_is_found_at_bytes(self, repo, photos):
        flip(self.file(repo, "pack"), at=9000)
        assert look(repo, photos, Depth.STRUCTURE).errors == ()
        assert "SHA-1" in look(repo, photos, Depth.BYTES).errors[0]

    @pytest.mark.parametrize("left", [0, 9000])
    def test_a_truncated_pack_is_found_by_its_index(self, repo, photos, left):
        pack = self.file(repo, "pack")
        pack.chmod(0o600)
        os.truncate(pack, left)
        assert pack.stem in look(repo, photos, Depth.STRUCTURE).errors[0]

    @pytest.mark.parametrize("ending", ["pack", "idx"])
    def test_a_missing_half_is_found_by_name(self, repo, photos, ending):
        self.file(repo, ending).unlink()
        assert f"has no .{ending} file" in look(repo, photos).errors[0]

    def test_a_missing_pack_is_named_by_the_bloom_filter(self, repo, photos):
        pack = self.file(repo, "pack")
        pack.unlink()
        pack.with_suffix(".idx").unlink()
        assert any(pack.stem in error for error in look(repo, photos).errors)
