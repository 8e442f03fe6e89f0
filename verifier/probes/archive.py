"""Archives: tar with the compressions that Python reads, zip, and folders of dated archives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest, cover, instant, prefix_in
from verifier.probes.directory import MTIME_SLACK_NS, capped, digest
from verifier.probes.members import BLOCK_BYTES, DAMAGE, Member, format_of, members
from verifier.target import Target

__all__ = ["collect", "detect", "parse_date"]

MAX_MEMBERS = 20_000_000
_NAME = re.compile(r"\.(tar(\.(gz|bz2|xz|lzma))?|tgz|tbz2?|txz|zip)$", re.IGNORECASE)
_BESIDE = re.compile(r"\.(sha\d+|md5|asc|sig|log|txt|json)$|sums$", re.IGNORECASE)
_DATE = re.compile(
    r"(?<!\d)(?P<Y>\d{4})(?P<dash>[-_.]?)(?P<m>\d\d)(?P=dash)(?P<d>\d\d)"
    r"(?:[T_ .-]?(?P<H>[0-2]\d)[-:_.h]?(?P<M>[0-5]\d)[-:_.]?(?P<S>[0-5]\d)?)?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class _Listing:
    """One archive read through: `sizes` by member path, what is wrong, what was not seen."""

    sizes: dict[str, int]
    error: str = ""
    unseen: str = ""
    encrypted: bool = False


def parse_date(name: str) -> datetime | None:
    """Take a date, and a time if there is one, out of a file name.

    Parameters
    ----------
    name : str
        For example ``"backup-2026-11-01.tar.gz"`` or ``"db_20261101T0315.zip"``.

    Returns
    -------
    datetime or None
        In UTC; the last valid date in the name.
    """
    date = None
    for found in _DATE.finditer(name):
        year, month, day = int(found["Y"]), int(found["m"]), int(found["d"])
        clock = (int(found["H"] or 0), int(found["M"] or 0), int(found["S"] or 0))
        try:
            date = datetime(year, month, day, *clock, tzinfo=UTC)
        except ValueError:
            continue
    return date


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is an archive, or a folder that holds archives and nothing else."""
    facts = host.stat(path)
    if facts.is_dir:
        names = [name for name in host.listdir(path) if not name.startswith(".")]
        main = [name for name in names if not _BESIDE.search(name)]
        return bool(main) and all(
            _NAME.search(name) and host.stat(f"{path}/{name}").is_file for name in main
        )
    if not facts.is_file:
        return False
    if _NAME.search(path):
        return True
    with host.open(path) as file:
        form = format_of(file.read(BLOCK_BYTES))
    return form in {"tar", "zip"} or (form is not None and _starts_as_tar(host, path))


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine one archive, or a folder of archives as one point each.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``LISTED`` looks into the newest archive only; deeper examinations into all.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Contents are the newest archive's.
    """
    path = found.real_path or target.address
    points = sorted(_points(host, path))
    if not points:
        return replace(found, kind="tar", points=Points(0), reason="the folder holds no archive")
    newest_date, newest = points[-1]
    kind = "zip" if newest.lower().endswith(".zip") else "tar"
    listing = _read(host, newest, read=depth >= Depth.BYTES)
    others = [] if depth == Depth.LISTED else [name for _, name in points[:-1]]
    errors = [listing.error] if listing.error else []
    unseen = [listing.unseen] if listing.unseen else []
    locked = listing.encrypted
    for name in others:
        other = _read(host, name, read=depth >= Depth.BYTES)
        errors += [other.error] if other.error else []
        unseen += [other.unseen] if other.unseen else []
        locked = locked or other.encrypted
    prefix = prefix_in(source, listing.sizes)
    held = {name.removeprefix(prefix): size for name, size in listing.sizes.items()}
    coverage = cover(source, held, unseen=bool(listing.unseen))
    # a tar without compression has no digests: only the source vouches for its bytes
    bare = depth >= Depth.BYTES and not unseen and _is_bare(host, newest)
    reached: Depth | None = min(depth, Depth.STRUCTURE if bare else Depth.BYTES)
    if unseen:
        reached = None
    elif depth >= Depth.BYTES and locked:
        reached = Depth.STRUCTURE
        unseen = ["some contents are encrypted and were not read"]
    elif (bare or depth >= Depth.SOURCE) and not listing.error:
        different, not_compared = _compare(host, newest, source, prefix)
        errors += different
        unseen += [not_compared] if not_compared else []
        reached = reached if not_compared else Depth.SOURCE
    return replace(
        found,
        kind=kind,
        points=Points(len(points), newest_date, points[0][0]),
        files=len(listing.sizes),
        size_bytes=sum(listing.sizes.values()),
        coverage=coverage.share,
        missing=coverage.missing,
        content=coverage.content,
        errors=capped(errors),
        depth=reached,
        reason="; ".join(unseen),
        encrypted=Fact(locked, Evidence.MEASURED, "member flags"),
    )


def _points(host: Host, path: str) -> Iterator[tuple[datetime, str]]:
    facts = host.stat(path)
    names = [path]
    if facts.is_dir:
        names = [f"{path}/{name}" for name in host.listdir(path) if _NAME.search(name)]
    for name in names:
        written = instant(host.stat(name).mtime_ns) or datetime.fromtimestamp(0, UTC)
        named = parse_date(name.rpartition("/")[2])
        same_day = named is not None and named.date() == written.date()
        yield (written if named is None or same_day else named), name


def _read(host: Host, path: str, *, read: bool) -> _Listing:
    """Read through one archive; damage becomes a sentence, what the system denies a reason."""
    sizes: dict[str, int] = {}
    name = path.rpartition("/")[2]
    locked = False
    try:
        for member in members(host, path, read=read):
            if len(sizes) >= MAX_MEMBERS:
                return _Listing(sizes, unseen=f"{name} has more than {MAX_MEMBERS} members")
            sizes[member.path] = member.size
            locked = locked or member.encrypted
    except AccessError as problem:
        if problem.damage:
            return _Listing(sizes, error=f"{name} cannot be read: {problem.reason}.")
        return _Listing(sizes, unseen=f"{name} could not be read: {problem.reason}")
    except DAMAGE as damage:
        return _Listing(sizes, error=f"{name} is damaged after {len(sizes)} files: {damage}.")
    return _Listing(sizes, encrypted=locked)


def _is_bare(host: Host, path: str) -> bool:
    with host.open(path) as file:
        return format_of(file.read(BLOCK_BYTES)) == "tar"


def _compare(host: Host, path: str, source: Manifest | None, prefix: str) -> tuple[list[str], str]:
    if source is None or not source.complete:
        return [], "the source could not be read, so nothing was compared with it"
    errors: list[str] = []
    unseen = ""
    for member in _contents(host, path):
        name = member.path.removeprefix(prefix)
        live = source.files.get(name)
        if live is None or live.mtime_ns > member.mtime_ns + MTIME_SLACK_NS:
            continue
        if live.size != member.size:
            errors.append(f"{name} has {member.size} bytes, the source's has {live.size}.")
            continue
        try:
            if digest(host, f"{source.root}/{name}") != member.sha256:
                errors.append(f"{name} differs from the source under the same size.")
        except AccessError as problem:
            unseen = unseen or f"{name} of the source could not be read: {problem.reason}"
    return errors, unseen


def _contents(host: Host, path: str) -> Iterator[Member]:
    return (member for member in members(host, path, read=True) if member.sha256 is not None)


def _starts_as_tar(host: Host, path: str) -> bool:
    """Tell a compressed tar from any other compressed file by its first member."""
    try:
        next(members(host, path, read=False), None)
    except DAMAGE:
        return False
    return True
