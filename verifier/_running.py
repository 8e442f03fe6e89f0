"""One run of a program: no shell, a clean environment, a home that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from verifier._confining import confined
from verifier._reading import translated
from verifier.access import TimedOut

__all__ = ["executed", "located", "own_module", "trusted_path"]

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def trusted_path() -> str:
    """Return the folders of PATH in which nobody but root and we can put a program.

    Never the current folder: whoever audits a disk may well stand on it.
    """
    named = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in named if _is_ours(folder))


def located(name: str) -> str | None:
    """Return the absolute path of a program in a trusted folder, or None."""
    found = shutil.which(name, path=trusted_path()) if os.sep not in name else None
    return found if found is not None and _is_ours(found) else None


def _is_ours(path: str) -> bool:
    """Tell whether only root and we can change what lies at a path, as far as its own mode says.

    Where a container maps root to another number, that one owns the root folder. A group may
    write if it is root's or our own.
    """
    if not os.path.isabs(path):  # noqa: PTH117 - an empty name is the current folder, for Path too
        return False
    try:
        facts, top = os.stat(path), os.stat("/")  # noqa: PTH116
    except OSError:
        return False
    groups = {0, top.st_gid, os.getegid()}
    shared = stat.S_IWOTH if facts.st_gid in groups else _OTHERS
    return facts.st_uid in {0, top.st_uid, os.geteuid()} and not facts.st_mode & shared


def executed(
    argv: list[str], secrets: dict[str, str], links: dict[str, str], limit: float
) -> dict[str, Any]:
    """Run a program in a private, temporary home.

    Parameters
    ----------
    argv : list of str
        The program's path and its arguments.
    secrets : dict of str to str
        Further environment variables.
    links : dict of str to str
        Paths in that home to what they link to.
    limit : float
        Longest run. [s]

    Returns
    -------
    dict
        ``code``, ``stdout`` and ``stderr``, as recordings keep them.

    Raises
    ------
    TimedOut
        If it did not end in time; it is killed.
    AccessError
        If it cannot be started.
    """
    with _home() as home:
        for name, wanted in links.items():
            (link := Path(home, name)).parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(wanted)
        Path(home, "gnupg").mkdir(mode=0o700)
        environment = {
            "PATH": trusted_path(),
            "LC_ALL": "C",
            "TZ": "UTC",
            "HOME": home,
            "XDG_CACHE_HOME": home,
            "XDG_CONFIG_HOME": home,
            "GNUPGHOME": f"{home}/gnupg",  # or gpg asks the agent of the user's session
            "TMPDIR": home,
            **secrets,
        }

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                argv,
                env=environment,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

        # what opens a location has secrets or links; what asks the system may need its devices
        inside = bool(secrets or links)
        try:
            program = confined(start, (home, environment["TMPDIR"])) if inside else start()
        except OSError as error:
            raise translated(argv[0], error) from error
        with program:
            try:
                out, err = program.communicate(timeout=limit)
            except subprocess.TimeoutExpired as error:
                program.kill()
                raise TimedOut(argv[0], f"did not end within {limit:g} s") from error
            except BaseException:
                program.kill()
                raise
    return {
        "code": program.returncode,
        "stdout": out.decode("utf-8", "surrogateescape"),
        "stderr": err.decode("utf-8", "surrogateescape"),
    }


@contextmanager
def _home() -> Iterator[str]:
    folder = tempfile.TemporaryDirectory(prefix="verifier-")
    try:
        yield folder.name
    finally:
        try:
            folder.cleanup()
        finally:
            folder.cleanup()  # a signal may have ended the first removal half-way


def own_module(name: str, shared: int) -> subprocess.Popen[bytes]:
    """Start a module of this package beside this process, with a descriptor that both share.

    Parameters
    ----------
    name : str
        The module.
    shared : int
        The descriptor, whose number is its only argument.

    Returns
    -------
    subprocess.Popen
        In a session of its own: what the terminal interrupts is its parent, which ends it.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-S", "-m", name, str(shared)],
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(shared,),
        bufsize=0,
        start_new_session=True,
    )
