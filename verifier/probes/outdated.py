"""Files of which a copy holds an older version than its date says: it does not hold them.

Whoever copies or touches an old archive or tree gives it a new date. Its bytes tell otherwise: a
file that the source changed before that date, and that is another one in the copy, was never
copied since. A file that the source changed after that date is only not copied yet.

Where a tool lists the times of what it read, these tell without the bytes: a file whose inode is
as it was before the point had the time then that it has now, so that an earlier one in the listing
is that of another version. A job that reads a frozen snapshot leaves such a backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from verifier.compared import Other
from verifier.files import MTIME_SLACK_NS
from verifier.inventory import Evidence, Fact, Location, Shares
from verifier.manifest import NAMED, Manifest, first_of, folders_of, shown
from verifier.probes.newer import expected
from verifier.probes.unlike import MOST_NAMED, listed_unlike, with_unlike

__all__ = [
    "changed_before",
    "less_held",
    "less_outdated",
    "without_older",
    "without_outdated",
    "without_versions",
]

_BYTES = "paths, sizes and bytes compared with the source"
_QUARTER_NS = 900_000_000_000
_ZONES = 56  # quarters of an hour that two clocks of FAT are apart at most


def changed_before(mtime_ns: int, point: datetime | None) -> bool:
    """Tell whether a change at the source is older than a point in time of a copy."""
    return point is not None and mtime_ns + MTIME_SLACK_NS < point.timestamp() * 1e9


def without_outdated(located: Location, source: Manifest, paths: Iterable[str]) -> Location:
    """Count files that a copy holds in an older version as not held.

    Parameters
    ----------
    located : Location
        With the coverage by names and sizes.
    source : Manifest
        The live data's files.
    paths : iterable of str
        Files of the source with the same size in the copy, and other bytes.

    Returns
    -------
    Location
        As it was if the source changed them all after the newest point.
    """
    newest = located.points.newest
    late = [path for path in paths if changed_before(source.files[path].mtime_ns, newest)]
    return less_outdated(located, source, late, len(late), Fact(None, Evidence.MEASURED, _BYTES))


def without_versions(located: Location, source: Manifest, paths: Sequence[str]) -> Location:
    """Count files of the source's size that are younger in a copy, and other ones, as not held."""
    if not paths:
        return located
    named = [
        Other(path, live.size, live.size)
        for path in paths[:MOST_NAMED]
        if (live := source.files[path])
    ]
    located = with_unlike(located, younger=(named, len(paths)))
    how: Fact[float] = Fact(None, Evidence.MEASURED, _BYTES)
    return less_held(located, source, paths, len(paths), how)


def without_older(
    located: Location, source: Manifest | None, sizes: Mapping[str, int], times: Mapping[str, int]
) -> Location:
    """Count files of which a tool lists an older version than it should have read as not held.

    Parameters
    ----------
    located : Location
        With the coverage by names and sizes.
    source : Manifest or None
        The live data's files.
    sizes, times : mapping of str to int
        Sizes [bytes] and modification times [ns] of what was read, by the source's paths.

    Returns
    -------
    Location
        As it was if the source changed them all, or their inodes, after the newest point.
    """
    newest = located.points.newest
    if source is None or located.coverage.value is None:
        return located
    located = listed_unlike(located, source, sizes, times)
    if newest is None:
        return located
    behind = {
        path: live.mtime_ns - then
        for path, live in source.files.items()
        if (then := times.get(path)) is not None
        and live.mtime_ns > then + MTIME_SLACK_NS
        and sizes[path] == live.size
        and changed_before(live.mtime_ns, newest)
        and live.ctime_ns > 0
        and changed_before(live.ctime_ns, newest)
    }
    if _other_zone(set(behind.values())):
        return located
    known = located.coverage
    how: Fact[float] = Fact(None, known.evidence, f"{known.source}; times compared with the source")
    return less_outdated(located, source, behind, len(behind), how)


def less_outdated(
    located: Location, source: Manifest, paths: Iterable[str], count: int, how: Fact[float]
) -> Location:
    """Take files off the coverage, the known ones once; `count` may be more than are named."""
    more = count - located.outdated
    if located.shares is None or located.coverage.value is None or more <= 0:
        return located
    return replace(less_held(located, source, list(paths), more, how), outdated=count)


def less_held(
    located: Location, source: Manifest, named: Sequence[str], more: int, how: Fact[float]
) -> Location:
    """Take so many files, of which some are named, off the coverage."""
    shares = located.shares
    if shares is None or located.coverage.value is None or more <= 0:
        return located
    files, size = expected(located, source)
    # of a sample, and of what was counted before, the bytes are those of the part that is new
    stale = sum(source.files[path].size for path in named) * min(1.0, more / max(len(named), 1))
    less = Shares(
        max(0.0, shares.files - more / max(files, 1)),
        max(0.0, shares.size_bytes - stale / size) if size else shares.size_bytes,
        shares.lacking + more,
        (*shares.missing, *first_of(p for p in named if shown(p) not in shares.missing))[:NAMED],
    )
    folders = dict.fromkeys((*located.missing, *folders_of(named)))
    return replace(
        located,
        coverage=replace(how, value=less.least),
        shares=less,
        missing=tuple(folders)[:NAMED],
        identical=False,
    )


def _other_zone(behind: set[int]) -> bool:
    """Tell whether all times are off by the same quarters of an hour: those of FAT are local."""
    if not behind or max(behind) - min(behind) > 2 * MTIME_SLACK_NS:
        return False
    quarters = round(min(behind) / _QUARTER_NS)
    return 0 < quarters <= _ZONES and abs(min(behind) - quarters * _QUARTER_NS) <= MTIME_SLACK_NS
