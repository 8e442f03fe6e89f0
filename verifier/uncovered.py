"""Data that no backup covers, and snapshots, which are history but no copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from verifier.host import AccessError, Host
from verifier.mounts import parse_mountinfo

__all__ = ["snapshots", "uncovered"]

_DATABASES = {
    "/var/lib/mysql": "MySQL or MariaDB",
    "/var/lib/postgresql": "PostgreSQL",
    "/var/lib/mongodb": "MongoDB",
    "/var/lib/redis": "Redis",
    "/var/lib/influxdb": "InfluxDB",
    "/var/lib/ldap": "OpenLDAP",
}
_SERVICES = {
    "/var/www": "web sites",
    "/var/mail": "mail",
    "/var/vmail": "mail",
    "/var/lib/docker/volumes": "volumes of containers",
    "/var/lib/libvirt/images": "virtual machines",
}
_TIMEOUT_SECONDS = 10.0


def uncovered(host: Host, sources: Iterable[str], home_folders: Iterable[str]) -> tuple[str, ...]:
    """Name data that is in no source of any backup.

    Parameters
    ----------
    host : Host
        Access to the machine.
    sources : iterable of str
        What backups are made of, the live data among them.
    home_folders : iterable of str
        Homes of the people of this machine.

    Returns
    -------
    tuple of str
        One sentence each; empty folders are left out.
    """
    known = [source.rstrip("/") or "/" for source in sources if source.startswith("/")]
    found = []
    for path, what in _candidates(host, home_folders):
        if any(PurePosixPath(path).is_relative_to(source) for source in known):
            continue
        parts = sorted({s for s in known if PurePosixPath(s).is_relative_to(path) and s != path})
        some = f" (only {', '.join(parts[:3])})" if parts else ""
        found.append(f"{path}: {what}{some}")
    return tuple(found)


def _candidates(host: Host, home_folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    for home in dict.fromkeys(home_folders):
        if any(not name.startswith(".") for name in _names(host, home)):
            yield home, "a home folder"
    for name in _names(host, "/srv"):
        if _names(host, f"/srv/{name}"):
            yield f"/srv/{name}", "data of a service"
    for path, what in (*_DATABASES.items(), *_SERVICES.items()):
        if _names(host, path):
            live = "the files of a running database need a dump: " if path in _DATABASES else ""
            yield path, f"{live}{what}"


def snapshots(host: Host) -> tuple[str, ...]:
    """Count the snapshots of ZFS and btrfs on this machine.

    Parameters
    ----------
    host : Host
        Access to the machine.

    Returns
    -------
    tuple of str
        One sentence for each dataset or file system that has some.
    """
    return (*_zfs(host), *_btrfs(host))


def _zfs(host: Host) -> Iterator[str]:
    if host.program("zfs") is None:
        return
    asked = ["zfs", "list", "-H", "-t", "snapshot", "-o", "name"]
    counts: dict[str, int] = {}
    for line in _output(host, asked).splitlines():
        dataset, at, _ = line.partition("@")
        if at:
            counts[dataset] = counts.get(dataset, 0) + 1
    for dataset, count in counts.items():
        yield f"{count} of ZFS dataset {dataset}"


def _btrfs(host: Host) -> Iterator[str]:
    try:
        mounts = parse_mountinfo(host.read_text("/proc/self/mountinfo"))
    except AccessError:
        return
    if host.program("btrfs") is None:
        return
    points = {mount.source: mount.point for mount in mounts if mount.file_system == "btrfs"}
    for point in points.values():
        lines = _output(host, ["btrfs", "subvolume", "list", "-s", point]).splitlines()
        if lines:
            yield f"{len(lines)} of btrfs at {point}"


def _output(host: Host, argv: list[str]) -> str:
    try:
        ended = host.run(argv, timeout=_TIMEOUT_SECONDS)
    except AccessError:
        return ""
    return ended.stdout if ended.code == 0 else ""


def _names(host: Host, folder: str) -> tuple[str, ...]:
    try:
        return host.listdir(folder)
    except AccessError:
        return ()
