"""Veeam backup files: points and chains from the job's metadata, the files' summaries, the names.

A full (``.vbk``) stands alone; a forward increment (``.vib``) needs what came before it, a reverse
one (``.vrb``) what came after it. The machines inside are not opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest, instant
from verifier.probes.comparing import capped
from verifier.probes.reading import tail
from verifier.probes.veeam_meta import (
    MAX_XML_BYTES,
    Point,
    parse_meta,
    parse_summary,
    parse_time,
    summary_in,
)
from verifier.target import Target

__all__ = ["Backup", "collect", "detect", "judge_chains"]

_BACKUP = re.compile(r"\.(vbk|vib|vrb)$", re.IGNORECASE)
_META = re.compile(r"\.vbm$", re.IGNORECASE)
_DATED = re.compile(r"(\d{4}-\d\d-\d\dT\d{6})")
_TAILS = (1 << 20, 20 << 20)
MAX_JOBS = 50


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup file: `here` if it exists, `point` if something tells about it.

    `mute` means that its own summary was looked for and not found.
    """

    name: str
    time: datetime
    here: bool = True
    point: Point | None = None
    empty: bool = False
    mute: bool = False

    @property
    def kind(self) -> str:
        """``vbk``, ``vib`` or ``vrb``."""
        return self.name.rpartition(".")[2].lower()

    @property
    def series(self) -> str:
        """What the files of one machine or job have in common."""
        stem, *dated = _DATED.split(self.name)
        if not dated:
            stem = self.point.machine if self.point else ""
        return stem.lower()


@dataclass(slots=True)
class _Seen:
    """What was read: points by file name in small letters, damage, what was not seen."""

    points: dict[str, Point]
    errors: list[str]
    unseen: str = ""
    closed: bool = False
    listed: bool = False


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is a backup file, or a folder (of folders) with such files."""
    facts = host.stat(path)
    if facts.is_file:
        return bool(_BACKUP.search(path))
    return facts.is_dir and next(_files(host, path), None) is not None


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine the backup files of a job, or of the jobs of a repository.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        Not used: which files the machines hold is not known without Veeam.
    depth : Depth
        ``STRUCTURE`` reads all summaries; this probe goes no deeper.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Coverage is unknown.
    """
    path = found.real_path or target.address
    deep = depth >= Depth.STRUCTURE
    seen = _Seen({}, [])
    names = list(_files(host, path))
    if not host.stat(path).is_dir:
        path, _, only = path.rpartition("/")
        names = [only]
    for name in names:
        if _META.search(name):
            _read_meta(host, path, name, seen)
    backups = [_backup(host, path, name, seen, deep=deep) for name in names if _BACKUP.search(name)]
    if all(backup.mute for backup in backups):  # then no file of this version has one
        backups = [replace(backup, mute=False) for backup in backups]
    present = {backup.name.lower() for backup in backups}
    backups += [
        Backup(point.file, point.time, here=False, point=point)
        for key, point in seen.points.items()
        if key not in present and point.time is not None and _BACKUP.search(point.file)
    ]
    whole, breaks = judge_chains(backups)
    newest = max(whole, key=lambda backup: backup.time, default=None)
    latest = max((backup.time for backup in backups), default=None)
    known = newest.point if newest else None
    versions = {backup.point.version for backup in backups if backup.point}
    reason = "which files the machines hold cannot be told without Veeam"
    linked = seen.listed or all(each.point for each in backups)
    if not linked:
        reason += "; without metadata a missing increment would not be noticed"
    return replace(
        found,
        kind="veeam",
        points=Points.at(
            [backup.time for backup in whole],
            latest=latest if newest is None or (latest and latest > newest.time) else None,
            breaks=breaks,
            consistency=_consistency(known),
        ),
        size_bytes=known.size_bytes if known else None,
        coverage=Fact(source=reason),
        errors=capped(seen.errors),
        depth=None if seen.unseen else min(depth, Depth.STRUCTURE),
        reason=seen.unseen or reason,
        encrypted=_encrypted(seen, backups),
        tool=" ".join(filter(None, ("Veeam", max(versions, default="")))),
    )


