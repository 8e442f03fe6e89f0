"""Archives: tar under any compression, zip, split and encrypted ones, and folders of dated ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from verifier.compared import DIFFERS, other_size
from verifier.files import MTIME_SLACK_NS
from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Coverage, Manifest, cover, prefix_in
from verifier.probes._archive_parts import fuller_before, together
from verifier.probes._archive_rows import CLOSED, Row, row_of
from verifier.probes._digests import hash_of
from verifier.probes._noting import noted
from verifier.probes.bundles import (
    Bundle,
    bundles_in,
    is_archive_name,
    is_bare_part,
    is_beside,
    parse_date,
    series_of,
    unfinished_in,
    unfinished_of,
    unfinished_words,
)
from verifier.probes.comparing import capped
from verifier.probes.compression import cipher_of, format_of, has_digest, joined
from verifier.probes.members import BLOCK_BYTES, DAMAGE, Member, members
from verifier.probes.newer import as_of
from verifier.probes.outdated import changed_before, without_outdated, without_versions
from verifier.probes.unlike import Side, listed_unlike, side
from verifier.target import Target

__all__ = ["collect", "detect", "newest_chain", "parse_date"]


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is an archive, or a folder that holds archives and nothing else."""
    facts = host.stat(path)
    if facts.is_dir:
        listed = host.listdir(path)
        aside = set(unfinished_of(listed))
        names = [name for name in listed if not is_beside(name) and name not in aside]
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
    if form in {"tar", "zip", *CLOSED} or cipher_of(start, name):
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
    path = found.real_path or target.address
    bundles = bundles_in(host, path)
    if not bundles:
        return replace(found, kind="tar", points=Points(0), reason="the folder holds no archive")
    every = bundles
    row, bundles = row_of(host, bundles, source, depth)
    newest = row.chain[-1] if row.chain else bundles[-1]
    prefix = prefix_in(source, row.content)
    reached = _reach(host, source, depth, row, newest, prefix)
    coverage = Coverage(Fact(source=row.sealed))
    held: dict[str, int] = {}
    if not row.sealed:
        held = {name.removeprefix(prefix): size for name, size in row.content.items()}
        coverage = cover(source, held, unseen=bool(row.unseen))
        if not row.unseen:
            noted(host, found, held)
    aside = unfinished_in(host, path)
    of_the_row = {series_of(bundle.name) for bundle in bundles}
    begun = [bundle.time for bundle in aside if series_of(bundle.name) in of_the_row]
    last, latest = max(row.times, default=None), max([bundles[-1].time, *begun])
    coverage = as_of(host, source, coverage, last)
    filled = fuller_before(host, bundles, source, row, coverage.share.value)
    if parts := together(host, every, source, coverage.share.value):
        row.unseen.append(parts)
        coverage, reached = Coverage(Fact(source=parts)), min(depth, Depth.LISTED)
    located = replace(
        found,
        kind=_kind(host, newest),
        points=Points.at(
            row.times,
            latest=latest if last is None or latest > last else None,
            breaks=(*row.breaks, *map(unfinished_words, aside)),
        ),
        files=None if row.sealed else len(row.content),
        size_bytes=None if row.sealed else sum(row.content.values()),
        last_filled=filled,
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
    if source is None or row.unseen or row.sealed:
        return located
    if source.complete:
        times = {path.removeprefix(prefix): when for path, when in row.changed.items()}
        located = listed_unlike(located, source, held, times)
        located = without_versions(located, source, list(dict.fromkeys(row.younger)))
    if row.encrypted or depth < Depth.BYTES:
        return located
    return without_outdated(located, source, _outdated(host, source, row, newest, prefix))


def newest_chain(
    host: Host, path: str, source: Manifest | None
) -> tuple[tuple[Bundle, ...], dict[str, int], str]:
    """Return the newest whole archive after those that it builds on, its files, and its seal.

    The last says why nobody can see inside; it is empty if everybody can.
    """
    row, _ = row_of(host, bundles_in(host, path), source, Depth.STRUCTURE)
    return tuple(row.chain), row.content, row.sealed


def _reach(
    host: Host,
    source: Manifest | None,
    depth: Depth,
    row: Row,
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
        different, not_compared, younger = _compare(host, bundle, source, prefix)
        row.younger += younger
        row.errors += different
        if not_compared:
            row.unseen.append(not_compared)
            return reached
    return Depth.SOURCE


def _kind(host: Host, bundle: Bundle) -> str:
    try:
        with joined(host, bundle.paths) as file:
            form = format_of(file.read(BLOCK_BYTES))
    except AccessError:
        form = None
    if form is None and bundle.name.lower().endswith(".zip"):
        form = "zip"
    return "zip" if form == "zip" else "archive" if form in CLOSED else "tar"


def _compare(
    host: Host, bundle: Bundle, source: Manifest | None, prefix: str
) -> tuple[list[str], str, list[str]]:
    """Return damage, what could not be compared, and files of one size that are younger in it."""
    if source is None or not source.complete:
        return [], "the source could not be read, so nothing was compared with it", []
    errors: list[str] = []
    younger: list[str] = []
    unseen = ""
    for member in _contents(host, bundle):
        name = member.path.removeprefix(prefix)
        live = source.files.get(name)
        if live is None or live.mtime_ns > member.mtime_ns + MTIME_SLACK_NS:
            continue
        which = side(live, member.size, member.mtime_ns)
        if live.size != member.size:
            if which is Side.NONE:
                errors.append(f"{name} {other_size(member.size, live.size)}")
            continue
        try:
            if hash_of(host, f"{source.root}/{name}", "sha256") == member.sha256:
                continue
            if which is Side.YOUNGER:
                younger.append(name)
            else:
                errors.append(f"{name} {DIFFERS}")
        except AccessError as problem:
            unseen = unseen or f"{name} of the source could not be read: {problem.reason}"
    return errors, unseen, younger


def _outdated(host: Host, source: Manifest, row: Row, newest: Bundle, prefix: str) -> Iterator[str]:
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
