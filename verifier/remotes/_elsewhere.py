"""A host whose files are elsewhere: one root is the remote's, every other path is this machine's.

So a probe reads the copy and the live data through one object.
"""

from __future__ import annotations

import io
import os
import stat as stat_module
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, TypeVar

from verifier.access import AccessError, Completed, Entry, Stat, TimedOut, Unreadable
from verifier.host import Host
from verifier.walking import Columns, Part, by_columns

__all__ = ["READ_BYTES", "Elsewhere", "file_stat", "folder_stat"]

T = TypeVar("T")

READ_BYTES = 1 << 20
SMALL_FILE_BYTES = 4 << 20
MAX_SEEN = 100_000
MAX_LISTINGS = 16


def file_stat(size: int, mtime_ns: int) -> Stat:
    """Return what is known of a remote file; device and inode mean nothing there."""
    return Stat(stat_module.S_IFREG | 0o400, size, mtime_ns, 0, 0)


def folder_stat(mtime_ns: int = 0) -> Stat:
    """Return what is known of a remote folder."""
    return Stat(stat_module.S_IFDIR | 0o500, 0, mtime_ns, 0, 0)


class Elsewhere(Host):
    """Access to a remote place, read-only, in terms of `Host`.

    A subclass answers `_look`, `_names`, `_bytes` and, where it can do better, `_below` and
    `_stream`, for keys relative to the root; each answer waits no longer than the timeout, and
    after one that did not come the place is given up: a dead server costs the timeout once.

    Parameters
    ----------
    here : Host
        This machine.
    root : str
        What remote paths start with, for example ``"s3://bucket"``.
    secrets : mapping of str to str, optional
        Environment variables that a program needs to reach the same place.
    """

    local = False

    def __init__(self, here: Host, root: str, secrets: Mapping[str, str] | None = None) -> None:
        super().__init__(timeout=here.timeout, program_timeout=here.program_timeout)
        self.here = here
        self.root = root.rstrip("/")
        self.digests = here.digests
        self._secrets = dict(secrets or {})
        self._silent = ""
        self._seen: dict[tuple[str, bool], Stat] = {}
        self._listings: dict[str, tuple[str, ...]] = {}

    def hostname(self) -> str:
        """Return the name of this machine."""
        return self.here.hostname()

    def stat(self, path: str, *, follow: bool = True) -> Stat:
        """Look at a path; remote places have no symbolic links."""
        key = self._key(path)
        if key is None:
            return self.here.stat(path, follow=follow)
        if (key, follow) not in self._seen:
            self._remember((key, follow), self._ask(path, lambda: self._look(key, follow)))
        return self._seen[key, follow]

    def listdir(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a folder."""
        key = self._key(path)
        if key is None:
            return self.here.listdir(path)
        if key not in self._listings:
            names = tuple(sorted(self._names(path, key)))
            if len(self._listings) >= MAX_LISTINGS:
                self._listings.clear()
            self._listings[key] = names
        return self._listings[key]

    def resolve(self, path: str) -> str:
        """Return the path itself: nothing is linked there."""
        return self.here.resolve(path) if self._key(path) is None else path

    def read_text(self, path: str) -> str:
        """Return the content of one small text file; more than 4 MiB is refused."""
        key = self._key(path)
        if key is None:
            return self.here.read_text(path)
        with self.open(path) as file:
            content = file.read(SMALL_FILE_BYTES + 1)
        if len(content) > SMALL_FILE_BYTES:
            raise AccessError(path, "the file is too large to be what it is taken for")
        return content.decode("utf-8", "surrogateescape")

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading at any offset; each read has the timeout."""
        key = self._key(path)
        if key is None:
            return self.here.open(path)
        size = self.stat(path).size
        return io.BufferedReader(_RemoteFile(self, path, key, size), READ_BYTES)

    def born(self, paths: Sequence[str]) -> list[int]:
        """Return when files of this machine were made; of others nothing is known."""
        known = all(self._key(path) is None for path in paths)
        return self.here.born(paths) if known else [0] * len(paths)

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the content of a file in pieces."""
        key = self._key(path)
        return self.here.chunks(path) if key is None else self._stream(path, key)

    def walk(self, root: str) -> Iterator[Entry]:
        """Yield everything below a folder, as `Host.walk` does."""
        key = self._key(root)
        return self.here.walk(root) if key is None else self._below(root, key)

    def listing(
        self,
        root: str,
        skip: Callable[[str], bool] | None = None,
        listers: Callable[[], int] = lambda: 1,
    ) -> Iterator[Part[Columns]]:
        """Yield the files below a folder in columns, as `Host.listing` does, none skipped."""
        key = self._key(root)
        if key is None:
            return self.here.listing(root, skip, listers)
        return by_columns(self._below(root, key))

    def program(self, name: str) -> str | None:
        """Return the absolute path of a program of this machine."""
        return self.here.program(name)

    def run(
        self,
        argv: Sequence[str],
        *,
        secrets: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a program here; one that is given secrets gets the remote's too."""
        given = {**self._secrets, **secrets} if secrets else None
        return self.here.run(argv, secrets=given, links=links, timeout=timeout)

    def _remember(self, key: tuple[str, bool], facts: Stat) -> None:
        """Keep an answer: each probe asks for the same few paths, and each question costs."""
        if len(self._seen) >= MAX_SEEN:
            self._seen.clear()
        self._seen[key] = facts

    def _key(self, path: str) -> str | None:
        """Return what a path is called below the root; None if it is this machine's."""
        if path == self.root or path == f"{self.root}/":
            return ""
        head = f"{self.root}/"
        return path[len(head) :].rstrip("/") if path.startswith(head) else None

    def _ask(self, path: str, call: Callable[[], T]) -> T:
        """Ask the remote one thing, within the timeout, and give it up if it stays silent."""
        if self._silent:
            raise TimedOut(path, self._silent)

        def translated() -> T:
            try:
                return call()
            except AccessError:
                raise
            except Exception as error:
                problem = self._problem(path, error)
                if problem is None:
                    raise
                raise problem from error

        try:
            return self._within(path, translated)
        except TimedOut as problem:
            self._silent = problem.reason
            raise

    def _problem(self, path: str, error: Exception) -> AccessError | None:
        """Say what an error of the remote's library means; None if it is not one of those."""
        raise NotImplementedError

    def _look(self, key: str, follow: bool) -> Stat:
        raise NotImplementedError

    def _names(self, path: str, key: str) -> Iterator[str]:
        raise NotImplementedError

    def _bytes(self, key: str, offset: int, count: int) -> bytes:
        raise NotImplementedError

    def _below(self, root: str, key: str) -> Iterator[Entry]:
        raise NotImplementedError

    def _stream(self, path: str, key: str) -> Iterator[bytes]:
        with self.open(path) as file:
            while data := file.read(READ_BYTES):
                yield data


class _RemoteFile(io.RawIOBase):
    """A remote file that is read in ranges."""

    def __init__(self, host: Elsewhere, path: str, key: str, size: int) -> None:
        self._host = host
        self._path = path
        self._name = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        host, at = self._host, self._at
        data = host._ask(self._path, lambda: host._bytes(self._name, at, wanted))
        if len(data) != wanted:
            # a broken server or a file that is being written: neither says that it is damaged
            reason = f"{len(data):,} bytes came where {wanted:,} were asked for"
            raise Unreadable(self._path, f"{reason}, at byte {at:,} of {self._size:,}")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at
