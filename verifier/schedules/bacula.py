"""Bacula's own scheduler: Schedule, Job, Storage and Device resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from verifier.host import Host
from verifier.schedules._calendar import Calendar, longest_gap_hours, numbers
from verifier.schedules._reading import text_of
from verifier.schedules._task import Collected, Task

__all__ = ["Resource", "collect", "parse_resources", "parse_run", "schedule_hours"]

_FILES = ("/etc/bacula/bacula-dir.conf", "/etc/bareos/bareos-dir.conf")
_DEVICES = ("/etc/bacula/bacula-sd.conf", "/etc/bareos/bareos-sd.conf")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {name[:length]: n for n, name in enumerate(_DAY_NAMES) for length in (3, len(name))}
_MONTHS = {
    name: n
    for n, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ORDINALS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5,
             "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}  # fmt: skip
_TOKEN = re.compile(r'#[^\n]*|"((?:[^"\\]|\\.)*)"|([{};\n])|([^\s{};"#]+)')
_NAME = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its kind and its directives, names in lower case without blanks."""

    kind: str
    directives: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return the first value of a directive; empty if there is none."""
        return next((value for key, value in self.directives if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a directive."""
        return tuple(value for key, value in self.directives if key == name)


def collect(host: Host) -> Collected:
    """Read the director's jobs and the storage daemon's devices on this machine.

    Parameters
    ----------
    host : Host
        Access to the machine.

    Returns
    -------
    Collected
        One task for each scheduled job, which feeds every device of this machine.
    """
    unread: list[str] = []
    devices: list[str] = []
    for path in _DEVICES:
        resources = parse_resources(text_of(host, path, unread))
        devices += [r.get("archivedevice") for r in resources if r.kind == "device"]
    tasks: list[Task] = []
    for path in _FILES:
        resources = parse_resources(text_of(host, path, unread))
        schedules = {r.get("name"): r for r in resources if r.kind == "schedule"}
        defaults = {r.get("name"): r for r in resources if r.kind == "jobdefs"}
        for job in (r for r in resources if r.kind == "job"):
            base = defaults.get(job.get("jobdefs"))
            named = job.get("schedule") or (base.get("schedule") if base else "")
            kind = job.get("type") or (base.get("type") if base else "")
            if named in schedules and kind.lower() == "backup":
                hours = schedule_hours(schedules[named].all("run"))
                where = f"{path}: job {job.get('name')}, schedule {named}"
                # no shell command: the devices themselves are what it writes to
                written = "\n".join(f"bacula-sd {device}" for device in devices if device)
                tasks.append(Task("Bacula schedule", where, written, hours))
    return Collected(tuple(tasks), tuple(unread))


def parse_resources(text: str) -> tuple[Resource, ...]:
    """Read a configuration of Bacula or Bareos; inner resources are flattened into outer ones.

    Parameters
    ----------
    text : str
        The file.

    Returns
    -------
    tuple of Resource
    """
    found: list[Resource] = []
    kind, depth = "", 0
    directives: list[tuple[str, str]] = []
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        quoted, mark, word = token[1], token[2], token[3]
        if quoted is not None or word is not None:
            words.append(quoted if quoted is not None else word)
            continue
        if mark is None:
            continue
        if mark == "{":
            if depth == 0:
                kind, directives = "".join(words).lower(), []
            depth, words = depth + 1, []
            continue
        directives += _directive(words)
        words = []
        if mark == "}" and depth:
            depth -= 1
            if depth == 0:
                found.append(Resource(kind, tuple(directives)))
    return tuple(found)


def schedule_hours(runs: tuple[str, ...]) -> float | None:
    """Return the longest wait in hours between two runs of a schedule, whatever their level."""
    calendars = []
    for run in runs:
        try:
            calendars.append(parse_run(run))
        except ValueError:
            return None
    return longest_gap_hours(calendars)


def parse_run(text: str) -> Calendar:
    """Read the value of a ``Run`` directive.

    Parameters
    ----------
    text : str
        Such as ``Full 1st sun at 23:05`` or ``Incremental mon-sat at 23:05``.

    Returns
    -------
    Calendar

    Raises
    ------
    ValueError
        If it is not understood.
    """
    words = [word for word in text.lower().split() if "=" not in word]
    words = [word for word in words if word not in {"on", "and", "at", "of", "the"}]
    weekdays: set[int] = set()
    days: set[int] = set()
    weeks: set[int] = set()
    months: set[int] = set()
    seconds: tuple[int, ...] = (0,)
    for word in words:
        if found := re.fullmatch(r"(\d{1,2}):(\d\d)(am|pm)?", word):
            hour = int(found[1]) % 12 + 12 if found[3] == "pm" else int(found[1])
            seconds = tuple(s + hour * 3600 + int(found[2]) * 60 for s in seconds)
        elif word == "hourly":
            seconds = tuple(hour * 3600 for hour in range(24))
        elif word == "weekly":
            weekdays.add(6)
        elif word == "monthly":
            days.add(1)
        elif _fits(word, _ORDINALS):
            weeks |= numbers(word, 1, 5, _ORDINALS)
        elif _fits(word, _DAYS):
            for part in word.split(","):
                first, _, last = part.partition("-")
                if last and last not in _DAYS:
                    message = f"no days of the week: {part}"
                    raise ValueError(message)
                # sun-sat and sat-mon go round the end of the week
                span = (_DAYS[last or first] - _DAYS[first]) % 7 + 1
                weekdays |= {(_DAYS[first] + day) % 7 for day in range(span)}
        elif _fits(word, _MONTHS):
            months |= numbers(word, 1, 12, _MONTHS)
        elif re.fullmatch(r"[\d,-]+", word):
            days |= numbers(word, 1, 31)
        elif word not in {"daily", "full", "incremental", "differential", "virtualfull"}:
            message = f"not understood: {word}"
            raise ValueError(message)
    for week in weeks:
        days |= set(range(7 * week - 6, min(7 * week, 31) + 1))
    if any(not 0 <= second < 86_400 for second in seconds):
        message = f"no time of day in {text!r}"
        raise ValueError(message)
    return Calendar(
        seconds,
        frozenset(months or range(1, 13)),
        frozenset(days or range(1, 32)),
        frozenset(weekdays or range(7)),
    )


def _fits(word: str, names: dict[str, int]) -> bool:
    return bool(word) and all(part in names for part in re.split(r"[-,]", word))


def _directive(words: list[str]) -> Iterator[tuple[str, str]]:
    text = " ".join(words)
    key, equals, value = text.partition("=")
    if equals:
        yield _NAME.sub("", key).lower(), value.strip()
