"""Asynchronous replicas: which copy a location's snapshots came from, and how far it is behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from verifier.host import Host
from verifier.inventory import Evidence, Fact, Location, Snapshot, State
from verifier.probes import btrfs, zfs

__all__ = ["linked", "with_snapshots"]


def with_snapshots(host: Host, source: Location) -> Location:
    """Add the snapshots of the volume that the live data is in.

    Parameters
    ----------
    host : Host
        Access to the machine.
    source : Location
        The live data.

    Returns
    -------
    Location
        As it was if it is on no volume with snapshots, or they cannot be listed.
    """
    if source.state is not State.READ or not source.real_path:
        return source
    for kind in (zfs, btrfs):
        if found := kind.snapshots_at(host, source.real_path):
            lineage = tuple(one.identity for one in found)
            return replace(source, snapshots=found, lineage=lineage)
    return source


def linked(source: Location, locations: Iterable[Location]) -> tuple[Location, ...]:
    """Say of each location whose snapshots came from another one that it is its replica.

    Parameters
    ----------
    source : Location
        The live data, with its snapshots.
    locations : iterable of Location
        The others.

    Returns
    -------
    tuple of Location
        Replicas with ``fed_from``, ``lag_hours`` and ``dataset``. A replica that is not mounted
        holds what its newest snapshot held at the source: then its coverage is inferred.
    """
    found = tuple(locations)
    return tuple(_linked(source, found, number) for number in range(len(found)))


def _linked(source: Location, locations: tuple[Location, ...], number: int) -> Location:
    one = locations[number]
    mine = {snapshot.identity for snapshot in one.snapshots}
    if not mine or _same_volume(source, one):
        return one
    origin = source
    common = [snapshot for snapshot in source.snapshots if snapshot.identity in mine]
    if not common:
        # a replica of a replica: the earlier location is what it is fed from
        for other in locations[:number]:
            common = [s for s in other.snapshots if s.identity in mine]
            if common and not _same_volume(other, one):
                origin = other
                break
        else:
            return one
    kind = common[0].identity.partition(":")[0].replace("-", " ").upper().replace("BTRFS", "btrfs")
    why = f"{len(common)} snapshot(s) of {origin.name} by {kind}"
    changes = replace(
        one,
        fed_from=Fact(origin.name, Evidence.MEASURED, why),
        lag_hours=_lag(origin.snapshots, common),
    )
    if origin is not source:
        return changes
    changes = replace(changes, dataset=Fact(why, Evidence.MEASURED, one.tool or one.kind))
    if changes.repeats_deletions.value is None:
        kept = f"it keeps {len(one.snapshots)} snapshot(s) of its own"
        changes = replace(changes, repeats_deletions=Fact(False, Evidence.MEASURED, kept))
    if one.coverage.value is None and one.points.newest is not None and not one.files:
        text = f"not mounted, but its snapshot {common[-1].name} is the source's own ({kind})"
        changes = replace(changes, coverage=Fact(1.0, Evidence.INFERRED, text), reason="")
    return changes


def _lag(origin: tuple[Snapshot, ...], common: list[Snapshot]) -> float | None:
    """Return the time between the origin's newest snapshot and the newest that both have [h]."""
    newest = _newest(origin)
    held = _newest(common)
    if newest is None or held is None:
        return None
    return (newest - held) / timedelta(hours=1)


def _newest(snapshots: Iterable[Snapshot]) -> datetime | None:
    return max((one.time for one in snapshots if one.time), default=None)


def _same_volume(one: Location, other: Location) -> bool:
    """Tell whether two locations are in one pool: snapshots there are versions, no replica."""
    pools = set(one.domains.pools.value or ())
    shared = pools & set(other.domains.pools.value or ())
    return any(pool.partition(":")[0] in {"zpool", "btrfs"} for pool in shared)
