"""Files that differ from the source's, and that the source has not changed since.

Such a file is damaged in the copy, if the copy broke; but it is as well the last good one, if the
source did, and the newer one, if somebody worked in the copy or put the source back. Times and
sizes tell some of these apart. What they leave open is no damage of the copy: whoever took it for
that would write the source's bytes over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from verifier.compared import DIFFERS, Other, Shares, Unlike
from verifier.files import MTIME_SLACK_NS, FileFact, table
from verifier.inventory import Location
from verifier.manifest import Files, Manifest
from verifier.probes.newer import expected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Rows = NDArray[np.int64]

__all__ = [
    "MOST_NAMED",
    "Side",
    "by_size",
    "listed_unlike",
    "side",
    "sides_of",
    "taken",
    "with_unlike",
]

MOST_NAMED = 200  # of more files the rest is only counted
_QUARTER_NS = 900e9
_ZONES = 56  # quarters of an hour that two clocks of FAT are apart at most
_COMMON = 0.95


class Side(StrEnum):
    """Why a file that differs need not be damaged in the copy."""

    NONE = ""
    YOUNGER = "younger"  # in the copy
    SHORTER = "shorter"  # at the source, under the same time


def side(live: FileFact, size: int, mtime_ns: int | None) -> Side:
    """Tell of one file that differs whether the copy may be the right one.

    Parameters
    ----------
    live : FileFact
        The source's, which is not younger.
    size, mtime_ns : int
        The copy's; no time where none is kept.
    """
    if mtime_ns is not None and mtime_ns > live.mtime_ns + MTIME_SLACK_NS:
        # one that is hardly begun broke while it was made, and has the time of that
        return Side.NONE if 2 * size < live.size else Side.YOUNGER
    return Side.SHORTER if live.size < size else Side.NONE


def sides_of(
    own: Files, theirs: Files, here: Rows, there: Rows, *, local: bool = True
) -> tuple[Mask, Mask]:
    """Tell of many files, if they differ, which are younger in the copy, or shorter at the source.

    Parameters
    ----------
    own, theirs : Files
        The source's, and the copy's.
    here, there : array of int64
        Their rows, pair by pair.
    local : bool
        False for a server or bucket: there nobody works, and one in which most files are younger
        keeps the times of their arrival.

    Returns
    -------
    tuple of two arrays of bool
        As `side` tells, but for clocks of FAT: a tree that is ahead as a whole by some quarters of
        an hour, as in summer, is not younger.
    """
    return _sides(
        own.column("size")[here], own.column("mtime")[here],
        theirs.column("size")[there], theirs.column("mtime")[there], local=local,
    )  # fmt: skip


def taken(wrong: dict[int, str], younger: Rows) -> list[int]:
    """Take the rows out of what is wrong that only differ, and are younger in the copy."""
    import numpy as np

    differing = np.array(sorted(row for row in wrong if wrong[row] == DIFFERS), dtype=np.int64)
    found: list[int] = differing[np.isin(differing, younger)].tolist()
    for row in found:
        del wrong[row]
    return found


def _sides(
    size: Rows, mtime: Rows, theirs: Rows, their_mtime: Rows, *, local: bool = True
) -> tuple[Mask, Mask]:
    import numpy as np

    ahead = their_mtime.astype(np.float64)
    ahead -= mtime
    ahead -= _zone(ahead[size == theirs])
    late = ahead > MTIME_SLACK_NS
    same = abs(ahead) <= MTIME_SLACK_NS
    if not local and 2 * int(late[size == theirs].sum()) > int((size == theirs).sum()):
        same |= late
        late = np.zeros_like(late)
    return late & (2.0 * theirs >= size), same & (size < theirs)


def _zone(ahead: NDArray[np.float64]) -> float:
    """Return by how many ns all are ahead together, a number of quarters of an hour; else 0."""
    import numpy as np

    if len(ahead) < 2:
        return 0.0
    shift = float(np.rint(np.median(ahead) / _QUARTER_NS))
    if not 0 < shift <= _ZONES:
        return 0.0
    shift *= _QUARTER_NS
    return shift if (abs(ahead - shift) <= MTIME_SLACK_NS).mean() >= _COMMON else 0.0


def by_size(located: Location, source: Manifest, held: Manifest, *, local: bool = True) -> Location:
    """Add what names, sizes and times of a tree tell of files that differ."""
    own, theirs = table(source.files), table(held.files)
    here, there = own.pairs(theirs)
    their_size = theirs.column("size")[there]
    odd = own.column("size")[here] != their_size
    if not odd.any():
        return located
    masks = sides_of(own, theirs, here, there, local=local)
    return _with_masks(located, source, own, here, their_size, [mask & odd for mask in masks])


def listed_unlike(
    located: Location, source: Manifest, sizes: Mapping[str, int], times: Mapping[str, int]
) -> Location:
    """Add what a tool's listing tells of files that differ.

    Parameters
    ----------
    located : Location
        With the coverage by names and sizes.
    source : Manifest
        The live data's files.
    sizes, times : mapping of str to int
        Sizes [bytes] and modification times [ns], by the source's paths.
    """
    import numpy as np

    own = table(source.files)
    met = [
        (row, sizes[path], times[path])
        for row, path in enumerate(own)
        if path in times and 0 <= sizes.get(path, -1) < 2**62 and abs(times[path]) < 2**62
    ]
    if not met:
        return located
    here, their_size, their_mtime = np.array(met, dtype=np.int64).T
    size = own.column("size")[here]
    odd = size != their_size
    masks = _sides(size, own.column("mtime")[here], their_size, their_mtime)
    return _with_masks(located, source, own, here, their_size, [mask & odd for mask in masks])


def _with_masks(
    located: Location,
    source: Manifest,
    own: Files,
    here: Rows,
    their_size: Rows,
    masks: Sequence[Mask],
) -> Location:
    """Add files by two masks: those that are younger, and those that are shorter at the source."""
    import numpy as np

    size = own.column("size")[here]

    def named(mask: Mask) -> list[Other]:
        some = np.flatnonzero(mask)[:MOST_NAMED]
        paths = own.paths(here[some].tolist())
        facts = zip(paths, their_size[some].tolist(), size[some].tolist(), strict=True)
        return [Other(*fact) for fact in facts]

    younger, shorter = masks
    found = with_unlike(
        located,
        (named(younger), int(younger.sum())),
        (named(shorter), int(shorter.sum())),
    )
    if found.unlike is None or located.shares is None:
        return found
    # what a copy has instead counts as the files that the source has now
    longer, every = (
        _with(located, source, int(mask.sum()), float(size[mask].astype(np.float64).sum()))
        for mask in (shorter, shorter | younger)
    )
    return replace(found, unlike=replace(found.unlike, at_most=longer, if_right=every))


def with_unlike(
    located: Location,
    younger: tuple[Sequence[Other], int] = ((), 0),
    shorter: tuple[Sequence[Other], int] = ((), 0),
) -> Location:
    """Add files that differ, each once, to those that are known to.

    Parameters
    ----------
    located : Location
        With its coverage, of which the files need not be taken off yet.
    younger, shorter : tuple of sequence of Other and int
        Some of them, and how many there are.
    """
    known = located.unlike or Unlike()
    first, first_files = _once(known.younger, known.younger_files, *younger)
    second, second_files = _once(known.shorter, known.shorter_files, *shorter)
    new = replace(
        known,
        younger=first,
        shorter=second,
        younger_files=first_files,
        shorter_files=second_files,
    )
    if not (new.younger_files or new.shorter_files):
        return located
    new = replace(new, if_right=max(new.if_right, located.coverage.value or 0.0))
    return replace(located, unlike=new, identical=False)


def _once(
    known: Iterable[Other], files: int, more: Sequence[Other], count: int
) -> tuple[tuple[Other, ...], int]:
    """Return some of both, each file once, and how many there are."""
    found = {one.path: one for one in known}
    added = [one for one in more if one.path not in found]
    twice = sum(one.path in found for one in more)
    return (*found.values(), *added)[:MOST_NAMED], files + count - twice


def _with(located: Location, source: Manifest, count: int, more_bytes: float) -> float:
    """Return the coverage with some files more."""
    assert located.shares is not None  # noqa: S101 - the caller has looked
    (files, size), shares = expected(located, source), located.shares
    more = Shares(
        min(1.0, shares.files + count / max(files, 1)),
        min(1.0, shares.size_bytes + more_bytes / size) if size > 0 else 1.0,
    )
    return round(more.least, 12)  # all of them are all
