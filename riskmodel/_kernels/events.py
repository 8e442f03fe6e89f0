"""The whole physical law as one event loop: the oracle for every other method."""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import by_reference, entry, jit
from riskmodel._kernels.errors import any_error
from riskmodel._kernels.groups import (
    LOST_TO_REBUILD_ERROR,
    NOTHING,
    find_next,
    restress,
    revive_group,
    run_group,
    start_rebuild,
    stop_rebuilds,
)
from riskmodel._kernels.laws import residual_time
from riskmodel._kernels.outage import after_blow, after_recovery, end_outages, start_outages
from riskmodel._kernels.parts import forget_parts, lose_part, noticed_at, something_is_gone
from riskmodel._kernels.records import (
    COPY_STATE,
    DOWN,
    DRIVE,
    FORMAT,
    GROUP_STATE,
    INTACT,
    LAW_PLAYED,
    LOG_WEIGHT,
    MEDIA_AT,
    OUT,
    OUTAGE,
    PART_LOST,
    PERIL_MEDIA,
    PERIL_SITE,
    PIECE_STATE,
    POINT,
    REST_STATE,
    RESTORED,
    ROLLBACK,
    SECTOR,
    SECTORS,
    SHOCK_CHANCES,
    SHOCK_CHOOSE,
    THREAT_DATA,
    TRUE_LAW,
    UNKNOWN,
    UP,
    Program,
    State,
)
from riskmodel._kernels.rest import (
    arrange,
    await_site,
    fall_due,
    look_ahead,
    lose_piece,
    renew,
    return_to_site,
    start_at_rest,
)
from riskmodel._kernels.rng import exponential, gamma_mean_one, start_stream, uniform
from riskmodel._kernels.threats import follow, restart_points, settle_keys, start_points
from riskmodel._kernels.threats import strike as strike_by_threat
from riskmodel._kernels.weights import coin, draw_long, meets_error

_INF = np.inf
_KILLED = 4  # a drive's state between the kills of an instant and its rebuild's start

# places in the counts of a run
TRIALS, LOSSES, LOSSES_IN_ALL, LOSSES_IN_ALL_SQUARED, LOST_SOMETHING = range(5)
OVER_DAY, OVER_WEEK, OVER_MONTH = range(5, 8)  # trials in which so much work was lost
_DAY, _WEEK, _MONTH = 24.0, 168.0, 730.5


def make_state(program: Program) -> State:
    """Return the arrays that one thread works in."""
    groups, copies, sites = len(program.groups), len(program.copies), len(program.sites)
    rest = np.zeros(copies, REST_STATE)
    rest["site"] = program.copies["site"]
    return State(
        rng=np.zeros(4, np.uint64),
        clock=np.zeros(program.drives),
        status=np.zeros(program.drives, np.int64),
        born=np.zeros(program.drives),
        drives=np.zeros(program.drives, DRIVE),
        groups=np.zeros(groups, GROUP_STATE),
        copies=np.zeros(copies, COPY_STATE),
        site_down=np.zeros(max(sites, 1), np.int64),
        unit=np.full(groups + 1 + copies + sites + 1, _INF),
        spares=np.zeros(max(program.spares, 1)),
        frailty=np.ones(max(len(program.frailties), 1)),
        tally=np.zeros(2, np.int64),
        chosen=np.zeros(copies + sites + 1, np.int64),
        weight=np.zeros(3),
        floor=np.zeros(copies),
        rest=rest,
        pieces=np.zeros(max(program.pieces, 1), PIECE_STATE),
        sectors=np.zeros(copies * SECTORS if program.in_pieces else 1, SECTOR),
        formats=np.zeros(max(program.formats, 1), FORMAT),
        outage=np.zeros(1, OUTAGE),
        outage_counts=np.zeros(2 + 3 * program.causes, np.int64),
        outage_hours=np.zeros(2 + program.causes),
        points=np.zeros(copies, POINT),
        held=np.zeros(max(len(program.keys), 1), np.int64),
        struck=np.zeros(sites + len(program.holders) + 1, np.int64),
        run_key=np.zeros(1, np.uint64),
        work=np.zeros(6),
    )


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
def _lose_as_it_is(P, S, c, t, seen):
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
def _kill_copy(P, S, c, t, seen):
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
def _strike_media(P, S, s, t):
    site = P.sites[s]
    one = -1
    hit = False
    for i in range(site.first, site.first + site.copies):
        c = P.site_copies[i]
        first = P.rest[c].first_set
        if first != one:  # sets of one copy that lie together share their fate
            one = first
            hit = coin(S, P.copies[c].vulnerability, S.floor[first])
        if hit and S.rest[c].site == s:
            _kill_copy(P, S, c, t, True)


