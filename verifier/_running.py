"""One run of a program: no shell, a clean environment, a home that is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from verifier._reading import translated
from verifier.access import TimedOut

__all__ = ["executed", "own_module"]


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
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "TZ": "UTC",
            "HOME": home,
            "XDG_CACHE_HOME": home,
            "XDG_CONFIG_HOME": home,
            "TMPDIR": home,
            **secrets,
        }
        try:
            ended = subprocess.run(
                argv,
                env=environment,
                cwd=home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TimedOut(argv[0], f"did not end within {limit:g} s") from error
        except OSError as error:
            raise translated(argv[0], error) from error
    return {
        "code": ended.returncode,
        "stdout": ended.stdout.decode("utf-8", "surrogateescape"),
        "stderr": ended.stderr.decode("utf-8", "surrogateescape"),
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
