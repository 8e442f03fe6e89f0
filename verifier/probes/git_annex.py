"""git-annex repositories: which contents are really there, whole, and in a trusted place.

Only git's plumbing is run, with no locks; git-annex itself writes to a repository and is not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from verifier._texts import whole_number
from verifier.host import AccessError, Host, Missing
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Coverage, FileFact, Manifest, cover, instant, prefix_in
from verifier.probes._git import git
from verifier.probes._noting import noted
from verifier.probes.annex_content import Content, contents_of, examined
from verifier.probes.annex_text import (
    Blob,
    Key,
    key_in,
    latest,
    located,
    parse_config,
    parse_tree,
)
from verifier.probes.comparing import capped
from verifier.probes.newer import as_of
from verifier.target import Target

__all__ = ["collect", "contents_by_name", "detect"]

BRANCHES = ("synced/master", "synced/main", "master", "main")
MAX_POINTER_BYTES = 2000
# what a tree calls a blob may be a commit, whose diff or signature other such programs show
_NO_DIFF = ("--no-textconv", "--no-ext-diff", "--no-show-signature")
_AT_ONCE = 500
_HEAD = re.compile(r"refs/heads/[^\s~^:?*\[\\\x00-\x20\x7f]{1,250}|[0-9a-f]{40}")
_DISTRUST = {
    "0": "its repository is marked untrusted in git-annex",
    "X": "its repository is marked dead in git-annex",
}


@dataclass(frozen=True, slots=True)
class _Tree:
    """The files of a branch: those in git itself, and the keys of the others."""

    plain: Mapping[str, int]
    keys: Mapping[str, Key]
    time: datetime | None


class _Unread(Exception):
    """Git gave no answer; the text says why."""


class _Failed(_Unread):
    """Git ended with an error."""


def detect(host: Host, path: str) -> bool:
    """Tell whether a folder is a git-annex repository, with a work tree or bare."""
    return host.stat(path).is_dir and _git_folder(host, path) is not None


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a repository.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files; if they are a git-annex repository too, its branch tells the names.
    depth : Depth
        ``STRUCTURE`` compares sizes with the keys, ``BYTES`` the digests.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Only contents that are there count, whatever the logs say.
    """
    path = found.real_path or target.address
    folder = _git_folder(host, path) or f"{path}/.git"
    config = _config(host, folder)
    objects, unseen = contents_of(host, folder)
    errors, unhashed, sample = examined(host, objects, depth)
    errors = _maimed(host, folder) + errors
    reached = min(depth, Depth.STRUCTURE if unhashed else Depth.BYTES)
    version = config.get("version")
    located_ = replace(
        found,
        kind="git-annex",
        tool=f"git-annex, repository version {version}" if version else "git-annex",
        depth=None if unseen else reached,
        reason=unseen or unhashed,
        sample=sample,
        encrypted=Fact(False, Evidence.MEASURED, "plain objects"),
    )
    try:
        tree = _tree(host, folder)
        located_ = _trusted(host, folder, config.get("uuid", ""), located_)
        held = dict(tree.plain)
        held |= {
            name: objects[key.name].size for name, key in tree.keys.items() if key.name in objects
        }
        errors += _lost(host, folder, config.get("uuid", ""), tree, objects) if not unseen else []
        if depth >= Depth.BYTES:
            errors += _fsck(host, folder)
        live = _names_of(host, source)
    except _Unread as problem:
        reason = f"the contents cannot be listed: {problem}"
        return replace(
            located_,
            errors=capped(errors),
            coverage=Fact(source=reason),
            reason="; ".join(filter(None, (located_.reason, reason))),
        )
    prefix = prefix_in(live, held)
    coverage = Coverage(Fact(source="parts of the copy could not be read"))
    if not unseen:
        inside = {name.removeprefix(prefix): size for name, size in held.items()}
        coverage = as_of(host, live, cover(live, inside), tree.time)
        noted(host, located_, inside)
    return replace(
        located_,
        errors=capped(errors),
        points=Points.at([tree.time] if tree.time and held else []),
        files=len(held),
        size_bytes=sum(held.values()),
        coverage=coverage.share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
    )


