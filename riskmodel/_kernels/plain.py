"""The quick way through a group: its start, and its life while drives only fail and are rebuilt.

Both do as `groups` does, draw for draw; what they need is in registers, which is what makes them
quick.
"""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.errors import any_error
from riskmodel._kernels.laws import residual_time
from riskmodel._kernels.parts import lose_part
from riskmodel._kernels.records import (
    DOWN,
    EXPONENTIAL,
    FIXED,
    LAW_PLAYED,
    LOST_TO_FAILURES,
    LOST_TO_LATENT_ERROR,
    NOTHING,
    REBUILDING,
    TRUE_LAW,
    UNKNOWN,
    UP,
)
from riskmodel._kernels.rng import put_back, step

_INF = np.inf


@jit
def start_drives(terms, law, rng, clock, status, born, age, frailty, survive, horizon):
    """Put the first drives of a group to work.

    Returns
    -------
    tuple
        When the first of them fails, and which.
    """
    s0 = rng[0]
    s1 = rng[1]
    s2 = rng[2]
    s3 = rng[3]
    first = _INF
    who = 0
    for d in range(len(clock)):
        u, s0, s1, s2, s3 = step(s0, s1, s2, s3)
        t = _INF
        if u > survive:
            t = residual_time(terms, law, age, -math.log(u) / frailty, horizon)
            if t < first:
                first = t
                who = d
        clock[d] = t
        status[d] = UP
        born[d] = -age
    put_back(rng, s0, s1, s2, s3)
    return first, who


@jit
def earliest(clock):
    """Return the earliest of some instants and its place, of equals the first."""
    t = clock[0]
    who = 0
    for d in range(1, len(clock)):
        if clock[d] < t:
            t = clock[d]
            who = d
    return t, who


@jit
def is_plain(P, S, c):
    """Whether the drives of a copy do nothing now but fail and be rebuilt in parallel."""
    store = P.stores[c]
    if store.plain == 0 or S.copies[c].intact == 0:
        return False
    return store.latent_mean == 0.0 or S.weight[LAW_PLAYED] == TRUE_LAW


@jit
def run_plain(P, S, g, limit):
    """Run a plain group until its next instant lies beyond the limit, or its copy is lost.

    Returns
    -------
    int
        What became of it; its instant is then that of the loss.
    """
    group = P.groups[g]
    c = group.owner
    store = P.stores[c]
    copy = S.copies[c]
    state = S.groups[g]
    first = group.first
    terms = P.terms
    rng = S.rng
    clock = S.clock[first : first + group.drives]
    status = S.status
    life = P.laws[store.lifetime]
    rebuild = P.laws[store.rebuild]
    tolerates = group.tolerates
    latent = store.latent_mean > 0.0
    frailty = copy.frailty
    survive = copy.survive_new
    horizon = P.horizon
    simple_life = life.count == 1 and terms[life.first].kind == EXPONENTIAL
    simple_rebuild = rebuild.count == 1 and terms[rebuild.first].kind == EXPONENTIAL
    mean_life = terms[life.first].a / frailty if simple_life else 0.0
    mean_rebuild = terms[rebuild.first].a if simple_rebuild else 0.0
    fixed = rebuild.count == 1 and terms[rebuild.first].kind == FIXED
    t = S.unit[g]
    who = state.next - first
    down = state.down
    outcome = NOTHING
    s0 = rng[0]
    s1 = rng[1]
    s2 = rng[2]
    s3 = rng[3]
    seen = False
    after = _INF
    later = 0
    while t <= limit:
        clock[who] = _INF
        if not seen:
            after, later = earliest(clock)
        if status[first + who] == UP:
            down += 1
            status[first + who] = DOWN
            if down > tolerates:
                outcome = LOST_TO_FAILURES
                break
            if latent and down == tolerates:
                put_back(rng, s0, s1, s2, s3)
                if any_error(P, S, g, t):
                    if store.whole:
                        outcome = LOST_TO_LATENT_ERROR
                    else:
                        lose_part(P, S, g, t)
                s0 = rng[0]
                s1 = rng[1]
                s2 = rng[2]
                s3 = rng[3]
                if outcome != NOTHING:
                    break
            status[first + who] = REBUILDING
            if fixed:
                x = t + terms[rebuild.first].a
            else:
                u, s0, s1, s2, s3 = step(s0, s1, s2, s3)
                if simple_rebuild:
                    x = t - math.log(u) * mean_rebuild
                else:
                    x = t + residual_time(terms, rebuild, 0.0, -math.log(u), _INF)
        else:
            status[first + who] = UP
            S.born[first + who] = t
            down -= 1
            if latent:
                drive = S.drives[first + who]
                drive.error = UNKNOWN
                drive.error_next = t
            u, s0, s1, s2, s3 = step(s0, s1, s2, s3)
            if u <= survive:
                x = _INF
            elif simple_life:
                x = t - math.log(u) * mean_life
            else:
                x = t + residual_time(terms, life, 0.0, -math.log(u) / frailty, horizon - t)
        clock[who] = x
        seen = x < after or (x == after and who < later)
        if seen:  # the same drive again, and of the others none has moved
            t = x
        else:
            t = after
            who = later
    put_back(rng, s0, s1, s2, s3)
    S.unit[g] = t
    state.next = first + who
    state.down = down
    return outcome
