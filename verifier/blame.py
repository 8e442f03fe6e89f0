"""Whose fault a difference is: a copy that still holds the right bytes is not the damaged one.

A copy is held against the source as it is. Where earlier audits tell that the bytes of the source
are the wrong ones, following that verdict would put them over the last good ones.
"""

from __future__ import annotations

from dataclasses import replace

from verifier.compared import DIFFERS
from verifier.inventory import Inventory, Location, Suspect
from verifier.manifest import shown

__all__ = ["righted"]


def righted(found: Inventory) -> Inventory:
    """Move from copies to the source the errors that the source is to blame for.

    Parameters
    ----------
    found : Inventory
        With what was noticed: each suspect names the locations that hold the right bytes.

    Returns
    -------
    Inventory
        As it was where nobody can tell which bytes are right.
    """
    changes = found.source.changes
    suspects = changes.suspects if changes is not None else ()
    rotten = [one for one in suspects if one.right and found.source.name in one.bad]
    if not rotten:
        return found
    blamed = {path for place in found.locations for path in _blamed(place, rotten)}
    told = tuple(_told(one) for one in rotten if one.path in blamed)
    return replace(
        found,
        source=replace(found.source, errors=(*found.source.errors, *told)),
        locations=tuple(_acquitted(place, rotten) for place in found.locations),
    )


def _sentences(one: Suspect) -> tuple[str, str]:
    return f"{shown(one.path)} {DIFFERS}", f"{one.path} {DIFFERS}"


def _blamed(place: Location, rotten: list[Suspect]) -> list[str]:
    """Return the files for which a location is blamed though it holds the right bytes."""
    errors = set(place.errors)
    return [
        one.path
        for one in rotten
        if place.name in one.good and not errors.isdisjoint(_sentences(one))
    ]


def _acquitted(place: Location, rotten: list[Suspect]) -> Location:
    paths = set(_blamed(place, rotten))
    if not paths:
        return place
    wrong = {text for one in rotten if one.path in paths for text in _sentences(one)}
    sample = place.sample
    if sample is not None:
        sample = replace(sample, bad=max(0, sample.bad - len(paths)))
    return replace(
        place, errors=tuple(error for error in place.errors if error not in wrong), sample=sample
    )


def _told(one: Suspect) -> str:
    return (
        f"{shown(one.path)} has other bytes than before under the same size and time; the good "
        f"ones are in {one.where}: {one.reason}."
    )
