"""Where an excursion is steered: towards what is likeliest to lose everything from here.

The value of a state is a guess of the chance that everything is lost from it. A guess only costs
trials: every factor on a rate is undone by the likelihood ratio.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.groups import stress_factor
from riskmodel._kernels.laws import hazard_between
from riskmodel._kernels.records import (
    INTACT,
    SHOCK_CHOOSE,
    SHOCK_STORE,
    UP,
)
from riskmodel._kernels.rng import uniform

_INF = np.inf
_PUSHED = 0.9  # chance that an event is pushed where none would come of itself
_COIN = 0.5  # least chance of what would lose a copy
_MOST = 0.9  # most that a coin is raised to
_LEAST = 0.05  # what it is raised to where that seems to be worth nothing
_SHARED = 0.1  # share of the pushes that is dealt out evenly


class Plan(NamedTuple):
    """What steers a trial.

    ``value`` is indexed by the set of lost copies as a mask, empty where there are too many copies.
    ``reach`` holds, by copy and drives down, the chance that a group is lost before it is whole.
    The others are by way: a drive of each group fails, a latent error arises in each, each source
    strikes. ``mass`` is the guessed chance to lose everything along it, ``hazard`` its expected
    events within its ``window``, ``push`` the chance that one is pushed there.
    """

    value: np.ndarray
    reach: np.ndarray
    hazard_rate: np.ndarray
    drive_loss_rate: np.ndarray
    loss_rate: np.ndarray
    mass: np.ndarray
    hazard: np.ndarray
    window: np.ndarray
    push: np.ndarray


@jit
def foresee(P, S, plan, t):
    """Guess the values of all states, given the frailties and how old drives are at t."""
    for c in range(len(P.copies)):
        _foresee_store(P, S, plan, c, t)
    full = len(plan.value) - 1
    if full <= 0:
        return
    plan.value[full] = 1.0
    for lost in range(full - 1, -1, -1):
        value = _way_on(P, plan, lost)
        plan.value[lost] = min(value * _window(P, lost), 1.0) if lost else value


@jit
def _way_on(P, plan, lost):
    """Rate of total loss from a set of lost copies by its next event."""
    rate = 0.0
    for c in range(len(P.copies)):
        if not lost >> c & 1:
            groups = P.stores[c].groups
            rate += groups * plan.loss_rate[c] * plan.value[lost | 1 << c]
    for i in range(len(P.sources)):
        rate += P.sources[i].rate * _blow(P, plan, i, lost)
    return rate


@jit
def _blow(P, plan, i, lost):
    """Value of the set that a source's blow leads to, 0 where it takes nothing more."""
    source = P.sources[i]
    value = 0.0
    chances = 0.0
    for k in range(source.first_outcome, source.first_outcome + source.outcomes):
        mask = P.outcomes[k].mask
        if source.kind == SHOCK_CHOOSE:
            if mask & lost:
                continue
            chances += P.outcomes[k].chance
        if lost | mask != lost:
            value += P.outcomes[k].chance * _after(P, plan, source, lost, mask)
    if source.kind == SHOCK_CHOOSE and chances > 0.0:
        return value / chances
    return value


@jit
def _after(P, plan, source, lost, mask):
    """Value of a set of lost copies; that of a first blow goes by how long it keeps them lost."""
    value = plan.value[lost | mask]
    if lost or lost | mask == len(plan.value) - 1:
        return value
    return min(value * source.gap / _window(P, mask), 1.0)


@jit
def _window(P, lost):
    """Return the typical time until the first of some lost copies is back."""
    rate = 0.0
    for c in range(len(P.copies)):
        if lost >> c & 1:
            rate += 1.0 / max(P.copies[c].gap, 1e-9)
    return 1.0 / rate


@jit
def set_floors(P, S, plan, i, lost, often):
    """Set how often at least the coins of a blow are to take each copy, by what that is worth.

    Of blows that come ``often`` while copies are lost, one is to take them, and not the first.
    """
    source = P.sources[i]
    for c in range(len(P.copies)):
        S.floor[c] = _COIN / often
    if len(plan.value) < 2 or source.kind == SHOCK_STORE:
        return
    total = 0.0
    for c in range(len(P.copies)):
        S.floor[c] = 0.0
    for k in range(source.first_outcome, source.first_outcome + source.outcomes):
        mask = P.outcomes[k].mask
        if lost | mask == lost:
            continue
        worth = P.outcomes[k].chance * _after(P, plan, source, lost, mask)
        total += worth
        for c in range(len(P.copies)):
            if mask >> c & 1:
                S.floor[c] += worth
    for c in range(len(P.copies)):
        floor = min(S.floor[c] / total, _MOST) if total > 0.0 else 0.0
        S.floor[c] = max(floor, _LEAST) / often if S.copies[c].intact else 0.0


