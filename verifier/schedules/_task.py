"""What a scheduler runs, and how often it promises to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from verifier.host import Host

__all__ = ["Collected", "Scheduler", "Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of a scheduler that is switched on.

    Parameters
    ----------
    by : str
        The scheduler: ``"cron"``, ``"systemd timer"``, …
    where : str
        The file and line, or the unit.
    command : str
        What is run: one shell command or several lines.
    interval_hours : float or None
        Longest promised time between two runs; None where it cannot be told. [h]
    environment : tuple of (str, str)
        Variables that the scheduler sets.
    environment_files : tuple of str
        Files of further variables; their passwords are never kept.
    home : str
        The home folder of whoever runs it.
    """

    by: str
    where: str
    command: str
    interval_hours: float | None = None
    environment: tuple[tuple[str, str], ...] = ()
    environment_files: tuple[str, ...] = ()
    home: str = "/root"


@dataclass(frozen=True, slots=True)
class Collected:
    """Tasks of one scheduler, and its files that could not be read: they may hold more."""

    tasks: tuple[Task, ...] = ()
    unread: tuple[str, ...] = field(default=())


Scheduler = Callable[[Host], Collected]
