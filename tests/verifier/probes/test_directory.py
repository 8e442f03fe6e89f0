"""Plain trees that look like copies and are none, and large ones."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace

import pytest

from benchmarks.inventory import look as look_at_many
from benchmarks.inventory import make
from verifier.domains import place_of
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes import collect_source, probe
from verifier.probes.directory import read_manifest
from verifier.target import Target

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{:064}\nsize 123456\n"


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "photos"
    (root / "sub").mkdir(parents=True)
    for number in range(10):
        (root / "sub" / f"{number}.jpg").write_bytes(os.urandom(20_000 + number))
    return root


def look(path, source, depth=Depth.LISTED):
    _, manifest = collect_source(Host(), str(source))
    return probe(Host(), Target("copy", str(path)), manifest, depth)


def without_content(source, copy, names):
    """Make a copy whose files have the right names, sizes and times; these hold nothing."""
    shutil.copytree(source, copy)
    for name in names:
        path = copy / "sub" / f"{name}.jpg"
        found = path.stat()
        path.write_bytes(b"")
        os.truncate(path, found.st_size)
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    return copy


def test_files_of_the_right_size_without_content_are_not_covered(source, tmp_path):
    found = look(without_content(source, tmp_path / "copy", range(3)), source)
    assert found.coverage.value == pytest.approx(0.7)
    assert found.missing == ("sub",)
    assert found.disqualified == ""
    assert found.identical is True


def test_a_tree_of_placeholders_is_no_copy(source, tmp_path):
    copy = without_content(source, tmp_path / "copy", range(9))
    found = look(copy, source, Depth.SOURCE)
    assert "no content here" in found.disqualified
    assert (found.depth, found.errors) == (Depth.STRUCTURE, ())
    located, _ = collect_source(Host(), str(copy))
    assert located.state is State.UNREADABLE
    assert "no content here" in located.reason


def test_a_hole_where_the_source_has_zeros_is_the_same_content(source, tmp_path):
    (source / "sub" / "0.jpg").write_bytes(bytes(50_000))
    found = look(without_content(source, tmp_path / "copy", [0]), source, Depth.SOURCE)
    assert found.coverage.value == 1.0
    assert (found.errors, found.depth) == ((), Depth.SOURCE)


def test_the_same_hole_on_both_sides_is_held(source, tmp_path):
    os.truncate(source / "sub" / "0.jpg", 0)
    os.truncate(source / "sub" / "0.jpg", 50_000)
    assert look(without_content(source, tmp_path / "copy", [0]), source).coverage.value == 1.0


@pytest.mark.parametrize("ending", [".icloud", ".cloudf", ".nextcloud"])
def test_placeholders_by_name(source, tmp_path, ending):
    (tmp_path / "copy" / "sub").mkdir(parents=True)
    for number in range(10):
        (tmp_path / "copy" / "sub" / f".{number}.jpg{ending}").write_bytes(b"x" * 160)
    found = look(tmp_path / "copy", source)
    assert "10 of 10 files are placeholders" in found.disqualified
    assert found.coverage.value == 0.0


def test_pointers_of_git_lfs_are_no_content(tmp_path):
    for root in ("source", "copy"):
        (tmp_path / root).mkdir()
        for number in range(10):
            (tmp_path / root / f"{number}.jpg").write_text(POINTER.format(number))
        (tmp_path / root / "README").write_text("x" * 5000)
    assert "Git LFS pointers" in look(tmp_path / "copy", tmp_path / "source").disqualified
    located, _ = collect_source(Host(), str(tmp_path / "source"))
    assert located.state is State.UNREADABLE


def test_many_small_files_are_no_placeholders(tmp_path):
    for root in ("source", "copy"):
        (tmp_path / root).mkdir()
        for number in range(50):
            (tmp_path / root / f"{number}.cloud").write_bytes(b"point cloud " * 500)
            (tmp_path / root / f"{number}.txt").write_text(str(number))
            (tmp_path / root / f"{number}.empty").touch()
    found = look(tmp_path / "copy", tmp_path / "source")
    assert (found.disqualified, found.coverage.value) == ("", 1.0)


def test_right_names_and_no_bytes(source, tmp_path):
    (tmp_path / "copy" / "sub").mkdir(parents=True)
    for number in range(10):
        (tmp_path / "copy" / "sub" / f"{number}.jpg").touch()
    found = look(tmp_path / "copy", source, Depth.SOURCE)
    assert found.coverage.value == 0.0
    assert found.size_bytes == 0


def test_only_headers_are_not_the_files(source, tmp_path):
    shutil.copytree(source, tmp_path / "copy")
    for path in (tmp_path / "copy" / "sub").iterdir():
        times = path.stat()
        os.truncate(path, 512)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    found = look(tmp_path / "copy", source, Depth.SOURCE)
    assert found.coverage.value == 0.0
    assert len(found.errors) == 10


def test_other_content_under_the_same_size_and_time(source, tmp_path):
    shutil.copytree(source, tmp_path / "copy")
    path = tmp_path / "copy" / "sub" / "4.jpg"
    times = path.stat()
    path.write_bytes(os.urandom(times.st_size))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert look(tmp_path / "copy", source).identical is True
    found = look(tmp_path / "copy", source, Depth.SOURCE)
    assert found.errors == ("sub/4.jpg differs from the source under the same size.",)


def test_what_is_no_file_is_counted_and_not_touched(source):
    os.mkfifo(source / "fifo")
    (source / "link").symlink_to(source)
    (source / "loop").symlink_to("loop")
    manifest = read_manifest(Host(timeout=1), str(source))
    assert (len(manifest.files), manifest.links, manifest.specials) == (10, 2, 1)
    assert manifest.complete


def test_links_to_the_source_are_no_copy(source, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "sub").symlink_to(source / "sub")
    found = look(tmp_path / "copy", source)
    assert (found.files, found.coverage.value) == (0, 0.0)


def test_names_that_are_no_text_can_be_printed(source, tmp_path):
    folder = source / os.fsdecode(b"bad\xff\nname")
    folder.mkdir()
    (folder / "file").write_bytes(bytes(100_000) + b"x")
    (tmp_path / "copy").mkdir()
    found = look(tmp_path / "copy", source)
    assert found.missing == (".",)
    shutil.copytree(source, tmp_path / "whole")
    (tmp_path / "whole" / folder.name / "file").write_bytes(b"y" * 100_001)
    (error,) = look(tmp_path / "whole", source, Depth.SOURCE).errors
    error.encode("utf-8")
    assert "\n" not in error


def test_progress_is_told_when_it_takes_long(source, monkeypatch):
    for number in range(600):
        (source / f"{number}").touch()
    clock = SimpleNamespace(monotonic=count().__next__)  # a second passes at each look
    monkeypatch.setattr("verifier.progress.time", clock)
    said = []
    host = Host()
    host.talk = said.append
    read_manifest(host, str(source))
    assert said
    assert "files listed" in said[0]


@contextmanager
def loop_device(tmp_path, make_file_system):
    if os.geteuid() != 0 or shutil.which(make_file_system[0]) is None:
        pytest.skip(f"needs root and {make_file_system[0]}")
    image, at = tmp_path / "image", tmp_path / "mounted"
    at.mkdir()
    with image.open("wb") as file:
        file.truncate(400 << 20)
    subprocess.run([*make_file_system, str(image)], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(image), str(at)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.decode()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)


@pytest.mark.integration
@pytest.mark.parametrize("make_file_system", [["mkfs.btrfs", "-q"], ["mkfs.xfs", "-q"]], ids=str)
def test_reflinks_to_the_source_are_counted(source, tmp_path, make_file_system):
    with loop_device(tmp_path, make_file_system) as at:
        shutil.copytree(source, at / "photos")
        for how, name in (("always", "reflinked"), ("never", "copied")):
            subprocess.run(
                ["cp", "-a", f"--reflink={how}", str(at / "photos"), str(at / name)], check=True
            )
        subprocess.run(["sync", "-f", str(at)], check=True)
        assert look(at / "reflinked", at / "photos").shared_extents == 10
        assert look(at / "copied", at / "photos").shared_extents == 0


@pytest.mark.integration
@pytest.mark.parametrize(
    "make_file_system",
    [["mkfs.btrfs", "-q"], ["mkfs.ext4", "-q", "-O", "inline_data", "-I", "1024"]],
    ids=str,
)
def test_files_kept_within_their_inode_have_content(tmp_path, make_file_system):
    (tmp_path / "source").mkdir()
    for number in range(20):
        (tmp_path / "source" / str(number)).write_bytes(b"short text %d" % number)
    with loop_device(tmp_path, make_file_system) as at:
        shutil.copytree(tmp_path / "source", at / "copy")
        subprocess.run(["sync", "-f", str(at)], check=True)
        found = look(at / "copy", tmp_path / "source")
        assert (found.coverage.value, found.disqualified) == (1.0, "")
        located, _ = collect_source(Host(), str(at / "copy"))
        assert located.state is State.READ


@pytest.mark.slow
def test_many_files_take_little_memory_and_time(tmp_path):
    files = 60_000
    for root in ("source", "copy"):
        make(tmp_path / root, files)
    look_at_many(tmp_path / "source", tmp_path / "copy")
    before, live, held = look_at_many(tmp_path / "source", tmp_path / "copy")
    assert (live[0], held[0]) == (files, files)
    per_file = (held[3] - before[3]) * 1024 / (2 * files)  # both manifests are held
    assert per_file < 110  # 300 MB less 75 for the program, over two million files
    assert live[2] / files < 30e-6  # of a processor; a quiet machine takes 10


@pytest.mark.slow
def test_contents_are_compared_about_as_fast_as_they_are_read(tmp_path):
    for root in ("source", "copy"):
        (tmp_path / root).mkdir()
        for number in range(5000):
            (tmp_path / root / f"{number}").write_bytes(b"%d" % number * 2000)
    _, manifest = collect_source(Host(), str(tmp_path / "source"))

    def plainly():
        for number in range(5000):
            for root in ("source", "copy"):
                (tmp_path / root / f"{number}").read_bytes()

    def compared():
        found = probe(Host(), Target("copy", str(tmp_path / "copy")), manifest, Depth.SOURCE)
        assert (found.errors, found.depth) == ((), Depth.SOURCE)

    def spent(work):
        before = time.process_time()
        work()
        return time.process_time() - before

    assert min(spent(compared) for _ in range(3)) < 3 * min(spent(plainly) for _ in range(3))


@pytest.mark.parametrize("top", ["usb/photos", "usb/backups/laptop/photos", "usb/of another name"])
def test_the_top_of_a_disk_holds_the_copy_in_one_of_its_folders(source, tmp_path, top):
    shutil.copytree(source, tmp_path / top)
    (tmp_path / "usb" / "letters").mkdir()
    (tmp_path / "usb" / "letters" / "1.txt").write_text("no part of the source")
    found = look(tmp_path / "usb", source, Depth.SOURCE)
    assert found.coverage.value == 1.0
    assert found.depth is Depth.SOURCE
    assert found.files == 10
    (tmp_path / top / "sub" / "3.jpg").unlink()
    assert look(tmp_path / "usb", source).coverage.value == pytest.approx(0.9)


def test_files_without_a_folder_are_found_in_one_of_a_disk_too(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "diary.txt").write_text("dear diary")
    shutil.copytree(tmp_path / "source", tmp_path / "usb" / "a" / "b")
    (tmp_path / "usb" / "c.txt").write_text("else")
    assert look(tmp_path / "usb", tmp_path / "source").coverage.value == 1.0
    assert look(tmp_path / "usb" / "c.txt", tmp_path / "source").coverage.value == 0.0


@pytest.mark.integration
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_what_is_mounted_below_a_location_is_on_drives_of_its_own(source, tmp_path):
    below = tmp_path / "usb" / "sub"
    below.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", below], check=True)
    try:
        shutil.copytree(source / "sub", below, dirs_exist_ok=True)
        found = look(tmp_path / "usb", source)
        assert "memory" in found.disqualified
        assert found.media_type.value == "memory"
        mine, _ = collect_source(Host(), str(tmp_path / "usb"))
        assert mine.domains.file_system.value == "tmpfs"
        (tmp_path / "usb" / "on a drive.txt").write_text("safe")
        apart = look(tmp_path / "usb", source)
        assert (apart.in_memory, apart.disqualified) == (("sub",), "a part of it is in memory: sub")
        top = place_of(Host(), str(tmp_path / "usb"))
        assert (apart.domains.pools, apart.domains.drives) == (
            top.domains.pools,
            top.domains.drives,
        )
        assert apart.media_type == top.media_type
        mine, _ = collect_source(Host(), str(tmp_path / "usb"))
        assert (mine.in_memory, mine.disqualified) == (("sub",), "")
        left_out, _ = collect_source(Host(), str(tmp_path / "usb"), exclude=("sub/",))
        assert left_out.in_memory == ()
    finally:
        subprocess.run(["umount", "-l", below], check=True)


@pytest.mark.parametrize("together", [False, True])
def test_links_that_lead_out_of_the_source_are_named(source, tmp_path, together, monkeypatch):
    if together:
        monkeypatch.setattr("verifier.host._ALONE_STEPS", 0)
    (tmp_path / "elsewhere" / "photos").mkdir(parents=True)
    (tmp_path / "by another name").symlink_to(source)
    for name, target in (
        ("photos", tmp_path / "elsewhere" / "photos"),
        ("sub/up", "../../elsewhere"),
        ("sub/dangling", "../../nowhere"),
        ("sub/inside", "../sub/3.jpg"),
        ("absolute", source / "sub"),
        ("alias", tmp_path / "by another name" / "sub"),
        ("loop", "loop"),
        ("python", "/usr/bin/env"),
        ("tmp/left out", tmp_path / "elsewhere"),
    ):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).symlink_to(target)
    found, _ = collect_source(Host(), str(source), exclude=("tmp/",))
    assert (found.links_out, found.leading_out) == (2, ("photos", "sub/up"))
    found, _ = collect_source(Host(), str(source), exclude=("left*", "photos"))
    assert (found.links_out, found.leading_out) == (1, ("sub/up",))
    assert look(source, source).links_out == 0  # of a copy nobody asks


def test_one_file_as_large_as_the_source_may_hold_it(source, tmp_path):
    image = tmp_path / "disk.img"
    image.write_bytes(b"nobody knows" * 100_000)
    found = look(image, source)
    assert found.coverage.value is None
    assert "disk.img" in found.coverage.source
    image.write_bytes(b"")
    assert look(image, source).coverage.value == 0.0


def test_a_photo_of_a_camera_that_lives_in_2099_dates_nothing(source, tmp_path):
    late = 4_100_000_000
    copy = shutil.copytree(source, tmp_path / "copy")
    newest = look(copy, source).points.newest
    for root in (source, copy):
        os.utime(next(file for file in sorted(root.rglob("*")) if file.is_file()), (late, late))
    assert look(copy, source).points.newest <= newest
    for file in copy.rglob("*"):
        os.utime(file, (late, late))
    assert look(copy, source).points.newest.year == 2099  # all are: nothing is known better


class TestUnopened:
    """What may hold the source where nothing here can look is unknown, and all else holds none."""

    def wrapped(self, source, folder, ending, pack):
        for path in sorted(source.rglob("*.jpg")):
            to = folder / f"{path.relative_to(source)}{ending}"
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(pack(path.read_bytes()))
        return folder

    @pytest.mark.parametrize("below", ["", "photos"])
    def test_each_file_packed(self, source, tmp_path, below):
        copy = self.wrapped(source, tmp_path / "copy" / below, ".gz", gzip.compress)
        for depth in (Depth.LISTED, Depth.SOURCE):
            found = look(tmp_path / "copy", source, depth)
            assert (found.coverage.value, found.depth) == (None, Depth.LISTED)
            assert found.reason == "the names of 10 of 10 files are there, packed or encrypted"
        for number in (3, 4):
            (copy / "sub" / f"{number}.jpg.gz").unlink()
        assert look(tmp_path / "copy", source).coverage.value == 0.0

    def test_empty_ones_hold_nothing(self, source, tmp_path):
        self.wrapped(source, tmp_path / "copy", ".gz", lambda content: b"")
        assert look(tmp_path / "copy", source).coverage.value == 0.0

    def test_a_few_of_them_beside_other_things(self, source, tmp_path):
        (copy := tmp_path / "copy").mkdir()
        (copy / "0.jpg.gz").write_bytes(gzip.compress(os.urandom(20_000)))
        (copy / "letter.txt").write_text("x" * 200_000)
        assert look(copy, source).coverage.value == 0.0

    @pytest.mark.parametrize(
        ("mark", "tool"),
        [
            ("gocryptfs.conf", "gocryptfs"), ("masterkey.cryptomator", "Cryptomator"),
            (".encfs6.xml", "EncFS"), ("cryfs.config", "CryFS"),
        ],
    )  # fmt: skip
    def test_encrypted_trees(self, source, tmp_path, mark, tool):
        (copy := tmp_path / "copy").mkdir()
        (copy / mark).write_text("{}")
        assert look(copy, source).coverage.value == 0.0
        for number in range(10):
            (copy / f"8dx{number}").write_bytes(os.urandom(20_100))
        found = look(copy, source, Depth.BYTES)
        assert (found.coverage.value, found.encrypted.value) == (None, True)
        assert found.reason == f"it is encrypted with {tool}, and nothing here opens it"
        assert (found.points.newest, found.depth) == (None, Depth.LISTED)
        for number in range(5):
            (copy / f"8dx{number}").unlink()
        assert look(copy, source).coverage.value == 0.0

    @pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone not installed")
    @pytest.mark.parametrize("names", ["standard", "off"])
    def test_what_rclone_encrypts(self, source, tmp_path, names):
        (tmp_path / "rc").write_text(
            f"[k]\ntype = crypt\nremote = {tmp_path}/copy\nfilename_encryption = {names}\n"
            "password = w8WCvBq9PLuZ0fCtyGNfLxKbPRTZHGA\n"
        )
        command = ["rclone", "--config", str(tmp_path / "rc"), "copy", str(source), "k:"]
        subprocess.run(command, check=True)
        found = look(tmp_path / "copy", source)
        assert found.reason == "it is encrypted with rclone, and nothing here opens it"

    @pytest.mark.parametrize(
        ("name", "start", "size"),
        [
            ("home.squashfs", b"", 30_000), ("home", b"hsqs", 30_000), ("a.cpio.gz", b"", 30_000),
            ("disk.img", b"", 210_000), ("disk", bytes(1080) + b"\x53\xef", 210_000),
            ("vault.hc", b"", 210_000), ("a.qcow2", b"QFI\xfb", 30_000),
            ("a", b"LUKS\xba\xbe", 210_000),
        ],
    )  # fmt: skip
    def test_images(self, source, tmp_path, name, start, size):
        (copy := tmp_path / "copy").mkdir()
        (copy / name).write_bytes(start + os.urandom(size))
        found = look(copy, source, Depth.BYTES)
        assert (found.coverage.value, found.errors) == (None, ())
        assert f"{name} is an image or archive" in found.reason
        (copy / "film.mov").write_bytes(os.urandom(size))  # an ordinary folder that has one too
        assert look(copy, source).coverage.value == 0.0
        (copy / "film.mov").unlink()
        (copy / name).write_bytes(start + os.urandom(500))  # too small to hold it
        assert look(copy, source).coverage.value == 0.0

    def test_what_is_no_image(self, source, tmp_path):
        (copy := tmp_path / "copy").mkdir()
        (copy / "film").write_bytes(b"\0\0\0\x18ftyp" + os.urandom(500_000))
        assert look(copy, source).coverage.value == 0.0
