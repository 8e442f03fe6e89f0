"""Folders, links, mounts and disks made of files: the copies that are none."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.verifier.zoo.yard import DAY, Yard, aged, changed, flip, place, remove

Tables = dict[str, Any]


def one_folder_named_twice(yard: Yard) -> Tables:
    source = yard.source()
    return yard.setup(source, place("backup", f"{source}/../photos"))


def a_symbolic_link(yard: Yard) -> Tables:
    source = yard.source()
    (yard.base / "first").symlink_to(source)
    (yard.base / "backup").symlink_to("first")
    return yard.setup(source, place("backup", yard.base / "backup"))


def a_bind_mount(yard: Yard) -> Tables:
    source = yard.source()
    at = yard.mounted("mount", "--bind", source, at=yard.base / "backup")
    return yard.setup(source, place("backup", at))


def hard_links(yard: Yard) -> Tables:
    source = yard.source()
    yard.run("cp", "-al", source, yard.base / "backup")
    return yard.setup(source, place("backup", yard.base / "backup"))


def two_folders_of_one_disk(yard: Yard) -> Tables:
    source = yard.source()
    return yard.setup(
        source,
        place("first", yard.copy(source, "disk/first")),
        place("second", yard.copy(source, "disk/second"), site="frankfurt"),
    )


def _ext4(yard: Yard, name: str, *options: str, file: Path | None = None) -> Path:
    file = file or yard.loop_file(f"{name}.img")
    device = yard.loop(file, *options)
    yard.run("mkfs.ext4", "-q", device)
    return yard.mounted("mount", device, at=yard.base / name)


def disks_that_are_files(yard: Yard) -> Tables:
    source = yard.source(_ext4(yard, "a") / "photos")
    backup = yard.copy(source, _ext4(yard, "b") / "photos")
    return yard.setup(source, place("backup", backup))


def two_volumes_of_one_disk(yard: Yard) -> Tables:
    disk = yard.loop_file("disk.img", 100)
    half = str(50 << 20)
    first = _ext4(yard, "first", "--sizelimit", half, file=disk)
    second = _ext4(yard, "second", "--offset", half, file=disk)
    source = yard.source(first / "photos")
    return yard.setup(source, place("backup", yard.copy(source, second / "photos")))


def overlay(yard: Yard) -> Tables:
    source = yard.source()
    for name in ("lower", "upper", "work"):
        (yard.base / name).mkdir()
    layers = ",".join(f"{n}dir={yard.base / n}" for n in ("lower", "upper", "work"))
    at = yard.mounted("mount", "-t", "overlay", "overlay", "-o", layers, at=yard.base / "merged")
    return yard.setup(source, place("backup", yard.copy(source, at / "photos")))


def memory(yard: Yard) -> Tables:
    source = yard.source()
    at = yard.mounted("mount", "-t", "tmpfs", "none", at=yard.base / "ram")
    return yard.setup(source, place("backup", yard.copy(source, at / "photos")))


def offline_on_the_sources_disk(yard: Yard) -> Tables:
    source = yard.source()
    copy = yard.copy(source, "backup")
    return yard.setup(source, place("backup", copy, offline=True, site="garage"))


def empty(yard: Yard) -> Tables:
    source = yard.source()
    (yard.base / "backup").mkdir()
    return yard.setup(source, place("backup", yard.base / "backup"))


def without_one_folder(yard: Yard) -> Tables:
    source = yard.source()
    copy = yard.copy(source, "backup")
    remove(copy / "2025" / "07")
    return yard.setup(source, place("backup", copy))


def names_without_content(yard: Yard) -> Tables:
    source = yard.source()
    copy = yard.copy(source, "backup")
    for file in copy.rglob("*.jpg"):
        file.write_bytes(b"")
    return yard.setup(source, place("backup", copy))


def placeholders(yard: Yard) -> Tables:
    """A cloud drive shows the names, sizes and dates of files whose bytes are not here."""
    source = yard.source()
    copy = yard.copy(source, "OneDrive")
    for file in [f for f in copy.rglob("*") if f.is_file()]:
        facts = file.stat()
        with file.open("wb") as emptied:
            emptied.truncate(facts.st_size)
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    return yard.setup(source, place("backup", copy))


def stale(yard: Yard) -> Tables:
    source = yard.source()
    copy = yard.copy(source, "backup")
    aged(copy, 100)
    changed(source)
    return yard.setup(source, place("backup", copy))


def old_but_the_same(yard: Yard) -> Tables:
    source = yard.source()
    aged(source, 900)
    return yard.setup(source, place("backup", yard.copy(source, "backup")))


def rotten(yard: Yard) -> Tables:
    source = yard.source()
    copy = yard.copy(source, "backup")
    flip(copy / "2025" / "07" / "2.jpg")
    return yard.setup(source, place("backup", copy))


def missing(yard: Yard) -> Tables:
    return yard.setup(yard.source(), place("backup", yard.base / "nothing"))


def two_that_cannot_be_read(yard: Yard) -> Tables:
    for name in ("one", "two"):
        (yard.base / name).symlink_to(yard.base / name)
    return yard.setup(
        yard.source(), place("one", yard.base / "one"), place("two", yard.base / "two")
    )


def source_missing(yard: Yard) -> Tables:
    copy = yard.copy(yard.source(), "backup")
    return yard.setup(yard.base / "nothing", place("backup", copy))


def source_not_mounted(yard: Yard) -> Tables:
    """The folder where the live data is mounted at other times is empty; its copy is there."""
    copy = yard.copy(yard.source(), "backup")
    (yard.base / "mount-point").mkdir()
    return yard.setup(yard.base / "mount-point", place("backup", copy))


def within_the_source(yard: Yard) -> Tables:
    source = yard.source()
    copy = yard.copy(source, "made")
    copy.rename(source / "backup")
    return yard.setup(source, place("backup", source / "backup"))


def around_the_source(yard: Yard) -> Tables:
    """The place that is named as the copy holds the live data itself."""
    source = yard.source(yard.base / "disk" / "ada" / "photos")
    return yard.setup(source, place("backup", yard.base / "disk"))


def touched_and_old(yard: Yard) -> Tables:
    """Somebody put a note on the old disk yesterday; a file has changed since under its size."""
    source = yard.source()
    copy = yard.copy(source, "backup")
    for file in source.rglob("*"):
        then = time.time() - 400 * DAY
        os.utime(file, (then, then))
        os.utime(copy / file.relative_to(source), (then, then))
    changed(source)
    then = time.time() - 30 * DAY
    os.utime(source / "albums.txt", (then, then))
    (copy / "note.txt").write_text("this is the red disk")
    return yard.setup(source, place("backup", copy))


def unplugged_lately(yard: Yard, days: float = 20) -> Tables:
    seen = datetime.now(UTC) - timedelta(days=days)
    disk = place("disk", yard.base / "not-here", offline=True, site="home", last_seen=seen)
    return yard.setup(yard.source(), disk)


def unplugged_for_long(yard: Yard) -> Tables:
    return unplugged_lately(yard, 120)


def two_declared(yard: Yard) -> Tables:
    newest = datetime.now(UTC) - timedelta(days=1)
    declared = {"kind": "declared", "media": "object-storage", "files": 13, "newest": newest}
    return yard.setup(
        yard.source(),
        {"name": "photo-cloud", "provider": "first", "site": "frankfurt", **declared},
        {"name": "other-cloud", "provider": "second", "site": "paris", **declared},
    )


def _mirror(yard: Yard, line: str) -> Tables:
    """A copy that cron makes; /etc/cron.d is another folder for this audit alone."""
    source = yard.source()
    copy = yard.copy(source, "mirror")
    folder = yard.base / "cron.d"
    folder.mkdir()
    (folder / "mirror").write_text(line.format(source=source, copy=copy))
    script = f"mount --bind '{folder}' /etc/cron.d && exec \"$@\""
    yard.prefix = ("unshare", "--mount", "sh", "-c", script, "sh")
    return yard.setup(source, place("mirror", copy))


def mirror_that_repeats_deletions(yard: Yard) -> Tables:
    return _mirror(yard, "0 3 * * * root rsync -a --delete {source}/ {copy}/\n")


def mirror_that_is_switched_off(yard: Yard) -> Tables:
    return _mirror(yard, "# 0 3 * * * root rsync -a --delete {source}/ {copy}/\n")


def copy_job_that_keeps_deleted_files(yard: Yard) -> Tables:
    return _mirror(yard, "0 3 * * * root rsync -a {source}/ {copy}/\n")
