"""ZFS datasets: their snapshots, by the GUID that a snapshot keeps wherever it is sent.

A dataset is met as a path at which it is mounted, or as the address ``zfs:pool/dataset``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from verifier.domains import mount_at
from verifier.host import AccessError, Host, Missing, Unreadable
from verifier.inventory import Depth, Evidence, Fact, Location, Points, Snapshot
from verifier.manifest import Manifest
from verifier.mounts import Mount, mount_of, parse_mountinfo
from verifier.probes import directory
from verifier.resolver import ZFS_TYPES
from verifier.target import Target
from verifier.zpool import parse_zpool_status

__all__ = ["Dataset", "collect", "dataset_of", "detect", "parse_get", "snapshots_at"]

_PROPERTIES = "type,guid,creation,used,referenced,readonly,userrefs,mountpoint,origin"
# zfs-fuse and old versions refuse a whole question that names one of these
_LATER = ("encryption", "receive_resume_token")
_ADDRESS = re.compile(r"zfs:([A-Za-z][\w.:-]*(?:/[\w.: -]+)*(?:@[\w.: -]+)?)")


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset or snapshot: its name and the properties that were asked for."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> datetime | None:
        """When it was made; aware, UTC."""
        try:
            return datetime.fromtimestamp(int(self.properties.get("creation", "")), UTC)
        except (ValueError, OverflowError, OSError):
            return None

    def number(self, name: str) -> int | None:
        """Return a property that is a whole number."""
        value = self.properties.get(name, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 25 else None


def dataset_of(address: str) -> str | None:
    """Return the dataset of an address ``zfs:pool/dataset``; None if it is no such address."""
    found = _ADDRESS.fullmatch(address)
    return found[1] if found else None


def parse_get(text: str) -> tuple[Dataset, ...]:
    """Read ``zfs get -H -p -r -o name,property,value …``.

    Parameters
    ----------
    text : str
        The program's output; lines of another shape are skipped.

    Returns
    -------
    tuple of Dataset
        In the order of the output.
    """
    found: dict[str, Dataset] = {}
    for line in text.split("\n"):
        parts = line.split("\t")
        if len(parts) == 3:
            found.setdefault(parts[0], Dataset(parts[0])).properties[parts[1]] = parts[2]
    return tuple(found.values())


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is the root of a mounted dataset or of one of its snapshots."""
    mount = mount_at(host, path)
    return mount is not None and mount.file_system in ZFS_TYPES and mount.point == path


