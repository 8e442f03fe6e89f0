"""What the user's own ssh configuration says of a server; no command in it is ever run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from verifier.access import AccessError
from verifier.host import Host

__all__ = ["looked_up"]

_BLOCK = re.compile(r"\s*(host|match)\b(.*)", re.IGNORECASE)
_RUNS = re.compile(r"\bexec\b", re.IGNORECASE)


def looked_up(host: Host, server: str) -> Mapping[str, Any]:
    """Return the options for a server, names in lower case.

    Parameters
    ----------
    host : Host
        This machine.
    server : str
        As it is called in an address or a mount.

    Returns
    -------
    mapping of str to Any
        Empty if there is no configuration, or one that cannot be read. A block that a command
        decides about is taken not to match.
    """
    try:
        text = host.read_text(str(Path("~/.ssh/config").expanduser()))
    except AccessError:
        return {}
    import paramiko

    try:
        return dict(paramiko.SSHConfig.from_text("\n".join(_harmless(text))).lookup(server))
    except (paramiko.SSHException, ImportError, OSError, ValueError, IndexError, KeyError):
        return {}


def _harmless(text: str) -> Iterator[str]:
    kept = True
    for line in text.splitlines():
        if block := _BLOCK.match(line):
            kept = not (block[1].lower() == "match" and _RUNS.search(block[2]))
        if kept:
            yield line
