"""Borg 2 repositories, by signature and the names of their archives."""

from __future__ import annotations

import re
from dataclasses import replace

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Location, Points
from verifier.manifest import Manifest, instant
from verifier.probes._digests import closed, small_text
from verifier.probes._keys import declared_key
from verifier.target import Target

__all__ = ["collect", "detect"]

README = b"This is a Borg Backup repository"
_ID = re.compile(r"[0-9a-f]{64}")


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory is a borg 2 store."""
    if not host.stat(path).is_dir or not {"config", "archives"} <= set(host.listdir(path)):
        return False
    try:
        with host.open(f"{path}/config/readme") as file:
            return README in file.read(1000)
    except AccessError:
        return False


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Count the archives, which are files named by their ids.

    Parameters
    ----------
    host, target, source, depth, found
        As for every probe; ids are keyed, so no depth beyond ``LISTED`` can be reached.

    Returns
    -------
    Location
        Deleted archives have the suffix ``.del`` and are not counted. The coverage is unknown.
    """
    path = found.real_path or target.address
    times = []
    count = 0
    for name in host.listdir(f"{path}/archives"):
        if _ID.fullmatch(name):
            count += 1
            if written := instant(host.stat(f"{path}/archives/{name}").mtime_ns):
                times.append(written)
    located = replace(found, kind="borg2", points=Points.at(times), depth=Depth.LISTED)
    located = replace(located, points=replace(located.points, count=count))
    try:
        identity = small_text(host, f"{path}/config/id", 1000).strip()
        if _ID.fullmatch(identity):
            located = replace(located, lineage=(f"borg-repository:{identity}",))
    except (AccessError, ValueError):
        pass
    return closed(declared_key(host, target, located), "borg 2 is not run")