@jit
def _destroy(P, S, s, t):
    """Strike a whole site; one that stands destroyed cannot be struck again."""
    if S.site_down[s]:
        return
    site = P.sites[s]
    _strike_media(P, S, s, t)
    if not site.destructible:
        S.struck[s] = 1
        return
    S.site_down[s] = 1
    first = len(P.groups) + 1
    S.unit[first + len(P.copies) + s] = t + draw_long(P, S, site.recovery)
    for i in range(site.first, site.first + site.copies):
        c = P.site_copies[i]
        if S.rest[c].site != s:
            continue
        if not S.copies[c].intact:
            S.copies[c].noticed = t
            S.unit[first + c] = _INF
        elif P.rest[c].pieces > 1:
            await_site(P, S, c, t)


@jit
def _shake_store(P, S, c, t, kills):
    """Kill each working drive of a store with a chance.

    Returns
    -------
    bool
        Whether the copy is lost by it.
    """
    store = P.stores[c]
    last = store.first_group + store.groups
    for g in range(store.first_group, last):
        group = P.groups[g]
        down = S.groups[g].down
        floor = S.floor[c]
        if down < group.drives:
            floor *= max(group.tolerates + 1.0 - down, 1.0) / (group.drives - down)
        for d in range(group.first, group.first + group.drives):
            if S.status[d] == UP and coin(S, kills, floor):
                S.status[d] = _KILLED
                S.clock[d] = _INF
                S.groups[g].down += 1
    lost = False
    intact = S.copies[c].intact == 1
    for g in range(store.first_group, last):
        group = P.groups[g]
        killed = False
        for d in range(group.first, group.first + group.drives):
            killed = killed or S.status[d] == _KILLED
        if not killed:
            continue
        if store.stresses:
            restress(P, S, g, t)
        if not intact or S.groups[g].lost:
            continue
        down = S.groups[g].down
        if down > group.tolerates:
            lost = P.rest[c].pieces == 1 or lose_piece(P, S, g, t) or lost
        elif down == group.tolerates and store.latent_mean > 0.0:
            if store.whole:
                if meets_error(P, S, g, t):
                    lost = P.rest[c].pieces == 1 or lose_piece(P, S, g, t) or lost
            elif any_error(P, S, g, t):
                lose_part(P, S, g, t)
    for g in range(store.first_group, last):
        group = P.groups[g]
        for d in range(group.first, group.first + group.drives):
            if S.status[d] == _KILLED:
                S.status[d] = DOWN
                S.drives[d].spare = -1
                if intact and not lost:
                    start_rebuild(P, S, g, d, t)
        find_next(P, S, g)
    return lost


@jit
def _lose_marked(P, S, t):
    """Lose what a threat or a lost key took; its drives stay as they are."""
    for c in range(len(P.copies)):
        point = S.points[c]
        if not point.lose:
            continue
        point.lose = 0
        _lose_as_it_is(P, S, c, t, True)
        S.rest[c].by_people = 1
        site = S.rest[c].site
        if site < 0 or not S.site_down[site]:
            at = len(P.groups) + 1 + c
            S.unit[at] = point.noticed + (S.unit[at] - t)
            S.copies[c].noticed = point.noticed


@jit
def _settle_people(P, S, t):
    if P.people:
        settle_keys(P, S, t)
        _lose_marked(P, S, t)
        follow(P, S, t)


@jit
def lose_copy(P, S, c, t):
    """Lose a copy to its own drives: those still working run on."""
    _lose_as_it_is(P, S, c, t, False)
    _settle_people(P, S, t)


@jit
def strike(P, S, i, t):
    """Let source i strike."""
    source = P.sources[i]
    if source.kind == PERIL_SITE:
        _destroy(P, S, P.targets[source.first].index, t)
    elif source.kind == PERIL_MEDIA:
        s = P.targets[source.first].index
        if not S.site_down[s]:
            _strike_media(P, S, s, t)
    elif source.kind == SHOCK_CHANCES:
        for k in range(source.first, source.first + source.count):
            target = P.targets[k]
            if coin(S, target.chance, _floor(P, S, target)):
                _hit(P, S, target, t)
    elif source.kind == SHOCK_CHOOSE:
        _choose(P, S, source, t)
    elif source.kind >= THREAT_DATA:
        strike_by_threat(P, S, i, t)
    else:
        c = P.targets[source.first].index
        if _shake_store(P, S, c, t, source.kills):
            _lose_as_it_is(P, S, c, t, False)
    _settle_people(P, S, t)


@jit
def _floor(P, S, target):
    if not target.is_site:
        return S.floor[target.index]
    site = P.sites[target.index]
    most = 0.0
    for i in range(site.first, site.first + site.copies):
        most = max(most, S.floor[P.site_copies[i]])
    return most


