"""Files that changed, went or lost their content in masses, as ransomware and wipers leave them."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.drift import Alarm, Level, alarm
from verifier.inventory import Changes, Location
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="mass-change",
    title="No more files changed or went than usual, and they are still what their names say",
    risk="Ransomware and mass deletions reach the copies at their next run; the good old points "
    "expire while nobody looks.",
    remediation="Unplug a good copy, stop what overwrites or expires points, look at the files "
    "named, and restore from the last point before.",
)

_STANDING = {
    Level.NOTE: (Status.PASS, Severity.NOTE),
    Level.UNSURE: (Status.UNKNOWN, Severity.MEDIUM),
    Level.WARNING: (Status.FAIL, Severity.MEDIUM),
    Level.BAD: (Status.FAIL, Severity.HIGH),
}
_SHOWN = 3


def judge(view: View) -> Iterator[Finding]:
    """Judge what changed in each location since the last audit against what is usual there.

    What still differs from before an alarm of the last days is told again, whatever came since.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        Pass, as a note, where much changed into what can be recognised.
    """
    for place in view.locations:
        judged = [
            (found.level, changes, found)
            for changes in (place.standing, place.changes)
            if changes is not None and (found := _judged(view, place, changes)) is not None
        ]
        if not judged:
            continue
        level, changes, found = max(judged, key=lambda one: one[0])
        status, severity = _STANDING[level]
        text = f"In {place.name}, since {changes.since:%Y-%m-%d %H:%M}: {found.text}"
        if changes.examples and level > Level.NOTE:
            text += f"; among them {', '.join(changes.examples[:_SHOWN])}"
        text += "" if text.endswith("?") else "."
        remedy = RULE.remediation if level > Level.NOTE else "Nothing, if you did this."
        yield Finding(RULE.id, status, severity, place.name, text, remedy)


def _judged(view: View, place: Location, changes: Changes) -> Alarm | None:
    earlier = [
        one.changes
        for one in view.inventory.past
        if one.location == place.name and one.changes is not None and one.at <= changes.since
    ]
    return alarm(changes, earlier)