def contents_by_name(host: Host, path: str) -> tuple[dict[str, tuple[str, int]], datetime | None]:
    """Return where the content of each annexed file lies and its size, and when that was committed.

    Raises
    ------
    ValueError
        With the reason, if git does not tell.
    """
    folder = _git_folder(host, path) or f"{path}/.git"
    objects, unseen = contents_of(host, folder)
    if unseen:
        raise ValueError(unseen)
    try:
        tree = _tree(host, folder)
    except _Unread as problem:
        raise ValueError(str(problem)) from problem
    held = {
        name: (objects[key.name].path, objects[key.name].size)
        for name, key in tree.keys.items()
        if key.name in objects
    }
    return held, tree.time


def _git_folder(host: Host, path: str) -> str | None:
    names = set(host.listdir(path))
    if ".git" in names:
        inner = f"{path}/.git"
        return inner if host.stat(inner).is_dir and "annex" in host.listdir(inner) else None
    return path if {"annex", "objects", "refs", "HEAD"} <= names else None


def _maimed(host: Host, folder: str) -> list[str]:
    """Name the parts without which git opens no repository, or none of its commits."""
    names = set(host.listdir(folder))
    lost = [name for name in ("HEAD", "objects", "refs") if name not in names]
    if "objects" in names and _commits(host, folder) and not _any_file(host, f"{folder}/objects"):
        lost.append("content in objects")
    return [f"The repository has no {name}: git can read none of it." for name in lost]


def _commits(host: Host, folder: str) -> bool:
    heads = f"{folder}/refs/heads"
    try:
        return bool("packed-refs" in host.listdir(folder) or _any_file(host, heads))
    except AccessError:
        return False


def _any_file(host: Host, path: str) -> bool:
    """Tell whether there is a file below a folder, or may be where nobody can look."""
    return any(entry.stat is None or entry.stat.is_file for entry in host.walk(path))


def _config(host: Host, folder: str) -> Mapping[str, str]:
    try:
        return parse_config(host.read_text(f"{folder}/config"))
    except AccessError:
        return {}


def _git(host: Host, folder: str, *arguments: str) -> str:
    """Run git without the repository's own programs; refuse an error."""
    if not host.local:
        raise _Unread("the repository is not on this machine")
    try:
        ended = git(host, folder, *arguments)
    except Missing as problem:
        if problem.path != "git":
            raise _Unread(problem.reason) from problem
        raise _Unread("the program git is not installed") from None
    except AccessError as problem:
        raise _Unread(problem.reason) from problem
    if ended.code != 0 and not (arguments[0] == "grep" and ended.code == 1):
        lines = ended.stderr.strip().splitlines() or [f"git ended with code {ended.code}"]
        raise _Failed(lines[-1][:200])
    return ended.stdout


def _head(host: Host, folder: str) -> tuple[str, ...]:
    """Return the branch or commit that is checked out; nothing where HEAD names none."""
    try:
        said = host.read_text(f"{folder}/HEAD").removeprefix("ref:").strip()
    except AccessError as problem:
        raise _Unread(f"HEAD: {problem.reason}") from problem
    return (said,) if _HEAD.fullmatch(said) and ".." not in said else ()


def _tree(host: Host, folder: str) -> _Tree:
    problem = _Unread("it has no branch")
    for branch in (*_head(host, folder), *BRANCHES):
        try:
            blobs = parse_tree(
                _git(host, folder, "ls-tree", "-r", "-l", "-z", "--full-tree", branch)
            )
            stamp = _git(host, folder, "log", "-1", "--no-show-signature", "--format=%ct", branch)
        except _Unread as error:
            problem = error
            continue
        small = [blob for blob in blobs if blob.link or blob.size <= MAX_POINTER_BYTES]
        keys = dict(_keys(host, folder, small))
        plain = {blob.path: blob.size for blob in blobs if blob.path not in keys and not blob.link}
        seconds = whole_number(stamp.strip())
        return _Tree(plain, keys, None if seconds is None else instant(seconds * 1_000_000_000))
    raise problem