@jit
def _hit(P, S, target, t):
    if target.is_site == MEDIA_AT:
        if not S.site_down[target.index]:
            _strike_media(P, S, target.index, t)
    elif target.is_site:
        _destroy(P, S, target.index, t)
    else:
        for c in range(target.index, target.index + P.rest[target.index].sets):
            _kill_copy(P, S, c, t, False)


@jit
def _any_intact(P, S, first):
    """Whether a copy, or at least one set of it, is intact."""
    intact = 0
    for c in range(first, first + P.rest[first].sets):
        intact += S.copies[c].intact
    return intact > 0


@jit
def _choose(P, S, source, t):
    intact = 0
    for k in range(source.first, source.first + source.count):
        target = P.targets[k]
        if target.is_site:
            stands = S.site_down[target.index] == 0
        else:
            stands = _any_intact(P, S, target.index)
        if stands:
            S.chosen[intact] = k
            intact += 1
    for k in range(min(source.picks, intact)):
        pick = k + int(uniform(S.rng) * (intact - k))
        S.chosen[k], S.chosen[pick] = S.chosen[pick], S.chosen[k]
    for k in range(min(source.picks, intact)):
        _hit(P, S, P.targets[S.chosen[k]], t)


@jit
def _recover(P, S, c, t):
    """Make a lost copy intact: drives that are down are new, the others keep age and error."""
    store = P.stores[c]
    copy = S.copies[c]
    copy.intact = 1
    copy.noticed = _INF
    S.tally[INTACT] += 1
    S.unit[len(P.groups) + 1 + c] = _INF
    for g in range(store.first_group, store.first_group + store.groups):
        revive_group(P, S, g, t)
    renew(P, S, c, t)


@jit
def _recover_site(P, S, s, t):
    S.site_down[s] = 0
    S.unit[len(P.groups) + 1 + len(P.copies) + s] = _INF
    site = P.sites[s]
    for i in range(site.first, site.first + site.copies):
        c = P.site_copies[i]
        if S.rest[c].site != s:
            continue
        if not S.copies[c].intact:
            _recover(P, S, c, t)
        elif P.rest[c].pieces > 1:
            return_to_site(P, S, c, t)
    for i in range(site.first, site.first + site.copies):
        first = P.rest[P.site_copies[i]].first_set
        if P.rest[first].sets > 1:
            arrange(P, S, first)


@jit
def start_trial(P, S):
    """Draw the frailties and set everything to work."""
    for i in range(len(P.frailties)):
        S.frailty[i] = gamma_mean_one(S.rng, P.frailties[i].variance)
    set_to_work(P, S)


@jit
def set_to_work(P, S):
    """Set everything to work under the frailties that were drawn."""
    S.tally[INTACT] = len(P.copies)
    S.tally[PART_LOST] = 0
    S.unit[:] = _INF
    for k in range(len(S.spares)):
        S.spares[k] = 0.0
    for s in range(len(P.sites)):
        S.site_down[s] = 0
    for c in range(len(P.copies)):
        copy = S.copies[c]
        store = P.stores[c]
        copy.intact = 1
        copy.noticed = _INF
        copy.part_until = -_INF
        copy.phase = P.copies[c].check_every * uniform(S.rng) if P.copies[c].random_phase else 0.0
        frailty = 1.0
        if store.batch >= 0:
            frailty *= S.frailty[store.batch]
        if store.model >= 0:
            frailty *= S.frailty[store.model]
        copy.frailty = frailty
        copy.survive_start = math.exp(-frailty * store.hazard_start)
        copy.survive_new = math.exp(-frailty * store.hazard_new)
        law = P.laws[store.lifetime]
        for g in range(store.first_group, store.first_group + store.groups):
            group = P.groups[g]
            S.groups[g].down = 0
            S.groups[g].busy_until = -_INF
            S.groups[g].lost = 0
            for d in range(group.first, group.first + group.drives):
                drive = S.drives[d]
                S.status[d] = UP
                S.born[d] = -store.age
                drive.error = UNKNOWN
                drive.error_next = 0.0
                drive.spare = -1
                u = uniform(S.rng)
                if u <= copy.survive_start:
                    S.clock[d] = _INF
                else:
                    budget = -math.log(u) / frailty
                    S.clock[d] = residual_time(P.terms, law, store.age, budget, P.horizon)
            find_next(P, S, g)
    S.weight[LOG_WEIGHT] = 0.0
    S.weight[LAW_PLAYED] = TRUE_LAW
    for c in range(len(P.copies)):
        S.floor[c] = 0.0
    if P.is_at_rest:
        start_at_rest(P, S)
    if P.source_rate > 0.0:
        S.unit[len(P.groups)] = exponential(S.rng) / P.source_rate
    if P.people:
        start_points(P, S)
    _settle_people(P, S, 0.0)


