"""Enough history to outlive the time until somebody notices."""

from __future__ import annotations

from riskmodel.units import format_hours
from verifier.history import history_hours, keeps_one_state, kept_hours
from verifier.inventory import Evidence, Location
from verifier.rules._backups import Word, any_of, backups
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="retention",
    title="At least one copy keeps older versions for min_retention",
    risk="Damage that is noticed later than the oldest version was made is in every version.",
    remediation="Keep older versions for longer: snapshots, versioning, or a longer keep rule.",
)


def judge(view: View) -> Gate:
    """Ask how far back the versions of a copy reach, or are promised to; one copy suffices.

    A mirror keeps none. A repository with few points and no promise is unknown: it may be young.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    wanted = f"1 copy for {format_hours(view.policy.min_retention)}"
    return any_of(view, [_word(view, place) for place in backups(view)], wanted)


def _word(view: View, place: Location) -> Word:
    asked = view.policy.min_retention
    if place.repeats_deletions.value:
        text = f"{place.name} is a mirror, which keeps no older version"
        return Status.FAIL, text, place.repeats_deletions.evidence
    expires = place.expires_hours.value
    if expires is not None and expires < asked:
        text = f"{place.name} loses its files after {format_hours(expires)}"
        return Status.FAIL, text, place.expires_hours.evidence
    promised, reaches = kept_hours(place), history_hours(place)
    now = f"reaches back {format_hours(reaches)}" if reaches else "has no older version now"
    if promised is not None:
        said = place.retention.value
        if promised >= asked:
            text = f"{place.name} promises enough ({said}); it {now}"
            return Status.PASS, text, place.retention.evidence
        return Status.FAIL, f"{place.name} keeps too little ({said})", place.retention.evidence
    if reaches >= asked:
        return Status.PASS, f"{place.name} {now}", Evidence.MEASURED
    if keeps_one_state(place):
        text = f"the next run replaces the only state of {place.name}"
        return Status.FAIL, text, Evidence.INFERRED
    text = f"{place.name} {now}, and nothing says for how long it keeps them"
    return Status.UNKNOWN, text, Evidence.UNKNOWN
