"""Looking at many files at once: walks and comparisons in steps that a caller can stop awaiting.

A step is one call in a worker thread, so that a million files do not cost a million handovers; it
ends after some thousand names or a second. What a hung step had found stays readable from outside.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, filterfalse, groupby, islice
from typing import Any, Generic, Protocol, TypeVar

from verifier._opening import open_quietly
from verifier._reading import translated
from verifier.access import LINKS_NOTED, AccessError, Entry, Stat

__all__ = [
    "Columns",
    "Part",
    "Sights",
    "Walk",
    "by_columns",
    "is_hole",
    "open_quietly",
    "shared_start",
]

SLICE_NAMES = 4096
SLICE_SECONDS = 1.0
PIECE_NAMES = 65_536
_BETWEEN_LOOKS = 32  # names between two looks at the clock


class _Met(Protocol):
    """What a walk keeps of the things in a folder."""

    def take(self, entries: Iterable[os.DirEntry[str]]) -> list[str]:
        """Look at some things; return the names of the folders among them."""


M = TypeVar("M", bound=_Met)


@dataclass(slots=True)
class Sights:
    """All that a walk met in a folder, each with its stat or why there is none."""

    found: list[tuple[str, Stat | None, AccessError | None]] = field(default_factory=list)

    def take(self, entries: Iterable[os.DirEntry[str]]) -> list[str]:
        """Look at some things; return the names of the folders among them."""
        folders = []
        for entry in entries:
            name = entry.name
            try:
                facts = Stat.of(entry.stat(follow_symlinks=False))
            except FileNotFoundError:  # deleted while we looked
                continue
            except OSError as error:
                self.found.append((name, None, translated(name, error)))
                continue
            self.found.append((name, facts, None))
            if stat.S_ISDIR(facts.mode):
                folders.append(name)
        return folders


@dataclass(slots=True)
class Columns:
    """The regular files that a walk met in a folder, column by column, and how many others.

    A `Stat` for each of a million files would take half of the time; folders are not even asked
    for theirs, and links only where the listing does not tell what they are.

    Parameters
    ----------
    hollow : list of int
        Rows of files that have a size and no block of the disk.
    problems : list of (str, AccessError)
        Names of what could not be examined, and why.
    linked : list of str
        Names of the first links.
    """

    names: list[str] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    mtime: list[int] = field(default_factory=list)
    ctime: list[int] = field(default_factory=list)
    dev: list[int] = field(default_factory=list)
    ino: list[int] = field(default_factory=list)
    hollow: list[int] = field(default_factory=list)
    links: int = 0
    specials: int = 0
    problems: list[tuple[str, AccessError]] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)

    def take(self, entries: Iterable[os.DirEntry[str]]) -> list[str]:
        """Look at some things; return the names of the folders among them."""
        folders, files = [], []
        names, first = self.names, len(self.names)
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                    continue
                if entry.is_symlink():
                    self.links += 1
                    if len(self.linked) < LINKS_NOTED:
                        self.linked.append(entry.name)
                    continue
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # deleted while we looked
                continue
            except OSError as error:
                self.problems.append((entry.name, translated(entry.name, error)))
                continue
            if stat.S_ISREG(found.st_mode):
                names.append(entry.name)
                files.append(found)
            else:
                self.specials += 1
        self.size += [found.st_size for found in files]
        self.mtime += [found.st_mtime_ns for found in files]
        self.ctime += [found.st_ctime_ns for found in files]
        self.dev += [found.st_dev for found in files]
        self.ino += [found.st_ino for found in files]
        self.hollow += [
            row for row, found in enumerate(files, first) if not found.st_blocks and found.st_size
        ]
        return folders

    def only(self, keep: Sequence[bool], problems: list[tuple[str, AccessError]]) -> Columns:
        """Return the files that are to be kept, row by row, and other problems."""
        new = dict(zip(compress(range(len(keep)), keep), range(len(keep)), strict=False))
        size, mtime, ctime, dev, ino = (
            list(compress(column, keep))
            for column in (self.size, self.mtime, self.ctime, self.dev, self.ino)
        )
        names = list(compress(self.names, keep))
        hollow = [new[row] for row in self.hollow if row in new]
        return Columns(
            names, size, mtime, ctime, dev, ino, hollow, self.links, self.specials, problems,
            self.linked,
        )  # fmt: skip

    def add(self, entry: Entry) -> None:
        """Take what somebody else met."""
        name = entry.path.rpartition("/")[2]
        found = entry.stat
        if found is None:
            reason = entry.problem or AccessError(entry.path, "no answer")
            self.problems.append((name, reason))
        elif found.is_file:
            if found.blocks == 0 and found.size > 0:
                self.hollow.append(len(self.names))
            self.names.append(name)
            self.size.append(found.size)
            self.mtime.append(found.mtime_ns)
            self.ctime.append(0)
            self.dev.append(found.dev)
            self.ino.append(found.ino)
        elif found.is_symlink:
            self.links += 1
        elif not found.is_dir:
            self.specials += 1


@dataclass(frozen=True, slots=True)
class Part(Generic[M]):
    """Some of the things in one folder; `ended` after the last, `problem` if listing broke off."""

    folder: str
    met: M
    ended: bool
    problem: AccessError | None = None


def by_columns(entries: Iterable[Entry]) -> Iterator[Part[Columns]]:
    """Put what a walk elsewhere met into columns, folder by folder."""
    for folder, together in groupby(entries, lambda entry: entry.path.rpartition("/")[0]):
        while some := tuple(islice(together, SLICE_NAMES)):
            met = Columns()
            for entry in some:
                met.add(entry)
            yield Part(folder, met, ended=False)


@dataclass(slots=True)
class Walk(Generic[M]):
    """A walk below `root` that is taken step by step; only one thread may step at a time.

    Folders that `skip` matches, by their path from the root, are not looked into; none is begun
    while it is `held`.
    """

    root: str
    kind: type[M]
    seconds: float = SLICE_SECONDS
    skip: Callable[[str], bool] | None = None
    waiting: list[str] = field(default_factory=lambda: [""])
    parts: list[Part[M]] = field(default_factory=list)
    folder: str = ""
    abandoned: bool = False
    held: bool = False
    _descriptor: int = -1
    _entries: Any = None  # an os.scandir, whose type has no public name
    _below: list[str] = field(default_factory=list)

    def step(self) -> list[Part[M]]:
        """Look at some more names."""
        self.parts = []
        left = SLICE_NAMES
        until = time.monotonic() + self.seconds
        while left > 0 and not self.abandoned and time.monotonic() < until:
            if self._entries is None:
                if self.held or not self.waiting:
                    break
                left -= 1
                self.folder = self.waiting.pop()
                try:
                    self._entries = self._begin()
                except OSError as error:
                    self.close()
                    broken = translated(self.folder or self.root, error)
                    self.parts.append(Part(self.folder, self.kind(), ended=True, problem=broken))
                    continue
            left -= self._look(self._entries, left, until)
        if self.abandoned:
            self.close()
        return self.parts

    @property
    def between(self) -> bool:
        """True if no folder is half listed."""
        return self._entries is None

    @property
    def ended(self) -> bool:
        """True if there is nothing left to look at."""
        return self._entries is None and not self.waiting

    def after_a_hang(self) -> Walk[M]:
        """Give up the folder that does not answer and go on with the others."""
        self.abandoned = True
        return Walk(self.root, self.kind, self.seconds, self.skip, list(self.waiting))

    def close(self) -> None:
        """Let go of the folder that is being listed."""
        if self._entries is not None:
            self._entries.close()
            self._entries = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _begin(self) -> Any:
        place = f"{self.root.rstrip('/')}/{self.folder}" if self.folder else self.root
        follow = os.O_NOFOLLOW if self.folder else 0
        self._descriptor = open_quietly(place, os.O_DIRECTORY | follow)
        self._below = []
        return os.scandir(self._descriptor)

    def _look(self, entries: Iterator[os.DirEntry[str]], most: int, until: float) -> int:
        """Look at up to `most` names of the folder; return how many there were."""
        met = self.kind()
        before = f"{self.folder}/" if self.folder else ""
        problem, skip = None, self.skip
        ended = False
        seen = 0
        try:
            while seen < most and not ended and time.monotonic() < until:
                some = list(islice(entries, min(_BETWEEN_LOOKS, most - seen)))
                below = [before + name for name in met.take(some)]
                self._below += below if skip is None else filterfalse(skip, below)
                seen += len(some)
                ended = not some
        except OSError as error:
            ended, problem = True, translated(self.folder or self.root, error)
        if ended:
            self.waiting += sorted(self._below, reverse=True)
            self.close()
        self.parts.append(Part(self.folder, met, ended, problem))
        return seen


def is_hole(path: str) -> bool:
    """Tell whether a file that is not empty has no data at all (asked of the file system)."""
    descriptor = open_quietly(path, os.O_NONBLOCK)
    try:
        os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return os.fstat(descriptor).st_size > 0
        raise
    finally:
        os.close(descriptor)
    return False


def shared_start(path: str) -> tuple[int, int] | None:
    """Return device and physical byte address of a file's first extent if it is shared.

    None if the extent belongs to this file alone, or the file has none. Linux keeps this in
    ``struct fiemap`` (Documentation/filesystems/fiemap.rst): 32 bytes of head, 56 an extent.
    """
    import fcntl
    import struct

    get_fiemap, extent_shared = 0xC020660B, 0x2000
    unmapped = 0x2 | 0x4 | 0x200  # unknown, delayed, inline: the address says nothing
    descriptor = open_quietly(path, os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        # no FIEMAP_FLAG_SYNC, which would write
        request = bytearray(struct.pack("=QQLLLL", 0, (1 << 64) - 1, 0, 0, 1, 0) + bytes(56))
        fcntl.ioctl(descriptor, get_fiemap, request)
    finally:
        os.close(descriptor)
    if struct.unpack_from("=L", request, 20)[0] == 0:
        return None
    physical = struct.unpack_from("=Q", request, 40)[0]
    flags = struct.unpack_from("=L", request, 72)[0]
    if not flags & extent_shared or flags & unmapped:
        return None
    return found.st_dev, physical
