"""Files of which a copy holds an older version than its date says: it does not hold them.

Whoever copies or touches an old archive or tree gives it a new date. Its bytes tell otherwise: a
file that the source changed before that date, and that is another one in the copy, was never
copied since. A file that the source changed after that date is only not copied yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from verifier.files import MTIME_SLACK_NS
from verifier.inventory import Evidence, Fact, Location, Shares
from verifier.manifest import Manifest, folders_of
from verifier.probes.newer import expected

__all__ = ["changed_before", "without_outdated"]


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
    newest, shares = located.points.newest, located.shares
    late = [path for path in paths if changed_before(source.files[path].mtime_ns, newest)]
    if not late or shares is None or located.coverage.value is None:
        return located
    files, size = expected(located, source)
    stale_bytes = sum(source.files[path].size for path in late)
    less = Shares(
        max(0.0, shares.files - len(late) / files),
        max(0.0, shares.size_bytes - stale_bytes / size) if size else shares.size_bytes,
    )
    told = "paths, sizes and bytes compared with the source"
    folders = dict.fromkeys((*located.missing, *folders_of(late)))
    return replace(
        located,
        coverage=Fact(less.least, Evidence.MEASURED, told),
        shares=less,
        missing=tuple(folders)[:5],
        identical=False,
    )
