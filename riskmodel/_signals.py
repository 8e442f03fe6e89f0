"""A signal that asks to stop, raised where it does no harm."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stopped", "stopped_by_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE_SECONDS = 3.0  # whoever stops a group of processes often sends each of them two signals
# written in C and calling Python: what is raised there makes them free twice, or say something else
_FRAGILE = ("<frozen importlib", "/matplotlib/", "/llvmlite/")
_FRAGILE_SECONDS, _LOOK_SECONDS = 5.0, 0.02


class _Heard(KeyboardInterrupt):
    """A signal that asks to stop.

    Not a plain KeyboardInterrupt: should one pass through an `exec` on its way, Python would end
    itself by SIGINT in the end, whatever the exit code.
    """


class Stopped:
    """Which signal asked this process to stop, and when."""

    number: int = signal.SIGINT
    at: float = -math.inf
    first: float | None = None  # since then it waits for libraries


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the program the way Ctrl-C does, so that it leaves nothing.

    While a fragile library is at work the signal waits, and an alarm looks again now and then.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    Stopped.number, Stopped.at, Stopped.first = signal.SIGINT, -math.inf, None

    def heard(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if number == signal.SIGALRM:
            number = Stopped.number
        elif Stopped.first is not None or now - Stopped.at < _GRACE_SECONDS:
            return
        Stopped.number, Stopped.first = number, Stopped.first or now
        if _is_fragile(frame) and now - Stopped.first < _FRAGILE_SECONDS:
            signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS)
            return
        Stopped.at, Stopped.first = now, None
        raise _Heard

    # what is ignored, by nohup or in the background, stays so
    asked = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, heard) for number in (*asked, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_fragile(frame: FrameType | None) -> bool:
    """Tell whether a library that an exception may break is at work, in any of the callers."""
    while frame is not None:
        if any(part in frame.f_code.co_filename for part in _FRAGILE):
            return True
        frame = frame.f_back
    return False
