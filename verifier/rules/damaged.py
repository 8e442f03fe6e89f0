"""Damage that was found in a location."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="damaged",
    title="No location holds damaged data",
    risk="A damaged backup gives back damaged data, or nothing.",
    remediation="Keep the location as it is, write a new copy, and look for the cause.",
)


_SOURCE = "Put the good bytes back from where they are, and look for the cause."


def judge(view: View) -> Iterator[Finding]:
    """Name the damage of each location.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        One for each error.
    """
    for place in view.locations:
        for error in place.errors:
            text = f"{place.name} is damaged: {error.rstrip('.')}."
            cure = _SOURCE if place is view.inventory.source else RULE.remediation
            yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, cure)
