"""Archives: tar under any compression, zip, split and encrypted ones, and folders of dated ones."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from verifier.compared import DIFFERS
from verifier.files import MTIME_SLACK_NS
from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Coverage, Manifest, cover, prefix_in
from verifier.probes._digests import hash_of
from verifier.probes._noting import noted
from verifier.probes.bundles import (
    Bundle,
    bundles_in,
    is_archive_name,
    is_bare_part,
    is_beside,
    parse_date,
)
from verifier.probes.comparing import capped
from verifier.probes.compression import cipher_of, format_of, has_digest, joined
from verifier.probes.members import BLOCK_BYTES, DAMAGE, Member, members
from verifier.probes.newer import as_of
from verifier.probes.outdated import changed_before, without_outdated
from verifier.target import Target

__all__ = ["collect", "detect", "newest_chain", "parse_date"]

MAX_MEMBERS = 20_000_000
_CLOSED = {"7z": "7-Zip", "rar": "RAR", "Z": "compress"}
_SEVEN_ZIP = struct.Struct("<6s2sIQQI")


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
class _Row:
    """All archives of a location: the points, and the content of the newest one."""

    times: list[datetime] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)
    content: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    chain: list[Bundle] = field(default_factory=list)
    sealed: str = ""
    encrypted: bool = False


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is an archive, or a folder that holds archives and nothing else."""
    facts = host.stat(path)
    if facts.is_dir:
        names = [name for name in host.listdir(path) if not is_beside(name)]
        if not names or not all(
            is_archive_name(name) and host.stat(f"{path}/{name}").is_file for name in names
        ):
            return False
        bare = next((name for name in sorted(names) if is_bare_part(name)), None)
        return bare is None or _holds_one(host, f"{path}/{bare}")
    if not facts.is_file:
        return False
    name = path.rpartition("/")[2]
    return (is_archive_name(name) and not is_bare_part(name)) or _holds_one(host, path)


