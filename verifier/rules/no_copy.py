"""Locations that look like copies and are none, by their own word."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="no-copy",
    title="Every location holds the data itself, and its owner trusts it",
    risk="Placeholders, pointers and untrusted repositories list files that cannot be restored.",
    remediation="Fetch the content, or take the location off the list.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name the locations that are no copies whatever they hold.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.inventory.locations:
        if place.disqualified:
            text = f"{place.name} is no copy: {place.disqualified.rstrip('.')}."
            yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, RULE.remediation)
