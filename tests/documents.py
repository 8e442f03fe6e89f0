"""What the README and the pages of docs/ show: their blocks, and a place where commands are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tomli_w

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"(?:nas)?\$ (?P<command>.*)")
# what a page takes for granted, and where it lies in a test
_ELSEWHERE = {"/mnt/usb": "usb", "/mnt/nas": "nas", "/var/lib/node_exporter": "node_exporter"}

__all__ = ["PAGES", "ROOT", "Place", "blocks", "commands"]


def blocks(page: Path, language: str) -> list[str]:
    """Return the texts of a page's blocks of one language."""
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [block["text"] for block in found if block["language"] == language]


def commands(page: Path) -> Iterator[str]:
    """Yield the commands of a page in their order, without what is said about them."""
    for text in blocks(page, "console"):
        for line in text.splitlines():
            match = _COMMAND.match(line)
            assert match, f"{page.name}: no command: {line}"
            yield re.sub(r"\s+#.*", "", match["command"])


@dataclass
class Place:
    """A home in which the commands of one page are run, one after the other."""

    base: Path

    def __post_init__(self) -> None:
        """Make the photos and copies that pages speak of; all on one disk, as here they are."""
        for number in range(12):
            photo = self.base / "photos" / f"{2020 + number % 3}" / f"{number}.jpg"
            photo.parent.mkdir(parents=True, exist_ok=True)
            photo.write_bytes(bytes((number * k + k * k) % 251 for k in range(4000)))
            then = time.time() - 86400 * (40 - number)
            os.utime(photo, (then, then))
        for copy in ("usb", "nas"):
            shutil.copytree(self.base / "photos", self.base / copy / "photos")
        (self.base / "node_exporter").mkdir()
        self.set_up()

    def set_up(self) -> None:
        """Write the set-up file of these copies."""
        tables = {
            "name": "family photos",
            "source": {"path": "photos", "site": "home"},
            "locations": [
                {"name": "usb", "path": "usb/photos", "site": "home"},
                {"name": "nas", "path": "nas/photos", "site": "home"},
            ],
            "sites": {"home": {"kind": "home"}},
        }
        (self.base / "setup.toml").write_text(tomli_w.dumps(tables))

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of this project as a shell does."""
        for there, here in _ELSEWHERE.items():
            command = command.replace(there, str(self.base / here))
        program, _, words = command.partition(" ")
        if words.startswith("init "):
            (self.base / "setup.toml").unlink()
        line = f"{shlex.quote(sys.executable)} -m {program} {words}"
        env = {**os.environ, "HOME": str(self.base), "PYTHONPATH": str(ROOT)}
        env["XDG_STATE_HOME"] = str(self.base / "state")
        # the compiled engine is the same in every home
        env.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        done = subprocess.run(
            line, shell=True, cwd=self.base, env=env, capture_output=True, text=True, check=False
        )
        if words.startswith("init "):
            self.set_up()  # the rest of the page is about these copies, not this machine's
        return done
