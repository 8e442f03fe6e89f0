"""What a copy cannot hold yet, and would be lost with the live data now."""

from __future__ import annotations

from collections.abc import Iterator

from riskmodel.units import format_bytes
from verifier.inventory import State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import counted
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="newer",
    title="What the source has changed or gained since the newest point of each location",
    risk="That work is lost with the live data until the next run.",
    remediation="Run the backup more often if that is more than you would do again.",
)


def judge(view: View) -> Iterator[Finding]:
    """Count files and bytes that are younger than a location; its age is judged by itself.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        Notes.
    """
    for place in view.inventory.locations:
        newer = place.newer
        if place.state is not State.READ or newer is None or not newer.files:
            continue
        held = "none of which it holds"
        if newer.changed:
            held = f"of which it holds {newer.changed:,} in an earlier version"
            held += f" and {newer.added:,} not at all" if newer.added else ""
        text = (
            f"{place.name} is of {newer.since:%Y-%m-%d %H:%M}; the source has changed or gained "
            f"{counted(newer.files, 'file')} since ({format_bytes(newer.size_bytes)}), {held}: "
            "that much would be lost now."
        )
        yield Finding(RULE.id, Status.PASS, Severity.NOTE, place.name, text, RULE.remediation)