@jit
def pick_source(P, rng):
    """Pick the source of the next blow, by their rates."""
    u = uniform(rng)
    i = 0
    while i < len(P.sources) - 1 and u >= P.sources[i].cumulative:
        i += 1
    return i


@jit
def _become_unreadable(P, S, t):
    """Lose all copies whose readers are gone at t; return the last of their formats, or -1."""
    gone = -1
    for c in range(len(P.copies)):
        if S.rest[c].obsolete_at <= t:
            S.rest[c].obsolete_at = _INF
            gone = P.rest[c].format
            _kill_copy(P, S, c, t, False)
    if gone >= 0:
        look_ahead(P, S)
    return gone


@jit
def _start_over(P, S, t):
    """After a total loss, for expected counts: all lost copies intact, all sites standing."""
    for s in range(len(P.sites)):
        S.site_down[s] = 0
        S.unit[len(P.groups) + 1 + len(P.copies) + s] = _INF
    for c in range(len(P.copies)):
        if not S.copies[c].intact:
            _recover(P, S, c, t)
        if P.rest[c].sets > 1 and P.rest[c].first_set == c:
            arrange(P, S, c)
    if P.people:
        restart_points(P, S, t)


@jit
def next_blow(P, S, until):
    """Play on to the next instant at which a copy may have been lost.

    Returns
    -------
    tuple
        That instant, inf if it lies beyond ``until``; the cause.
    """
    n_groups = len(P.groups)
    n_copies = len(P.copies)
    while True:
        t = _INF
        after = _INF
        who = -1
        for i in range(len(S.unit)):
            x = S.unit[i]
            if x < t:
                after = t
                t = x
                who = i
            elif x < after:
                after = x
        if t > until or who < 0:
            return _INF, -1
        if who < n_groups:
            outcome = run_group(P, S, who, min(after, until))
            if outcome == NOTHING:
                continue
            t = S.unit[who]
            c = P.groups[who].owner
            if lose_group(P, S, who, t):
                return t, (outcome - 1) * n_copies + c
            continue
        if who == n_groups:
            i = pick_source(P, S.rng)
            strike(P, S, i, t)
            S.unit[n_groups] = t + exponential(S.rng) / P.source_rate
            return t, LOST_TO_REBUILD_ERROR * n_copies + i
        i = who - n_groups - 1
        if i == n_copies + len(P.sites):
            gone = _become_unreadable(P, S, t)
            if gone >= 0:
                _settle_people(P, S, t)
                return t, LOST_TO_REBUILD_ERROR * n_copies + len(P.sources) + gone
        recover_next(P, S, i, t)


@jit
def recover_next(P, S, i, t):
    """End the recovery of copy i or, beyond the copies, of a site; beyond those, media at rest."""
    if i < len(P.copies):
        _recover(P, S, i, t)
    elif i < len(P.copies) + len(P.sites):
        _recover_site(P, S, i - len(P.copies), t)
    else:
        fall_due(P, S, t)
    _settle_people(P, S, t)
    if S.outage[0].state == OUT or S.outage[0].state == RESTORED:
        after_recovery(P, S, t)


@jit
def _trial(P, S, causes, bins):
    """Run one history to the horizon; return how often everything was lost."""
    start_trial(P, S)
    start_outages(S)
    losses = 0
    while True:
        t, cause = next_blow(P, S, P.horizon)
        if t == _INF:
            end_outages(P, S)
            return losses
        after_blow(P, S, t, cause)
        if S.tally[INTACT] == 0:
            losses += 1
            if losses == 1:
                causes[cause] += 1
                bins[min(int(t / P.horizon * len(bins)), len(bins) - 1)] += 1
            _start_over(P, S, t)
        elif S.tally[PART_LOST] == 0 and something_is_gone(P, S, t):
            S.tally[PART_LOST] = 1


@entry
def run_trials(P, S, seed, first, count, totals, causes, bins):
    """Run the trials first .. first + count - 1 of a seed and add up what became of them."""
    P = by_reference(P)
    S = by_reference(S)
    for trial in range(first, first + count):
        start_stream(S.rng, seed, trial)
        losses = _trial(P, S, causes, bins)
        totals[TRIALS] += 1
        totals[LOSSES] += losses > 0
        totals[LOSSES_IN_ALL] += losses
        totals[LOSSES_IN_ALL_SQUARED] += losses * losses
        totals[LOST_SOMETHING] += losses > 0 or S.tally[PART_LOST] == 1
        if P.people:
            lost = S.work[ROLLBACK]
            totals[OVER_DAY] += lost > _DAY
            totals[OVER_WEEK] += lost > _WEEK
            totals[OVER_MONTH] += lost > _MONTH
