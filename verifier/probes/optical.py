"""Optical drives, and images of discs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from verifier.host import AccessError, Host, Missing
from verifier.inventory import Depth, Fact, Location, Points
from verifier.manifest import Manifest
from verifier.mounts import parse_mountinfo
from verifier.probes import directory
from verifier.target import Target

__all__ = ["Volume", "collect", "detect", "parse_udev", "parse_volume"]

_DRIVE = re.compile(r"/dev/sr\d+")
_SECTOR = 2048
_FIRST_DESCRIPTOR = 16 * _SECTOR


@dataclass(frozen=True, slots=True)
class Volume:
    """What the first descriptor of an ISO 9660 image says."""

    label: str
    size_bytes: int
    made: datetime | None


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is an optical drive, or a file that holds an ISO 9660 image."""
    if _DRIVE.fullmatch(path):
        return host.local
    return host.stat(path).is_file and _descriptor(host, path)[1:6] == b"CD001"


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a disc in a drive, where it is mounted, or the image of one.

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
    if not _DRIVE.fullmatch(path):
        return _image(host, path, depth, found)
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
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value for key, equals, value in pairs if equals}


def parse_volume(sector: bytes) -> Volume | None:
    """Read a primary volume descriptor (ECMA-119, 8.4); None if it is none."""
    if len(sector) < 883 or sector[0] != 1 or sector[1:6] != b"CD001":
        return None
    blocks = int.from_bytes(sector[80:84], "little")
    block = int.from_bytes(sector[128:130], "little")
    label = sector[40:72].decode("ascii", "replace").strip(" \0")
    return Volume(label, blocks * block, _time(sector[813:830]))


def _image(host: Host, path: str, depth: Depth, found: Location) -> Location:
    volume = parse_volume(_descriptor(host, path))
    label = f" '{volume.label}'" if volume and volume.label else ""
    reason = f"what is in the image{label} is not known: mount it read-only and name that folder"
    located = replace(found, kind="iso", reason=reason, coverage=Fact(source=reason))
    size = host.stat(path).size
    if volume is None:
        return replace(
            located, size_bytes=size, errors=("The image's first descriptor is broken.",)
        )
    errors: tuple[str, ...] = ()
    if volume.size_bytes > size:
        errors = (f"The image ends early: {size} of {volume.size_bytes} bytes are there.",)
    return replace(
        located,
        points=Points.at([volume.made] if volume.made and not errors else []),
        size_bytes=size,
        depth=Depth.STRUCTURE if depth >= Depth.STRUCTURE else Depth.LISTED,
        errors=errors,
    )


def _descriptor(host: Host, path: str) -> bytes:
    with host.open(path) as file:
        file.seek(_FIRST_DESCRIPTOR)
        return file.read(_SECTOR)


def _mounted_at(host: Host, path: str) -> str | None:
    try:
        mounts = parse_mountinfo(host.read_text("/proc/self/mountinfo"))
    except AccessError:
        return None
    return next((mount.point for mount in mounts if mount.source == path), None)


def _time(field: bytes) -> datetime | None:
    """Read 16 digits down to hundredths and the offset in quarters of an hour (8.4.26.1)."""
    if len(field) < 17 or not field[:16].isdigit() or field[:4] == b"0000":
        return None
    quarters = field[16] - 256 if field[16] > 127 else field[16]
    try:
        local = datetime.strptime(field[:14].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return local - timedelta(minutes=15 * quarters)
    except (ValueError, OverflowError):
        return None
