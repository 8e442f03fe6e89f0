"""When people have no data: from the loss of the live copy until it is back or restored.

Nothing here changes the course of a trial, so no event is kept for the end of a restore: whoever
looks next sees that it has passed.
"""

from __future__ import annotations

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.records import AVAILABLE, GONE, INTACT, OUT, RESTORED

_INF = np.inf
_DAY, _WEEK = 24.0, 168.0

# places in State.outage_counts: trials, then in rows of three the causes
TRIALS_OVER_DAY, TRIALS_OVER_WEEK = range(2)
ENDED, OVER_DAY, OVER_WEEK = range(3)
# places in State.outage_hours, before the causes
HOURS, HOURS_SQUARED = range(2)


@jit
def _is_there(P, S):
    intact = 0
    for c in range(P.live, P.live + P.rest[P.live].sets):
        intact += S.copies[c].intact
    return intact > 0


@jit
def _seek_source(P, S, t):
    """Restore from the copy that is done first, if it is done before what is under way."""
    out = S.outage[0]
    for c in range(len(P.copies)):
        if S.copies[c].intact and t + P.rest[c].restore < out.until:
            out.source = c
            out.until = t + P.rest[c].restore


@jit
def _begin(P, S, t, cause):
    out = S.outage[0]
    out.state = OUT
    out.start = t
    out.cause = cause
    out.source = -1
    out.until = _INF


@jit
def _end(P, S, t, for_ever):
    out = S.outage[0]
    hours = t - out.start
    over_day = for_ever or hours > _DAY
    over_week = for_ever or hours > _WEEK
    out.hours += hours
    out.over_day |= over_day
    out.over_week |= over_week
    row = 2 + 3 * out.cause
    S.outage_counts[row + ENDED] += 1
    S.outage_counts[row + OVER_DAY] += over_day
    S.outage_counts[row + OVER_WEEK] += over_week
    S.outage_hours[2 + out.cause] += hours


@jit
def start_outages(S):
    """Let people have their data."""
    out = S.outage[0]
    out.state = AVAILABLE
    out.over_day = 0
    out.over_week = 0
    out.hours = 0.0


@jit
def after_blow(P, S, t, cause):
    """See what a blow at t means for those who work with the data."""
    out = S.outage[0]
    if out.state == GONE:
        return
    if out.state == OUT and out.until <= t:
        _end(P, S, out.until, False)
        out.state = RESTORED
    if S.tally[INTACT] == 0:
        if out.state != OUT:
            _begin(P, S, t, cause)
        _end(P, S, P.horizon, True)
        out.state = GONE
    elif out.state == AVAILABLE:
        if not _is_there(P, S):
            _begin(P, S, t, cause)
            _seek_source(P, S, t)
    elif out.state == OUT and out.source >= 0 and not S.copies[out.source].intact:
        out.source = -1
        out.until = _INF
        _seek_source(P, S, t)


@jit
def after_recovery(P, S, t):
    """See whether a copy that is intact again at t brings the data back."""
    out = S.outage[0]
    if out.state == OUT and out.until <= t:
        _end(P, S, out.until, False)
        out.state = RESTORED
    if _is_there(P, S):
        if out.state == OUT:
            _end(P, S, t, False)
        out.state = AVAILABLE
    elif out.state == OUT:
        _seek_source(P, S, t)


@jit
def end_outages(P, S):
    """Add up what a trial was without data."""
    out = S.outage[0]
    if out.state == OUT:
        _end(P, S, min(out.until, P.horizon), False)
    S.outage_counts[TRIALS_OVER_DAY] += out.over_day
    S.outage_counts[TRIALS_OVER_WEEK] += out.over_week
    S.outage_hours[HOURS] += out.hours
    S.outage_hours[HOURS_SQUARED] += out.hours * out.hours
