"""What lies open is copied out: trees, bags, mirrors, snapshots, buckets, remote folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

from verifier.drills._model import Back, Came, Closed, Place, Point
from verifier.drills._scratch import TooLarge, write_out
from verifier.host import AccessError, Missing
from verifier.manifest import Manifest, prefix_in
from verifier.probes import bagit, btrfs, dated, directory, rdiff_backup
from verifier.probes.newer import last_run

__all__ = ["open_bag", "open_dated", "open_mirror", "open_snapshot", "open_tree"]

_STAMPED = ("s3", "rclone")  # their times may be those of the upload
_WITHOUT_PERMISSIONS = frozenset(
    {"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "cifs", "smb3", "hfsplus", "9p"}
)


def open_tree(place: Place) -> Point:
    """Open a plain tree, which has one state: the present one."""
    held = directory.held_by(place.host, place.path, place.source)
    point = _point(place, held, place.found.points.newest)
    begun, last = last_run(place.host, place.source, held)
    if last is None:
        return point

    @cache
    def folder_written(folder: str) -> int:
        try:
            return place.host.stat(f"{held.root}/{folder}").ctime_ns
        except AccessError:
            return 0

    def written(path: str) -> int:
        # a run that copies no link still gives their folder the time of the source's
        folder = folder_written(path.rpartition("/")[0])
        return max(int(last.timestamp() * 1e9), folder)

    return replace(point, begun=begun, written=written)


def open_dated(place: Place) -> Point:
    """Open the newest of a row of dated trees."""
    held = dated.newest_tree(place.host, place.path, place.source, place.found.points.newest)
    if held is None:
        raise Closed("no state in it is complete")
    return _point(place, held, place.found.points.newest)


def open_snapshot(place: Place) -> Point:
    """Open the newest snapshot, where it is to be seen without mounting anything."""
    if not place.found.snapshots:
        raise Closed("it has no snapshot that can be listed")
    newest = place.found.snapshots[-1]
    if place.found.kind == "btrfs":
        root = btrfs.place_of_snapshot(place.host, place.path, newest.name)
    else:
        inside = "/.zfs/snapshot/" in f"{place.path}/"
        name = newest.name.rpartition("@")[2]
        root = place.path if inside else f"{place.path}/.zfs/snapshot/{name}"
    try:
        place.host.listdir(root)
    except AccessError as problem:
        why = f"its newest snapshot is not to be seen at {root}, and nothing is mounted here"
        raise Closed(why) from problem
    held = directory.held_by(place.host, root, place.source)
    return _point(place, held, newest.time or held.newest)


def open_bag(place: Place) -> Point:
    """Open a bag: its payload lies in ``data/``."""
    tree = directory.read_manifest(place.host, f"{place.path}/data")
    sizes = {name: fact.size for name, fact in tree.files.items()}
    prefix = prefix_in(place.source, sizes)
    return replace(_point(place, tree, bagit.bagged(place.host, place.path)), prefix=prefix)


def open_mirror(place: Place) -> Point:
    """Open the mirror of rdiff-backup, which is its newest point; names in it may be quoted."""
    if place.found.points.breaks:
        raise Closed("the mirror is between two points")
    tree = directory.read_manifest(place.host, place.path)
    files = {
        rdiff_backup.unquoted(name): (name, fact)
        for name, fact in tree.files.items()
        if not name.startswith(f"{rdiff_backup.FOLDER}/")
    }
    held = replace(tree, files={name: fact for name, (_, fact) in files.items()})
    real = {name: quoted for name, (quoted, _) in files.items()}
    return _point(place, held, place.found.points.newest, real)


def _point(
    place: Place, held: Manifest, when: datetime | None, real: Mapping[str, str] | None = None
) -> Point:
    sizes = {name: fact.size for name, fact in held.files.items()}
    modes = place.host.local and (place.found.domains.file_system.value not in _WITHOUT_PERMISSIONS)

    def restore(paths: Sequence[str], into: str) -> Back:
        back = Back()
        for number, path in enumerate(paths):
            live = f"{held.root}/{real[path] if real and path in real else path}"
            _copy(place, live, path, f"{into}/{number}", sizes.get(path), back, modes=modes)
        return back

    if not held.complete:
        raise Closed(held.unreadable[0])
    return Point(when, sizes, "", restore, "a plain copy", links=place.host.local)


def _copy(
    place: Place, live: str, path: str, to: str, size: int | None, back: Back, *, modes: bool
) -> None:
    """Copy one file under a number of its own: no name leads anywhere."""
    try:
        facts = place.host.stat(live, follow=False)
        if facts.is_symlink:
            back.came[path] = Came(to, link=place.host.readlink(live))
            return
        write_out(to, place.host.chunks(live), facts.size if size is None else size)
    except TooLarge as problem:
        back.flaws[path] = str(problem)
    except AccessError as problem:
        bad = problem.damage or isinstance(problem, Missing)
        (back.flaws if bad else back.unseen)[path] = f"cannot be read: {problem.reason}"
    except OSError as problem:
        back.unseen[path] = f"the scratch folder cannot hold it: {problem.strerror}"
        Path(to).unlink(missing_ok=True)
    else:
        mode = facts.mode & 0o7777 if modes else None
        stamped = place.found.kind in _STAMPED
        back.came[path] = Came(to, mode, facts.mtime_ns, stamped=stamped)
