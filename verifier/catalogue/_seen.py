"""Trees as the catalogue gives them back: lists of files, and digests that stay in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np

from verifier.catalogue._pieces import (
    NOTHING,
    files_of,
    key_of,
    rows_in,
    unpacked_digests,
    unpacked_times,
)
from verifier.catalogue._stored import (
    Keys,
    devices_of,
    digests_of,
    has_fresh,
    in_groups,
    keys_of,
    pieces_named,
)
from verifier.digests import DIGEST_BYTES, Readings
from verifier.files import Files

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, RowMapping

    from verifier.files import Rows

__all__ = ["SeenTrees"]

_FEW = 32  # pieces of digests that are held at a time

Reading = Callable[[], AbstractContextManager["Connection"]]


class _KeptDigests:
    """Digests that are read from the database when they are asked for, piece by piece.

    Those of two lists of ten million files would take more than half a gigabyte.

    Parameters
    ----------
    reading : callable
        Opens the database.
    keys : sequence of bytes
        Of the digests of each piece.
    starts : array of int64, shape (pieces + 1,)
        The first row of each piece, and of none after them.
    read_at : array of int64, shape (rows,)
        When each row was last read; 0 if never. [ns since 1970]
    """

    def __init__(
        self,
        reading: Reading,
        keys: Sequence[bytes],
        starts: NDArray[np.int64],
        read_at: NDArray[np.int64],
    ) -> None:
        self._reading, self._keys, self._starts = reading, keys, starts
        self.read_at = read_at

    def of(self, rows: Rows) -> NDArray[np.uint8]:
        """Return the digests of some rows, in any order; zeros where a row was never read."""
        found = np.zeros((len(rows), DIGEST_BYTES), np.uint8)
        pieces = np.searchsorted(self._starts, rows, side="right") - 1
        order = np.argsort(pieces, kind="stable")
        wanted, firsts = np.unique(pieces[order], return_index=True)
        ends = np.append(firsts[1:], len(rows)).tolist()
        parts = [
            part
            for part in zip(wanted.tolist(), firsts.tolist(), ends, strict=True)
            if self._keys[part[0]] != NOTHING
        ]
        if not parts:
            return found
        with self._reading() as connection:
            for some in (parts[at : at + _FEW] for at in range(0, len(parts), _FEW)):
                raw = pieces_named(connection, [self._keys[piece] for piece, _, _ in some])
                for piece, first, end in some:
                    start, stop = int(self._starts[piece]), int(self._starts[piece + 1])
                    mine = order[first:end]
                    digests = unpacked_digests(raw[self._keys[piece]], stop - start)
                    found[mine] = digests[rows[mine] - start]
        return found


class SeenTrees:
    """Trees that somebody still looks at: one that did not change is the same, not there twice.

    Parameters
    ----------
    reading : callable
        Opens the database, where the digests stay.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._files: WeakValueDictionary[tuple[bytes, str], Files] = WeakValueDictionary()
        self._sizes: dict[tuple[bytes, str], list[int]] = {}

    def seen(self, connection: Connection, row: RowMapping) -> tuple[Files, Readings | None]:
        """Return the files of a tree and what is known of their bytes; None if nothing is."""
        keys = keys_of(row["pieces"])
        name = key_of(b"".join(three[0] for three in keys)), str(row["devices"])
        files = self._files.get(name)
        if files is None:
            sizes: list[int] = []
            files = files_of(_listings(connection, keys, sizes), devices_of(row))
            self._files[name], self._sizes[name] = files, sizes
        sizes = self._sizes[name]
        if has_fresh(connection, row["id"]):  # its digests are not all in its pieces
            digests = digests_of(connection, row["id"], keys, sizes)
            return files, digests if digests.read_at.any() else None
        read_at = _times(connection, keys, sizes)
        if not read_at.any():
            return files, None
        starts = np.append(0, np.cumsum(sizes, dtype=np.int64))
        return files, _KeptDigests(self._reading, [three[1] for three in keys], starts, read_at)


def _listings(connection: Connection, keys: Sequence[Keys], sizes: list[int]) -> Iterator[bytes]:
    """Yield the lists of a tree's pieces, and note how many files each holds."""
    for some in in_groups(keys):
        raw = pieces_named(connection, [three[0] for three in some])
        for three in some:
            sizes.append(rows_in(raw[three[0]]))
            yield raw[three[0]]


def _times(connection: Connection, keys: Sequence[Keys], sizes: Sequence[int]) -> NDArray[np.int64]:
    """Return when each row of a tree was last read."""
    read_at = np.zeros(sum(sizes), np.int64)
    first = 0
    for some in in_groups(list(zip(keys, sizes, strict=True))):
        raw = pieces_named(connection, [three[2] for three, _ in some if three[2] != NOTHING])
        for three, rows in some:
            if three[2] != NOTHING:
                read_at[first : first + rows] = unpacked_times(raw[three[2]], rows)
            first += rows
    return read_at
