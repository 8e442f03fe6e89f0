"""What else than files and folders lies in a repository: links out of it, pipes and devices."""

from __future__ import annotations

import contextlib
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from verifier.host import AccessError, Entry, Host, Stat
from verifier.probes._linked import through_links

__all__ = ["Others", "others_in"]

_NUMBER = re.compile(r"[-_.]?(part[-_.]?)?(\d{1,9}|[a-z]{2,3}|z\d\d)(\.dar)?$", re.IGNORECASE)


class Others(NamedTuple):
    """The links of a repository that are followed, and the first thing that is no file."""

    links: tuple[str, ...] = ()
    odd: str | None = None


def others_in(
    host: Host, root: str, follows: Callable[[str], bool], *, whole: bool = False
) -> Others:
    """Look for what a program that reads a repository follows, and for what it would hang on.

    A program that opens a named pipe waits for ever, and one that opens a device may do anything.
    Of git-annex only what git reads is looked at; the contents that it keeps are many.

    Parameters
    ----------
    host : Host
        This machine.
    root : str
        The repository, a folder; or one file of several that belong together.
    follows : callable
        Tells by its path in the repository whether a link is a part of it, and by one with a slash
        at its end whether there are links in a folder.
    whole : bool
        Whether all its folders are looked into, and have to be readable.

    Returns
    -------
    Others
    """
    links = []
    if host.stat(root).is_dir:
        met = _all_in(host, root, follows, whole=whole)
    else:
        root, _, name = root.rpartition("/")
        met = _beside(host, root, name)
    for entry in met:
        facts = entry.stat
        if facts is None:
            continue
        if facts.is_symlink:
            if follows(entry.path):
                links.append(entry.path)
            facts = _behind(host, f"{root}/{entry.path}", facts)
        if not (stat.S_ISREG(facts.mode) or stat.S_ISDIR(facts.mode) or facts.is_symlink):
            return Others(tuple(links), entry.path)
    return Others(tuple(links))


def _all_in(
    host: Host, root: str, follows: Callable[[str], bool], *, whole: bool
) -> Iterator[Entry]:
    names = host.listdir(root)
    tops: Iterable[str] = names
    if ".git" in names:
        yield from _itself(host, root, ".git")
        tops = [f".git/{name}" for name in host.listdir(f"{root}/.git")]
    for top in tops:
        if top in {"annex", ".git/annex"}:
            yield from _itself(host, root, top)
            yield from _itself(host, root, f"{top}/objects")
        elif whole:
            yield from through_links(host, root, top, follows)
        else:
            with contextlib.suppress(AccessError):  # which the probe itself tells
                if follows(f"{top}/") or not host.stat(f"{root}/{top}", follow=False).is_dir:
                    yield from through_links(host, root, top, follows)


def _beside(host: Host, folder: str, name: str) -> Iterator[Entry]:
    """Yield a file and the others of its row: the parts of a split archive."""
    stem = _NUMBER.sub("", name)
    for other in host.listdir(folder):
        if _NUMBER.sub("", other) == stem:
            yield from _itself(host, folder, other)


def _itself(host: Host, root: str, name: str) -> Iterator[Entry]:
    with contextlib.suppress(AccessError):
        yield Entry(name, host.stat(f"{root}/{name}", follow=False))


def _behind(host: Host, link: str, facts: Stat) -> Stat:
    try:
        return host.stat(link)
    except AccessError:  # it leads nowhere, which programs see at once
        return facts
