"""The start of a trial."""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.groups import start_group
from riskmodel._kernels.losses import settle_people
from riskmodel._kernels.records import INTACT, LAW_PLAYED, LOG_WEIGHT, PART_LOST, TRUE_LAW
from riskmodel._kernels.rest import start_at_rest
from riskmodel._kernels.rng import exponential, gamma_mean_one, uniform
from riskmodel._kernels.threats import start_points

_INF = np.inf


@jit
def start_trial(P, S):
    """Draw the frailties and set everything to work."""
    for i in range(len(P.frailties)):
        S.frailty[i] = gamma_mean_one(S.rng, P.frailties[i].variance)
    set_to_work(P, S)


@jit
def _make_frail(S, store, copy):
    frailty = 1.0
    if store.batch >= 0:
        frailty *= S.frailty[store.batch]
    if store.model >= 0:
        frailty *= S.frailty[store.model]
    copy.frailty = frailty
    copy.survive_start = math.exp(-frailty * store.hazard_start)
    copy.survive_new = math.exp(-frailty * store.hazard_new)


@jit
def set_to_work(P, S):
    """Set everything to work under the frailties that were drawn."""
    S.tally[INTACT] = len(P.copies)
    S.tally[PART_LOST] = 0
    for k in range(len(P.groups), len(S.unit)):
        S.unit[k] = _INF
    for k in range(P.spares):
        S.spares[k] = 0.0
    for s in range(len(P.sites)):
        S.site_down[s] = 0
    for c in range(len(P.copies)):
        copy = S.copies[c]
        store = P.stores[c]
        S.floor[c] = 0.0
        copy.intact = 1
        copy.noticed = _INF
        copy.part_until = -_INF
        copy.phase = P.copies[c].check_every * uniform(S.rng) if P.copies[c].random_phase else 0.0
        if store.batch >= 0 or store.model >= 0:
            _make_frail(S, store, copy)
        for g in range(store.first_group, store.first_group + store.groups):
            start_group(P, S, g)
    S.weight[LOG_WEIGHT] = 0.0
    S.weight[LAW_PLAYED] = TRUE_LAW
    if P.is_at_rest:
        start_at_rest(P, S)
    if P.source_rate > 0.0:
        S.unit[len(P.groups)] = exponential(S.rng) / P.source_rate
    if P.people:
        start_points(P, S)
        settle_people(P, S, 0.0)
