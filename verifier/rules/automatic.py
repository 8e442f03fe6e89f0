"""A scheduler makes a copy, and nobody has to think of it."""

from __future__ import annotations

from riskmodel.units import format_hours
from verifier.inventory import Evidence, Location
from verifier.rules._backups import Word, any_of, backups
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="automatic",
    title="A scheduler makes at least one copy within max_age",
    risk="What rests on somebody's memory is forgotten in the weeks in which it is needed.",
    remediation="Run the backup from cron or a systemd timer; a disk in a drawer may stay by hand.",
)


def judge(view: View) -> Gate:
    """Ask who makes the copies; one by a scheduler suffices, as an offline disk needs hands.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    return any_of(view, [_word(view, place) for place in backups(view)], "1 copy")


def _word(view: View, place: Location) -> Word:
    schedule = place.schedule
    found = schedule.value
    if found is None:
        return Status.UNKNOWN, f"what makes {place.name} is not known", Evidence.UNKNOWN
    if found.by == "by hand":
        if schedule.evidence is Evidence.INFERRED:
            text = f"nothing on this machine is known to write to {place.name}"
            return Status.UNKNOWN, text, Evidence.UNKNOWN
        return Status.FAIL, f"{place.name} is fed by hand", schedule.evidence
    if found.interval_hours is None:
        text = f"{found.by} makes {place.name}, how often is not known"
        return Status.UNKNOWN, text, Evidence.UNKNOWN
    often = f"every {format_hours(found.interval_hours)}" if found.interval_hours else "always"
    text = f"{found.by} makes {place.name} {often}"
    if found.interval_hours > view.policy.max_age:
        return Status.FAIL, f"{text}, less often than max_age", schedule.evidence
    return Status.PASS, text, schedule.evidence
