"""Offline disks that are away, though something lies where they are mounted at other times."""

from __future__ import annotations

from dataclasses import replace

from verifier.domains import mount_at
from verifier.host import AccessError, Host
from verifier.inventory import Location, State
from verifier.target import Target

__all__ = ["emptied", "left_below"]


def left_below(host: Host, last: Location, target: Target) -> Location | None:
    """Return an offline location as absent, if only what lies below its mount point is there.

    A run that found nothing mounted has written to the folder, on a drive that is not the disk.
    Disks that are mounted there by turns are all what is meant.

    Parameters
    ----------
    host : Host
        Access to the machine.
    last : Location
        As the last audit read it.
    target : Target
        What is asked for.

    Returns
    -------
    Location or None
        None unless its file system was mounted further down in that audit than it is now.
    """
    point = (last.domains.mounted.value or "").rstrip("/")
    if not (target.offline and point and target.address.startswith("/")):
        return None
    try:
        path = host.resolve(target.address)
        mount = mount_at(host, path)
    except AccessError:
        return None  # the probe says what is in the way
    if mount is None or not _within(path, point):
        return None
    if mount.point.rstrip("/") == point or not _within(point, mount.point):
        return None
    told = (
        f"nothing is mounted at {point}, as it was in that audit; what lies there is on "
        f"{mount.source}, and was not looked at"
    )
    return replace(_absent(target.name, target.address), in_its_place=told)


def emptied(host: Host, found: Location) -> Location:
    """Take the empty folder where an offline disk is mounted at other times for its absence."""
    if not (found.offline and found.state is State.READ and found.files == 0):
        return found
    path = found.real_path or found.address
    try:
        empty = found.kind == "directory" and not host.listdir(path)
        mounted = host.stat(path).dev != host.stat(f"{path.rstrip('/')}/..").dev
    except AccessError:
        return found
    if not empty or mounted:
        return found
    reason = "its folder is empty: nothing is mounted there"
    absent = _absent(found.name, found.address)
    return replace(absent, reason=reason, last_seen=found.last_seen)


def _absent(name: str, address: str) -> Location:
    return Location(name, "unknown", address, State.ABSENT_OFFLINE, offline=True)


def _within(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")