@jit
def reset_floors(P, S):
    """Let coins come up at least half the time."""
    for c in range(len(P.copies)):
        S.floor[c] = _COIN


@jit
def _foresee_store(P, S, plan, c, t):
    store = P.stores[c]
    law = P.laws[store.lifetime]
    left = max(P.horizon - t, 1e-6 * P.horizon)
    window = min(left, max(P.copies[c].gap, 0.01 * P.horizon))
    age = store.age + t
    frailty = S.copies[c].frailty
    rate = frailty * hazard_between(P.terms, law, age, age + window) / window
    plan.hazard_rate[c] = rate
    group = P.groups[store.first_group]
    m = group.tolerates
    errors = store.error_share if store.whole and store.latent_mean > 0.0 else 0.0
    chance = 1.0
    for down in range(m, 0, -1):
        working = group.drives - down
        rebuild = store.rebuild_mean if store.serial else store.rebuild_mean / down
        loses = 1.0
        if down == m - 1:
            dirty = -math.expm1((working - 1) * math.log1p(-errors))
            loses = dirty + (1.0 - dirty) * chance
        elif down < m:
            loses = chance
        stress = (
            P.stress[store.first_stress + min(down, store.stresses) - 1] if store.stresses else 1.0
        )
        reach = working * rate * stress * rebuild * loses
        if down == m and store.whole:
            reach += store.rebuild_error
            if store.while_rebuilding:
                reach += working * rebuild / store.latent_mean
        chance = min(reach, 1.0)
        plan.reach[c, down] = chance
    plan.reach[c, m + 1] = 1.0
    if m == 1 and errors > 0.0:
        dirty = -math.expm1((group.drives - 1) * math.log1p(-errors))
        chance = dirty + (1.0 - dirty) * chance
    plan.drive_loss_rate[c] = group.drives * rate * chance
    plan.loss_rate[c] = plan.drive_loss_rate[c]
    if m == 0 and store.while_rebuilding and store.whole:
        plan.loss_rate[c] += group.drives / store.latent_mean


@jit
def lost_copies(P, S):
    """Return the lost copies as a mask, of those that can have a place in it."""
    lost = 0
    for c in range(min(len(P.copies), 60)):
        if not S.copies[c].intact:
            lost |= 1 << c
    return lost


@jit
def weigh(P, S, plan, t):
    """Guess how much of the chance to lose everything goes by each group's and source's event.

    Returns
    -------
    float
        The window for which it holds: until a lost copy is back or, if none is, until all is well.
    """
    lost = lost_copies(P, S)
    window = _INF
    ends = t
    for c in range(len(P.copies)):
        if not S.copies[c].intact:
            window = min(window, back_at(P, S, c) - t)
    if S.tally[INTACT] == len(P.copies):
        for g in range(len(P.groups)):
            if S.groups[g].down > 0:
                group = P.groups[g]
                for d in range(group.first, group.first + group.drives):
                    if S.status[d] != UP and S.clock[d] < _INF:
                        ends = max(ends, S.clock[d])
        if ends > t:
            window = ends - t
    window = min(window, P.horizon - t)
    for g in range(len(P.groups)):
        _weigh_group(P, S, plan, g, lost, window, t)
    n = 2 * len(P.groups)
    for i in range(len(P.sources)):
        plan.window[n + i] = window
        plan.hazard[n + i] = P.sources[i].rate * window
        if len(plan.value) > 1:
            plan.mass[n + i] = P.sources[i].rate * window * _blow(P, plan, i, lost)
            if P.sources[i].kind == SHOCK_STORE:
                plan.mass[n + i] *= _weakened(P, S, i)
        else:
            plan.mass[n + i] = 1.0 if window > 0.0 else 0.0


@jit
def _weakened(P, S, i):
    """Return how much likelier a shock loses a store, for the drives that are down already."""
    source = P.sources[i]
    c = P.targets[source.first].index
    if source.outcomes == 0 or not S.copies[c].intact:
        return 1.0
    chance = 0.0
    store = P.stores[c]
    for g in range(store.first_group, store.first_group + store.groups):
        group = P.groups[g]
        down = S.groups[g].down
        if down > 0:
            one = 1.0
            for k in range(group.tolerates + 1 - down):
                one *= source.kills * (group.drives - down - k) / (k + 1.0)
            chance += one
    if chance == 0.0:
        return 1.0
    whole = P.outcomes[source.first_outcome].chance
    return min(chance + whole, 1.0) / whole


