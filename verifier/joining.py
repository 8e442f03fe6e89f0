"""Recordings of several machines put together: what a server knows of the shares of another."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from verifier.exports import Export
from verifier.inventory import Domains, Evidence, Fact, Inventory, Location, State
from verifier.recording import Recording, Spot

__all__ = ["joined_with"]

T = TypeVar("T")


def joined_with(inventory: Inventory, recordings: Sequence[Recording]) -> Inventory:
    """Add to an inventory what other machines saw.

    Parameters
    ----------
    inventory : Inventory
        What one machine found.
    recordings : sequence of Recording
        Of others.

    Returns
    -------
    Inventory
        A location on a share of a recorded machine stands on that machine's own drives; one that
        is not here but was read by an audit recorded elsewhere, under the same name and address,
        is taken from there.
    """
    return replace(
        inventory,
        source=_resolved(inventory.source, recordings),
        locations=tuple(
            _resolved(_elsewhere(one, recordings), recordings) for one in inventory.locations
        ),
    )


def _elsewhere(one: Location, recordings: Sequence[Recording]) -> Location:
    if one.state is not State.MISSING:
        return one
    for recording in recordings:
        for other in recording.inventory.locations if recording.inventory else ():
            same = (other.name, other.address) == (one.name, one.address)
            if same and other.state is State.READ:
                return replace(other, offline=one.offline or other.offline)
    return one


def _resolved(one: Location, recordings: Sequence[Recording]) -> Location:
    names = _servers(one)
    servers = [
        recording
        for recording in recordings
        if (names and recording.host.value == one.domains.host.value)
        or any(_is(recording, name) for name in names)
    ]
    if len({recording.host.value for recording in servers}) != 1:
        return one  # no recording of that server, or of two that are called alike
    recording = max(servers, key=lambda found: found.made)
    shared = [p for p in one.domains.pools.value or () if p.startswith("export:")]
    path, evidence = _own_path(recording, one.domains.file_system.value, shared)
    spot = _spot(recording, path)
    called = recording.names[0] if recording.names else names[0]
    source = f"recording of {called}, {recording.made:%Y-%m-%d}"
    if spot is None or spot.domains.drives.value is None:
        # its drives are still out of sight, but all its names and addresses mean one machine
        host = Fact(f"address:{called}", Evidence.MEASURED, source)
        return replace(one, domains=replace(one.domains, host=host))
    return replace(
        one,
        domains=_moved(one.domains, spot.domains, recording.host, evidence, f"{source}: {path}"),
        media_type=_said(spot.media_type, evidence, source)
        if spot.media_type.value
        else one.media_type,
    )


def _servers(one: Location) -> tuple[str, ...]:
    """Return the names and addresses of the server whose drives are out of sight."""
    host = one.domains.host.value or ""
    if one.domains.drives.value is not None:
        return ()
    shares = (p for p in one.domains.pools.value or () if p.startswith("export:"))
    told = [share.removeprefix("export:").partition("/")[0] for share in shares]
    names = [host.partition("address:")[2], *told]
    return tuple(dict.fromkeys(name for name in names if name))


def _moved(
    mine: Domains, theirs: Domains, host: Fact[str], evidence: Evidence, source: str
) -> Domains:
    """Return the declared layers of a location with the drives of its server."""
    pools = tuple(dict.fromkeys([*(mine.pools.value or ()), *(theirs.pools.value or ())]))
    return replace(
        mine,
        drives=_said(theirs.drives, evidence, source),
        pools=Fact(pools, evidence, source),
        level=_said(theirs.level, evidence, source),
        degraded=theirs.degraded,
        host=Fact(host.value, host.evidence, source),
    )


def _said(fact: Fact[T], evidence: Evidence, source: str) -> Fact[T]:
    order = list(Evidence)
    return Fact(fact.value, max(fact.evidence, evidence, key=order.index), source)


def _is(recording: Recording, server: str) -> bool:
    """Tell whether a name or address means the recorded machine."""
    word = server.lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(word)) in recording.addresses
    except ValueError:
        pass
    known = {name.lower().rstrip(".") for name in recording.names}
    short, _, domain = word.partition(".")
    # a bare name is the same machine in the local domain; two full names must agree
    local = domain in {"", "local", "lan", "home", "fritz.box", "internal"}
    return word in known or (local and any(n == short or n.startswith(f"{short}.") for n in known))


def _own_path(
    recording: Recording, file_system: str | None, shared: list[str]
) -> tuple[str, Evidence]:
    """Return the server's own path of what a client mounts; empty if nobody can tell."""
    if not shared:
        return "", Evidence.UNKNOWN
    remote = shared[0].removeprefix("export:").partition("/")[2]
    if file_system in {"cifs", "smb3", "smbfs"}:
        share, _, rest = remote.partition("/")
        for one in recording.exports:
            if one.kind == "smb" and one.name.lower() == share.lower():
                return _path(one.path, rest), Evidence.MEASURED
        return "", Evidence.UNKNOWN
    if remote.startswith("~"):
        return "", Evidence.UNKNOWN
    exports = [one for one in recording.exports if one.kind == "nfs"]
    if file_system in {"nfs", "nfs4"} and not any(_holds(e, f"/{remote}") for e in exports):
        root = next((one for one in exports if one.root), None)
        if root is not None:
            return _path(root.path, remote), Evidence.MEASURED
    known = file_system == "fuse.sshfs" or any(_holds(e, f"/{remote}") for e in exports)
    return _path("/", remote), Evidence.MEASURED if known else Evidence.INFERRED


def _holds(export: Export, path: str) -> bool:
    return not export.root and f"{path}/".startswith(f"{export.path.rstrip('/')}/")


def _path(folder: str, rest: str) -> str:
    return f"{folder.rstrip('/')}/{rest.strip('/')}".rstrip("/") or "/"


def _spot(recording: Recording, path: str) -> Spot | None:
    """Return the nearest recorded folder at or above a path."""
    above = [spot for spot in recording.spots if f"{path}/".startswith(f"{spot.path.rstrip('/')}/")]
    return max(above, key=lambda spot: len(spot.path), default=None) if path else None
