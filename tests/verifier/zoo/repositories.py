"""Repositories and archives of backup tools, whole and broken, on the source's own disk."""

from __future__ import annotations

import os
import shutil
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.verifier.zoo.yard import DAY, Yard, aged, changed, flip, largest, place, remove

Tables = dict[str, Any]
SECRET = "correct horse battery"  # what no output may show


def password(yard: Yard, word: str = SECRET) -> Path:
    """Write a password file."""
    file = yard.home / "password"
    file.write_text(word + "\n")
    file.chmod(0o600)
    return file


def restic(yard: Yard, *options: object) -> tuple[Path, Path]:
    """Make a repository with one snapshot; return the source and the repository."""
    source, repository = yard.source(), yard.base / "restic"
    command = ("restic", "--no-cache", "-q", "-r", repository, "--password-file", password(yard))
    yard.run(*command, "init")
    yard.run(*command, "backup", *options, source)
    return source, repository


def restic_open(yard: Yard) -> Tables:
    source, repository = restic(yard)
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def restic_closed(yard: Yard) -> Tables:
    source, repository = restic(yard)
    return yard.setup(source, place("backup", repository))


def restic_and_its_copy(yard: Yard) -> Tables:
    """The same repository twice, as `rclone sync` leaves it, and the password file beside."""
    source, repository = restic(yard)
    yard.run("rclone", "sync", repository, yard.base / "copied")
    secret = {"password_file": "home/password"}
    return yard.setup(
        source,
        place("backup", repository, **secret),
        place("copied", yard.base / "copied", **secret),
    )


def restic_wrong_password(yard: Yard) -> Tables:
    source, repository = restic(yard)
    password(yard, "wrong")
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def restic_of_two_hosts(yard: Yard) -> Tables:
    """Another machine has a folder of the same name, with other files, and ran later."""
    source, repository = restic(yard, "--host", "mine")
    source.rename(yard.base / "aside")
    source.mkdir()
    (source / "theirs.txt").write_text("another family")
    secret = ("--password-file", password(yard), "--host", "theirs")
    yard.run("restic", "--no-cache", "-q", "-r", repository, *secret, "backup", source)
    remove(source)
    (yard.base / "aside").rename(source)
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def restic_flipped(yard: Yard) -> Tables:
    source, repository = restic(yard)
    flip(largest(repository / "data"))
    return yard.setup(source, place("backup", repository))


def restic_from_the_future(yard: Yard) -> Tables:
    source, repository = restic(yard, "--time", "2031-01-01 00:00:00")
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def restic_one_folder_only(yard: Yard) -> Tables:
    source, repository = yard.source(), yard.base / "restic"
    command = ("restic", "--no-cache", "-q", "-r", repository, "--password-file", password(yard))
    yard.run(*command, "init")
    yard.run(*command, "backup", source / "2025" / "03")
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def restic_empty(yard: Yard) -> Tables:
    source, repository = yard.source(), yard.base / "restic"
    command = ("restic", "--no-cache", "-q", "-r", repository, "--password-file", password(yard))
    yard.run(*command, "init")
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def borg(yard: Yard, encryption: str) -> tuple[Path, Path]:
    """Make a repository with one archive."""
    source, repository = yard.source(), yard.base / "borg"
    env = {"BORG_BASE_DIR": str(yard.base / "borg-base"), "BORG_PASSPHRASE": SECRET}
    yard.run("borg", "init", "-e", encryption, repository, **env)
    yard.run("borg", "create", f"{repository}::first", source, **env)
    return source, repository


def borg_plain(yard: Yard) -> Tables:
    source, repository = borg(yard, "none")
    return yard.setup(source, place("backup", repository))


def borg_open(yard: Yard) -> Tables:
    source, repository = borg(yard, "repokey")
    password(yard)
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def borg_append_only(yard: Yard) -> Tables:
    """Append-only is a word in a file that root of this machine can write."""
    source, repository = borg(yard, "repokey")
    base = {"BORG_BASE_DIR": str(yard.base / "borg-base")}
    yard.run("borg", "config", repository, "append_only", "1", **base)
    password(yard)
    return yard.setup(source, place("backup", repository, password_file="home/password"))


def borg_closed(yard: Yard) -> Tables:
    source, repository = borg(yard, "repokey")
    return yard.setup(source, place("backup", repository))


def borg_flipped(yard: Yard) -> Tables:
    source, repository = borg(yard, "repokey")
    flip(largest(repository / "data"))
    return yard.setup(source, place("backup", repository))


def duplicity(yard: Yard, *options: str) -> tuple[Path, Path]:
    """Make a chain of one full and one incremental backup; the full one has several volumes."""
    source, target = yard.source(), yard.base / "duplicity"
    command = ("duplicity", "--archive-dir", yard.base / "cache", *options)
    yard.run(*command, "full", source, f"file://{target}", PASSPHRASE=SECRET)
    time.sleep(1.1)  # its names hold whole seconds
    (source / "2025" / "new.jpg").write_bytes(b"new" * 999)
    yard.run(*command, "incremental", source, f"file://{target}", PASSPHRASE=SECRET)
    return source, target


