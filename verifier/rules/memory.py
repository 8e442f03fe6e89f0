"""Locations that live in memory."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import in_memory
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="memory",
    title="No location is in memory",
    risk="tmpfs, ramfs and zram are gone when the power is.",
    remediation="Keep it on a drive; of the source, leave out by 'exclude' what nobody would miss.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name locations on tmpfs, ramfs or zram, and such parts of the others.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.locations:
        if in_memory(place):
            text = f"{place.name} is in memory, not on a drive, and never counts."
        elif place.in_memory:
            parts = names(place.in_memory)
            text = f"What {place.name} holds below {parts} is in memory, not on a drive, and never "
            text += "counts."
        else:
            continue
        yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, RULE.remediation)
