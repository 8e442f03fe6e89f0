"""One trial of the events kernel, played instant by instant so that somebody can look on."""

from __future__ import annotations

import numpy as np

from riskmodel._kernels._jit import by_reference, entry
from riskmodel._kernels.events import next_blow
from riskmodel._kernels.outage import after_blow, start_outages
from riskmodel._kernels.parts import something_is_gone
from riskmodel._kernels.records import INTACT, PART_LOST
from riskmodel._kernels.rng import start_stream
from riskmodel._kernels.start import start_trial

_INF = np.inf


@entry
def run_step(P, S, seed, trial, begin, found):
    """Begin a trial, or play it on through its next instant, as `run_trials` does.

    ``found`` gets the instant, inf when the horizon has come first, and the cause of a blow, -1 if
    there was none. It is for the caller to stop when everything is lost.
    """
    P = by_reference(P)
    S = by_reference(S)
    if begin:
        start_stream(S.rng, seed, trial)
        start_trial(P, S)
        start_outages(S)
        found[0] = 0.0
        found[1] = -1.0
        return
    t = _INF
    for i in range(len(S.unit)):
        t = min(t, S.unit[i])
    found[0] = t if t <= P.horizon else _INF
    found[1] = -1.0
    if t > P.horizon:
        return
    blow, cause = next_blow(P, S, t)
    if blow == _INF:
        return
    found[1] = cause
    after_blow(P, S, blow, cause)
    if S.tally[INTACT] > 0 and S.tally[PART_LOST] == 0 and something_is_gone(P, S, blow):
        S.tally[PART_LOST] = 1
