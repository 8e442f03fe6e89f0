"""A trial of the events engine told as a list: what its state shows to have happened."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from riskmodel._kernels.records import Program, State

__all__ = ["Change", "first_loss", "hurried", "replayed"]

_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class Change:
    """What changed at an instant.

    Parameters
    ----------
    time : float
        [h]
    kind : str
        ``"blow"`` (a source struck), ``"drive failed"``, ``"drive back"``, ``"latent error"``,
        ``"piece lost"``, ``"piece back"``, ``"lost"``, ``"back"``, ``"site down"``,
        ``"site back"``, ``"rolled back"``, ``"part lost"`` or ``"all lost"``.
    index : int
        Of the copy or the site; -1 for neither.
    cause : int
        That of the blow of this instant, -1 without one.
    value : float
        When a loss is noticed, as far as is known then; how much work was rolled back. [h]
    """

    time: float
    kind: str
    index: int = -1
    cause: int = -1
    value: float = math.nan


def first_loss(program: Program, seed: int, most: int) -> int | None:
    """Return the first trial of a seed in which everything is lost; None if none of ``most`` is."""
    from riskmodel._kernels.events import run_trials
    from riskmodel._kernels.state import make_state

    state = make_state(program)

    def lost(first: int, count: int) -> bool:
        totals, bins = np.zeros(8, np.int64), np.zeros(1, np.int64)
        run_trials(program, state, seed, first, count, totals, np.zeros(program.causes, np.int64),
                   bins)  # fmt: skip
        return bool(totals[1])

    first, size = 0, 64
    while first < most:
        count = min(size, most - first)
        if lost(first, count):
            while count > 1:  # the first of them lies in one half or the other
                half = count // 2
                if lost(first, half):
                    count = half
                else:
                    first, count = first + half, count - half
            return first
        first, size = first + count, min(2 * size, _CHUNK)
    return None


def hurried(program: Program, times: int) -> Program:
    """Return a program in which all that strikes, fails or arises comes so many times as often.

    A law is a sum of hazards: a lifetime that names each of its terms so often has so many times
    the hazard at every age, whatever its kind.
    """
    stores, terms, laws = program.stores.copy(), [program.terms], [program.laws]
    first, row = len(program.terms), len(program.laws)
    for store in stores:
        law = program.laws[store["lifetime"]]
        own = np.tile(program.terms[law["first"] : law["first"] + law["count"]], times)
        new = program.laws[:1].copy()
        new["first"], new["count"] = first, len(own)
        terms.append(own)
        laws.append(new)
        store["lifetime"] = row
        store["hazard_start"] *= times
        store["hazard_new"] *= times
        store["latent_mean"] /= times
        first, row = first + len(own), row + 1
    return program._replace(
        stores=stores,
        terms=np.concatenate(terms),
        laws=np.concatenate(laws),
        source_rate=program.source_rate * times,
    )


def replayed(program: Program, seed: int, trial: int) -> Iterator[Change]:
    """Play one trial up to its first total loss or the horizon, and tell what changes."""
    from riskmodel._kernels.records import INTACT
    from riskmodel._kernels.replay import run_step
    from riskmodel._kernels.state import make_state

    state, found = make_state(program), np.zeros(2)
    run_step(program, state, seed, trial, True, found)
    before = _all_well(program, state)
    after = _seen(state)
    yield from _changes(program, before, after, 0.0, -1)
    while state.tally[INTACT] > 0:
        before = after
        run_step(program, state, seed, trial, False, found)
        if found[0] == math.inf:
            return
        after = _seen(state)
        cause = int(found[1])
        yield from _changes(program, before, after, float(found[0]), cause)
    yield Change(float(found[0]), "all lost", cause=int(found[1]))


_Seen = dict[str, Any]


def _seen(state: State) -> _Seen:
    from riskmodel._kernels.records import PART_LOST, ROLLBACK

    return {
        "status": state.status.copy(),
        "error": state.drives["error"].copy(),
        "pieces": state.pieces["lost"].copy(),
        "intact": state.copies["intact"].copy(),
        "noticed": state.copies["noticed"].copy(),
        "site_down": state.site_down.copy(),
        "part": int(state.tally[PART_LOST]),
        "rollback": float(state.work[ROLLBACK]),
    }


def _all_well(program: Program, state: State) -> _Seen:
    from riskmodel._kernels.records import CLEAN, UP

    seen = _seen(state)
    seen["status"][:], seen["error"][:], seen["intact"][:] = UP, CLEAN, 1
    seen["pieces"][:], seen["site_down"][:], seen["part"], seen["rollback"] = 0, 0, 0, 0.0
    return seen


def _changes(
    program: Program, before: _Seen, after: _Seen, time: float, cause: int
) -> Iterator[Change]:
    from riskmodel._kernels.records import DEFECTIVE, UP

    def differ(what: str) -> Any:
        return np.flatnonzero(before[what] != after[what])

    if cause >= 3 * len(program.copies):
        yield Change(time, "blow", cause=cause)
    for s in differ("site_down"):
        if s < len(program.sites):
            kind = "site down" if after["site_down"][s] else "site back"
            yield Change(time, kind, int(s), cause)
    owner = _owners(program)
    for d in differ("status"):
        if (before["status"][d] == UP) != (after["status"][d] == UP):
            kind = "drive back" if after["status"][d] == UP else "drive failed"
            yield Change(time, kind, int(owner[d]), cause)
    for d in differ("error"):
        if after["error"][d] == DEFECTIVE:
            yield Change(time, "latent error", int(owner[d]), cause)
    for p in differ("pieces"):
        c = int(np.searchsorted(program.rest["first_piece"], p, side="right")) - 1
        yield Change(time, "piece lost" if after["pieces"][p] else "piece back", c, cause)
    for c in range(len(program.copies)):
        if before["intact"][c] != after["intact"][c]:
            kind = "back" if after["intact"][c] else "lost"
            yield Change(time, kind, c, cause, float(after["noticed"][c]))
        elif not after["intact"][c] and before["noticed"][c] != after["noticed"][c]:
            yield Change(time, "noticed", c, cause, float(after["noticed"][c]))
    if after["rollback"] > before["rollback"]:
        yield Change(time, "rolled back", cause=cause, value=after["rollback"])
    if after["part"] > before["part"]:
        yield Change(time, "part lost", cause=cause)


def _owners(program: Program) -> Any:
    return np.repeat(program.groups["owner"], program.groups["drives"])
