"""What the system answers, and the three ways in which it does not.

::

    AccessError            the system gave no answer
    ├── Missing            the path or program is not there
    ├── Unreadable         it is there and cannot be read (permission, I/O error, loop of links)
    └── TimedOut           no answer in time, for example a hung network mount
"""

from __future__ import annotations

import os
import stat as stat_module
from dataclasses import dataclass
from typing import NamedTuple

from riskmodel.errors import ThreeTwoOneError

__all__ = [
    "LINKS_NOTED",
    "AccessError",
    "Completed",
    "Entry",
    "Missing",
    "Stat",
    "TimedOut",
    "Unreadable",
]

LINKS_NOTED = 1000  # links of a tree that are known by name, and not by their number alone


class AccessError(ThreeTwoOneError):
    """The system gave no answer; `path` says about what.

    `damage` says that a device failed to give what a file holds.
    """

    word = "unreadable"

    def __init__(self, path: str, reason: str, *, damage: bool = False) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.damage = damage


class Missing(AccessError):
    """The path or program is not there."""

    word = "missing"


class Unreadable(AccessError):
    """The path is there, or may be, and cannot be read."""


class TimedOut(AccessError):
    """No answer in time."""

    word = "timeout"


_new = tuple.__new__  # a fifth of the time of the class's own

# tuples, because walks make millions of these two and a frozen dataclass takes three times as long


class Stat(NamedTuple):
    """What `stat` says about one path. ``size`` in bytes, ``mtime_ns`` in ns since 1970.

    ``blocks`` are the 512-byte blocks that belong to it; -1 if not known. ``ctime_ns`` is when its
    inode changed last, 0 if not known.
    """

    mode: int
    size: int
    mtime_ns: int
    dev: int
    ino: int
    nlink: int = 1
    blocks: int = -1
    ctime_ns: int = 0

    @property
    def is_dir(self) -> bool:
        """True for a directory."""
        return stat_module.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """True for a regular file."""
        return stat_module.S_ISREG(self.mode)

    @property
    def is_symlink(self) -> bool:
        """True for a symbolic link that was not followed."""
        return stat_module.S_ISLNK(self.mode)

    @property
    def is_block(self) -> bool:
        """True for a block device node."""
        return stat_module.S_ISBLK(self.mode)

    @property
    def device(self) -> str:
        """The device as ``"major:minor"``."""
        return f"{os.major(self.dev)}:{os.minor(self.dev)}"

    @classmethod
    def of(cls, found: os.stat_result) -> Stat:
        """Take the facts out of an `os.stat_result`."""
        mode, ino, dev, nlink, _, _, size = found[:7]
        times = found.st_mtime_ns, found.st_ctime_ns
        return _new(cls, (mode, size, times[0], dev, ino, nlink, found.st_blocks, times[1]))


class Entry(NamedTuple):
    """One thing met on a walk: its path relative to the root, and its stat or why there is none."""

    path: str
    stat: Stat | None
    problem: AccessError | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ran to its end."""

    code: int
    stdout: str
    stderr: str
