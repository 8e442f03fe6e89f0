"""What only the program borg can tell: archives and the files in them."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from verifier._texts import json_in
from verifier.host import AccessError, Completed, Host, Missing
from verifier.inventory import Evidence, Location, Points
from verifier.manifest import Coverage, Manifest, cover, prefix_in, shown
from verifier.probes._digests import closed, utc_time
from verifier.probes._keys import password_path
from verifier.probes._noting import noted
from verifier.probes.comparing import capped
from verifier.probes.newer import as_of
from verifier.probes.outdated import without_older
from verifier.target import Target

__all__ = [
    "Archive",
    "Listed",
    "contents",
    "environment_of",
    "failure_reason",
    "key_file_of",
    "newest_archive",
    "parse_archives",
    "parse_files",
    "series_of",
]

_CHECKPOINT = re.compile(r"\.checkpoint(\.\d+)?$")
_FORMAT = "{type} {health} {size} {source}{NUL}{path}{NUL}{isomtime}{NUL}"
_BROKEN = "broken"  # its lost chunks were replaced by zeros: ``borg check --repair``
_DAMAGE = re.compile(r"Data integrity error: (.*[^.\s])")
_EXCEPTION = re.compile(r"[\w.]*(Error|Exception|NotFound|NotExist)\w*(:|$)")
_TRIED = 4  # series of archives whose newest is compared with the source
_ENOUGH = 0.99
_NO_PASSWORD = "no password file is given"  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive as ``borg list --json`` reports it; `finished` unless it is a checkpoint."""

    name: str
    time: datetime
    finished: bool = True


def parse_archives(text: str) -> tuple[Archive, ...]:
    """Read ``borg list --json``, oldest first.

    Raises
    ------
    ValueError
        If the text is not such output.
    """
    try:
        found = [
            Archive(str(row["name"]), utc_time(row["time"]), not _CHECKPOINT.search(row["name"]))
            for row in json_in(text)["archives"]
        ]
    except (KeyError, TypeError) as error:
        message = f"not the output of borg list --json: {error!r}"
        raise ValueError(message) from error
    return tuple(sorted(found, key=lambda archive: archive.time))


@dataclass(frozen=True, slots=True)
class Listed:
    """The regular files of one archive: sizes [bytes] and modification times [ns] by path.

    Of the `broken` ones a part is gone; zeros stand in its place, so that their size is right.
    """

    sizes: dict[str, int]
    times: dict[str, int]
    broken: tuple[str, ...] = ()

    @property
    def sound(self) -> dict[str, int]:
        """Return the sizes of those that are not broken, in bytes."""
        lost = set(self.broken)
        return {path: size for path, size in self.sizes.items() if path not in lost}


def parse_files(text: str) -> Listed:
    """Read the listing of an archive.

    Parameters
    ----------
    text : str
        Three words that end in a NUL each: ``"TYPE HEALTH SIZE ORIGIN"``, the path, and its time; a
        hard link has the size and the health of its origin.

    Raises
    ------
    ValueError
        If the text is not such output.
    """
    sizes: dict[str, int] = {}
    times: dict[str, int] = {}
    broken: dict[str, None] = {}
    parts = text.split("\0")
    if parts.pop().strip() or len(parts) % 3:
        message = "the listing is cut off"
        raise ValueError(message)
    for facts, path, time in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        kind, _, rest = facts.lstrip("\n").partition(" ")
        health, _, rest = rest.partition(" ")
        size, _, origin = rest.partition(" ")
        if kind == "-":
            sizes[path] = int(size)
        elif kind == "h":
            sizes[path] = sizes.get(origin, int(size))
        else:
            continue
        if health == _BROKEN or (kind == "h" and origin in broken):
            broken[path] = None
        with contextlib.suppress(ValueError):  # a year that no calendar here has
            times[path] = int(utc_time(time).timestamp() * 1e9)
    return Listed(sizes, times, tuple(broken))


def series_of(name: str) -> str:
    """Return an archive's name without digits, so that the runs of one job have one word.

    A name without digits belongs to the nameless series.
    """
    bare = re.sub(r"[\d:.TZ+_-]+", _sign, name)
    return bare if bare != name else ""


