"""What the database holds of trees: pieces by their names, and the digests of all rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from verifier.catalogue._pieces import (
    KEY_BYTES,
    NOTHING,
    DamagedPiece,
    unpacked,
    unpacked_digests,
    unpacked_times,
)
from verifier.catalogue._tables import tables
from verifier.digests import DIGEST_BYTES, Digests

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, RowMapping

__all__ = [
    "Keys",
    "devices_of",
    "digests_in",
    "fresh_in",
    "has_fresh",
    "in_groups",
    "keys_of",
    "pieces_named",
    "times_in",
]

_AT_ONCE = 200  # pieces asked for in one question

Keys = tuple[bytes, bytes, bytes]  # of the files of a piece, their digests, when they were read


def keys_of(packed_keys: bytes) -> list[Keys]:
    """Return the keys of the pieces of a tree, in the order of rows."""
    size = 3 * KEY_BYTES
    if len(packed_keys) % size:
        raise DamagedPiece
    starts = range(0, len(packed_keys), size)
    found = [[packed_keys[at + n * KEY_BYTES :][:KEY_BYTES] for n in range(3)] for at in starts]
    return [(three[0], three[1], three[2]) for three in found]


def pieces_named(connection: Connection, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return pieces by their keys.

    Raises
    ------
    DamagedPiece
        If one is not there, or is not what its name says.
    """
    pieces = tables().tables["pieces"]
    found: dict[bytes, bytes] = {}
    for some in in_groups(list(dict.fromkeys(keys))):
        asked = pieces.select().where(pieces.c.key.in_([key.hex() for key in some]))
        for row in connection.execute(asked).mappings():
            key = bytes.fromhex(row["key"])
            found[key] = unpacked(key, row["data"])
        if any(key not in found for key in some):
            raise DamagedPiece
    return found


def digests_in(connection: Connection, keys: Sequence[Keys], sizes: Sequence[int]) -> Digests:
    """Return the digests in some pieces, without those that are fresh."""
    count = sum(sizes)
    found = Digests(np.zeros((count, DIGEST_BYTES), np.uint8), np.zeros(count, np.int64))
    first = 0
    for some in in_groups(list(zip(keys, sizes, strict=True))):
        wanted = [key for three, _ in some for key in three[1:] if key != NOTHING]
        raw = pieces_named(connection, wanted)
        for (_, digests, times), rows in some:
            if digests != NOTHING:
                found.digest[first : first + rows] = unpacked_digests(raw[digests], rows)
                found.read_at[first : first + rows] = unpacked_times(raw[times], rows)
            first += rows
    return found


def times_in(
    connection: Connection, keys: Sequence[Keys], sizes: Sequence[int]
) -> NDArray[np.int64]:
    """Return when each row of some pieces was last read, without those that are fresh."""
    read_at = np.zeros(sum(sizes), np.int64)
    first = 0
    for some in in_groups(list(zip(keys, sizes, strict=True))):
        raw = pieces_named(connection, [three[2] for three, _ in some if three[2] != NOTHING])
        for three, rows in some:
            if three[2] != NOTHING:
                read_at[first : first + rows] = unpacked_times(raw[three[2]], rows)
            first += rows
    return read_at


def fresh_in(
    connection: Connection, number: int, count: int
) -> Iterator[tuple[NDArray[np.int64], Digests]]:
    """Yield the rows of a tree of so many files that were read since its pieces were made."""
    fresh = tables().tables["fresh"]
    asked = fresh.select().where(fresh.c.tree == number).order_by(fresh.c.id)
    for batch in connection.execute(asked).mappings():
        rows = np.frombuffer(batch["rows"], "<i8")
        if len(rows) and not 0 <= rows.min() <= rows.max() < count:
            raise DamagedPiece
        digest = unpacked_digests(batch["digests"], len(rows))
        yield rows, Digests(digest, np.frombuffer(batch["read_at"], "<i8"))


def has_fresh(connection: Connection, number: int) -> bool:
    """Tell whether a tree has digests that are not in its pieces yet."""
    fresh = tables().tables["fresh"]
    asked = fresh.select().where(fresh.c.tree == number).limit(1)
    return connection.execute(asked).first() is not None


def devices_of(row: RowMapping) -> list[int]:
    """Return the numbers of the devices of a tree, which its pieces number."""
    found: list[int] = json.loads(row["devices"])
    return found


def in_groups(values: Sequence[Any], most: int = _AT_ONCE) -> Iterator[Sequence[Any]]:
    """Yield values, at most so many at a time; of keys, as many as one question may name."""
    return (values[at : at + most] for at in range(0, len(values), most))
