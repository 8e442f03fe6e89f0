"""Repositories of which a part lies on another file system than their top folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.needs import needs
from tests.verifier.probes.bacula_writer import VolumeWriter
from tests.verifier.probes.conftest import image, run
from tests.verifier.probes.repositories import look, make_source, manifest_of
from verifier.domains import place_of
from verifier.host import Host
from verifier.inventory import Depth

pytestmark = [pytest.mark.integration, needs("root", "loop", "mkfs.ext4", "losetup")]


def pool(path: Path) -> str:
    """Name the file system that a path is on."""
    return place_of(Host(), str(path)).domains.pools.value[0]


@pytest.fixture
def disks(tmp_path, loop):
    """Two file systems: the source lies on `a`, backups on `b`."""
    points = []

    def mount(*argv):
        run("mount", *argv)
        points.append(argv[-1])

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        node = loop(image(tmp_path / f"{name}.img", 64))
        run("mkfs.ext4", "-q", node)
        mount(node, tmp_path / name)
    yield SimpleNamespace(
        a=tmp_path / "a", b=tmp_path / "b", mount=mount, source=make_source(tmp_path / "a" / "live")
    )
    for point in reversed(points):
        subprocess.run(["umount", "-l", point], check=False)


@pytest.fixture
def manifest(disks):
    return manifest_of(disks.source)


def elsewhere(disks, place: Path, name: str = "part") -> None:
    """Move a file or folder to the source's disk, and leave a link."""
    target = disks.a / name
    shutil.move(place, target)
    place.symlink_to(target)


def restic(disks, monkeypatch) -> Path:
    monkeypatch.setenv("RESTIC_PASSWORD", "pw")
    monkeypatch.setenv("RESTIC_CACHE_DIR", str(disks.a / "cache"))
    (disks.a / "pw").write_text("pw\n")
    run("restic", "-q", "init", "-r", disks.b / "r")
    run("restic", "-q", "backup", "-r", disks.b / "r", disks.source)
    return disks.b / "r"


def stands_on(found, disks) -> set[str]:
    return {name for name in "ab" if pool(getattr(disks, name)) in found.domains.pools.value}


@needs("restic")
@pytest.mark.slow
class TestRestic:
    @pytest.mark.parametrize("how", ["nothing", "link", "bind", "own bind", "own link", "empty"])
    def test_it_stands_where_its_data_lies(self, disks, manifest, monkeypatch, how):
        root = restic(disks, monkeypatch)
        held = root / "data"
        if how == "link":
            elsewhere(disks, held)
        elif how == "bind":
            shutil.move(held, disks.a / "part")
            held.mkdir()
            disks.mount("--bind", disks.a / "part", held)
        elif how in {"own bind", "own link"}:
            shutil.move(held, disks.b / "part")
            if how == "own link":
                held.symlink_to(disks.b / "part")
            else:
                held.mkdir()
                disks.mount("--bind", disks.b / "part", held)
        elif how == "empty":
            (root / "locks").mkdir(exist_ok=True)
            disks.mount("-t", "tmpfs", "none", root / "locks")
        found = look(root, manifest, Depth.BYTES, password_file=str(disks.a / "pw"))
        assert stands_on(found, disks) == ({"a", "b"} if how in {"link", "bind"} else {"b"})
        assert (found.disqualified, found.errors, found.coverage.value) == ("", (), 1.0)

    def test_data_in_memory_does_not_count(self, disks, manifest, monkeypatch):
        root = restic(disks, monkeypatch)
        shutil.move(root / "data", disks.a / "part")
        (root / "data").mkdir()
        disks.mount("-t", "tmpfs", "none", root / "data")
        shutil.copytree(disks.a / "part", root / "data", dirs_exist_ok=True)
        found = look(root, manifest)
        assert found.disqualified == "a part of it is in memory: data"

    def test_what_is_behind_linked_folders_is_a_part_of_it(self, disks, manifest, monkeypatch):
        root = restic(disks, monkeypatch)
        for folder in sorted((root / "data").iterdir()):
            if any(folder.iterdir()):
                elsewhere(disks, folder, folder.name)
        run("restic", "-q", "check", "-r", root)
        found = look(root, manifest, Depth.BYTES, password_file=str(disks.a / "pw"))
        assert (found.errors, found.depth) == ((), Depth.BYTES)
        assert stands_on(found, disks) == {"a", "b"}

    def test_a_link_that_leads_nowhere_leaves_its_drives_unknown(
        self, disks, manifest, monkeypatch
    ):
        root = restic(disks, monkeypatch)
        folder = next(one for one in sorted((root / "data").iterdir()) if any(one.iterdir()))
        elsewhere(disks, folder)
        shutil.rmtree(disks.a / "part")
        found = look(root, manifest)
        assert found.domains.drives.value is None
        assert found.depth is None
        assert f"data/{folder.name}" in found.reason

    def test_a_link_to_all_around_it_is_not_walked(self, disks, manifest, monkeypatch):
        root = restic(disks, monkeypatch)
        empty = next(one for one in (root / "data").iterdir() if not any(one.iterdir()))
        empty.rmdir()
        empty.symlink_to(disks.b)
        assert "lies in itself" in look(root, manifest).reason