def _sign(run: re.Match[str]) -> str:
    return "#" if re.search(r"\d", run[0]) else run[0]


def failure_reason(ended: Completed) -> str:
    """Say in a few words why borg failed, without anything secret."""
    said = ended.stderr
    if "passcommand supplied" in said:
        return "the password file cannot be read"
    if "passphrase supplied" in said and "incorrect" in said:
        return "wrong password"
    if "No key file for repository" in said:
        return "the key file of the repository is not on this machine"
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(" ")]
    if "Traceback (most recent call last)" in said:  # facts about the machine follow it
        broken = [line for line in lines if _EXCEPTION.match(line)]
        if broken:
            return f"borg broke off: {broken[-1]}"[:200].rstrip(".")
    return (lines[-1] if lines else f"borg ended with code {ended.code}")[:200].rstrip(".")


class _Refused(ValueError):
    """borg gives no answer, and says why."""


class _Damaged(_Refused):
    """What borg would read does not have the bytes that were written."""


def _failure(ended: Completed) -> _Refused:
    harm = _DAMAGE.search(ended.stderr)
    return _Damaged(f"borg finds: {harm[1][:200]}") if harm else _Refused(failure_reason(ended))


def contents(
    host: Host,
    target: Target,
    source: Manifest | None,
    found: Location,
    links: Mapping[str, str],
    *,
    judged: bool = True,
) -> Location:
    """Add archives, files and coverage.

    Parameters
    ----------
    host, target, source, found
        As for a probe's ``collect``.
    links : mapping of str to str
        The repository as a folder of links, named ``repository``.
    judged : bool
        Whether damage that borg meets is told as such; a list alone promises no judgement.

    Returns
    -------
    Location
        Unchanged but for the reason if the archives cannot be listed.
    """
    open_to_all = _is_open(found)
    if target.password_file is None and not open_to_all:
        return closed(found, _NO_PASSWORD)
    run = _Runner(host, environment_of(host, target, found), links)
    try:
        version = host.run(["borg", "--version"], timeout=60.0).stdout
        found = replace(found, tool=version.strip() if version.startswith("borg ") else None)
        ended = run("--consider-checkpoints", "--json", "repository")
        if ended.code > 1:
            raise _failure(ended)
        archives = parse_archives(ended.stdout)
        whole = [archive for archive in archives if archive.finished]
        if not whole:
            nothing = cover(source, {})
            return replace(
                found,
                points=_points((), archives),
                files=0,
                size_bytes=0,
                coverage=nothing.share,
                missing=nothing.missing,
            )
        chosen, listed, coverage, broken = _newest_of(run, whole, source)
    except Missing:
        return closed(found, "the program borg is not installed")
    except AccessError as problem:
        return closed(found, problem.reason)
    except _Damaged as error:
        told = (f"{error}.",) if judged else ()
        return replace(closed(found, str(error)), errors=(*found.errors, *told))
    except _Refused as error:
        return closed(found, str(error))
    except ValueError as error:
        return closed(found, f"borg's answer is not understood: {error}")
    series = series_of(chosen.name)
    same = tuple(archive for archive in whole if series_of(archive.name) == series)
    prefix = prefix_in(source, listed.sizes)
    held, times = (
        {name.removeprefix(prefix): value for name, value in column.items()}
        for column in (listed.sound, listed.times)
    )
    noted(host, found, held)
    found = replace(
        found,
        points=_points(same, archives),
        files=len(held),
        size_bytes=sum(held.values()),
        coverage=coverage.share
        if coverage.share.value is None
        else replace(coverage.share, evidence=Evidence.TOOL_REPORTED, source="borg list"),
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        errors=capped([*found.errors, *broken]) if judged else found.errors,
    )
    return without_older(found, source, held, times)


