"""Restic repositories: integrity from file names alone, contents with program and password."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verifier.host import AccessError, Completed, Host, Missing
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest, cover, instant, prefix_in
from verifier.probes.directory import capped
from verifier.target import Target

__all__ = [
    "Listed",
    "Snapshot",
    "collect",
    "collect_remote",
    "detect",
    "failure_reason",
    "parse_ls",
    "parse_snapshots",
    "parse_version",
]

FOLDERS = ("data", "index", "keys", "snapshots")
_ID = re.compile(r"[0-9a-f]{64}")
_REMOTE = re.compile(r"(s3|sftp|rest|rclone|b2|azure|gs|swift):")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot as ``restic snapshots --json`` reports it."""

    id: str
    time: datetime
    paths: tuple[str, ...]
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """The files of one snapshot, by path without the leading slash, to sizes [bytes]."""

    files: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the names in a repository tell: files by relative path, what is wrong, what unseen."""

    files: tuple[str, ...]
    times: tuple[datetime, ...]
    errors: tuple[str, ...]
    unseen: str = ""


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory has the shape of a restic repository."""
    if not host.stat(path).is_dir:
        return False
    return {"config", *FOLDERS} <= set(host.listdir(path))


def is_remote(address: str) -> bool:
    """Tell whether an address is one of restic's own, not a path."""
    return _REMOTE.match(address) is not None


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
        rows = json.loads(text) or []
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
    for line in text.splitlines():
        row = json.loads(line)
        if not isinstance(row, dict):
            message = f"not a line of restic ls --json: {line[:40]!r}"
            raise ValueError(message)
        # 0.17 renamed struct_type to message_type and prints both for a while
        kind = row.get("message_type") or row.get("struct_type")
        if kind == "node" and row.get("type") == "file":
            files[str(row["path"]).lstrip("/")] = int(row.get("size", 0))
    return Listed(files)


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
    last = next((line for line in lines if "Fatal" in line), lines[-1] if lines else "")
    return last.removeprefix("Fatal: ")[:200] or f"restic ended with code {ended.code}"


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a repository in a directory.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for; with a ``password_file`` the contents are listed too.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``BYTES`` hashes every file; this probe goes no deeper, ``Location.depth`` says so.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Coverage is unknown, with the reason, if the contents cannot be listed.
    """
    path = found.real_path or target.address
    shape = _shape(host, path)
    errors, unseen, reached = list(shape.errors), shape.unseen, min(depth, Depth.STRUCTURE)
    if depth >= Depth.BYTES and not unseen:
        rotten, unseen = _hash_all(host, path, shape.files)
        errors += rotten
        reached = Depth.STRUCTURE if unseen else Depth.BYTES
    located = replace(
        found,
        kind="restic",
        points=Points(
            len(shape.times), max(shape.times, default=None), min(shape.times, default=None)
        ),
        depth=None if shape.unseen else reached,
        errors=capped(errors),
        encrypted=Fact(True, Evidence.INFERRED, "restic always encrypts"),
    )
    located = _contents(host, target, source, path, located)
    if depth >= Depth.STRUCTURE and located.files is not None:
        located = _checked(host, target, path, located)
    return replace(located, reason="; ".join(filter(None, (located.reason, unseen))))


def collect_remote(
    host: Host, target: Target, source: Manifest | None, found: Location
) -> Location:
    """Examine a repository behind one of restic's own addresses: its contents are listed.

    Parameters
    ----------
    host, target, source, found
        As for `collect`.

    Returns
    -------
    Location
        At most at depth ``LISTED``; the bytes are not read.

    Raises
    ------
    AccessError
        If the repository cannot be read at all.
    """
    located = _contents(host, target, source, target.address, replace(found, kind="restic"))
    if located.tool is None or located.reason:
        raise AccessError(target.address, located.reason or "restic gave no answer")
    return replace(located, depth=Depth.LISTED)


def _shape(host: Host, path: str) -> _Shape:
    files: list[str] = []
    times: list[datetime] = []
    errors: list[str] = []
    unseen = ""
    for folder in FOLDERS:
        for entry in host.walk(f"{path}/{folder}"):
            name = entry.path.rpartition("/")[2]
            if entry.problem is not None:
                unseen = unseen or f"{folder}/{entry.path}: {entry.problem.reason}"
            if entry.stat is None or not entry.stat.is_file:
                continue
            if name.startswith(".") or "-tmp-" in name:
                continue
            if not _ID.fullmatch(name):
                errors.append(f"{folder}/{entry.path} is not named like a restic file.")
                continue
            if folder == "data" and entry.path.rpartition("/")[0] not in {name[:2], ""}:
                errors.append(f"data/{entry.path} lies in the wrong folder.")
            if entry.stat.size == 0:
                errors.append(f"{folder}/{entry.path} is empty.")
            files.append(f"{folder}/{entry.path}")
            if folder == "snapshots" and (written := instant(entry.stat.mtime_ns)):
                times.append(written)
    kinds = {file.partition("/")[0] for file in files}
    if "keys" not in kinds and not unseen:
        errors.append("The repository has no key: nobody can open it.")
    if "snapshots" in kinds and not {"data", "index"} <= kinds and not unseen:
        errors.append("The repository has snapshots but no data or no index.")
    return _Shape(tuple(files), tuple(times), tuple(errors), unseen)


def _hash_all(host: Host, path: str, files: Iterable[str]) -> tuple[list[str], str]:
    """Compare the SHA-256 of each file with its name."""
    errors: list[str] = []
    unseen = ""
    for file in files:
        running = hashlib.sha256()
        try:
            for chunk in host.chunks(f"{path}/{file}"):
                running.update(chunk)
        except AccessError as problem:
            if problem.damage:
                errors.append(f"{file} cannot be read: {problem.reason}.")
            else:
                unseen = unseen or f"{file} could not be read: {problem.reason}"
            continue
        if running.hexdigest() != file.rpartition("/")[2]:
            errors.append(f"{file} does not have the SHA-256 that is its name.")
    return errors, unseen


def _contents(
    host: Host, target: Target, source: Manifest | None, repository: str, found: Location
) -> Location:
    """Add what only the program with a password can tell."""
    if target.password_file is None:
        return _closed(found, "no password file is given")
    secrets = _secrets(target)
    try:
        tool = parse_version(host.run(["restic", "version"], timeout=60.0).stdout)
        found = replace(found, tool=tool)
        ended = _restic(host, repository, secrets, "snapshots")
        if ended.code != 0:
            return _closed(found, failure_reason(ended))
        snapshots = parse_snapshots(ended.stdout)
        if not snapshots:
            return replace(found, points=Points(0), files=0, size_bytes=0, **_none_of(source))
        chosen = _newest_of(snapshots, source)
        ended = _restic(host, repository, secrets, "ls", chosen.id)
        if ended.code != 0:
            return _closed(found, failure_reason(ended))
        listed = parse_ls(ended.stdout)
    except Missing:
        return _closed(found, "the program restic is not installed")
    except AccessError as problem:
        return _closed(found, problem.reason)
    except ValueError as error:
        return _closed(found, f"restic's answer is not understood: {error}")
    prefix = prefix_in(source, listed.files)
    coverage = cover(
        source, {name.removeprefix(prefix): size for name, size in listed.files.items()}
    )
    same = [snapshot for snapshot in snapshots if snapshot.paths == chosen.paths]
    return replace(
        found,
        points=Points(len(same), same[-1].time, same[0].time),
        files=len(listed.files),
        size_bytes=sum(listed.files.values()),
        coverage=coverage.share
        if coverage.share.value is None
        else replace(coverage.share, evidence=Evidence.TOOL_REPORTED, source="restic ls"),
        missing=coverage.missing,
        content=coverage.content,
        encrypted=Fact(True, Evidence.TOOL_REPORTED, found.tool or "restic"),
    )


def _restic(host: Host, repository: str, secrets: dict[str, str], *command: str) -> Completed:
    argv = ["restic", "--no-lock", "--no-cache", "-r", repository, command[0], "--json"]
    return host.run([*argv, *command[1:]], secrets=secrets)


def _newest_of(snapshots: tuple[Snapshot, ...], source: Manifest | None) -> Snapshot:
    """Prefer the newest snapshot that was made of the source's folder over any other."""
    if source is not None:
        root = source.root.rstrip("/")
        for snapshot in reversed(snapshots):
            if any(f"{root}/".startswith(path.rstrip("/") + "/") for path in snapshot.paths):
                return snapshot
    return snapshots[-1]


def _checked(host: Host, target: Target, repository: str, found: Location) -> Location:
    """Let restic follow its index: only that notices a file that is gone."""
    argv = ["restic", "--no-lock", "--no-cache", "-r", repository, "check"]
    try:
        ended = host.run(argv, secrets=_secrets(target))
    except AccessError as problem:
        return replace(found, depth=Depth.LISTED, reason=problem.reason)
    if ended.code == 0:
        return found
    return replace(found, errors=capped([*found.errors, f"restic check: {failure_reason(ended)}."]))


def _secrets(target: Target) -> dict[str, str]:
    return {"RESTIC_PASSWORD_FILE": str(Path(target.password_file or "").expanduser())}


def _none_of(source: Manifest | None) -> dict[str, Any]:
    coverage = cover(source, {})
    return {"coverage": coverage.share, "missing": coverage.missing}


def _closed(found: Location, reason: str) -> Location:
    reason = f"the contents cannot be listed: {reason}"
    return replace(found, coverage=Fact(source=reason), reason=reason)


def _time(text: str) -> datetime:
    """Read RFC 3339 with up to nine digits of a second, as Go prints it."""
    found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
