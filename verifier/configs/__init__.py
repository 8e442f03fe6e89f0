"""Configurations of backup tools: one file a tool, each with pure parsers of text."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from verifier.configs import (
    borgmatic,
    btrbk,
    duply,
    environment,
    lsyncd,
    rclone,
    rsnapshot,
    sanoid,
    syncthing,
)
from verifier.configs._model import Configured, assignments, unquoted, without_password
from verifier.host import AccessError, Host, Missing

__all__ = [
    "CONFIGS",
    "Config",
    "Configured",
    "Found",
    "assignments",
    "configured",
    "homes",
    "unquoted",
    "without_password",
]


@dataclass(frozen=True, slots=True)
class Config:
    """How one tool is configured: the usual places of its files, and how to read one."""

    tool: str
    places: tuple[str, ...]
    parse: Callable[[str, str], tuple[Configured, ...]]


CONFIGS = (
    Config("restic", environment.PLACES, environment.parse),
    Config("borgmatic", borgmatic.PLACES, borgmatic.parse),
    Config("rclone", rclone.PLACES, rclone.parse),
    Config("duply", duply.PLACES, duply.parse),
    Config("rsnapshot", rsnapshot.PLACES, rsnapshot.parse),
    Config("btrbk", btrbk.PLACES, btrbk.parse),
    Config("sanoid", sanoid.PLACES, sanoid.parse),
    Config("lsyncd", lsyncd.PLACES, lsyncd.parse),
    Config("syncthing", syncthing.PLACES, syncthing.parse),
)


@dataclass(frozen=True, slots=True)
class Found:
    """Destinations, and the configurations that could not be read."""

    destinations: tuple[Configured, ...] = ()
    unread: tuple[str, ...] = ()


def configured(
    host: Host, home_folders: Iterable[str] = (), *, tool: str | None = None, file: str = ""
) -> Found:
    """Read the configurations of all tools, or of one.

    Parameters
    ----------
    host : Host
        Access to the machine.
    home_folders : iterable of str
        What ``~`` stands for.
    tool : str, optional
        Only this one's.
    file : str
        Only this file of it, instead of the usual places.

    Returns
    -------
    Found
    """
    destinations: list[Configured] = []
    unread: list[str] = []
    folders = tuple(home_folders)
    for config in CONFIGS:
        if tool is not None and config.tool != tool:
            continue
        places = (file,) if file else config.places
        for path in _paths(host, places, folders, unread):
            try:
                if not host.stat(path).is_file:
                    continue
                found = config.parse(host.read_text(path), path)
            except Missing:
                continue
            except (AccessError, ValueError) as problem:
                reason = problem.reason if isinstance(problem, AccessError) else str(problem)
                unread.append(f"{path}: {reason}")
                continue
            home = next((one for one in folders if path.startswith(f"{one}/")), "/root")
            destinations += [_at_home(one, home) for one in found]
    return Found(tuple(dict.fromkeys(destinations)), tuple(dict.fromkeys(unread)))


def homes(host: Host) -> tuple[str, ...]:
    """Return the home folders of the people of this machine, from ``/etc/passwd``."""
    found = ["/root"]
    try:
        lines = host.read_text("/etc/passwd").splitlines()
    except AccessError:
        return tuple(found)
    for line in lines:
        fields = line.split(":")
        if len(fields) == 7 and fields[2].isdecimal() and 1000 <= int(fields[2]) < 60_000:
            found.append(fields[5].rstrip("/"))
    return tuple(dict.fromkeys(one for one in found if one.startswith("/")))


def _at_home(found: Configured, home: str) -> Configured:
    def expand(path: str) -> str:
        for mark in ("~", "$HOME", "${HOME}"):
            if path == mark or path.startswith(f"{mark}/"):
                return home + path[len(mark) :]
        return path

    password = expand(found.password_file) if found.password_file else None
    return replace(
        found,
        address=expand(found.address),
        password_file=password,
        sources=tuple(expand(one) for one in found.sources),
    )


def _paths(
    host: Host, places: Iterable[str], folders: tuple[str, ...], unread: list[str]
) -> list[str]:
    """Expand ``~`` and one ``*`` a name; a folder that cannot be listed may hide something."""
    found: list[str] = []
    for place in places:
        starts = [home + place[1:] for home in folders] if place.startswith("~") else [place]
        for start in starts:
            heads = [""]
            for part in start.strip("/").split("/"):
                if "*" not in part:
                    heads = [f"{head}/{part}" for head in heads]
                    continue
                listed = [(head, name) for head in heads for name in _names(host, head, unread)]
                heads = [f"{head}/{name}" for head, name in listed if fnmatch.fnmatch(name, part)]
            found += heads
    return list(dict.fromkeys(found))


def _names(host: Host, folder: str, unread: list[str]) -> tuple[str, ...]:
    try:
        return host.listdir(folder or "/")
    except Missing:
        return ()
    except AccessError as problem:
        unread.append(f"{folder}: {problem.reason}")
        return ()