def newest_archive(
    host: Host,
    target: Target,
    source: Manifest | None,
    found: Location,
    links: Mapping[str, str],
) -> tuple[Archive, dict[str, int]]:
    """Return the newest finished archive that holds the source, and its files.

    Parameters
    ----------
    host, target, source, found, links
        As for `contents`.

    Raises
    ------
    ValueError
        With the reason, if the archives cannot be listed or there is none.
    """
    if target.password_file is None and not _is_open(found):
        raise ValueError(_NO_PASSWORD)
    run = _Runner(host, environment_of(host, target, found), links)
    ended = run("--consider-checkpoints", "--json", "repository")
    if ended.code > 1:
        raise ValueError(failure_reason(ended))
    whole = [archive for archive in parse_archives(ended.stdout) if archive.finished]
    if not whole:
        message = "it has no finished archive"
        raise ValueError(message)
    chosen, listed, _, _ = _newest_of(run, whole, source)
    return chosen, listed.sizes


def _is_open(found: Location) -> bool:
    return found.encrypted.value is False and found.encrypted.source.endswith("none")


@dataclass(frozen=True, slots=True)
class _Runner:
    host: Host
    environment: dict[str, str]
    links: Mapping[str, str]

    def __call__(self, *arguments: str) -> Completed:
        argv = ["borg", "list", *arguments]
        return self.host.run(argv, secrets=self.environment, links=self.links)


def _newest_of(
    run: _Runner, archives: list[Archive], source: Manifest | None
) -> tuple[Archive, Listed, Coverage, list[str]]:
    """List the newest archive of each job until one holds the source; else return the best.

    What is broken is told of all that were listed.
    """
    newest = {series_of(archive.name): archive for archive in archives}
    tried = sorted(newest.values(), key=lambda archive: archive.time, reverse=True)[:_TRIED]
    best: tuple[Archive, Listed, Coverage] | None = None
    broken: list[str] = []
    for archive in tried:
        ended = run("--format", _FORMAT, f"repository::{archive.name}")
        if ended.code > 1:
            raise _failure(ended)
        listed = parse_files(ended.stdout)
        broken += (_loss(archive, path) for path in listed.broken)
        prefix = prefix_in(source, listed.sizes)
        held = {name.removeprefix(prefix): size for name, size in listed.sound.items()}
        coverage = as_of(run.host, source, cover(source, held), archive.time)
        share = coverage.share.value
        if best is None or (share or 0) > (best[2].share.value or 0):
            best = archive, listed, coverage
        if share is None or share >= _ENOUGH:
            break
    assert best is not None  # noqa: S101 - there is at least one archive
    return *best, broken


def _loss(archive: Archive, path: str) -> str:
    return f"{shown(archive.name)}: {shown(path)} is broken: zeros stand in place of lost parts."


def _points(same: tuple[Archive, ...], archives: tuple[Archive, ...]) -> Points:
    newest = max((archive.time for archive in same), default=None)
    begun = [
        archive
        for archive in archives
        if not archive.finished and (newest is None or archive.time > newest)
    ]
    return Points.at(
        (archive.time for archive in same),
        latest=begun[-1].time if begun else None,
        breaks=tuple(
            f"{archive.name} is a checkpoint of a run that broke off." for archive in begun
        ),
    )


def environment_of(host: Host, target: Target, found: Location) -> dict[str, str]:
    """Return what borg needs to open a repository without asking; the password by its file."""
    environment = {
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        "BORG_PASSCOMMAND": "true",  # or it would ask
    }
    if target.password_file is not None:
        environment["BORG_PASSCOMMAND"] = f"cat {shlex.quote(password_path(target))}"
    if key_file := key_file_of(host, found):
        environment["BORG_KEY_FILE"] = key_file
    return environment


def key_file_of(host: Host, found: Location) -> str | None:
    """Find the user's key file of this repository by its first line; the rest is not read."""
    if not found.encrypted.source.removeprefix("stored objects: ").startswith("keyfile"):
        return None
    wanted = [name.removeprefix("borg-repository:").encode() for name in found.lineage]
    try:
        folder = host.resolve("~/.config/borg/keys")
        for name in host.listdir(folder):
            with host.open(f"{folder}/{name}") as file:
                first = file.read(128).split(b"\n")[0].split()
            if first[:1] == [b"BORG_KEY"] and first[1:] == wanted:
                return f"{folder}/{name}"
    except AccessError:
        return None
    return None
