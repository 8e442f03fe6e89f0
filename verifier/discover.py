"""Places that may hold copies: mounts, repositories below them, and what tools are set up to use.

Nothing is opened but configurations: kinds are told by the signatures of the probes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from riskmodel.units import format_hours
from verifier.configs import Configured, configured, homes
from verifier.host import AccessError, Host, Missing
from verifier.mounts import NETWORK_TYPES, parse_mountinfo
from verifier.probes import PROBES
from verifier.schedules import Plan, scheduled
from verifier.uncovered import snapshots, uncovered

__all__ = ["Candidate", "Found", "discover"]

_USUAL = ("/mnt", "/media", "/run/media", "/srv", "/backup", "/backups", "/var/backups")
_REAL_TYPES = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "vfat", "exfat",
     "ntfs", "ntfs3", "fuseblk", "hfsplus", "apfs", "udf", "iso9660", "bcachefs", "fuse.zfs",
     "fuse.rclone"}
) | NETWORK_TYPES  # fmt: skip
_SYSTEM = ("/boot", "/etc", "/usr", "/proc", "/sys", "/dev", "/run/user", "/snap", "/var/lib")
_MAX_FOLDERS = 20_000
_KINDS = frozenset(kind for entry in PROBES for kind in entry.kinds)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may hold a copy, and why it is thought so.

    Parameters
    ----------
    path : str
        A path, or a tool's own address.
    kind : str or None
        The kind, where there is one and only one.
    why : str
        In a few words.
    password_file : str or None
        From a configuration.
    notes : tuple of str
        What else is known, one sentence each.
    """

    path: str
    kind: str | None
    why: str
    password_file: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_path(self) -> bool:
        """Whether it is a path of this machine."""
        return self.path.startswith("/")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Parameters
    ----------
    candidates : tuple of Candidate
        Places that hold copies.
    finished : bool
        Whether everything was looked at.
    hints : tuple of Candidate
        Places that no probe reaches, or that are not there now.
    schedules, snapshots, uncovered, unread : tuple of str
        What else was seen, and what could not be; sentences.
    """

    candidates: tuple[Candidate, ...]
    finished: bool
    hints: tuple[Candidate, ...] = ()
    schedules: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(slots=True)
class _Search:
    """A walk that stops at its time, its number of folders, or its depth."""

    host: Host
    until: float
    folders: int = 0
    finished: bool = True
    found: dict[str, Candidate] = field(default_factory=dict)

    def look(self, path: str, levels: int) -> None:
        """Look at a folder and, if it is no candidate itself, at the folders in it."""
        if time.monotonic() > self.until or self.folders >= _MAX_FOLDERS:
            self.finished = False
            return
        self.folders += 1
        try:
            names = self.host.listdir(path)
        except AccessError:
            return
        kinds = _kinds(self.host, path)
        if kinds:
            kind = kinds[0] if len(kinds) == 1 else None
            self.found[path] = Candidate(path, kind, f"looks like {' or '.join(kinds)}")
            return
        if levels <= 0:
            return
        for name in names:
            if name.startswith("."):
                continue
            child = f"{path.rstrip('/')}/{name}"
            try:
                is_folder = self.host.stat(child, follow=False).is_dir
            except AccessError:
                continue
            if is_folder:
                self.look(child, levels - 1)


def discover(
    host: Host,
    source: str,
    roots: Iterable[str] | None = None,
    *,
    levels: int = 3,
    seconds: float = 20.0,
) -> Found:
    """Look for places that may hold copies of the live data.

    Parameters
    ----------
    host : Host
        Access to the machine.
    source : str
        The live data; it, what is in it and what holds it are no candidates.
    roots : iterable of str, optional
        Where to look; mounted file systems, the usual places and what tools are set up to use
        unless given.
    levels : int
        How deep to look below each root.
    seconds : float
        Stop after this time. [s]

    Returns
    -------
    Found
    """
    mounted = _mounted(host)
    given = [str(Path(root).expanduser().absolute()) for root in roots] if roots else None
    places = given if given is not None else [*mounted, *_USUAL, str(Path.home())]
    search = _Search(host, time.monotonic() + seconds)
    live = _resolved(host, source)
    for place in dict.fromkeys(places):
        search.look(place, levels)
    for point, why in mounted.items():
        inside = any(_within(path, point) for path in search.found)
        wanted = given is None or any(_within(point, root) for root in given)
        if wanted and not inside:
            search.found[point] = Candidate(point, None, why)
    kept = {
        _resolved(host, path): found
        for path, found in sorted(search.found.items())
        if not _touches(_resolved(host, path), live) and _writable_as_toml(path)
    }
    if given is not None:
        return Found(tuple(kept.values()), search.finished)
    return _with_configured(host, live, kept, finished=search.finished)


def _with_configured(host: Host, live: str, kept: dict[str, Candidate], *, finished: bool) -> Found:
    """Add what configurations and schedules name, and say what they leave out."""
    folders = homes(host)
    tools, promised = configured(host, folders), scheduled(host)
    destinations = list(
        dict.fromkeys([*tools.destinations, *(f.destination for f in promised.feeds)])
    )
    fed = {feed.destination.address.rstrip("/") for feed in promised.feeds}
    hints: dict[str, Candidate] = {}
    for one in destinations:
        address = one.address.rstrip("/") or "/"
        place = _resolved(host, address) if address.startswith("/") else address
        told = _candidate(one, address)
        if not _writable_as_toml(address) or (place.startswith("/") and _touches(place, live)):
            continue
        if place in kept:
            kept[place] = _joined(kept[place], told)
        elif _usable(host, told, scheduled=address in fed):
            kept[place] = told
        elif place not in hints:
            hints[place] = told
    # a mounted disk is no candidate beside a place on it that somebody set up
    for point in [p for p, one in kept.items() if one.why.startswith("a mounted file system")]:
        if any(other != point and _within(other, point) for other in kept if other[0] == "/"):
            del kept[point]
    sources = [source for one in destinations for source in one.sources]
    return Found(
        tuple(kept.values()),
        finished,
        tuple(hints.values()),
        _schedules(promised),
        snapshots(host),
        uncovered(host, (live, *sources), folders),
        tuple(dict.fromkeys((*tools.unread, *promised.unread))),
    )


def _candidate(one: Configured, address: str) -> Candidate:
    kind = one.kind if one.kind in _KINDS else None
    notes = [one.note] if one.note else []
    if one.sources:
        notes.append(f"made of {', '.join(one.sources[:3])}")
    if one.mirrors:
        notes.append(f"a mirror, which repeats deletions: {one.mirrors}")
    why = f"{one.tool} in {one.where}"
    return Candidate(address, kind, why, one.password_file, tuple(notes))


def _joined(one: Candidate, told: Candidate) -> Candidate:
    notes = dict.fromkeys((*one.notes, told.why, *told.notes))
    notes.pop(one.why, None)
    return replace(
        one,
        kind=one.kind or told.kind,
        password_file=one.password_file or told.password_file,
        notes=tuple(notes),
    )


def _usable(host: Host, told: Candidate, *, scheduled: bool) -> bool:
    """Tell whether an audit can look at it, or should miss it: a folder that a job writes to."""
    if told.is_path:
        try:
            host.stat(told.path)
        except Missing:
            return scheduled and _half_there(host, told.path)
        except AccessError:
            return True
        return True
    return told.kind is not None and ":" in told.path


def _half_there(host: Host, path: str) -> bool:
    """Tell whether at least the first folder of a path exists: else it is a placeholder."""
    try:
        return host.stat("/".join(path.split("/")[:2])).is_dir
    except AccessError:
        return False


def _schedules(promised: Plan) -> tuple[str, ...]:
    lines = []
    for feed in promised.feeds:
        hours = feed.task.interval_hours
        often = "at unknown times"
        if hours is not None:
            often = "all the time" if hours == 0 else f"every {format_hours(hours)}"
        to, by = feed.destination.address, f"{feed.task.by} {feed.task.where}"
        lines.append(f"{feed.destination.tool} to {to}, {often}: {by}")
    return tuple(dict.fromkeys(lines))


def _kinds(host: Host, path: str) -> tuple[str, ...]:
    """Return the kinds of the first probe whose signature fits; a mere folder is of none."""
    for entry in PROBES[:-1]:
        try:
            if entry.detect(host, path):
                return entry.kinds
        except AccessError:
            continue
        except Exception:  # noqa: BLE001, S112 - one broken signature must not end the search
            continue
    return ()


def _mounted(host: Host) -> dict[str, str]:
    """Return mount points of real file systems, and what they are."""
    try:
        mounts = parse_mountinfo(host.read_text("/proc/self/mountinfo"))
    except AccessError:
        return {}
    root = {mount.device for mount in mounts if mount.point == "/"}
    return {
        mount.point: f"a mounted file system ({mount.file_system})"
        for mount in mounts
        if mount.file_system in _REAL_TYPES
        # a bind mount of the system's own disk is no place of its own
        and mount.device not in root
        and not any(_within(mount.point, system) for system in _SYSTEM)
    }


def _within(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _touches(path: str, live: str) -> bool:
    return _within(path, live) or _within(live, path)


def _resolved(host: Host, path: str) -> str:
    try:
        return host.resolve(path)
    except AccessError:
        return path


def _writable_as_toml(path: str) -> bool:
    # a name that is no valid Unicode cannot be said in TOML
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
