"""Copies on at least two kinds of media; the live data counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from verifier.inventory import Evidence, Fact, Location
from verifier.rules._independence import Tie
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._view import View, weakest

__all__ = ["RULE", "judge", "medium_class"]

WANTED = 2

RULE = Rule(
    id="two-media",
    title="Copies on at least 2 different kinds of media, the live data included",
    risk="Media of one kind age, fail and go out of use together.",
    remediation="Keep one copy on another kind: tape, optical discs or object storage.",
)

_CLASSES = {
    "hdd": "disk", "smr-hdd": "disk", "usb-hdd": "disk", "vtl": "disk", "virtual-tape": "disk",
    "ssd": "ssd", "nvme": "ssd", "usb-ssd": "ssd",
    "flash": "usb-flash", "usb-flash": "usb-flash", "sd-card": "usb-flash",
    "cloud": "cloud", "object-storage": "cloud", "cloud-object": "cloud", "cloud-file": "cloud",
    "tape": "tape", "optical": "optical", "paper": "paper",
}  # fmt: skip
_PREFIXES = {
    "lto": "tape", "tape": "tape", "bd": "optical", "dvd": "optical", "cd": "optical",
    "m-disc": "optical", "hdd": "disk", "ssd": "ssd", "usb-flash": "usb-flash",
}  # fmt: skip


def judge(view: View) -> Gate:
    """Judge the media of the whole, fresh copies by this table.

    ============================== ======= ==================================================
    the most different two         verdict note
    ============================== ======= ==================================================
    disk and tape, disc or paper   pass
    disk and cloud                 pass    provider's disks, other operator
    disk and SSD, or flash         pass    both are drives that stay in use; say so
    two of one kind                fail    two disks, two clouds; a virtual tape is a disk
    one of them of unknown kind    unknown unless they share the drive, which is one medium
    ============================== ======= ==================================================

    A medium that is only declared passes with the evidence declared; locations that nobody could
    examine leave the gate unknown if they could turn it.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    known = _classes(view, view.copies)
    best = min(_unlike(view, known), key=lambda pair: list(Evidence).index(pair[0]), default=None)
    if best is not None:
        evidence, (one, other) = best
        first, second = view.locations[one], view.locations[other]
        reason = f"{first.name} on {known[one]}, {second.name} on {known[other]}"
        reason += _note({known[one], known[other]})
        return Gate(Status.PASS, len(set(known.values())), WANTED, evidence, reason)
    value = min(len(view.copies), 1)
    doubt = _doubt(view)
    if doubt:
        return Gate(Status.UNKNOWN, value, WANTED, Evidence.UNKNOWN, doubt)
    evidence = weakest([Evidence.MEASURED, *(view.locations[n].media_type.evidence for n in known)])
    kinds = set(known.values())
    if kinds:
        reason = f"all copies are on {kinds.pop()}"
    elif view.copies:
        reason = "all copies are on one medium of unknown kind"
    else:
        reason = "there is no copy"
    return Gate(Status.FAIL, value, WANTED, evidence, reason)


def medium_class(name: str) -> str | None:
    """Return the kind of medium that a type or preset belongs to; None if it names none."""
    word = name.strip().lower().replace("_", "-")
    if word in _CLASSES:
        return _CLASSES[word]
    return next((kind for start, kind in _PREFIXES.items() if word.startswith(start)), None)


def _classes(view: View, among: Iterable[int]) -> dict[int, str]:
    found = {n: _class_of(view.locations[n]) for n in among}
    return {n: kind for n, kind in found.items() if kind is not None}


def _class_of(location: Location) -> str | None:
    medium: Fact[str] = location.media_type
    if medium.value is None or medium.evidence is Evidence.UNKNOWN:
        return None
    return medium_class(medium.value)


def _unlike(view: View, known: dict[int, str]) -> Iterator[tuple[Evidence, tuple[int, int]]]:
    for one, other in combinations(sorted(known), 2):
        if known[one] != known[other] and view.relation(one, other).tie is not Tie.SHARED:
            facts = (view.locations[n].media_type for n in (one, other))
            yield weakest(fact.evidence for fact in facts), (one, other)


def _doubt(view: View) -> str:
    """Name a pair that could turn out to be two media; empty if there is none."""
    known = _classes(view, view.hopefuls)
    for one, other in combinations(view.hopefuls, 2):
        if view.relation(one, other).tie is Tie.SHARED:
            continue
        if one in known and known.get(one) == known.get(other):
            continue
        for number in (one, other):
            place = view.locations[number]
            if number not in view.copies:
                return f"{place.name} may be a copy on another medium: {_why(view, number)}"
        unknown = next(n for n in (one, other) if n not in known)
        why = view.locations[unknown].media_type.source
        named = f"the medium of {view.locations[unknown].name} is not known"
        return named + (f": {why}" if why else "")
    return ""


def _why(view: View, number: int) -> str:
    return view.standings[number].reason or "nobody could look"


def _note(kinds: set[str]) -> str:
    if "cloud" in kinds:
        return "; the cloud is a provider's disks under another operator"
    if kinds <= {"disk", "ssd", "usb-flash"}:
        return "; both are drives in use, tape or optical discs would differ more"
    return ""
