"""One RAID group: drives fail, are rebuilt, carry latent errors. The inner loop of `events`."""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.errors import advance_errors, any_error
from riskmodel._kernels.laws import draw, residual_time
from riskmodel._kernels.parts import lose_part
from riskmodel._kernels.plain import is_plain, run_plain, start_drives
from riskmodel._kernels.records import (
    CLEAN,
    DOWN,
    LOST_TO_FAILURES,
    LOST_TO_LATENT_ERROR,
    LOST_TO_REBUILD_ERROR,
    NOTHING,
    REBUILDING,
    UNKNOWN,
    UP,
    WAITING,
)
from riskmodel._kernels.rng import exponential, uniform
from riskmodel._kernels.weights import coin, draw_long, forget_errors, meets_error

_INF = np.inf


@jit
def start_group(P, S, g):
    """Put the first drives of a group to work."""
    group = P.groups[g]
    store = P.stores[group.owner]
    copy = S.copies[group.owner]
    state = S.groups[g]
    first = group.first
    last = first + group.drives
    state.down = 0
    state.busy_until = -_INF
    state.lost = 0
    if store.spares > 0 or store.latent_mean > 0.0:
        for drive in S.drives[first:last]:
            drive.error = UNKNOWN
            drive.error_next = 0.0
            drive.spare = -1
    t, who = start_drives(
        P.terms,
        P.laws[store.lifetime],
        S.rng,
        S.clock[first:last],
        S.status[first:last],
        S.born[first:last],
        store.age,
        copy.frailty,
        copy.survive_start,
        P.horizon,
    )
    state.next = first + who
    S.unit[g] = t
    if store.while_rebuilding and group.tolerates == 0:
        find_next(P, S, g)  # an error is as bad as a failure from the start


@jit
def stress_factor(P, store, down):
    """Factor on the hazard of a group's working drives while some are down."""
    if store.stresses == 0 or down == 0:
        return 1.0
    return P.stress[store.first_stress + min(down, store.stresses) - 1]


@jit
def install(P, S, d, c, t, factor):
    """Put a new drive to work."""
    store = P.stores[c]
    copy = S.copies[c]
    drive = S.drives[d]
    S.status[d] = UP
    S.born[d] = t
    if store.latent_mean > 0.0:
        drive.error = UNKNOWN
        drive.error_next = t
    u = uniform(S.rng)
    if factor == 1.0 and u <= copy.survive_new:
        S.clock[d] = _INF
        return
    budget = -math.log(u) / (copy.frailty * factor)
    law = P.laws[store.lifetime]
    S.clock[d] = t + residual_time(P.terms, law, 0.0, budget, P.horizon - t)


@jit
def restress(P, S, g, t):
    """Draw the working drives' failures anew after the stress has changed, at unchanged age.

    Given survival so far, the hazard still to be spent is a unit exponential again.
    """
    group = P.groups[g]
    store = P.stores[group.owner]
    scale = S.copies[group.owner].frailty * stress_factor(P, store, S.groups[g].down)
    law = P.laws[store.lifetime]
    for d in range(group.first, group.first + group.drives):
        if S.status[d] == UP:
            budget = exponential(S.rng) / scale
            age = t - S.born[d]
            S.clock[d] = t + residual_time(P.terms, law, age, budget, P.horizon - t)


@jit
def start_rebuild(P, S, g, d, t):
    """Schedule the rebuild of a drive that failed at t; its clock waits for part and turn."""
    c = P.groups[g].owner
    store = P.stores[c]
    drive = S.drives[d]
    group = S.groups[g]
    if P.laws[store.rebuild].count == 0 or group.lost:
        S.status[d] = DOWN
        S.clock[d] = _INF
        return
    start = t
    drive.spare = -1
    if store.spares > 0:
        at = store.first_spare
        for k in range(store.first_spare + 1, store.first_spare + store.spares):
            if S.spares[k] < S.spares[at]:
                at = k
        start = max(t, S.spares[at])
        S.spares[at] = start + draw(P.terms, P.laws[store.spare_wait], S.rng)
        drive.spare = at
    elif store.spares == 0:
        start = t + draw(P.terms, P.laws[store.spare_wait], S.rng)
    spare_at = start
    if store.serial:
        start = max(start, group.busy_until)
    drive.start = spare_at
    drive.rebuild_end = start + draw_long(P, S, store.rebuild)
    group.busy_until = drive.rebuild_end
    drive.bare = group.down == P.groups[g].tolerates
    if start > t and store.rebuild_error > 0.0:
        S.status[d] = WAITING
        # behind a rebuild that ends at this very instant
        S.clock[d] = np.nextafter(start, _INF)
    else:
        S.status[d] = REBUILDING
        S.clock[d] = drive.rebuild_end


