"""Declarations that a location is offline, which a measurement contradicts."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="offline-contradicted",
    title="No location that is declared offline is there all the time",
    risk="A copy that is thought to lie in a drawer is deleted or encrypted with the source.",
    remediation="Unplug it between two runs, or take offline = true out.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name locations whose ``offline = true`` is void, and why.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.inventory.locations:
        if place.never_away:
            text = f"{place.name} is declared offline, but {place.never_away}."
            yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, RULE.remediation)
