"""What an earlier audit read and need not be read again, since the files look as they did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from verifier.catalogue._pieces import Cut, files_of, rows_in
from verifier.catalogue._stored import (
    Keys,
    devices_of,
    digests_in,
    fresh_in,
    has_fresh,
    in_groups,
    keys_of,
    pieces_named,
)
from verifier.digests import Digests
from verifier.files import Files

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, RowMapping

    from verifier.files import Rows

__all__ = ["carried", "tells_time"]

_FEW = 32  # pieces that are held at a time: all, with their digests, are twice the files


def carried(
    connection: Connection, before: RowMapping, files: Files, here: Mapping[bytes, Cut]
) -> Iterator[tuple[Rows, Digests]]:
    """Yield what is known of the files that look as they did in an earlier list, by today's rows.

    ``here`` are the pieces of the files by the keys of their lists. A piece that is in the earlier
    list too has not changed: the digests that are in pieces too go with it, and are not yielded. Of
    the others the files are compared one by one.
    """
    same = {key: cut for key, cut in here.items() if tells_time(files, cut)}
    devices, is_open = devices_of(before), has_fresh(connection, before["id"])
    became: list[Rows] = [np.empty(0, np.int64)]
    for some in in_groups(keys_of(before["pieces"]), _FEW):
        parts = _rows_today(connection, some, files, same, devices)
        became += parts if is_open else []
        both = zip(some, parts, strict=True)
        others = [(three, part) for three, part in both if three[0] not in same]
        if others:
            mine = [part for _, part in others]
            known = digests_in(connection, [three for three, _ in others], list(map(len, mine)))
            yield _those(np.concatenate(mine), known)
    today = np.concatenate(became)
    for rows, known in fresh_in(connection, before["id"], len(today)):
        yield _those(today[rows], known)


def tells_time(files: Files, cut: Cut) -> bool:
    """Tell whether a file of a piece would show that it is another one; see `_unchanged`."""
    rows = slice(cut.first, cut.end)
    return bool(((files.column("mtime")[rows] != 0) | (files.column("ino")[rows] != 0)).all())


def _rows_today(
    connection: Connection,
    pieces: Sequence[Keys],
    files: Files,
    same: Mapping[bytes, Cut],
    devices: Sequence[int],
) -> list[NDArray[np.int64]]:
    """Return, for each row of some pieces of an earlier list, the row of the same file; or -1."""
    others = [key for key, _, _ in pieces if key not in same]
    raw = pieces_named(connection, others)
    old = files_of((raw[key] for key in others), devices)
    today = np.full(len(old), -1, np.int64)
    there, here = _unchanged(old, files)
    today[there] = here
    parts: list[NDArray[np.int64]] = []
    first = 0
    for key, _, _ in pieces:
        if key in same:
            parts.append(np.arange(same[key].first, same[key].end))
        else:
            parts.append(today[first : first + rows_in(raw[key])])
            first += len(parts[-1])
    return parts


def _unchanged(old: Files, files: Files) -> tuple[Rows, Rows]:
    """Return the rows of files that look the same in two lists."""
    there, here = old.same_paths(files)
    alike = np.ones(len(here), np.bool_)
    # ctime too: content that is put back under the old size and time betrays itself by it
    for column in ("size", "mtime", "ino", "ctime"):
        alike &= files.column(column)[here] == old.column(column)[there]
    # where a listing tells neither time nor inode, nothing says that a file is still the same
    alike &= (files.column("mtime")[here] != 0) | (files.column("ino")[here] != 0)
    return there[alike], here[alike]


def _those(rows: Rows, known: Digests) -> tuple[Rows, Digests]:
    """Return the rows that are still there, and were read."""
    some = (rows >= 0) & (known.read_at != 0)
    return rows[some], Digests(known.digest[some], known.read_at[some])
