"""Symbolic links of the source that lead out of it: what they lead to is no part of it."""

from __future__ import annotations

import posixpath

from verifier.host import AccessError, Host, TimedOut
from verifier.manifest import Manifest, first_of

__all__ = ["leading_out"]

# what comes with the system is nobody's data: the Python of a venv, a socket, a device
_OF_THE_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/dev", "/proc", "/sys", "/run",
                  "/nix/store", "/snap")  # fmt: skip


def leading_out(host: Host, source: Manifest) -> tuple[int, tuple[str, ...]]:
    """Return how many links of those that were noted lead out of a tree, and the first of them.

    None is followed to read what is there. One that leads to nothing loses nothing, and one whose
    end nobody can look at says nothing.

    Parameters
    ----------
    host : Host
        Access to the machine.
    source : Manifest
        The live data, with its links.
    """
    if not host.local:
        return 0, ()
    found = []
    for path in source.linked:
        place = f"{source.root}/{path}"
        try:
            said = posixpath.join(posixpath.dirname(place), host.readlink(place))
            if _within(posixpath.normpath(said), source.root):
                continue
            end = host.resolve(said)
        except TimedOut:
            break
        except AccessError:
            continue
        if not any(_within(end, folder) for folder in (source.root, *_OF_THE_SYSTEM)):
            found.append(path)
    return len(found), first_of(found)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
