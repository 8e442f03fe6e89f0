"""What the source held when a copy was made: files that came since cannot be in it.

The source goes on changing, and last night's backup can only hold what there was last night. But a
job may leave out a folder in which all is young because it changes every day, and then nothing
tells by its dates that it was there. So a file that a copy lacks is excused only if its bytes, its
inode and the file itself, or the folder of which nothing is held, are younger than the copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from verifier._forms import composed
from verifier.compared import Newer
from verifier.files import MTIME_SLACK_NS, Files, table
from verifier.host import Host
from verifier.inventory import Location
from verifier.manifest import (
    Coverage,
    Manifest,
    Rows,
    and_above,
    instant,
    largest_missing,
    shares_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["as_of", "as_of_tree", "dating", "expected", "last_run", "without_equal"]

_ADDED, _DOUBTFUL = 1, 2
_RUN = timedelta(hours=1)  # what one takes; what changed meanwhile may have come too late for it
_NO_BIRTHS = "the file system does not tell when they were made"
_REMADE = "the source's own folder is younger than the copy, as is most of what is in it"


def as_of(
    host: Host,
    source: Manifest | None,
    coverage: Coverage,
    point: datetime | None,
    *,
    written: datetime | None = None,
) -> Coverage:
    """Judge how much a copy holds by what the source held at a point in time.

    Parameters
    ----------
    host : Host
        Tells when files of the source were made.
    source : Manifest or None
        The live data.
    coverage : Coverage
        By the source as it is now.
    point : datetime or None
        The copy's newest point; with none nothing is excused.
    written : datetime, optional
        When this machine wrote to the copy last, if that is known: what was made before was there.

    Returns
    -------
    Coverage
        Shares of the files and bytes that can be expected. A file that the source changed since,
        and of which the copy has an earlier version, is held.
    """
    rows = coverage.rows
    if rows is None or point is None or source is None:
        return coverage
    import numpy as np

    start = _start(point)
    there = start if written is None else int(written.timestamp() * 1e9)
    late = _late(rows.files, start)
    if not late.any():
        return coverage
    absent = rows.absent()
    if absent.all():
        return coverage
    changed = late & ~absent
    if rows.hollow is not None:
        changed[rows.hollow] = False
    candidates = np.flatnonzero(late & absent)
    verdicts, reason = _verdicts(host, source, rows, candidates, there)
    added = np.zeros(len(rows.files), dtype=np.bool_)
    added[candidates[verdicts == _ADDED]] = True
    doubtful = candidates[verdicts == _DOUBTFUL]
    lacking = rows.lacking & ~changed & ~added
    shares = shares_of(rows.files, lacking, added)
    surely, beside = lacking.copy(), added.copy()
    surely[doubtful], beside[doubtful] = False, True
    sizes = rows.files.column("size")
    newer = Newer(
        since=point,
        changed=int(changed.sum()),
        added=int(added.sum()),
        size_bytes=int(sizes[changed | added].sum()),
        added_bytes=int(sizes[added].sum()),
        doubtful=len(doubtful),
        at_most=1.0 if beside.all() else shares_of(rows.files, surely, beside).least,
        reason=reason,
    )
    return replace(
        coverage,
        share=replace(coverage.share, value=shares.least),
        shares=shares,
        missing=largest_missing(rows.files, lacking) if lacking.any() else (),
        newer=newer if newer.files or newer.doubtful else None,
    )


def _start(point: datetime) -> int:
    return int(point.timestamp() * 1e9) + MTIME_SLACK_NS


def _late(files: Files, start: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (files.column("mtime") > start) & (files.column("ctime") > start)
    return found


def without_equal(
    located: Location, files: Files, equal: Sequence[int] | NDArray[np.int64]
) -> Location:
    """Take files that only have another time out of what the source has changed since.

    A source that is restored without its times, or touched, is dated now to the last file.

    Parameters
    ----------
    located : Location
        With what is newer by the times of files.
    files : Files
        The source's.
    equal : sequence or array of int
        Rows of files whose bytes were compared, and are those of the copy.
    """
    newer = located.newer
    if newer is None or not newer.changed or not len(equal):
        return located
    import numpy as np

    rows = np.array(equal, dtype=np.int64)
    rows = rows[_late(files, _start(newer.since))[rows]]
    less = int(files.column("size")[rows].sum())
    newer = replace(newer, changed=newer.changed - len(rows), size_bytes=newer.size_bytes - less)
    return replace(located, newer=newer if newer.files or newer.doubtful else None)


def as_of_tree(host: Host, source: Manifest | None, coverage: Coverage, held: Manifest) -> Coverage:
    """Judge how much a plain tree holds by what the source held when it was written.

    Its newest file that the source has too says when the source was changed last before that. When
    the inodes of such files changed last says when something was written to it: what the source had
    an hour before that, it had when the run began, if runs do not take longer; and what was made
    before that, was there.
    """
    if not held.files:
        return coverage
    point, written = last_run(host, source, held)
    found = as_of(host, source, coverage, point, written=written)
    if source is None or found.newer is None or found.share.value != 1.0:
        return found
    return replace(
        found, newer=replace(found.newer, unlike_since=_unlike_since(host, source, found))
    )


def last_run(
    host: Host, source: Manifest | None, held: Manifest
) -> tuple[datetime | None, datetime | None]:
    """Return what a plain tree tells of its last run: by when it had begun, and when it wrote last.

    The latter is not known of a tree that another machine keeps.
    """
    rows = dating(source, held)
    written = held.changed_by(rows) if host.local else None
    begun = held.newest_by(source.changed_last if source is not None else None, rows)
    if written is not None and begun is not None:
        begun = max(begun, written - _RUN)
    return begun, written


def dating(source: Manifest | None, held: Manifest) -> NDArray[np.int64] | None:
    """Return the rows of a plain tree that can date it: what the source has too.

    A log that a job writes beside them every night tells nothing of a mirror that has long stopped.
    None is all: of a source that is not known, or of which nothing is there.
    """
    if source is None or not source.complete or not source.files or not held.files:
        return None
    _, there = table(source.files).pairs(table(held.files))
    return there if len(there) else None


def _unlike_since(host: Host, source: Manifest, found: Coverage) -> datetime | None:
    """Tell when the source gained the first file that a tree lacks, if nothing else is younger.

    A file that changed since may have changed each day since the copy was made; only its last time
    is seen.
    """
    rows = found.rows
    if rows is None or not isinstance(rows.held, Files):
        return None
    import numpy as np

    mtime, absent = rows.files.column("mtime"), rows.absent()
    here, there = rows.files.pairs(rows.held)
    if (mtime[here] > rows.held.column("mtime")[there] + MTIME_SLACK_NS).any() or not absent.any():
        return None
    paths = rows.files.paths(np.flatnonzero(absent).tolist())
    born = min(host.born([f"{source.root}/{path}" for path in paths]))
    return instant(born or None)


def expected(located: Location, source: Manifest) -> tuple[int, int]:
    """Return how many files, and how many bytes, a coverage is a share of."""
    files, size = len(source.files), source.size_bytes
    newer = located.newer
    return (files - newer.added, size - newer.added_bytes) if newer else (files, size)


def _verdicts(
    host: Host, source: Manifest, rows: Rows, candidates: NDArray[np.int64], there: int
) -> tuple[NDArray[np.int8], str]:
    """Tell of files that the copy lacks, and that changed since, which of them came since."""
    import numpy as np

    verdicts = np.zeros(len(candidates), dtype=np.int8)
    if not len(candidates):
        return verdicts, ""
    paths = list(rows.files.paths(candidates.tolist()))
    born = np.array(host.born([f"{source.root}/{path}" for path in paths]), dtype=np.int64)
    made = _folders_made(host, source, rows, paths)
    above = np.array([made.get(path.rpartition("/")[0], -1) for path in paths], dtype=np.int64)
    # nothing below that folder is held: -1 if there is no such folder, 0 if its age is not known
    was_there = ((born > 0) & (born < there)) | ((above > 0) & (above < there))
    verdicts[~was_there] = _ADDED
    verdicts[~was_there & ((born == 0) | (above == 0))] = _DOUBTFUL
    reason = _NO_BIRTHS
    most = 2 * int((verdicts == _ADDED).sum()) > len(rows.files)
    if most and host.born([source.root])[0] > there:
        verdicts[verdicts == _ADDED] = _DOUBTFUL
        reason = _REMADE
    return verdicts, reason if (verdicts == _DOUBTFUL).any() else ""


def _folders_made(host: Host, source: Manifest, rows: Rows, paths: list[str]) -> dict[str, int]:
    """Return, for folders of files, when the topmost around them of which nothing is held was made.

    Folders of which something is held are not in it.
    """
    known = rows.held_folders()
    topmost: dict[str, str] = {}
    for folder in dict.fromkeys(path.rpartition("/")[0] for path in paths):
        outside = [above for above in and_above(folder)[:-1] if composed(above) not in known]
        if outside:
            topmost[folder] = outside[-1]
    tops = list(dict.fromkeys(topmost.values()))
    made = dict(zip(tops, host.born([f"{source.root}/{top}" for top in tops]), strict=True))
    return {folder: made[top] for folder, top in topmost.items()}
