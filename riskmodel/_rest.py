"""What a layout says about media at rest and about getting the data back, settled.

``refresh`` and ``pieces`` may stand at the copy or at its store. Each set of a rotation holds a
whole copy of the data, so the engines play it as a copy of its own that changes places.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskmodel.errors import LayoutError
from riskmodel.lifetimes import Law

if TYPE_CHECKING:
    from collections.abc import Iterator

    from riskmodel.layout import Copy, Layout

__all__ = [
    "expanded",
    "is_alone",
    "live_copy",
    "piece_recovery",
    "pieces_of",
    "refresh_of",
    "rest_keys",
    "rest_numbers",
    "rest_warnings",
    "restore_hours",
    "sets_of",
    "source_site",
    "turn_of",
]


def pieces_of(copy: Copy) -> int:
    """Return in how many pieces a copy comes."""
    return copy.pieces or copy.store.pieces or 1


def refresh_of(copy: Copy) -> float:
    """Return how often all its media are replaced, 0 for never (hours)."""
    return copy.refresh or copy.store.refresh or 0.0


def sets_of(copy: Copy) -> int:
    """Return how many sets of media take turns."""
    return copy.rotation or 1


def expanded(layout: Layout) -> tuple[Copy, ...]:
    """Return the copies, each as often as it has sets."""
    return tuple(copy for copy in layout.copies for _ in range(sets_of(copy)))


def is_alone(layout: Layout) -> bool:
    """Whether nothing else could ever be a source to recover from."""
    return len(layout.copies) == 1 and sets_of(layout.copies[0]) == 1


def live_copy(layout: Layout) -> Copy:
    """Return the copy that people work on: the primary, else what feeds the first copy."""
    by_name = {copy.name: copy for copy in layout.copies}
    for copy in layout.copies:
        if copy.role == "primary":
            return copy
    live, seen = layout.copies[0], set[str]()
    while live.fed is not None and live.name not in seen:
        seen.add(live.name)
        live = by_name[live.fed.source]
    return live


def source_site(layout: Layout, copy: Copy) -> str | None:
    """Return where the source of a copy stands, None if the copy is itself the source."""
    if copy.fed is not None:
        return next(other.site for other in layout.copies if other.name == copy.fed.source)
    live = live_copy(layout)
    return None if live is copy else live.site


def turn_of(copy: Copy) -> float:
    """Return how often the sets of a rotation change places, 0 for never (hours)."""
    every = copy.fed.every if copy.fed is not None else None
    return (every or 0.0) if sets_of(copy) > 1 else 0.0


def piece_recovery(layout: Layout, copy: Copy, whole: Law) -> Law:
    """Return the law of one piece's recovery; what follows from the size takes a piece's share.

    Parameters
    ----------
    whole : Law
        Of the whole copy, as settled.
    """
    pieces = pieces_of(copy)
    if pieces == 1 or whole.fixed is None:
        return whole
    if copy.recovery is None:
        wait = layout.stand_ins().replacement_wait
        return Law(fixed=wait + (whole.fixed - wait) / pieces)
    return Law(fixed=whole.fixed / pieces) if copy.recovery.bandwidth is not None else whole


def restore_hours(layout: Layout, copy: Copy) -> float | None:
    """Return how long a user waits for the data from this copy, None if it is not said.

    Returns
    -------
    float or None
        [h]

    Raises
    ------
    LayoutError
        If a bandwidth is given and no size.
    """
    restore = copy.restore
    if restore is None or (restore.bandwidth is None and restore.wait is None):
        return None
    moving = 0.0
    if restore.bandwidth is not None:
        if layout.size is None:
            raise LayoutError(f"copies.{copy.name}.restore: a bandwidth needs the layout's size")
        moving = layout.size / restore.bandwidth
    return (restore.wait or 0.0) + moving


def rest_numbers(layout: Layout, copy: Copy) -> dict[str, float]:
    """Return what the engine's record of a copy at rest holds, laws and places in lists aside."""
    site = source_site(layout, copy)
    hours = restore_hours(layout, copy)
    return {
        "refresh": refresh_of(copy),
        "age": layout.medium(copy.store.media).age or 0.0,
        "pieces": pieces_of(copy),
        "piece_groups": copy.store.group_count,
        "sets": sets_of(copy),
        "source_site": -1 if site is None else list(layout.sites).index(site),
        "turn": turn_of(copy),
        "restore": math.inf if hours is None else hours,
    }


def rest_keys(layout: Layout) -> tuple[str, ...]:
    """Return the keys about media at rest and restoring that the layout sets."""
    found = []
    for copy in layout.copies:
        said = {
            "refresh": refresh_of(copy) > 0.0,
            "pieces": pieces_of(copy) > 1,
            "rotation": sets_of(copy) > 1,
            "restore": copy.restore is not None,
        }
        found += [f"copies.{copy.name}.{key}" for key, there in said.items() if there]
    media = dict.fromkeys(copy.store.media for copy in layout.copies)
    found += [f"media.{name}.obsolescence" for name in media if layout.medium(name).obsolescence]
    return tuple(found)


def rest_warnings(layout: Layout) -> Iterator[str]:
    """Say what a copy in pieces is, and what was taken for granted about sets in turn."""
    for copy in layout.copies:
        if pieces_of(copy) > 1:
            yield (
                f"copies.{copy.name}.pieces: everything is lost with the last of its "
                f"{pieces_of(copy)} pieces; a dead one is something lost, which method events "
                "counts"
            )
        if sets_of(copy) == 1:
            continue
        if source_site(layout, copy) is None:
            yield f"copies.{copy.name}.rotation: its source has no site: all sets lie at the copy's"
        elif turn_of(copy) == 0.0:
            yield (
                f"copies.{copy.name}.rotation: without fed.every the sets never change places: "
                "the first stays at the source's site"
            )
