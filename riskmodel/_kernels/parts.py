"""Parts of a copy that are lost while the rest of it lives: sectors, and whole pieces.

A copy of n pieces holds the data as n equal intervals of [0, 1), in order; a sector is a point of
it. Something is lost for good when one place is missing on every copy.
"""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.laws import draw
from riskmodel._kernels.records import INTACT, PART_LOST, SECTORS
from riskmodel._kernels.rng import uniform

_INF = np.inf


@jit
def noticed_at(P, S, c, t):
    """Return when what copy c loses at t is noticed, its site standing."""
    every = P.copies[c].check_every
    if every == 0.0:
        return t
    if every == _INF:
        return _INF
    phase = S.copies[c].phase
    return phase + (math.floor((t - phase) / every) + 1.0) * every


@jit
def piece_of(P, c, g):
    """Return which piece of its copy a group belongs to."""
    return (g - P.stores[c].first_group) // P.rest[c].piece_groups


@jit
def _piece_at(place, pieces):
    return min(int(place * pieces), pieces - 1)


@jit
def lose_part(P, S, g, t):
    """Lose one sector of a group's copy; it heals from another copy that holds it until then."""
    c = P.groups[g].owner
    copy = S.copies[c]
    if not P.in_pieces:
        if S.tally[INTACT] == 1:
            S.tally[PART_LOST] = 1
        else:
            healed = t + draw(P.terms, P.laws[P.copies[c].recovery], S.rng)
            copy.part_until = max(copy.part_until, healed)
        return
    place = (piece_of(P, c, g) + uniform(S.rng)) / P.rest[c].pieces
    healed = t + draw(P.terms, P.laws[P.copies[c].recovery], S.rng)
    first = c * SECTORS
    at = first
    for k in range(first + 1, first + SECTORS):
        if S.sectors[k].until < S.sectors[at].until:
            at = k
    S.sectors[at].place = place
    S.sectors[at].until = healed
    if _sector_is_gone(P, S, c, place):
        S.tally[PART_LOST] = 1


@jit
def forget_parts(P, S, c):
    """Lose the whole copy, and with it what was missing of it."""
    S.copies[c].part_until = -_INF
    if not P.in_pieces:
        return
    rest = P.rest[c]
    if rest.pieces > 1:
        store = P.stores[c]
        for p in range(rest.first_piece, rest.first_piece + rest.pieces):
            S.pieces[p].lost = 0
            S.pieces[p].recovered_at = _INF
        for g in range(store.first_group, store.first_group + store.groups):
            S.groups[g].lost = 0
    for k in range(c * SECTORS, (c + 1) * SECTORS):
        S.sectors[k].until = -_INF


@jit
def forget_sectors(P, S, c, piece):
    """Forget the sectors that are missing of a piece: all of it is lost now."""
    pieces = P.rest[c].pieces
    for k in range(c * SECTORS, (c + 1) * SECTORS):
        if _piece_at(S.sectors[k].place, pieces) == piece:
            S.sectors[k].until = -_INF


@jit
def something_is_gone(P, S, t):
    """Whether some place in the data is missing on every copy, one of them being intact."""
    if not P.in_pieces:
        if S.tally[INTACT] != 1:
            return False
        for c in range(len(S.copies)):
            if S.copies[c].intact:
                return S.copies[c].part_until > t
        return False
    for c in range(len(P.copies)):
        if not S.copies[c].intact:
            continue
        rest = P.rest[c]
        for piece in range(rest.pieces):
            if rest.pieces > 1 and S.pieces[rest.first_piece + piece].lost:
                if _piece_is_gone(P, S, c, piece):
                    return True
        for k in range(c * SECTORS, (c + 1) * SECTORS):
            if S.sectors[k].until > t and _sector_is_gone(P, S, c, S.sectors[k].place):
                return True
    return False


@jit
def _piece_is_gone(P, S, owner, piece):
    """Whether the place where a lost piece begins is missing on every other copy too.

    Where missing intervals of several copies meet, they do so at the beginning of one of them.
    """
    for c in range(len(P.copies)):
        if c == owner or not S.copies[c].intact:
            continue
        rest = P.rest[c]
        if rest.pieces == 1:
            return False
        there = piece * rest.pieces // P.rest[owner].pieces
        if not S.pieces[rest.first_piece + there].lost:
            return False
    return True


@jit
def _sector_is_gone(P, S, owner, place):
    for c in range(len(P.copies)):
        if c == owner or not S.copies[c].intact:
            continue
        rest = P.rest[c]
        if rest.pieces == 1:
            return False
        if not S.pieces[rest.first_piece + _piece_at(place, rest.pieces)].lost:
            return False
    return True
