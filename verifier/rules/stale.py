"""Copies whose newest point is too old, or dated in the future."""

from __future__ import annotations

from collections.abc import Iterator

from riskmodel.units import format_hours
from verifier.inventory import State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import Age, age_of, why_no_age
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="stale",
    title="The newest point of every location is recent enough, or nothing changed after it",
    risk="All work since the newest point is lost with the live data.",
    remediation="Run the backup, and let a scheduler run it from now on.",
)

_CLOCK = "Set the clock right; a date that a wrong clock left goes with the next change or run."


def judge(view: View) -> Iterator[Finding]:
    """Name locations whose newest point is older than ``max_age``, unless nothing changed since.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    source, now = view.inventory.source, view.inventory.at
    for place in view.inventory.locations:
        if place.state is not State.READ:
            continue
        age = age_of(place, source, view.policy, now)
        newest = f"{place.points.newest:%Y-%m-%d %H:%M}" if place.points.newest else ""
        limit = format_hours(view.policy.max_age)
        if age is Age.STALE:
            text = f"The newest point of {place.name} is of {newest}, older than {limit}."
        elif age is Age.FUTURE:
            text = f"The newest point of {place.name} is dated in the future, {newest}: the clock "
            text += "of this machine is wrong, or the one that dated it."
        elif age is Age.CLOCK:
            text = f"The age of {place.name}, whose newest point is of {newest}, is not known: "
            text += f"{why_no_age(age, place, source).partition(': ')[2]}."
        elif age is Age.PERHAPS:
            text = f"How old {place.name} is is not known: {why_no_age(age, place, source)}."
        elif age is Age.UNKNOWN and place.coverage.value is not None and place.files:
            text = f"The date of the newest point of {place.name} is not known."
        else:
            continue
        status = Status.FAIL if age is Age.STALE else Status.UNKNOWN
        cure = _CLOCK if age in (Age.FUTURE, Age.CLOCK) else RULE.remediation
        yield Finding(RULE.id, status, Severity.MEDIUM, place.name, text, cure)
