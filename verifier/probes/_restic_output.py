"""What restic prints and the files of it that are not encrypted, as frozen facts."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from verifier._texts import json_in
from verifier.host import Completed
from verifier.probes._digests import utc_time

__all__ = [
    "KeyFile",
    "Listed",
    "Snapshot",
    "failure_reason",
    "made_of",
    "newest_of_each",
    "parse_key",
    "parse_ls",
    "parse_snapshots",
    "parse_version",
    "series_of",
]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot as ``restic snapshots --json`` reports it."""

    id: str
    time: datetime
    paths: tuple[str, ...]
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """The files of one snapshot, by path without the leading slash: sizes [bytes], times [ns]."""

    files: Mapping[str, int]
    times: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One file of ``keys/``, readable without a password: who made it, where and when."""

    created: datetime
    hostname: str = ""
    username: str = ""


def parse_snapshots(text: str) -> tuple[Snapshot, ...]:
    """Read ``restic snapshots --json``, 0.14 or newer, oldest first.

    Parameters
    ----------
    text : str
        The program's output; ``null`` is an empty repository.

    Returns
    -------
    tuple of Snapshot
        Sorted by time.

    Raises
    ------
    ValueError
        If the text is not such output.
    """
    try:
        rows = json_in(text) or []
        found = [
            Snapshot(
                row["id"],
                _time(row["time"]),
                tuple(row.get("paths") or ()),
                row.get("hostname", ""),
            )
            for row in rows
        ]
    except (KeyError, TypeError, AttributeError) as error:
        message = f"not the output of restic snapshots --json: {error!r}"
        raise ValueError(message) from error
    return tuple(sorted(found, key=lambda snapshot: snapshot.time))


def newest_of_each(snapshots: tuple[Snapshot, ...], root: str | None) -> list[Snapshot]:
    """Return the newest snapshot of each host and job, those of the source's folder first.

    Many machines share a repository, and their folders are often called alike.

    Parameters
    ----------
    snapshots : tuple of Snapshot
        The oldest first.
    root : str or None
        Path of the source; without one only the newest of all is returned.
    """
    newest = {(one.hostname, one.paths): one for one in snapshots}
    ranked = sorted(newest.values(), key=lambda one: one.time, reverse=True)
    return ranked[:1] if root is None else sorted(ranked, key=lambda one: not made_of(root, one))


def made_of(root: str, snapshot: Snapshot) -> bool:
    """Tell whether a snapshot was made of a folder, or of one around it."""
    whole = root.rstrip("/") + "/"
    return any(whole.startswith(path.rstrip("/") + "/") for path in snapshot.paths)


def series_of(chosen: Snapshot, snapshots: tuple[Snapshot, ...]) -> list[Snapshot]:
    """Return the snapshots of the same job; a container has a new name of host at each run."""
    alike = [one for one in snapshots if one.paths == chosen.paths]
    mine = [one for one in alike if one.hostname == chosen.hostname]
    return mine if len(mine) > 1 else [one for one in alike if one.time <= chosen.time]


def parse_ls(text: str) -> Listed:
    """Read ``restic ls --json``: one object a line, a snapshot and then its nodes.

    Parameters
    ----------
    text : str
        The program's output.

    Returns
    -------
    Listed
        The regular files.

    Raises
    ------
    ValueError
        If a line is not such output.
    """
    files: dict[str, int] = {}
    times: dict[str, int] = {}
    for line in filter(None, text.split("\n")):  # names may hold other ends of lines
        row = json_in(line)
        if not isinstance(row, dict):
            message = f"not a line of restic ls --json: {line[:40]!r}"
            raise ValueError(message)
        # 0.17 renamed struct_type to message_type and prints both for a while
        kind = row.get("message_type") or row.get("struct_type")
        if kind == "node" and row.get("type") == "file":
            path, size = row.get("path"), row.get("size", 0)
            if not isinstance(path, str) or not isinstance(size, int):
                message = f"not a node of restic ls --json: {line[:40]!r}"
                raise ValueError(message)
            files[path.lstrip("/")] = size
            with contextlib.suppress(ValueError):  # a year that no calendar here has
                times[path.lstrip("/")] = int(_time(str(row.get("mtime"))).timestamp() * 1e9)
    return Listed(files, times)


def parse_key(text: str) -> KeyFile:
    """Read a file of ``keys/``.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    try:
        row = json_in(text)
        return KeyFile(_time(row["created"]), str(row["hostname"]), str(row["username"]))
    except (KeyError, TypeError) as error:
        message = f"not a key of restic: {error!r}"
        raise ValueError(message) from error


def parse_version(text: str) -> str | None:
    """Return ``"restic 0.14.0"`` from ``restic version``; None if the text is something else."""
    found = re.match(r"restic \d+(\.\d+)+\S*", text)
    return found[0] if found else None


def failure_reason(ended: Completed) -> str:
    """Say in a few words why restic failed: exit codes from 0.17 on, words before.

    Parameters
    ----------
    ended : Completed
        The failed run.

    Returns
    -------
    str
        Without anything secret: restic does not print passwords.
    """
    known = {10: "there is no repository", 11: "the repository is locked", 12: "wrong password"}
    if ended.code in known:
        return known[ended.code]
    if "wrong password or no key found" in ended.stderr:
        return "wrong password"
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    telling = (word for word in ("Fatal", "panic:", "returned error") if word in ended.stderr)
    word = next(telling, "")
    last = next((line for line in lines if word in line), "") if word else "".join(lines[-1:])
    if last.startswith("\t"):  # the end of a stack trace of Go, whose first line says why
        last = lines[0]
    return last.removeprefix("Fatal: ")[:200] or f"restic ended with code {ended.code}"


def _time(text: str) -> datetime:
    """Read RFC 3339 with up to nine digits of a second, as Go prints it."""
    return utc_time(re.sub(r"(\.\d{6})\d+", r"\1", text))
