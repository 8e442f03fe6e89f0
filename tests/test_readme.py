"""The README's commands and code do what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def _run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *words = command.split("#")[0].strip().removeprefix("$ ").split(maxsplit=1)
    line = f"{sys.executable} -m {program} {' '.join(words)}"
    return subprocess.run(
        line, shell=True, cwd=folder, capture_output=True, text=True, check=False
    )  # fmt: skip


HEAVY = re.compile(
    r"riskmodel (simulate|sensitivity|improve|report) "
)  # to 2 % and with all ranges: a minute


def _for_a_plan(folder: Path) -> list[str]:
    """Return the commands of a plan, and put the other plan that one of them wants in place."""
    block = next(text for text in _blocks("console") if "riskmodel new" in text)
    commands = [line for line in block.splitlines() if line.startswith("$ riskmodel")]
    assert len(commands) >= 5
    _run("$ riskmodel new one-external-disk -o other.toml", folder)
    return commands


def test_commands_for_a_plan(tmp_path: Path) -> None:
    for command in _for_a_plan(tmp_path):
        # with --help the words are read and nothing is run; the next test runs these too
        line = command.split("#")[0] + " --help" if HEAVY.search(command) else command
        done = _run(line, tmp_path)
        assert done.returncode == 0, (command, done.stderr)


@pytest.mark.slow
def test_heavy_commands_and_code_for_a_plan(tmp_path: Path) -> None:
    for command in _for_a_plan(tmp_path):
        if HEAVY.search(command) or " -o home.toml" in command:
            done = _run(command, tmp_path)
            assert done.returncode == 0, (command, done.stderr)
    code = _blocks("python")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "probability" in done.stdout


@pytest.mark.parametrize("name", ["audit", "risk", "discover", "init"])
def test_commands_for_a_set_up_exist(tmp_path: Path, name: str) -> None:
    assert any(f"$ verifier {name}" in text for text in _blocks("console"))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("x")
    setup = '[source]\npath = "photos"\n[[locations]]\nname = "usb"\npath = "photos"\n'
    (tmp_path / "setup.toml").write_text(setup)
    what = {"discover": str(tmp_path), "init": "found.toml"}.get(name, "setup.toml")
    done = _run(f"$ verifier {name} {what}", tmp_path)
    assert done.returncode == (0 if name in ("discover", "init") else 1), done.stderr
    assert done.stdout or (tmp_path / "found.toml").stat().st_size
