"""btrfs subvolumes and snapshots; a received one names the snapshot that it was made from."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from verifier.domains import mount_at
from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points, Snapshot
from verifier.manifest import Manifest
from verifier.mounts import Mount
from verifier.probes import directory
from verifier.probes.archive import parse_date
from verifier.target import Target

__all__ = ["Subvolume", "collect", "detect", "parse_list", "snapshots_at"]

_SUBVOLUME_INODE = 256  # the root of every subvolume has this number
_UUID = r"[0-9a-f-]{36}"
_LINE = re.compile(
    rf"ID (\d{{1,18}}) .*?(?:parent_uuid (-|{_UUID})\s+)?received_uuid (-|{_UUID})"
    rf"\s+uuid (-|{_UUID}) path (.*)"
)
_TAKEN = re.compile(r"ID (\d{1,18}) .*?otime (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) path ")
_READ_ONLY = re.compile(r"ID (\d{1,18}) ")
_MAX_ASKED = 64


@dataclass(frozen=True, slots=True)
class Subvolume:
    """One subvolume; its path starts at the top of the file system."""

    number: int
    path: str
    uuid: str
    parent: str | None = None
    received: str | None = None
    taken: datetime | None = None
    read_only: bool = False

    @property
    def identity(self) -> str:
        """What a snapshot keeps when it is sent: its own UUID, or that it was received with."""
        return f"btrfs-uuid:{self.received or self.uuid}"


def parse_list(listed: str, taken: str = "", read_only: str = "") -> tuple[Subvolume, ...]:
    """Read ``btrfs subvolume list``.

    Parameters
    ----------
    listed : str
        Output with ``-pcguqR``.
    taken, read_only : str
        Outputs with ``-s`` and ``-r``, in UTC.

    Returns
    -------
    tuple of Subvolume
        In the order of the output; lines of another shape are skipped.
    """
    times = {found[1]: _time(found[2]) for found in map(_TAKEN.match, taken.split("\n")) if found}
    fixed = {found[1] for found in map(_READ_ONLY.match, read_only.split("\n")) if found}
    found = []
    for line in listed.split("\n"):
        row = _LINE.match(line)
        if row:
            parent, received = (None if uuid in ("-", None) else uuid for uuid in row.group(2, 3))
            found.append(
                Subvolume(
                    int(row[1]),
                    row[5],
                    row[4],
                    parent,
                    received,
                    times.get(row[1]),
                    row[1] in fixed,
                )
            )
    return tuple(found)


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is a btrfs snapshot, or a folder that holds subvolumes."""
    mount = mount_at(host, path)
    if mount is None or mount.file_system != "btrfs" or not host.stat(path).is_dir:
        return False
    if host.stat(path).ino == _SUBVOLUME_INODE:
        return bool(_received_or_fixed(host, path, mount))
    return any(
        host.stat(f"{path}/{name}").ino == _SUBVOLUME_INODE for name in host.listdir(path)[:1000]
    )


