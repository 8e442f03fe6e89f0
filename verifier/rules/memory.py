"""Locations that live in memory."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import in_memory
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="memory",
    title="No location is in memory",
    risk="tmpfs, ramfs and zram are gone when the power is.",
    remediation="Keep the copy on a drive.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name locations on tmpfs, ramfs or zram.

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
            yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, RULE.remediation)
