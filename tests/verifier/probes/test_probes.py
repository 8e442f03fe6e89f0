"""Probes on real directories, archives and repositories."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest

from riskmodel.errors import InputError
from tests.verifier.probes.repositories import flip, look
from verifier.host import Host, TimedOut, Unreadable
from verifier.inventory import Depth, State
from verifier.probes import collect_source

restic_needed = pytest.mark.skipif(shutil.which("restic") is None, reason="restic not installed")


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "photos"
    (root / "2025").mkdir(parents=True)
    (root / "2026" / "june").mkdir(parents=True)
    for number in range(8):
        (root / "2025" / f"{number}.jpg").write_bytes(os.urandom(1000 + number))
    (root / "2026" / "june" / "big.raw").write_bytes(os.urandom(50_000))
    (root / "index.txt").write_text("all of them\n")
    return root


@pytest.fixture
def manifest(source):
    located, manifest = collect_source(Host(), str(source))
    assert (located.state, located.files) == (State.READ, 10)
    return manifest


class TestDirectory:
    def test_a_whole_copy(self, source, manifest, tmp_path):
        shutil.copytree(source, tmp_path / "copy")
        found = look(tmp_path / "copy", manifest, Depth.BYTES)
        assert (found.kind, found.state, found.files) == ("directory", State.READ, 10)
        assert found.coverage.value == 1.0
        assert found.identical is True
        assert found.depth == Depth.SOURCE
        assert found.errors == ()
        assert found.points.newest == manifest.newest

    def test_a_partial_copy_names_the_largest_missing_folder(self, source, manifest, tmp_path):
        shutil.copytree(source, tmp_path / "copy")
        shutil.rmtree(tmp_path / "copy" / "2026")
        (tmp_path / "copy" / "2025" / "1.jpg").unlink()
        found = look(tmp_path / "copy", manifest)
        assert found.shares.files == pytest.approx(0.8)
        assert found.missing == ("2026", "2025")
        assert found.identical is False

    def test_rot_is_found_by_content_only(self, source, manifest, tmp_path):
        shutil.copytree(source, tmp_path / "copy")
        flip(tmp_path / "copy" / "2025" / "3.jpg")
        assert look(tmp_path / "copy", manifest, Depth.STRUCTURE).errors == ()
        (error,) = look(tmp_path / "copy", manifest, Depth.BYTES).errors
        assert error.startswith("2025/3.jpg differs")

    def test_a_truncated_file_is_damage(self, source, manifest, tmp_path):
        shutil.copytree(source, tmp_path / "copy")
        (tmp_path / "copy" / "2025" / "3.jpg").write_bytes(b"short")
        found = look(tmp_path / "copy", manifest, Depth.SOURCE)
        assert found.coverage.value == pytest.approx(0.9)
        assert found.errors == ("2025/3.jpg has 5 bytes, the source's has 1003.",)

    def test_a_source_changed_since_is_no_damage(self, source, tmp_path):
        shutil.copytree(source, tmp_path / "copy")
        later = (source / "2025" / "3.jpg").stat().st_mtime + 3600
        flip(source / "2025" / "3.jpg")
        os.utime(source / "2025" / "3.jpg", (later, later))
        _, manifest = collect_source(Host(), str(source))
        found = look(tmp_path / "copy", manifest, Depth.SOURCE)
        assert found.errors == ()
        assert found.identical is False

    def test_the_sources_folder_inside_the_location(self, source, manifest, tmp_path):
        shutil.copytree(source, tmp_path / "usb" / "photos")
        found = look(tmp_path / "usb", manifest, Depth.BYTES)
        assert found.coverage.value == 1.0
        assert found.depth == Depth.SOURCE

    def test_links_and_hard_links_show_the_source(self, source, manifest, tmp_path):
        (tmp_path / "link").symlink_to(source)
        live, _ = collect_source(Host(), str(source))
        assert look(tmp_path / "link", manifest).inode == live.inode
        subprocess.run(["cp", "-al", str(source), str(tmp_path / "hard")], check=True)
        hard = look(tmp_path / "hard", manifest)
        assert hard.inode != live.inode
        assert hard.shared_inodes == 10

    def test_an_empty_directory_holds_nothing(self, manifest, tmp_path):
        (tmp_path / "empty").mkdir()
        found = look(tmp_path / "empty", manifest)
        assert (found.files, found.coverage.value, found.points.newest) == (0, 0.0, None)
        assert found.missing == (".",)

    def test_errors_are_capped(self, tmp_path):
        (tmp_path / "many").mkdir()
        for number in range(30):
            (tmp_path / "many" / str(number)).write_bytes(b"12345")
        shutil.copytree(tmp_path / "many", tmp_path / "copy")
        for number in range(30):
            flip(tmp_path / "copy" / str(number), at=2)
        _, manifest = collect_source(Host(), str(tmp_path / "many"))
        errors = look(tmp_path / "copy", manifest, Depth.SOURCE).errors
        assert len(errors) == 21
        assert errors[-1].startswith("10 more")


class TestStates:
    def test_what_is_there_is_not_missing(self, source, manifest):
        found = look(source, manifest, kind="restic")  # which it is not
        assert found.state is State.UNREADABLE

    @pytest.mark.parametrize("address", ["ssh://ada@192.0.2.7:22/./b", "https://192.0.2.7/b"])
    def test_an_address_that_nothing_here_speaks_is_unknown(self, manifest, address):
        found = look(address, manifest)
        assert found.state is State.UNREADABLE
        assert f"nothing here speaks {address.partition('//')[0]}//" in found.reason
        assert look(address, manifest, offline=True).state is State.ABSENT_OFFLINE

    @pytest.mark.parametrize("address", ["ada@nas:/b", "rsync://nas/b", "smb://nas/b"])
    def test_what_looks_like_a_remote_of_rclone_is_none(self, manifest, address):
        found = look(address, manifest)
        assert found.state is State.UNREADABLE
        assert "nothing here speaks" in found.reason
        assert "rclone" not in found.reason

    def test_the_server_of_a_tools_address_is_known(self, manifest):
        found = look("ssh://ada@192.0.2.7:22/./b", manifest)
        assert found.domains.host.value == "address:192.0.2.7"

    def test_missing_and_absent(self, manifest, tmp_path):
        assert look(tmp_path / "none", manifest).state == State.MISSING
        assert look(tmp_path / "none", manifest, offline=True).state == State.ABSENT_OFFLINE

    def test_unreadable(self, manifest, tmp_path):
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        found = look(tmp_path / "loop", manifest, offline=True)
        assert (found.state, found.depth) == (State.UNREADABLE, None)
        assert found.reason

    def test_hung(self, manifest, tmp_path, monkeypatch):
        def hang(self, path, **_):
            raise TimedOut(path, "no answer within 10 s")

        monkeypatch.setattr(Host, "resolve", hang)
        assert look(tmp_path, manifest).state == State.TIMEOUT

    def test_an_unreadable_source_gives_no_coverage(self, source, tmp_path):
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        located, manifest = collect_source(Host(), str(tmp_path / "loop"))
        assert located.state == State.UNREADABLE
        assert not manifest.complete
        assert look(source, manifest).coverage.value is None
        assert look(source, None).coverage.value is None

    def test_no_source_means_no_content_depth(self, source):
        found = look(source, None, Depth.SOURCE)
        assert found.depth == Depth.STRUCTURE
        assert found.reason

    def test_a_broken_examination_is_recorded(self, source, manifest, monkeypatch):
        monkeypatch.setattr(Host, "listing", lambda *_: 1 / 0)
        found = look(source, manifest)
        assert (found.state, found.depth) == (State.UNREADABLE, None)
        assert "ZeroDivisionError" in found.reason

    def test_unknown_kinds_are_refused(self, manifest):
        with pytest.raises(InputError, match="did you mean 'restic'"):
            look("/x", manifest, kind="rstic")

    def test_declared(self):
        newest = datetime(2026, 11, 1, tzinfo=UTC)
        found = look("", None, kind="declared", files=3, newest=newest, media="cloud", site="x")
        assert (found.state, found.depth, found.files) == (State.DECLARED, None, 3)
        assert found.points.newest == newest
        assert found.domains.site.evidence == "declared"


def pack(source, path, mode="w:gz", form=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=form) as archive:
        archive.add(source, arcname="photos")
    return path


def pack_zip(source, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(source.rglob("*")):
            archive.write(file, file.relative_to(source))
    return path


class TestArchive:
    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
    def test_tar(self, source, manifest, tmp_path, mode):
        found = look(pack(source, tmp_path / "a.tar", mode), manifest, Depth.SOURCE)
        assert (found.kind, found.files, found.coverage.value) == ("tar", 10, 1.0)
        assert (found.depth, found.errors) == (Depth.SOURCE, ())

    @pytest.mark.parametrize(("mode", "depth"), [("w", Depth.SOURCE), ("w:gz", Depth.BYTES)])
    def test_a_bare_tar_has_no_digests_and_is_compared(
        self, source, manifest, tmp_path, mode, depth
    ):
        path = pack(source, tmp_path / "a.tar", mode)
        assert look(path, manifest, Depth.BYTES).depth == depth
        alone = look(path, None, Depth.SOURCE)
        assert alone.depth == (Depth.STRUCTURE if mode == "w" else Depth.BYTES)
        assert "source" in alone.reason

    def test_rot_in_a_bare_tar_is_found_at_bytes(self, source, manifest, tmp_path):
        path = pack(source, tmp_path / "a.tar", "w")
        flip(path, at=path.read_bytes().index((source / "2025" / "3.jpg").read_bytes()) + 9)
        assert look(path, manifest, Depth.STRUCTURE).errors == ()
        (error,) = look(path, manifest, Depth.BYTES).errors
        assert error.startswith("2025/3.jpg differs")

    def test_an_archive_that_cannot_be_read_is_unknown_not_damaged(
        self, source, manifest, tmp_path, monkeypatch
    ):
        path = pack(source, tmp_path / "a.tar.gz")

        def refuse(self, path):
            raise Unreadable(path, "Permission denied")

        monkeypatch.setattr(Host, "open", refuse)
        found = look(path, manifest, Depth.BYTES)
        assert (found.depth, found.errors, found.coverage.value) == (None, (), None)
        assert "Permission denied" in found.reason

    def test_zip(self, source, manifest, tmp_path):
        found = look(pack_zip(source, tmp_path / "a.zip"), manifest, Depth.SOURCE)
        assert (found.kind, found.files, found.coverage.value) == ("zip", 10, 1.0)
        assert (found.depth, found.errors) == (Depth.SOURCE, ())

    def test_a_flipped_byte_in_a_zip_is_found_at_bytes(self, source, manifest, tmp_path):
        path = pack_zip(source, tmp_path / "a.zip")
        flip(path)
        assert look(path, manifest, Depth.STRUCTURE).errors == ()
        assert look(path, manifest, Depth.BYTES).errors

    @pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
    @pytest.mark.parametrize("cut", [0, 30_000])
    def test_damage_in_a_compressed_tar_is_found(self, source, manifest, tmp_path, mode, cut):
        path = pack(source, tmp_path / "a.tar.x", mode)
        if cut:
            path.write_bytes(path.read_bytes()[:cut])
        else:
            flip(path, at=20_000)
        found = look(path, manifest, Depth.BYTES, kind="tar")
        assert found.errors
        assert "damaged" in found.errors[0]

    def test_a_broken_header_is_not_the_end(self, source, manifest, tmp_path):
        path = pack(source, tmp_path / "a.tar", "w", form=tarfile.GNU_FORMAT)
        content = bytearray(path.read_bytes())
        at = content.index(b"photos/index.txt")
        content[at : at + 4] = b"\xff\xff\xff\xff"
        path.write_bytes(content)
        assert "header" in look(path, manifest, Depth.STRUCTURE).errors[0]

    def test_a_tar_cut_between_members_is_damaged(self, source, manifest, tmp_path):
        path = pack(source, tmp_path / "a.tar", "w", form=tarfile.GNU_FORMAT)
        content = path.read_bytes()
        path.write_bytes(content[: content.index(b"photos/index.txt")])
        assert "end-of-archive" in look(path, manifest, Depth.STRUCTURE).errors[0]

    def test_other_content_under_the_same_size(self, source, tmp_path):
        path = pack(source, tmp_path / "a.tar.gz")
        flip(source / "2025" / "3.jpg")
        _, manifest = collect_source(Host(), str(source))
        assert look(path, manifest, Depth.BYTES).errors == ()
        (error,) = look(path, manifest, Depth.SOURCE).errors
        assert error.startswith("2025/3.jpg differs")

    def test_a_header_that_claims_much_is_not_believed(self, manifest, tmp_path):
        head = tarfile.TarInfo("x")
        head.type, head.size = tarfile.XHDTYPE, 1 << 40
        path = tmp_path / "a.tar"
        path.write_bytes(head.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
        assert "claims" in look(path, manifest).errors[0]

    def test_hostile_names_are_only_names(self, manifest, tmp_path):
        (deep := tmp_path / "two" / "levels").mkdir(parents=True)
        with tarfile.open(deep / "a.tar", "w") as archive:
            archive.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO())
        look(deep / "a.tar", manifest, Depth.SOURCE)
        assert not list(tmp_path.rglob("escaped"))

    def test_a_folder_of_dated_archives(self, source, tmp_path):
        (tmp_path / "dumps").mkdir()
        for path in source.rglob("*.*"):  # no younger than the names say
            os.utime(path, (1.7e9, 1.7e9))
        _, manifest = collect_source(Host(), str(source))
        for day in (1, 8, 15):
            pack(source, tmp_path / "dumps" / f"backup-2026-05-{day:02}.tar.gz")
        found = look(tmp_path / "dumps", manifest, Depth.BYTES)
        assert (found.kind, found.points.count, found.coverage.value) == ("tar", 3, 1.0)
        assert found.points.newest == datetime(2026, 5, 15, tzinfo=UTC)
        assert found.points.oldest == datetime(2026, 5, 1, tzinfo=UTC)

    def test_a_copy_of_a_folder_of_archives_is_a_directory(self, source, tmp_path):
        (tmp_path / "dumps").mkdir()
        pack(source, tmp_path / "dumps" / "a-2026-05-01.tar.gz")
        shutil.copytree(tmp_path / "dumps", tmp_path / "copy")
        _, manifest = collect_source(Host(), str(tmp_path / "dumps"))
        found = look(tmp_path / "copy", manifest)
        assert (found.kind, found.coverage.value) == ("directory", 1.0)


@restic_needed
@pytest.mark.integration
class TestRestic:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        base = tmp_path_factory.mktemp("restic")
        (base / "photos").mkdir()
        for number in range(4):
            (base / "photos" / f"{number}.raw").write_bytes(os.urandom(100_000))
        (base / "password").write_text("correct horse\n")
        command = ["restic", "--no-cache", "-r", str(base / "repo"), "-q"]
        command += ["--password-file", str(base / "password")]
        subprocess.run([*command, "init"], check=True)
        subprocess.run([*command, "backup", str(base / "photos")], check=True)
        return base

    @pytest.fixture
    def repo(self, made, tmp_path):
        return shutil.copytree(made / "repo", tmp_path / "repo")

    @pytest.fixture
    def photos(self, made):
        return collect_source(Host(), str(made / "photos"))[1]

    def test_with_a_password(self, made, repo, photos):
        found = look(repo, photos, Depth.BYTES, password_file=str(made / "password"))
        assert (found.kind, found.files, found.coverage.value) == ("restic", 4, 1.0)
        assert (found.points.count, found.depth, found.errors) == (1, Depth.BYTES, ())
        assert found.tool.startswith("restic ")

    @pytest.mark.parametrize("wrong", [None, "wrong"])
    def test_without_the_password_integrity_is_still_told(self, repo, photos, tmp_path, wrong):
        (tmp_path / "wrong").write_text("x")
        password = str(tmp_path / wrong) if wrong else None
        found = look(repo, photos, Depth.BYTES, password_file=password)
        assert (found.state, found.depth, found.points.count) == (State.READ, Depth.BYTES, 1)
        assert found.coverage.value is None
        assert "password" in found.reason

    def test_without_the_program(self, made, repo, photos, monkeypatch):
        monkeypatch.setattr("verifier.host.located", lambda name: None)
        found = look(repo, photos, Depth.BYTES, password_file=str(made / "password"))
        assert (found.depth, found.coverage.value) == (Depth.BYTES, None)
        assert "not installed" in found.reason

    def test_a_flipped_byte_is_found_at_bytes_only(self, repo, photos):
        pack = max(
            (repo / "data").rglob("*"), key=lambda path: path.is_file() * path.stat().st_size
        )
        flip(pack)
        assert look(repo, photos, Depth.STRUCTURE).errors == ()
        found = look(repo, photos, Depth.BYTES)
        assert pack.name in found.errors[0]
        assert found.depth == Depth.BYTES

    def test_a_pack_that_is_gone_is_found_with_the_password(self, made, repo, photos):
        pack = max(
            (repo / "data").rglob("*"), key=lambda path: path.is_file() * path.stat().st_size
        )
        pack.unlink()
        found = look(repo, photos, Depth.STRUCTURE, password_file=str(made / "password"))
        assert found.errors

    def test_nothing_is_written(self, made, repo, photos):
        before = {path: path.stat().st_mtime_ns for path in repo.rglob("*")}
        look(repo, photos, Depth.BYTES, password_file=str(made / "password"))
        assert {path: path.stat().st_mtime_ns for path in repo.rglob("*")} == before
