"""What restore drills brought back, and what kept one from being made."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="restore-drill",
    title="Where a restore was tried, files came back as they are at the source",
    risk="Many a backup was sound and could not be restored: no password, no program, no room.",
    remediation="Remove what kept the drill from being made, and run 'verifier drill' again.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name drills that could not be made, and metadata that came back different.

    Damage is the business of another rule; metadata that differ are none.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.inventory.locations:
        told = place.restored
        if told is None:
            continue
        if told.reason:
            text = f"{place.name} was not proven by a restore: {told.reason.rstrip('.')}."
            yield Finding(
                RULE.id, Status.UNKNOWN, Severity.MEDIUM, place.name, text, RULE.remediation
            )
        for different in told.differing:
            text = f"Of the files that were restored from {place.name}, {different}"
            yield Finding(RULE.id, Status.FAIL, Severity.NOTE, place.name, text, _TOOL)


_TOOL = "Look whether the tool that makes this copy is told to keep times and permissions."
