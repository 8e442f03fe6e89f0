"""The whole physical law as one event loop: the oracle for every other method."""

from __future__ import annotations

import numpy as np

from riskmodel._kernels._jit import by_reference, entry, jit
from riskmodel._kernels.blows import pick_source, strike
from riskmodel._kernels.groups import run_group
from riskmodel._kernels.losses import kill_copy, lose_group, settle_people
from riskmodel._kernels.outage import after_blow, end_outages, start_outages
from riskmodel._kernels.parts import something_is_gone
from riskmodel._kernels.records import INTACT, LOST_TO_REBUILD_ERROR, NOTHING, PART_LOST, ROLLBACK
from riskmodel._kernels.recoveries import recover_next, start_over
from riskmodel._kernels.rest import look_ahead
from riskmodel._kernels.rng import exponential, start_stream
from riskmodel._kernels.start import start_trial

_INF = np.inf

# places in the counts of a run
TRIALS, LOSSES, LOSSES_IN_ALL, LOSSES_IN_ALL_SQUARED, LOST_SOMETHING = range(5)
OVER_DAY, OVER_WEEK, OVER_MONTH = range(5, 8)  # trials in which so much work was lost
_DAY, _WEEK, _MONTH = 24.0, 168.0, 730.5


@jit
def _become_unreadable(P, S, t):
    """Lose all copies whose readers are gone at t; return the last of their formats, or -1."""
    gone = -1
    for c in range(len(P.copies)):
        if S.rest[c].obsolete_at <= t:
            S.rest[c].obsolete_at = _INF
            gone = P.rest[c].format
            kill_copy(P, S, c, t, False)
    if gone >= 0:
        look_ahead(P, S)
    return gone


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
                if after > until:  # and nothing else comes before that
                    return _INF, -1
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
                settle_people(P, S, t)
                return t, LOST_TO_REBUILD_ERROR * n_copies + len(P.sources) + gone
        recover_next(P, S, i, t)


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
            start_over(P, S, t)
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
