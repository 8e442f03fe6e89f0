"""What became of the files of one location between two audits, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verifier.digests import alike, heads, nothing_known
from verifier.excluding import Excluding
from verifier.files import MTIME_SLACK_NS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.digests import Readings
    from verifier.files import Files, Rows
    from verifier.sightings import Seen

    Pairs = tuple[Rows, Rows]
    Mask = NDArray[np.bool_]

__all__ = ["Difference", "between", "same_time"]

_SECOND = 1_000_000_000
_QUARTER_HOUR = 900 * _SECOND
_MOST_SHIFT = 26 * 3600 * _SECOND  # between the outermost time zones
_CLOCK_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Difference:
    """The rows of two listings of one location, sorted by what became of them.

    Parameters
    ----------
    before, now : Files
        What the rows number.
    new, gone : array of int64
        Rows of `now` and of `before` that have no counterpart.
    changed, touched, moved, rotten : pair of arrays of int64
        Rows of `before` and of `now`: other bytes, the same bytes under another time, another
        path, and other bytes under the same size and time. A moved file may be rotten as well.
    compared : int
        Files of the same size and time that were read both times: rot shows in no others.
    """

    before: Files
    now: Files
    new: Rows
    gone: Rows
    changed: Pairs
    touched: Pairs
    moved: Pairs
    rotten: Pairs
    compared: int

    @property
    def empty(self) -> bool:
        """True if nothing came, went, changed, moved or rotted."""
        pairs = (self.changed, self.touched, self.moved, self.rotten)
        return not (len(self.new) or len(self.gone) or any(len(here) for here, _ in pairs))


def between(before: Seen, now: Seen) -> Difference | None:
    """Sort the files of a location by what became of them.

    A file is *moved* if its digest is found under another path; else if its inode is, under the
    same size and time (a rename keeps both, while a freed inode is soon another file's); else, on
    file systems whose inodes mean nothing, if its last name, size and time are.

    Parameters
    ----------
    before, now : Seen
        One location as two audits saw it.

    Returns
    -------
    Difference or None
        None where one of them has no list of files.
    """
    import numpy as np

    if before.files is None or now.files is None:
        return None
    old, new = _Side(before), _Side(now)
    here, there = old.files.pairs(new.files)
    alike_size = old.size[here] == new.size[there]
    delta = new.mtime[there] - old.mtime[here]
    delta -= _clock_shift(delta[alike_size])
    unmoved = alike_size & same_time(old.mtime[here], delta)
    del delta
    read = old.read[here] & new.read[there]
    same = _same_bytes(old, new, here, there, read & alike_size)
    timeless = (old.mtime[here] == 0) | (new.mtime[there] == 0)  # of a tool that keeps no times
    unmoved &= ~(read & ~same & timeless)
    rotten = unmoved & read & ~same
    changed = ~unmoved & ~same
    touched = ~unmoved & same
    gone, came = _others(len(old.files), here), _others(len(new.files), there)
    moved, gone, came = _moved(old, new, gone, came)
    gone = _not_left_out(old.files, gone, now.location.exclude)
    came = _not_left_out(new.files, came, before.location.exclude)
    moved_read = old.read[moved[0]] & new.read[moved[1]]
    moved_other = moved_read & ~_same_bytes(old, new, *moved, moved_read)
    return Difference(
        before=old.files,
        now=new.files,
        new=came,
        gone=gone,
        changed=_picked(here, there, changed),
        touched=_picked(here, there, touched),
        moved=moved,
        rotten=(
            np.concatenate([here[rotten], moved[0][moved_other]]),
            np.concatenate([there[rotten], moved[1][moved_other]]),
        ),
        compared=int((unmoved & read).sum()) + int(moved_read.sum()),
    )


def _picked(here: Rows, there: Rows, among: Mask) -> Pairs:
    """Return some pairs of rows; all of them are not copied, for millions may have changed."""
    return (here, there) if among.all() else (here[among], there[among])


def _not_left_out(files: Files, rows: Rows, patterns: Sequence[str]) -> Rows:
    """Return rows without those that the other audit's set-up left out: they have not gone."""
    if not patterns or not len(rows):
        return rows
    leaving = Excluding(patterns)
    kept: Rows = rows[[not leaving.file(path) for path in files.paths(rows.tolist())]]
    return kept


def same_time(mtime: NDArray[np.int64], delta: NDArray[np.int64]) -> Mask:
    """Tell of each time whether another one, later by `delta`, is the same but for rounding.

    Parameters
    ----------
    mtime : array of int64
        One time.
    delta : array of int64
        The other less the one.

    Returns
    -------
    array of bool
        True also where either has no fraction of a second, as after a stay on a coarse file system,
        and they differ by less than two seconds.
    """
    whole = (mtime % _SECOND == 0) | ((mtime + delta) % _SECOND == 0)
    same: Mask = (delta == 0) | (whole & (abs(delta) < MTIME_SLACK_NS))
    return same


def _same_bytes(old: _Side, new: _Side, here: Rows, there: Rows, among: Mask) -> Mask:
    """Tell which pairs of rows have the same digest; only some are asked about."""
    import numpy as np

    same = np.zeros(len(here), dtype=np.bool_)
    asked = np.flatnonzero(among)
    same[asked] = alike(old.known, here[asked], new.known, there[asked])
    return same


class _Side:
    """The columns of one listing."""

    def __init__(self, seen: Seen) -> None:
        assert seen.files is not None  # noqa: S101 - for the type checker: the caller has looked
        self.files = seen.files
        self.size, self.mtime = self.files.column("size"), self.files.column("mtime")
        self.ino = self.files.column("ino").view("u8")
        self.known: Readings = seen.digests or nothing_known(self.files)
        self.read: Mask = self.known.read_at > 0


def _clock_shift(delta: NDArray[np.int64]) -> int:
    """Return the shift of all times by a change of zone or summer time, as FAT shows it; else 0."""
    import numpy as np

    if len(delta) < 2 or not delta.any():
        return 0
    shift = int(np.median(delta))
    if not shift or shift % _QUARTER_HOUR or abs(shift) > _MOST_SHIFT:
        return 0
    return shift if (delta == shift).mean() >= _CLOCK_SHARE else 0


def _others(count: int, rows: Rows) -> Rows:
    import numpy as np

    left = np.ones(count, dtype=np.bool_)
    left[rows] = False
    return np.flatnonzero(left)


def _moved(old: _Side, new: _Side, gone: Rows, came: Rows) -> tuple[Pairs, Rows, Rows]:
    """Pair what went with what came; return the pairs, and what is left of both."""
    import numpy as np

    pairs: list[Pairs] = []
    for match in (_by_digest, _by_inode, _by_name):
        if not (len(gone) and len(came)):
            break
        here, there = match(old, new, gone, came)
        pairs.append((here, there))
        gone, came = np.setdiff1d(gone, here), np.setdiff1d(came, there)
    if not pairs:
        none = np.empty(0, dtype=np.int64)
        return (none, none), gone, came
    here, there = (np.concatenate(part) for part in zip(*pairs, strict=True))
    order = np.argsort(here)
    return (here[order], there[order]), gone, came


def _by_digest(old: _Side, new: _Side, gone: Rows, came: Rows) -> Pairs:
    gone = gone[old.read[gone] & (old.size[gone] > 0)]
    came = came[new.read[came] & (new.size[came] > 0)]
    one, other = _paired(heads(old.known, gone), heads(new.known, came))
    here, there = gone[one], came[other]
    same = alike(old.known, here, new.known, there)
    return here[same], there[same]


def _by_inode(old: _Side, new: _Side, gone: Rows, came: Rows) -> Pairs:
    gone, came = gone[old.ino[gone] != 0], came[new.ino[came] != 0]
    return _by_facts(old, new, gone, came, old.ino[gone], new.ino[came])


def _by_name(old: _Side, new: _Side, gone: Rows, came: Rows) -> Pairs:
    import numpy as np

    gone, came = gone[old.size[gone] > 0], came[new.size[came] > 0]

    def names(side: _Side, rows: Rows) -> NDArray[np.uint64]:
        paths = side.files.paths(rows.tolist())
        last = (hash(path[path.rfind("/") + 1 :]) for path in paths)
        return np.fromiter(last, dtype=np.int64, count=len(rows)).astype(np.uint64)

    return _by_facts(old, new, gone, came, names(old, gone), names(new, came))


def _by_facts(
    old: _Side,
    new: _Side,
    gone: Rows,
    came: Rows,
    mine: NDArray[np.uint64],
    theirs: NDArray[np.uint64],
) -> Pairs:
    """Pair rows of one identity, size and time."""
    one, other = _paired(
        _mixed(mine, old.size[gone], old.mtime[gone]),
        _mixed(theirs, new.size[came], new.mtime[came]),
    )
    here, there = gone[one], came[other]
    same = (
        (mine[one] == theirs[other])
        & (old.size[here] == new.size[there])
        & (old.mtime[here] == new.mtime[there])
    )
    return here[same], there[same]


def _mixed(
    identity: NDArray[np.uint64], size: NDArray[np.int64], mtime: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return one number for three; what it makes equal by chance is told apart afterwards."""
    import numpy as np

    with np.errstate(over="ignore"):
        mixed = identity * np.uint64(0x9E3779B97F4A7C15) + size.astype(np.uint64)
        return mixed * np.uint64(0xC2B2AE3D27D4EB4F) + mtime.astype(np.uint64)


def _paired(mine: NDArray[np.uint64], theirs: NDArray[np.uint64]) -> Pairs:
    """Pair equal numbers one to one: the first of one kind with the first of it there."""
    import numpy as np

    order, others = np.argsort(mine, kind="stable"), np.argsort(theirs, kind="stable")
    keys, wanted = mine[order], theirs[others]
    turn = np.arange(len(wanted)) - np.searchsorted(wanted, wanted)
    place = np.searchsorted(keys, wanted) + turn
    fits = place < len(keys)
    fits[fits] = keys[place[fits]] == wanted[fits]
    return order[place[fits]], others[fits]
