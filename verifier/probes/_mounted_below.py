"""What lies on other drives than the top of a location: behind mount points, behind links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce

from verifier.domains import Place, place_of
from verifier.files import table
from verifier.host import AccessError, Host
from verifier.inventory import Domains, Drive, Fact, Location
from verifier.manifest import Manifest, and_above, shown
from verifier.mounts import NETWORK_TYPES, Mount, mount_of, parse_mountinfo

__all__ = ["on_drives_of_parts", "on_its_drives"]

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
    first = files.paths(sorted(rows.tolist()))
    try:
        paths = {f"{held.root}/{path}": _topmost(host, held.root, path) for path in first}
    except AccessError as problem:
        return _unknown(found, f"what is mounted below it cannot be told: {problem.reason}")
    return _placed(host, found, paths)


def on_drives_of_parts(host: Host, found: Location, links: Iterable[str]) -> Location:
    """Say on which drives a repository is whose parts are mounted or linked into its folder.

    Parameters
    ----------
    host : Host
        Access to the machine.
    found : Location
        With the domains of its top folder, or of the one file that it is.
    links : iterable of str
        The links in it that are followed, by their paths in the folder.

    Returns
    -------
    Location
        Unchanged unless something with files in it lies elsewhere.
    """
    top = found.real_path
    if not host.local or top is None or found.inode is None:
        return found
    paths = {top: found.name}
    try:
        mounts = _Mounts(parse_mountinfo(host.read_text("/proc/self/mountinfo")))
        own = mounts.at(top)
        folder = top if host.stat(top).is_dir else top.rpartition("/")[0]
        for point in mounts.below(top):
            if _holds_files(host, point):
                paths[point] = point.removeprefix(f"{top}/")
        seen = {own}
        for link in links:
            real = host.resolve(f"{folder}/{link}")
            inner = (point for point in mounts.below(real) if _holds_files(host, point))
            for place in (real, *inner):
                if (where := mounts.at(place)) not in seen:
                    seen.add(where)
                    paths[place] = link
    except AccessError as problem:
        why = f"{shown(problem.path)}: {problem.reason}"
        return _unknown(found, f"where a part of it lies cannot be told: {why}")
    if len(paths) == 1:
        return found
    if len(paths) > _MOST_MOUNTS:
        return _unknown(found, f"its parts lie on {len(paths)} file systems")
    return _placed(host, found, paths)


class _Mounts:
    """The mounts of this machine that are not hidden by others."""

    def __init__(self, mounts: tuple[Mount, ...]) -> None:
        self._mounts = mounts

    def at(self, path: str) -> tuple[str, str]:
        """Name the mount that a path is on; by folder too, where its data's place hangs on it."""
        mount = mount_of(self._mounts, path)
        if mount is None:
            return ("", path)
        by_path = mount.file_system in NETWORK_TYPES or mount.file_system.startswith("fuse")
        return (mount.point, path.rpartition("/")[0] if by_path else "")

    def below(self, folder: str) -> Iterator[str]:
        """Yield the mount points below a folder."""
        start = f"{folder.rstrip('/')}/"
        for number, mount in enumerate(self._mounts):
            inside = mount.point.startswith(start)
            if inside and not any(_hides(later, mount) for later in self._mounts[number + 1 :]):
                yield mount.point


def _hides(later: Mount, mount: Mount) -> bool:
    return f"{mount.point}/".startswith(f"{later.point.rstrip('/')}/")


def _holds_files(host: Host, folder: str) -> bool:
    """Tell whether there is a file below a mount point, or may be where nobody can look."""
    if not host.stat(folder).is_dir:
        return True
    return any(entry.stat is None or not entry.stat.is_dir for entry in host.walk(folder))


def _placed(host: Host, found: Location, paths: dict[str, str]) -> Location:
    """Join the drives of some of its paths, each of which has a name for sentences."""
    places, fleeting = [], []
    for path, name in paths.items():
        try:
            place = place_of(host, path)
        except AccessError as problem:
            return _unknown(found, f"what is mounted below it cannot be told: {problem.reason}")
        if place.media_type.value == "memory":
            fleeting.append((place, shown(name)))
        else:
            places.append(place)
    if fleeting:
        parts = tuple(part for _, part in fleeting)
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
