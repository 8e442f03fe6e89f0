"""Excursion importance sampling: how a layout that was whole comes to lose everything.

All histories that end in total loss leave the states in which all is well for a last time. That
instant is sampled with a known density, the mission before it under the true law; from there the
law is tilted towards the loss until all is well again. So a likelihood ratio never spans more than
one excursion, however long the horizon (Campbell's formula; compare Nicola, Shahabuddin,
Nakayama, IEEE Trans. Reliability 50(3), 2001, section on regenerative simulation).
"""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import by_reference, entry, jit
from riskmodel._kernels.blows import pick_source, strike
from riskmodel._kernels.errors import advance_errors
from riskmodel._kernels.events import next_blow
from riskmodel._kernels.groups import (
    find_next,
    step_group,
    stress_factor,
)
from riskmodel._kernels.laws import hazard_rate, residual_time
from riskmodel._kernels.losses import lose_group
from riskmodel._kernels.records import (
    AS_THEY_FALL,
    CLEAN,
    INTACT,
    LAW_PLAYED,
    LOG_WEIGHT,
    LOST_TO_REBUILD_ERROR,
    NOTHING,
    TILTED_LAW,
    TRUE_CHANCES,
    UP,
    Program,
)
from riskmodel._kernels.recoveries import recover_next
from riskmodel._kernels.rng import exponential, gamma_mean_one, start_stream, uniform
from riskmodel._kernels.start import set_to_work
from riskmodel._kernels.steering import (
    Plan,
    foresee,
    lost_copies,
    push_rate,
    reset_floors,
    set_floors,
    steer,
    unpushed,
    weigh,
)

_INF = np.inf
_EVEN, _NATURAL = 0.1, 0.3  # shares of first events that are dealt out evenly, and as they come
_AS_THEY_FALL = 0.2  # share of trials that are played without a push, which bounds the ratio

PARTS = 4  # of the mixture from which a frailty is drawn


def make_plan(program: Program) -> Plan:
    """Return what one thread steers with."""
    copies = len(program.copies)
    ways = 2 * len(program.groups) + len(program.sources)
    deepest = max(int(g["tolerates"]) for g in program.groups) + 2
    return Plan(
        value=np.zeros(2**copies if copies <= 8 else 0),
        reach=np.zeros((copies, deepest)),
        hazard_rate=np.zeros(copies),
        drive_loss_rate=np.zeros(copies),
        loss_rate=np.zeros(copies),
        mass=np.zeros(ways),
        hazard=np.zeros(ways),
        window=np.zeros(ways),
        push=np.zeros(ways),
    )


@jit
def all_is_well(P, S):
    """Whether every copy is intact and every drive works, but for backups that never worked.

    Those are lost from the start and would else let no excursion begin.
    """
    if S.tally[INTACT] < len(P.copies):
        for c in range(len(P.copies)):
            if not S.copies[c].intact and not S.points[c].never_worked:
                return False
    down = 0
    for g in range(len(P.groups)):
        down += S.groups[g].down * S.copies[P.groups[g].owner].intact
    return down == 0


@jit
def _draw_frailties(P, S, orders, shared):
    """Draw frailties from a mixture that leans to large ones; return the log of the ratio.

    With a loss that goes like a power of the frailty, the law given the loss is a gamma law of a
    larger shape; the mixture holds the true law too, so that the ratio is bounded.
    """
    log_ratio = 0.0
    for i in range(len(P.frailties)):
        variance = P.frailties[i].variance
        shape = 1.0 / variance
        if len(shared) > 0:
            x = shared[i]
        else:
            own = shape + orders[i] * int(uniform(S.rng) * PARTS) / (PARTS - 1.0)
            x = gamma_mean_one(S.rng, 1.0 / own) * own
        # density of each part over that of the first, which is the true law
        total = 1.0
        log_frailty = math.log(max(x * variance, 1e-300))
        for k in range(1, PARTS):
            more = orders[i] * k / (PARTS - 1.0)
            total += math.exp(more * log_frailty - _log_moment(shape, more))
        log_ratio -= math.log(total / PARTS)
        S.frailty[i] = x * variance
    return log_ratio


@jit
def _log_moment(shape, power):
    """Log of the mean of a power of a gamma frailty of mean 1, without differences of large logs.

    Tricomi, Erdelyi, "The asymptotic expansion of a ratio of gamma functions", 1951.
    """
    if shape < 1e4:
        return math.lgamma(shape + power) - math.lgamma(shape) - power * math.log(shape)
    pairs = power * (power - 1.0)
    second = pairs * (2.0 * power - 1.0) / (12.0 * shape**2)
    return pairs / (2.0 * shape) - second + pairs**2 / (12.0 * shape**3)