def judge_chains(backups: list[Backup]) -> tuple[list[Backup], tuple[str, ...]]:
    """Tell the points that can be restored from those that cannot.

    Parameters
    ----------
    backups : list of Backup
        The files, and those that something speaks of and that are not here.

    Returns
    -------
    list of Backup
        The ones with a whole chain.
    tuple of str
        A sentence for each other one.
    """
    here = {backup.name.lower() for backup in backups if backup.here}
    wrong: dict[str, str] = {}
    for series in sorted({backup.series for backup in backups}):
        line = sorted(
            (each for each in backups if each.series == series),
            key=lambda each: (each.time, each.kind != "vbk"),
        )
        _walk([each for each in line if each.kind != "vrb"], here, wrong)
        _walk([each for each in reversed(line) if each.kind != "vib"], here, wrong)
    whole = [each for each in backups if each.name not in wrong]
    ordered = sorted(backups, key=lambda each: each.time)
    return whole, tuple(wrong[each.name] for each in ordered if each.name in wrong)


def _walk(line: list[Backup], here: set[str], wrong: dict[str, str]) -> None:
    """Follow one chain from its full: what is wrong with one is wrong with all that build on it."""
    hole = "has no full backup to build on"
    before: Backup | None = None
    for backup in line:
        if backup.kind == "vbk":
            hole = ""
        own = _own_flaw(backup, here)
        if not own and not hole and before is not None and backup.kind != "vbk":
            own = _skipped(before, backup)
        if own:
            wrong[backup.name] = f"{backup.name} {own}."
            # a run that its job calls unfinished is done again; a lost or broken file is not
            if backup.point is None or backup.point.consistent is not False or not backup.here:
                hole = hole or f"builds on {backup.name}, which cannot be used"
        elif hole:
            wrong[backup.name] = f"{backup.name} {hole}."
        before = backup


def _own_flaw(backup: Backup, here: set[str]) -> str:
    point = backup.point
    if not backup.here:
        return "is listed in the job's metadata and is not here"
    if backup.empty:
        return "is empty"
    if backup.mute:
        return "ends without the summary that the other files have: it may be cut off"
    if point is None:
        return ""
    if point.corrupted:
        return "is marked as corrupted by Veeam"
    if point.consistent is False:
        return "is marked as not consistent by Veeam"
    needs = point.builds_on.lower()
    if backup.kind == "vib" and needs and needs not in here:
        return f"builds on {point.builds_on}, which is not here"
    return ""


def _skipped(before: Backup, backup: Backup) -> str:
    """Find a gap in the numbers of the points, where nothing else links the files."""
    if before.point is None or backup.point is None or backup.point.builds_on:
        return ""
    first, second = before.point.number, backup.point.number
    if first is None or second is None or abs(second - first) <= 1:
        return ""
    return f"is point {second} and follows on point {first}: what lay between them is not here"


def _files(host: Host, path: str) -> Iterator[str]:
    """Yield Veeam's files in a folder and in the folders right below it."""
    if not host.stat(path).is_dir:
        return
    others = 0
    for name in host.listdir(path):
        if _BACKUP.search(name) or _META.search(name):
            yield name
        elif others < MAX_JOBS and not name.startswith("."):
            others += 1
            for inner in _inside(host, f"{path}/{name}"):
                yield f"{name}/{inner}"


def _inside(host: Host, folder: str) -> list[str]:
    try:
        if not host.stat(folder, follow=False).is_dir:
            return []
        return [name for name in host.listdir(folder) if _BACKUP.search(name) or _META.search(name)]
    except AccessError:
        return []


