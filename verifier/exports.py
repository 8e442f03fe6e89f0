"""What a server shares: pure readers of ``/etc/exports`` and ``smb.conf``."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

__all__ = ["Export", "parse_exports", "parse_smb"]

_SECTION = re.compile(r"^\[([^\]]+)\]$")
_NOT_SHARES = frozenset({"global", "printers", "print$", "homes"})
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Export:
    """One shared folder.

    Parameters
    ----------
    kind : str
        ``"nfs"`` or ``"smb"``.
    name : str
        What clients call it, which for SMB is not the path.
    path : str
        The folder on the server.
    root : bool
        Whether it is the NFSv4 pseudo root (``fsid=0``): what clients name starts there.
    """

    kind: str
    name: str
    path: str
    root: bool = False


def parse_exports(text: str) -> tuple[Export, ...]:
    """Read ``/etc/exports``; lines that do not fit exports(5) are skipped.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    tuple of Export
    """
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if not words or not words[0].startswith("/"):
            continue
        path = _OCTAL.sub(lambda code: chr(int(code[1], 8)), words[0]).rstrip("/") or "/"
        root = bool(re.search(r"\bfsid=(0|root)\b", line))
        found.append(Export("nfs", path, path, root))
    return tuple(found)


def parse_smb(text: str) -> tuple[Export, ...]:
    """Read ``smb.conf``: the shares that name a path without variables.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    tuple of Export
    """
    found = []
    share = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith(("#", ";")):
            continue
        if section := _SECTION.match(line):
            share = "" if section[1].lower() in _NOT_SHARES else section[1]
            continue
        key, equals, value = line.partition("=")
        path = value.strip().strip('"')
        names_path = bool(equals) and key.strip().lower() in {"path", "directory"}
        if share and names_path and path[:1] == "/" and "%" not in path:
            found.append(Export("smb", share, path.rstrip("/") or "/"))
    return tuple(found)