@jit
def _draw_instant(P, S, u, v):
    """Draw when the layout leaves the good states; return it and the log of its density.

    Half of the instants go by the hazard of first drives, so that none of it is unforeseen.
    """
    bent = 0
    for c in range(len(P.copies)):
        bent += P.stores[c].ages > 0
    t = u * P.horizon
    if bent == 0:
        return t, -math.log(P.horizon)
    if v < 0.5:
        pick = int(2.0 * v * bent)
        for c in range(len(P.copies)):
            store = P.stores[c]
            if store.ages > 0:
                if pick == 0:
                    law = P.laws[store.lifetime]
                    budget = u * store.hazard_start
                    t = residual_time(P.terms, law, store.age, budget, _INF)
                    t = min(t, P.horizon)
                pick -= 1
    density = 0.5 / P.horizon
    for c in range(len(P.copies)):
        store = P.stores[c]
        if store.ages > 0:
            law = P.laws[store.lifetime]
            rate = hazard_rate(P.terms, law, store.age + t)
            density += 0.5 / bent * rate / store.hazard_start
    return t, math.log(density)


@jit
def _depart(P, S, plan, t, u):
    """Let all be well no more: one event at t, picked by what it may lead to.

    Returns
    -------
    tuple
        Log of the event's rate over the chance that it was picked, the cause if it takes a copy.
    """
    weigh(P, S, plan, t)
    total = 0.0
    hazard = 0.0
    ways = 0
    for j in range(len(plan.mass)):
        total += plan.mass[j]
        hazard += plan.hazard[j]
        ways += _can_happen(P, S, plan, j)
    if ways == 0:
        return -_INF, -1
    rest = u
    chosen = -1
    chance = 0.0
    for j in range(len(plan.mass)):
        if not _can_happen(P, S, plan, j):
            continue
        chance = _EVEN / ways
        chance += _NATURAL * (plan.hazard[j] / hazard if hazard > 0.0 else 1.0 / ways)
        chance += (1.0 - _EVEN - _NATURAL) * (plan.mass[j] / total if total > 0.0 else 1.0 / ways)
        chosen = j
        if rest < chance:
            break
        rest -= chance
    S.weight[LAW_PLAYED] = TILTED_LAW
    S.weight[AS_THEY_FALL] = uniform(S.rng) < _AS_THEY_FALL
    reset_floors(P, S)
    rate, cause = _happen(P, S, plan, chosen, t, 1.0)
    if rate == 0.0:
        return -_INF, -1
    return math.log(rate / chance), cause


@jit
def _can_happen(P, S, plan, j):
    """Whether a way leads off at all: replaced drives may fail where those that age do not.

    A backup that never worked is lost, and what its drives do leads nowhere.
    """
    if j < len(P.groups):
        c = P.groups[j].owner
        ever = P.stores[c].hazard_new > 0.0 or P.stores[c].hazard_start > 0.0
        return ever and S.copies[c].intact == 1
    return plan.hazard[j] > 0.0


@jit
def _happen(P, S, plan, j, t, often):
    """Let an event of way j happen at t, on a drive picked evenly among those that work.

    Returns
    -------
    tuple
        The rate of such events along the way, 0 if there can be none; the cause if one was lost.
    """
    n = len(P.groups)
    if j >= 2 * n:
        i = j - 2 * n
        _blow(P, S, plan, i, t, often)
        return P.sources[i].rate, LOST_TO_REBUILD_ERROR * len(P.copies) + i
    g = j if j < n else j - n
    group = P.groups[g]
    working = group.drives - S.groups[g].down
    pick = int(uniform(S.rng) * working)
    d = group.first
    for k in range(group.first, group.first + group.drives):
        if S.status[k] == UP:
            d = k
            if pick == 0:
                break
            pick -= 1
    rate = working * _rate_of(P, S, g, d, j >= n, t)
    if rate > 0.0:
        S.groups[g].next = d if j < n else -1 - d
        S.unit[g] = t
        if j >= n:
            S.drives[d].error_next = t
        return rate, _let_group(P, S, g, t)
    return 0.0, -1


@jit
def _blow(P, S, plan, i, t, often):
    set_floors(P, S, plan, i, lost_copies(P, S), often)
    strike(P, S, i, t)
    reset_floors(P, S)


@jit
def _rate_of(P, S, g, d, by_error, t):
    """Rate at which a working drive fails, or an error arises on it."""
    c = P.groups[g].owner
    store = P.stores[c]
    if by_error:
        return 0.0 if advance_errors(P, S, d, c, t) else 1.0 / store.latent_mean
    age = t - S.born[d]
    rate = hazard_rate(P.terms, P.laws[store.lifetime], age)
    return rate * S.copies[c].frailty * stress_factor(P, store, S.groups[g].down)


@jit
def _let_group(P, S, g, t):
    """Let a group's next event happen; return the cause if its copy is lost by it, else -1."""
    outcome = step_group(P, S, g)
    if outcome == NOTHING:
        find_next(P, S, g)
        return -1
    c = P.groups[g].owner
    return (outcome - 1) * len(P.copies) + c if lose_group(P, S, g, t) else -1