@needs("borg")
@pytest.mark.slow
@pytest.mark.parametrize("inner", ["data", "data/0"])
def test_borg_stands_where_its_segments_lie(disks, manifest, monkeypatch, inner):
    monkeypatch.setenv("BORG_BASE_DIR", str(disks.a / "borg"))
    monkeypatch.setenv("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes")
    run("borg", "init", "-e", "none", disks.b / "r")
    run("borg", "create", f"{disks.b / 'r'}::one", disks.source)
    elsewhere(disks, disks.b / "r" / inner)
    found = look(disks.b / "r", manifest, Depth.BYTES)
    assert stands_on(found, disks) == {"a", "b"}
    assert (found.errors, found.coverage.value) == ((), 1.0)


@pytest.mark.parametrize("named", ["", "bk.tar.aa"])
def test_one_part_of_a_split_archive(disks, manifest, named):
    (disks.b / "spl").mkdir()
    packed = disks.a / "bk.tar"
    run("tar", "cf", packed, "-C", disks.a, "live")
    run("split", "-b", "1M", packed, f"{disks.b}/spl/bk.tar.")
    whole = look(disks.b / "spl" / named, manifest)
    assert (whole.coverage.value, stands_on(whole, disks)) == (1.0, {"b"})
    (disks.b / "spl" / "bk.log").symlink_to(disks.a / "gone")
    assert stands_on(look(disks.b / "spl" / named, manifest), disks) == {"b"}
    elsewhere(disks, disks.b / "spl" / "bk.tar.ab")
    found = look(disks.b / "spl" / named, manifest)
    assert (found.coverage.value, stands_on(found, disks)) == (1.0, {"a", "b"})


def test_an_archive_that_is_a_link_stands_where_it_leads(disks, manifest):
    run("tar", "cf", disks.a / "bk.tar", "-C", disks.a, "live")
    (disks.b / "bk.tar").symlink_to(disks.a / "bk.tar")
    found = look(disks.b / "bk.tar", manifest)
    assert (found.coverage.value, stands_on(found, disks)) == (1.0, {"a"})


@needs("dar")
@pytest.mark.slow
@pytest.mark.parametrize("named", ["", "bk.2.dar"])
def test_one_slice_of_dar(disks, manifest, named):
    (disks.b / "dar").mkdir()
    run("dar", "-Q", "-q", "-c", disks.b / "dar" / "bk", "-s", "1M", "-R", disks.source)
    elsewhere(disks, disks.b / "dar" / "bk.1.dar")
    found = look(disks.b / "dar" / named, manifest)
    assert (found.coverage.value, stands_on(found, disks)) == (1.0, {"a", "b"})