def _holds_one(host: Host, path: str) -> bool:
    """Tell by its content whether a file, or the first of the parts that it belongs to, is one."""
    bundle = next(iter(bundles_in(host, path)))
    path, name = bundle.paths[0], bundle.name
    with host.open(path) as file:
        start = file.read(BLOCK_BYTES)
    form = format_of(start)
    if form in {"tar", "zip", *_CLOSED} or cipher_of(start, name):
        return True
    return form is not None and _starts_as_tar(host, path)


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
        ``LISTED`` looks into the newest archive only, unless that one builds on others; deeper
        examinations into all.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Contents are those of the newest archive that can be read to its end.
    """
    bundles = bundles_in(host, found.real_path or target.address)
    if not bundles:
        return replace(found, kind="tar", points=Points(0), reason="the folder holds no archive")
    row = _row(host, bundles, depth)
    newest = row.chain[-1] if row.chain else bundles[-1]
    prefix = prefix_in(source, row.content)
    reached = _reach(host, source, depth, row, newest, prefix)
    coverage = Coverage(Fact(source=row.sealed))
    if not row.sealed:
        held = {name.removeprefix(prefix): size for name, size in row.content.items()}
        coverage = cover(source, held, unseen=bool(row.unseen))
        if not row.unseen:
            noted(host, found, held)
    last, latest = max(row.times, default=None), bundles[-1].time
    coverage = as_of(host, source, coverage, last)
    located = replace(
        found,
        kind=_kind(host, newest),
        points=Points.at(
            row.times,
            latest=latest if last is None or latest > last else None,
            breaks=tuple(row.breaks),
        ),
        files=None if row.sealed else len(row.content),
        size_bytes=None if row.sealed else sum(row.content.values()),
        coverage=coverage.share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        errors=capped(row.errors),
        depth=reached,
        reason="; ".join(dict.fromkeys(filter(None, (*row.unseen, row.sealed)))),
        encrypted=Fact()
        if row.sealed and not row.encrypted
        else Fact(row.encrypted, Evidence.MEASURED, "signatures and member flags"),
    )
    if source is None or row.unseen or row.sealed or row.encrypted or depth < Depth.BYTES:
        return located
    return without_outdated(located, source, _outdated(host, source, row, newest, prefix))


def newest_chain(host: Host, path: str) -> tuple[tuple[Bundle, ...], dict[str, int], str]:
    """Return the newest whole archive after those that it builds on, its files, and its seal.

    The last says why nobody can see inside; it is empty if everybody can.
    """
    row = _row(host, bundles_in(host, path) or [], Depth.STRUCTURE)
    return tuple(row.chain), row.content, row.sealed


def _row(host: Host, bundles: list[Bundle], depth: Depth) -> _Row:
    row = _Row()
    if depth is Depth.LISTED and not bundles[-1].lacking:
        newest = _read(host, bundles[-1], read=False)
        if not (newest.elsewhere or newest.cut or newest.unseen):
            row.times = [bundle.time for bundle in bundles[:-1] if not bundle.lacking]
            row.breaks = [_incomplete(bundle) for bundle in bundles[:-1] if bundle.lacking]
            _add(row, bundles[-1], newest)
            return row
    partial: _Listing | None = None
    for bundle in bundles:
        if bundle.lacking:
            row.breaks.append(_incomplete(bundle))
            continue
        listing = _read(host, bundle, read=depth >= Depth.BYTES)
        if listing.cut and not row.times:
            partial = listing
        _add(row, bundle, listing)
    if not row.times and partial is not None:
        row.content = partial.sizes  # no point, but it tells how much could still be read
    return row


def _incomplete(bundle: Bundle) -> str:
    return f"{bundle.name} is split, and its {bundle.lacking} is not here."


def _add(row: _Row, bundle: Bundle, listing: _Listing) -> None:
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


def _reach(
    host: Host,
    source: Manifest | None,
    depth: Depth,
    row: _Row,
    newest: Bundle,
    prefix: str,
) -> Depth | None:
    """Tell the depth that was reached, and compare with the source where that is wanted."""
    if row.unseen:
        return None
    if row.sealed:
        return min(depth, Depth.LISTED)
    if not row.chain:
        return min(depth, Depth.STRUCTURE)
    # a tar without compression has no digests: only the source vouches for its bytes
    with joined(host, newest.paths) as file:
        bare = not has_digest(file.read(BLOCK_BYTES))
    reached = min(depth, Depth.STRUCTURE if bare else Depth.BYTES)
    if depth < Depth.BYTES:
        return reached
    if row.encrypted:
        row.unseen.append("some contents are encrypted and were not read")
        return Depth.STRUCTURE
    if not bare and depth < Depth.SOURCE:
        return reached
    if source is not None and not any(
        name.removeprefix(prefix) in source.files for name in row.content
    ):
        return reached  # nothing in it can be held against the source
    for bundle in row.chain:
        different, not_compared = _compare(host, bundle, source, prefix)
        row.errors += different
        if not_compared:
            row.unseen.append(not_compared)
            return reached
    return Depth.SOURCE


def _read(host: Host, bundle: Bundle, *, read: bool) -> _Listing:
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
    with joined(host, bundle.paths) as file:
        start = file.read(BLOCK_BYTES)
        size = file.seek(0, io.SEEK_END)
    cipher, form = cipher_of(start, bundle.name), format_of(start)
    if cipher is not None:
        listing.encrypted = True
        listing.sealed = f"the contents cannot be listed: encrypted with {cipher}"
    elif form in _CLOSED:
        listing.sealed = f"the contents cannot be listed: the format is {_CLOSED[form]}'s"
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


def _kind(host: Host, bundle: Bundle) -> str:
    try:
        with joined(host, bundle.paths) as file:
            form = format_of(file.read(BLOCK_BYTES))
    except AccessError:
        form = None
    if form is None and bundle.name.lower().endswith(".zip"):
        form = "zip"
    return "zip" if form == "zip" else "archive" if form in _CLOSED else "tar"


def _compare(
    host: Host, bundle: Bundle, source: Manifest | None, prefix: str
) -> tuple[list[str], str]:
    if source is None or not source.complete:
        return [], "the source could not be read, so nothing was compared with it"
    errors: list[str] = []
    unseen = ""
    for member in _contents(host, bundle):
        name = member.path.removeprefix(prefix)
        live = source.files.get(name)
        if live is None or live.mtime_ns > member.mtime_ns + MTIME_SLACK_NS:
            continue
        if live.size != member.size:
            errors.append(f"{name} has {member.size} bytes, the source's has {live.size}.")
            continue
        try:
            if hash_of(host, f"{source.root}/{name}", "sha256") != member.sha256:
                errors.append(f"{name} {DIFFERS}")
        except AccessError as problem:
            unseen = unseen or f"{name} of the source could not be read: {problem.reason}"
    return errors, unseen


def _outdated(
    host: Host, source: Manifest, row: _Row, newest: Bundle, prefix: str
) -> Iterator[str]:
    """Yield files that the source changed before the archive's date, and that are others in it."""
    doubted = set()
    for path, mtime_ns in row.changed.items():
        live = source.files.get(path.removeprefix(prefix))
        if live is None or live.size != row.content.get(path):
            continue
        later = live.mtime_ns > mtime_ns + MTIME_SLACK_NS
        if later and changed_before(live.mtime_ns, newest.time):
            doubted.add(path)
    found: dict[str, str | None] = {}
    for bundle in row.chain if doubted else ():
        found |= {m.path: m.sha256 for m in _contents(host, bundle) if m.path in doubted}
    for path, digest in found.items():
        name = path.removeprefix(prefix)
        with contextlib.suppress(AccessError):  # of what cannot be read now nothing is known
            if hash_of(host, f"{source.root}/{name}", "sha256") != digest:
                yield name


def _contents(host: Host, bundle: Bundle) -> Iterator[Member]:
    return (
        member for member in members(host, bundle.paths, read=True) if member.sha256 is not None
    )


def _starts_as_tar(host: Host, path: str) -> bool:
    """Tell a compressed tar from any other compressed file by its first member."""
    try:
        next(members(host, (path,), read=False), None)
    except (*DAMAGE, AccessError):
        return False
    return True
