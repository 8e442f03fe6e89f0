"""Failure domains: from a path through mounts and stacked devices down to drives and host."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace

from verifier.blockdev import (
    BlockDevice,
    MdArray,
    below,
    media_type,
    parse_lsblk,
    parse_mdstat,
)
from verifier.host import AccessError, Host
from verifier.inventory import Domains, Drive, Evidence, Fact
from verifier.mounts import (
    MEMORY_TYPES,
    NETWORK_TYPES,
    Mount,
    Remote,
    is_own_address,
    mount_of,
    parse_fib_trie,
    parse_hosts,
    parse_mountinfo,
    remote_of,
)

__all__ = ["Place", "host_identity", "place_of"]

# machine-id(5) asks not to show the id itself; a keyed hash tells machines apart as well
_APPLICATION = b"threetwoone verifier host identity"
_MEANINGLESS_SERIAL = re.compile(
    r"0+|f+|x+|(0?123456789.*)|none|unknown|n/?a|default.*", re.IGNORECASE
)
_MAX_STACK = 8


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
    """

    real_path: str
    inode: tuple[int, int]
    domains: Domains
    media_type: Fact[str]


@dataclass(frozen=True, slots=True)
class _Stack:
    """What lies below a path; `drives` is None where nobody can tell."""

    drives: tuple[Drive, ...] | None = None
    pools: tuple[str, ...] = ()
    level: str | None = None
    degraded: bool = False
    media: frozenset[str | None] = field(default_factory=frozenset)
    source: str = ""
    evidence: Evidence = Evidence.MEASURED
    file_system: str | None = None
    server: str | None = None
    foreign: bool = False


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


