"""A difference in a few numbers, and the files whose bytes should be looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

from verifier.drift._content import Look, ending_of, entropy, looks
from verifier.drift._vanished import vanished_folder
from verifier.inventory import Changes
from verifier.manifest import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.drift._between import Difference
    from verifier.files import Files, Rows

__all__ = ["NAMED", "Sampled", "sample", "summed", "with_content"]

NAMED = 20
# files of each class: with 250 of them, 5 % of scrambled ones make ten with nine chances in ten
_LOOK_AT = {"changed": 150, "new": 100, "rotten": 50}
_FEW_ENDING = 10
# bytes: hardly a header is left of a file that was 16 times as long; and cut to a quarter
_HUSK, _HUSK_OF, _CUT_TO = 64, 16, 4

Sampled = tuple[str, tuple[bytes, ...]]


def summed(found: Difference, since: datetime, at: datetime) -> Changes:
    """Count what changed.

    Parameters
    ----------
    found : Difference
        The rows.
    since, at : datetime
        The two audits.

    Returns
    -------
    Changes
        Without what only the bytes tell.
    """
    old, new = found.before.column("size"), found.now.column("size")
    here, there = found.changed
    ending, files, gained = _new_ending(found)
    emptied, unnoticed, cut = _shrunk(found)
    vanished, vanished_files, apart = vanished_folder(found)
    return Changes(
        since,
        at,
        files=len(old),
        size_bytes=int(old.sum()),
        new=len(found.new),
        gone=len(found.gone),
        changed=len(here),
        moved=len(found.moved[0]),
        rotten=len(found.rotten[0]),
        compared=found.compared,
        new_bytes=int(new[found.new].sum()),
        gone_bytes=int(old[found.gone].sum()),
        changed_bytes=int(old[here].sum()),
        ending=shown(ending),
        ending_files=files,
        gained=gained,
        grown_alike=_most_alike(new[there] - old[here]),
        folder=shown(_folder(found)),
        emptied=emptied,
        emptied_unnoticed=unnoticed,
        cut=cut,
        vanished=shown(vanished),
        vanished_files=vanished_files,
        vanished_apart=apart,
    )


def sample(found: Difference) -> tuple[str, ...]:
    """Return the paths of some files that changed, came or rotted, evenly spread.

    Parameters
    ----------
    found : Difference
        The rows.

    Returns
    -------
    tuple of str
        At most 300, as they are called now.
    """
    import numpy as np

    groups = {"changed": found.changed[1], "new": found.new, "rotten": found.rotten[1]}
    taken = [_spread(np.sort(rows), _LOOK_AT[name]) for name, rows in groups.items()]
    rows = np.unique(np.concatenate(taken))
    return tuple(found.now.paths(rows.tolist()))


def with_content(
    counted: Changes, found: Difference, read: tuple[Sampled, ...], unread: int
) -> Changes:
    """Add what the bytes of the sample tell.

    Parameters
    ----------
    counted : Changes
        The numbers.
    found : Difference
        The rows that were counted.
    read : tuple of (str, tuple of bytes)
        Paths, and some bytes of each.
    unread : int
        Files of the sample that could not be read.

    Returns
    -------
    Changes
    """
    seen = [(_look(found, path, pieces), path, pieces) for path, pieces in read]
    judged = [one for one in seen if one[0] is not Look.SMALL]
    count = Counter(look for look, _, _ in judged)
    order = (Look.SCRAMBLED, Look.WIPED, Look.ODD, Look.OPAQUE, Look.SEALED, Look.PLAIN)
    telling = sorted(judged, key=lambda one: order.index(one[0]))
    return replace(
        counted,
        looked=len(judged),
        unread=unread,
        scrambled=count[Look.SCRAMBLED],
        sealed=count[Look.SEALED],
        opaque=count[Look.OPAQUE],
        wiped=count[Look.WIPED],
        odd=count[Look.ODD],
        entropy=median(entropy(b"".join(one[2])) for one in judged) if judged else None,
        examples=tuple(shown(path) for _, path, _ in telling[:NAMED]),
    )


def _look(found: Difference, path: str, pieces: tuple[bytes, ...]) -> Look:
    look = looks(path, pieces)
    # a new file may be preallocated: nothing is lost
    return Look.ODD if look is Look.WIPED and found.before.row(path) is None else look


def _shrunk(found: Difference) -> tuple[int, int, int]:
    """Return how many files were emptied, of these under their old time, and how many were cut."""
    import numpy as np

    here, there = (np.concatenate(rows) for rows in zip(found.changed, found.rotten, strict=True))
    was, now = found.before.column("size")[here], found.now.column("size")[there]
    time = found.before.column("mtime")[here]
    # not of tools that keep no times
    unnoticed = (time != 0) & (time == found.now.column("mtime")[there])
    # a header or a pointer is left
    empty = ((now == 0) & (was > 0)) | ((now < _HUSK) & (was >= _HUSK * _HUSK_OF))
    cut = ~empty & (was >= _HUSK) & (now < was // _CUT_TO)
    return int(empty.sum()), int((empty & unnoticed).sum()), int(cut.sum())


def _spread(rows: Rows, most: int) -> Rows:
    import numpy as np

    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _most_alike(grown: NDArray[np.int64]) -> int:
    """Return how many files grew by the commonest of the numbers of bytes by which files grew."""
    import numpy as np

    counts = np.unique(grown[grown > 0], return_counts=True)[1]
    return int(counts.max()) if len(counts) else 0


def _new_ending(found: Difference) -> tuple[str, int, int]:
    """Return the commonest ending that no file had before, its files, and those that gained it."""
    import numpy as np

    came = np.sort(np.concatenate([found.new, found.moved[1]])).tolist()
    if len(came) < _FEW_ENDING:
        return "", 0, 0
    # the paths of millions of files fill a machine: they are gone through one by one
    common = Counter(map(ending_of, found.now.paths(came))).most_common(3)
    for ending, count in common:
        if not ending or count < _FEW_ENDING or _had(found.before, ending):
            continue
        went = np.zeros(len(found.before), dtype=np.bool_)
        went[found.gone] = went[found.moved[0]] = True
        with_it = (path for path in found.now.paths(came) if ending_of(path) == ending)
        rows = (found.before.row(path[: -len(ending) - 1]) for path in with_it)
        return ending, count, sum(row is not None and bool(went[row]) for row in rows)
    return "", 0, 0


def _had(files: Files, ending: str) -> bool:
    raw = f".{ending}".encode("utf-8", "surrogateescape")
    return bool(len(files.rows_ending((raw, raw.upper()))))


def _folder(found: Difference) -> str:
    """Return the deepest folder that holds all files which changed, went, rotted or were renamed.

    Files renamed to where they were do not widen it; empty if it is the top.
    """
    import numpy as np

    rows = np.concatenate([found.changed[0], found.gone, found.rotten[0]])
    if not len(rows):
        return ""
    folders, starts = found.before.folder_rows()
    numbers = np.unique(_folder_numbers(starts, rows))
    touched = [folders[number].split("/") for number in numbers.tolist()]
    first, last = min(touched), max(touched)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return "/".join(first[:same])


def _folder_numbers(starts: object, rows: Rows) -> NDArray[np.int64]:
    import numpy as np

    firsts = np.frombuffer(starts, dtype=np.int64)  # type: ignore[call-overload]
    return np.searchsorted(firsts, rows, side="right") - 1
