"""systemd timers: which are enabled, when they elapse, and what they start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from verifier.host import AccessError, Host, Missing
from verifier.schedules._calendar import Calendar, longest_gap_hours, numbers
from verifier.schedules._reading import names_in
from verifier.schedules._task import Collected, Task

__all__ = ["Unit", "collect", "parse_calendar", "parse_span", "parse_unit", "timer_hours"]

_WEEKDAYS = {
    name[:length]: number
    for number, name in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    )
    for length in (3, len(name))
}
_WORDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
}
_SPANS = {
    "us": 1e-6, "usec": 1e-6, "ms": 1e-3, "msec": 1e-3, "s": 1.0, "sec": 1.0, "second": 1.0,
    "seconds": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86400.0, "day": 86400.0,
    "days": 86400.0, "w": 604800.0, "week": 604800.0, "weeks": 604800.0, "M": 2629800.0,
    "month": 2629800.0, "months": 2629800.0, "y": 31557600.0, "year": 31557600.0,
    "years": 31557600.0,
}  # fmt: skip
# the nearest to the administrator wins
_SYSTEM = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system",
           "/lib/systemd/system")  # fmt: skip
_USER = (".config/systemd/user", ".local/share/systemd/user")
_GLOBAL_USER = ("/etc/systemd/user", "/usr/lib/systemd/user")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file: values by section and key, in order; an empty value clears those before."""

    sections: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def all(self, section: str, key: str) -> tuple[str, ...]:
        """Return all values of a key."""
        return self.sections.get(section, {}).get(key, ())

    def last(self, section: str, key: str) -> str:
        """Return the value that counts where one is taken; empty if there is none."""
        return next(reversed(self.all(section, key)), "")


def collect(host: Host, homes: tuple[str, ...] = ()) -> Collected:
    """Read the timers that are enabled, of the system and of users.

    Parameters
    ----------
    host : Host
        Access to the machine.
    homes : tuple of str
        Home folders whose users' timers are read too.

    Returns
    -------
    Collected
        Timers that are disabled or masked are left out.
    """
    tasks: list[Task] = []
    unread: list[str] = []
    places: list[tuple[tuple[str, ...], str]] = [(_SYSTEM, "/root")]
    places += [(tuple(f"{home}/{part}" for part in _USER) + _GLOBAL_USER, home) for home in homes]
    for folders, home in places:
        names: dict[str, None] = {}
        for folder in folders:
            for name in names_in(host, folder, unread):
                if name.endswith((".wants", ".requires")):
                    enabled = names_in(host, f"{folder}/{name}", unread)
                    names |= dict.fromkeys(one for one in enabled if one.endswith(".timer"))
        for name in names:
            try:
                task = _task(host, folders, name, home, unread)
            except ValueError:
                continue
            if task is not None and task.where not in {one.where for one in tasks}:
                tasks.append(task)
    return Collected(tuple(tasks), tuple(unread))


def parse_unit(text: str, before: Unit | None = None) -> Unit:
    """Read a unit file or a drop-in of it.

    Parameters
    ----------
    text : str
        The file.
    before : Unit, optional
        What it adds to.

    Returns
    -------
    Unit
        Lines that are no assignments are left out.
    """
    found = {name: dict(keys) for name, keys in (before.sections if before else {}).items()}
    section = ""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1]
            continue
        key, equals, value = line.partition("=")
        if equals:
            keys = found.setdefault(section, {})
            key, value = key.strip(), value.strip()
            keys[key] = (*keys.get(key, ()), value) if value else ()
    return Unit(found)


def timer_hours(unit: Unit) -> float | None:
    """Return the longest time between two runs that a timer promises, its random delay included.

    Parameters
    ----------
    unit : Unit
        A timer.

    Returns
    -------
    float or None
        None if it runs once after booting, or in a way that is not understood. [h]
    """
    waits: list[float] = []
    calendars: list[Calendar] = []
    try:
        for text in unit.all("Timer", "OnCalendar"):
            calendars += parse_calendar(text)
        for key in ("OnUnitActiveSec", "OnUnitInactiveSec"):
            waits += [parse_span(text) / 3600 for text in unit.all("Timer", key)]
        delay = unit.last("Timer", "RandomizedDelaySec")
        late = parse_span(delay) / 3600 if delay else 0.0
    except ValueError:
        return None
    if (gap := longest_gap_hours(calendars)) is not None:
        waits.append(gap)
    return min(waits) + late if waits else None


def parse_span(text: str) -> float:
    """Read a time span such as ``1d``, ``2h 30min`` or ``90``, in seconds.

    Raises
    ------
    ValueError
        If it is none.
    """
    total, position = 0.0, 0
    text = text.strip()
    while position < len(text):
        found = _SPAN.match(text, position)
        if found is None or found[2] not in _SPANS:
            message = f"not a time span: {text!r}"
            raise ValueError(message)
        total += float(found[1]) * _SPANS[found[2]]
        position = found.end()
    return total


