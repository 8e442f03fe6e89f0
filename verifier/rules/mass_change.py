"""Files that changed or went in masses, as ransomware leaves them."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.drift import Level, alarm
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
        if place.changes is None:
            continue
        earlier = [
            one.changes
            for one in view.inventory.past
            if one.location == place.name and one.changes is not None
        ]
        found = alarm(place.changes, earlier)
        if found is None:
            continue
        status, severity = _STANDING[found.level]
        text = f"In {place.name}, since {place.changes.since:%Y-%m-%d %H:%M}: {found.text}"
        if place.changes.examples and found.level > Level.NOTE:
            text += f"; among them {', '.join(place.changes.examples[:_SHOWN])}"
        remedy = RULE.remediation if found.level > Level.NOTE else "Nothing, if you did this."
        yield Finding(RULE.id, status, severity, place.name, f"{text}.", remedy)
