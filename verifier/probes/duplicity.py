"""Duplicity: chains by file names, bytes by the manifests, contents by the signatures."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from verifier.files import MTIME_SLACK_NS
from verifier.host import AccessError, Host, Missing
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import FileFact, Manifest, cover, prefix_in
from verifier.probes._digests import Digest, closed, compare, small_text
from verifier.probes._duplicity_names import (
    Chains,
    Set,
    chains_of,
    parse_manifest,
    parse_sets,
)
from verifier.probes._duplicity_names import Manifest as Volumes
from verifier.probes._keys import declared_key, password_path
from verifier.probes.comparing import capped
from verifier.probes.compression import unpacked
from verifier.probes.members import DAMAGE, Watched
from verifier.probes.newer import as_of
from verifier.target import Target

__all__ = [
    "Unlisted",
    "collect",
    "detect",
    "newest_files",
    "parse_listing",
    "password_of",
    "prefix_of",
]

_SIGNATURE = re.compile(r"(signature|snapshot|deleted)/(.+)")
_LISTED = re.compile(r"\w{3} (\w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}) (.*)")
_SECOND_NS = 1_000_000_000
_MANIFEST_BYTES = 256 << 20
_HIDDEN = "the manifests are encrypted, so a missing last volume and rot cannot be seen"


def detect(host: Host, path: str) -> bool:
    """Tell whether a directory holds volumes or manifests of duplicity."""
    if not host.stat(path).is_dir:
        return False
    return any(one.volumes or one.manifest for one in parse_sets(host.listdir(path)))


def parse_listing(text: str) -> dict[str, int]:
    """Read ``duplicity list-current-files``: paths to modification times [ns since 1970].

    Directories are among them; what is not such a line is passed over.
    """
    files: dict[str, int] = {}
    for line in text.split("\n"):
        if found := _LISTED.fullmatch(line):
            try:
                when = datetime.strptime(found[1], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
            except ValueError:
                continue
            files[found[2]] = int(when.timestamp()) * _SECOND_NS
    return files


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a folder that duplicity writes into.

    Parameters
    ----------
    host : Host
        Access to the location.
    target : Target
        What was asked for; with a ``password_file`` encrypted contents are listed too.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``STRUCTURE`` reads the manifests, ``BYTES`` compares the volumes with the digests in them,
        which encryption hides.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Coverage is by path and modification time: duplicity lists no sizes.
    """
    path = found.real_path or target.address
    sets = parse_sets(host.listdir(path))
    manifests, errors, hidden = _manifests(host, target, path, sets)
    chains = chains_of(sets, manifests)
    errors += _empty(host, path, sets)
    reached, unseen = min(depth, Depth.STRUCTURE), hidden
    if depth >= Depth.STRUCTURE and hidden:
        reached = Depth.LISTED
    if depth >= Depth.BYTES and not hidden:
        rotten, unseen = compare(host, path, _digests(sets, manifests))
        errors += rotten
        reached = Depth.STRUCTURE if unseen else Depth.BYTES
    secret = any(one.encrypted for one in sets)
    latest = max((one.time for one in sets if one.volumes or one.parts), default=None)
    points = Points.at((one.time for one in chains.whole), breaks=capped(list(chains.breaks)))
    if latest is not None and (points.newest is None or latest > points.newest):
        points = replace(points, latest=latest)
    located = replace(
        found,
        kind="duplicity",
        points=points,
        depth=reached,
        errors=capped(errors),
        encrypted=Fact(secret, Evidence.MEASURED, "names of its files"),
    )
    if secret:
        located = declared_key(host, target, located)
    located = _contents(host, target, source, path, located, chains)
    told = (located.reason, unseen)
    return replace(located, reason="; ".join(dict.fromkeys(filter(None, told))))


