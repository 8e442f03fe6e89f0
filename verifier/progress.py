"""Saying how far long work has come."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Progress"]


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
