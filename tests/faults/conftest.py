"""Servers that tests of faults talk to, and a proxy that spoils what they say."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.spoiling import Spoiler
from tests.verifier.remotes.conftest import logins, moto_url, photos, storage

__all__ = ["logins", "moto_url", "photos", "spoiler", "storage"]


@pytest.fixture
def spoiler(storage) -> Iterator[Spoiler]:
    with Spoiler(storage.url) as running:
        yield running


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes reads fail and the clock jump, as its first lines say."""
    library = tmp_path_factory.mktemp("shim") / "failing.so"
    source = Path(__file__).with_name("failing.c")
    flags = ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", library, source], check=True)
    return library
