"""Archives of one place read in a row: points, what the newest holds, and whose series it is."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from verifier.files import MTIME_SLACK_NS
from verifier.host import AccessError, Host
from verifier.inventory import Depth
from verifier.manifest import FileFact, Manifest, cover, instant, prefix_in, shown
from verifier.probes._volumes import flaw_of_parts
from verifier.probes.bundles import Bundle, series_of
from verifier.probes.compression import cipher_of, format_of, joined
from verifier.probes.members import BLOCK_BYTES, DAMAGE, Member, members
from verifier.probes.newer import as_of

__all__ = ["CLOSED", "Row", "row_of"]

MAX_MEMBERS = 20_000_000
CLOSED = {"7z": "7-Zip", "rar": "RAR", "Z": "compress"}
_SEVEN_ZIP = struct.Struct("<6s2sIQQI")
_TRIED = 4  # series of archives whose newest is compared with the source
_ENOUGH = 0.99
_LABEL_SLACK = timedelta(days=2)  # zones, and runs over midnight


@dataclass(slots=True)
class _Listing:
    """One archive read through.

    `sizes` and `changed` (when, in ns) by member path; `elsewhere` what it only names; `cut` if it
    could not be read to its end; `sealed` why nobody without a key or a program can see inside.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    cut: bool = False
    unseen: str = ""
    sealed: str = ""
    encrypted: bool = False


@dataclass(slots=True)
class Row:
    """All archives of a location: the points, and the content of the newest one."""

    times: list[datetime] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)
    content: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    chain: list[Bundle] = field(default_factory=list)
    younger: list[str] = field(default_factory=list)  # than the source's, and of other bytes
    sealed: str = ""
    encrypted: bool = False


def row_of(
    host: Host, bundles: list[Bundle], source: Manifest | None, depth: Depth
) -> tuple[Row, list[Bundle]]:
    """Read the archives of a folder, of several series the one that holds the source.

    Names do not tell for certain what belongs together: a row whose newest archive holds the
    source is one row, whatever the names.

    Parameters
    ----------
    host : Host
        Access to the machine.
    bundles : list of Bundle
        The oldest first.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``LISTED`` looks into the newest archive only, unless that one builds on others.

    Returns
    -------
    tuple of Row and list of Bundle
        What was read, with the damage of all; the archives of that series.
    """
    row = row_in(host, bundles, source, depth)
    series: dict[str, list[Bundle]] = {}
    for bundle in bundles:
        series.setdefault(series_of(bundle.name), []).append(bundle)
    share = share_in(host, source, row)
    if len(series) < 2 or source is None or row.unseen or (share or 0.0) >= _ENOUGH:
        return row, bundles
    best, chosen = share, bundles
    for some in sorted(series.values(), key=lambda one: one[-1].time, reverse=True)[:_TRIED]:
        tried = share_in(host, source, row_in(host, some, source, Depth.LISTED))
        # one that nobody can see into may be it, if no other holds anything
        better = not best if tried is None else tried > (best or 0.0)
        if better:
            best, chosen = tried, some
        if (best or 0.0) >= _ENOUGH:
            break
    if chosen is bundles:
        return row, bundles
    found = row_in(host, chosen, source, depth)
    found.errors = list(dict.fromkeys((*row.errors, *found.errors)))
    return found, chosen


def share_in(host: Host, source: Manifest | None, row: Row) -> float | None:
    if row.sealed or row.unseen:
        return None
    prefix = prefix_in(source, row.content)
    held = {name.removeprefix(prefix): size for name, size in row.content.items()}
    coverage = cover(source, held)
    return as_of(host, source, coverage, max(row.times, default=None)).share.value


def row_in(host: Host, bundles: list[Bundle], source: Manifest | None, depth: Depth) -> Row:
    row = Row()
    if depth is Depth.LISTED and not bundles[-1].lacking:
        newest = listing_of(host, bundles[-1], read=False)
        if not (newest.elsewhere or newest.cut or newest.unseen):
            row.times = [bundle.time for bundle in bundles[:-1] if not bundle.lacking]
            row.breaks = [_incomplete(bundle) for bundle in bundles[:-1] if bundle.lacking]
            _add(row, _dated(bundles[-1], newest, source), newest)
            return row
    partial: _Listing | None = None
    for bundle in bundles:
        if bundle.lacking:
            row.breaks.append(_incomplete(bundle))
            continue
        listing = listing_of(host, bundle, read=depth >= Depth.BYTES)
        if listing.cut and not row.times:
            partial = listing
        # of an earlier one no other date is wanted than that by which it is earlier
        last = bundle is bundles[-1]
        _add(row, _dated(bundle, listing, source) if last else bundle, listing)
    if not row.times and partial is not None:
        row.content = partial.sizes  # no point, but it tells how much could still be read
    return row


def _incomplete(bundle: Bundle) -> str:
    return f"{bundle.name} is split, and its {bundle.lacking} is not here."