def _manifests(
    host: Host, target: Target, path: str, sets: tuple[Set, ...]
) -> tuple[dict[str, Volumes], list[str], str]:
    """Read all that can be opened: a few hundred bytes a volume."""
    manifests: dict[str, Volumes] = {}
    errors: list[str] = []
    unseen = ""
    for one in sets:
        if one.manifest is None:
            continue
        try:
            text = _text(host, target, f"{path}/{one.manifest}")
            if text is None:
                unseen = unseen or _HIDDEN
                continue
            manifests[one.manifest] = parse_manifest(text)
        except AccessError as problem:
            unseen = unseen or f"{one.manifest}: {problem.reason}"
        except ValueError as error:
            errors.append(f"{one.manifest} is damaged: {error}.")
    return manifests, errors, unseen


def _text(host: Host, target: Target, path: str) -> str | None:
    """Return the text of a manifest, None if it is encrypted and does not open."""
    if not path.endswith(".gpg"):
        return small_text(host, path, _MANIFEST_BYTES)
    if target.password_file is None or not host.local or host.stat(path).size > _MANIFEST_BYTES:
        return None
    argv = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback"]
    argv += ["--passphrase-file", password_path(target), "--decrypt", path]
    try:
        ended = host.run(argv, secrets={"GPG_TTY": "none"}, timeout=60.0)  # so it is not recorded
    except Missing:
        return None
    return ended.stdout if ended.code == 0 else None


def _empty(host: Host, path: str, sets: tuple[Set, ...]) -> list[str]:
    names = [
        name
        for one in sets
        for name in (one.manifest, one.signatures, *one.volumes.values())
        if name is not None
    ]
    return [f"{name} is empty." for name in names if host.stat(f"{path}/{name}").size == 0]


def _digests(sets: tuple[Set, ...], manifests: dict[str, Volumes]) -> Iterator[Digest]:
    for one in sets:
        promised = manifests.get(one.manifest or "")
        for number, name in sorted(one.volumes.items()):
            algorithm, value = promised.volumes.get(number, ("", "")) if promised else ("", "")
            if algorithm in ("sha1", "md5"):
                yield Digest(name, algorithm, value, "that its manifest has")


def _contents(
    host: Host,
    target: Target,
    source: Manifest | None,
    path: str,
    found: Location,
    chains: Chains,
) -> Location:
    """List the newest point, from its signatures or by the program."""
    if not chains.newest:
        return closed(found, "no backup in it is complete")
    names = [one.signatures for one in chains.newest]
    try:
        if None in names:
            return closed(found, "signatures are missing")
        if not any(str(name).endswith(".gpg") for name in names):
            held = _from_signatures(host, path, [str(name) for name in names])
            return _covered(host, found, source, held, "signatures")
        return _by_program(host, target, source, path, found)
    except AccessError as problem:
        return closed(found, f"the signatures: {problem.reason}")
    except DAMAGE as damage:
        text = f"the signatures are damaged: {damage}"
        errors = capped([*found.errors, f"{text[0].upper()}{text[1:]}."])
        return closed(replace(found, errors=errors), text)


def _from_signatures(host: Host, path: str, names: list[str]) -> dict[str, int]:
    """Read which files each set of a chain added and took away."""
    held: dict[str, int] = {}
    for name in names:
        with host.open(f"{path}/{name}") as file:
            plain = Watched(unpacked(file, "gz" if name.endswith(".gz") else None))
            with tarfile.open(fileobj=plain, mode="r:") as tar:  # type: ignore[call-overload]
                for member in tar:
                    tar.members = []  # or it keeps every header in memory
                    match = _SIGNATURE.fullmatch(member.name)
                    if match and match[1] == "signature":
                        held[match[2]] = int(member.mtime) * _SECOND_NS
                    elif match:
                        held.pop(match[2], None)
    return held


class Unlisted(Exception):
    """The files of a point cannot be listed; the text says why."""


