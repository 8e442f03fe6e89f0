"""The tables of the catalogue, as of its present schema."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData

__all__ = ["SCHEMA", "tables", "text"]

SCHEMA = 2


def text(value: str) -> str:
    """Return text as any database takes it: names on disk need not be valid Unicode."""
    plain = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return plain.replace("\0", "\\x00")


@cache
def tables() -> MetaData:
    """Return all tables.

    ``runs`` has a row an audit of a dataset, ``sightings`` one a location in it (``document``:
    its facts), ``gates`` and ``findings`` what was judged. A row of ``trees`` is a tree that was
    listed: ``pieces`` names, piece by piece, its files, their digests and when these were read.
    ``fresh`` are digests of the present run that are not in pieces yet, ``changed`` those that
    became others under the same size and time.
    """
    from sqlalchemy import (
        BigInteger,
        Boolean,
        Column,
        ForeignKey,
        Index,
        Integer,
        LargeBinary,
        MetaData,
        String,
        Table,
        Text,
    )

    found = MetaData()

    def words(*names: str) -> list[Column[str]]:
        return [Column(name, Text, nullable=False) for name in names]

    def of_run() -> Column[int]:
        return Column("run", ForeignKey("runs.id"), nullable=False, index=True)

    Table("schema_version", found, Column("version", Integer, primary_key=True))
    Table(
        "runs",
        found,
        Column("id", Integer, primary_key=True),
        Column("at", String(40), nullable=False),
        Column("finished", Boolean, nullable=False),
        *words("host", "dataset", "source"),
        sqlite_autoincrement=True,
    )
    sightings = Table(
        "sightings",
        found,
        Column("id", Integer, primary_key=True),
        of_run(),
        Column("state", String(40), nullable=False),
        *words("location", "address", "document"),
    )
    Index("sightings_by_address", sightings.c.address)
    Table(
        "gates",
        found,
        Column("id", Integer, primary_key=True),
        of_run(),
        *words("gate", "status", "value", "wanted", "evidence", "reason"),
    )
    Table(
        "findings",
        found,
        Column("id", Integer, primary_key=True),
        of_run(),
        *words("rule", "status", "severity", "location", "message", "accepted"),
    )
    trees = Table(
        "trees",
        found,
        Column("id", Integer, primary_key=True),
        of_run(),
        *words("host", "location", "root", "volume", "devices"),
        Column("files", BigInteger, nullable=False),
        Column("pieces", LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    Index("trees_by_root", trees.c.root)
    Table("pieces", found, Column("key", String(32), primary_key=True),
          Column("data", LargeBinary, nullable=False))  # fmt: skip
    Table(
        "fresh",
        found,
        Column("id", Integer, primary_key=True),
        Column("tree", ForeignKey("trees.id"), nullable=False, index=True),
        Column("rows", LargeBinary, nullable=False),
        Column("digests", LargeBinary, nullable=False),
        Column("read_at", LargeBinary, nullable=False),
    )
    Table(
        "changed",
        found,
        Column("id", Integer, primary_key=True),
        Column("run", Integer, nullable=False, index=True),  # outlives the run
        *words("host", "root", "volume"),
        Column("path", LargeBinary, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("mtime_ns", BigInteger, nullable=False),
        Column("old", String(64), nullable=False),
        Column("old_read_at", BigInteger, nullable=False),
        Column("new", String(64), nullable=False),
        Column("new_read_at", BigInteger, nullable=False),
    )
    return found
