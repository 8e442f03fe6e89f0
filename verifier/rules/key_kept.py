"""The key of every encrypted copy outlives the source."""

from __future__ import annotations

from verifier.inventory import Evidence, Location
from verifier.rules import same_key
from verifier.rules._backups import Word, all_of, backups, doubtful
from verifier.rules._keepers import all_at_home, keepers
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="key-kept",
    title="The key of every encrypted copy is kept away from the source too",
    risk="A key that is kept only at the source dies with it, and the copies with the key.",
    remediation=same_key.KEEP_AND_SAY,
)


def judge(view: View) -> Gate:
    """Ask where the keys are; what `same_key` calls a failure fails.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    dying = [found for found in same_key.judge(view) if found.status is Status.FAIL]
    encrypted = [place for place in backups(view) if _needs_a_key(place)]
    wanted = "kept away from the source"
    if dying:
        reason = " ".join(found.message for found in dying).rstrip(".")
        return Gate(Status.FAIL, f"{len(dying)} at risk", wanted, Evidence.DECLARED, reason)
    if not encrypted and not doubtful(view):
        others = any(_needs_a_key(place) for place in view.inventory.locations)
        reason = f"no copy {'that counts ' if others else ''}needs a key"
        return Gate(Status.PASS, "0 of 0", wanted, Evidence.MEASURED, reason)
    return all_of(view, [_word(view, place) for place in encrypted], wanted)


def _needs_a_key(place: Location) -> bool:
    if place.encrypted.value is None:
        return place.domains.key.value is not None
    return place.encrypted.value


def _word(view: View, place: Location) -> Word:
    key = place.domains.key.value or ""
    held = keepers(view, hopeful=False).get(key, ())
    if not all_at_home(view, held):
        text = f"the key of {place.name} is kept at {names(held)}"
        return Status.PASS, text, Evidence.DECLARED
    held = keepers(view, hopeful=True).get(key, ())
    if not all_at_home(view, held):
        text = f"where the key of {names(held)} is kept, and with it that of {place.name}, "
        return Status.UNKNOWN, f"{text}is not known", Evidence.UNKNOWN
    if place.key_kept.value:
        # a file that the source's drive does not hold; one on it was told of as dying
        where = names(place.key_kept.value)
        if place.key_drives.value:
            text = f"the key of {place.name} is in {where}, off the source's drive"
            return Status.PASS, text, place.key_kept.evidence
        text = f"on which drive the key of {place.name} lies ({where}) is not known"
        return Status.UNKNOWN, text, Evidence.UNKNOWN
    text = f"where the key of {place.name} is kept is not known"
    return Status.UNKNOWN, text, Evidence.UNKNOWN
