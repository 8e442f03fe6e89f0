"""Locations that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import clock_is_behind, seen_lately
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="missing",
    title="Every location is where it is said to be",
    risk="A backup that is not there cannot be restored.",
    remediation="Correct the path, mount the disk, or set offline = true if it is often away.",
)

_BRING = "Bring it, audit it, and note the date as last_seen."
_LEFT_BELOW = (
    "Mount the disk, and let no run write there while it is away; if the copy has moved to what is "
    "there now, take offline = true out."
)


def judge(view: View) -> Iterator[Finding]:
    """Name locations that are missing, and offline ones that have been away for too long.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place, found in zip(view.locations, view.standings, strict=True):
        where = f" at {place.address}" if place.address else ""
        if place.state is State.MISSING:
            if place.kind == "zfs" and not place.address.startswith("zfs:"):
                where += " (a dataset that is not mounted is written as 'zfs:POOL/DATASET')"
            yield Finding(
                RULE.id,
                Status.FAIL,
                Severity.HIGH,
                place.name,
                f"{place.name} is missing: there is nothing{where}.",
                RULE.remediation,
            )
        elif place.state is State.ABSENT_OFFLINE:
            now = view.inventory.at
            late = not seen_lately(place, view.policy, now)
            late = late or clock_is_behind(view.inventory.source, now)
            open_ = late or bool(place.in_its_place)
            told = f"; {place.in_its_place}" if place.in_its_place else ""
            yield Finding(
                RULE.id,
                Status.UNKNOWN if open_ else Status.PASS,
                Severity.MEDIUM if open_ else Severity.NOTE,
                place.name,
                f"{place.name} is not here: {found.reason}{told}.",
                _LEFT_BELOW if place.in_its_place else _BRING,
            )
