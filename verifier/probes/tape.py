"""Tape drives and libraries, told by what the system knows: a tape is never read or moved."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Fact, Location
from verifier.manifest import Manifest
from verifier.tapes import Cartridge, parse_mtx
from verifier.target import Target

__all__ = ["collect", "detect"]

_NODE = re.compile(r"/dev/(tape/.*|n?st\d+[alm]?|sch\d+)")


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is a tape drive or a changer."""
    return host.local and bool(_NODE.fullmatch(path)) and not host.stat(path).is_dir


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Say what drive or library it is, and which cartridges the library reports.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        Not used: what is on a tape stays unknown.
    depth : Depth
        Not used: reading a tape wears it and moves it from where a backup job left it.
    found : Location
        What is already known; its domains name the drive.

    Returns
    -------
    Location
    """
    del source, depth
    reason = "a tape is not read or moved for an audit, so that nobody knows what is on it"
    path = found.real_path or target.address
    cartridges = _cartridges(host, path.rpartition("/")[2])
    if cartridges:
        count = Counter(one.generation or "unlabelled" for one in cartridges)
        held = ", ".join(f"{number} {kind}" for kind, number in sorted(count.items()))
        reason = f"the library holds cartridges ({held}); {reason}"
    return replace(found, kind="tape", reason=reason, coverage=Fact(source=reason))


def _cartridges(host: Host, changer: str) -> tuple[Cartridge, ...]:
    """Ask a changer what it holds, which moves nothing; it answers at its generic device."""
    if not changer.startswith("sch"):
        return ()
    try:
        (generic,) = host.listdir(f"/sys/class/scsi_changer/{changer}/device/scsi_generic")
        return parse_mtx(host.run(["mtx", "-f", f"/dev/{generic}", "status"], timeout=30.0).stdout)
    except (AccessError, ValueError):
        return ()
