"""Connections to the catalogue: transactions, one sentence for whatever goes wrong."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.errors import ThreeTwoOneError
from verifier.catalogue._migrations import NewerSchema, is_present, present
from verifier.catalogue._pieces import DamagedPiece
from verifier.catalogue._seen import SeenTrees

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["CatalogueError", "Database"]

_PATIENCE_SECONDS = 3.0
_LOCK = 3_211_0  # of PostgreSQL, shared by all who write and held alone by who deletes pieces


class CatalogueError(ThreeTwoOneError):
    """The catalogue cannot be used, in one sentence; an audit goes on without it."""


class Database:
    """A database that is opened when it is first asked.

    Parameters
    ----------
    where : str
        A file for SQLite, or an SQLAlchemy URL.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._engine: Engine | None = None
        self._checked = False
        self._held: Connection | None = None
        self.trees = SeenTrees(self.reading)

    @property
    def exists(self) -> bool:
        """False if there is no file yet."""
        return "://" in self.where or Path(self.where).exists()

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        from verifier.configs import without_password

        if "://" not in self.where:
            return self.where
        try:
            url = make_url(self.where)
        except (ArgumentError, ValueError):
            return without_password(self.where)
        hidden = {key: "***" for key in url.query if "pass" in key.lower()}
        return url.update_query_dict(hidden).render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose reads see one state; nothing is written."""
        with self._connected(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[Connection]:
        """Give a connection whose changes are all kept at the end, or none.

        Parameters
        ----------
        alone : bool
            Wait until nobody else writes, and keep others from it: for whoever deletes pieces that
            somebody else might be about to refer to.
        """
        with self._connected(writes=True, alone=alone) as connection:
            yield connection

    def hold(self) -> None:
        """Keep a file open between transactions; its log is folded in once, at `let_go`.

        The last connection that closes does that, and waits for the disk.
        """
        with self.reading():
            engine = self._opened()
            if self._held is None and engine.dialect.name == "sqlite":
                self._held = engine.connect()

    def let_go(self) -> None:
        """Close what `hold` keeps open, if anything."""
        held, self._held = self._held, None
        if held is not None:
            with suppress(OSError, ValueError):
                held.close()

    @contextmanager
    def _connected(self, *, writes: bool, alone: bool = False) -> Iterator[Connection]:
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError

        try:
            engine = self._opened()
            if not self._checked:
                with self._transaction(engine, writes=False, alone=False) as connection:
                    ready = is_present(connection)
                if not ready:
                    with self._transaction(engine, writes=True, alone=True) as connection:
                        present(connection)
                self._checked = True
            with self._transaction(engine, writes=writes, alone=alone) as connection:
                yield connection
        except NewerSchema:
            message = f"the catalogue {self.shown} was written by a newer version of verifier"
            raise CatalogueError(message) from None
        except ArgumentError as error:  # its message repeats the URL
            kind = type(error).__name__
            message = f"the catalogue {self.shown} cannot be used: it is no database URL ({kind})"
            raise CatalogueError(message) from None
        except ImportError as error:
            raise CatalogueError(self._lacking(error)) from None
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            message = f"the catalogue {self.shown} cannot be used: {self._safe(reason)}"
            raise CatalogueError(message) from None
        except OSError as error:
            message = f"the catalogue {self.shown} cannot be used: {error.strerror}"
            raise CatalogueError(message) from None
        except (OverflowError, RecursionError, TypeError, ValueError) as error:
            # SQLite keeps any value in any column, and may quote what is no text
            known = isinstance(error, DamagedPiece)
            what = "a piece is not what its name says" if known else "it holds what no audit writes"
            raise CatalogueError(f"the catalogue {self.shown} is damaged: {what}") from None

    @contextmanager
    def _transaction(self, engine: Engine, *, writes: bool, alone: bool) -> Iterator[Connection]:
        from sqlalchemy import text

        with engine.connect() as plain:
            connection = plain.execution_options(writes=writes)
            with connection.begin():
                if writes and engine.dialect.name == "postgresql":
                    how = "pg_advisory_xact_lock" + ("" if alone else "_shared")
                    connection.execute(text(f"SELECT {how}({_LOCK})"))
                yield connection

    def _opened(self) -> Engine:
        if self._engine is None:
            from sqlalchemy import URL, NullPool, create_engine, event

            url: str | URL = self.where
            if "://" not in self.where and _is_only_read(Path(self.where)):
                read = partial(_read_only, Path(self.where))
                self._engine = create_engine("sqlite://", creator=read, poolclass=NullPool)
                event.listen(self._engine, "connect", _without_transactions)
                event.listen(self._engine, "begin", _begin)
                return self._engine
            if "://" not in self.where:
                _made_private(Path(self.where))
                url = URL.create("sqlite", database=self.where)
            elif self.where.startswith(("postgresql://", "postgres://")):
                url = "postgresql+psycopg://" + self.where.partition("://")[2]
            local = str(url).startswith("sqlite")
            more: dict[str, Any] = {"timeout": _PATIENCE_SECONDS} if local else {}
            engine = create_engine(url, connect_args=more, poolclass=NullPool)
            if local:
                event.listen(engine, "connect", _prepare)
                event.listen(engine, "begin", _begin)
            self._engine = engine
        return self._engine

    def _lacking(self, error: ImportError) -> str:
        lacking = f"{error.name or 'a module'} is not installed"
        if self.where.startswith("postgres"):
            lacking += "; pip install 'threetwoone[postgresql]'"
        return f"the catalogue {self.shown} cannot be used: {lacking}"

    def _safe(self, reason: str) -> str:
        """Return what a driver said without the password, should it repeat that."""
        if "://" not in self.where:
            return reason
        from sqlalchemy import make_url

        url = make_url(self.where)
        secrets = [url.password, *(v for k, v in url.query.items() if "pass" in k.lower())]
        for secret in secrets:
            if isinstance(secret, str) and secret:
                reason = reason.replace(secret, "***")
        return reason


def _made_private(file: Path) -> None:
    """Make the file for its owner alone: it tells what is where; SQLite gives its log that mode."""
    for folder in reversed(file.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _is_only_read(file: Path) -> bool:
    """Tell whether a file is there and nothing can be put beside it, as SQLite's log has to be."""
    return file.is_file() and not os.access(file.parent, os.W_OK)


def _read_only(file: Path) -> sqlite3.Connection:
    """Open a file for reading; without what its log needs only while nobody has it open.

    A log that is there may hold what the file lacks, and its index says who writes.
    """
    beside = (file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))
    how = "mode=ro" if any(one.exists() for one in beside) else "mode=ro&immutable=1"
    where = f"{file.absolute().as_uri()}?{how}"
    return sqlite3.connect(where, timeout=_PATIENCE_SECONDS, uri=True)


def _without_transactions(connection: Any, _record: Any) -> None:
    """Leave transactions to SQLAlchemy."""
    connection.isolation_level = None


def _prepare(connection: Any, record: Any) -> None:
    """Leave transactions to SQLAlchemy, and keep the log that survives a killed process."""
    _without_transactions(connection, record)
    cursor = connection.cursor()
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode=WAL")
    # what was kept outlasts a power cut; with a log that is held open it costs half a millisecond
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    # a read that turns into a write can fail at once where two do it; asked for early, it waits
    writes = connection.get_execution_options().get("writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
