"""Duplicity: what names tell, and folders that the real program wrote."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keyring import keyring
from tests.verifier.probes.repositories import (
    flip,
    look,
    make_source,
    manifest_of,
    no_programs,
    state_of,
)
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import probe
from verifier.probes._duplicity_names import chains_of, parse_manifest, parse_sets
from verifier.probes.duplicity import parse_listing
from verifier.target import Target

duplicity_needed = pytest.mark.skipif(
    shutil.which("duplicity") is None, reason="duplicity not installed"
)
SAMPLES = Path(__file__).parents[1] / "samples"
SUB = {"sub", "sub/a.txt", "sub/l"}
TIMES = [f"202611{day:02}T002521Z" for day in (1, 2, 3, 4)]


def full(start, volumes=2, packed=".gpg"):
    names = [f"duplicity-full.{start}.vol{n + 1}.difftar{packed}" for n in range(volumes)]
    return [*names, f"duplicity-full.{start}.manifest{packed}"]


def inc(start, end, volumes=1):
    name = f"duplicity-inc.{start}.to.{end}"
    volume_names = [f"{name}.vol{n + 1}.difftar.gpg" for n in range(volumes)]
    return [*volume_names, f"{name}.manifest.gpg"]


CHAIN = [*full(TIMES[0]), *inc(TIMES[0], TIMES[1], 3), *inc(TIMES[1], TIMES[2])]


class TestNames:
    def test_a_whole_chain(self):
        chains = chains_of(parse_sets([*CHAIN, "README", "duplicity-full.x.manifest"]))
        assert [one.time.day for one in chains.whole] == [1, 2, 3]
        assert chains.newest == chains.whole
        assert chains.breaks == ()

    @pytest.mark.parametrize(
        ("gone", "days", "words"),
        [
            (".vol1.", [], ["volume 1 of at least 2", "what it builds on", "what it builds on"]),
            ("to.20261102T002521Z.vol2", [1], ["volume 2 of at least 3", "what it builds on"]),
            ("to.20261103T002521Z.manifest", [1, 2], ["no manifest"]),
            ("full.20261101T002521Z", [], ["is gone", "is gone"]),
        ],
    )
    def test_what_is_missing_breaks_all_that_builds_on_it(self, gone, days, words):
        if gone == ".vol1.":
            names = [name for name in CHAIN if "full" not in name or gone not in name]
        else:
            names = [name for name in CHAIN if gone not in name]
        chains = chains_of(parse_sets(names))
        assert [one.time.day for one in chains.whole] == days
        assert len(chains.breaks) == len(words)
        for sentence, word in zip(chains.breaks, words, strict=True):
            assert word in sentence

    def test_a_manifest_knows_the_last_volume(self):
        names = full(TIMES[0], 2, ".gz")
        promise = parse_manifest("".join(f"Volume {n}:\n    Hash SHA1 ab\n" for n in (1, 2, 3)))
        assert chains_of(parse_sets(names)).breaks == ()
        (sentence,) = chains_of(parse_sets(names), {names[-1]: promise}).breaks
        assert "volume 3 of 3 is missing" in sentence

    def test_orphaned_signatures_and_half_written_files(self):
        names = [f"duplicity-full-signatures.{TIMES[0]}.sigtar.gz"]
        assert chains_of(parse_sets(names)).breaks == ()
        names = [f"duplicity-full.{TIMES[0]}.manifest.part"]
        assert "no manifest" in chains_of(parse_sets(names)).breaks[0]

    @given(st.sets(st.sampled_from(CHAIN)))
    def test_a_point_is_whole_only_with_all_below(self, names):
        chains = chains_of(parse_sets(names))
        days = [one.time.day for one in chains.whole]
        assert days == list(range(1, len(days) + 1))

    @pytest.mark.parametrize("text", ["", "\0", "Hash SHA1 ab", "Volume 2:\n", "Volume 99999999:"])
    def test_other_text_is_no_manifest(self, text):
        with pytest.raises(ValueError):
            parse_manifest(text)

    def test_a_recorded_listing(self):
        text = (SAMPLES / "duplicity-list-current-files--v0822.txt").read_text()
        found = parse_listing(text)
        assert set(found) == {".", "f1.bin", "f2.bin", "f3.bin", "f4.bin", "f5.bin", *SUB}
        assert found["sub/a.txt"] - found["sub"] == 31 * 10**9

    def test_a_listing(self):
        text = "Last full backup date: Mon Nov 23 00:25:21 2026\nMon Nov 23 00:24:53 2026 a b.txt\n"
        wanted = int(datetime(2026, 11, 23, 0, 24, 53, tzinfo=UTC).timestamp()) * 10**9
        assert parse_listing(text) == {"a b.txt": wanted}


@duplicity_needed
@pytest.mark.integration
class TestDuplicity:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        base = tmp_path_factory.mktemp("duplicity")
        make_source(base / "photos")
        (base / "password").write_text("correct horse\n")
        (base / "home").mkdir()
        environment = {"PATH": os.environ["PATH"], "HOME": str(base / "home"), "TZ": "UTC"}
        environment |= {"PASSPHRASE": "correct horse", "GNUPGHOME": keyring()}

        def run(name, *more):
            argv = ["duplicity", *more, "--volsize", "1", str(base / "photos")]
            target = f"file://{base / name}"
            subprocess.run([*argv, target], env=environment, check=True, stdout=subprocess.DEVNULL)

        run("plain", "--no-encryption")
        time.sleep(1.1)
        (base / "photos" / "2025" / "new.jpg").write_bytes(b"new")
        (base / "photos" / "2025" / "0.jpg").unlink()
        run("plain", "--no-encryption")
        run("secret")
        return base

    @pytest.fixture
    def photos(self, made):
        return manifest_of(made / "photos")

    @pytest.fixture
    def plain(self, made, tmp_path):
        return shutil.copytree(made / "plain", tmp_path / "plain")

    @pytest.fixture
    def secret(self, made, tmp_path):
        return shutil.copytree(made / "secret", tmp_path / "secret")

    def test_open_contents_need_no_program(self, plain, photos, monkeypatch):
        monkeypatch.setattr("verifier.host.located", lambda name: None)
        before = state_of(plain)
        found = look(plain, photos, Depth.BYTES)
        assert (found.kind, found.coverage.value, found.points.count) == ("duplicity", 1.0, 2)
        assert (found.depth, found.errors, found.points.breaks) == (Depth.BYTES, (), ())
        assert (found.encrypted.value, found.files) == (False, 7)
        assert state_of(plain) == before

    def test_far_away_only_python_reads(self, made, secret, plain, photos, monkeypatch):
        no_programs(monkeypatch)
        assert look(plain, photos, Depth.BYTES).coverage.value == 1.0
        found = look(secret, photos, password_file=str(made / "password"))
        assert found.coverage.value is None
        assert "local" in found.reason

    def test_encrypted_contents(self, made, secret, photos):
        before = state_of(secret)
        found = look(secret, photos, Depth.BYTES, password_file=str(made / "password"))
        assert (found.coverage.value, found.points.count) == (1.0, 1)
        assert (found.depth, found.errors) == (Depth.BYTES, ())
        assert found.encrypted.value is True
        assert found.tool.startswith("duplicity ")
        assert state_of(secret) == before

    @pytest.mark.parametrize("password", [None, "wrong", "none"])
    def test_without_the_password_only_names_tell(self, secret, photos, tmp_path, password):
        (tmp_path / "wrong").write_text("x\n")
        path = str(tmp_path / password) if password else None
        found = look(secret, photos, Depth.BYTES, password_file=path)
        assert (found.depth, found.coverage.value, found.points.count) == (Depth.LISTED, None, 1)
        assert "password" in found.reason

    @pytest.mark.parametrize("number", [1, 3])
    def test_a_missing_volume_is_found(self, plain, photos, number):
        (volume,) = plain.glob(f"duplicity-full.*.vol{number}.*")
        volume.unlink()
        found = look(plain, photos)
        assert f"volume {number} of 3" in found.points.breaks[0]
        assert (found.points.count, found.points.newest) == (0, None)
        assert found.points.latest is not None
        assert found.coverage.value is None

    def test_rot_is_found_by_the_manifest(self, plain, photos):
        (volume,) = plain.glob("duplicity-full.*.vol2.*")
        flip(volume, at=1000)
        assert look(plain, photos, Depth.STRUCTURE).errors == ()
        (error,) = look(plain, photos, Depth.BYTES).errors
        assert volume.name in error

    def test_an_empty_volume_is_found(self, secret, photos):
        volume = next(secret.glob("*.vol1.*"))
        os.truncate(volume, 0)
        assert f"{volume.name} is empty." in look(secret, photos).errors

    def test_damaged_signatures_are_an_error(self, plain, photos):
        (signatures,) = plain.glob("*full-signatures*")
        os.truncate(signatures, 300)
        found = look(plain, photos)
        assert "signatures are damaged" in found.errors[0]
        assert found.coverage.value is None

    def test_a_backup_of_more_than_the_source(self, made, plain):
        found = look(plain, manifest_of(made / "photos" / "2025"))
        assert found.coverage.value == 1.0

    def test_a_changed_source_lowers_the_coverage(self, made, plain, tmp_path):
        shutil.copytree(made / "photos", tmp_path / "photos")
        (tmp_path / "photos" / "2025" / "1.jpg").write_bytes(b"changed")
        os.utime(tmp_path / "photos" / "2025" / "1.jpg", (1, 1))
        found = look(plain, manifest_of(tmp_path / "photos"))
        assert found.coverage.value == pytest.approx(6 / 7)

    def test_a_recording_keeps_no_secret(self, made, secret, photos):
        host = Host(record=True)
        password = str(made / "password")
        probe(host, Target("copy", str(secret), password_file=password), photos, Depth.BYTES)
        told = json.dumps(host.recording)
        assert "correct horse" not in told
        assert "big.raw" not in told
