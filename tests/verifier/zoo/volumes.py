"""Pools and their snapshots on real btrfs and ZFS, over files of one disk."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

from tests.verifier.pools import DAEMON, daemon_answers, destroy
from tests.verifier.zoo.yard import Yard, place

Tables = dict[str, Any]
_pools = itertools.count()


def _btrfs(yard: Yard, name: str, files: int = 1) -> Path:
    devices = [yard.loop(yard.loop_file(f"{name}-{n}.img", 160)) for n in range(files)]
    profile = ("-d", "raid1", "-m", "raid1") if files > 1 else ()
    yard.run("mkfs.btrfs", "-q", *profile, *devices)
    return yard.mounted("mount", devices[0], at=yard.base / name)


def _subvolume(yard: Yard, at: Path) -> Path:
    yard.run("btrfs", "subvolume", "create", at)
    return yard.source(at)


def reflinks(yard: Yard) -> Tables:
    pool = _btrfs(yard, "pool")
    source = yard.source(pool / "photos")
    yard.run("cp", "-a", "--reflink=always", source, pool / "backup")
    return yard.setup(source, place("backup", pool / "backup"))


def btrfs_mirror(yard: Yard) -> Tables:
    """Two members of one mirror are one copy that stays available."""
    pool = _btrfs(yard, "pool", files=2)
    source = yard.source(pool / "photos")
    return yard.setup(source, place("backup", yard.copy(source, pool / "backup")))


def btrfs_snapshot(yard: Yard) -> Tables:
    pool = _btrfs(yard, "pool")
    source = _subvolume(yard, pool / "photos")
    yard.run("btrfs", "subvolume", "snapshot", "-r", source, pool / "snapshot")
    return yard.setup(source, place("backup", pool / "snapshot"))


def btrfs_replica(yard: Yard) -> Tables:
    """A received snapshot in another pool, which is a file of the same disk."""
    here, there = _btrfs(yard, "pool"), _btrfs(yard, "replica")
    source = _subvolume(yard, here / "photos")
    yard.run("btrfs", "subvolume", "snapshot", "-r", source, here / "snap")
    yard.run("sync")
    yard.run("sh", "-c", f"btrfs send -q {here}/snap | btrfs receive -q {there}")
    return yard.setup(source, place("backup", there / "snap"))


def _zpool(yard: Yard, name: str, files: int = 1) -> Path:
    if not daemon_answers():
        yard.start(*DAEMON, until=daemon_answers)
    disks = [yard.loop_file(f"{name}-{n}.img", 80) for n in range(files)]
    kind = ("mirror",) if files > 1 else ()
    at = yard.base / name
    pool = f"zoo{os.getpid()}-{next(_pools)}-{name}"
    yard.run("zpool", "create", "-m", at, pool, *kind, *disks)
    yard.stack.callback(destroy, pool, at)
    return at


def _dataset(yard: Yard, mount: Path) -> str:
    listed = yard.run("zfs", "list", "-H", "-o", "name,mountpoint").stdout.splitlines()
    return next(line.split("\t")[0] for line in listed if line.split("\t")[1] == str(mount))


def zfs_snapshot(yard: Yard) -> Tables:
    pool = _zpool(yard, "pool")
    source = yard.source(pool / "photos")
    name = _dataset(yard, pool)
    yard.run("zfs", "snapshot", f"{name}@monday")
    snapshot = {"name": "backup", "kind": "zfs", "address": f"zfs:{name}"}
    return yard.setup(source, snapshot)


def zfs_mirror(yard: Yard) -> Tables:
    pool = _zpool(yard, "pool", files=2)
    source = yard.source(pool / "photos")
    return yard.setup(source, place("backup", yard.copy(source, pool / "backup")))


def zfs_replica(yard: Yard) -> Tables:
    here, there = _zpool(yard, "pool"), _zpool(yard, "replica")
    source = yard.source(here / "photos")
    mine, other = _dataset(yard, here), _dataset(yard, there)
    yard.run("zfs", "snapshot", f"{mine}@monday")
    yard.run("sh", "-c", f"zfs send {mine}@monday | zfs receive {other}/received")
    return yard.setup(source, place("backup", there / "received" / "photos"))
