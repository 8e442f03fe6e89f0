"""What many tests share."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

from tests.leftovers import let_go

# shared machines are slow at times, and a change lands or not by what it does, not by luck
settings.register_profile("here", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("here")


def pytest_sessionstart() -> None:
    let_go()


def pytest_sessionfinish() -> None:
    let_go()


LAYOUTS = Path(__file__).parent / "layouts"
_FIRST_LINE = re.compile(r"# [\w ]+: (?P<value>[\d.e+-]+)(?: \+- (?P<error>[\d.e+-]+))?")


def stated_probability(path: Path) -> tuple[float, float]:
    """Return the probability in a layout file's first line, and its standard error (0 if exact)."""
    with path.open(encoding="utf-8") as file:
        match = _FIRST_LINE.match(file.readline())
    assert match is not None, f"{path} states no probability"
    return float(match["value"]), float(match["error"] or 0.0)


def cpu_seconds(command: list[str]) -> tuple[float, str]:
    """Run a command; return the processor time that it took, and its output.

    Time on the clock depends on what else the machine does; this hardly does.
    """
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = os.times()
    spent = after.children_user - before.children_user
    return spent + after.children_system - before.children_system, done.stdout


@pytest.fixture
def disk_layout() -> dict:
    """A layout of one drive, as the tables of a file."""
    return {
        "name": "one drive",
        "horizon": "1 year",
        "media": {"drive": {"afr": 0.02}},
        "copies": [{"name": "disk", "store": {"media": "drive"}}],
    }


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory, monkeypatch):
    """Keep the catalogue of audits that tests run away from the one of whoever runs the tests."""
    if (
        "XDG_STATE_HOME" not in os.environ
        or "threetwoone-tests" not in os.environ["XDG_STATE_HOME"]
    ):
        folder = tmp_path_factory.mktemp("threetwoone-tests")
        monkeypatch.setenv("XDG_STATE_HOME", str(folder))
