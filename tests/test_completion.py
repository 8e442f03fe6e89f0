"""A tab in bash: what the two commands offer, asked of a real bash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import needs

BIN = Path(sys.executable).parent
SETUP = """
[[datasets]]
name = "family photos"
source = "/photos"
locations = ["usb"]
[[datasets]]
name = "music"
source = "/music"
[[locations]]
name = "usb"
path = "/mnt/usb"
[[locations]]
name = "attic-disk"
path = "/mnt/attic"
[[locations]]
name = "$(touch owned)"
path = "/mnt/x"
"""


LINES = {
    "riskmodel sim": ["simulate"],
    "riskmodel simulate --met": ["--method"],
    "riskmodel simulate --method ex": ["exact", "excursion"],
    "riskmodel new one-": ["one-external-disk"],
    "riskmodel parameters disk/afr_fleet_q": ["disk/afr_fleet_quarter/HDD"],
    "verifier audit --depth s": ["structure", "source"],
    "verifier audit setup.toml --dataset f": ["family\\ photos"],
    "verifier drill setup.toml --location ": ["usb", "attic-disk"],
    "verifier diff setup.toml --location at": ["attic-disk"],
    "verifier risk setup.toml --dataset m": ["music"],
    "verifier drill broken.toml --location ": [],
    "verifier drill none.toml --location ": [],
    "verifier explain two-": ["two-media"],
    "verifier schema ": ["audit", "risk", "advise", "drill", "diff", "setup"],
}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Ask bash what the commands' own completion scripts offer at the end of each line."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "setup.toml").write_text(SETUP)
    (folder / "broken.toml").write_text("[[locations")
    script = [
        f"source <({command} --show-completion bash)" for command in ("riskmodel", "verifier")
    ]
    for line in LINES:
        words = line.split(" ")
        script += [
            f"COMP_WORDS=({' '.join(repr(word) for word in words)})",
            f"COMP_CWORD={len(words) - 1}",
            f"_{words[0]}_completion {words[0]}",
            'printf "%s\\n" "${COMPREPLY[@]}"; echo ---',
        ]
    run = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(script)],
        cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert run.stderr == ""
    assert not (folder / "owned").exists()
    replies = run.stdout.split("---\n")[:-1]
    found = ([word for word in reply.split("\n") if word] for reply in replies)
    return dict(zip(LINES, found, strict=True))


@pytest.mark.slow
@needs("bash")
@pytest.mark.parametrize("line", LINES)
def test_bash_is_offered_what_fits(line: str, offered: dict[str, list[str]]) -> None:
    assert offered[line] == LINES[line]
