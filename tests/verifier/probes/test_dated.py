"""Rows of dated copies, made by rsync and rsnapshot themselves where they are installed."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from tests.verifier.probes.repositories import look
from verifier import walking
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import collect_source
from verifier.probes.dated import read_name

rsync_needed = pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync not installed")
rsnapshot_needed = pytest.mark.skipif(
    shutil.which("rsnapshot") is None, reason="rsnapshot not installed"
)


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "home" / "ada" / "photos"
    (root / "2025").mkdir(parents=True)
    for number in range(8):
        (root / "2025" / f"{number}.jpg").write_bytes(os.urandom(1000 + number))
    (root / "index.txt").write_text("all of them\n")
    return root


@pytest.fixture
def manifest(source):
    return collect_source(Host(), str(source))[1]


def copies(source, row, *names, below=""):
    for name in names:
        shutil.copytree(source, row / name / below)
    return row


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("2026-05-01", at(2026, 5, 1)),
        ("20260501", at(2026, 5, 1)),
        ("2026_05_01", at(2026, 5, 1)),
        ("2026.05.01", at(2026, 5, 1)),
        ("2026-05-01-031500", at(2026, 5, 1, 3, 15)),
        ("2026-05-01_03-15", at(2026, 5, 1, 3, 15)),
        ("2026-05-01T03:15:00", at(2026, 5, 1, 3, 15)),
        ("2026-05-01T03:15:00Z", at(2026, 5, 1, 3, 15)),
        ("20260501-0315", at(2026, 5, 1, 3, 15)),
        ("backup-2026-05-01", at(2026, 5, 1)),
        ("@GMT-2026.05.01-03.15.00", at(2026, 5, 1, 3, 15)),
        ("autosnap_2026-05-01_03:15:00_daily", at(2026, 5, 1, 3, 15)),
        ("zfs-auto-snap_daily-2026-05-01-0315", at(2026, 5, 1, 3, 15)),
        ("2026-05-01-031500.backup", at(2026, 5, 1, 3, 15)),
    ],
)
def test_spellings_of_dates(name, time):
    tree = read_name(name)
    assert (tree.time, tree.finished) == (time, True)
    unfinished = read_name(f"{name}.inProgress")
    assert (unfinished.time, unfinished.finished) == (time, False)


@pytest.mark.parametrize("name", ["2026-05-01 holidays", "2026", "2026-13-41", "photos", "a.b.1"])
def test_other_names(name):
    assert read_name(name) is None


def test_a_row_of_copies(source, manifest, tmp_path):
    row = copies(source, tmp_path / "row", "2026-05-01", "2026-05-08", "2026-05-15")
    (row / "latest").symlink_to("2026-05-15")
    found = look(row, manifest, Depth.BYTES)
    assert (found.kind, found.files, found.coverage.value) == ("dated", 9, 1.0)
    assert found.points.times == (at(2026, 5, 1), at(2026, 5, 8), at(2026, 5, 15))
    assert (found.depth, found.errors, found.points.breaks) == (Depth.SOURCE, (), ())
    assert found.retention.value == "3 points"


@rsync_needed
@pytest.mark.integration
def test_hard_links_are_one_physical_copy(source, manifest, tmp_path):
    row = tmp_path / "row"
    row.mkdir()
    command = ["rsync", "-a", f"{source}/"]
    subprocess.run([*command, f"{row}/2026-05-01_0300"], check=True)
    linked = [f"--link-dest={row}/2026-05-01_0300", f"{row}/2026-05-02_0300"]
    subprocess.run([*command[:2], *linked[:1], *command[2:], linked[1]], check=True)
    found = look(row, manifest, Depth.BYTES)
    assert found.points.newest == at(2026, 5, 2, 3)
    assert "1 of which share unchanged files" in found.retention.value
    assert (found.coverage.value, found.shared_inodes) == (1.0, 0)


def test_unfinished_and_empty_ones_are_breaks(source, manifest, tmp_path):
    row = copies(source, tmp_path / "row", "2026-05-01", "2026-05-08", "2026-05-20.partial")
    (row / "2026-05-10").mkdir()
    found = look(row, manifest)
    assert found.points.times == (at(2026, 5, 1), at(2026, 5, 8))
    assert found.points.breaks == ("2026-05-10 is empty.", "2026-05-20.partial was not finished.")
    assert found.points.latest == at(2026, 5, 20)
    assert found.coverage.value == 1.0


def test_a_run_cut_off_without_a_mark_is_a_break(source, manifest, tmp_path):
    row = copies(source, tmp_path / "row", "2026-05-01", "2026-05-08", "2026-05-15")
    for name in "0123":
        (row / "2026-05-15" / "2025" / f"{name}.jpg").unlink()
    found = look(row, manifest)
    assert found.points.newest == at(2026, 5, 8)
    assert found.points.latest == at(2026, 5, 15)
    assert found.points.breaks == ("2026-05-15 lacks files that the source and 2026-05-08 hold.",)
    assert found.coverage.value == 1.0


@rsync_needed
@pytest.mark.integration
class TestMirrorBeside:
    """What ``rsync --backup-dir`` leaves: a mirror, and dated folders of what was replaced."""

    @pytest.fixture(params=["current", "mirror"])
    def place(self, request, source, tmp_path):
        place = tmp_path / "place"
        for day in (1, 2, 3):
            (source / "index.txt").write_text("all of them\n" * day)
            aside = place / f"2026-05-0{day}"
            command = ["rsync", "-a", "--mkpath", "--backup", f"--backup-dir={aside}"]
            subprocess.run([*command, f"{source}/", f"{place / request.param}/"], check=True)
        return place

    @pytest.mark.parametrize("depth", [Depth.LISTED, Depth.BYTES])
    def test_the_mirror_is_the_copy(self, source, place, depth):
        _, manifest = collect_source(Host(), str(source))
        found = look(place, manifest, depth)
        assert (found.kind, found.coverage.value, found.errors) == ("directory", 1.0, ())

    def test_its_damage_is_found(self, source, place):
        photo = next(place.rglob("7.jpg"))
        found = photo.stat()
        photo.write_bytes(os.urandom(1007))
        os.utime(photo, ns=(found.st_atime_ns, found.st_mtime_ns))
        _, manifest = collect_source(Host(), str(source))
        assert "differs from the source" in look(place, manifest, Depth.BYTES).errors[0]

    def test_beside_whole_trees_it_is_one_more(self, source, manifest, tmp_path):
        row = copies(source, tmp_path / "row", "2026-05-01", "2026-05-08", "current")
        assert look(row, manifest).kind == "dated"
        for name in "0123":
            (row / "2026-05-08" / "2025" / f"{name}.jpg").unlink()
        assert look(row, manifest).kind == "dated"


def test_files_that_no_point_holds_are_missing_not_a_break(source, manifest, tmp_path):
    row = copies(source, tmp_path / "row", "2026-05-01", "2026-05-08")
    for path in row.glob("*/2025/[0-3].jpg"):
        path.unlink()
    found = look(row, manifest)  # they are of today, and the points of long ago
    assert (found.points.count, found.points.breaks, found.missing) == (2, (), ())
    assert found.newer.added == 4
    for path in source.rglob("*.jpg"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    found = look(row, collect_source(Host(), str(source))[1])
    assert (found.points.count, found.points.breaks, found.missing) == (2, (), ("2025",))


def test_rot_in_the_newest_is_found(source, manifest, tmp_path):
    row = copies(source, tmp_path / "row", "2026-05-01", "2026-05-08")
    path = row / "2026-05-08" / "2025" / "3.jpg"
    times = path.stat()
    path.write_bytes(b"x" * 1003)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    (error,) = look(row, manifest, Depth.BYTES).errors
    assert error.startswith("2025/3.jpg differs")


def test_links_to_the_source_itself_are_no_copy(source, manifest, tmp_path):
    (tmp_path / "row").mkdir()
    for name in ("2026-05-01", "2026-05-02"):
        subprocess.run(["cp", "-al", str(source), str(tmp_path / "row" / name)], check=True)
    assert look(tmp_path / "row", manifest).shared_inodes == 9


def test_a_future_date_is_kept_as_it_is(source, manifest, tmp_path):
    row = copies(source, tmp_path / "row", "2026-05-01", "2199-01-01")
    found = look(row, manifest)
    assert found.points.newest == at(2199, 1, 1)
    assert found.identical is None  # or the source's age would hide the date


class TestPhotosByDay:
    """Folders that are named by their day are no row of copies."""

    @pytest.fixture
    def days(self, tmp_path):
        root = tmp_path / "days"
        for number in range(1, 5):
            (root / f"2026-05-{number:02}").mkdir(parents=True)
            for shot in range(3):
                path = root / f"2026-05-{number:02}" / f"IMG_{number}{shot}.jpg"
                path.write_bytes(os.urandom(900 + 10 * number + shot))
        return root

    def test_a_copy_of_them_is_a_directory(self, days, tmp_path):
        shutil.copytree(days, tmp_path / "copy")
        _, manifest = collect_source(Host(), str(days))
        found = look(tmp_path / "copy", manifest)
        assert (found.kind, found.coverage.value) == ("directory", 1.0)

    def test_also_with_a_folder_that_the_source_lost(self, days, tmp_path):
        shutil.copytree(days, tmp_path / "copy")
        shutil.rmtree(days / "2026-05-02")
        _, manifest = collect_source(Host(), str(days))
        assert look(tmp_path / "copy", manifest).kind == "directory"

    def test_and_without_a_source(self, days):
        assert look(days, None).kind == "directory"

    def test_also_if_the_camera_counts_from_one_each_day(self, days):
        for path in list(days.rglob("*.jpg")):
            path.rename(path.with_name(f"IMG_{path.stem[-1]}.jpg"))
        (days / "2026-05-04" / "IMG_7.jpg").write_bytes(b"one more")
        assert look(days, None).kind == "directory"

    def test_copies_of_such_a_tree_are_a_row(self, days, tmp_path):
        _, manifest = collect_source(Host(), str(days))
        row = copies(days, tmp_path / "row", "2026-06-01", "2026-06-02")
        found = look(row, manifest)
        assert (found.kind, found.points.count, found.coverage.value) == ("dated", 2, 1.0)

    def test_also_if_they_were_made_on_the_days_of_the_photos(self, days, tmp_path):
        _, manifest = collect_source(Host(), str(days))
        row = copies(days, tmp_path / "row", "2026-05-02", "2026-05-03")
        assert look(row, manifest).kind == "dated"


class TestTimeMachine:
    @pytest.mark.parametrize("start", ["", "Backups.backupdb", "Backups.backupdb/mac"])
    def test_from_every_level(self, source, manifest, tmp_path, start):
        disk = tmp_path / "disk"
        row = disk / "Backups.backupdb" / "mac"
        # it mirrors the volume from its root, under the volume's name
        inside = f"Macintosh HD/{str(source).lstrip('/')}"
        copies(source, row, "2026-05-01-030000", "2026-05-02-030000", below=inside)
        (row / "2026-05-03-030000.inProgress").mkdir()
        (row / "Latest").symlink_to("2026-05-02-030000")
        for place in row.glob("2026-05-0?-030000"):
            (place / "Macintosh HD" / "etc").mkdir()
            (place / "Macintosh HD" / "etc" / "hosts").write_text("localhost\n")
        found = look(disk / start, manifest, Depth.BYTES)
        assert (found.kind, found.tool, found.coverage.value) == ("dated", "Time Machine", 1.0)
        assert found.points.newest == at(2026, 5, 2, 3)
        assert found.points.breaks == ("2026-05-03-030000.inProgress was not finished.",)
        assert found.depth is Depth.SOURCE


@rsnapshot_needed
@rsync_needed
@pytest.mark.integration
class TestRsnapshot:
    @pytest.fixture
    def row(self, source, tmp_path):
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc" / "hosts").write_text("localhost\n")
        config = tmp_path / "rsnapshot.conf"
        lines = [
            ("config_version", "1.2"), ("snapshot_root", f"{tmp_path}/snaps/"),
            ("cmd_rsync", shutil.which("rsync")), ("retain", "daily", "7"),
            ("retain", "weekly", "4"), ("backup", f"{source}/", "localhost/"),
            ("backup", f"{tmp_path}/etc/", "localhost/"),
        ]  # fmt: skip
        config.write_text("".join("\t".join(line) + "\n" for line in lines))
        for _ in range(3):
            subprocess.run(["rsnapshot", "-c", str(config), "daily"], check=True)
        return tmp_path / "snaps"

    def test_all(self, row, manifest):
        found = look(row, manifest, Depth.BYTES)
        assert (found.kind, found.tool, found.points.count) == ("dated", "rsnapshot", 3)
        assert (found.coverage.value, found.depth, found.errors) == (1.0, Depth.SOURCE, ())
        assert "2 of which share" in found.retention.value

    def test_a_staging_area_that_was_never_rotated(self, row, manifest):
        shutil.copytree(row / "daily.0", row / ".sync")
        os.utime(row / ".sync", (2e9, 2e9))
        found = look(row, manifest)
        assert found.points.count == 3
        assert found.points.breaks[0].startswith(".sync")


def test_a_snapshot_folder_of_zfs(source, manifest, tmp_path):
    row = copies(source, tmp_path / ".zfs" / "snapshot", "before-upgrade", "autosnap_2026-05-01")
    found = look(row, manifest)
    assert (found.kind, found.points.count, found.coverage.value) == ("dated", 2, 1.0)


def test_a_row_that_cannot_be_read_is_unknown(source, manifest, tmp_path, monkeypatch):
    row = copies(source, tmp_path / "row", "2026-05-01", "2026-05-08")
    opened = walking.open_quietly

    def refuse(path, flags=0):
        if path.endswith("2026-05-08/2025"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags)

    monkeypatch.setattr(walking, "open_quietly", refuse)
    found = look(row, manifest, Depth.BYTES)
    assert (found.depth, found.coverage.value, found.errors) == (None, None, ())
    assert "could not be read" in found.reason