def _add(row: Row, bundle: Bundle, listing: _Listing) -> None:
    """Judge one archive, given those before it."""
    row.errors += listing.errors
    row.encrypted = row.encrypted or listing.encrypted
    if listing.unseen:
        row.unseen.append(listing.unseen)
        return
    if listing.cut:
        row.breaks.append(f"{bundle.name} cannot be read to its end.")
        return
    missing = [path for path in listing.elsewhere if path not in row.known]
    if missing:
        row.breaks.append(
            f"{bundle.name} is an increment, and no archive here holds {len(missing)} of its files,"
            f" such as {min(missing)}."
        )
        return
    row.times.append(bundle.time)
    row.sealed = listing.sealed
    row.content = {**{path: row.known[path] for path in listing.elsewhere}, **listing.sizes}
    row.changed = {**row.changed, **listing.changed} if listing.elsewhere else listing.changed
    row.chain = [*row.chain, bundle] if listing.elsewhere else [bundle]
    row.known = {**row.known, **listing.sizes} if listing.elsewhere else listing.sizes


def _dated(bundle: Bundle, listing: _Listing, source: Manifest | None) -> Bundle:
    """Date an archive by its files where these are younger than the date in its name.

    What is written anew every night under one name was not made on the day that it names. Only
    files that the source has with the same size and time count, and whose inode is no older: a
    camera's clock may be ahead, the kernel's is not.
    """
    if source is None or bundle.written is None or bundle.written - bundle.time <= _LABEL_SLACK:
        return bundle
    start, end = (int(t.timestamp() * 1e9) for t in (bundle.time + _LABEL_SLACK, bundle.written))
    late = {path: when for path, when in listing.changed.items() if start < when <= end}
    prefix = prefix_in(source, listing.sizes) if late else ""
    known = (
        when
        for path, when in late.items()
        if _is_live(source.files.get(path.removeprefix(prefix)), listing.sizes[path], when)
    )
    newest = max(known, default=None)
    time = instant(newest)
    return bundle if time is None else replace(bundle, time=time)


def _is_live(live: FileFact | None, size: int, mtime_ns: int) -> bool:
    if live is None or live.size != size:
        return False
    same = abs(live.mtime_ns - mtime_ns) <= MTIME_SLACK_NS
    return same and live.ctime_ns >= mtime_ns - MTIME_SLACK_NS


def listing_of(host: Host, bundle: Bundle, *, read: bool) -> _Listing:
    """Read through one archive; damage becomes a sentence, what the system denies a reason."""
    listing = _Listing()
    name = bundle.name
    try:
        if _sealed(host, bundle, listing):
            return listing
        for member in members(host, bundle.paths, read=read):
            if len(listing.sizes) >= MAX_MEMBERS:
                listing.unseen = f"{name} has more than {MAX_MEMBERS} members"
                return listing
            _note(listing, name, member)
    except AccessError as problem:
        listing.cut = problem.damage
        if problem.damage:
            listing.errors.append(f"{name} cannot be read: {problem.reason}.")
        else:
            listing.unseen = f"{name} could not be read: {problem.reason}"
    except DAMAGE as damage:
        if "multiple disks" in str(damage):
            listing.unseen = f"{name} is split over several disks, which are not read"
            return listing
        listing.cut = True
        listing.errors.append(f"{name} is damaged after {len(listing.sizes)} files: {damage}.")
    return listing


def _note(listing: _Listing, name: str, member: Member) -> None:
    if member.elsewhere:
        listing.elsewhere.add(member.path)
        return
    listing.sizes[member.path] = member.size
    listing.changed[member.path] = member.mtime_ns
    listing.encrypted = listing.encrypted or member.encrypted
    if member.damage:
        listing.errors.append(f"{name}: {member.path} is damaged: {member.damage}.")


def _sealed(host: Host, bundle: Bundle, listing: _Listing) -> bool:
    """Find what keeps everybody out: a cipher, or a format that is only recognised."""
    if bundle.unjoined:
        listing.sealed = (
            f"the contents cannot be listed: {shown(bundle.name)} is in {len(bundle.paths)} parts, "
            "which this program does not join"
        )
        zipped = bundle.paths[-1].lower().endswith(".zip")
        if zipped and (flaw := flaw_of_parts(host, bundle.paths)):
            listing.cut = True
            listing.errors.append(f"{bundle.name} {flaw}.")
        return True
    with joined(host, bundle.paths) as file:
        start = file.read(BLOCK_BYTES)
        size = file.seek(0, io.SEEK_END)
    cipher, form = cipher_of(start, bundle.name), format_of(start)
    if cipher is not None:
        listing.encrypted = True
        listing.sealed = f"the contents cannot be listed: encrypted with {cipher}"
    elif form in CLOSED:
        listing.sealed = f"the contents cannot be listed: the format is {CLOSED[form]}'s"
        if form == "7z" and (flaw := _flaw_of_7z(start, size)):
            listing.cut = True
            listing.errors.append(f"{bundle.name} {flaw}.")
    elif size == 0:
        listing.cut = True
        listing.errors.append(f"{bundle.name} is empty.")
        return True
    return bool(listing.sealed)


def _flaw_of_7z(start: bytes, size: int) -> str:
    if len(start) < _SEVEN_ZIP.size:
        return "ends within its header"
    _, _, crc, offset, length, _ = _SEVEN_ZIP.unpack_from(start)
    if zlib.crc32(start[12:32]) != crc:
        return "has a header that does not match its CRC32"
    return "" if size >= 32 + offset + length else "is cut off"
