"""Schedules: one file a scheduler; what each task feeds is read from its commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier.configs import Configured, assignments, configured, homes
from verifier.host import AccessError, Host
from verifier.inventory import Evidence, Fact, Location, Schedule, State
from verifier.schedules import bacula, cron, systemd
from verifier.schedules._shell import Command, commands
from verifier.schedules._task import Collected, Task
from verifier.schedules._tools import CONFIGURED, destinations

__all__ = ["Feed", "Plan", "Task", "scheduled", "with_schedules"]

_DEEPEST = 4
_SCRIPTS = 30  # read for one task, those that scripts call among them
_PACKAGED = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/lib/")
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_DAEMONS = ("lsyncd", "syncthing")


@dataclass(slots=True)
class _Budget:
    """Ends scripts that call each other for ever."""

    left: int = _SCRIPTS
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A task, and one destination that it writes to."""

    task: Task
    destination: Configured


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the schedulers of a machine promise.

    Parameters
    ----------
    feeds : tuple of Feed
        Tasks that make copies, by destination.
    tasks : tuple of Task
        All tasks that are switched on.
    unread : tuple of str
        Files that could not be read, so that there may be more.
    """

    feeds: tuple[Feed, ...] = ()
    tasks: tuple[Task, ...] = ()
    unread: tuple[str, ...] = ()


def scheduled(host: Host) -> Plan:
    """Read all schedulers of a machine.

    Parameters
    ----------
    host : Host
        Access to the machine.

    Returns
    -------
    Plan
    """
    folders = homes(host)
    parts: list[Collected] = [
        cron.collect(host),
        systemd.collect(host, folders),
        bacula.collect(host),
    ]
    tasks = [task for part in parts for task in part.tasks]
    unread = [line for part in parts for line in part.unread]
    feeds = [Feed(task, found) for task in tasks for found in _written(host, task)]
    for name in _DAEMONS:
        found = configured(host, folders, tool=name)
        unread += found.unread
        for one in found.destinations:
            task = Task(one.tool, one.where, one.tool, 0.0)
            tasks.append(task)
            feeds.append(Feed(task, one))
    return Plan(tuple(dict.fromkeys(feeds)), tuple(tasks), tuple(dict.fromkeys(unread)))


def with_schedules(found: tuple[Location, ...], plan: Plan) -> tuple[Location, ...]:
    """Add who makes the points of each location, and whether deletions are repeated there.

    Parameters
    ----------
    found : tuple of Location
        What the probes saw.
    plan : Plan
        What the schedulers promise.

    Returns
    -------
    tuple of Location
        A location that nothing here feeds is taken to be fed by hand, if all could be read.
    """
    return tuple(_with_schedule(place, plan) for place in found)


def _with_schedule(place: Location, plan: Plan) -> Location:
    if place.state is State.DECLARED or not place.address:
        return place
    feeding = [feed for feed in plan.feeds if _reaches(feed.destination.address, place)]
    mirrors = next((f.destination.mirrors for f in feeding if f.destination.mirrors), "")
    if place.repeats_deletions.evidence is Evidence.INFERRED and any(
        feed.destination.tool == "Syncthing" for feed in feeding
    ):  # its configuration says more than its marker: it may keep versions, or send only
        place = replace(place, repeats_deletions=Fact())
    if mirrors and place.repeats_deletions.value is None and (place.points.count or 0) <= 1:
        # points of its own would keep what the mirror deletes
        place = replace(place, repeats_deletions=Fact(True, Evidence.MEASURED, mirrors))
    if place.schedule.value is not None:
        return place
    if not feeding:
        return replace(place, schedule=_by_hand(plan))
    promised = [(_hours(feed), feed) for feed in feeding]
    known = [(hours, feed) for hours, feed in promised if hours is not None]
    hours, feed = min(known, key=lambda one: one[0]) if known else promised[0]
    where = f"{feed.destination.tool} in {feed.task.where}"
    who = Schedule(feed.task.by, feed.task.where, hours)
    return replace(place, schedule=Fact(who, Evidence.MEASURED, where))


def _hours(feed: Feed) -> float | None:
    """Take the slower promise: sanoid's timer runs each quarter of an hour, its points do not."""
    both = [h for h in (feed.task.interval_hours, feed.destination.interval_hours) if h is not None]
    return max(both, default=None)


