"""Copies whose bytes nobody read."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import Depth, State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="unverified",
    title="The bytes of every location have been read",
    risk="Lists and structure look whole while the content is damaged.",
    remediation="Run the audit with --depth bytes.",
)
_REFUSALS = ("Permission denied", "Operation not permitted")
_DENIED = "Run the audit as a user who may read all of it, such as root."


def judge(view: View) -> Iterator[Finding]:
    """Name locations that were read, but whose bytes were not.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.inventory.locations:
        if place.state is not State.READ or (place.depth or Depth.LISTED) >= Depth.BYTES:
            continue
        reached = f"only to depth {place.depth.word}" if place.depth is not None else "not at all"
        reason = f": {place.reason.rstrip('.')}" if place.reason else ""
        text = f"{place.name} was examined {reached}{reason}; its bytes may be damaged."
        # what the system denies no depth reads
        remedy = _DENIED if any(word in reason for word in _REFUSALS) else RULE.remediation
        yield Finding(RULE.id, Status.UNKNOWN, Severity.MEDIUM, place.name, text, remedy)
