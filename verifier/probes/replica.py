"""Asynchronous replicas: which copy a location came from, and how far it is behind.

Snapshots tell it themselves. What replicates in another way can leave a status file in the
replica's top folder, ``replication-status.json`` or ``.replication-status`` with lines
``key = value``: ``fed_from`` (name or address of the origin), ``newest`` (time of the origin's
newest point that is here whole), ``source_newest`` (time of the origin's newest point when the
file was written) or ``written`` (when that was). Times are RFC 3339 with an offset.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from verifier._texts import json_in
from verifier.host import AccessError, Host
from verifier.inventory import Evidence, Fact, Location, Snapshot, State
from verifier.probes import btrfs, zfs

__all__ = ["linked", "parse_status", "with_snapshots", "with_status"]

_STATUS_FILES = ("replication-status.json", ".replication-status")
_MAX_STATUS = 64 << 10


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


def with_status(host: Host, found: Location) -> Location:
    """Add what a replication status file in a location's top folder says, if there is one.

    Parameters
    ----------
    host : Host
        Access to the location.
    found : Location
        What is known of it.

    Returns
    -------
    Location
        A file that cannot be read or says nothing sound changes nothing.
    """
    if found.state is not State.READ or not found.real_path or found.fed_from.value:
        return found
    for name in _STATUS_FILES:
        path = f"{found.real_path}/{name}"
        try:
            facts = host.stat(path)
            if not facts.is_file or facts.size > _MAX_STATUS:
                continue
            said = parse_status(host.read_text(path))
        except AccessError:
            continue
        newest, ahead = _instant(said, "newest"), _instant(said, "source_newest", "written")
        origin = said.get("fed_from", "")[:500]
        if newest is None and not origin:
            continue
        lag = (ahead - newest) / timedelta(hours=1) if newest and ahead else None
        fed = Fact(origin, Evidence.TOOL_REPORTED, name) if origin else found.fed_from
        return replace(found, fed_from=fed, lag_hours=lag if lag is None else max(lag, 0.0))
    return found


def parse_status(text: str) -> dict[str, str]:
    """Read a replication status file: a JSON object, or lines ``key = value``.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    dict of str to str
        Empty if it is neither.
    """
    try:
        found = json_in(text)
    except ValueError:
        pairs = (line.partition("=") for line in text.splitlines() if line[:1] != "#")
        found = {key: value for key, equals, value in pairs if equals}
    if not isinstance(found, dict):
        return {}
    clean = ((key.strip().lower(), value) for key, value in found.items())
    return {key: value.strip().strip('"') for key, value in clean if isinstance(value, str)}


def _instant(said: dict[str, str], *keys: str) -> datetime | None:
    for key in keys:
        try:
            found = datetime.fromisoformat(said.get(key, ""))
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


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