def snapshots_at(host: Host, path: str) -> tuple[Snapshot, ...]:
    """Return the snapshots of the dataset that a resolved path is in; none if nobody can tell."""
    mount = mount_at(host, path)
    if mount is None or mount.file_system not in ZFS_TYPES:
        return ()
    try:
        return _snapshots(_datasets(host, mount.source), mount.source)
    except AccessError:
        return ()


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a dataset: its snapshots, and its files where it is mounted.

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
        If there is no such dataset.
    """
    mount = _mount(host, target, found)
    name = dataset_of(target.address) or (mount.source if mount else "")
    base, _, wanted = name.partition("@")
    if mount is not None:
        inside = replace(found, real_path=mount.point)
        located = directory.collect(host, target, source, depth, inside)
    else:
        reason = "the dataset is not mounted, and an audit mounts nothing"
        located = replace(found, reason=reason, coverage=Fact(source=reason), depth=Depth.LISTED)
    try:
        datasets = _datasets(host, base)
    except AccessError as problem:
        if mount is None:
            raise
        reason = f"its snapshots could not be listed: {problem}"
        return replace(located, reason=located.reason or reason)
    snapshots = _snapshots(datasets, base)
    if wanted:
        snapshots = tuple(one for one in snapshots if one.name == name)
        if not snapshots:
            raise Missing(name, "there is no such snapshot")
    itself = next((one for one in datasets if one.name == base), Dataset(base))
    return _described(host, located, itself, snapshots, head=mount is not None and not wanted)


def _described(
    host: Host,
    located: Location,
    itself: Dataset,
    snapshots: tuple[Snapshot, ...],
    *,
    head: bool,
) -> Location:
    """Put together what the dataset and its snapshots say."""
    later = _later(host, itself.name)
    breaks: tuple[str, ...] = ()
    if later.get("receive_resume_token", "-") not in ("-", ""):
        breaks = ("A receive into the dataset broke off and waits to be resumed.",)
    times = [one.time for one in snapshots if one.time]
    newest = located.points.newest
    if head and newest and (not times or newest > max(times)):
        times.append(newest)  # what was written after the newest snapshot is a point too
    held = sum(one.holds > 0 for one in snapshots)
    immutable = Fact(False, Evidence.TOOL_REPORTED, "root can destroy its snapshots")
    if held:
        why = f"{held} of {len(snapshots)} snapshots are held, but root can release a hold"
        immutable = Fact(False, Evidence.TOOL_REPORTED, why)
    size = located.size_bytes
    return replace(
        located,
        kind="zfs",
        tool="zfs",
        points=Points.at(
            times,
            breaks=breaks,
            consistency=Fact("crash", Evidence.INFERRED, "a ZFS snapshot is one instant"),
        )
        if times or breaks
        else located.points,
        size_bytes=itself.number("referenced") if size is None else size,
        encrypted=_encrypted(later, located),
        immutable=immutable,
        snapshots=snapshots,
        lineage=tuple(one.identity for one in snapshots),
        errors=(*located.errors, *_pool_damage(host, itself.name)),
    )


def _encrypted(later: dict[str, str], located: Location) -> Fact[bool]:
    word = later.get("encryption")
    if word is None:
        return located.encrypted
    if word not in ("off", "-"):
        return Fact(True, Evidence.TOOL_REPORTED, f"zfs get encryption: {word}")
    below = located.encrypted
    return below if below.value else Fact(False, Evidence.TOOL_REPORTED, "zfs get encryption: off")


def _mount(host: Host, target: Target, found: Location) -> Mount | None:
    """Return where the dataset or snapshot is mounted; None if it is not."""
    name = dataset_of(target.address)
    if name is None:
        return mount_at(host, found.real_path or target.address)
    try:
        mounts = parse_mountinfo(host.read_text("/proc/self/mountinfo"))
    except AccessError:
        return None
    for mount in mounts:
        whole = mount.root == "/" and mount.file_system in ZFS_TYPES
        if whole and mount.source == name and mount_of(mounts, mount.point) == mount:
            return mount
    return None


def _datasets(host: Host, name: str) -> tuple[Dataset, ...]:
    """List a dataset with all below it; `zfs list -p` is not known to old versions."""
    base = name.partition("@")[0]
    if dataset_of(f"zfs:{base}") is None:
        raise Unreadable(base, "no name of a dataset")
    argv = ["zfs", "get", "-H", "-p", "-r", "-o", "name,property,value", _PROPERTIES, base]
    ended = host.run(argv, timeout=120.0)
    found = parse_get(ended.stdout)
    if not found:
        said = (ended.stderr.strip().splitlines() or ["zfs gave no answer"])[0][:200]
        kind = Missing if "does not exist" in said else Unreadable
        raise kind(base, said)
    return found


def _snapshots(datasets: tuple[Dataset, ...], base: str) -> tuple[Snapshot, ...]:
    found = []
    base = base.partition("@")[0]
    for one in datasets:
        guid = one.number("guid")
        if one.name.startswith(f"{base}@") and guid is not None:
            holds = one.number("userrefs") or 0
            found.append(Snapshot(f"zfs-guid:{guid}", one.name, one.taken, holds))
    return tuple(sorted(found, key=lambda one: one.time or datetime.min.replace(tzinfo=UTC)))


def _later(host: Host, name: str) -> dict[str, str]:
    """Ask for properties one by one, for an old version refuses them."""
    found = {}
    for key in _LATER:
        argv = ["zfs", "get", "-H", "-p", "-o", "name,property,value", key, name]
        try:
            for one in parse_get(host.run(argv, timeout=30.0).stdout):
                found.update(one.properties)
        except AccessError:
            continue
    return found


def _pool_damage(host: Host, dataset: str) -> tuple[str, ...]:
    """Return what the pool knows of broken files; a scrub is what lets it know."""
    name = dataset.partition("/")[0]
    try:
        pool = parse_zpool_status(host.run(["zpool", "status", name], timeout=30.0).stdout).get(
            name
        )
    except AccessError:
        return ()
    return (f"The pool {name} reports: {pool.damage}",) if pool and pool.damage else ()