def newest_files(host: Host, target: Target, path: str) -> dict[str, int]:
    """List the newest complete point of a folder: paths to modification times [ns since 1970].

    Raises
    ------
    Unlisted
        If its signatures are missing, damaged or closed.
    AccessError
        If they cannot be read.
    """
    sets = parse_sets(host.listdir(path))
    manifests, _, _ = _manifests(host, target, path, sets)
    newest = chains_of(sets, manifests).newest
    names = [one.signatures for one in newest]
    if not newest or None in names:
        raise Unlisted("signatures are missing" if newest else "no backup in it is complete")
    if any(str(name).endswith(".gpg") for name in names):
        return _told_by_program(host, target, path)
    try:
        return _from_signatures(host, path, [str(name) for name in names])
    except DAMAGE as damage:
        message = f"the signatures are damaged: {damage}"
        raise Unlisted(message) from damage


def password_of(host: Host, target: Target) -> str:
    """Return the password, which duplicity takes from the environment only; empty if none is given.

    Raises
    ------
    Unlisted
        If its file cannot be read.
    """
    if target.password_file is None:
        return ""
    try:
        return small_text(host, password_path(target), 1 << 16).rstrip("\n")
    except Missing as problem:
        raise Unlisted("the password file is gone") from problem
    except (AccessError, ValueError) as problem:
        raise Unlisted(str(problem)) from problem


def _by_program(
    host: Host, target: Target, source: Manifest | None, path: str, found: Location
) -> Location:
    if not host.local:
        return closed(found, "it is encrypted, and duplicity reads local folders only")
    try:
        held = _told_by_program(host, target, path)
        tool = host.run(["duplicity", "--version"], timeout=60.0).stdout.strip()
    except Unlisted as problem:
        return closed(found, str(problem))
    found = replace(found, tool=tool if tool.startswith("duplicity ") else None)
    return _covered(host, found, source, held, "duplicity list-current-files")


def _told_by_program(host: Host, target: Target, path: str) -> dict[str, int]:
    if target.password_file is None:
        raise Unlisted("it is encrypted and no password file is given")
    password = password_of(host, target)
    # its own signatures and manifests it keeps in the private home, not in the location
    argv = ["duplicity", "list-current-files", "--archive-dir", "archive", f"file://{path}"]
    try:
        ended = host.run(argv, secrets={"PASSPHRASE": password})
    except Missing as problem:
        raise Unlisted("the program duplicity is not installed") from problem
    except AccessError as problem:
        raise Unlisted(str(problem)) from problem
    if ended.code != 0:
        said = f"{ended.stdout}\n{ended.stderr}"
        wrong = "decryption failed" in said or "Bad session key" in said
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
        reason = "wrong password" if wrong else last[:200]
        raise Unlisted(reason or f"duplicity ended with code {ended.code}")
    return parse_listing(ended.stdout)


def _covered(
    host: Host, found: Location, source: Manifest | None, held: dict[str, int], origin: str
) -> Location:
    """Compare by path and time: a file of another time is another version."""
    wanted = source.files if source else {}
    prefix = prefix_of(source, held)
    as_if = {
        name: _size_if_same(wanted.get(name), when)
        for name, when in ((path.removeprefix(prefix), when) for path, when in held.items())
    }
    coverage = as_of(host, source, cover(source, as_if), found.points.newest)
    share = coverage.share
    if share.value is not None:
        evidence = Evidence.MEASURED if origin == "signatures" else Evidence.TOOL_REPORTED
        share = Fact(share.value, evidence, f"paths and times compared with the source: {origin}")
    files = len(held) if origin == "signatures" else None
    # no content: a sketch needs sizes
    return replace(
        found,
        files=files,
        coverage=share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
    )


def prefix_of(source: Manifest | None, held: dict[str, int]) -> str:
    """Find the source's folder in a backup of more than it, by times instead of sizes."""
    if source is None:
        return ""
    stamped = {
        path: FileFact(fact.mtime_ns // _SECOND_NS, fact.mtime_ns)
        for path, fact in source.files.items()
    }
    seconds = {path: when // _SECOND_NS for path, when in held.items()}
    return prefix_in(replace(source, files=stamped), seconds)


def _size_if_same(live: FileFact | None, mtime_ns: int) -> int:
    if live is None or abs(live.mtime_ns - mtime_ns) > MTIME_SLACK_NS:
        return -1
    return live.size
