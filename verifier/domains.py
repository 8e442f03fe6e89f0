"""Failure domains: from a path through mounts and stacked devices down to drives and host."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field

from verifier.host import AccessError, Host
from verifier.inventory import Domains, Drive, Evidence, Fact
from verifier.resolver import Resolver, mount_at
from verifier.stack import Stack

__all__ = ["Place", "host_identity", "mount_at", "place_of", "pool_place"]

# machine-id(5) asks not to show the id itself; a keyed hash tells machines apart as well
_APPLICATION = b"threetwoone verifier host identity"
_DEVICES_HOLD_S = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path really is.

    Parameters
    ----------
    real_path : str
        The path after symbolic links.
    inode : tuple of (int, int)
        Device and inode.
    domains : Domains
        Drives, pools, RAID level, file system and host.
    media_type : Fact of str
        Medium of the drives, if all agree; ``"memory"`` for tmpfs and the like.
    encrypted : Fact of bool
        True if a layer below encrypts; unknown otherwise, for the files may be encrypted.
    """

    real_path: str
    inode: tuple[int, int] | None
    domains: Domains
    media_type: Fact[str]
    encrypted: Fact[bool] = field(default_factory=Fact)


def host_identity(host: Host) -> Fact[str]:
    """Say which machine this is, so that recordings of one machine meet.

    Parameters
    ----------
    host : Host
        Access to the machine.

    Returns
    -------
    Fact of str
        ``"machine:…"``, a hash of the machine-id, else ``"name:…"``, the host name.
    """
    try:
        machine = host.read_text("/etc/machine-id").strip()
    except AccessError:
        machine = ""
    if re.fullmatch(r"[0-9a-f]{32}", machine):
        digest = hmac.new(bytes.fromhex(machine), _APPLICATION, hashlib.sha256).hexdigest()
        return Fact(f"machine:{digest[:16]}", Evidence.MEASURED, "/etc/machine-id")
    try:
        return Fact(f"name:{host.hostname()}", Evidence.INFERRED, "host name")
    except AccessError as problem:
        return Fact(source=problem.reason)


def place_of(host: Host, path: str, resolver: Resolver | None = None) -> Place:
    """Resolve a path to its failure domains.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        An existing path.
    resolver : Resolver, optional
        One that has listed the devices already, for many paths.

    Returns
    -------
    Place
        With unknown facts where the system does not tell, each with the reason as its source.

    Raises
    ------
    AccessError
        If the path itself cannot be reached.
    """
    real_path = host.resolve(path)
    facts = host.stat(real_path)
    here = host_identity(host)
    stack = (resolver or _resolver(host, here.value or "unknown")).stack(real_path)
    return _place(real_path, (facts.dev, facts.ino), stack, here)


def pool_place(host: Host, dataset: str) -> Place:
    """Resolve a ZFS dataset that need not be mounted to its failure domains.

    Parameters
    ----------
    host : Host
        Access to the machine.
    dataset : str
        ``pool/dataset``, perhaps with ``@snapshot``.

    Returns
    -------
    Place
    """
    here = host_identity(host)
    stack = _resolver(host, here.value or "unknown").pool(re.split("[/@]", dataset)[0])
    return _place(dataset, None, stack, here)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A resolver, the mounts that it knows, and since when it has listed the devices."""

    resolver: Resolver
    here: str
    mounts: str
    since: float


def _resolver(host: Host, here: str) -> Resolver:
    """Return the host's resolver; a new one once something was mounted, or after a minute.

    Listing the devices takes longer than looking at a small location.
    """
    try:
        mounts = host.read_text("/proc/self/mountinfo")
    except AccessError:
        mounts = ""
    kept, now = host.kept.get("resolver"), time.monotonic()
    same = isinstance(kept, _Kept) and (kept.here, kept.mounts) == (here, mounts)
    if isinstance(kept, _Kept) and same and now - kept.since < _DEVICES_HOLD_S:
        return kept.resolver
    host.kept["resolver"] = made = _Kept(Resolver(host, here), here, mounts, now)
    return made.resolver


def _place(path: str, inode: tuple[int, int] | None, stack: Stack, here: Fact[str]) -> Place:
    crypt = Fact(True, Evidence.MEASURED, "a dm-crypt layer below it") if stack.encrypted else None
    return Place(path, inode, _domains(stack, here), _medium(stack), crypt or Fact())


def _domains(stack: Stack, here: Fact[str]) -> Domains:
    host = here
    if stack.server is not None:
        host = Fact(f"address:{stack.server}", Evidence.MEASURED, "mount table")
    elif stack.foreign:
        host = Fact(source=stack.source)
    degraded: Fact[bool] = Fact()
    if stack.trouble is not None:
        words = stack.trouble or stack.source
        degraded = Fact(bool(stack.trouble), Evidence.MEASURED, words)
    return Domains(
        drives=Fact(source=stack.source)
        if stack.drives is None
        else Fact(stack.drives, stack.evidence, stack.source),
        pools=Fact(stack.pools, stack.evidence, stack.source) if stack.pools else Fact(),
        level=Fact(stack.level, stack.evidence, stack.source) if stack.level else Fact(),
        degraded=degraded,
        file_system=Fact(stack.file_system, Evidence.MEASURED, "mount table")
        if stack.file_system
        else Fact(),
        mounted=Fact(stack.mounted, Evidence.MEASURED, "mount table") if stack.mounted else Fact(),
        host=host,
    )


def _medium(stack: Stack) -> Fact[str]:
    if len(stack.media) == 1:
        (medium,) = stack.media
        if medium is not None:
            return Fact(medium, stack.evidence, stack.source)
    if len(stack.media) > 1:
        return Fact(source="the drives are of different or unknown types")
    named = [_called(drive) for drive in stack.drives or () if drive.transport or drive.model]
    return Fact(source=f"{named[0] if named else 'the device'} does not tell its type")


def _called(drive: Drive) -> str:
    """Name a drive by its bus, so that a medium nobody can tell is not nothing at all."""
    bus = {"usb": "USB", "nvme": "NVMe", "sata": "SATA", "sas": "SAS", "virtio": "virtual"}
    kind = bus.get(drive.transport or "", drive.transport or "")
    model = f" ({drive.model})" if drive.model else ""
    return f"the {kind} drive {drive.device}{model}".replace("  ", " ")