def parse_calendar(text: str) -> tuple[Calendar, ...]:
    """Read a calendar event of systemd.time(7).

    Parameters
    ----------
    text : str
        Such as ``daily``, ``Mon..Fri 02:30``, ``*-*-1,15 03:00`` or ``*:0/15``.

    Returns
    -------
    tuple of Calendar

    Raises
    ------
    ValueError
        If it is not understood.
    """
    parts = _WORDS.get(text.strip().lower(), text).split()
    if parts and re.fullmatch(r"UTC|[A-Z][A-Za-z_]+/[A-Za-z_/+-]+\d*|CES?T|GMT", parts[-1]):
        parts = parts[:-1]
    weekdays = frozenset(range(7))
    if parts and parts[0][0].isalpha():
        days = parts.pop(0).lower().rstrip(",").replace("-", "..")
        weekdays = numbers(days, 0, 6, _WEEKDAYS, range_mark="..")
    date_text, time_text = "*-*-*", "00:00:00"
    for part in parts:
        if ":" in part:
            time_text = part
        elif "-" in part or "~" in part:
            date_text = part
        else:
            message = f"not a calendar event: {text!r}"
            raise ValueError(message)
    return (_calendar(date_text, time_text, weekdays),)


def _calendar(date_text: str, time_text: str, weekdays: frozenset[int]) -> Calendar:
    from_end = "~" in date_text
    fields = date_text.replace("~", "-").split("-")
    if len(fields) == 2:
        fields.insert(0, "*")
    clock = time_text.split(":")
    if len(fields) != 3 or len(clock) not in (2, 3):
        message = f"not a calendar event: {date_text} {time_text}"
        raise ValueError(message)
    years = None if fields[0] == "*" else numbers(fields[0], 1970, 2200, range_mark="..")
    hours = numbers(clock[0], 0, 23, range_mark="..")
    minutes = numbers(clock[1], 0, 59, range_mark="..")
    # fractions of a second matter to nobody's backup
    whole = clock[2].partition(".")[0] if len(clock) == 3 else "0"
    seconds = numbers(whole, 0, 59, range_mark="..")
    return Calendar(
        tuple(sorted(h * 3600 + m * 60 + s for h in hours for m in minutes for s in seconds)),
        numbers(fields[1], 1, 12, range_mark=".."),
        numbers(fields[2], 1, 31, range_mark=".."),
        weekdays,
        from_end=from_end,
        years=years,
    )


def _task(
    host: Host, folders: tuple[str, ...], name: str, home: str, unread: list[str]
) -> Task | None:
    timer, where = _unit(host, folders, name, unread)
    if timer is None:
        return None
    service_name = timer.last("Timer", "Unit") or f"{name.removesuffix('.timer')}.service"
    service, _ = _unit(host, folders, service_name, unread)
    commands: list[str] = []
    variables: list[tuple[str, str]] = []
    files: tuple[str, ...] = ()
    if service is not None:
        for key in ("ExecStartPre", "ExecStart", "ExecStartPost"):
            commands += [_plain(text) for text in service.all("Service", key)]
        for text in service.all("Service", "Environment"):
            variables += re.findall(r'(?<!\w)"?([A-Za-z_]\w*)=((?<==)[^"\s]*)"?', text)
        files = tuple(t.removeprefix("-") for t in service.all("Service", "EnvironmentFile"))
    instance = name.partition("@")[2].removesuffix(".timer")
    shown = [text.replace("%i", instance).replace("%I", instance) for text in commands]
    shown = [text.replace("%h", home) for text in shown]
    files = tuple(text.replace("%i", instance).replace("%h", home) for text in files)
    hours = timer_hours(timer)
    command = "\n".join(shown)
    return Task("systemd timer", where, command, hours, tuple(variables), files, home)


def _unit(
    host: Host, folders: tuple[str, ...], name: str, unread: list[str]
) -> tuple[Unit | None, str]:
    """Return a unit with its drop-ins, and where it lies; None if it is absent or masked."""
    template = re.sub(r"@[^.]*\.", "@.", name)
    for folder in folders:
        for candidate in dict.fromkeys((name, template)):
            path = f"{folder}/{candidate}"
            try:
                if host.resolve(path) == "/dev/null":
                    return None, path
                unit = parse_unit(host.read_text(path))
            except Missing:
                continue
            except AccessError as problem:
                unread.append(f"{path}: {problem.reason}")
                continue
            for place in reversed(folders):
                for more in names_in(host, f"{place}/{candidate}.d", unread):
                    if more.endswith(".conf"):
                        try:
                            text = host.read_text(f"{place}/{candidate}.d/{more}")
                        except AccessError:
                            continue
                        unit = parse_unit(text, unit)
            return unit, path
    return None, name


def _plain(command: str) -> str:
    """Strip the prefixes of systemd.service(5) from a command."""
    return command.lstrip("-@:+!")
