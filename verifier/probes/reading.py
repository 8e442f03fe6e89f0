"""The first and the last bytes of a file, which is where formats sign."""

from __future__ import annotations

import io
import re

from verifier.host import AccessError, Host

__all__ = ["head", "heads", "tail"]

LOOKED_AT = 8


_TELLING = re.compile(r"\.[A-Za-z]\w*$")


def head(host: Host, path: str, size: int) -> bytes:
    """Return at most the first `size` bytes of a file."""
    with host.open(path) as file:
        return file.read(size)


def tail(host: Host, path: str, size: int) -> bytes:
    """Return at most the last `size` bytes of a file."""
    with host.open(path) as file:
        end = file.seek(0, io.SEEK_END)
        file.seek(max(0, end - size))
        return file.read(size)


def heads(host: Host, path: str, size: int) -> tuple[bytes, ...]:
    """Return the first bytes of a file, or of a few readable files of a folder.

    A probe that tells its kind by magic numbers asks this of every folder that nobody knows, so
    only the first few names are looked at; elsewhere, where a look costs, only those without an
    extension that names a kind of file.
    """
    if host.stat(path).is_file:
        return (head(host, path, size),)
    names = [name for name in host.listdir(path) if not name.startswith(".")]
    if not host.local:
        names = [name for name in names if not _TELLING.search(name)]
    found = []
    for name in names[:LOOKED_AT]:
        try:
            # what a link leads to is not this folder's
            if host.stat(f"{path}/{name}", follow=False).is_file:
                found.append(head(host, f"{path}/{name}", size))
        except AccessError:
            continue
    return tuple(found)
