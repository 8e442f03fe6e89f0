"""Media at rest: refreshed by the calendar, obsolete, in pieces, in sets that change places."""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.groups import find_next, install, restress, revive_group, stop_group
from riskmodel._kernels.laws import draw, residual_time
from riskmodel._kernels.parts import forget_sectors, noticed_at, piece_of, something_is_gone
from riskmodel._kernels.records import PART_LOST, UP
from riskmodel._kernels.rng import exponential

_INF = np.inf


@jit
def start_at_rest(P, S):
    """Set all calendars to the start."""
    for k in range(P.formats):
        S.formats[k].written = -1.0
    for c in range(len(P.copies)):
        rest = P.rest[c]
        state = S.rest[c]
        state.refresh_at = rest.refresh if rest.refresh > 0.0 else _INF
        state.turn_at = rest.turn if rest.turn > 0.0 and rest.first_set == c else _INF
        state.newest = 0
        state.obsolete_at = _obsolete_at(P, S, c, 0.0, rest.age)
        S.copies[c].phase = S.copies[rest.first_set].phase
        for p in range(rest.first_piece, rest.first_piece + rest.pieces):
            S.pieces[p].lost = 0
            S.pieces[p].recovered_at = _INF
        S.rest[c].site = P.copies[c].site
    for k in range(len(S.sectors)):
        S.sectors[k].until = -_INF
    for c in range(len(P.copies)):
        if P.rest[c].sets > 1 and P.rest[c].first_set == c:
            arrange(P, S, c)
    look_ahead(P, S)


@jit
def _obsolete_at(P, S, c, t, age):
    """Return when media written at t become unreadable; those of one instant do so at one."""
    rest = P.rest[c]
    law = P.laws[rest.obsolescence]
    if law.count == 0:
        return _INF
    shared = S.formats[rest.format]
    if shared.written != t:
        shared.written = t
        shared.budget = exponential(S.rng)
    return t + residual_time(P.terms, law, age, shared.budget, _INF)


@jit
def renew(P, S, c, t):
    """Give a copy that is written anew at t the readers of its day."""
    if P.rest[c].obsolescence:
        S.rest[c].obsolete_at = _obsolete_at(P, S, c, t, 0.0)
        look_ahead(P, S)


@jit
def look_ahead(P, S):
    """Find the next instant of all media at rest."""
    t = _INF
    for c in range(len(P.copies)):
        state = S.rest[c]
        t = min(t, state.refresh_at, state.obsolete_at, state.turn_at)
    for p in range(P.pieces):
        t = min(t, S.pieces[p].recovered_at)
    S.unit[len(S.unit) - 1] = t


@jit
def fall_due(P, S, t):
    """Let all that is due at t happen, save what has become obsolete."""
    for c in range(len(P.copies)):
        state = S.rest[c]
        if state.turn_at <= t:
            state.turn_at = _next_multiple(P.rest[c].turn, t)
            state.newest = (state.newest + 1) % P.rest[c].sets
            arrange(P, S, c)
        if state.refresh_at <= t:
            state.refresh_at = _next_multiple(P.rest[c].refresh, t)
            _refresh(P, S, c, t)
    for c in range(len(P.copies)):
        rest = P.rest[c]
        for p in range(rest.first_piece, rest.first_piece + rest.pieces):
            if S.pieces[p].recovered_at <= t:
                recover_piece(P, S, c, p, t)
    look_ahead(P, S)


@jit
def _next_multiple(every, t):
    return (math.floor(t / every + 0.5) + 1.0) * every


