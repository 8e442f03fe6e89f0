"""Which file system a tree is on, so that a disk put in another's place is not taken for it."""

from __future__ import annotations

import re

from verifier.access import AccessError
from verifier.host import Host

__all__ = ["volume_of"]

_BY_UUID = "/dev/disk/by-uuid"
_NAME = re.compile(r"^DEVNAME=(.+)$", re.MULTILINE)


def volume_of(host: Host, root: str) -> str:
    """Return the identity of the file system that holds a tree.

    Copies of one tree on two disks that are plugged in by turns have the same paths, sizes and
    times, and may even have the same inodes; what was read of one says nothing of the other.

    Parameters
    ----------
    host : Host
        Access to the machine.
    root : str
        A path; or the address of a place elsewhere, which is its own identity.

    Returns
    -------
    str
        ``"uuid:…"``; the device's number where it shows no UUID, so that a new number costs
        reading everything again; empty for what is not here.
    """
    try:
        device = host.stat(root).dev
    except AccessError:
        return ""
    number = f"{device >> 8 & 0xFFF}:{device & 0xFF | device >> 12 & 0xFFF00}"
    try:
        name = _NAME.search(host.read_text(f"/sys/dev/block/{number}/uevent"))
        for uuid in host.listdir(_BY_UUID) if name else ():
            if name and host.resolve(f"{_BY_UUID}/{uuid}") == f"/dev/{name[1]}":
                return f"uuid:{uuid}"
    except AccessError:
        pass
    return f"device:{number}"
