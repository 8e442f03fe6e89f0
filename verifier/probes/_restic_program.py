"""What the program restic tells of a repository, opened with its password."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from verifier.host import AccessError, Host
from verifier.inventory import Depth, Location
from verifier.manifest import Manifest, cover, prefix_in
from verifier.probes._keys import password_path
from verifier.probes._restic_output import (
    Listed,
    Snapshot,
    failure_reason,
    made_of,
    newest_of_each,
    parse_ls,
    parse_snapshots,
    series_of,
)
from verifier.probes.comparing import capped
from verifier.probes.newer import as_of
from verifier.target import Target

__all__ = [
    "Unopened",
    "checked",
    "is_remote",
    "last_filled",
    "listed_newest",
    "newest_point",
    "of_all_jobs",
    "secrets_of",
    "snapshots_of",
]

_TRIED = 4  # series of snapshots whose newest is compared with the source
_MOST_JOBS = 20  # for parts of the source, whose newest snapshots are listed
_ENOUGH = 0.99  # of the source's files, as the default of min_coverage
_REMOTE = re.compile(r"(s3|sftp|rest|rclone|b2|azure|gs|swift):")
_FOUND = ("repository contains errors", "LoadIndex returned errors")
_GONE = re.compile(r"not exist|not found|NoSuchKey|no such file|LoadIndex", re.IGNORECASE)


class Unopened(Exception):
    """The program does not open the repository; the text says why."""


def is_remote(address: str) -> bool:
    """Tell whether an address is one of restic's own, not a path."""
    return _REMOTE.match(address) is not None


def newest_point(
    host: Host, target: Target, source: Manifest | None, repository: str
) -> tuple[Snapshot, Listed]:
    """Return the newest snapshot that was made of the source, and its files.

    Parameters
    ----------
    host : Host
        Runs restic, with the logins that it needs.
    target : Target
        With a ``password_file``.
    source : Manifest or None
        The live data's files.
    repository : str
        As restic is given it.

    Raises
    ------
    Unopened
        If restic does not open it, or there is no snapshot.
    AccessError
        If restic is not here or does not end.
    """
    try:
        snapshots = snapshots_of(host, target, repository)
        if not snapshots:
            raise Unopened("it has no snapshot")
        return listed_newest(host, target, repository, snapshots, source)
    except ValueError as error:
        message = f"restic's answer is not understood: {error}"
        raise Unopened(message) from error


def snapshots_of(host: Host, target: Target, repository: str) -> tuple[Snapshot, ...]:
    return parse_snapshots(_asked(host, target, repository, "snapshots"))


def listed_newest(
    host: Host,
    target: Target,
    repository: str,
    snapshots: tuple[Snapshot, ...],
    source: Manifest | None,
) -> tuple[Snapshot, Listed]:
    """List the newest snapshot of each host and job until one holds the source; else the best.

    If none holds it, those made of the source's own folder go first, even if the newest is empty:
    then the source was not there when it was made, and that is what would come back.
    """
    found: list[tuple[float, Snapshot, Listed]] = []
    root = None if source is None else source.root
    for snapshot in newest_of_each(snapshots, root)[:_TRIED]:
        listed = parse_ls(_asked(host, target, repository, "ls", snapshot.id))
        prefix = prefix_in(source, listed.files)
        held = {name.removeprefix(prefix): size for name, size in listed.files.items()}
        share = as_of(host, source, cover(source, held), snapshot.time).share.value
        found.append((share or 0.0, snapshot, listed))
        if share is None or share >= _ENOUGH:
            return snapshot, listed
    own = [
        one
        for one in found
        if root is not None and made_of(root, one[1]) and (one[0] or not one[2].files)
    ]
    _, chosen, best = max(own or found, key=lambda one: one[0])
    return chosen, best


def last_filled(
    host: Host, target: Target, repository: str, chosen: Snapshot, snapshots: tuple[Snapshot, ...]
) -> datetime | None:
    """Return the time of the last snapshot of the same job before an empty one that is not empty.

    Parameters
    ----------
    host, target, repository
        As for `newest_point`.
    chosen : Snapshot
        The empty one.
    snapshots : tuple of Snapshot
        All of the repository.
    """
    before = [one for one in series_of(chosen, snapshots) if one.time < chosen.time]
    for snapshot in before[: -_TRIED - 1 : -1]:
        if parse_ls(_asked(host, target, repository, "ls", snapshot.id)).files:
            return snapshot.time
    return None


def of_all_jobs(
    host: Host,
    target: Target,
    repository: str,
    snapshots: tuple[Snapshot, ...],
    source: Manifest | None,
) -> tuple[int, float] | None:
    """Tell how much of the source the newest snapshots of jobs for parts of it hold together.

    Parameters
    ----------
    host, target, repository, snapshots, source
        As for `listed_newest`.

    Returns
    -------
    tuple of int and float, or None
        Number of jobs and share; None if a job takes the source as a whole, which is judged by
        itself then, or if there are too few, or too many, for parts of it.
    """
    if source is None or any(made_of(source.root, one) for one in snapshots):
        return None
    below = source.root.rstrip("/") + "/"
    parts = [one for one in snapshots if one.paths and all(p.startswith(below) for p in one.paths)]
    newest = {one.paths: one for one in parts}
    if not 1 < len(newest) <= _MOST_JOBS:
        return None
    sizes: dict[str, int] = {}
    for snapshot in newest.values():
        sizes |= parse_ls(_asked(host, target, repository, "ls", snapshot.id)).files
    prefix = prefix_in(source, sizes)
    coverage = cover(source, {name.removeprefix(prefix): size for name, size in sizes.items()})
    last = max(one.time for one in newest.values())
    share = as_of(host, source, coverage, last).share.value
    return None if share is None else (len(newest), share)


def _asked(host: Host, target: Target, repository: str, *command: str) -> str:
    argv = ["restic", "--no-lock", "--no-cache", command[0], "--json"]
    ended = host.run([*argv, *command[1:]], secrets=secrets_of(target, repository))
    if ended.code != 0:
        raise Unopened(failure_reason(ended))
    return ended.stdout


def checked(host: Host, target: Target, repository: str, found: Location) -> Location:
    """Let restic follow its index: only that notices a file that is gone.

    Parameters
    ----------
    host, target, repository
        As for `newest_point`.
    found : Location
        What is already known.

    Returns
    -------
    Location
        With what restic found, or no deeper than ``LISTED`` if it did not end.
    """
    argv = ["restic", "--no-lock", "--no-cache", "check"]
    try:
        ended = host.run(argv, secrets=secrets_of(target, repository))
    except AccessError as problem:
        return replace(found, depth=Depth.LISTED, reason=problem.reason)
    if ended.code == 0:
        return found
    if is_remote(repository) and not _is_damage(ended.stderr):
        reason = f"restic check did not end: {failure_reason(ended)}"
        return replace(found, depth=Depth.LISTED, reason=reason)
    return replace(found, errors=capped([*found.errors, f"restic check: {failure_reason(ended)}."]))


def secrets_of(target: Target, repository: str) -> dict[str, str]:
    """Return what opens a repository: its address, which may hold a login, and its password's file.

    What a program is given as an argument, everybody on the machine can see.
    """
    return {"RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD_FILE": password_path(target)}


def _is_damage(said: str) -> bool:
    """Tell whether a check from afar ended, and no more was in its way than files that are gone."""
    disturbed = [line for line in said.splitlines() if "returned error" in line]
    return any(word in said for word in _FOUND) and all(_GONE.search(line) for line in disturbed)
