"""What would hang or mislead the programs that read a repository: pipes and devices in it."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from verifier.host import AccessError, Host, Stat

__all__ = ["odd_one"]


def odd_one(host: Host, root: str) -> str | None:
    """Return the first thing in a repository that is neither file nor folder; None if all are.

    A program that opens a named pipe waits for ever, and one that opens a device may do anything.
    Of git-annex only what git reads is looked at; the contents that it keeps are many.

    Parameters
    ----------
    host : Host
        This machine.
    root : str
        The repository, a folder.

    Returns
    -------
    str or None
        Its path in the repository.
    """
    if not host.stat(root).is_dir:
        return None
    names = host.listdir(root)
    tops = [f".git/{name}" for name in host.listdir(f"{root}/.git")] if ".git" in names else names
    for top in tops:
        if top.rpartition("/")[2] == "annex":
            continue
        for path, facts in _below(host, root, top):
            if _is_odd(host, f"{root}/{path}", facts):
                return path
    return None


def _below(host: Host, root: str, top: str) -> Iterator[tuple[str, Stat]]:
    facts = host.stat(f"{root}/{top}", follow=False)
    yield top, facts
    if facts.is_dir:
        for entry in host.walk(f"{root}/{top}"):
            if entry.stat is not None:
                yield f"{top}/{entry.path}", entry.stat


def _is_odd(host: Host, path: str, facts: Stat) -> bool:
    if facts.is_symlink:
        try:
            facts = host.stat(path)
        except AccessError:  # it leads nowhere, which programs see at once
            return False
    return not (stat.S_ISREG(facts.mode) or stat.S_ISDIR(facts.mode))
