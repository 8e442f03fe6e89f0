"""One run of a program: no shell, a clean environment, a home that is gone afterwards."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from verifier._confining import confined
from verifier._leftovers import cleared, own_folder
from verifier._reading import translated
from verifier.access import TimedOut, Unreadable

__all__ = ["MOST_SAID", "executed", "located", "own_module", "trusted_path"]

MOST_SAID = 1 << 30  # what a program may print; `restic ls` takes some 300 bytes for a file
_MOST_COMPLAINED = 1 << 20
_PIPE_BYTES = 1 << 20
_LOOK_SECONDS = 0.5
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
        If it cannot be started, or floods its output; it is killed then.
    """
    with _home(argv[0]) as home:
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
                bufsize=0,
                start_new_session=True,  # so that it can be ended with all that it started
            )

        # what opens a location has secrets or links; what asks the system may need its devices
        inside = bool(secrets or links)
        try:
            started = confined(start, (home, environment["TMPDIR"])) if inside else start()
        except OSError as error:
            raise translated(argv[0], error) from error
        with started:
            try:
                stdout, stderr = _heard(started, argv[0], limit)
            finally:
                _ended(started)
    return {
        "code": started.returncode,
        "stdout": stdout.decode("utf-8", "surrogateescape"),
        "stderr": stderr.decode("utf-8", "surrogateescape"),
    }


def _heard(started: subprocess.Popen[bytes], name: str, limit: float) -> tuple[bytes, bytes]:
    """Read both outputs until the program has ended and all that it said is read."""
    assert started.stdout is not None  # noqa: S101 - they are pipes
    assert started.stderr is not None  # noqa: S101
    said, complained = bytearray(), bytearray()
    until = time.monotonic() + limit
    with selectors.DefaultSelector() as pipes:
        pipes.register(started.stdout, selectors.EVENT_READ, said)
        pipes.register(started.stderr, selectors.EVENT_READ, complained)
        while pipes.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise TimedOut(name, f"did not end within {limit:g} s")
            ready = pipes.select(min(left, _LOOK_SECONDS))
            if not ready and started.poll() is not None:
                break  # what it left running holds the pipe, and says nothing
            for key, _ in ready:
                data = os.read(key.fd, _PIPE_BYTES)
                if not data:
                    pipes.unregister(key.fileobj)
                elif key.data is said or len(complained) < _MOST_COMPLAINED:
                    key.data.extend(data)
                if len(said) > MOST_SAID:
                    much = f"{MOST_SAID >> 20:,} MiB"
                    raise Unreadable(name, f"said more than {much}, and was stopped")
    try:
        started.wait(max(until - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        raise TimedOut(name, f"did not end within {limit:g} s") from None
    return bytes(said), bytes(complained)


def _ended(started: subprocess.Popen[bytes]) -> None:
    """End what still runs of a program and of all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


@contextmanager
def _home(name: str) -> Iterator[str]:
    _clear_once()
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(own_folder("run"))
        except OSError as error:
            reason = f"its private folder cannot be made: {error.strerror}"
            raise Unreadable(name, reason) from error
        yield folder


@cache
def _clear_once() -> None:
    """Remove what earlier processes left when they were killed, the first time that one is made."""
    cleared()


def own_module(name: str, *shared: int) -> subprocess.Popen[bytes]:
    """Start a module of this package beside this process, with descriptors that both share.

    Parameters
    ----------
    name : str
        The module.
    *shared : int
        The descriptors, whose numbers are its arguments.

    Returns
    -------
    subprocess.Popen
        In a session of its own: what the terminal interrupts is its parent, which ends it.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-S", "-m", name, *map(str, shared)],
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=shared,
        bufsize=0,
        start_new_session=True,
    )
