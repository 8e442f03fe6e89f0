"""The only code that touches the system: programs, files, directories, each with a timeout.

Facts about the system (program output, small files, stats, listings) can be recorded and replayed;
the content of locations and everything obtained with a secret cannot.
"""

from __future__ import annotations

import errno
import io
import itertools
import os
import queue
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from verifier._waiting import Worker
from verifier.access import (
    AccessError,
    Completed,
    Entry,
    Missing,
    Stat,
    TimedOut,
    Unreadable,
)

__all__ = [
    "AccessError",
    "Completed",
    "Entry",
    "Host",
    "Missing",
    "Stat",
    "TimedOut",
    "Unreadable",
]

T = TypeVar("T")
_Met = tuple[str, Stat | None, OSError | None]

CHUNK_BYTES = 1 << 20
SMALL_FILE_BYTES = 4 << 20
SLICE_NAMES = 4096
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO})


class Host:
    """Access to this machine, read-only.

    Files elsewhere (a bucket, an SFTP server) are read through a subclass that answers `stat`,
    `listdir`, `resolve`, `read_text`, `open`, `chunks` and `walk` from there and says
    ``local = False``; so a probe asks these only, and gives a path to a program only if `local`.

    Parameters
    ----------
    timeout : float
        Longest wait for one look at a path or one read of a file. [s]
    program_timeout : float
        Longest run of one program. [s]
    record : bool
        Keep the answers about the system in `recording`.
    """

    local = True

    def __init__(
        self, *, timeout: float = 10.0, program_timeout: float = 3600.0, record: bool = False
    ) -> None:
        self.timeout = timeout
        self.program_timeout = program_timeout
        self.recording: dict[str, Any] = {}
        self._record = record
        self._replay: Mapping[str, Any] | None = None
        self._worker: Worker | None = None

    @classmethod
    def replay(cls, recording: Mapping[str, Any]) -> Host:
        """Return a host that answers from a recording and never touches the system.

        Parameters
        ----------
        recording : mapping
            ``"run lsblk --json"`` to ``{"code": 0, "stdout": …}``, ``"read /proc/mdstat"`` to
            text, ``"stat /x"`` to the fields of `Stat`, ``"list /x"`` to names, ``"resolve /x"``
            to a path, ``"hostname"`` to a name; any of them to ``{"error": word, "reason": …}``.

        Returns
        -------
        Host
            What is not in the recording is `Missing`.
        """
        host = cls()
        host._replay = dict(recording)
        return host

    def hostname(self) -> str:
        """Return the name of this machine."""
        return str(self._fact("hostname", "", lambda: socket.gethostname()))

    def stat(self, path: str, *, follow: bool = True) -> Stat:
        """Look at a path.

        Raises
        ------
        AccessError
            As the module's tree says; this holds for every method that takes a path.
        """
        call = "stat" if follow else "lstat"
        answer = self._fact(
            call, path, lambda: asdict(Stat.of(Path(path).stat(follow_symlinks=follow)))
        )
        return Stat(**answer)

    def listdir(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a directory."""
        return tuple(
            self._fact("list", path, lambda: sorted(child.name for child in Path(path).iterdir()))
        )

    def resolve(self, path: str) -> str:
        """Return the absolute path after all symbolic links."""

        def follow() -> str:
            try:
                return str(Path(path).expanduser().resolve(strict=True))
            except RuntimeError as error:  # Python < 3.13 says so about a loop of links
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error

        return str(self._fact("resolve", path, follow))

    def read_text(self, path: str) -> str:
        """Return the content of one small text file of the system; more than 4 MiB is refused."""

        def read() -> str:
            with os.fdopen(_open(path), "rb") as file:
                content = file.read(SMALL_FILE_BYTES + 1)
            if len(content) > SMALL_FILE_BYTES:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            return content.decode("utf-8", "surrogateescape")

        return str(self._fact("read", path, read))

    def open(self, path: str) -> BinaryIO:
        """Open a regular file for reading; each read has the timeout; nothing is recorded."""
        self._refuse_in_replay(path)
        descriptor = self._within(path, lambda: _open(path))
        return io.BufferedReader(_GuardedFile(self, path, descriptor), CHUNK_BYTES)

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the content of a file in pieces of at most 1 MiB."""
        with self.open(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def walk(self, root: str) -> Iterator[Entry]:
        """Yield everything below a directory, without following symbolic links.

        Parameters
        ----------
        root : str
            The directory.

        Yields
        ------
        Entry
            Files, directories and others; a directory that cannot be listed comes a second time,
            with its problem.

        Raises
        ------
        AccessError
            If the root itself cannot be listed.
        """
        self._refuse_in_replay(root)
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            place = f"{root.rstrip('/')}/{folder}" if folder else root
            try:
                found = self._scan(place)
            except AccessError as problem:
                if not folder:
                    raise
                yield Entry(folder, None, problem)
                continue
            for name, facts, failure in found:
                path = f"{folder}/{name}" if folder else name
                if facts is None:
                    if isinstance(failure, FileNotFoundError):
                        continue  # deleted while we looked
                    yield Entry(path, None, _translate(path, failure))
                    continue
                if facts.is_dir:
                    waiting.append(path)
                yield Entry(path, facts)

    def _scan(self, place: str) -> list[_Met]:
        """List a directory slice by slice: the timeout is for silence, not for many files."""
        found: list[_Met] = []
        entries = self._within(place, lambda: os.scandir(place))
        while met := self._within(place, lambda: _slice(entries)):
            found.extend(met)
        self._within(place, entries.close)
        return sorted(found, key=lambda item: item[0])

    def program(self, name: str) -> str | None:
        """Return the absolute path of a program, or None if it is not installed."""
        try:
            found = self._fact("which", name, lambda: shutil.which(name))
        except Missing:
            return None
        return None if found is None else str(found)

    def run(
        self,
        argv: Sequence[str],
        *,
        secrets: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a program with a clean environment in a private, temporary home.

        Parameters
        ----------
        argv : sequence of str
            Program and arguments; no shell, no secrets.
        secrets : mapping of str to str, optional
            Further environment variables. A run that has some is never recorded.
        links : mapping of str to str, optional
            Paths in that home, where the program starts, to what they link to: what a program that
            cannot help writing may see of a location without being able to change it.
        timeout : float, optional
            Longest run; the host's ``program_timeout`` unless given. [s]

        Returns
        -------
        Completed
            Exit code and both outputs.

        Raises
        ------
        Missing
            If the program is not installed.
        TimedOut
            If it did not end in time; it is killed.
        """
        limit = self.program_timeout if timeout is None else timeout

        def execute() -> dict[str, Any]:
            program = shutil.which(argv[0])
            if program is None:
                raise Missing(argv[0], "the program is not installed")
            return _execute([program, *argv[1:]], dict(secrets or {}), dict(links or {}), limit)

        call = " ".join(argv)
        answer = self._fact("run", call, execute, guarded=False, secret=bool(secrets))
        return Completed(answer["code"], answer["stdout"], answer.get("stderr", ""))

    def _fact(
        self,
        call: str,
        argument: str,
        look: Callable[[], Any],
        *,
        guarded: bool = True,
        secret: bool = False,
    ) -> Any:
        """Answer from the replay if there is one, else look, and record the answer if asked to."""
        key = f"{call} {argument}".strip()
        if self._replay is not None:
            if key not in self._replay:
                raise Missing(argument or call, "not in the recording")
            answer = self._replay[key]
            if isinstance(answer, dict) and "error" in answer:
                word = str(answer["error"])
                raise _BY_WORD[word](argument, str(answer.get("reason", word)))
            return answer
        try:
            answer = self._within(argument, look) if guarded else look()
        except AccessError as problem:
            if self._record and not secret:
                self.recording[key] = {"error": problem.word, "reason": problem.reason}
            raise
        if self._record and not secret:
            self.recording[key] = answer
        return answer

    def _refuse_in_replay(self, path: str) -> None:
        if self._replay is not None:
            raise Missing(path, "not in the recording")

    def _within(self, path: str, call: Callable[[], T]) -> T:
        """Make a blocking call in a worker thread and wait no longer than the timeout."""
        if self._worker is None:
            self._worker = Worker()
        try:
            answer, error = self._worker.ask(call, self.timeout)
        except queue.Empty:
            self._worker.retire()
            self._worker = None
            raise TimedOut(path, f"no answer within {self.timeout:g} s") from None
        if isinstance(error, OSError):
            raise _translate(path, error) from error
        if error is not None:
            raise error
        return answer  # type: ignore[no-any-return]


class _GuardedFile(io.RawIOBase):
    """A file whose every read waits no longer than the host's timeout."""

    def __init__(self, host: Host, path: str, descriptor: int) -> None:
        self._host = host
        self._path = path
        self._descriptor = descriptor

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        data = self._host._within(self._path, lambda: os.read(self._descriptor, wanted))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


_BY_WORD: dict[str, type[AccessError]] = {
    kind.word: kind for kind in (Missing, Unreadable, TimedOut)
}


def _translate(path: str, error: OSError | None) -> AccessError:
    if error is None:
        return Unreadable(path, "no answer")
    reason = error.strerror or str(error)
    if error.errno in _GONE:
        return Missing(path, reason)
    return Unreadable(path, reason, damage=error.errno in {errno.EIO, errno.EUCLEAN})


def _open(path: str) -> int:
    """Open read-only and leave the access time alone where the owner lets us."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY
    try:
        return os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        return os.open(path, flags)


def _slice(entries: Iterator[os.DirEntry[str]]) -> list[_Met]:
    """Look at the next names of a directory; nothing is left when the answer is empty."""
    found: list[_Met] = []
    for entry in itertools.islice(entries, SLICE_NAMES):
        try:
            found.append((entry.name, Stat.of(entry.stat(follow_symlinks=False)), None))
        except OSError as error:
            found.append((entry.name, None, error))
    return found


def _execute(
    argv: list[str], secrets: dict[str, str], links: dict[str, str], limit: float
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="verifier-") as home:
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
            raise _translate(argv[0], error) from error
    return {
        "code": ended.returncode,
        "stdout": ended.stdout.decode("utf-8", "surrogateescape"),
        "stderr": ended.stderr.decode("utf-8", "surrogateescape"),
    }