def snapshots_at(host: Host, path: str) -> tuple[Snapshot, ...]:
    """Return the read-only snapshots of the subvolume that a resolved path is in, if any."""
    mount = mount_at(host, path)
    if mount is None or mount.file_system != "btrfs":
        return ()
    try:
        known = _subvolumes(host, path)
    except AccessError:
        return ()
    inside = f"{_at_top(mount, path)}/"
    above = [one for one in known if inside.startswith(f"{one.path}/")]
    if not above:
        return ()
    own = max(above, key=lambda one: len(one.path))
    return _snapshots(host, mount, [one for one in known if one.parent == own.uuid])


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine one snapshot, or a folder of snapshots by its newest.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        Wanted depth.
    found : Location
        What is already known.

    Returns
    -------
    Location
        As a directory if the snapshots cannot be listed, which takes root, or are none.
    """
    path = found.real_path or target.address
    mount = mount_at(host, path)
    try:
        known = _subvolumes(host, path) if mount else ()
    except AccessError:
        known = ()
    held = _received_or_fixed(host, path, mount, known) if mount else []
    snapshots = _snapshots(host, mount, held) if mount else ()
    if mount is None or not snapshots:
        return directory.collect(host, target, source, depth, found)
    newest = snapshots[-1]
    root = _as_seen(mount, newest.name) or path
    located = directory.collect(host, target, source, depth, replace(found, real_path=root))
    open_ = [one for one in known if _inside(one, mount, path) and not one.read_only]
    arriving = any(one.received for one in held)
    unreceived = [one for one in open_ if arriving and not one.received]
    copies = [one for one in unreceived if _is_working_copy(one, known)]
    breaks = tuple(
        f"{one.path} was not received to its end." for one in unreceived if one not in copies
    )
    notes = [
        f"{one.path} can be written to: a working copy of a snapshot, or an increment that was not "
        "received to its end"
        for one in copies
    ]
    return replace(
        located,
        kind="btrfs",
        tool="btrfs",
        real_path=path,
        reason="; ".join(filter(None, (located.reason, *notes))),
        points=Points.at(
            (one.time for one in snapshots if one.time),
            breaks=breaks,
            consistency=Fact("crash", Evidence.INFERRED, "a btrfs snapshot is one instant"),
        ),
        immutable=Fact(False, Evidence.INFERRED, "root can delete read-only snapshots"),
        snapshots=snapshots,
        lineage=tuple(one.identity for one in snapshots),
    )


def place_of_snapshot(host: Host, path: str, name: str) -> str:
    """Return where a snapshot of the file system that a path is in can be seen."""
    mount = mount_at(host, path)
    return (_as_seen(mount, name) if mount else None) or path


def _is_working_copy(one: Subvolume, known: tuple[Subvolume, ...]) -> bool:
    """Tell a writable snapshot of what was received from an increment that is on its way.

    btrfs keeps the same facts of both; but what arrives has its sender's name, which is dated as
    those of its siblings are. Neither counts as a point.
    """
    return any(one.parent == other.uuid for other in known) and (
        parse_date(one.path.rpartition("/")[2]) is None
    )


def _subvolumes(host: Host, path: str) -> tuple[Subvolume, ...]:
    outputs = [
        host.run(["btrfs", "subvolume", "list", option, path], timeout=60.0).stdout
        for option in ("-pcguqR", "-s", "-r")
    ]
    return parse_list(*outputs)


def _received_or_fixed(
    host: Host, path: str, mount: Mount, known: tuple[Subvolume, ...] | None = None
) -> list[Subvolume]:
    """Return the read-only snapshots that a path is or directly holds."""
    try:
        all_ = _subvolumes(host, path) if known is None else known
    except AccessError:
        return []
    return [one for one in all_ if one.read_only and _inside(one, mount, path)]


def _inside(one: Subvolume, mount: Mount, path: str) -> bool:
    """Tell whether a subvolume is a path, or up to two folders below it (snapper's N/snapshot)."""
    top = _at_top(mount, path)
    rest = one.path.removeprefix(f"{top}/") if top else one.path
    return one.path == top or ((not top or one.path.startswith(f"{top}/")) and rest.count("/") <= 1)


def _snapshots(host: Host, mount: Mount, held: list[Subvolume]) -> tuple[Snapshot, ...]:
    found = []
    for number, one in enumerate(held):
        if not one.read_only:
            continue
        when = one.taken
        if one.received or when is None:
            when = parse_date(one.path.rpartition("/")[2]) or when
        if when is None and number < _MAX_ASKED:
            when = _asked_time(host, _as_seen(mount, one.path))
        found.append(Snapshot(one.identity, one.path, when))
    return tuple(sorted(found, key=lambda one: one.time or datetime.min.replace(tzinfo=UTC)))


def _asked_time(host: Host, path: str | None) -> datetime | None:
    if path is None:
        return None
    try:
        shown = host.run(["btrfs", "subvolume", "show", path], timeout=30.0).stdout
    except AccessError:
        return None
    found = re.search(r"Creation time:\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \+0000", shown)
    return _time(found[1]) if found else None


def _at_top(mount: Mount, path: str) -> str:
    """Return a path as the top of the file system sees it, without a slash at its ends."""
    inner = path[len(mount.point.rstrip("/")) :]
    return f"{mount.root.rstrip('/')}{inner}".strip("/")


def _as_seen(mount: Mount, path: str) -> str | None:
    """Return a path from the top of the file system as the mount shows it, if it does."""
    root = mount.root.strip("/")
    if root and not f"{path}/".startswith(f"{root}/"):
        return None
    return f"{mount.point.rstrip('/')}/{path.removeprefix(root).lstrip('/')}".rstrip("/")


def _time(words: str) -> datetime | None:
    try:
        return datetime.strptime(words, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
