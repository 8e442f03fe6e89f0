"""Debian's ZFS in user space: asking its daemon, and taking pools down so that nothing stays."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.needs import ADMIN

DAEMON = ("zfs-fuse", "--no-kstat-mount", "--no-daemon")
_ENV = {"PATH": os.pathsep.join((os.environ["PATH"], ADMIN))}


def daemon_answers() -> bool:
    """Tell whether a daemon serves this machine."""
    return _asked("zpool", "list").returncode == 0


def destroy(pool: str, mounted: Path) -> None:
    """Destroy a pool; the daemon may need a moment to let go of what was mounted.

    Were it still mounted when the daemon ends, nobody could remove the folder any more.
    """
    for _ in range(20):
        gone = _asked("zpool", "destroy", "-f", pool)
        if gone.returncode == 0 or "no such pool" in gone.stderr:
            break
        time.sleep(0.5)
    rows = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    for point in (row.split()[1] for row in reversed(rows)):
        if Path(point).is_relative_to(mounted):
            subprocess.run(["umount", "-l", point], check=True)


def _asked(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=_ENV, check=False)