@jit
def stop_rebuilds(P, S, c, t):
    """Stop the rebuilds of a lost copy."""
    store = P.stores[c]
    for g in range(store.first_group, store.first_group + store.groups):
        stop_group(P, S, g, t)


@jit
def stop_group(P, S, g, t):
    """Stop the rebuilds of a group; spares on their way to it stay spares."""
    group = P.groups[g]
    spares = P.stores[group.owner].spares
    S.groups[g].busy_until = -_INF
    for d in range(group.first, group.first + group.drives):
        drive = S.drives[d]
        if S.status[d] == UP:
            continue
        if spares > 0 and drive.spare >= 0 and drive.start > t:
            S.spares[drive.spare] = min(S.spares[drive.spare], drive.start)
        S.status[d] = DOWN
        drive.spare = -1
        S.clock[d] = _INF


@jit
def revive_group(P, S, g, t):
    """Make a lost group whole: drives that are down are new, the others keep age and error."""
    group = P.groups[g]
    c = group.owner
    store = P.stores[c]
    state = S.groups[g]
    if state.down > 0:
        state.down = 0
        for d in range(group.first, group.first + group.drives):
            if S.status[d] != UP:
                install(P, S, d, c, t, 1.0)
        if store.stresses:
            restress(P, S, g, t)
    state.busy_until = -_INF
    if store.while_rebuilding:
        for d in range(group.first, group.first + group.drives):
            advance_errors(P, S, d, c, t)
    find_next(P, S, g)


@jit
def find_next(P, S, g):
    """Find the group's next instant. ``next`` is a drive, or -1 - drive for its latent error."""
    group = P.groups[g]
    clock = S.clock
    first = group.first
    t = clock[first]
    who = first
    for d in range(first + 1, first + group.drives):
        if clock[d] < t:
            t = clock[d]
            who = d
    store = P.stores[group.owner]
    if store.while_rebuilding and S.groups[g].down == group.tolerates:
        if S.copies[group.owner].intact and not S.groups[g].lost:
            for d in range(first, first + group.drives):
                drive = S.drives[d]
                if S.status[d] == UP:
                    if drive.error == UNKNOWN:
                        drive.error = CLEAN
                        drive.error_next += store.latent_mean * exponential(S.rng)
                    if drive.error_next < t:
                        t = drive.error_next
                        who = -1 - d
    S.groups[g].next = who
    S.unit[g] = t


@jit
def run_group(P, S, g, limit):
    """Run one group until its next instant lies beyond the limit, or its copy is lost."""
    if is_plain(P, S, P.groups[g].owner):
        return run_plain(P, S, g, limit)
    while S.unit[g] <= limit:
        outcome = step_group(P, S, g)
        if outcome != NOTHING:
            return outcome
        find_next(P, S, g)
    return NOTHING


@jit
def step_group(P, S, g):
    """Let the group's next event happen; what comes after it is not looked for."""
    c = P.groups[g].owner
    store = P.stores[c]
    state = S.groups[g]
    t = S.unit[g]
    d = state.next
    if d < 0:
        arises = S.drives[-1 - d].error == CLEAN
        advance_errors(P, S, -1 - d, c, t)
        if arises:
            if store.whole:
                return LOST_TO_LATENT_ERROR
            lose_part(P, S, g, t)
    elif S.status[d] == UP:
        return _fail(P, S, g, d, t)
    elif S.status[d] == WAITING:
        drive = S.drives[d]
        drive.bare = state.down == P.groups[g].tolerates
        S.status[d] = REBUILDING
        S.clock[d] = drive.rebuild_end
    else:
        if store.while_rebuilding and state.down == P.groups[g].tolerates:
            forget_errors(P, S, g, t)
        state.down -= 1
        install(P, S, d, c, t, stress_factor(P, store, state.down))
        if store.stresses:
            restress(P, S, g, t)
        if store.rebuild_error > 0.0 and S.drives[d].bare:
            if store.whole:
                if coin(S, store.rebuild_error, S.floor[c]):
                    return LOST_TO_REBUILD_ERROR
            elif uniform(S.rng) < store.rebuild_error:
                lose_part(P, S, g, t)
    return NOTHING


@jit
def _fail(P, S, g, d, t):
    group = P.groups[g]
    c = group.owner
    store = P.stores[c]
    state = S.groups[g]
    state.down += 1
    S.status[d] = DOWN
    S.clock[d] = _INF
    if store.stresses:
        restress(P, S, g, t)
    if not S.copies[c].intact or state.lost:
        return NOTHING
    if state.down > group.tolerates:
        return LOST_TO_FAILURES
    if state.down == group.tolerates and store.latent_mean > 0.0:
        if store.whole:
            if meets_error(P, S, g, t):
                return LOST_TO_LATENT_ERROR
        elif any_error(P, S, g, t):
            lose_part(P, S, g, t)
    start_rebuild(P, S, g, d, t)
    return NOTHING
