"""One audit as it goes on: what it has seen is kept step by step, so a killed one loses little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from verifier.catalogue._database import CatalogueError, Database
from verifier.catalogue._documents import dumped
from verifier.catalogue._stored import digests_of
from verifier.catalogue._tables import tables, text
from verifier.catalogue._trees import Kept, Named, fold, keep_tree
from verifier.digests import Digests, nothing_known

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from verifier.files import Files, Rows
    from verifier.inventory import Location

__all__ = ["Recorder", "begun", "sighting"]

T = TypeVar("T")

_SOURCE = "source"


@dataclass(slots=True)
class _Tree:
    """A tree of this audit, and what is known of its files once somebody asks."""

    name: Named
    location: str
    kept: Kept
    digests: Digests | None = None
    touched: NDArray[np.bool_] | None = None


class Recorder:
    """A `DigestStore` that belongs to one audit, and takes note of its locations.

    Nothing here raises: what cannot be kept is told once, and the audit goes on without.

    Parameters
    ----------
    database : Database
        Where it is kept.
    host, dataset, source : str
        As in `Run`.
    at : datetime
        When the audit began.
    volume : callable
        Tells file systems apart, by a root: only files of the same one can be the same files.
    complain : callable
        Told in one sentence what went wrong.
    """

    def __init__(
        self,
        database: Database,
        *,
        host: str,
        dataset: str,
        source: str,
        at: datetime,
        volume: Callable[[str], str],
        complain: Callable[[str], None],
    ) -> None:
        self.database = database
        self.at = at
        self.dataset = dataset
        self.run: int | None = None
        self.broken = False
        self.reason = ""
        self._host = host
        self._volume = volume
        self._complain = complain
        self._location = _SOURCE
        self._trees: dict[str, _Tree] = {}
        self.run = self._write(
            lambda connection: begun(connection, at, host, dataset, source, finished=False)
        )
        if not self.broken:
            try:
                database.hold()
            except CatalogueError as problem:
                self._give_up(problem)

    def looking_at(self, location: str) -> None:
        """Take note of the location that the next trees belong to."""
        self._settle({root for root, tree in self._trees.items() if tree.location != _SOURCE})
        self._location = location

    def saw(self, place: Location) -> None:
        """Keep what was found of a location."""
        runs, sightings = tables().tables["runs"], tables().tables["sightings"]
        source = text(place.real_path or place.address)

        def keep(connection: Connection) -> None:
            connection.execute(sightings.insert(), [sighting(self.run or 0, place)])
            if place.name == _SOURCE:
                connection.execute(runs.update().where(runs.c.id == self.run).values(source=source))

        self._write(keep)

    def listed(self, root: str, files: Files) -> None:
        """Keep the files of a tree; those that are as they were keep their digests."""
        self._trees.pop(root, None)
        if self.broken:
            return
        name, location = Named(self._host, root, self._volume(root)), self._location
        try:
            kept = self._write(
                lambda connection: keep_tree(connection, self.run or 0, location, name, files)
            )
        except ValueError as problem:
            self._complain(f"the files of {location} are not kept in the catalogue: {problem}")
            return
        if kept is not None:
            self._trees[root] = _Tree(name, location, kept)

    def known(self, root: str, files: Files) -> Digests:
        """Return the digests of files that look as they did when they were read."""
        tree = self._asked(root, files)
        if tree is None or tree.digests is None:
            return nothing_known(files)
        # views: copies of millions of digests would be most of what an audit holds
        digest, read_at = tree.digests.digest.view(), tree.digests.read_at.view()
        digest.flags.writeable = read_at.flags.writeable = False
        return Digests(digest, read_at)

    def keep(
        self,
        root: str,
        files: Files,
        rows: Rows,
        digest: NDArray[np.uint8],
        read_at: NDArray[np.int64],
    ) -> None:
        """Keep digests of some rows, in one transaction."""
        tree = self._asked(root, files)
        if tree is None or tree.digests is None or tree.touched is None or not len(rows):
            return
        known, fresh = tree.digests, tables().tables["fresh"]
        other = (known.read_at[rows] != 0) & (known.digest[rows] != digest).any(axis=1)
        places = np.flatnonzero(other)
        places = places[np.argsort(rows[places])]
        changed = [
            self._changed(tree, path, int(rows[at]), digest[at], int(read_at[at]))
            for at, path in zip(places, files.paths(rows[places].tolist()), strict=True)
        ]
        batch = {
            "tree": tree.kept.number,
            "rows": np.asarray(rows, "<i8").tobytes(),
            "digests": np.ascontiguousarray(digest, np.uint8).tobytes(),
            "read_at": np.asarray(read_at, "<i8").tobytes(),
        }

        def add(connection: Connection) -> None:
            if changed:
                connection.execute(tables().tables["changed"].insert(), changed)
            connection.execute(fresh.insert(), [batch])

        self._write(add)
        known.digest[rows] = digest
        known.read_at[rows] = read_at
        tree.touched[rows] = True

    def settle(self) -> None:
        """Put all fresh digests into pieces, and let go of the trees."""
        self._settle(set(self._trees))

    def _settle(self, roots: set[str]) -> None:
        for root in roots:
            tree = self._trees.pop(root)
            kept, digests, touched = tree.kept, tree.digests, tree.touched
            if digests is not None and touched is not None and touched.any():
                self._write(partial(fold, tree=kept, digests=digests, touched=touched))

    def _asked(self, root: str, files: Files) -> _Tree | None:
        """Return a tree of this audit with what is known of it; None without a catalogue."""
        tree = self._trees.get(root)
        if tree is None or tree.kept.files is not files:
            self.listed(root, files)
            tree = self._trees.get(root)
        if tree is None or tree.digests is not None:
            return tree
        kept, sizes = tree.kept, [cut.end - cut.first for cut in tree.kept.cuts]
        try:
            with self.database.reading() as connection:
                tree.digests = digests_of(connection, kept.number, kept.keys, sizes)
        except CatalogueError as problem:
            self._give_up(problem)
            return None
        tree.touched = np.zeros(len(files), np.bool_)
        return tree

    def _write(self, action: Callable[[Connection], T]) -> T | None:
        if self.broken:
            return None
        try:
            with self.database.writing() as connection:
                return action(connection)
        except CatalogueError as problem:
            self._give_up(problem)
            return None

    def _give_up(self, problem: CatalogueError) -> None:
        if not self.broken:
            self.broken, self.reason = True, str(problem)
            self._trees.clear()
            self.database.let_go()
            self._complain(f"{problem}; the audit goes on without it")

    def _changed(
        self, tree: _Tree, path: str, row: int, digest: NDArray[np.uint8], read_at: int
    ) -> dict[str, Any]:
        assert tree.digests is not None  # noqa: S101 - asked for by `keep`
        fact = tree.kept.files.fact(row)
        return {
            "run": self.run,
            "host": text(tree.name.host),
            "root": text(tree.name.root),
            "volume": text(tree.name.volume),
            "path": path.encode("utf-8", "surrogateescape"),
            "size": fact.size,
            "mtime_ns": fact.mtime_ns,
            "old": tree.digests.digest[row].tobytes().hex(),
            "old_read_at": int(tree.digests.read_at[row]),
            "new": digest.tobytes().hex(),
            "new_read_at": read_at,
        }


def begun(
    connection: Connection,
    at: datetime,
    host: str,
    dataset: str,
    source: str,
    *,
    finished: bool,
) -> int:
    """Add a run, and return its number."""
    made = connection.execute(
        tables()
        .tables["runs"]
        .insert()
        .values(
            at=at.astimezone(UTC).isoformat(),
            finished=finished,
            host=text(host),
            dataset=text(dataset),
            source=text(source),
        )
    ).inserted_primary_key
    return int(made[0]) if made else 0


def sighting(run: int, place: Location) -> dict[str, Any]:
    """Return the row of a location."""
    return {
        "run": run,
        "state": place.state.value,
        "location": text(place.name),
        "address": text(place.address),
        "document": dumped(place),
    }
