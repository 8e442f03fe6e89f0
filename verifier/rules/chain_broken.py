"""Points in time that cannot be restored, because a part that they build on is gone."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="chain-broken",
    title="Every point in time has all the parts that it builds on",
    risk="An increment without what it builds on cannot be restored, though its files are there.",
    remediation="Start a new chain with a full backup, and find out where the missing part went.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name the points that cannot be restored.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.inventory.locations:
        breaks = place.points.breaks
        if not breaks:
            continue
        more = f" ({len(breaks) - 1} more like it)" if len(breaks) > 1 else ""
        text = f"{place.name}: {breaks[0].rstrip('.')}{more}."
        yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, RULE.remediation)
