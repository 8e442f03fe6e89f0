"""Chances thrown with a bias, the likelihood ratio kept; without a bias, plain ones."""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.errors import advance_errors, any_error
from riskmodel._kernels.laws import draw, residual_time
from riskmodel._kernels.records import (
    AS_THEY_FALL,
    CLEAN,
    DEFECTIVE,
    FIXED,
    LAW_PLAYED,
    LOG_WEIGHT,
    TILTED_LAW,
    TRUE_LAW,
    UNKNOWN,
    UP,
)
from riskmodel._kernels.rng import exponential, uniform

_INF = np.inf
_MOST_TRIES = 1000


@jit
def coin(S, chance, floor):
    """Throw a coin; while importance is sampled, with a chance of at least the floor."""
    if floor <= chance or chance <= 0.0:
        return uniform(S.rng) < chance
    if uniform(S.rng) < (chance if S.weight[AS_THEY_FALL] else floor):
        S.weight[LOG_WEIGHT] += math.log(chance / floor)
        return True
    S.weight[LOG_WEIGHT] += math.log1p(-chance) - math.log1p(-floor)
    return False


@jit
def draw_long(P, S, law):
    """Draw a gap in which more can be lost; while importance is sampled, longer ones more often.

    The hazard to be spent is half the time a gamma variable of shape 2, which makes an exponential
    time length-biased.
    """
    row = P.laws[law]
    if S.weight[LAW_PLAYED] != TILTED_LAW or row.count == 0 or P.terms[row.first].kind == FIXED:
        return draw(P.terms, row, S.rng)
    budget = exponential(S.rng)
    if uniform(S.rng) < 0.5 and not S.weight[AS_THEY_FALL]:
        budget += exponential(S.rng)
    S.weight[LOG_WEIGHT] -= math.log(0.5 + 0.5 * budget)
    return residual_time(P.terms, row, 0.0, budget, _INF)


@jit
def meets_error(P, S, g, t):
    """Whether a working drive of a bare group carries an error, which loses the copy.

    While importance is sampled, the chance of it is computed and a biased coin thrown.
    """
    if S.weight[LAW_PLAYED] == TRUE_LAW:
        return any_error(P, S, g, t)
    group = P.groups[g]
    clean = 1.0
    for d in range(group.first, group.first + group.drives):
        if S.status[d] == UP:
            clean *= 1.0 - _error_chance(P, S, d, group.owner, t)
    if clean == 1.0 or not coin(S, 1.0 - clean, S.floor[group.owner]):
        _call_clean(P, S, g, t)
        return False
    left = uniform(S.rng) * (1.0 - clean)
    for d in range(group.first, group.first + group.drives):
        if S.status[d] != UP:
            continue
        chance = _error_chance(P, S, d, group.owner, t)
        if left < chance:
            _call_defective(P, S, d, group.owner, t)
            break
        # this one is clean; what is left of the lot is to be shared by the others
        left = (left - chance) / (1.0 - chance)
        if S.drives[d].error == UNKNOWN:
            S.drives[d].error_next = t
    return True


@jit
def _error_chance(P, S, d, c, t):
    """Return the chance that a working drive carries an error at t."""
    drive = S.drives[d]
    if drive.error != UNKNOWN:
        return 1.0 if advance_errors(P, S, d, c, t) else 0.0
    store = P.stores[c]
    age = t - drive.error_next
    if store.scrub_every > 0.0:
        age = min(age, t - math.floor(t / store.scrub_every) * store.scrub_every)
    if store.error_ages == 0:
        return -math.expm1(-age / store.latent_mean)
    return _error_chance_at(P, store, age)


@jit
def _call_clean(P, S, g, t):
    group = P.groups[g]
    for d in range(group.first, group.first + group.drives):
        drive = S.drives[d]
        if S.status[d] == UP and drive.error == UNKNOWN:
            drive.error_next = t


@jit
def forget_errors(P, S, g, t):
    """Keep of clean drives only that they are clean at t, so that chances can be computed later."""
    if S.weight[LAW_PLAYED] == TRUE_LAW:
        return
    group = P.groups[g]
    for d in range(group.first, group.first + group.drives):
        drive = S.drives[d]
        if S.status[d] == UP and drive.error == CLEAN:
            drive.error = UNKNOWN
            drive.error_next = t


@jit
def _call_defective(P, S, d, c, t):
    """Give a drive an error at t, and the time of its clearing."""
    drive = S.drives[d]
    store = P.stores[c]
    if drive.error == DEFECTIVE:
        return
    drive.error = DEFECTIVE
    if store.scrub_every > 0.0:
        drive.error_next = (math.floor(t / store.scrub_every) + 1.0) * store.scrub_every
    elif store.error_ages == 0:
        drive.error_next = _INF
    else:
        age = _draw_error_age(P, S, store, t - drive.error_next)
        rest = residual_time(P.terms, P.laws[store.scrub], age, exponential(S.rng), _INF)
        drive.error_next = t + rest


@jit
def _error_chance_at(P, store, age):
    """Return the chance that a drive carries an error a time after it was clean, from the table."""
    place = age / store.error_age_step
    last = store.error_ages - 1
    if place >= last:
        return P.error_ages[store.first_error_age + last, 0]
    k = int(place)
    at = store.first_error_age + k
    low = P.error_ages[at, 0]
    return low + (place - k) * (P.error_ages[at + 1, 0] - low)


@jit
def _draw_error_age(P, S, store, clean_since):
    """Draw how long an error has been there: it arose on a clean drive and was not cleared.

    The second column of the table is the integral of the scrub's survival.
    """
    first = store.first_error_age
    last = store.error_ages - 1
    place = min(clean_since / store.error_age_step, float(last))
    top = min(int(place) + 1, last)
    below = P.error_ages[first + top - 1, 1]
    most = below + (place - (top - 1.0)) * (P.error_ages[first + top, 1] - below)
    age = 0.0
    for _ in range(_MOST_TRIES):
        level = uniform(S.rng) * most
        low = 0
        high = top
        while high - low > 1:
            middle = (low + high) // 2
            if P.error_ages[first + middle, 1] <= level:
                low = middle
            else:
                high = middle
        here = P.error_ages[first + low, 1]
        rise = P.error_ages[first + high, 1] - here
        share = (level - here) / rise if rise > 0.0 else 0.0
        age = min((low + share) * store.error_age_step, clean_since)
        if uniform(S.rng) >= _error_chance_at(P, store, clean_since - age):
            break
    return age
