"""Optical drives; images of discs have a probe of their own."""

from __future__ import annotations

import re
from dataclasses import replace

from verifier.host import AccessError, Host, Missing
from verifier.inventory import Depth, Fact, Location
from verifier.manifest import Manifest
from verifier.mounts import parse_mountinfo
from verifier.probes import directory
from verifier.target import Target

__all__ = ["collect", "detect", "parse_udev"]

_DRIVE = re.compile(r"/dev/sr\d+")


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is an optical drive."""
    return _DRIVE.fullmatch(path) is not None and host.local


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a disc in a drive, where it is mounted.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        Wanted depth.
    found : Location
        What is already known.

    Returns
    -------
    Location

    Raises
    ------
    Missing
        If there is no disc in the drive.
    """
    path = found.real_path or target.address
    point = _mounted_at(host, path)
    if point is not None:
        inside = directory.collect(host, target, source, depth, replace(found, real_path=point))
        return replace(inside, kind="optical")
    try:
        facts = parse_udev(host.run(["udevadm", "info", "-q", "property", "-n", path]).stdout)
    except AccessError:
        facts = {}
    if facts.get("ID_CDROM") and not facts.get("ID_CDROM_MEDIA"):
        raise Missing(path, "there is no disc in the drive")
    label = facts.get("ID_FS_LABEL")
    disc = f"the disc '{label}'" if label else "the disc"
    reason = f"{disc} is not mounted, and an audit mounts nothing: mount it and name that folder"
    return replace(found, kind="optical", reason=reason, coverage=Fact(source=reason))


def parse_udev(text: str) -> dict[str, str]:
    """Read the output of ``udevadm info -q property``."""
    pairs = (line.partition("=") for line in text.split("\n"))
    return {key: value for key, equals, value in pairs if equals}


def _mounted_at(host: Host, path: str) -> str | None:
    try:
        mounts = parse_mountinfo(host.read_text("/proc/self/mountinfo"))
    except AccessError:
        return None
    return next((mount.point for mount in mounts if mount.source == path), None)
