"""What this process has spent so far: time, and bytes read by the kernel's account."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Spent"]


@dataclass(frozen=True, slots=True)
class Spent:
    """Time and bytes.

    Parameters
    ----------
    seconds : float
        On a clock of its own; only differences mean anything. [s]
    read_bytes : int or None
        Read by this process from files and pipes, not by programs that it ran; None if unknown.
    """

    seconds: float
    read_bytes: int | None

    @classmethod
    def now(cls) -> Spent:
        """Return what is spent so far."""
        return cls(time.monotonic(), _read_bytes())

    def since(self) -> Spent:
        """Return what was spent from then to now."""
        now = Spent.now()
        known = self.read_bytes is not None and now.read_bytes is not None
        read = (now.read_bytes or 0) - (self.read_bytes or 0) if known else None
        return Spent(now.seconds - self.seconds, read)


def _read_bytes() -> int | None:
    try:
        lines = Path("/proc/self/io").read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    found = dict(line.split(": ", 1) for line in lines if ": " in line)
    return int(found["rchar"]) if found.get("rchar", "").isdigit() else None
