"""Trees are kept in the database, piece by piece, with the digests known of their files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from verifier.catalogue._carrying import carried, tells_time
from verifier.catalogue._kept import KeptDigests
from verifier.catalogue._pieces import (
    NOTHING,
    Cut,
    cuts,
    key_of,
    packed,
    packed_digests,
    packed_listing,
    packed_times,
)
from verifier.catalogue._stored import Keys, in_groups, keys_of
from verifier.catalogue._tables import tables, text
from verifier.digests import Readings
from verifier.files import Files

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

__all__ = [
    "Kept",
    "Named",
    "drop_trees",
    "fold",
    "keep_tree",
    "newest",
    "sweep",
]

_DEVICES_MOST = 4096


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
    here = dict(zip(listings, parts, strict=True))
    # what may be another file under the same facts is not known
    lost = [key for key, cut in here.items() if not tells_time(files, cut)]
    known |= dict.fromkeys(lost, (NOTHING, NOTHING))
    keys = [(key, *known.get(key, (NOTHING, NOTHING))) for key in listings]
    _write(connection, {key: partial(packed_listing, files, here[key], devices) for key in here})
    trees = tables().tables["trees"]
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
    tree = Kept(made[0] if made else 0, files, parts, keys)
    if before is not None:
        _carry(connection, before, tree, here)
        if before["run"] == run:
            drop_trees(connection, [before["id"]])
    return tree


def _carry(
    connection: Connection, before: RowMapping, tree: Kept, here: Mapping[bytes, Cut]
) -> None:
    """Put what an earlier list's files were read as into the pieces of a tree."""
    sizes = [cut.end - cut.first for cut in tree.cuts]
    known: KeptDigests | None = None
    for rows, digests in carried(connection, before, tree.files, here):
        if known is None:
            known = KeptDigests.loaded(
                connection, lambda: nullcontext(connection), tree.keys, sizes
            )
        known.put(rows, digests.digest, digests.read_at)
        if known.is_full:
            known.settled(fold(connection, tree, known))
    if known is not None and known.fresh.any():
        known.settled(fold(connection, tree, known))


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


def fold(connection: Connection, tree: Kept, known: KeptDigests) -> list[Keys]:
    """Put digests that were fresh into the pieces of their tree.

    Returns
    -------
    list of Keys
        Of its pieces, for `KeptDigests.settled` once that is kept.
    """
    keys, known = list(tree.keys), known.through(connection)
    wanted: dict[bytes, Callable[[], bytes]] = {}
    for number, cut in enumerate(tree.cuts):
        if known.fresh[cut.first : cut.end].any():
            keys[number] = (keys[number][0], *_wanted(known, cut, wanted))
    _write(connection, wanted)
    trees, fresh = tables().tables["trees"], tables().tables["fresh"]
    pieces = b"".join(map(b"".join, keys))
    connection.execute(trees.update().where(trees.c.id == tree.number).values(pieces=pieces))
    connection.execute(fresh.delete().where(fresh.c.tree == tree.number))
    return keys


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


def _wanted(
    known: Readings, cut: Cut, wanted: dict[bytes, Callable[[], bytes]]
) -> tuple[bytes, bytes]:
    """Return the keys of the digests of a piece, and note how it is packed."""
    if not known.read_at[cut.first : cut.end].any():
        return NOTHING, NOTHING
    keys = key_of(packed_digests(known, cut)), key_of(packed_times(known, cut))
    wanted[keys[0]] = partial(packed_digests, known, cut)
    wanted[keys[1]] = partial(packed_times, known, cut)
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
