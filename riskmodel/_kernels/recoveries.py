"""How what was lost comes back: a copy, a site, everything."""

from __future__ import annotations

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.groups import revive_group
from riskmodel._kernels.losses import settle_people
from riskmodel._kernels.outage import after_recovery
from riskmodel._kernels.records import INTACT, OUT, RESTORED
from riskmodel._kernels.rest import arrange, fall_due, renew, return_to_site
from riskmodel._kernels.threats import restart_points

_INF = np.inf


@jit
def recover_next(P, S, i, t):
    """End the recovery of copy i or, beyond the copies, of a site; beyond those, media at rest."""
    if i < len(P.copies):
        _recover(P, S, i, t)
    elif i < len(P.copies) + len(P.sites):
        _recover_site(P, S, i - len(P.copies), t)
    else:
        fall_due(P, S, t)
    settle_people(P, S, t)
    if S.outage[0].state == OUT or S.outage[0].state == RESTORED:
        after_recovery(P, S, t)


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
def start_over(P, S, t):
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
