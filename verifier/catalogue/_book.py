"""The catalogue as audits, and those who compare them, ask it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from verifier.catalogue import _documents as documents
from verifier.catalogue._database import CatalogueError, Database
from verifier.catalogue._recorder import Recorder, begun, sighting
from verifier.catalogue._tables import tables, text
from verifier.catalogue._thinning import thin
from verifier.inventory import Inventory, Location, State
from verifier.sightings import Run, Seen

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from verifier.rules import Finding, Gate

__all__ = ["Catalogue", "ChangedDigest", "default_path"]

_CLOCK_SLACK = timedelta(days=1)


class ChangedDigest(NamedTuple):
    """A file that read differently under the same size, time and inode: suspected rot."""

    run: int
    host: str
    root: str
    path: str
    size: int
    mtime_ns: int
    old: bytes
    old_read_at: int
    new: bytes
    new_read_at: int


def default_path() -> Path:
    """Return where the catalogue lies: ``$XDG_STATE_HOME/threetwoone/catalogue.db``."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return folder / "threetwoone" / "catalogue.db"


class Catalogue:
    """All runs of all datasets.

    Parameters
    ----------
    where : str or Path
        A file for SQLite, or an SQLAlchemy URL. Nothing is opened before it is asked.
    """

    def __init__(self, where: str | Path) -> None:
        self.where = str(where)
        self._database = Database(self.where)
        self._recorder: Recorder | None = None

    @property
    def keeps(self) -> bool:
        """True if a run is begun, and what it sees is kept."""
        return self._recorder is not None and not self._recorder.broken

    def record(
        self,
        *,
        host: str | None,
        dataset: str,
        source: str,
        at: datetime,
        volume: Callable[[str], str] = lambda root: "",
        complain: Callable[[str], None] = lambda text: None,
    ) -> Recorder:
        """Begin a run; it is not finished before `remember` is given its inventory.

        Parameters
        ----------
        host : str or None
            Identity of this machine.
        dataset, source : str
            Name of the dataset, and the address of the live data.
        at : datetime
            When; aware.
        volume : callable
            Tells file systems apart by a root on them; ``""`` where nobody can tell.
        complain : callable
            Told once, in one sentence, if nothing can be kept.

        Returns
        -------
        Recorder
            Takes what the audit sees; never raises.
        """
        self._recorder = Recorder(
            self._database,
            host=host or "",
            dataset=dataset,
            source=source,
            at=at,
            volume=volume,
            complain=complain,
        )
        return self._recorder

    def remember(
        self,
        found: Inventory,
        gates: Mapping[str, Gate] | None = None,
        findings: Iterable[Finding] = (),
    ) -> None:
        """Finish the run of an audit: what was found, and what was judged.

        Old runs are forgotten then, as `verifier.catalogue._thinning` states.

        Parameters
        ----------
        found : Inventory
            One audit's.
        gates : mapping of str to Gate, optional
            Its verdicts.
        findings : iterable of Finding
            What it says.

        Raises
        ------
        CatalogueError
            If nothing can be written; what was there before is still there.
        """
        recorder = self._recorder
        mine = recorder is not None and (recorder.at, recorder.dataset) == (found.at, found.name)
        self._recorder = None
        if recorder is not None and mine:
            recorder.settle()
            if recorder.broken:
                return  # that has been said
        run = recorder.run if recorder is not None and mine else None
        try:
            with self._database.writing(alone=True) as connection:
                number = _finished(connection, run, found)
                _judged(connection, number, gates or {}, findings)
                thin(connection, _runs(connection, None), found.at)
        finally:
            self._database.let_go()

    def recalled(self, host: str | None, source: Location, place: Location) -> Location:
        """Return an absent offline location as the last audit saw it, with that date.

        Parameters
        ----------
        host : str or None
            Identity of this machine.
        source : Location
            The live data that it is a copy of.
        place : Location
            Any location.

        Returns
        -------
        Location
            Itself, unless it is offline and away and was seen before, later than somebody declared.

        Raises
        ------
        CatalogueError
            If the catalogue cannot be read.
        """
        if place.state is not State.ABSENT_OFFLINE:
            return place
        found = self.last_read(host, source, place.address)
        if found is None:
            return place
        seen, at = found
        if place.last_seen is not None and place.last_seen.date() > at.date():
            return place  # somebody has seen it since, but did not audit it
        return documents.recalled(place, seen, at)

    def last_read(
        self, host: str | None, source: Location, address: str
    ) -> tuple[Location, datetime] | None:
        """Return a location as the last audit that read it saw it, and when; None if none did.

        Parameters
        ----------
        host : str or None
            Identity of this machine.
        source : Location
            The live data that it is a copy of.
        address : str
            The location's.

        Raises
        ------
        CatalogueError
            If the catalogue cannot be read.
        """
        if not self._database.exists:
            return None
        runs, sightings = tables().tables["runs"], tables().tables["sightings"]
        asked = (
            sightings.select()
            .add_columns(runs.c.at)
            .join_from(sightings, runs, sightings.c.run == runs.c.id)
            .where(
                runs.c.host == text(host or ""),
                runs.c.source == text(source.real_path or source.address),
                sightings.c.address == text(address),
                sightings.c.state == State.READ.value,
            )
            .order_by(runs.c.at.desc(), sightings.c.id.desc())
            .limit(1)
        )
        if self._recorder is not None:  # what a clock that ran ahead wrote does not hide the rest
            latest = (self._recorder.at.astimezone(UTC) + _CLOCK_SLACK).isoformat()
            asked = asked.where(runs.c.at <= latest)
        with self._database.reading() as connection:
            row = connection.execute(asked).mappings().first()
        return None if row is None else (self._location(row), _moment(row["at"]))

    def presence(
        self, host: str | None, source: Location, address: str, at: datetime, limit: int
    ) -> tuple[tuple[datetime, State], ...]:
        """Return what became of a location in the audits before one, the newest first.

        Parameters
        ----------
        host : str or None
            Identity of this machine.
        source : Location
            The live data that it is a copy of.
        address : str
            The location's.
        at : datetime
            Of the audit that asks; aware.
        limit : int
            How many audits to look back.

        Raises
        ------
        CatalogueError
            If the catalogue cannot be read.
        """
        if not self._database.exists:
            return ()
        runs, sightings = tables().tables["runs"], tables().tables["sightings"]
        asked = (
            sightings.select()
            .with_only_columns(sightings.c.state, runs.c.at)
            .join_from(sightings, runs, sightings.c.run == runs.c.id)
            .where(
                runs.c.host == text(host or ""),
                runs.c.source == text(source.real_path or source.address),
                runs.c.finished,
                runs.c.at < at.astimezone(UTC).isoformat(),
                sightings.c.address == text(address),
            )
            .order_by(runs.c.at.desc(), sightings.c.id.desc())
            .limit(limit)
        )
        known = {state.value: state for state in State}
        with self._database.reading() as connection:
            rows = connection.execute(asked).mappings().all()
        return tuple((_moment(row["at"]), known[row["state"]]) for row in rows
                     if row["state"] in known)  # fmt: skip

    def runs(self, dataset: str | None = None) -> tuple[Run, ...]:
        """Return all runs, or those of one dataset, the newest last.

        Raises
        ------
        CatalogueError
            If the catalogue cannot be read.
        """
        if not self._database.exists:
            return ()
        with self._database.reading() as connection:
            return _runs(connection, dataset)

    def seen(self, run: Run) -> Mapping[str, Seen]:
        """Return what a run saw of each location, by name; each is read when it is asked for.

        Raises
        ------
        CatalogueError
            If the catalogue cannot be read; also later, when a location is asked for.
        """
        places = {place.name: place for place in self.places(run)}
        return _SeenInRun(self._database, run.number, places)

    def places(self, run: Run) -> tuple[Location, ...]:
        """Return the facts of each location in a run, without its files.

        Raises
        ------
        CatalogueError
            If the catalogue cannot be read.
        """
        sightings = tables().tables["sightings"]
        asked = sightings.select().where(sightings.c.run == run.number).order_by(sightings.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(asked).mappings().all()
        return tuple(self._location(row) for row in rows)

    def changed(self, since: Run | None = None) -> tuple[ChangedDigest, ...]:
        """Return the files whose digest became another though they look the same, oldest first.

        Kept though the runs that saw the old digest may have been forgotten.

        Parameters
        ----------
        since : Run, optional
            Only what this run and later ones met.
        """
        if not self._database.exists:
            return ()
        table = tables().tables["changed"]
        asked = table.select().order_by(table.c.id)
        if since is not None:
            asked = asked.where(table.c.run >= since.number)
        with self._database.reading() as connection:
            rows = connection.execute(asked).mappings().all()
            return tuple(_changed(row) for row in rows)

    def _location(self, row: RowMapping) -> Location:
        try:
            return documents.loaded(row["document"])
        except ValueError:
            message = f"the catalogue {self._database.shown} holds something that is no location"
            raise CatalogueError(message) from None


class _SeenInRun(Mapping[str, Seen]):
    """Locations of a run; the files of each are read when it is asked for."""

    def __init__(self, database: Database, run: int, places: Mapping[str, Location]) -> None:
        self._database = database
        self._run = run
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __getitem__(self, name: str) -> Seen:
        place = self._places[name]
        trees = tables().tables["trees"]
        mine = (trees.c.run == self._run, trees.c.location == text(name))
        asked = trees.select().where(*mine).order_by(trees.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(asked).mappings().first()
            if row is None:
                return Seen(place)
            return Seen(place, *self._database.trees.seen(connection, row))


def _runs(connection: Connection, dataset: str | None) -> tuple[Run, ...]:
    table = tables().tables["runs"]
    asked = table.select().order_by(table.c.id)
    if dataset is not None:
        asked = asked.where(table.c.dataset == text(dataset))
    rows = connection.execute(asked).mappings()
    return tuple(
        Run(row["id"], _moment(row["at"]), row["host"], row["dataset"], row["source"],
            bool(row["finished"]))
        for row in rows
    )  # fmt: skip


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said).astimezone(UTC)


def _changed(row: RowMapping) -> ChangedDigest:
    path = bytes(memoryview(row["path"])).decode("utf-8", "surrogateescape")
    return ChangedDigest(
        row["run"], row["host"], row["root"], path,
        row["size"], row["mtime_ns"], bytes.fromhex(row["old"]), row["old_read_at"],
        bytes.fromhex(row["new"]), row["new_read_at"],
    )  # fmt: skip


def _finished(connection: Connection, run: int | None, found: Inventory) -> int:
    """Mark a run as finished, with the facts as they stand at its end."""
    runs, sightings = tables().tables["runs"], tables().tables["sightings"]
    source = found.source.real_path or found.source.address
    if run is None:
        host = found.host.value or ""
        run = begun(connection, found.at, host, found.name, source, finished=True)
    else:
        same = runs.c.id == run
        connection.execute(runs.update().where(same).values(finished=True, source=text(source)))
        connection.execute(sightings.delete().where(sightings.c.run == run))
    rows = [sighting(run, place) for place in found.all_locations]
    connection.execute(sightings.insert(), rows)
    return run


def _judged(
    connection: Connection, run: int, gates: Mapping[str, Gate], findings: Iterable[Finding]
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "run": run,
            "gate": name,
            "status": gate.status.value,
            "value": text(str(gate.value)),
            "wanted": text(str(gate.wanted)),
            "evidence": gate.evidence.value,
            "reason": text(gate.reason),
        }
        for name, gate in gates.items()
    ]
    if rows:
        connection.execute(tables().tables["gates"].insert(), rows)
    rows = [
        {
            "run": run,
            "rule": finding.rule,
            "status": finding.status.value,
            "severity": finding.severity.value,
            "location": text(finding.location or ""),
            "message": text(finding.message),
            "accepted": text(finding.accepted or ""),
        }
        for finding in findings
    ]
    if rows:
        connection.execute(tables().tables["findings"].insert(), rows)
