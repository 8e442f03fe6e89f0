"""Trees in the database: kept piece by piece, and given back with the digests known of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from verifier.catalogue._pieces import (
    KEY_BYTES,
    NOTHING,
    Cut,
    DamagedPiece,
    cuts,
    files_of,
    key_of,
    packed,
    packed_digests,
    packed_listing,
    packed_times,
    rows_in,
    unpacked,
    unpacked_digests,
    unpacked_times,
)
from verifier.catalogue._tables import tables, text
from verifier.digests import DIGEST_BYTES, Digests, nothing_known
from verifier.files import Files

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, RowMapping

__all__ = [
    "Kept",
    "Keys",
    "Named",
    "devices_of",
    "digests_of",
    "drop_trees",
    "fold",
    "has_fresh",
    "in_groups",
    "keep_tree",
    "keys_of",
    "newest",
    "pieces_named",
    "sweep",
]

_AT_ONCE = 200  # pieces asked for in one question
_DEVICES_MOST = 4096
_ROWS_AT_ONCE = 1 << 20

Keys = tuple[bytes, bytes, bytes]  # of the files of a piece, their digests, when they were read


@dataclass(frozen=True, slots=True)
class Named:
    """Whose tree it is: the machine that looked, the root, and the file system that it was on."""

    host: str
    root: str
    volume: str


@dataclass(slots=True)
class Kept:
    """A tree that is in the database: its number there and its pieces."""

    number: int
    files: Files
    cuts: list[Cut]
    keys: list[Keys]


def keep_tree(connection: Connection, run: int, location: str, named_: Named, files: Files) -> Kept:
    """Keep all files of a tree, with the digests that are known of those that did not change.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes.
    run : int
        Which audit looked; an earlier list of the same root by it is replaced.
    location : str
        Name of the location that the tree belongs to.
    named_ : Named
        Which tree it is.
    files : Files
        What it holds.

    Raises
    ------
    ValueError
        If a name cannot be kept.
    """
    devices = np.unique(files.column("dev"))[:_DEVICES_MOST].tolist()
    parts = list(cuts(files))
    listings = [key_of(packed_listing(files, cut, devices)) for cut in parts]
    before = newest(connection, named_)
    old = keys_of(before["pieces"]) if before is not None else []
    known = {listing: (digests, times) for listing, digests, times in old}
    fresh = before is not None and has_fresh(connection, before["id"])
    wanted: dict[bytes, Callable[[], bytes]] = {
        key: partial(packed_listing, files, cut, devices)
        for key, cut in zip(listings, parts, strict=True)
    }
    settled = all(
        key in known and _tells_time(files, cut) for key, cut in zip(listings, parts, strict=True)
    )
    if before is not None and (fresh or not settled):
        carried = _carried(connection, before, files, dict(zip(listings, parts, strict=True)))
        keys = [
            (key, *_wanted(carried, cut, wanted)) for key, cut in zip(listings, parts, strict=True)
        ]
    else:
        keys = [(key, *known.get(key, (NOTHING, NOTHING))) for key in listings]
    _write(connection, wanted)
    trees = tables().tables["trees"]
    if before is not None and before["run"] == run:
        drop_trees(connection, [before["id"]])
    made = connection.execute(
        trees.insert().values(
            run=run,
            host=text(named_.host),
            location=text(location),
            root=text(named_.root),
            volume=text(named_.volume),
            devices=json.dumps(devices),
            files=len(files),
            pieces=b"".join(map(b"".join, keys)),
        )
    ).inserted_primary_key
    return Kept(made[0] if made else 0, files, parts, keys)


def newest(connection: Connection, named_: Named) -> RowMapping | None:
    """Return the row of the tree that was kept last under this name."""
    trees = tables().tables["trees"]
    same = (
        trees.c.host == text(named_.host),
        trees.c.root == text(named_.root),
        trees.c.volume == text(named_.volume),
    )
    asked = trees.select().where(*same).order_by(trees.c.id.desc()).limit(1)
    return connection.execute(asked).mappings().first()


def digests_of(
    connection: Connection, number: int, keys: Sequence[Keys], sizes: Sequence[int]
) -> Digests:
    """Return the digests of all rows of a tree: those in its pieces, and fresh ones over them.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    number : int
        The tree.
    keys : sequence of Keys
        Its pieces.
    sizes : sequence of int
        How many files each of them holds.
    """
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
    _add_fresh(connection, number, found)
    return found


def fold(connection: Connection, tree: Kept, digests: Digests, touched: NDArray[np.bool_]) -> None:
    """Put digests that were fresh into the pieces of their tree."""
    wanted: dict[bytes, Callable[[], bytes]] = {}
    for number, cut in enumerate(tree.cuts):
        if touched[cut.first : cut.end].any():
            tree.keys[number] = (tree.keys[number][0], *_wanted(digests, cut, wanted))
    _write(connection, wanted)
    trees, fresh = tables().tables["trees"], tables().tables["fresh"]
    pieces = b"".join(map(b"".join, tree.keys))
    connection.execute(trees.update().where(trees.c.id == tree.number).values(pieces=pieces))
    connection.execute(fresh.delete().where(fresh.c.tree == tree.number))


def drop_trees(connection: Connection, numbers: Sequence[int]) -> None:
    """Forget trees; their pieces stay until `sweep`."""
    trees, fresh = tables().tables["trees"], tables().tables["fresh"]
    for some in in_groups(list(numbers)):
        connection.execute(fresh.delete().where(fresh.c.tree.in_(some)))
        connection.execute(trees.delete().where(trees.c.id.in_(some)))


def sweep(connection: Connection) -> int:
    """Delete the pieces that no tree refers to; nobody else may write meanwhile."""
    from sqlalchemy import select

    trees, pieces = tables().tables["trees"], tables().tables["pieces"]
    used = {NOTHING}
    for packed_keys in connection.execute(select(trees.c.pieces)).scalars():
        for three in keys_of(packed_keys):
            used.update(three)
    held = connection.execute(select(pieces.c.key)).scalars().all()
    unused = [key for key in held if bytes.fromhex(key) not in used]
    for some in in_groups(unused):
        connection.execute(pieces.delete().where(pieces.c.key.in_(some)))
    return len(unused)


def _carried(
    connection: Connection, before: RowMapping, files: Files, here: Mapping[bytes, Cut]
) -> Digests:
    """Return what is known of the files that look as they did in an earlier list.

    ``here`` are the pieces of the files by the keys of their lists. A piece that is in the earlier
    list too has not changed; of the others the files are compared one by one.
    """
    old = keys_of(before["pieces"])
    same = {key: cut for key, cut in here.items() if _tells_time(files, cut)}
    raw = pieces_named(connection, [three[0] for three in old if three[0] not in same])
    sizes = [
        same[key].end - same[key].first if key in same else rows_in(raw[key]) for key, _, _ in old
    ]
    known = digests_of(connection, before["id"], old, sizes)
    found = nothing_known(files)
    rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    first = 0
    for (key, _, _), size in zip(old, sizes, strict=True):
        if key in same:
            piece = slice(same[key].first, same[key].end)
            found.digest[piece] = known.digest[first : first + size]
            found.read_at[piece] = known.read_at[first : first + size]
        else:
            rows.append(np.arange(first, first + size))
        first += size
    others = files_of((raw[key] for key, _, _ in old if key not in same), devices_of(before))
    _carry(files, others, np.concatenate(rows), known, found)
    return found


def _tells_time(files: Files, cut: Cut) -> bool:
    """Tell whether a file of a piece would show that it is another one; see `_carry`."""
    rows = slice(cut.first, cut.end)
    return bool(((files.column("mtime")[rows] != 0) | (files.column("ino")[rows] != 0)).all())


def _carry(
    files: Files, old: Files, rows: NDArray[np.int64], known: Digests, found: Digests
) -> None:
    """Put what is known of some files of an earlier list into what is found of those of today.

    ``rows`` are the places of the old files in `known`.
    """
    here, there = files.pairs(old)
    alike = known.read_at[rows[there]] != 0
    # ctime too: content that is put back under the old size and time betrays itself by it
    for column in ("size", "mtime", "ino", "ctime"):
        alike &= files.column(column)[here] == old.column(column)[there]
    # where a listing tells neither time nor inode, nothing says that a file is still the same
    alike &= (files.column("mtime")[here] != 0) | (files.column("ino")[here] != 0)
    here, there = here[alike], rows[there[alike]]
    for start in range(0, len(here), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        found.digest[here[some]] = known.digest[there[some]]
        found.read_at[here[some]] = known.read_at[there[some]]


def devices_of(row: RowMapping) -> list[int]:
    """Return the numbers of the devices of a tree, which its pieces number."""
    found: list[int] = json.loads(row["devices"])
    return found


def _add_fresh(connection: Connection, number: int, digests: Digests) -> None:
    fresh = tables().tables["fresh"]
    asked = fresh.select().where(fresh.c.tree == number).order_by(fresh.c.id)
    for batch in connection.execute(asked).mappings():
        rows = np.frombuffer(batch["rows"], "<i8")
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(digests.read_at):
            raise DamagedPiece
        digests.digest[rows] = unpacked_digests(batch["digests"], len(rows))
        digests.read_at[rows] = np.frombuffer(batch["read_at"], "<i8")


def has_fresh(connection: Connection, number: int) -> bool:
    """Tell whether a tree has digests that are not in its pieces yet."""
    fresh = tables().tables["fresh"]
    asked = fresh.select().where(fresh.c.tree == number).limit(1)
    return connection.execute(asked).first() is not None


def _wanted(
    digests: Digests, cut: Cut, wanted: dict[bytes, Callable[[], bytes]]
) -> tuple[bytes, bytes]:
    """Return the keys of the digests of a piece, and note how it is packed."""
    if not digests.read_at[cut.first : cut.end].any():
        return NOTHING, NOTHING
    keys = key_of(packed_digests(digests, cut)), key_of(packed_times(digests, cut))
    wanted[keys[0]] = partial(packed_digests, digests, cut)
    wanted[keys[1]] = partial(packed_times, digests, cut)
    return keys


def _write(connection: Connection, wanted: Mapping[bytes, Callable[[], bytes]]) -> None:
    """Keep the pieces that are not there yet."""
    from sqlalchemy import select

    pieces = tables().tables["pieces"]
    add = _adding(connection)
    for some in in_groups(sorted(wanted)):  # in one order, lest two hosts wait for each other
        names = [key.hex() for key in some]
        asked = select(pieces.c.key).where(pieces.c.key.in_(names))
        there = set(connection.execute(asked).scalars())
        for key in some:
            if key.hex() not in there:
                connection.execute(add, {"key": key.hex(), "data": packed(wanted[key]())})


def _adding(connection: Connection) -> Any:
    """Return how a piece is added; that another host adds the same at once does no harm."""
    pieces = tables().tables["pieces"]
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert

        return insert(pieces).on_conflict_do_nothing()
    return pieces.insert()


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


def keys_of(packed_keys: bytes) -> list[Keys]:
    """Return the keys of the pieces of a tree, in the order of rows."""
    size = 3 * KEY_BYTES
    if len(packed_keys) % size:
        raise DamagedPiece
    starts = range(0, len(packed_keys), size)
    found = [[packed_keys[at + n * KEY_BYTES :][:KEY_BYTES] for n in range(3)] for at in starts]
    return [(three[0], three[1], three[2]) for three in found]


def in_groups(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield values, as many at a time as one question may name."""
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))
