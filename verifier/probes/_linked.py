"""What lies behind symbolic links in a format's own folders, which its program follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from verifier.host import AccessError, Entry, Host, Unreadable

__all__ = ["through_links"]

_MOST_LINKS = 3  # one behind the other

Follows = Callable[[str], bool]


def through_links(host: Host, root: str, top: str, follows: Follows) -> Iterator[Entry]:
    """Yield one of the things in a folder, and what is below it or behind links that belong to it.

    Parameters
    ----------
    host : Host
        Access to the location.
    root : str
        The location.
    top : str
        The thing, by its path in the location.
    follows : callable
        Tells by its path in the location whether a link is followed.

    Yields
    ------
    Entry
        With paths in the location. A link itself, then what it leads to under the same path, then
        what is below that. One that leads nowhere, in a circle or on and on has a problem instead.

    Raises
    ------
    AccessError
        If the thing cannot be looked at.
    """
    facts = host.stat(f"{root}/{top}", follow=False)
    yield Entry(top, facts)
    if facts.is_dir:
        yield from _below(host, f"{root}/{top}", top, follows, 0)
    elif facts.is_symlink and follows(top):
        yield from _behind(host, f"{root}/{top}", top, follows, 0)


def _below(host: Host, folder: str, before: str, follows: Follows, links: int) -> Iterator[Entry]:
    for entry in host.walk(folder):
        path = f"{before}/{entry.path}" if entry.path else before
        yield Entry(path, entry.stat, entry.problem)
        if entry.stat is not None and entry.stat.is_symlink and follows(path):
            yield from _behind(host, f"{folder}/{entry.path}", path, follows, links)


def _behind(host: Host, place: str, path: str, follows: Follows, links: int) -> Iterator[Entry]:
    try:
        real, facts = host.resolve(place), host.stat(place)
        if facts.is_dir and f"{place}/".startswith(f"{real.rstrip('/')}/"):
            raise Unreadable(place, "the link leads to a folder that it lies in itself")
        if facts.is_dir and links == _MOST_LINKS:
            raise Unreadable(place, "links lead on and on")
        yield Entry(path, facts)
        if facts.is_dir:
            yield from _below(host, real, path, follows, links + 1)
    except AccessError as problem:
        yield Entry(path, None, problem)
