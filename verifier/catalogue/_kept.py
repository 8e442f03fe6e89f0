"""Digests that stay in the database, and in memory only those that are in no piece yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from verifier.catalogue._pieces import NOTHING, unpacked_digests
from verifier.catalogue._stored import Keys, pieces_named, times_in
from verifier.digests import DIGEST_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from verifier.files import Rows

__all__ = ["MOST_FRESH", "KeptDigests", "Opens"]

MOST_FRESH = 1 << 19  # rows in no piece yet that one tree holds in memory, 41 bytes each
_FEW = 32  # pieces of digests that are held at a time

Opens = Callable[[], AbstractContextManager["Connection"]]


class _Fresh:
    """Digests of some rows of a tree; of a row that came twice the last counts."""

    def __init__(self, count: int) -> None:
        self.has = np.zeros(count, np.bool_)
        self.count = 0
        self._rows = np.empty(0, np.int64)
        self._digest = np.empty((0, DIGEST_BYTES), np.uint8)
        self._new: list[tuple[Rows, NDArray[np.uint8]]] = []

    def put(self, rows: Rows, digest: NDArray[np.uint8]) -> None:
        self._new.append((rows, digest))
        self.has[rows] = True
        self.count += len(rows)

    def of(self, rows: Rows) -> NDArray[np.uint8]:
        """Return the digests of rows, all of which are here."""
        if self._new:
            self._sort()
        found: NDArray[np.uint8] = self._digest[np.searchsorted(self._rows, rows)]
        return found

    def _sort(self) -> None:
        rows = np.concatenate([self._rows, *(rows for rows, _ in self._new)])
        order = np.argsort(rows, kind="stable")
        order = order[np.append(rows[order][1:] != rows[order][:-1], [True])]
        digest = np.concatenate([self._digest, *(digest for _, digest in self._new)])
        self._rows, self._digest, self._new = rows[order], digest[order], []
        self.count = len(order)


class KeptDigests:
    """Digests that are read from the database when they are asked for, piece by piece.

    Those of two trees of ten million files would take more than half a gigabyte.

    Parameters
    ----------
    opens : callable
        Opens the database.
    keys : list of Keys
        Of the pieces; whoever writes others puts them into this list.
    sizes : sequence of int
        How many rows each piece has.
    read_at : array of int64, shape (rows,)
        When each row was last read; 0 if never. [ns since 1970]
    """

    def __init__(
        self, opens: Opens, keys: list[Keys], sizes: Sequence[int], read_at: NDArray[np.int64]
    ) -> None:
        self.keys = keys
        self._opens, self._read_at = opens, read_at
        self._starts = np.append(0, np.cumsum(sizes, dtype=np.int64))
        self._fresh = _Fresh(len(read_at))

    @classmethod
    def loaded(
        cls, connection: Connection, opens: Opens, keys: list[Keys], sizes: Sequence[int]
    ) -> KeptDigests:
        """Return what the pieces of a tree tell."""
        return cls(opens, keys, sizes, times_in(connection, keys, sizes))

    def through(self, connection: Connection) -> KeptDigests:
        """Return the same, read in a transaction that is open."""
        same = copy(self)
        same._opens = lambda: nullcontext(connection)
        return same

    @property
    def read_at(self) -> NDArray[np.int64]:
        """When each row was last read, 0 if never [ns since 1970]; what is put shows in it."""
        seen = self._read_at.view()
        seen.flags.writeable = False
        return seen

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """Which rows' digests are in no piece yet."""
        return self._fresh.has

    @property
    def is_full(self) -> bool:
        """Whether so many of them are here that they should be put into pieces."""
        return self._fresh.count >= MOST_FRESH

    def put(self, rows: Rows, digest: NDArray[np.uint8], read_at: NDArray[np.int64]) -> None:
        """Take digests that are in no piece yet."""
        self._fresh.put(rows, digest)
        self._read_at[rows] = read_at

    def settled(self, keys: Sequence[Keys]) -> None:
        """Take note of the pieces that all digests are in now."""
        self.keys[:] = keys
        self._fresh = _Fresh(len(self._read_at))

    def of(self, rows: Rows) -> NDArray[np.uint8]:
        """Return the digests of some rows, in any order; zeros where a row was never read."""
        lying = self._fresh.has[rows]
        if not lying.any():
            return self._in_pieces(rows)
        if lying.all():
            return self._fresh.of(rows)
        found = np.empty((len(rows), DIGEST_BYTES), np.uint8)
        found[lying] = self._fresh.of(rows[lying])
        found[~lying] = self._in_pieces(rows[~lying])
        return found

    def _in_pieces(self, rows: Rows) -> NDArray[np.uint8]:
        found = np.zeros((len(rows), DIGEST_BYTES), np.uint8)
        pieces = np.searchsorted(self._starts, rows, side="right") - 1
        order = np.argsort(pieces, kind="stable")
        wanted, firsts = np.unique(pieces[order], return_index=True)
        ends = np.append(firsts[1:], len(rows))[: len(firsts)].tolist()
        parts = [
            part
            for part in zip(wanted.tolist(), firsts.tolist(), ends, strict=True)
            if self.keys[part[0]][1] != NOTHING
        ]
        if not parts:
            return found
        with self._opens() as connection:
            for some in (parts[at : at + _FEW] for at in range(0, len(parts), _FEW)):
                raw = pieces_named(connection, [self.keys[piece][1] for piece, _, _ in some])
                for piece, first, end in some:
                    start, stop = int(self._starts[piece]), int(self._starts[piece + 1])
                    mine = order[first:end]
                    digests = unpacked_digests(raw[self.keys[piece][1]], stop - start)
                    found[mine] = digests[rows[mine] - start]
        return found
