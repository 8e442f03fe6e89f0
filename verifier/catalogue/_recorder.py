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
from verifier.catalogue._kept import KeptDigests
from verifier.catalogue._tables import tables, text
from verifier.catalogue._trees import Kept, Named, fold, keep_tree
from verifier.digests import DIGEST_BYTES, Readings, nothing_known

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
    known: KeptDigests | None = None


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

    def known(self, root: str, files: Files) -> Readings:
        """Return the digests of files that look as they did when they were read."""
        tree = self._asked(root, files)
        if tree is None or tree.known is None:
            return nothing_known(files)
        return _Answers(tree.known, self._give_up)

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
        if tree is None or tree.known is None or not len(rows):
            return
        changed = self._changed(tree, tree.known, rows, digest, read_at)
        batch = {
            "tree": tree.kept.number,
            "rows": np.asarray(rows, "<i8").tobytes(),
            "digests": np.ascontiguousarray(digest, np.uint8).tobytes(),
            "read_at": np.asarray(read_at, "<i8").tobytes(),
        }

        def add(connection: Connection) -> None:
            if changed:
                connection.execute(tables().tables["changed"].insert(), changed)
            connection.execute(tables().tables["fresh"].insert(), [batch])

        self._write(add)
        tree.known.put(rows, digest, read_at)
        if tree.known.is_full:
            self._fold(tree)

    def settle(self) -> None:
        """Put all fresh digests into pieces, and let go of the trees."""
        self._settle(set(self._trees))

    def _settle(self, roots: set[str]) -> None:
        for root in roots:
            self._fold(self._trees.pop(root))

    def _fold(self, tree: _Tree) -> None:
        """Put what is fresh of a tree into its pieces."""
        if tree.known is None or not tree.known.fresh.any():
            return
        keys = self._write(partial(fold, tree=tree.kept, known=tree.known))
        if keys is not None:  # not before they are there for good
            tree.known.settled(keys)

    def _asked(self, root: str, files: Files) -> _Tree | None:
        """Return a tree of this audit with what is known of it; None without a catalogue."""
        tree = self._trees.get(root)
        if tree is None or tree.kept.files is not files:
            self.listed(root, files)
            tree = self._trees.get(root)
        if tree is None or tree.known is not None:
            return tree
        kept, sizes = tree.kept, [cut.end - cut.first for cut in tree.kept.cuts]
        try:
            with self.database.reading() as connection:
                opens = self.database.reading
                tree.known = KeptDigests.loaded(connection, opens, kept.keys, sizes)
        except CatalogueError as problem:
            self._give_up(problem)
            return None
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
        self,
        tree: _Tree,
        known: KeptDigests,
        rows: Rows,
        digest: NDArray[np.uint8],
        read_at: NDArray[np.int64],
    ) -> list[dict[str, Any]]:
        """Return what is to be kept of the rows that were read before, and differently."""
        seen = np.flatnonzero(known.read_at[rows] != 0)
        if not len(seen):
            return []
        seen = seen[np.argsort(rows[seen])]
        before = _Answers(known, self._give_up).of(rows[seen])
        other = (before != digest[seen]).any(axis=1)
        before, seen = before[other], seen[other]
        paths = tree.kept.files.paths(rows[seen].tolist())
        return [
            self._other(tree, path, int(rows[at]))
            | {
                "old": old.tobytes().hex(),
                "old_read_at": int(known.read_at[rows[at]]),
                "new": digest[at].tobytes().hex(),
                "new_read_at": int(read_at[at]),
            }
            for at, old, path in zip(seen.tolist(), before, paths, strict=True)
        ]

    def _other(self, tree: _Tree, path: str, row: int) -> dict[str, Any]:
        fact = tree.kept.files.fact(row)
        return {
            "run": self.run,
            "host": text(tree.name.host),
            "root": text(tree.name.root),
            "volume": text(tree.name.volume),
            "path": path.encode("utf-8", "surrogateescape"),
            "size": fact.size,
            "mtime_ns": fact.mtime_ns,
        }


class _Answers:
    """What is known of a tree, for an audit that goes on without a catalogue that fails."""

    def __init__(self, known: KeptDigests, give_up: Callable[[CatalogueError], None]) -> None:
        self._known, self._give_up = known, give_up

    @property
    def read_at(self) -> NDArray[np.int64]:
        """As `Readings` has it."""
        return self._known.read_at

    def of(self, rows: Rows) -> NDArray[np.uint8]:
        """Return the digests of some rows; zeros, which are no digest, if they cannot be had."""
        try:
            return self._known.of(rows)
        except CatalogueError as problem:
            self._give_up(problem)
            return np.zeros((len(rows), DIGEST_BYTES), np.uint8)


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
