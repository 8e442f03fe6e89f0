"""What happens in a history, in words, and how everything came to be lost, in a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel._replay import Change

__all__ = ["sentence", "words"]


def words(
    one: Change, names: list[str], sites: list[str], causes: tuple[str, ...]
) -> tuple[str, str, str] | None:
    """Return kind, place and words of a change; None for what is only a matter of the engine."""
    cause = causes[one.cause] if one.cause >= 0 else ""
    name = names[one.index] if one.index >= 0 and "site" not in one.kind else ""
    if one.kind in ("drive failed", "drive back"):
        said = "a drive fails" if one.kind == "drive failed" else "the drive is replaced"
        return one.kind, name, f"{said} in {name}"
    if one.kind in ("piece lost", "piece back"):
        said = "loses a piece" if one.kind == "piece lost" else "has the piece again"
        return one.kind, name, f"{name} {said}"
    if one.kind == "latent error":
        return one.kind, name, f"a sector of {name} cannot be read"
    if one.kind == "lost":
        said = f"is lost: {cause}" if cause else "never worked: nothing can be restored from it"
        return one.kind, name, f"{name} {said}{_seen(one)}"
    if one.kind == "back":
        return one.kind, name, f"{name} is whole again"
    if one.kind in ("site down", "site back"):
        site = sites[one.index]
        said = (
            f"{site} is destroyed: {cause}" if one.kind == "site down" else f"{site} stands again"
        )
        return one.kind, site, said
    at_large = {
        "blow": ("struck", f"{cause} strikes"),
        "rolled back": ("rolled back", f"work of {format_hours(one.value)} is lost"),
        "part lost": ("part lost", "something is lost for good"),
        "all lost": ("all lost", "no copy is left"),
    }
    if one.kind not in at_large:
        return None
    kind, said = at_large[one.kind]
    return kind, "", said


def _seen(one: Change) -> str:
    if one.value == math.inf:
        return ", which no check is to notice"
    if one.value > one.time:
        return f", to be noticed {format_hours(one.value - one.time)} later"
    return ""


def sentence(
    changes: tuple[Change, ...], names: list[str], causes: tuple[str, ...], horizon: float
) -> str:
    """Tell how everything was lost: what took each copy for the last time, and when."""
    if not changes or changes[-1].kind != "all lost":
        return f"Nothing was lost for ever within {format_hours(horizon)}: a copy was always left."
    last = {one.index: one for one in changes if one.kind == "lost"}
    order = sorted(last.values(), key=lambda one: one.time)
    parts: list[str] = []
    before = 0.0
    for time, cause in dict.fromkeys((one.time, one.cause) for one in order):
        taken = [names[c] for c, one in last.items() if (one.time, one.cause) == (time, cause)]
        who = " and ".join([", ".join(taken[:-1]), taken[-1]] if taken[1:] else taken)
        if cause < 0:
            parts.append(f"{who} never worked")
            continue
        gap = format_hours(time - before)
        when = f"{gap} later" if before else f"after {gap}"
        before = time
        parts.append(f"{when} {causes[cause]} took {who}")
    first, *others = parts
    told = "; ".join([first[0].upper() + first[1:], *others])
    return f"{told}. Then no copy was left."