@jit
def _weigh_group(P, S, plan, g, lost, window, t):
    n = len(P.groups)
    group = P.groups[g]
    c = group.owner
    store = P.stores[c]
    for j in (g, n + g):
        plan.mass[j] = 0.0
        plan.hazard[j] = 0.0
        plan.window[j] = window
    if not S.copies[c].intact:
        return
    down = S.groups[g].down
    tabulated = len(plan.value) > 1
    after = plan.value[lost | 1 << c] if tabulated else 1.0
    working = group.drives - down
    end = window
    if down > 0:
        for d in range(group.first, group.first + group.drives):
            if S.status[d] != UP:
                end = min(end, S.clock[d] - t)
        end = max(end, 1e-12 * P.horizon)
    rate = plan.hazard_rate[c] * stress_factor(P, store, down)
    plan.window[g] = end
    plan.hazard[g] = working * rate * end
    if plan.hazard[g] > 0.0:
        if not tabulated:
            plan.mass[g] = 1.0
        elif down == 0:
            plan.mass[g] = min(plan.drive_loss_rate[c] * window, 1.0) * after
        else:
            plan.mass[g] = (
                min(plan.hazard[g], 1.0) * plan.reach[c, min(down, group.tolerates) + 1] * after
            )
    if down == group.tolerates and store.while_rebuilding and store.whole:
        plan.window[n + g] = end
        plan.hazard[n + g] = working * end / store.latent_mean
        plan.mass[n + g] = min(plan.hazard[n + g], 1.0) * after


@jit
def steer(P, S, plan, t):
    """Push one event into the windows that are open at t, beside all that happens of itself.

    Returns
    -------
    tuple
        The way that is pushed, -1 if none is, and when.
    """
    weigh(P, S, plan, t)
    total = 0.0
    ways = 0
    for j in range(len(plan.mass)):
        total += plan.mass[j]
        ways += plan.hazard[j] > 0.0
    # what may come after these windows as well
    total += _afterwards(P, S, plan, t)
    for g in range(len(P.groups)):
        total += _unhurried(P, S, plan, g)
    left = uniform(S.rng)
    chosen = -1
    for j in range(len(plan.mass)):
        share = 0.0
        if plan.hazard[j] > 0.0:
            # a guess of nothing may be wrong
            share = _SHARED / ways
            if total > 0.0:
                share += (1.0 - _SHARED) * plan.mass[j] / total
            # what is likely to happen of itself needs no push
            share *= _PUSHED * max(0.0, 1.0 - plan.hazard[j])
        plan.push[j] = share
        if chosen < 0:
            if left < share:
                chosen = j
            left -= share
    if chosen < 0:
        return -1, _INF
    return chosen, t + uniform(S.rng) * plan.window[chosen]


@jit
def back_at(P, S, c):
    """Return when a lost copy will be intact again."""
    first = len(P.groups) + 1
    site = P.copies[c].site
    back = S.unit[first + c]
    if site >= 0 and S.site_down[site]:
        back = min(back, S.unit[first + len(P.copies) + site])
    return back


@jit
def _afterwards(P, S, plan, t):
    """Guess the chance to lose everything after the first of the lost copies is back."""
    if len(plan.value) < 2:
        return 0.0
    first = _INF
    for c in range(len(P.copies)):
        if not S.copies[c].intact:
            first = min(first, back_at(P, S, c))
    lost = 0
    second = P.horizon
    for c in range(len(P.copies)):
        if not S.copies[c].intact and back_at(P, S, c) > first:
            lost |= 1 << c
            second = min(second, back_at(P, S, c))
    if lost == 0 or first >= P.horizon:
        return 0.0
    return min(plan.value[lost] * (second - first) / _window(P, lost), 1.0)


@jit
def _unhurried(P, S, plan, g):
    """Guess the chance to lose everything if a group's rebuild is left to end: by its error."""
    group = P.groups[g]
    c = group.owner
    store = P.stores[c]
    if store.rebuild_error == 0.0 or not store.whole or not S.copies[c].intact:
        return 0.0
    if S.groups[g].down == 0 or S.groups[g].down < group.tolerates:
        return 0.0
    # relative to a drive's failure, which would lose the copy as well
    chance = min(plan.hazard[g], 1.0)
    return store.rebuild_error * plan.mass[g] / chance if chance > 0.0 else 0.0


@jit
def unpushed(plan, passed):
    """Return the chance that no push came within a time."""
    gone = 0.0
    for j in range(len(plan.push)):
        if plan.push[j] > 0.0:
            gone += plan.push[j] * min(passed / plan.window[j], 1.0)
    return 1.0 - gone


@jit
def push_rate(plan, j, passed, unpushed_chance):
    """Return the rate of pushes along a way, some time after they were dealt out."""
    if plan.push[j] == 0.0 or passed > plan.window[j]:
        return 0.0
    return plan.push[j] / plan.window[j] / unpushed_chance
