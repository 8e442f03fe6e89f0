"""What a test needs of the machine; where all tools must be there, none may be skipped."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ALL_TOOLS = "THREETWOONE_ALL_TOOLS"
NOT_HERE = "this machine cannot: "  # a kernel without it is a reason to skip even in CI
ADMIN = "/usr/sbin:/sbin"

__all__ = ["ADMIN", "ALL_TOOLS", "NOT_HERE", "missing", "needs"]


def needs(*names: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test where a program or an ability is missing, and says which."""
    reason = missing(*names)
    return pytest.mark.skipif(bool(reason), reason=reason or "nothing is missing")


@cache
def missing(*names: str) -> str:
    """Say what is missing of these; empty if nothing is.

    Programs go by their name. ``python:NAME`` is a module; ``root``, ``loop``, ``btrfs``, ``fuse``
    and ``netns`` are abilities of the machine.
    """
    kernel = [name for name in names if name in _ABILITIES and not _ABILITIES[name]()]
    if kernel:
        return NOT_HERE + ", ".join(kernel)
    absent = [name for name in names if name not in _ABILITIES and not _installed(name)]
    return f"not installed: {', '.join(absent)}" if absent else ""


def _installed(name: str) -> bool:
    if name == "root":
        return os.geteuid() == 0
    if name.startswith("python:"):
        return importlib.util.find_spec(name.removeprefix("python:")) is not None
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"], ADMIN))
    return shutil.which(name, path=places) is not None


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


_ABILITIES = {
    "loop": lambda: Path("/dev/loop-control").exists(),
    "btrfs": lambda: "btrfs" in Path("/proc/filesystems").read_text().split(),
    "fuse": lambda: os.access("/dev/fuse", os.R_OK | os.W_OK),
    "netns": lambda: _succeeds(
        *("unshare", "--net", "ip", "link", "add", "zoo0", "type", "veth", "peer", "name", "zoo1")
    ),
}
