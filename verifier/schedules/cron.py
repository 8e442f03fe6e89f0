"""cron and anacron: the system's tables, users' tables, and folders of scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from verifier._texts import whole_number
from verifier.host import Host
from verifier.schedules._calendar import Calendar, longest_gap_hours, numbers
from verifier.schedules._reading import names_in, text_of
from verifier.schedules._task import Collected, Task

__all__ = ["collect", "interval_hours", "parse_anacrontab", "parse_crontab"]

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_WEEKDAYS = {
    name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
}
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FOLDERS = {
    "/etc/cron.hourly": 1.0,
    "/etc/cron.daily": 24.0,
    "/etc/cron.weekly": 7 * 24.0,
    "/etc/cron.monthly": 31 * 24.0,
}
_USERS = "/var/spool/cron/crontabs"
_VARIABLE = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*)")
# what run-parts takes for a script: package leftovers and backups have a dot or a tilde
_SCRIPT = re.compile(r"[A-Za-z0-9_-]+")
_ANACRON_NAMES = {"@daily": 1, "@weekly": 7, "@monthly": 31, "@yearly": 366, "@annually": 366}


def collect(host: Host) -> Collected:
    """Read the tables of cron and anacron.

    Parameters
    ----------
    host : Host
        Access to the machine.

    Returns
    -------
    Collected
    """
    tasks: list[Task] = []
    unread: list[str] = []
    for path, with_user in _tables(host, unread):
        text = text_of(host, path, unread)
        user = "" if with_user else path.rpartition("/")[2]
        tasks += parse_crontab(text, path, user=user)
    tasks += parse_anacrontab(text_of(host, "/etc/anacrontab", unread), "/etc/anacrontab")
    for folder, hours in _FOLDERS.items():
        for name in names_in(host, folder, unread):
            if _SCRIPT.fullmatch(name) and name != "anacron" and name != "0anacron":
                path = f"{folder}/{name}"
                tasks.append(Task("cron", path, path, hours))
    return Collected(tuple(tasks), tuple(unread))


def parse_crontab(text: str, where: str, *, user: str = "") -> tuple[Task, ...]:
    """Read a table of cron; commented lines are off.

    Parameters
    ----------
    text : str
        The table.
    where : str
        Its path, for the tasks' ``where``.
    user : str
        Whose table it is; empty for a system table, whose sixth field names the user.

    Returns
    -------
    tuple of Task
        Lines that cron would refuse are left out.
    """
    tasks = []
    variables: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if found := _VARIABLE.fullmatch(line):
            variables[found[1]] = found[2].strip("\"'")
            continue
        count = 1 if line.startswith("@") else 5
        fields = line.split(None, count if user else count + 1)
        if len(fields) < count + (1 if user else 2):
            continue
        who = user or fields[count]
        moment = " ".join(fields[:count])
        try:
            hours = interval_hours(moment)
        except ValueError:
            continue
        # cron takes everything after a bare % for the command's input
        command = re.split(r"(?<!\\)%", fields[-1])[0].replace("\\%", "%")
        home = "/root" if who == "root" else f"/home/{who}"
        shown = f"{where}:{number}"
        tasks.append(Task("cron", shown, command, hours, tuple(variables.items()), home=home))
    return tuple(tasks)


def interval_hours(moment: str) -> float | None:
    """Return the longest wait that the five fields of a table's line allow.

    Parameters
    ----------
    moment : str
        Five fields, or a nickname such as ``@daily``.

    Returns
    -------
    float or None
        None for ``@reboot``, and for dates that never come. [h]

    Raises
    ------
    ValueError
        If cron would refuse it.
    """
    if moment.lower() == "@reboot":
        return None
    fields = _NICKNAMES.get(moment.lower(), moment).split()
    if len(fields) != 5:
        message = f"not five fields: {moment!r}"
        raise ValueError(message)
    minutes = numbers(fields[0], 0, 59)
    hours = numbers(fields[1], 0, 23)
    days = numbers(fields[2], 1, 31)
    months = numbers(fields[3], 1, 12, _MONTHS)
    sunday_first = numbers(fields[4], 0, 7, _WEEKDAYS)
    weekdays = frozenset((day - 1) % 7 for day in sunday_first)
    # a field that begins with a star does not restrict, so that the other one decides alone
    starred = fields[2].startswith("*") or fields[4].startswith("*")
    seconds = tuple(sorted(h * 3600 + m * 60 for h in hours for m in minutes))
    found = Calendar(seconds, months, days, weekdays, either=not starred)
    return longest_gap_hours([found])


def parse_anacrontab(text: str, where: str) -> tuple[Task, ...]:
    """Read anacron's table: period in days, delay in minutes, name, command.

    Parameters
    ----------
    text : str
        The table.
    where : str
        Its path.

    Returns
    -------
    tuple of Task
    """
    tasks = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.strip().split(None, 3)
        if len(fields) < 4 or line.lstrip().startswith("#") or _VARIABLE.fullmatch(line):
            continue
        word = fields[0].lower()
        days = _ANACRON_NAMES.get(word) or whole_number(word)
        if days is None or whole_number(fields[1]) is None:
            continue
        hours = days * 24.0 if 0 < days < 10_000 else None
        tasks.append(Task("anacron", f"{where}:{number}", fields[3], hours))
    return tuple(tasks)


def _tables(host: Host, unread: list[str]) -> Iterator[tuple[str, bool]]:
    yield "/etc/crontab", True
    for name in names_in(host, "/etc/cron.d", unread):
        if _SCRIPT.fullmatch(name):
            yield f"/etc/cron.d/{name}", True
    for name in names_in(host, _USERS, unread):
        yield f"{_USERS}/{name}", False