def _keys(host: Host, folder: str, blobs: list[Blob]) -> Iterator[tuple[str, Key]]:
    """Read links and pointer files; git prints many at once, and their sizes tell them apart."""
    by_id = {blob.object_id: blob for blob in blobs}
    contents: dict[str, str] = {}
    ids = iter(by_id)
    while some := list(itertools.islice(ids, _AT_ONCE)):
        printed = _git(host, folder, "show", *_NO_DIFF, *some).encode("utf-8", "surrogateescape")
        at = 0
        for each in some:
            size = by_id[each].size
            contents[each] = printed[at : at + size].decode("utf-8", "surrogateescape")
            at += size
        if at != len(printed):
            raise _Unread("git show printed something else than asked")
    for blob in blobs:
        if key := key_in(contents[blob.object_id]):
            yield blob.path, key


def _trusted(host: Host, folder: str, uuid: str, found: Location) -> Location:
    """Add what the git-annex branch and its journal say of this repository."""
    words = {}
    for name in ("trust.log", "numcopies.log"):
        try:
            words[name] = _git(host, folder, "cat-file", "-p", f"git-annex:{name}")
        except _Unread:
            words[name] = ""
        try:
            words[name] += "\n" + host.read_text(f"{folder}/annex/journal/{name}")
        except AccessError:
            continue
    level = latest(words["trust.log"]).get(uuid, "")
    copies = [line.split()[-1] for line in words["numcopies.log"].splitlines() if line.split()]
    kept: Fact[str] = Fact()
    if copies and copies[-1].isdigit():
        kept = Fact(f"numcopies {copies[-1]}", Evidence.TOOL_REPORTED, "git-annex:numcopies.log")
    return replace(found, disqualified=_DISTRUST.get(level, ""), retention=kept)


def _lost(
    host: Host, folder: str, uuid: str, tree: _Tree, objects: Mapping[str, Content]
) -> list[str]:
    """Find contents that the location log places here and that are gone."""
    if not uuid:
        return []
    try:
        lines = _git(
            host, folder, "grep", "-F", "-e", uuid, "git-annex", "--", "*.log"
        ).splitlines()
    except _Unread:
        return []
    said = located(line for line in lines if line.count("/") >= 2)
    return [
        f"{name} is gone, and git-annex believes that it is here."
        for name, key in sorted(tree.keys.items())
        if key.name in said and key.name not in objects
    ]


def _fsck(host: Host, folder: str) -> list[str]:
    try:
        _git(host, folder, "fsck", "--full", "--no-progress", "--no-dangling")
    except _Failed as problem:
        return [f"git fsck: {problem}."]
    return []


def _names_of(host: Host, source: Manifest | None) -> Manifest | None:
    """Give the files of a source that is a git-annex repository itself the names they have there.

    Its work tree is links into ``.git``, which a plain listing of files does not follow.
    """
    if source is None or not any(name.startswith(".git/annex/") for name in source.files):
        return source
    tree = _tree(host, f"{source.root}/.git")
    sizes = {
        name.rpartition("/")[2]: fact
        for name, fact in source.files.items()
        if name.startswith(".git/annex/objects/")
    }
    files = {name: FileFact(size, 0) for name, size in tree.plain.items()}
    files |= {name: sizes[key.name] for name, key in tree.keys.items() if key.name in sizes}
    own = {name: fact for name, fact in source.files.items()
           if not name.startswith(".git/") and name not in tree.keys}  # fmt: skip
    return replace(source, files={**files, **own})
