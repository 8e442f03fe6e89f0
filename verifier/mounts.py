"""Mounts: which file system a path is on, and which server a network file system comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from verifier.networks import address_of

__all__ = [
    "MEMORY_TYPES",
    "NETWORK_TYPES",
    "Mount",
    "Remote",
    "is_own_address",
    "mount_of",
    "parse_fib_trie",
    "parse_hosts",
    "parse_mountinfo",
    "remote_of",
]

MEMORY_TYPES = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "rootfs"})
NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "ceph", "fuse.glusterfs", "afpfs"}
)
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of ``/proc/self/mountinfo``.

    Parameters
    ----------
    point : str
        Where it is mounted.
    root : str
        The folder of the file system that is shown there.
    device : str
        ``major:minor``.
    file_system : str
        Its type.
    source : str
        The device, dataset or server.
    options : str
        Those of the file system, not of the mount.
    """

    point: str
    root: str
    device: str
    file_system: str
    source: str
    options: str = ""

    def option(self, name: str) -> str | None:
        """Return the value of an option ``name=value``; None if it is not given."""
        for word in self.options.split(","):
            key, equals, value = word.partition("=")
            if equals and key == name:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Remote:
    """A server and what it exports."""

    server: str
    path: str


def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    """Read ``/proc/self/mountinfo``; lines that do not fit proc(5) are skipped.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    tuple of Mount
        In the order of mounting.
    """
    mounts = []
    # not splitlines: whoever may name a mount point could write a line of his own
    for line in text.split("\n"):
        left, dash, right = line.partition(" - ")
        before, after = left.split(" "), right.split(" ")
        if not dash or len(before) < 6 or len(after) < 2:
            continue
        point, root, source = _plain(before[4]), _plain(before[3]), _plain(after[1])
        options = _plain(after[2]) if len(after) > 2 else ""
        mounts.append(Mount(point, root, before[2], after[0], source, options))
    return tuple(mounts)


def mount_of(mounts: tuple[Mount, ...], path: str) -> Mount | None:
    """Return the mount that an absolute, resolved path is on; of stacked ones the last."""
    best: Mount | None = None
    for mount in mounts:
        prefix = mount.point.rstrip("/") + "/"
        below = (path + "/").startswith(prefix)
        if below and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def remote_of(mount: Mount) -> Remote | None:
    """Take the server out of a network mount's source; None if the source names none.

    Understands ``host:/export``, ``user@host:path``, ``[v6]:/export`` and ``//host/share``.
    """
    if mount.file_system not in NETWORK_TYPES:
        return None
    if mount.source.startswith("//"):
        server, _, path = mount.source[2:].partition("/")
        return Remote(server.lower(), path) if server else None
    found = re.fullmatch(r"(?:[^@/]*@)?(\[[0-9a-fA-F:.%]+\]|[^:/\[\]]+):(.*)", mount.source)
    return Remote(found[1].strip("[]").lower(), found[2]) if found else None


def parse_fib_trie(text: str) -> frozenset[str]:
    """Return this machine's own IPv4 addresses from ``/proc/net/fib_trie``."""
    own, address = set(), ""
    for line in text.split("\n"):
        words = line.split()
        if words[:1] == ["|--"] and len(words) > 1:
            address = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"]:
            own.add(address)
    return frozenset(own)


def parse_hosts(text: str) -> dict[str, frozenset[str]]:
    """Return the addresses of each name in ``/etc/hosts``, names in lower case."""
    names: dict[str, frozenset[str]] = {}
    for line in text.split("\n"):
        address, *called = line.partition("#")[0].split() or [""]
        for name in called:
            names[name.lower()] = names.get(name.lower(), frozenset()) | {address}
    return names


def is_own_address(
    server: str, hostname: str, own: frozenset[str], hosts: dict[str, frozenset[str]]
) -> bool:
    """Tell whether a server's name or address means this machine, without asking the network.

    Parameters
    ----------
    server : str
        Name or address.
    hostname : str
        This machine's name.
    own : frozenset of str
        This machine's addresses.
    hosts : dict
        Names that ``/etc/hosts`` defines.

    Returns
    -------
    bool
        True for loopback, own addresses and own names.
    """
    server = server.lower().rstrip(".")
    short = hostname.lower().partition(".")[0]
    if server in {"localhost", hostname.lower(), short, f"{short}.local"}:
        return True
    if server.endswith(".localhost"):
        return True
    return any(_is_own(address, own) for address in {server, *hosts.get(server, ())})


def _is_own(address: str, own: frozenset[str]) -> bool:
    found = address_of(address)
    if found is None:
        return False
    # who connects to 0.0.0.0 reaches this machine
    return str(found) in own or found.is_loopback or found.is_unspecified


def _plain(word: str) -> str:
    """Undo the octal escapes of proc(5)."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), word)
