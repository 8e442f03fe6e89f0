"""Copies that stopped silently, shrink, or lose their points faster than they should."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from riskmodel.units import format_hours
from verifier.inventory import Location, Past, State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="stopped",
    title="Every copy goes on: its points advance with the source, and do not dwindle",
    risk="A job that does nothing and reports no error looks like a backup until it is needed.",
    remediation="Run the backup by hand and read what it says; look at what prunes its points.",
)

# audits in a row with one and the same newest point; two can be chance
STILL_RUNS = 3
# each of so many points smaller than the one before, by a fifth together
SHRINKING_RUNS, SHRUNK = 3, 0.8
_FALLEN, _LEAST_POINTS = 0.5, 4
# a gap of so many usual ones is silence; DESIGN 7 judges schedules in the rule irregular
_SILENT_GAPS = 3.0
_LEAST_SILENCE = timedelta(days=1)
_SLACK = timedelta(seconds=2)
_NUMBER = re.compile(r"\d+")


def judge(view: View) -> Iterator[Finding]:
    """Follow each location through the earlier audits.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        Fail where a copy stopped or lost points; unknown where a shrinking may be meant.
    """
    at = view.inventory.at
    source = [*_past(view, view.inventory.source.name), _now(view.inventory.source, at)]
    for place in view.inventory.locations:
        if place.state is not State.READ:
            continue
        past = [*_past(view, place.name), _now(place, at)]
        still = _still(place, past, source)
        if still:
            yield _finding(place, Status.FAIL, still)
        smaller = _shrinking(place, past, source)
        if smaller:
            yield _finding(place, Status.UNKNOWN, smaller)
        fewer, status = _fewer(place, past)
        if fewer:
            yield _finding(place, status, fewer)


def _past(view: View, name: str) -> list[Past]:
    return [one for one in view.inventory.past if one.location == name]


def _now(place: Location, at: datetime) -> Past:
    points = place.points
    return Past(at, place.name, points.newest, points.count, place.files, place.size_bytes)


def _finding(place: Location, status: Status, text: str) -> Finding:
    return Finding(RULE.id, status, Severity.MEDIUM, place.name, text, RULE.remediation)


def _still(place: Location, past: Sequence[Past], source: Sequence[Past]) -> str:
    """Say that the newest point stands still while the source goes on; empty if it does not."""
    newest = past[-1].newest
    if newest is None or place.identical:
        return ""
    same = [one for one in past if one.newest is not None and abs(one.newest - newest) <= _SLACK]
    first = same[0].at
    lived = [one for one in source if one.at >= first and one.newest is not None]
    went_on = sum(b.newest - a.newest > _SLACK for a, b in pairwise(lived) if a.newest and b.newest)
    ahead = bool(lived) and lived[-1].newest is not None and lived[-1].newest > newest + _SLACK
    runs = len(same) - 1
    if runs < STILL_RUNS or went_on < STILL_RUNS - 1 or not ahead:
        return ""
    silent = past[-1].at - first
    if silent < max(_LEAST_SILENCE, _SILENT_GAPS * _usual_gap(place)):
        return ""
    return (
        f"{place.name} has stood still since {newest:%Y-%m-%d %H:%M}: {runs + 1} audits over "
        f"{format_hours(silent / timedelta(hours=1))} saw no newer point, while the source went on."
    )


def _usual_gap(place: Location) -> timedelta:
    gaps = [(b - a).total_seconds() for a, b in pairwise(place.points.times)]
    return timedelta(seconds=median(gaps)) if gaps else timedelta(0)


def _shrinking(place: Location, past: Sequence[Past], source: Sequence[Past]) -> str:
    """Say that each new point was smaller than the one before, and the source was not."""
    advanced = [past[0]] if past else []
    for one in past[1:]:
        if one.newest is not None and advanced[-1].newest != one.newest:
            advanced.append(one)
    last = [one.size_bytes for one in advanced[-(SHRINKING_RUNS + 1) :]]
    sizes = [size for size in last if size is not None]
    if len(sizes) <= SHRINKING_RUNS or any(b >= a for a, b in pairwise(sizes)):
        return ""
    start = advanced[-(SHRINKING_RUNS + 1)].at
    lived = [one.size_bytes for one in source if one.at >= start and one.size_bytes]
    if not lived or sizes[-1] > SHRUNK * sizes[0] or lived[-1] < SHRUNK * lived[0]:
        return ""
    return (
        f"The points of {place.name} get smaller and smaller: the last {len(sizes)} that audits "
        f"saw went down to {sizes[-1] / sizes[0]:.0%} of the first, and the source did not."
    )


def _fewer(place: Location, past: Sequence[Past]) -> tuple[str, Status]:
    """Say that points went faster than retention tells."""
    counted = [one for one in past if one.count is not None]
    if len(counted) < 2:
        return "", Status.PASS
    before, now = counted[-2], counted[-1]
    if before.count is None or now.count is None or before.count < _LEAST_POINTS:
        return "", Status.PASS
    promised = place.retention.value
    keeps = sum(map(int, _NUMBER.findall(promised))) if promised else None
    if now.count >= _FALLEN * before.count or (keeps is not None and now.count >= keeps):
        return "", Status.PASS
    text = f"{place.name} had {before.count} points on {before.at:%Y-%m-%d} and has {now.count} now"
    if keeps is None:
        return f"{text}; no retention is known that would explain it.", Status.UNKNOWN
    return f"{text}, fewer than its retention keeps ({promised}).", Status.FAIL
