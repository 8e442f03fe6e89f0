"""Archives of one place of which the newest alone holds little: what others beside it hold.

Where the newest of a series of whole ones is poor, an older one may be whole. Where each archive
holds another folder, or only what changed, all of them together may hold the source. Neither is a
pass: the first is named, and of the second nobody here makes one copy.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from verifier.host import Host
from verifier.inventory import Depth
from verifier.manifest import Manifest, cover, prefix_in
from verifier.probes._archive_rows import Row, listing_of, row_in, share_in
from verifier.probes.bundles import Bundle, is_increment, job_of
from verifier.probes.newer import as_of

__all__ = ["fuller_before", "together"]

_POOR, _RICHER, _WHOLE = 0.5, 0.3, 0.9
_TRIED = 3  # archives before the newest
_MOST_PARTS = 50


def fuller_before(
    host: Host, bundles: list[Bundle], source: Manifest | None, row: Row, share: float | None
) -> datetime | None:
    """Return the time of the last archive before a poor newest one that holds much more.

    Parameters
    ----------
    host : Host
        Access to the machine.
    bundles : list of Bundle
        The series, the oldest first.
    source : Manifest or None
        The live data's files.
    row : Row
        What was read of the series.
    share : float or None
        How much of the source the newest one holds.

    Returns
    -------
    datetime or None
    """
    if share is None or share >= _POOR or not row.chain:
        return None
    before = [each for each in bundles if each.time < row.chain[-1].time and not each.lacking]
    for number in range(min(_TRIED, len(before))):
        some = before[: len(before) - number]
        older = row_in(host, some, source, Depth.LISTED)
        held = share_in(host, source, older)
        if held is not None and held >= share + _RICHER and older.chain:
            return next(each.time for each in some if each.paths == older.chain[-1].paths)
    return None


def together(
    host: Host, bundles: list[Bundle], source: Manifest | None, share: float | None
) -> str:
    """Say how much of the source several archives hold that are parts of one state; else empty.

    Parameters
    ----------
    host, source, share
        As for `fuller_before`.
    bundles : list of Bundle
        All archives of the place, the oldest first.

    Returns
    -------
    str
        Why how much the place holds is not known.
    """
    if source is None or share is None or share >= _WHOLE:
        return ""
    whole = [bundle for bundle in bundles if not bundle.lacking]
    parts = _increments(whole) or _newest_of_jobs(whole)
    if not 1 < len(parts) <= _MOST_PARTS:
        return ""
    sizes: dict[str, int] = {}
    alone = 0
    for bundle in parts:
        listing = listing_of(host, bundle, read=False)
        if listing.cut or listing.unseen or listing.sealed or not listing.sizes:
            return ""
        sizes |= listing.sizes
        alone += len(listing.sizes)
    if alone != len(sizes) and not is_increment(parts[-1].name):
        return ""  # states of the same files, of which the newest counts
    prefix = prefix_in(source, sizes)
    coverage = cover(source, {path.removeprefix(prefix): size for path, size in sizes.items()})
    held = as_of(host, source, coverage, parts[-1].time).share.value
    if held is None or held < _WHOLE:
        return ""
    more = f"all {len(parts)} together hold {_percent(held)}"
    return f"the newest archive alone holds {_percent(share)} of the source, {more}"


def _increments(bundles: list[Bundle]) -> list[Bundle]:
    """Return a newest archive that is called an increment after those that it builds on."""
    if not bundles or not is_increment(bundles[-1].name):
        return []
    job = job_of(bundles[-1].name)
    mine = [bundle for bundle in bundles if job_of(bundle.name) == job]
    fulls = [n for n, bundle in enumerate(mine) if not is_increment(bundle.name)]
    return mine[fulls[-1] :] if fulls else []


def _newest_of_jobs(bundles: list[Bundle]) -> list[Bundle]:
    """Return the newest archive of each name, dates and words like "daily" apart."""
    jobs: dict[str, list[Bundle]] = defaultdict(list)
    for bundle in bundles:
        jobs[job_of(bundle.name)].append(bundle)
    return sorted((row[-1] for row in jobs.values()), key=lambda each: each.time)


def _percent(share: float) -> str:
    return f"{int(share * 1000) / 10:g} %"
