"""A folder for gpg whose path leaves room for its agent's sockets: 107 bytes in all, unix(7)."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache


@cache
def keyring() -> str:
    """Return an empty one, the same in all of this process, gone when it ends."""
    folder = tempfile.mkdtemp(prefix="gpg-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
