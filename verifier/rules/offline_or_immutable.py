"""One copy that nobody can delete or encrypt in a moment of access."""

from __future__ import annotations

from verifier.inventory import Evidence, State
from verifier.rules._independence import Tie
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._standing import Copyhood
from verifier.rules._view import View, names, weakest

__all__ = ["RULE", "judge"]

WANTED = 1

RULE = Rule(
    id="offline-or-immutable",
    title="At least 1 copy offline or immutable",
    risk="Ransomware, a stolen login or one wrong command reaches every copy that is online.",
    remediation="Unplug one drive between backups (offline = true), or lock versions in the cloud.",
)

_MEASURED = (Evidence.MEASURED, Evidence.TOOL_REPORTED)


def judge(view: View) -> Gate:
    """Look for a copy that is declared offline, or measured to be immutable.

    What the source's root can delete is not immutable: a location that is seen under a path of
    this machine is none. An absent offline location passes while it was seen within
    ``max_absence``. A declared location, or one that nobody could examine, leaves it unknown.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    passing = {n: found for n in view.hopefuls if n and (found := _evidence(view, n)) is not None}
    if passing:
        reason = f"{names(_words(view, n) for n in passing)}"
        evidence = min(passing.values(), key=list(Evidence).index)
        return Gate(Status.PASS, len(passing), WANTED, evidence, reason)
    for number in view.apart_from_source(view.hopefuls):
        if doubt := _doubt(view, number):
            return Gate(Status.UNKNOWN, 0, WANTED, Evidence.UNKNOWN, doubt)
    reason = "no copy is offline or immutable"
    void = [
        f"{place.name} is not offline: {place.never_away}"
        for n in view.hopefuls
        if n and (place := view.locations[n]).never_away
    ]
    void += [
        f"{place.name} cannot be offline: {name} is on the same drive"
        for n in view.hopefuls
        if n and (place := view.locations[n]).offline
        if (name := _online_beside(view, n)) is not None
    ]
    if void:
        reason = "; ".join(void).replace("source is", "the source is")
    return Gate(Status.FAIL, 0, WANTED, Evidence.MEASURED, reason)


def _evidence(view: View, number: int) -> Evidence | None:
    """Return the evidence that a location is offline or immutable; None if it does not pass."""
    place, found = view.locations[number], view.standings[number]
    if view.relation(0, number).tie is Tie.SHARED:
        return None
    absent = place.state is State.ABSENT_OFFLINE and found.status is Status.PASS
    offline = absent or (place.offline and found.copyhood is Copyhood.YES)
    if offline and _online_beside(view, number) is None:
        return Evidence.DECLARED
    immutable = place.immutable
    if found.copyhood is Copyhood.YES and immutable.value and immutable.evidence in _MEASURED:
        return weakest((immutable.evidence, Evidence.MEASURED))
    return None


def _online_beside(view: View, number: int) -> str | None:
    """Return what was read on the same drive and is not offline: then this is not, either."""
    for other, place in enumerate(view.locations):
        here = other != number and not place.offline and place.state is State.READ
        if here and view.relation(number, other).tie is Tie.SHARED:
            return place.name
    return None


def _doubt(view: View, number: int) -> str:
    """Say why a location could turn out to pass; empty if it cannot."""
    place, found = view.locations[number], view.standings[number]
    if place.offline and _online_beside(view, number) is None:
        return f"{place.name} is offline, but does not count yet: {found.reason}"
    if place.immutable.value:
        why = found.reason or "that it is immutable is not measured"
        return f"{place.name} may be immutable, but {why}"
    remote = place.real_path is None and place.state is not State.DECLARED
    if remote and not place.address.startswith("/") and place.immutable.value is None:
        why = f": {place.immutable.source}" if place.immutable.source else ""
        return f"whether {place.name} is immutable is not known{why}"
    return ""


def _words(view: View, number: int) -> str:
    place = view.locations[number]
    if place.state is State.ABSENT_OFFLINE:
        return f"{place.name} is offline and away (last seen {place.last_seen:%Y-%m-%d})"
    return f"{place.name} is offline" if place.offline else f"{place.name} is immutable"
