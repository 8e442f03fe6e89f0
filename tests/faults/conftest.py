"""Servers that tests of faults talk to, and a proxy that spoils what they say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.spoiling import Spoiler
from tests.verifier.remotes.conftest import logins, moto_url, photos, storage

__all__ = ["logins", "moto_url", "photos", "spoiler", "storage"]


@pytest.fixture
def spoiler(storage) -> Iterator[Spoiler]:
    with Spoiler(storage.url) as running:
        yield running
