"""Git run on a repository that anybody may have written: only its objects and branches are seen.

A repository's own configuration, hooks and attributes can name programs that git would run, and so
can a partial clone when an object is missing; run by root, they would own the machine.
"""

from __future__ import annotations

from verifier.host import Completed, Host

__all__ = ["git"]

# `shallow` tells where a history was cut off on purpose
_SEEN = frozenset({"objects", "refs", "packed-refs", "shallow"})
_SAFE = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "",
}


def git(host: Host, folder: str, *command: str) -> Completed:
    """Run a command of git on links to a repository's objects and branches.

    Parameters
    ----------
    host : Host
        Of this machine.
    folder : str
        The repository, bare or the ``.git`` of a work tree.
    command : str
        What git is asked; a commit in it needs a name, for no branch is checked out.

    Returns
    -------
    Completed

    Raises
    ------
    AccessError
        As of `Host.run`, or if the repository cannot be listed.
    """
    links = {f"repository/{name}": f"{folder}/{name}" for name in _SEEN & set(host.listdir(folder))}
    links["repository/HEAD"] = "refs/heads/none"  # as a link it must not lead out
    return host.run(["git", "--git-dir", "repository", *command], secrets=_SAFE, links=links)