def _by_hand(plan: Plan) -> Fact[Schedule]:
    if plan.unread:
        return Fact(source=f"not all schedules could be read: {plan.unread[0]}")
    return Fact(Schedule("by hand"), Evidence.INFERRED, "no scheduler of this machine names it")


def _reaches(address: str, place: Location) -> bool:
    """Tell whether what is written to an address lands in a location."""
    address = address.rstrip("/")
    if not address:
        return False
    for own in filter(None, (place.address.rstrip("/"), (place.real_path or "").rstrip("/"))):
        if address == own:
            return True
        if address.startswith("/") and f"{address}/".startswith(f"{own}/"):
            return True
        # rsync /home/ada/photos /mnt/usb/ makes /mnt/usb/photos; a whole system is nobody's copy
        if address.count("/") > 1 and own.startswith(f"{address}/"):
            return True
    return False


def _written(host: Host, task: Task) -> Iterator[Configured]:
    if task.by == "Bacula schedule":
        for line in task.command.splitlines():
            yield Configured("bacula", line.partition(" ")[2], task.where)
        return
    variables = dict(task.environment) | {"HOME": task.home}
    for path in task.environment_files:
        try:
            variables |= assignments(host.read_text(path))
        except AccessError:
            continue
    yield from _of_text(host, task, task.command, variables, _Budget())


def _of_text(
    host: Host, task: Task, text: str, variables: dict[str, str], budget: _Budget
) -> Iterator[Configured]:
    if budget.depth >= _DEEPEST:
        return
    budget.left -= 1
    budget.depth += 1
    for command in commands(text, variables):
        yield from _of_command(host, task, command, variables, budget)
    budget.depth -= 1


def _of_command(
    host: Host, task: Task, command: Command, variables: dict[str, str], budget: _Budget
) -> Iterator[Configured]:
    program, *words = command.words
    name = program.rpartition("/")[2]
    if name in CONFIGURED:
        yield from _of_configuration(host, task, name, words)
        return
    found = destinations(command, task.where)
    if found or budget.left <= 0:
        yield from found
        return
    script = ""
    if name in _SHELLS and "-c" in [word[-2:] for word in words[:-1]]:
        place = next(n for n, word in enumerate(words) if word[-2:] == "-c")
        yield from _of_text(host, task, words[place + 1], dict(command.variables), budget)
        return
    if name in _SHELLS or name in {".", "source"}:
        script = next((word for word in words if not word.startswith("-")), "")
    elif program.startswith("/") and not program.startswith(_PACKAGED):
        script = program
    if not script.startswith("/"):
        return
    inner = variables if name in {".", "source"} else dict(command.variables)
    numbered = {str(number): word for number, word in enumerate(words, 1)}
    text = _script(host, script, sourced=name in {".", "source"})
    yield from _of_text(
        host, task, text, inner | numbered if inner is not variables else inner, budget
    )


def _of_configuration(host: Host, task: Task, name: str, words: list[str]) -> Iterator[Configured]:
    tool, options = CONFIGURED[name]
    file = ""
    for position, word in enumerate(words):
        for option in options:
            if word == option and position + 1 < len(words):
                file = words[position + 1]
            elif word.startswith(f"{option}="):
                file = word.partition("=")[2]
    if name == "sanoid" and file:
        file = f"{file.rstrip('/')}/sanoid.conf"
    profile = words[0] if name == "duply" and words else ""
    for one in configured(host, (task.home,), tool=tool, file=file).destinations:
        if profile and f"/{profile.strip('/').rpartition('/')[2]}/" not in one.where:
            continue
        yield one


def _script(host: Host, path: str, *, sourced: bool = False) -> str:
    """Return the text of a shell script; empty if it is something else."""
    try:
        text = host.read_text(path)
    except AccessError:
        return ""
    first = text.partition("\n")[0]
    shell = first.startswith("#!") and any(word in first for word in _SHELLS)
    return text if "\0" not in text and (sourced or shell) else ""
