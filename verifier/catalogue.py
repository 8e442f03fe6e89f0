"""The catalogue: what earlier audits saw of each location, in any database of SQLAlchemy."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.errors import ThreeTwoOneError
from verifier.inventory import Inventory, Location, State

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

__all__ = ["Catalogue", "CatalogueError", "default_path"]

SCHEMA = 1
_PATIENCE_SECONDS = 3.0


class CatalogueError(ThreeTwoOneError):
    """The catalogue cannot be used, in one sentence; an audit goes on without it."""


def default_path() -> Path:
    """Return where the catalogue lies: ``$XDG_STATE_HOME/threetwoone/catalogue.db``."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return folder / "threetwoone" / "catalogue.db"


class Catalogue:
    """Last sightings by dataset and location.

    Parameters
    ----------
    where : str or Path
        A file for SQLite, or an SQLAlchemy URL. Nothing is opened before it is asked.
    """

    def __init__(self, where: str | Path) -> None:
        self.where = str(where)
        self._engine: Engine | None = None
        self._tables: MetaData | None = None

    def remember(self, found: Inventory) -> None:
        """Keep what was seen of each location that was there, in place of what was known before.

        Parameters
        ----------
        found : Inventory
            One audit's.

        Raises
        ------
        CatalogueError
            If nothing can be written; what was there before is still there.
        """
        rows = [
            {
                "host": found.host.value or "",
                "source": found.source.real_path or found.source.address,
                "address": place.address,
                "dataset": found.name,
                "location": place.name,
                "at": found.at.astimezone(UTC).isoformat(),
                "document": _dumped(place),
            }
            for place in found.locations
            if place.state is State.READ and place.address
        ]
        if not rows:
            return
        with self._connected(create=True) as (connection, tables):
            table = tables.tables["sightings"]
            for row in rows:
                keys = ("host", "source", "address", "location")
                same = [table.c[key] == row[key] for key in keys]
                connection.execute(table.delete().where(*same))
            connection.execute(table.insert(), rows)

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
        if place.state is not State.ABSENT_OFFLINE or not self._exists():
            return place
        with self._connected(create=False) as (connection, tables):
            table = tables.tables["sightings"]
            where = (
                table.c.host == (host or ""),
                table.c.source == (source.real_path or source.address),
                table.c.address == place.address,
            )
            asked = table.select().where(*where).order_by(table.c.at.desc()).limit(1)
            row = connection.execute(asked).mappings().first()
        if row is None:
            return place
        seen = _loaded(row["document"], self.where)
        at = datetime.fromisoformat(row["at"])
        if place.last_seen is not None and place.last_seen.date() > at.date():
            return place  # somebody has seen it since, but did not audit it
        return replace(
            seen,
            name=place.name,
            state=State.ABSENT_OFFLINE,
            reason=place.reason,
            offline=True,
            audited=True,
            last_seen=at,
            domains=replace(seen.domains, **_declared(place)),
        )

    def _exists(self) -> bool:
        return "://" in self.where or Path(self.where).exists()

    @contextmanager
    def _connected(self, *, create: bool) -> Iterator[tuple[Any, MetaData]]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if create and "://" not in self.where:
                Path(self.where).parent.mkdir(parents=True, exist_ok=True)
            engine, tables = self._opened()
            with engine.begin() as connection:
                self._checked(connection, tables)
                yield connection, tables
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            message = f"the catalogue {self._shown()} cannot be used: {reason}"
            raise CatalogueError(message) from None
        except OSError as error:
            message = f"the catalogue {self._shown()} cannot be used: {error.strerror}"
            raise CatalogueError(message) from None

    def _shown(self) -> str:
        from verifier.configs import without_password

        return without_password(self.where)

    def _opened(self) -> tuple[Engine, MetaData]:
        if self._engine is None or self._tables is None:
            from sqlalchemy import URL, NullPool, create_engine, event

            url: str | URL = self.where
            if "://" not in self.where:
                url = URL.create("sqlite", database=self.where)
            local = str(url).startswith("sqlite")
            more: dict[str, Any] = {"timeout": _PATIENCE_SECONDS} if local else {}
            self._engine = create_engine(url, connect_args=more, poolclass=NullPool)
            self._tables = _tables()
            if local:
                event.listen(self._engine, "connect", _prepare)
        return self._engine, self._tables

    def _checked(self, connection: Any, tables: MetaData) -> None:
        """Make the tables where there are none, and refuse those of a newer version."""
        tables.create_all(connection)
        version = tables.tables["schema_version"]
        known = connection.execute(version.select()).scalar()
        if known is None:
            connection.execute(version.insert(), [{"version": SCHEMA}])
        elif known > SCHEMA:
            message = f"the catalogue {self._shown()} was written by a newer version of verifier"
            raise CatalogueError(message)


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _tables() -> MetaData:
    from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text

    tables = MetaData()
    Table("schema_version", tables, Column("version", Integer, primary_key=True))
    sightings = Table(
        "sightings",
        tables,
        Column("id", Integer, primary_key=True),
        Column("host", String(255), nullable=False),
        Column("source", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("dataset", Text, nullable=False),
        Column("location", Text, nullable=False),
        Column("at", String(40), nullable=False),
        Column("document", Text, nullable=False),
    )
    Index("sightings_by_host", sightings.c.host, sightings.c.at)
    return tables


def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Location)


def _dumped(place: Location) -> str:
    document = _adapter().dump_python(place, mode="python")
    # names on disk need not be valid Unicode: ASCII with escapes keeps them
    return json.dumps(document, default=_plain, ensure_ascii=True)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _loaded(text: str, where: str) -> Location:
    from pydantic import ValidationError

    try:
        found: Location = _adapter().validate_python(json.loads(text))
    except (ValidationError, ValueError) as error:
        message = f"the catalogue {where} holds something that is no location"
        raise CatalogueError(message) from error
    return found


def _declared(place: Location) -> dict[str, Any]:
    """Return what the set-up file says today, which goes before what it said then."""
    layers = ("site", "account", "provider", "identity", "key")
    return {
        layer: getattr(place.domains, layer)
        for layer in layers
        if getattr(place.domains, layer).value is not None
    }
