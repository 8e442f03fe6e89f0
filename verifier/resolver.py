"""From a path through mounts, pools and exports down to the devices of one machine."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace

from verifier.devices import Devices
from verifier.host import AccessError, Host
from verifier.inventory import Evidence
from verifier.mounts import (
    MEMORY_TYPES,
    NETWORK_TYPES,
    Mount,
    Remote,
    mount_of,
    parse_hosts,
    parse_mountinfo,
    remote_of,
)
from verifier.neighbours import is_here, within
from verifier.ssh_config import looked_up
from verifier.stack import Stack, joined
from verifier.zpool import Pool, parse_zpool_status

__all__ = ["ZFS_TYPES", "Resolver", "mount_at"]

ZFS_TYPES = frozenset({"zfs", "fuse.zfs"})
_MAX_STACK = 8
_POOL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.: -]*")
_TAPE_NODE = re.compile(r"/dev/(n?st\d+[alm]?|sg\d+|sch\d+)")
_LTFS_SOURCE = re.compile(r"ltfs:(?:/dev/)?(\w+)")
_BTRFS_PROFILES = ("raid1c4", "raid1c3", "raid10", "raid1", "raid6", "raid5", "raid0", "dup")


def mount_at(host: Host, path: str) -> Mount | None:
    """Return the mount that a resolved path is on; None if nobody can tell.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        Absolute, without symbolic links.

    Returns
    -------
    Mount or None
    """
    if not host.local:
        return None
    try:
        return mount_of(parse_mountinfo(host.read_text("/proc/self/mountinfo")), path)
    except AccessError:
        return None


class Resolver:
    """Walks down from paths; reads the mount table, the devices and each pool once.

    Parameters
    ----------
    host : Host
        Access to the machine.
    here : str
        Identity of the machine, which makes device numbers and paths unique.
    """

    def __init__(self, host: Host, here: str) -> None:
        self._host = host
        self._here = here
        self._devices = Devices(host, here, self.stack)
        self._mounts: tuple[Mount, ...] | None = None
        self._trouble = ""
        self._pools: dict[str, tuple[Pool | None, str]] = {}

    def stack(self, path: str, depth: int = 0) -> Stack:
        """Return what lies below an absolute path without symbolic links."""
        if depth > _MAX_STACK:
            return Stack(source="files and devices are stacked too deep")
        if node := _TAPE_NODE.fullmatch(path):
            return self._devices.tape(node[1], depth)
        if path.startswith("/dev/") and self._is_block(path):
            return self._devices.named(path.rpartition("/")[2], depth)
        if self._mounts is None:
            try:
                self._mounts = parse_mountinfo(self._host.read_text("/proc/self/mountinfo"))
            except AccessError as problem:
                self._mounts = ()
                self._trouble = str(problem)
        mount = mount_of(self._mounts, path)
        if mount is None:
            return Stack(source=self._trouble or "no mount is known for the path")
        found = self._below_mount(mount, path, depth)
        pool = f"fs:{self._here}/{mount.device}"
        # what memory and exports are is said below; an export has a new number at each mounting
        named = found.server is not None or mount.file_system in MEMORY_TYPES
        pools = found.pools if named else (pool, *found.pools)
        return replace(found, pools=pools, file_system=mount.file_system, mounted=mount.point)

    def pool(self, name: str, depth: int = 0) -> Stack:
        """Return what a ZFS pool stands on."""
        identity = f"zpool:{self._here}/{name}"
        if name not in self._pools:
            self._pools[name] = self._zpool(name)
        pool, why = self._pools[name]
        if pool is None:
            return Stack(pools=(identity,), source=why)
        source = f"zpool status {name}"
        stacks = [Stack((), (), pool.level, pool.trouble if pool.level else None, source=source)]
        for vdev in pool.vdevs:
            if vdev.name.startswith("/dev/"):
                stacks.append(self._node(vdev.name, depth))
            elif vdev.name.startswith("/"):
                stacks.append(self._file(vdev.name, depth))
            elif not vdev.name.isdigit():  # a number stands for a device that is not there
                stacks.append(self._node(f"/dev/{vdev.name}", depth))
        found = joined(stacks, identity)
        trouble = pool.trouble or (found.trouble if pool.level is None else "")
        return replace(found, trouble=trouble, source=found.source or source)

    def _zpool(self, name: str) -> tuple[Pool | None, str]:
        if not _POOL_NAME.fullmatch(name):
            return None, "the pool has a name that ZFS would not give"
        for options in (["-P", "-L"], []):  # zfs-fuse does not know the options
            try:
                ended = self._host.run(["zpool", "status", *options, name], timeout=30.0)
            except AccessError as problem:
                return None, f"the pool's drives are not known: {problem}"
            found = parse_zpool_status(ended.stdout).get(name)
            if found is not None:
                return found, ""
        return None, "the pool's drives are not known: zpool status does not show the pool"

    def _file(self, path: str, depth: int) -> Stack:
        try:
            real = self._host.resolve(path)
        except AccessError as problem:
            return Stack(source=f"the file below the pool is out of sight: {problem}")
        image = Stack((), (f"loop:{self._here}/{real}",), source="zpool status")
        return joined([image, self.stack(real, depth + 1)])

    def _node(self, path: str, depth: int) -> Stack:
        with contextlib.suppress(AccessError):  # the name may still be the kernel's own
            path = self._host.resolve(path)
        return self._devices.named(path.rpartition("/")[2], depth)

    def _is_block(self, path: str) -> bool:
        try:
            return self._host.stat(path).is_block
        except AccessError:
            return False

    def _below_mount(self, mount: Mount, path: str, depth: int) -> Stack:
        kind = mount.file_system
        if kind in MEMORY_TYPES:
            pool = f"{kind}:{self._here}/{mount.device}"
            return Stack((), (pool,), media=frozenset({"memory"}), source=f"{kind} is memory")
        if kind in NETWORK_TYPES:
            return self._network(mount, path, depth)
        if kind in ZFS_TYPES:
            return self.pool(re.split("[/@]", mount.source)[0], depth)
        if kind == "btrfs":
            return self._btrfs(mount, depth)
        if kind == "overlay":
            return self._overlay(mount, depth)
        if ltfs := _LTFS_SOURCE.fullmatch(mount.source):
            return self._devices.tape(ltfs[1], depth)
        if kind == "fuse.rclone" and mount.source.startswith("/"):
            return self._elsewhere_here(mount, mount.source, path, depth)
        if kind.startswith("fuse.") or kind in {"9p", "virtiofs", "vboxsf"}:
            reason = f"{kind} does not tell where the data is"
            return Stack(source=reason, foreign=True)
        if mount.device.startswith("0:"):
            return Stack(source=f"{kind} does not tell its device")
        return self._devices.numbered(mount.device, depth)

    def _network(self, mount: Mount, path: str, depth: int) -> Stack:
        remote = remote_of(mount)
        if remote is None:
            return Stack(source=f"the server of {mount.source} is not known", foreign=True)
        if is_here(self._host, remote.server):
            return self._elsewhere_here(mount, remote.path, path, depth)
        # what sshfs names without a slash starts at a home folder that is not known here
        home = "~/" if mount.file_system == "fuse.sshfs" and remote.path[:1] != "/" else ""
        inner = f"{home}{remote.path.lstrip('/')}"
        names = self._names(remote, mount)
        pools = tuple(f"export:{name}/{inner}" for name in names)
        if inside := within(self._host, *names):
            return Stack(pools=pools, source=f"{inside}, and its drives cannot be seen")
        reason = f"the drives of server {remote.server} cannot be seen from here"
        return Stack(pools=pools, source=reason, server=remote.server)

    def _names(self, remote: Remote, mount: Mount) -> tuple[str, ...]:
        """Return the name of a server and the addresses it has here: two names may be one host."""
        names = [remote.server]
        if mount.file_system == "fuse.sshfs":
            called = looked_up(self._host, remote.server).get("hostname")
            names += [str(called).lower()] if called else []
        try:
            hosts = parse_hosts(self._host.read_text("/etc/hosts"))
        except AccessError:
            hosts = {}
        # the kernel shows the address that it asked the network for
        names += [mount.option("addr") or ""]
        names += [address for name in tuple(names) for address in sorted(hosts.get(name, ()))]
        return tuple(dict.fromkeys(name for name in names if name))

    def _elsewhere_here(self, mount: Mount, origin: str, path: str, depth: int) -> Stack:
        """Follow a mount that shows a folder of this same machine under another path."""
        inner = path[len(mount.point.rstrip("/")) :].lstrip("/")
        reason = f"{mount.source} is a folder of this same host"
        try:
            real = self._host.resolve("/".join((origin.rstrip("/"), inner)).rstrip("/") or "/")
        except AccessError:
            return Stack(source=reason)
        if not origin.startswith("/"):
            return Stack(source=reason)
        found = self.stack(real, depth + 1)
        return replace(
            found,
            pools=(*found.pools, f"path:{self._here}/{real}"),
            source=reason,
            evidence=Evidence.INFERRED,
        )

    def _overlay(self, mount: Mount, depth: int) -> Stack:
        """Return what the upper and lower folders stand on, if this machine shows them."""
        named = [mount.option("upperdir") or "", *(mount.option("lowerdir") or "").split(":")]
        folders = [folder for folder in dict.fromkeys(named) if folder.startswith("/")]
        stacks = []
        for folder in folders[:64]:
            try:
                real = self._host.resolve(folder)
            except AccessError:
                return Stack(source=f"the folder {folder} below the overlay is out of sight")
            if mount_of(self._mounts or (), real) == mount:
                # a path of another name space: a container sees its own root there
                return Stack(source="the folders below the overlay are out of sight")
            stacks.append(self.stack(real, depth + 1))
        if not stacks:
            return Stack(source="overlay does not tell its device")
        return replace(joined(stacks), evidence=Evidence.INFERRED)

    def _btrfs(self, mount: Mount, depth: int) -> Stack:
        """Find all devices of the file system whose one device the mount table names."""
        first = mount.source.rpartition("/")[2]
        try:
            first = self._host.resolve(mount.source).rpartition("/")[2]
            for uuid in self._host.listdir("/sys/fs/btrfs"):
                if len(uuid) != 36:
                    continue
                members = self._host.listdir(f"/sys/fs/btrfs/{uuid}/devices")
                if first in members:
                    found = joined(
                        (self._devices.named(m, depth) for m in members), f"btrfs:{uuid}"
                    )
                    folder = f"/sys/fs/btrfs/{uuid}"
                    return self._with_profile(found, folder, len(members))
        except AccessError as problem:
            return Stack(source=str(problem))
        return replace(self._devices.named(first, depth), level=None)

    def _with_profile(self, found: Stack, folder: str, members: int) -> Stack:
        """Add how the data is spread; ``dup`` is twice on one drive, which is no redundancy."""
        missing = 0
        try:
            profiles = set(self._host.listdir(f"{folder}/allocation/data")) & {*_BTRFS_PROFILES}
            profiles |= {"single"} & set(self._host.listdir(f"{folder}/allocation/data"))
            for number in self._host.listdir(f"{folder}/devinfo"):
                missing += self._host.read_text(f"{folder}/devinfo/{number}/missing").strip() == "1"
        except AccessError:
            profiles = set()
        many = members + missing > 1
        # while a conversion runs there are several; the weakest says what a lost drive costs
        weakest = max(profiles, key=("", *_BTRFS_PROFILES, "single").index, default=None)
        level = weakest if many and weakest != "dup" else found.level
        if many and weakest in {"single", "dup"}:
            level = "raid0"
        trouble = f"{missing} device(s) of the btrfs file system are missing" if missing else ""
        if many:
            return replace(found, level=level, trouble=trouble or found.trouble or "")
        return replace(found, level=level)