@jit
def wander(P, S, plan, t):
    """Play an excursion to its end under the tilted law.

    Pushed events join those of the true law, so that the rate of an event is the sum of both; the
    true law's own chance of no event cancels in the likelihood ratio.

    Returns
    -------
    tuple
        When everything was lost, inf if all was well again or the horizon came first; the cause.
    """
    n_groups = len(P.groups)
    while not all_is_well(P, S):
        pushed, push_at = steer(P, S, plan, t)
        who = 0
        for i in range(1, len(S.unit)):
            if S.unit[i] < S.unit[who]:
                who = i
        if S.weight[AS_THEY_FALL]:
            push_at = _INF
        later = min(S.unit[who], push_at)
        if later > P.horizon:
            return _INF, -1
        passed = later - t
        none = unpushed(plan, passed)
        S.weight[LOG_WEIGHT] -= math.log(none)
        t = later
        cause = -1
        if push_at <= S.unit[who]:
            extra = push_rate(plan, pushed, passed, none)
            rate, cause = _happen(P, S, plan, pushed, t, max(plan.hazard[pushed], 1.0))
            if rate == 0.0:
                return _INF, -1
            S.weight[LOG_WEIGHT] += math.log(rate / (rate + extra))
        elif who < n_groups:
            _discount(P, S, plan, who, passed, none)
            cause = _let_group(P, S, who, t)
        elif who == n_groups:
            i = pick_source(P, S.rng)
            extra = push_rate(plan, 2 * n_groups + i, passed, none)
            rate = P.sources[i].rate
            S.weight[LOG_WEIGHT] += math.log(rate / (rate + extra))
            _blow(P, S, plan, i, t, max(plan.hazard[2 * n_groups + i], 1.0))
            S.unit[n_groups] = t + exponential(S.rng) / P.source_rate
            cause = LOST_TO_REBUILD_ERROR * len(P.copies) + i
        else:
            recover_next(P, S, who - n_groups - 1, t)
        if S.tally[INTACT] == 0:
            return t, cause
    return _INF, -1


@jit
def _discount(P, S, plan, g, passed, none):
    """Account for a group's own event: it could have been pushed as well."""
    t = S.unit[g]
    d = S.groups[g].next
    by_error = d < 0
    if by_error:
        d = -1 - d
        if S.drives[d].error != CLEAN:
            return
    elif S.status[d] != UP:
        return
    j = g + len(P.groups) if by_error else g
    extra = push_rate(plan, j, passed, none)
    if extra == 0.0:
        return
    group = P.groups[g]
    rate = 1.0 / P.stores[group.owner].latent_mean if by_error else _rate_of(P, S, g, d, False, t)
    extra /= group.drives - S.groups[g].down
    S.weight[LOG_WEIGHT] += math.log(rate / (rate + extra))


@jit
def _trial(P, S, plan, orders, shared):
    """Return the weight of one trial, the time of its loss and the cause."""
    n = len(P.frailties)
    log_weight = _draw_frailties(P, S, orders, shared)
    set_to_work(P, S)
    S.weight[LAW_PLAYED] = TRUE_CHANCES
    given = len(shared) > 0
    u = shared[n] if given else uniform(S.rng)
    v = shared[n + 1] if given else uniform(S.rng)
    t, log_density = _draw_instant(P, S, u, v)
    while True:
        blow, _ = next_blow(P, S, t)
        if blow == _INF:
            break
        if S.tally[INTACT] == 0:
            return 0.0, _INF, -1
    if not all_is_well(P, S):
        return 0.0, _INF, -1
    foresee(P, S, plan, t)
    u = shared[n + 2] if given else uniform(S.rng)
    log_ratio, cause = _depart(P, S, plan, t, u)
    if log_ratio == -_INF:
        return 0.0, _INF, -1
    lost_at = t
    if S.tally[INTACT] > 0:
        lost_at, cause = wander(P, S, plan, t)
        if lost_at == _INF:
            return 0.0, _INF, -1
    log_weight += log_ratio - log_density - _log_of_mixture(S.weight[LOG_WEIGHT])
    return math.exp(log_weight), lost_at, cause


@jit
def _log_of_mixture(log_ratio):
    """Log of the density of tilted and plain trials together, over that of the true law."""
    if log_ratio > 0.0:
        return math.log(_AS_THEY_FALL + (1.0 - _AS_THEY_FALL) * math.exp(-log_ratio))
    return -log_ratio + math.log(1.0 - _AS_THEY_FALL + _AS_THEY_FALL * math.exp(log_ratio))


@entry
def run_excursions(P, S, plan, orders, shared, seed, first, weights, causes, bins):
    """Run the trials ``first ..`` of a seed, one for each place in ``weights``.

    A row of ``shared`` holds what a trial takes from outside: its frailties as gamma variables of
    rate 1 from the mixture, then three uniforms; if it is empty, the trial draws them. ``causes``
    and ``bins`` get the weights by cause and by slice of the horizon; ``causes[1]`` the squares.
    """
    P = by_reference(P)
    S = by_reference(S)
    plan = by_reference(plan)
    for k in range(len(weights)):
        start_stream(S.rng, seed, first + k)
        row = shared[min(k, len(shared) - 1)]
        weight, t, cause = _trial(P, S, plan, orders, row)
        weights[k] = weight
        if weight > 0.0:
            causes[0, cause] += weight
            causes[1, cause] += weight * weight
            bins[min(int(t / P.horizon * len(bins)), len(bins) - 1)] += weight
