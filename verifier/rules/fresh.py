"""The newest consistent point of all copies is recent enough."""

from __future__ import annotations

from datetime import timedelta

from riskmodel.units import format_bytes, format_hours
from verifier.inventory import Evidence, Location
from verifier.rules._backups import Word, any_of
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._standing import Age, age_of, counted, why_no_age
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="fresh",
    title="The newest consistent point is no older than max_age, or nothing changed after it",
    risk="All work since the newest point that can be restored is lost with the live data.",
    remediation="Run a backup now, and let a scheduler run it more often than max_age.",
)


def judge(view: View) -> Gate:
    """Ask whether one copy apart from the source has a completed, whole point of late.

    A point counts when it is complete and its chain is whole; a newer one that is not is named.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    apart = [view.locations[number] for number in view.apart_from_source(_looked_at(view))]
    words = [word for place in apart if (word := _word(view, place)) is not None]
    return any_of(view, words, f"within {format_hours(view.policy.max_age)}")


def _looked_at(view: View) -> range:
    return range(1, len(view.locations))


def _old(view: View, place: Location) -> bool:
    newest = place.points.newest
    limit = timedelta(hours=view.policy.max_age)
    return newest is not None and view.inventory.at - newest > limit


def _word(view: View, place: Location) -> Word | None:
    """Judge one location; None for what nobody could look at, or that holds nothing whole."""
    share = place.coverage
    if share.value is None or share.value < view.policy.min_coverage or place.disqualified:
        return None
    if share.evidence is Evidence.DECLARED:
        return None
    age = age_of(place, view.inventory.source, view.policy, view.inventory.at)
    newest = place.points.newest
    when = f"{newest:%Y-%m-%d %H:%M}" if newest else "an unknown time"
    text = f"{place.name} has one of {when}"
    latest = place.points.latest
    if latest is not None and newest is not None and latest > newest:
        text += f" (the one of {latest:%Y-%m-%d %H:%M} is not complete)"
    if place.points.consistency.value == "crash":
        text += ", which is crash-consistent only"
    since = ""
    if place.newer is not None and place.newer.files:
        since = f"{counted(place.newer.files, 'file')} ({format_bytes(place.newer.size_bytes)})"
        since = f"; since then the source has changed or gained {since}"
    if age is Age.FRESH:
        same = f"{place.name} is the same as the source"
        if not since and _old(view, place):
            since = ", and the source has not changed since"
        return Status.PASS, same if place.identical else f"{text}{since}", share.evidence
    if age is Age.STALE:
        return Status.FAIL, f"{text}, which is too old{since}", share.evidence
    return (
        Status.UNKNOWN,
        f"{place.name}: {why_no_age(age, place, view.inventory.source)}",
        Evidence.UNKNOWN,
    )
