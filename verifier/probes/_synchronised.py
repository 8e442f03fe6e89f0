"""Folders in which a synchroniser works: it leaves a marker there, and repeats deletions."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import replace

from verifier.domains import mount_at
from verifier.host import AccessError, Host
from verifier.inventory import Evidence, Fact, Location, State
from verifier.manifest import Manifest

__all__ = ["with_synchroniser"]

# each with its markers, files and (with a slash) folders; ~/.dropbox is a folder of settings
_MARKERS = (
    ("Syncthing", (".stfolder", ".stfolder/", ".stignore")),
    ("Dropbox", (".dropbox", ".dropbox.cache/")),
    ("Nextcloud or ownCloud", (".sync_*.db", "._sync_*.db", ".owncloudsync.log",
                               ".nextcloudsync.log")),
    ("Resilio Sync", (".sync/ID", ".sync/IgnoreList")),
    ("Seafile", (".seafile-data/",)),
    ("OneDrive", (".849C9593-D756-4E56-8D6E-42412F2A707B",)),
    ("Google Drive", (".tmp.drivedownload/", ".tmp.driveupload/")),
)  # fmt: skip
_VERSIONS = {"Syncthing": ".stversions", "Resilio Sync": ".sync/Archive"}
_MOST_ABOVE = 32


def with_synchroniser(host: Host, source: Manifest | None, found: Location) -> Location:
    """Say that a plain folder repeats deletions, where a synchroniser has left its marker.

    Parameters
    ----------
    host : Host
        This machine.
    source : Manifest or None
        The live data's files. Where they are synchronised themselves, so that the markers may have
        been copied with them, or not known, nothing is said.
    found : Location
        What is known of the folder.

    Returns
    -------
    Location
        Unchanged where the synchroniser keeps older versions beside, or nothing tells.
    """
    plain = found.kind == "directory" and found.state is State.READ and found.real_path
    if source is None or not plain or found.repeats_deletions.value is not None:
        return found
    folders = _upwards(host, str(found.real_path))
    if source.folder:
        folders.insert(0, f"{found.real_path}/{source.folder}")
    there = list(_met(host, folders))
    copied = {tool for tool, _, _ in _met(host, _upwards(host, source.root))} if there else set()
    for tool, folder, marker in there:
        kept = _VERSIONS.get(tool)
        if tool in copied or (kept and _is(host, f"{folder}/{kept}", folder=True)):
            continue
        why = f"{tool} keeps it the same as folders elsewhere, as its {marker} shows"
        return replace(found, repeats_deletions=Fact(True, Evidence.INFERRED, why))
    return found


def _upwards(host: Host, path: str) -> list[str]:
    """Return a folder and those around it on the same file system."""
    mount = mount_at(host, path)
    end = mount.point.rstrip("/") if mount else ""
    found = [path]
    try:
        device = host.stat(path).dev
        while len(found) < _MOST_ABOVE and path.startswith(f"{end}/"):
            path = path.rpartition("/")[0]
            # a change of root hides the mounts, not the devices
            if mount is None and host.stat(path or "/").dev != device:
                break
            found.append(path or "/")
    except AccessError:
        pass
    return found


def _met(host: Host, folders: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield who has left which marker in which folder."""
    for folder in folders:
        try:
            names = host.listdir(folder)
        except AccessError:
            continue
        hidden = [name for name in names if name.startswith(".")]
        for tool, markers in _MARKERS:
            for marker in markers:
                top, slash, below = marker.partition("/")
                for name in fnmatch.filter(hidden, top):
                    path = f"{name}/{below}" if below else name
                    if _is(host, f"{folder}/{path}", folder=bool(slash and not below)):
                        yield tool, folder, path


def _is(host: Host, path: str, *, folder: bool) -> bool:
    try:
        facts = host.stat(path, follow=False)
    except AccessError:
        return False
    return facts.is_dir if folder else facts.is_file
