"""Trees that go on below another mount point: their files lie on other drives than their top."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from verifier.domains import Place, place_of
from verifier.files import table
from verifier.host import AccessError, Host
from verifier.inventory import Domains, Drive, Fact, Location
from verifier.manifest import Manifest, and_above, shown

__all__ = ["on_its_drives"]

_MOST_MOUNTS = 32


def on_its_drives(host: Host, found: Location, held: Manifest) -> Location:
    """Say on which drives the files are, where that is not the drive of the top folder alone.

    Parameters
    ----------
    host : Host
        Access to the machine.
    found : Location
        With the domains of its top folder.
    held : Manifest
        Its files, each with the device that it is on.

    Returns
    -------
    Location
        Unchanged unless something with files in it is mounted below the top folder.
    """
    import numpy as np

    if not host.local or found.inode is None or not held.files:
        return found
    files = table(held.files)
    devices, rows = np.unique(files.column("dev"), return_index=True)
    if devices.tolist() == [found.inode[0]]:
        return found
    if len(devices) > _MOST_MOUNTS:
        return _unknown(found, f"{len(devices)} file systems are mounted below it")
    places, fleeting = [], []
    for path in files.paths(sorted(rows.tolist())):
        try:
            place = place_of(host, f"{held.root}/{path}")
            if place.media_type.value == "memory":
                fleeting.append((place, _topmost(host, held.root, path)))
            else:
                places.append(place)
        except AccessError as problem:
            return _unknown(found, f"what is mounted below it cannot be told: {problem.reason}")
    if fleeting:
        parts = tuple(shown(part) for _, part in fleeting)
        reason = f"a part of it is in memory: {parts[0]}"
        found = replace(found, disqualified=found.disqualified or reason)
        if places:  # what is in memory is on no drive that it could share
            found = replace(found, in_memory=parts)
        else:
            places = [place for place, _ in fleeting]
    return replace(
        found,
        domains=reduce(_joined, (place.domains for place in places), found.domains)
        if len(places) > 1
        else _moved(found.domains, places[0].domains),
        media_type=_medium(places),
    )


def _topmost(host: Host, root: str, path: str) -> str:
    """Return the topmost folder around a file that is on its device, or the file itself."""
    found, device = path, host.stat(f"{root}/{path}").dev
    for folder in and_above(path.rpartition("/")[0])[:-1]:
        if host.stat(f"{root}/{folder}").dev != device:
            break
        found = folder
    return found


def _moved(top: Domains, below: Domains) -> Domains:
    """Put the drives of what is mounted below in the place of the top folder's."""
    return replace(
        top,
        drives=below.drives,
        pools=below.pools,
        level=below.level,
        degraded=below.degraded,
        file_system=below.file_system,
        host=below.host,
    )


def _joined(top: Domains, below: Domains) -> Domains:
    drives: Fact[tuple[Drive, ...]] = below.drives if below.drives.value is None else top.drives
    if top.drives.value is not None and below.drives.value is not None:
        both = {drive.key: drive for drive in (*top.drives.value, *below.drives.value)}
        drives = replace(top.drives, value=tuple(both.values()))
    pools = tuple(dict.fromkeys((*(top.pools.value or ()), *(below.pools.value or ()))))
    known = top.pools if top.pools.value else below.pools
    degraded = below.degraded if below.degraded.value else top.degraded
    return replace(top, drives=drives, pools=replace(known, value=pools or None), degraded=degraded)


def _medium(places: list[Place]) -> Fact[str]:
    media = {place.media_type.value for place in places}
    if len(media) == 1:
        return places[0].media_type
    return Fact(source="its parts are on drives of different or unknown types")


def _unknown(found: Location, reason: str) -> Location:
    domains = replace(found.domains, drives=Fact(source=reason), pools=Fact(source=reason))
    return replace(found, domains=domains, media_type=Fact(source=reason))
