"""What the tests of the zoo share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.verifier.zoo.servers import Cloud, cloud
from tests.verifier.zoo.yard import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with ExitStack() as stack:
        yield Yard(tmp_path, stack)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("clouds") / "first", "111111111111") as found:
        yield found


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("clouds") / "second", "222222222222") as found:
        yield found


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One that runs on this very machine."""
    base = tmp_path_factory.mktemp("clouds") / "own"
    with cloud(base, "333333333333", here=True) as found:
        yield found
