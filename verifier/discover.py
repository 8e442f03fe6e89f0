"""Places that may hold copies: mounted file systems, restic repositories, folders of archives."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from verifier.host import AccessError, Host
from verifier.mounts import NETWORK_TYPES, parse_mountinfo

__all__ = ["Candidate", "Found", "discover", "setup_text"]

_USUAL = ("/mnt", "/media", "/run/media", "/srv", "/backup", "/backups", "/var/backups")
_REAL_TYPES = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "vfat", "exfat",
     "ntfs", "ntfs3", "fuseblk", "hfsplus", "apfs", "udf", "iso9660", "bcachefs", "fuse.zfs",
     "fuse.rclone"}
) | NETWORK_TYPES  # fmt: skip
_SYSTEM = ("/boot", "/etc", "/usr", "/proc", "/sys", "/dev", "/run/user", "/snap", "/var/lib")
_ARCHIVE = re.compile(r"\.(tar(\.(gz|bz2|xz|zst))?|tgz|tbz2?|txz|zip)$", re.IGNORECASE)
_RESTIC = frozenset({"config", "data", "index", "keys", "snapshots"})
_MAX_FOLDERS = 20_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may hold a copy, and why it is thought so."""

    path: str
    kind: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates, and whether everything was looked at."""

    candidates: tuple[Candidate, ...]
    finished: bool


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
        kind = _kind(names)
        if kind is not None:
            why = "a restic repository" if kind == "restic" else "a folder of archives"
            self.found[path] = Candidate(path, "restic" if kind == "restic" else None, why)
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
        Where to look; mounted file systems and the usual places unless given.
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
    return Found(tuple(kept.values()), search.finished)


def setup_text(source: str, candidates: Iterable[Candidate]) -> str:
    """Return a set-up file that ``verifier audit`` reads.

    Parameters
    ----------
    source : str
        The live data.
    candidates : iterable of Candidate
        What was found.

    Returns
    -------
    str
        TOML, with what is left to fill in as comments.
    """
    lines = [
        "# Check each location, delete what is no copy, and add what is missing.",
        f"name = {_quoted(PurePosixPath(source).name or 'root')}",
        "",
        "[source]                  # the live data: copy 1",
        f"path = {_quoted(source)}",
        '# site = "home"           # name the place of each location',
    ]
    taken = {"source"}
    for candidate in candidates:
        name = _name(candidate.path, taken)
        taken.add(name)
        lines += ["", f"[[locations]]             # {candidate.why}", f"name = {_quoted(name)}"]
        lines.append(f"path = {_quoted(candidate.path)}")
        if candidate.kind is not None:
            lines.append(f"kind = {_quoted(candidate.kind)}")
            lines.append('# password_file = "~/.config/restic-password"')
        lines.append('# site = "…"')
        lines.append("# offline = true          # if it is away most of the time")
    return "\n".join(lines) + "\n"


def _mounted(host: Host) -> dict[str, str]:
    """Return mount points of real file systems, and what they are."""
    try:
        mounts = parse_mountinfo(host.read_text("/proc/self/mountinfo"))
    except AccessError:
        return {}
    return {
        mount.point: f"a mounted file system ({mount.file_system})"
        for mount in mounts
        if mount.file_system in _REAL_TYPES
        and mount.point != "/"
        and not any(_within(mount.point, system) for system in _SYSTEM)
    }


def _kind(names: Iterable[str]) -> str | None:
    words = [name for name in names if not name.startswith(".")]
    if set(words) >= _RESTIC:
        return "restic"
    archives = sum(_ARCHIVE.search(name) is not None for name in words)
    return "archives" if archives and 2 * archives > len(words) else None


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


def _name(path: str, taken: set[str]) -> str:
    parts = [part for part in PurePosixPath(path).parts if part != "/"]
    stem = name = (parts[-1] if parts else "root")[:190]
    number = 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def _quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
