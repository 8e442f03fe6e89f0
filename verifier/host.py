"""The only code that touches the system: programs, files, directories, each with a timeout.

Facts about the system (program output, small files, stats, listings) can be recorded and replayed;
the content of locations and everything obtained with a secret cannot.
"""

from __future__ import annotations

import errno
import io
import math
import os
import queue
import socket
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from verifier._births import births
from verifier._listing import listed_together
from verifier._opening import open_regular
from verifier._reading import GuardedFile, translated
from verifier._running import executed, located, own_module
from verifier._waiting import Worker
from verifier.access import AccessError, Completed, Entry, Missing, Stat, TimedOut, Unreadable
from verifier.effort import EVERYTHING, Effort
from verifier.hashing import Batch, Tree, hashed
from verifier.walking import (
    PIECE_NAMES,
    SLICE_SECONDS,
    Columns,
    M,
    Part,
    Sights,
    Walk,
    is_hole,
    shared_start,
)

if TYPE_CHECKING:
    from verifier.digests import DigestStore

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

CHUNK_BYTES = 1 << 20
SMALL_FILE_BYTES = 4 << 20
MOST_FAILED = 1000  # files that are remembered
_AT_ONCE = 1000  # paths of which one answer tells, within the timeout
_ALONE_STEPS = 3  # some 10,000 names, which take no longer than processes that help take to start
MAX_HANGS = 3  # folders that do not answer before a walk is given up