@needs("duplicity")
@pytest.mark.slow
def test_one_volume_of_duplicity(disks, manifest, monkeypatch):
    monkeypatch.setenv("HOME", str(disks.a))
    (disks.b / "dup").mkdir()
    run("duplicity", "--no-encryption", "full", disks.source, f"file://{disks.b}/dup")
    elsewhere(disks, next((disks.b / "dup").glob("*difftar*")))
    found = look(disks.b / "dup", manifest)
    assert (found.coverage.value, stands_on(found, disks)) == (1.0, {"a", "b"})


def test_a_volume_of_bacula_behind_a_link_is_read(disks):
    (disks.b / "vol").mkdir()
    for number in (1, 2):
        writer = VolumeWriter(f"Vol-{number}")
        (disks.b / "vol" / f"Vol-{number}").write_bytes(writer.content)
    elsewhere(disks, disks.b / "vol" / "Vol-2")
    found = look(disks.b / "vol", None)
    assert (found.kind, stands_on(found, disks)) == ("bacula", {"a", "b"})
    (disks.a / "part").unlink()
    found = look(disks.b / "vol", None)
    assert found.domains.drives.value is None
    assert "Vol-2 could not be read" in found.reason


def test_the_newest_of_dated_copies_lies_on_a_mounted_disk(disks, manifest):
    row = disks.b / "row"
    for day in ("2026-11-01", "2026-11-02"):
        (row / day).mkdir(parents=True)
    shutil.copytree(disks.source, row / "2026-11-01", dirs_exist_ok=True)
    shutil.copytree(disks.source, disks.a / "newest")
    assert stands_on(look(row, manifest), disks) == {"b"}
    disks.mount("--bind", disks.a / "newest", row / "2026-11-02")
    found = look(row, manifest)
    assert (found.kind, found.points.count, stands_on(found, disks)) == ("dated", 2, {"a"})


def test_what_another_mount_hides_is_no_part_of_it(disks, manifest):
    (disks.b / "spl").mkdir()
    run("tar", "cf", disks.b / "spl" / "bk.tar", "-C", disks.a, "live")
    (disks.b / "spl" / "in").mkdir()
    disks.mount("--bind", disks.a, disks.b / "spl" / "in")
    (disks.a / "over").mkdir()
    shutil.copy(disks.b / "spl" / "bk.tar", disks.a / "over")
    disks.mount("--bind", disks.a / "over", disks.b / "spl")
    assert stands_on(look(disks.b / "spl", manifest), disks) == {"a"}


@needs("btrfs", "mkfs.btrfs", "bup", "git")
@pytest.mark.slow
@pytest.mark.parametrize("how", ["bind", "link"])
def test_data_on_a_subvolume_of_the_sources_own_file_system(
    disks, tmp_path, loop, monkeypatch, how
):
    node = loop(image(tmp_path / "c.img", 256))
    run("mkfs.btrfs", "-q", node)
    (tmp_path / "c").mkdir()
    disks.mount(node, tmp_path / "c")
    for name in ("live", "data"):
        run("btrfs", "-q", "subvolume", "create", tmp_path / "c" / name)
    source = tmp_path / "c" / "live"
    shutil.copytree(disks.source, source, dirs_exist_ok=True)
    monkeypatch.setenv("BUP_DIR", str(disks.b / "r"))
    for command in (["init"], ["index", source], ["save", "-n", "x", source]):
        run("bup", *command)
    inner, there = disks.b / "r" / "objects", tmp_path / "c" / "data" / "objects"
    shutil.move(inner, there)
    if how == "link":
        inner.symlink_to(there)
    else:
        inner.mkdir()
        disks.mount("--bind", there, inner)
    found = look(disks.b / "r", manifest_of(source), Depth.STRUCTURE)
    assert (found.kind, found.errors) == ("bup", ())
    own = place_of(Host(), str(source)).domains.pools.value
    shared = {name for name in own if name.startswith("btrfs:")} & {*found.domains.pools.value}
    assert len(shared) == 1