@jit
def _refresh(P, S, c, t):
    """Replace all media of a copy; dead ones are noticed, and their recovery starts."""
    store = P.stores[c]
    copy = S.copies[c]
    dead = S.rest[c].by_people == 0
    for g in range(store.first_group, store.first_group + store.groups):
        group = P.groups[g]
        dead = dead or S.groups[g].down > group.tolerates
        whole = copy.intact and not S.groups[g].lost
        if whole:
            stop_group(P, S, g, t)
            S.groups[g].down = 0
        for d in range(group.first, group.first + group.drives):
            if whole or S.status[d] == UP:
                install(P, S, d, c, t, 1.0)
        if store.stresses:
            restress(P, S, g, t)
        find_next(P, S, g)
    S.rest[c].obsolete_at = _obsolete_at(P, S, c, t, 0.0)
    if not copy.intact and dead and copy.noticed > t:
        copy.noticed = t
        recovery = P.laws[P.copies[c].recovery]
        S.unit[len(P.groups) + 1 + c] = t + draw(P.terms, recovery, S.rng)
    rest = P.rest[c]
    for p in range(rest.first_piece, rest.first_piece + rest.pieces):
        if S.pieces[p].lost and S.pieces[p].noticed > t:
            _notice_piece(P, S, c, p, t)


@jit
def _notice_piece(P, S, c, p, t):
    S.pieces[p].noticed = t
    S.pieces[p].recovered_at = t + draw(P.terms, P.laws[P.rest[c].piece_recovery], S.rng)


@jit
def lose_piece(P, S, g, t):
    """Lose the piece that a group belongs to; what still works of it runs on.

    Returns
    -------
    bool
        Whether it was the last, so that the whole copy is lost.
    """
    c = P.groups[g].owner
    rest = P.rest[c]
    left = 0
    for p in range(rest.first_piece, rest.first_piece + rest.pieces):
        left += 1 - S.pieces[p].lost
    if left <= 1:
        return True
    k = piece_of(P, c, g)
    first = P.stores[c].first_group + k * rest.piece_groups
    for other in range(first, first + rest.piece_groups):
        stop_group(P, S, other, t)
        S.groups[other].lost = 1
    for other in range(first, first + rest.piece_groups):
        find_next(P, S, other)
    piece = S.pieces[rest.first_piece + k]
    piece.lost = 1
    forget_sectors(P, S, c, k)
    site = S.rest[c].site
    if site >= 0 and S.site_down[site]:
        piece.noticed = t
        piece.recovered_at = _INF
    else:
        piece.noticed = noticed_at(P, S, c, t)
        again = draw(P.terms, P.laws[rest.piece_recovery], S.rng)
        piece.recovered_at = piece.noticed + again
        S.unit[len(S.unit) - 1] = min(S.unit[len(S.unit) - 1], piece.recovered_at)
    if S.tally[PART_LOST] == 0 and something_is_gone(P, S, t):
        S.tally[PART_LOST] = 1
    return False


@jit
def recover_piece(P, S, c, p, t):
    """Put a lost piece back; drives of it that are down are new."""
    rest = P.rest[c]
    S.pieces[p].lost = 0
    S.pieces[p].recovered_at = _INF
    first = P.stores[c].first_group + (p - rest.first_piece) * rest.piece_groups
    for g in range(first, first + rest.piece_groups):
        S.groups[g].lost = 0
        revive_group(P, S, g, t)


@jit
def await_site(P, S, c, t):
    """Let what is missing of a copy wait until its site, now destroyed, has recovered."""
    rest = P.rest[c]
    for p in range(rest.first_piece, rest.first_piece + rest.pieces):
        if S.pieces[p].lost:
            S.pieces[p].noticed = t
            S.pieces[p].recovered_at = _INF


@jit
def return_to_site(P, S, c, t):
    """Put back what is missing of a copy whose site has recovered."""
    rest = P.rest[c]
    for p in range(rest.first_piece, rest.first_piece + rest.pieces):
        if S.pieces[p].lost:
            recover_piece(P, S, c, p, t)


@jit
def arrange(P, S, first):
    """Bring the newest set to the source's site and the others home, if both sites stand."""
    rest = P.rest[first]
    home = P.copies[first].site
    away = rest.source_site
    if away < 0 or away == home or S.site_down[away] or (home >= 0 and S.site_down[home]):
        return
    for k in range(rest.sets):
        S.rest[first + k].site = away if k == S.rest[first].newest else home
