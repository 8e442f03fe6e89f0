"""Saying how far long work has come."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Progress", "Reading"]


class Progress:
    """Says a count and a rate, once a second at most and never in the first.

    Parameters
    ----------
    talk : callable
        Told one line at a time.
    what : str
        What is counted: ``"files listed"``.
    """

    def __init__(self, talk: Callable[[str], None], what: str) -> None:
        self._talk = talk
        self._what = what
        self._began = self._said = time.monotonic()

    def at(self, count: int) -> None:
        """Take note of how many there are by now."""
        now = time.monotonic()
        if now - self._said >= 1.0:
            self._said = now
            rate = count / (now - self._began)
            self._talk(f"  {count:,} {self._what}, {rate:,.0f} a second")


class Reading:
    """Says how many files and bytes were read, how fast, and how long the rest takes.

    Parameters
    ----------
    talk : callable
        Told one line at a time, once a second at most and never in the first.
    """

    def __init__(self, talk: Callable[[str], None]) -> None:
        self._talk = talk
        self._files = self._size = self._files_read = self._size_read = 0
        self._began = self._said = time.monotonic()

    def expect(self, files: int, size: int) -> None:
        """Take note of some more files, and their bytes, that are to be read."""
        self._files += files
        self._size += size

    def read(self, files: int, size: int) -> None:
        """Take note of some more that were read."""
        self._files_read += files
        self._size_read += size
        files, size = self._files_read, self._size_read
        now = time.monotonic()
        if now - self._said < 1.0:
            return
        self._said = now
        past = now - self._began
        # opening costs the small files and reading the large ones, so both shares count
        share = (files / max(self._files, 1) + size / max(self._size, 1)) / 2
        left = f", about {_span(past / share - past)} left" if share > 0.01 else ""
        self._talk(
            f"  {files:,} of {self._files:,} files read, {files / past:,.0f} files/s, "
            f"{size / past / 1e6:,.0f} MB/s{left}"
        )


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
