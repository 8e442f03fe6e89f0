"""Talk and bars go to stderr, and only to a terminal; colours only where one is wanted."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from tests.conftest import LAYOUTS

LAYOUT = str(LAYOUTS / "multicopy" / "nas-usb-cloud.toml")
RUN = [
    sys.executable, "-m", "riskmodel", "simulate", LAYOUT, "--method", "events",
    "--trials", "100000000", "--time-budget", "4 s", "--no-ranges",
]  # fmt: skip
COLOUR = re.compile(r"\x1b\[(?!0?m)[0-9;]+m")  # that of "none" is none


def on_a_terminal(*words: str, **environment: str) -> tuple[str, str]:
    """Run a command whose stderr is a terminal, and return stdout and what the terminal got."""
    reader, writer = pty.openpty()
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=writer, text=True, env={**os.environ, **environment}
    )
    os.close(writer)
    told = b""
    while True:
        try:
            part = os.read(reader, 65_536)
        except OSError:  # the other end is closed
            break
        told += part
        if not part:
            break
    os.close(reader)
    out = process.communicate()[0]
    assert process.returncode == 0, told
    return out, told.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "steered", "coloured"),
    [
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb", "NO_COLOR": ""}, False, False),
    ],
)
def test_progress_is_shown_as_the_terminal_can(environment, steered, coloured):
    out, told = on_a_terminal(*RUN, **environment)
    assert " trials" in told
    assert ("\x1b[" in told) is steered
    assert bool(COLOUR.search(told)) is coloured
    assert "\x1b" not in out


@pytest.mark.slow
def test_a_pipe_gets_results_only():
    run = subprocess.run(RUN, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert "\x1b" not in run.stdout
    assert run.stdout.startswith("01-nas-usb-cloud")


@pytest.mark.parametrize("package", ["riskmodel", "verifier"])
@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_help_is_plain_text(package: str, term: str) -> None:
    environment = {**os.environ, "TERM": term, "FORCE_COLOR": "1"}
    words = [sys.executable, "-m", package, "--help"]
    run = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert "\x1b" not in run.stdout
    assert "--show-completion" in run.stdout