def _read_meta(host: Host, path: str, name: str, seen: _Seen) -> None:
    try:
        with host.open(f"{path}/{name}") as file:
            content = file.read(MAX_XML_BYTES + 1)
    except AccessError as problem:
        _refused(name, problem, seen)
        return
    try:
        points = parse_meta(content)
    except ValueError as error:
        if _looks_like_xml(content):
            seen.errors.append(f"{name}: {error}.")
        else:
            seen.closed = True
        return
    seen.listed = True
    for point in points:
        other = seen.points.get(point.file.lower(), point)
        # one file may hold many machines: it is as good as the worst of them
        consistent = False if other.consistent is False else point.consistent
        corrupted = other.corrupted or point.corrupted
        seen.points[point.file.lower()] = replace(point, consistent=consistent, corrupted=corrupted)


def _backup(host: Host, path: str, name: str, seen: _Seen, *, deep: bool) -> Backup:
    place = f"{path}/{name}"
    short = place.rpartition("/")[2]
    facts = host.stat(place)
    known = seen.points.get(short.lower())
    told: Point | None = None
    if facts.size == 0:
        seen.errors.append(f"{short} is empty.")
    elif deep or known is None:
        told = _summary(host, place, facts.size, seen, deep=deep)
    dated = _DATED.search(short)
    named = dated and parse_time(_spread(dated[1]))
    written = instant(facts.mtime_ns) or datetime.fromtimestamp(0, UTC)
    point = _joined(known, told)
    time = (point.time if point else None) or named or written
    closed = seen.closed or bool(point and point.encrypted)
    mute = deep and told is None and not closed
    return Backup(short, time, point=point, empty=facts.size == 0, mute=mute)


def _spread(stamp: str) -> str:
    return f"{stamp[:13]}:{stamp[13:15]}:{stamp[15:]}"


def _summary(host: Host, place: str, size: int, seen: _Seen, *, deep: bool) -> Point | None:
    name = place.rpartition("/")[2]
    try:
        for wanted in _TAILS if deep else _TAILS[:1]:
            found = summary_in(tail(host, place, wanted))
            if found is not None:
                return parse_summary(found, name)
            if wanted >= size:
                break
    except AccessError as problem:
        _refused(name, problem, seen)
    except ValueError as error:
        seen.errors.append(f"{name}: the summary at its end is damaged: {error}.")
    return None


def _joined(listed: Point | None, own: Point | None) -> Point | None:
    """Let the file's own summary tell what it builds on, and the job's metadata how it went."""
    if listed is None or own is None:
        return listed or own
    return replace(
        listed,
        builds_on=own.builds_on,
        time=listed.time or own.time,
        number=own.number if listed.number is None else listed.number,
        consistent=own.consistent if listed.consistent is None else listed.consistent,
        corrupted=own.corrupted if listed.corrupted is None else listed.corrupted,
        encrypted=own.encrypted if listed.encrypted is None else listed.encrypted,
    )


def _refused(name: str, problem: AccessError, seen: _Seen) -> None:
    if problem.damage:
        seen.errors.append(f"{name} cannot be read: {problem.reason}.")
    else:
        seen.unseen = seen.unseen or f"{name} could not be read: {problem.reason}"


def _looks_like_xml(content: bytes) -> bool:
    return content[:64].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(b"<")


def _encrypted(seen: _Seen, backups: list[Backup]) -> Fact[bool]:
    said = [each.point.encrypted for each in backups if each.point]
    if True in said:
        return Fact(True, Evidence.TOOL_REPORTED, "Veeam's metadata")
    if seen.closed:
        return Fact(True, Evidence.INFERRED, "the job's metadata is no XML, as if encrypted")
    if False in said:
        return Fact(False, Evidence.TOOL_REPORTED, "Veeam's metadata")
    return Fact()


def _consistency(point: Point | None) -> Fact[str]:
    if point is None or not point.consistent:
        return Fact()
    word = "application" if point.application else "crash"
    return Fact(word, Evidence.TOOL_REPORTED, "Veeam calls the point consistent")
