"""Copies whose points do not come as often as their schedule promises, or that nothing makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from riskmodel.units import format_hours
from verifier.inventory import Evidence, Location, Schedule, State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["LAST_GAPS", "RULE", "judge", "late"]

RULE = Rule(
    id="irregular",
    title="Every copy is made by a scheduler, and its points come as often as that promises",
    risk="A backup that rests on somebody's memory, or a job that stopped, is found out late.",
    remediation="Let cron or a systemd timer run the backup, and look at the log of runs missed.",
)

# older points are thinned out by retention: only the last gaps show how often the job really runs
LAST_GAPS = 6
# a run may start late, wait for a disk or take long, without the job being irregular
SLACK = 1.5
MISSED = 2.5
_LEAST_HOURS = 2.0


def judge(view: View) -> Iterator[Finding]:
    """Compare the promised interval of each location with the spacing of its last points.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        Fail where runs are missing; unknown, as a note, where nothing is known to make the copy.
    """
    for place in view.inventory.locations:
        schedule = place.schedule.value
        if place.state is not State.READ or schedule is None:
            continue
        if schedule.by == "by hand":
            yield _by_hand(place)
        elif text := late(place, schedule, view.inventory.at):
            yield Finding(RULE.id, Status.FAIL, Severity.MEDIUM, place.name, text, RULE.remediation)


def _by_hand(place: Location) -> Finding:
    if place.schedule.evidence is Evidence.INFERRED:
        text = f"Nothing on this machine is known to write to {place.name}: is it fed by hand?"
        status = Status.UNKNOWN
    else:
        text = f"{place.name} is fed by hand, so that nobody knows when next."
        status = Status.FAIL
    return Finding(RULE.id, status, Severity.NOTE, place.name, text, RULE.remediation)


def late(place: Location, schedule: Schedule, now: datetime) -> str:
    """Say how the points differ from the promise; empty if they do not."""
    promised = schedule.interval_hours
    times = tuple(time for time in place.points.times if time <= now)
    if promised is None or not times:
        return ""
    promised = max(promised, _LEAST_HOURS)
    where = f"{schedule.by} ({schedule.where}) promises one every {format_hours(promised)}"
    silent = (now - times[-1]) / timedelta(hours=1)
    if silent > MISSED * promised:
        return f"{place.name} has no point for {format_hours(silent)}, though {where}."
    recent = times[-(LAST_GAPS + 1) :]
    gaps = [(b - a) / timedelta(hours=1) for a, b in pairwise(recent)]
    if len(gaps) < 2:
        return ""
    usual, longest = median(gaps), max(gaps)
    if usual > SLACK * promised or longest > MISSED * promised:
        spacing = (
            f"{format_hours(usual)} apart (median), the longest gap is {format_hours(longest)}"
        )
        return f"The last points of {place.name} are {spacing}, though {where}."
    return ""
