"""The databases that the catalogue is tested in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.verifier.catalogue.postgres import server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def where(request, tmp_path):
    """Say where an empty catalogue is."""
    if request.param == "sqlite":
        return str(tmp_path / "catalogue.db")
    from sqlalchemy import NullPool, create_engine, text

    url = request.getfixturevalue("postgres")
    engine = create_engine(url.replace("postgresql", "postgresql+psycopg", 1), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return url