def duplicity_plain(yard: Yard) -> Tables:
    source, target = duplicity(yard, "--no-encryption")
    return yard.setup(source, place("backup", target))


def duplicity_encrypted(yard: Yard) -> Tables:
    source, target = duplicity(yard)
    return yard.setup(source, place("backup", target))


def duplicity_without_a_volume(yard: Yard) -> Tables:
    source, target = duplicity(yard, "--no-encryption")
    next(target.glob("duplicity-full.*.vol1.difftar.gz")).unlink()
    return yard.setup(source, place("backup", target))


def rdiff_backup(yard: Yard) -> Tables:
    source, target = yard.source(), yard.base / "rdiff"
    yard.run("rdiff-backup", source, target)
    return yard.setup(source, place("backup", target))


def bup(yard: Yard) -> Tables:
    source, target = yard.source(), yard.base / "bup"
    env = {"BUP_DIR": str(target)}
    yard.run("bup", "init", **env)
    yard.run("bup", "index", source, **env)
    yard.run("bup", "save", "-n", "photos", source, **env)
    return yard.setup(source, place("backup", target))


def bup_flipped(yard: Yard) -> Tables:
    tables = bup(yard)
    flip(largest(yard.base / "bup", "objects/pack/*.pack"))
    return tables


def _dar(yard: Yard) -> tuple[Path, Path]:
    source, target = yard.source(), yard.base / "dar"
    target.mkdir()
    yard.run("dar", "-Q", "-q", "-s", "100k", "-c", target / "photos", "-R", source)
    return source, target


def dar(yard: Yard) -> Tables:
    source, target = _dar(yard)
    return yard.setup(source, place("backup", target))


def dar_without_a_slice(yard: Yard) -> Tables:
    source, target = _dar(yard)
    (target / "photos.2.dar").unlink()
    return yard.setup(source, place("backup", target))


def rsnapshot(yard: Yard) -> Tables:
    source, target = yard.source(), yard.base / "snapshots"
    config = yard.base / "rsnapshot.conf"
    lines = [
        ("config_version", "1.2"), ("snapshot_root", f"{target}/"), ("cmd_rsync", "/usr/bin/rsync"),
        ("cmd_cp", "/bin/cp"), ("cmd_rm", "/bin/rm"), ("retain", "daily", "3"),
        ("lockfile", str(yard.base / "rsnapshot.pid")), ("backup", f"{source}/", "localhost/"),
    ]  # fmt: skip
    config.write_text("".join("\t".join(line) + "\n" for line in lines))
    for _ in range(2):
        yard.run("rsnapshot", "-c", config, "daily")
    return yard.setup(source, place("backup", target))


def _dated(yard: Yard, *ages: float) -> tuple[Path, Path]:
    """Make dated copies by rsync --link-dest, the oldest first."""
    source, target = yard.source(), yard.base / "snapshots"
    target.mkdir()
    before: tuple[str, ...] = ()
    for age in ages:
        name = f"{datetime.now(UTC) - timedelta(days=age):%Y-%m-%d-%H%M%S}"
        yard.run("rsync", "-a", *before, f"{source}/", target / name)
        before = (f"--link-dest={target / name}",)
    return source, target


def dated_copies(yard: Yard) -> Tables:
    source, target = _dated(yard, 15, 8, 1)
    return yard.setup(source, place("backup", target))


def dated_copies_of_old(yard: Yard) -> Tables:
    source, target = _dated(yard, 90, 80, 70)
    changed(source)
    return yard.setup(source, place("backup", target))


def dated_in_the_future(yard: Yard) -> Tables:
    source, target = _dated(yard, 15, -900)
    return yard.setup(source, place("backup", target))


def dated_and_unfinished(yard: Yard) -> Tables:
    """The newest run broke off: what can be restored is the day before."""
    source, target = _dated(yard, 8, 1)
    newest = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}.inProgress"
    yard.copy(source / "2025" / "03", target / newest / "2025" / "03")
    return yard.setup(source, place("backup", target))


def photos_in_dated_folders(yard: Yard) -> Tables:
    """No snapshot tree: a folder of holidays, and its plain copy."""
    source = yard.base / "holidays"
    for day in ("2026-05-01", "2026-06-11", "2026-07-20"):
        yard.source(source / day)
    return yard.setup(source, place("backup", yard.copy(source, "backup")))


def tar(yard: Yard) -> Tables:
    source = yard.source()
    yard.run("tar", "-czf", yard.base / "photos.tar.gz", "photos")
    return yard.setup(source, place("backup", yard.base / "photos.tar.gz"))


def tar_zstd(yard: Yard) -> Tables:
    source = yard.source()
    yard.run("tar", "--zstd", "-cf", yard.base / "photos.tar.zst", "photos")
    return yard.setup(source, place("backup", yard.base / "photos.tar.zst"))


def tar_cut_off(yard: Yard) -> Tables:
    tables = tar(yard)
    file = yard.base / "photos.tar.gz"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return tables