def place_of(host: Host, path: str) -> Place:
    """Resolve a path to its failure domains.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        An existing path.

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
    stack = _Resolver(host, here.value or "unknown").stack(real_path)
    return Place(real_path, (facts.dev, facts.ino), _domains(stack, here), _medium(stack))


def _domains(stack: _Stack, here: Fact[str]) -> Domains:
    level: Fact[str] = Fact()
    if stack.level:
        level = Fact(stack.level, stack.evidence, stack.source)
    if stack.degraded:
        level = replace(level, source="/proc/mdstat: degraded")
    host = here
    if stack.server is not None:
        host = Fact(f"address:{stack.server}", Evidence.MEASURED, "mount table")
    elif stack.foreign:
        host = Fact(source=stack.source)
    return Domains(
        drives=Fact(source=stack.source)
        if stack.drives is None
        else Fact(stack.drives, stack.evidence, stack.source),
        pools=Fact(stack.pools, stack.evidence, stack.source) if stack.pools else Fact(),
        level=level,
        file_system=Fact(stack.file_system, Evidence.MEASURED, "mount table")
        if stack.file_system
        else Fact(),
        host=host,
    )


def _medium(stack: _Stack) -> Fact[str]:
    if len(stack.media) == 1:
        (medium,) = stack.media
        if medium is not None:
            return Fact(medium, stack.evidence, stack.source)
    if len(stack.media) > 1:
        return Fact(source="the drives are of different or unknown types")
    return Fact(source="the device does not tell its type")


class _Resolver:
    """Walks down from paths; reads the mount table and the device list once."""

    def __init__(self, host: Host, here: str) -> None:
        self._host = host
        self._here = here
        self._mounts: tuple[Mount, ...] | None = None
        self._devices: dict[str, BlockDevice] | None = None
        self._arrays: dict[str, MdArray] = {}
        self._trouble = ""

    def stack(self, path: str, depth: int = 0) -> _Stack:
        """Return what lies below an absolute path without symbolic links."""
        if depth > _MAX_STACK:
            return _Stack(source="files and devices are stacked too deep")
        if self._mounts is None:
            try:
                self._mounts = parse_mountinfo(self._host.read_text("/proc/self/mountinfo"))
            except AccessError as problem:
                self._mounts = ()
                self._trouble = str(problem)
        mount = mount_of(self._mounts, path)
        if mount is None:
            return _Stack(source=self._trouble or "no mount is known for the path")
        found = self._below_mount(mount, path, depth)
        pool = f"fs:{self._here}/{mount.device}"
        # what memory and exports are is said below; an export has a new number at each mounting
        named = found.server is not None or mount.file_system in MEMORY_TYPES
        pools = found.pools if named else (pool, *found.pools)
        return replace(found, pools=pools, file_system=mount.file_system)

    def _below_mount(self, mount: Mount, path: str, depth: int) -> _Stack:
        kind = mount.file_system
        if kind in MEMORY_TYPES:
            pool = f"{kind}:{self._here}/{mount.device}"
            return _Stack((), (pool,), media=frozenset({"memory"}), source=f"{kind} is memory")
        if kind in NETWORK_TYPES:
            return self._network(mount, path, depth)
        if kind in {"zfs", "fuse.zfs"}:
            pool = f"zpool:{self._here}/{mount.source.partition('/')[0]}"
            return _Stack(pools=(pool,), source="the pool's drives were not asked for")
        if kind == "btrfs":
            return self._btrfs(mount, depth)
        if kind == "fuse.rclone" and mount.source.startswith("/"):
            return self._elsewhere_here(mount, mount.source, path, depth)
        if kind.startswith("fuse.") or kind in {"9p", "virtiofs", "vboxsf"}:
            reason = f"{kind} does not tell where the data is"
            return _Stack(source=reason, foreign=True)
        if mount.device.startswith("0:"):
            return _Stack(source=f"{kind} does not tell its device")
        return self._device(mount.device, depth)

    def _network(self, mount: Mount, path: str, depth: int) -> _Stack:
        remote = remote_of(mount)
        if remote is None:
            return _Stack(source=f"the server of {mount.source} is not known", foreign=True)
        if self._is_here(remote):
            return self._elsewhere_here(mount, remote.path, path, depth)
        pool = f"export:{remote.server}/{remote.path.lstrip('/')}"
        reason = f"the drives of server {remote.server} cannot be seen from here"
        return _Stack(pools=(pool,), source=reason, server=remote.server)

    def _is_here(self, remote: Remote) -> bool:
        try:
            own = parse_fib_trie(self._host.read_text("/proc/net/fib_trie"))
        except AccessError:
            own = frozenset()
        try:
            hosts = parse_hosts(self._host.read_text("/etc/hosts"))
        except AccessError:
            hosts = {}
        try:
            name = self._host.hostname()
        except AccessError:
            name = "localhost"
        return is_own_address(remote.server, name, own, hosts)

    def _elsewhere_here(self, mount: Mount, origin: str, path: str, depth: int) -> _Stack:
        """Follow a mount that shows a folder of this same machine under another path."""
        inner = path[len(mount.point.rstrip("/")) :].lstrip("/")
        reason = f"{mount.source} is a folder of this same host"
        try:
            real = self._host.resolve("/".join((origin.rstrip("/"), inner)).rstrip("/") or "/")
        except AccessError:
            return _Stack(source=reason)
        if not origin.startswith("/"):
            return _Stack(source=reason)
        found = self.stack(real, depth + 1)
        return replace(
            found,
            pools=(*found.pools, f"path:{self._here}/{real}"),
            source=reason,
            evidence=Evidence.INFERRED,
        )

    def _btrfs(self, mount: Mount, depth: int) -> _Stack:
        """Find all devices of the file system whose one device the mount table names."""
        first = mount.source.rpartition("/")[2]
        try:
            first = self._host.resolve(mount.source).rpartition("/")[2]
            for uuid in self._host.listdir("/sys/fs/btrfs"):
                if len(uuid) != 36:
                    continue
                members = self._host.listdir(f"/sys/fs/btrfs/{uuid}/devices")
                if first in members:
                    stacks = [self._named(member, depth) for member in members]
                    return _joined(stacks, f"btrfs:{uuid}")
        except AccessError as problem:
            return _Stack(source=str(problem))
        return replace(self._named(first, depth), level=None)

    def _device(self, number: str, depth: int) -> _Stack:
        for device in self._known().values():
            if device.number == number:
                return self._named(device.kname, depth)
        return _Stack(source=self._trouble or f"lsblk does not list device {number}")

    def _named(self, kname: str, depth: int) -> _Stack:
        devices = below(self._known(), kname)
        if not devices:
            return _Stack(source=self._trouble or f"lsblk does not list {kname}")
        stack = _Stack(drives=(), source="lsblk")
        for device in devices:
            stack = _joined([stack, self._layer(device, depth)])
        return stack

    def _layer(self, device: BlockDevice, depth: int) -> _Stack:
        """Return what one device adds: itself as a pool, or as a drive if nothing is below it."""
        pool = f"{device.type}:{self._here}/{device.number}"
        if device.kname.startswith(("zram", "ram")):
            pool = f"memory:{self._here}/{device.kname}"
            return _Stack((), (pool,), media=frozenset({"memory"}), source="lsblk")
        if device.type == "loop":
            return self._loop(device, depth)
        array = self._arrays.get(device.kname)
        if array is not None:
            pool = f"md:{self._array_identity(device)}"
            return _Stack((), (pool,), array.level, bool(array.degraded), source="/proc/mdstat")
        if device.parents:
            mirrored = any(re.search(r"_[rm]image_\d+$", name) for name in self._names(device))
            level = device.type if device.type.startswith("raid") else None
            return _Stack((), (pool,), "lvm-raid" if mirrored else level, source="lsblk")
        if device.type in {"disk", "rom"}:
            return _Stack(
                (self._drive(device),), media=frozenset({media_type(device)}), source="lsblk"
            )
        return _Stack(pools=(pool,), source=f"nothing is known below {device.name}")

    def _loop(self, device: BlockDevice, depth: int) -> _Stack:
        try:
            file = self._host.read_text(f"/sys/block/{device.kname}/loop/backing_file").rstrip("\n")
            real = self._host.resolve(file)
        except AccessError as problem:
            return _Stack(source=f"the file below {device.name} is out of sight: {problem.reason}")
        found = self.stack(real, depth + 1)
        return replace(found, pools=(f"loop:{self._here}/{real}", *found.pools))

    def _drive(self, device: BlockDevice) -> Drive:
        serial = device.serial or self._sysfs(device.kname, "device/serial")
        wwn = device.wwn or self._sysfs(device.kname, "wwid", "device/wwid")
        key = f"device:{self._here}/{device.number}"
        if device.kname.startswith(("vd", "xvd")):
            wwn = None
            serial = None  # a name that the hypervisor chose, often the same for many disks
        if serial and not _MEANINGLESS_SERIAL.fullmatch(serial):
            key = f"serial:{serial}"
        elif wwn:
            key = f"wwn:{wwn}"
        return Drive(
            key=key,
            device=device.kname,
            model=device.model,
            serial=serial,
            size_bytes=device.size_bytes,
            media_type=media_type(device),
            transport=device.transport or ("virtio" if "virtio" in device.subsystems else None),
        )

    def _sysfs(self, kname: str, *names: str) -> str | None:
        for name in names:
            try:
                if value := self._host.read_text(f"/sys/block/{kname}/{name}").strip():
                    return value
            except AccessError:
                continue
        return None

    def _array_identity(self, device: BlockDevice) -> str:
        """Return the array's UUID, which its members carry, else its number on this host."""
        uuids = {self._known()[name].uuid for name in device.parents if name in self._known()}
        if len(uuids) == 1 and (uuid := uuids.pop()):
            return uuid
        return f"{self._here}/{device.number}"

    def _names(self, device: BlockDevice) -> list[str]:
        return [self._known()[name].name for name in device.parents if name in self._known()]

    def _known(self) -> dict[str, BlockDevice]:
        if self._devices is not None:
            return self._devices
        self._devices = {}
        try:
            listed = self._host.run(["lsblk", "--json", "-b", "-O"], timeout=30.0)
            self._devices = parse_lsblk(listed.stdout)
        except (AccessError, ValueError) as problem:
            self._trouble = f"the block devices could not be listed: {problem}"
        try:
            self._arrays = parse_mdstat(self._host.read_text("/proc/mdstat"))
        except AccessError:
            self._arrays = {}
        return self._devices


def _joined(stacks: list[_Stack], pool: str | None = None) -> _Stack:
    """Put layers together; one layer of unknown drives makes the drives of all unknown."""
    unknown = [stack for stack in stacks if stack.drives is None]
    drives = {drive.key: drive for stack in stacks for drive in stack.drives or ()}
    pools = dict.fromkeys(
        [*([pool] if pool else []), *(name for stack in stacks for name in stack.pools)]
    )
    weak = [stack for stack in stacks if stack.evidence is not Evidence.MEASURED]
    return _Stack(
        drives=None if unknown else tuple(drives.values()),
        pools=tuple(pools),
        level=next((stack.level for stack in stacks if stack.level), None),
        degraded=any(stack.degraded for stack in stacks),
        media=frozenset().union(*(stack.media for stack in stacks)),
        source=(unknown or weak or stacks)[0].source,
        evidence=weak[0].evidence if weak else Evidence.MEASURED,
        server=next((stack.server for stack in stacks if stack.server), None),
        foreign=any(stack.foreign for stack in stacks),
    )
