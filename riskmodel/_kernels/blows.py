"""What strikes at an instant: perils, shocks, threats, and which copies they reach."""

from __future__ import annotations

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.errors import any_error
from riskmodel._kernels.groups import find_next, restress, start_rebuild
from riskmodel._kernels.losses import kill_copy, lose_as_it_is, settle_people
from riskmodel._kernels.parts import lose_part
from riskmodel._kernels.records import (
    DOWN,
    MEDIA_AT,
    PERIL_MEDIA,
    PERIL_SITE,
    SHOCK_CHANCES,
    SHOCK_CHOOSE,
    THREAT_DATA,
    UP,
)
from riskmodel._kernels.rest import await_site, lose_piece
from riskmodel._kernels.rng import uniform
from riskmodel._kernels.threats import strike as strike_by_threat
from riskmodel._kernels.weights import coin, draw_long, meets_error

_INF = np.inf
_KILLED = 4  # a drive's state between the kills of an instant and its rebuild's start


@jit
def pick_source(P, rng):
    """Pick the source of the next blow, by their rates."""
    u = uniform(rng)
    i = 0
    while i < len(P.sources) - 1 and u >= P.sources[i].cumulative:
        i += 1
    return i


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
            lose_as_it_is(P, S, c, t, False)
    settle_people(P, S, t)


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
            kill_copy(P, S, c, t, False)


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
            kill_copy(P, S, c, t, True)


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
