"""What a threat is likely to take from a layout that is whole: a guess that steers excursions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.lifetimes import Term, cumulative_hazard_of

if TYPE_CHECKING:
    from riskmodel._kernels.records import Program

__all__ = ["threat_outcomes"]


def threat_outcomes(
    program: Program, source: Any, targets: Any, noticed: list[Term]
) -> list[tuple[int, float]]:
    """Return which copies one blow takes, as masks, with the chances.

    Parameters
    ----------
    program : Program
        A compiled layout.
    source, targets : record
        The threat, and whom it reaches.
    noticed : list of Term
        Law of the time until it is noticed; none if at once.
    """
    from riskmodel._kernels import records

    reached = [int(target["index"]) for target in targets]
    if source["kind"] == records.THREAT_COPIES:
        return [(sum(1 << c for c in reached), 1.0)]
    if source["kind"] == records.THREAT_PERSON:
        return [(_only_held_by(program, reached[0]), 1.0)]
    taken = reached if source["takes_over"] else []
    return _nested(_time_to_lose(program, reached, taken), noticed)


def _only_held_by(program: Program, person: int) -> int:
    from riskmodel._kernels import records

    mask = 0
    for k, key in enumerate(program.keys):
        holders = program.holders[key["first"] : key["first"] + key["count"]]
        if all(h["kind"] == records.PERSON_HOLDS and h["index"] == person for h in holders):
            mask |= sum(1 << c for c, feed in enumerate(program.feeds) if feed["key"] == k)
    return mask


def _time_to_lose(program: Program, reached: list[int], taken: list[int]) -> dict[int, float]:
    """Return how long damage must stay unseen to take each copy, a run falling half way."""
    kept = [float(feed["locked" if c in taken else "kept"]) for c, feed in enumerate(program.feeds)]
    spoilt = dict.fromkeys(reached, 0.0)
    for _ in program.feeds:
        for c, feed in enumerate(program.feeds):
            if int(feed["source"]) in spoilt and c not in spoilt:
                spoilt[c] = spoilt[int(feed["source"])] + 0.5 * feed["every"] + feed["lag"]
    return {
        c: max(time, kept[c] - 0.5 * float(program.feeds[c]["every"])) for c, time in spoilt.items()
    }


def _nested(needed: dict[int, float], noticed: list[Term]) -> list[tuple[int, float]]:
    """Return the sets taken by how late it is noticed: each holds those before it."""
    times = sorted(set(needed.values()))
    if not noticed:
        beyond = [1.0 if time == 0.0 else 0.0 for time in times]
    else:
        beyond = [math.exp(-float(cumulative_hazard_of(noticed, np.array(t)))) for t in times]
    found = []
    for k, time in enumerate(times):
        later = beyond[k + 1] if k + 1 < len(times) else 0.0
        mask = sum(1 << c for c, own in needed.items() if own <= time)
        found.append((mask, beyond[k] - later))
    return found