def tar_encrypted(yard: Yard) -> Tables:
    source = yard.source()
    yard.run("tar", "-czf", yard.base / "plain", "photos")
    gpg = ("gpg", "--batch", "-q", "--pinentry-mode", "loopback")
    secret = ("--passphrase-file", password(yard), "--output", yard.base / "photos.tar.gz.gpg")
    yard.run(*gpg, *secret, "--symmetric", yard.base / "plain")
    (yard.base / "plain").unlink()
    return yard.setup(source, place("backup", yard.base / "photos.tar.gz.gpg"))


def zip_folder(yard: Yard) -> Tables:
    source = yard.source()
    shutil.make_archive(str(yard.base / "photos"), "zip", yard.base, "photos")
    return yard.setup(source, place("backup", yard.base / "photos.zip"))


def iso_image(yard: Yard) -> Tables:
    """An image file is no disc: its medium is the disk below."""
    source = yard.source()
    yard.run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", "disc.iso", source)
    return yard.setup(source, place("backup", yard.base / "disc.iso"))


def bagit(yard: Yard) -> Tables:
    import hashlib

    source, bag = yard.source(), yard.base / "bag"
    payload = yard.copy(source, "bag/data")
    (bag / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(bag)}\n"
        for file in sorted(payload.rglob("*"))
        if file.is_file()
    ]
    (bag / "manifest-sha256.txt").write_text("".join(lines))
    return yard.setup(source, place("backup", bag))


def bagit_flipped(yard: Yard) -> Tables:
    tables = bagit(yard)
    flip(yard.base / "bag" / "data" / "2025" / "07" / "2.jpg")
    return tables


def _annex(yard: Yard) -> tuple[Path, Path]:
    """A repository on a USB disk that holds all the content, as a photo keeper has it."""
    source = yard.source()
    other = yard.copy(source, "usb")
    config = yard.home / ".gitconfig"
    config.write_text("[user]\nname = ada\nemail = ada@example.org\n")
    yard.run("git", "init", "-q", other)
    yard.run("git", "-C", other, "annex", "init", "usb")
    yard.run("git", "-C", other, "annex", "add", ".")
    yard.run("git", "-C", other, "commit", "-q", "-m", "photos")
    return source, other


def annex(yard: Yard) -> Tables:
    source, other = _annex(yard)
    return yard.setup(source, place("backup", other))


def annex_untrusted(yard: Yard) -> Tables:
    source, other = _annex(yard)
    yard.run("git", "-C", other, "annex", "untrust", "here")
    return yard.setup(source, place("backup", other))


def annex_dropped(yard: Yard) -> Tables:
    source, other = _annex(yard)
    yard.run("git", "-C", other, "annex", "drop", "--force", ".")
    return yard.setup(source, place("backup", other))


def veeam_gap(yard: Yard) -> Tables:
    """A chain of documented shape whose middle link is gone."""
    source, target = yard.source(), yard.base / "veeam"
    target.mkdir()
    start = datetime.now(UTC) - timedelta(days=3)
    times = [start + timedelta(days=number) for number in range(3)]
    kinds = ("vbk", "vib", "vib")
    files = [f"PC{time:%Y-%m-%dT%H%M%S}.{kind}" for time, kind in zip(times, kinds, strict=True)]
    for number, (file, then) in enumerate(zip(files, times, strict=True)):
        summary = f"""<OibSummary><Backup JobName="PC" EncryptionState="0" />
          <Point Num="{number + 1}" Type="{min(number, 1)}" />
          <OIB VmName="PC" CreationTimeUtc="{then:%m/%d/%Y %H:%M:%S}" ApproxSize="1000"
            IsCorrupted="False" IsConsistent="True" />
          <PrevFileName>{files[number - 1] if number else ""}</PrevFileName></OibSummary>"""
        magic = struct.pack("<III", 13, 1, 3) + b"md5"
        (target / file).write_bytes(magic + bytes(8192) + summary.encode() + bytes(300))
    (target / files[1]).unlink()
    return yard.setup(source, place("backup", target))


def aged_archives(yard: Yard) -> Tables:
    source, target = yard.source(), yard.base / "dumps"
    target.mkdir()
    old = f"{datetime.fromtimestamp(time.time() - 90 * DAY, UTC):%Y-%m-%d}"
    yard.run("tar", "-czf", target / f"photos-{old}.tar.gz", "photos")
    aged(target, 90)
    changed(source)
    return yard.setup(source, place("backup", target))


def old_archive_copied_today(yard: Yard) -> Tables:
    """A copying gave the archive today's date; the live data has changed in the year between."""
    tables = tar(yard)
    source = yard.base / "photos"
    changed(source)
    then = time.time() - 2 * DAY
    os.utime(source / "albums.txt", (then, then))
    return tables


def half_of_a_repository(yard: Yard) -> Tables:
    """Snapshots are there, the data is not: somebody copied too little."""
    source, repository = restic(yard)
    remove(repository / "data")
    (repository / "data").mkdir()
    return yard.setup(source, place("backup", repository, password_file="home/password"))
