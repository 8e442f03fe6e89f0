"""From the schemas of earlier releases to the present one, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from verifier.catalogue._tables import SCHEMA, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["NewerSchema", "is_present", "present"]


class NewerSchema(ValueError):
    """The catalogue was written by a newer version."""


def is_present(connection: Connection) -> bool:
    """Tell whether the tables are of the present schema.

    Raises
    ------
    NewerSchema
        If they are of a newer one.
    ValueError
        If it says of which in no number.
    """
    known = _known(connection)
    if known is None:
        return False
    if not isinstance(known, int) or known < 1:
        raise ValueError
    if known > SCHEMA:
        raise NewerSchema
    return known == SCHEMA


def present(connection: Connection) -> None:
    """Bring the tables to the present schema, in the transaction of the caller.

    Raises
    ------
    NewerSchema
        If they are of a newer one; nothing is changed.
    """
    if is_present(connection):
        return
    version = tables().tables["schema_version"]
    known = _known(connection)
    if known is None:
        tables().create_all(connection)
        connection.execute(version.insert(), [{"version": SCHEMA}])
        return
    for step in range(known, SCHEMA):
        _STEPS[step](connection)
    connection.execute(version.update().values(version=SCHEMA))


def _known(connection: Connection) -> int | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table("schema_version"):
        return None
    return connection.execute(tables().tables["schema_version"].select()).scalar()


def _to_2(connection: Connection) -> None:
    """Make each last sighting part of a run at its time."""
    from sqlalchemy import Column, Integer, MetaData, Table, Text, text

    columns = ("host", "source", "address", "dataset", "location", "at", "document")
    was = Table("sightings_1", MetaData(), Column("id", Integer, primary_key=True),
                *(Column(name, Text) for name in columns))  # fmt: skip
    connection.execute(text("ALTER TABLE sightings RENAME TO sightings_1"))
    connection.execute(text("DROP INDEX IF EXISTS sightings_by_host"))
    tables().create_all(connection)
    runs, sightings = tables().tables["runs"], tables().tables["sightings"]
    keys = ("at", "host", "dataset", "source")
    order = [was.c[key] for key in keys]
    rows = connection.execute(was.select().order_by(*order, was.c.id)).mappings().all()
    for values, group in groupby(rows, key=lambda row: [row[key] for key in keys]):
        run = dict(zip(keys, values, strict=True)) | {"finished": True}
        made = connection.execute(runs.insert().values(run)).inserted_primary_key
        number = made[0] if made else None
        same = ("location", "address", "document")
        seen = [{"run": number, "state": "read"} | {key: row[key] for key in same} for row in group]
        connection.execute(sightings.insert(), seen)
    connection.execute(text("DROP TABLE sightings_1"))


_STEPS: Mapping[int, Callable[[Connection], None]] = {1: _to_2}
