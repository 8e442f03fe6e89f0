"""The points of every copy come as often as promised, or at least as the policy asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from riskmodel.units import format_hours
from verifier.inventory import Evidence, Location
from verifier.rules._backups import Word, all_of, backups
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._view import View
from verifier.rules.irregular import LAST_GAPS, late

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="regular",
    title="The points of every copy come regularly",
    risk="A job that skips runs leaves gaps in which all work is lost, and nobody notices.",
    remediation="Look at the log of runs missed, and at what the machine was doing then.",
)
_ENOUGH = 3  # points, before their spacing says anything


def judge(view: View) -> Gate:
    """Hold the spacing of each copy's last points against its schedule, or against ``max_age``.

    The gap that lasts until now is one of them, whether or not the source has changed meanwhile.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    return all_of(view, [_word(view, place) for place in backups(view)], "every copy")


def _word(view: View, place: Location) -> Word:
    schedule = place.schedule
    known = schedule.value is not None and schedule.value.by != "by hand"
    if schedule.value is not None and known:
        text = late(place, schedule.value, view.inventory.at)
        if text:
            return Status.FAIL, text.rstrip("."), Evidence.MEASURED
    times = [time for time in place.points.times if time <= view.inventory.at]
    gaps = [(b - a) / timedelta(hours=1) for a, b in pairwise(times[-(LAST_GAPS + 1) :])]
    if len(times) >= _ENOUGH:
        longest = max(gaps)
        text = f"the longest of the last gaps of {place.name} is {format_hours(longest)}"
        silent = (_until(place, view.inventory.at) - times[-1]) / timedelta(hours=1)
        if silent > view.policy.max_age:
            # a copy of a source at rest is fresh; but a job that runs makes points all the same
            text += f", and there is none for {format_hours(silent)} now"
        if max(longest, silent) > view.policy.max_age:
            return Status.FAIL, text, Evidence.MEASURED
        return Status.PASS, text, Evidence.MEASURED
    if len(times) == 1:
        text = f"{place.name} has 1 point, which shows no rhythm"
    else:
        text = f"{place.name} has {len(times) or 'no'} dated points, which show no rhythm"
    return Status.UNKNOWN, text, Evidence.UNKNOWN


def _until(place: Location, now: datetime) -> datetime:
    """Return when somebody looked: a disk in a drawer gets no points."""
    return place.last_seen if place.audited and place.last_seen is not None else now
