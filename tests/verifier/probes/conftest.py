"""Real pools and file systems on image files; they need root and Debian's tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.verifier.pools import DAEMON, daemon_answers


def needs(*programs: str):
    """Skip unless we are root and these programs are installed."""
    absent = [name for name in programs if shutil.which(name) is None]
    reason = "needs root" if os.geteuid() else f"not installed: {', '.join(absent)}"
    return pytest.mark.skipif(bool(absent) or os.geteuid() != 0, reason=reason)


def run(*argv: object) -> str:
    words = [str(word) for word in argv]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, f"{words}: {ended.stderr}"
    return ended.stdout


def image(path: Path, megabytes: int = 128) -> Path:
    with path.open("wb") as file:
        file.truncate(megabytes << 20)
    return path


@pytest.fixture(scope="session")
def zfs_daemon(tmp_path_factory):
    """One daemon serves a machine; ours is ended with the tests."""
    if daemon_answers():
        yield
        return
    with (tmp_path_factory.mktemp("zfs") / "log").open("wb") as log:
        daemon = subprocess.Popen(DAEMON, stdout=log, stderr=log)
    until = time.monotonic() + 30
    while not daemon_answers():
        if time.monotonic() > until or daemon.poll() is not None:
            daemon.kill()
            pytest.skip("zfs-fuse does not start on this machine")
        time.sleep(0.1)
    yield
    daemon.terminate()
    daemon.wait(30)


@pytest.fixture
def loop():
    """Attach image files to loop devices, and detach them in the end."""
    devices: list[str] = []

    def attach(path: Path) -> str:
        devices.append(run("losetup", "-f", "--show", path).strip())
        return devices[-1]

    yield attach
    for device in devices:
        subprocess.run(["losetup", "-d", device], check=False)
