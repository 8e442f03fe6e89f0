"""How copies are lost: to their drives, to what strikes their media, to people."""

from __future__ import annotations

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.groups import find_next, stop_rebuilds
from riskmodel._kernels.parts import forget_parts, noticed_at
from riskmodel._kernels.records import DOWN, INTACT, UP
from riskmodel._kernels.rest import lose_piece
from riskmodel._kernels.threats import follow, settle_keys
from riskmodel._kernels.weights import draw_long

_INF = np.inf


@jit
def _mark_lost(P, S, c, t, seen):
    copy = S.copies[c]
    copy.intact = 0
    S.rest[c].by_people = 0
    forget_parts(P, S, c)
    S.tally[INTACT] -= 1
    at = len(P.groups) + 1 + c
    site = S.rest[c].site
    if site >= 0 and S.site_down[site]:
        copy.noticed = t
        S.unit[at] = _INF
        return
    copy.noticed = t if seen else noticed_at(P, S, c, t)
    S.unit[at] = copy.noticed + draw_long(P, S, P.copies[c].recovery)


@jit
def lose_as_it_is(P, S, c, t, seen):
    """Lose a copy whose drives stay as they are; rebuilds stop."""
    stop_rebuilds(P, S, c, t)
    _mark_lost(P, S, c, t, seen)
    store = P.stores[c]
    for g in range(store.first_group, store.first_group + store.groups):
        find_next(P, S, g)


@jit
def lose_group(P, S, g, t):
    """Lose what a group holds: a piece of its copy, or all of it; tell whether it was all."""
    c = P.groups[g].owner
    if P.rest[c].pieces > 1 and not lose_piece(P, S, g, t):
        return False
    lose_copy(P, S, c, t)
    return True


@jit
def kill_copy(P, S, c, t, seen):
    """Lose a copy with all its drives; a loss not noticed before may be noticed by it."""
    store = P.stores[c]
    for g in range(store.first_group, store.first_group + store.groups):
        group = P.groups[g]
        S.groups[g].down = group.drives
        for d in range(group.first, group.first + group.drives):
            if S.status[d] == UP:
                S.status[d] = DOWN
                S.drives[d].spare = -1
            S.clock[d] = _INF
        S.unit[g] = _INF
    stop_rebuilds(P, S, c, t)
    copy = S.copies[c]
    if copy.intact:
        _mark_lost(P, S, c, t, seen)
    elif seen and copy.noticed > t:
        copy.noticed = t
        S.unit[len(P.groups) + 1 + c] = t + draw_long(P, S, P.copies[c].recovery)


@jit
def _lose_marked(P, S, t):
    """Lose what a threat or a lost key took; its drives stay as they are."""
    for c in range(len(P.copies)):
        point = S.points[c]
        if not point.lose:
            continue
        point.lose = 0
        lose_as_it_is(P, S, c, t, True)
        S.rest[c].by_people = 1
        site = S.rest[c].site
        if site < 0 or not S.site_down[site]:
            at = len(P.groups) + 1 + c
            S.unit[at] = point.noticed + (S.unit[at] - t)
            S.copies[c].noticed = point.noticed


@jit
def settle_people(P, S, t):
    """See what an event at t means for keys, feeds and what people lose."""
    if P.people:
        settle_keys(P, S, t)
        _lose_marked(P, S, t)
        follow(P, S, t)


@jit
def lose_copy(P, S, c, t):
    """Lose a copy to its own drives: those still working run on."""
    lose_as_it_is(P, S, c, t, False)
    settle_people(P, S, t)