class Host:
    """Access to this machine, read-only.

    Files elsewhere (a bucket, an SFTP server) are read through a subclass that answers `stat`,
    `listdir`, `resolve`, `read_text`, `open`, `chunks`, `walk` and `listing` from there and says
    ``local = False``; so a probe asks these only, and gives a path to a program only if `local`.

    Parameters
    ----------
    timeout : float
        Longest wait for one look at a path or one read of a file. [s]
    program_timeout : float
        Longest run of one program. [s]
    record : bool
        Keep the answers about the system in `recording`.

    Attributes
    ----------
    digests : DigestStore or None
        Where digests of earlier reads come from and new ones go.
    effort : Effort
        How much of the bytes is read.
    kept : dict of str to object
        What others worked out of facts about this machine; they say for how long it holds.
    failed : dict of str to str
        Files that were opened here and that a device failed to give, and its reason.
    """

    local = True

    def __init__(
        self, *, timeout: float = 10.0, program_timeout: float = 3600.0, record: bool = False
    ) -> None:
        self.timeout = timeout
        self.program_timeout = program_timeout
        self.recording: dict[str, Any] = {}
        self.talk: Callable[[str], None] = lambda text: None
        self.digests: DigestStore | None = None
        self.effort: Effort = EVERYTHING
        self.kept: dict[str, object] = {}
        self.failed: dict[str, str] = {}
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

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return the network addresses of a name, as programs of this machine would find them."""

        def ask() -> list[str]:
            try:
                found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            except UnicodeError:
                return []  # a name that no network can have
            return sorted({str(one[4][0]) for one in found})

        return tuple(self._fact("addresses", name, ask))

    def stat(self, path: str, *, follow: bool = True) -> Stat:
        """Look at a path.

        Raises
        ------
        AccessError
            As the module's tree says; this holds for every method that takes a path.
        """
        call = "stat" if follow else "lstat"
        answer = self._fact(
            call, path, lambda: Stat.of(Path(path).stat(follow_symlinks=follow))._asdict()
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

    def readlink(self, path: str) -> str:
        """Return what a symbolic link says."""
        return str(self._fact("readlink", path, lambda: os.readlink(path)))  # noqa: PTH115

    def read_text(self, path: str) -> str:
        """Return the content of one small text file of the system; more than 4 MiB is refused."""

        def read() -> str:
            with os.fdopen(open_regular(path), "rb") as file:
                content = file.read(SMALL_FILE_BYTES + 1)
            if len(content) > SMALL_FILE_BYTES:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            return content.decode("utf-8", "surrogateescape")

        return str(self._fact("read", path, read))

    def open(self, path: str) -> BinaryIO:
        """Open a regular file for reading; each read has the timeout; nothing is recorded."""
        self._refuse_in_replay(path)

        def within(call: Callable[[], T]) -> T:
            try:
                return self._within(path, call)
            except AccessError as problem:
                if problem.damage and len(self.failed) < MOST_FAILED:
                    self.failed[path] = problem.reason
                raise

        descriptor = within(lambda: open_regular(path))
        return io.BufferedReader(GuardedFile(within, descriptor), CHUNK_BYTES)

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
            with its problem. Each folder's come together, in the order of their names (of more
            than 65,536 names: in pieces, each in order).

        Raises
        ------
        AccessError
            If the root itself cannot be listed.
        """
        folder, gathered = "", list[tuple[str, Stat | None, AccessError | None]]()
        for part in self._walked(Walk(root, Sights, self._slice_seconds())):
            if part.folder != folder:
                yield from _entries(folder, gathered)
                folder, gathered = part.folder, []
            gathered += part.met.found
            if part.ended or len(gathered) >= PIECE_NAMES:
                yield from _entries(folder, gathered)
                gathered = []
            if part.problem is not None:
                yield Entry(folder, None, part.problem)

    def listing(
        self,
        root: str,
        skip: Callable[[str], bool] | None = None,
        listers: Callable[[], int] = lambda: 1,
    ) -> Iterator[Part[Columns]]:
        """Yield the regular files below a directory, some thousand at a time, column by column.

        Much quicker than `walk` where there are millions; a folder's come one after another, in no
        order. It raises as `walk` does. Folders that `skip` matches, by their path from the root,
        need not be looked into. Once a tree turns out to be large, so many processes as `listers`
        then says list its folders at the same time.
        """
        seconds = self._slice_seconds()
        walk, left = yield from self._walked(Walk(root, Columns, seconds, skip), _ALONE_STEPS)
        count = 1 if walk.ended else listers()
        if count > 1:
            start = partial(own_module, "verifier._lister")
            yield from listed_together(
                root, walk.waiting, skip, start, count, self.timeout, seconds, left
            )
        else:
            yield from self._walked(walk, hangs=MAX_HANGS - left)

    def _walked(
        self, walk: Walk[M], steps: float = math.inf, hangs: int = 0
    ) -> Generator[Part[M], None, tuple[Walk[M], int]]:
        """Walk in steps; a folder that hangs costs the timeout and is a part with that problem.

        Between two folders it ends after so many steps, and returns what is left of the walk and
        how many more may hang.
        """
        root, kind = walk.root, walk.kind
        self._refuse_in_replay(root)
        try:
            while True:
                try:
                    parts, hung = self._within(root, walk.step), None
                except TimedOut as problem:
                    parts, hung = list(walk.parts), problem
                for part in parts:
                    if part.problem is not None and not part.folder:
                        raise part.problem
                    yield part
                if hung is not None:
                    hangs += 1
                    hung_in = walk.folder
                    walk = walk.after_a_hang()
                    if not hung_in or hangs == MAX_HANGS:
                        raise hung
                    yield Part(hung_in, kind(), ended=True, problem=hung)
                steps -= 1
                walk.held = steps <= 0
                if walk.ended or (walk.held and walk.between):
                    return walk, MAX_HANGS - hangs
        finally:
            walk.close()

    def hashed(self, trees: list[Tree]) -> Iterator[Batch]:
        """Read files of this machine and yield their BLAKE3 digests; see `verifier.hashing`.

        After a read that hangs nothing more comes of its tree.
        """
        if trees:
            self._refuse_in_replay(trees[0].root)
        yield from hashed(trees, self.timeout, lambda fd: own_module("verifier._hasher", fd))

    def _slice_seconds(self) -> float:
        """Return for how long a step may work before it reports, so that it is not called hung."""
        return min(SLICE_SECONDS, self.timeout / 4)

    def is_hole(self, path: str) -> bool:
        """Tell whether a file has a size and no data; on the file system's word, without reading.

        File systems that do not know of holes say that all is data.
        """
        self._refuse_in_replay(path)
        return self._within(path, lambda: is_hole(path))

    def shared_start(self, path: str) -> tuple[int, int] | None:
        """Return device and address of the first bytes of a file that shares them with another.

        None if they are its own. File systems that cannot tell are `Unreadable`.
        """
        self._refuse_in_replay(path)
        return self._within(path, lambda: shared_start(path))

    def born(self, paths: Sequence[str]) -> list[int]:
        """Return when files or folders were made [ns since 1970], 0 where nothing tells."""
        if self._replay is not None:
            return [0] * len(paths)
        found: list[int] = []
        for first in range(0, len(paths), _AT_ONCE):
            some = paths[first : first + _AT_ONCE]
            try:
                found += self._within(some[0], partial(births, some))
            except TimedOut:
                return [*found, *[0] * (len(paths) - len(found))]
        return found

    def program(self, name: str) -> str | None:
        """Return the absolute path of a program, or None if it is not installed where we trust."""
        try:
            found = self._fact("which", name, lambda: located(name))
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

        It is looked for in the trusted folders of PATH only. One that gets secrets or links, as all
        do that open a location, can write below its home and its TMPDIR only, where the kernel has
        Landlock.

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
            program = located(argv[0])
            if program is None:
                raise Missing(argv[0], "the program is not installed")
            return executed([program, *argv[1:]], dict(secrets or {}), dict(links or {}), limit)

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
            problem.damage = False  # of content: a path that cannot be looked at is unknown
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
            raise translated(path, error) from error
        if error is not None:
            raise error
        return answer  # type: ignore[no-any-return]


_BY_WORD: dict[str, type[AccessError]] = {
    kind.word: kind for kind in (Missing, Unreadable, TimedOut)
}


def _entries(
    folder: str, met: list[tuple[str, Stat | None, AccessError | None]]
) -> Iterator[Entry]:
    """Turn what a walk met in a folder into entries in the order of names."""
    met.sort(key=itemgetter(0))
    before = f"{folder}/" if folder else ""
    for name, facts, problem in met:
        yield Entry(before + name, facts, problem)
