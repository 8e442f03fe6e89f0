"""Latent errors of drives: they arise, are cleared, and are looked for when it matters."""

from __future__ import annotations

import math

from riskmodel._kernels._jit import jit
from riskmodel._kernels.laws import draw
from riskmodel._kernels.records import CLEAN, DEFECTIVE, UNKNOWN, UP
from riskmodel._kernels.rng import exponential


@jit
def advance_errors(P, S, d, c, t):
    """Bring a working drive's latent error up to date; True if it carries one at t."""
    store = P.stores[c]
    drive = S.drives[d]
    if drive.error == UNKNOWN:
        drive.error = CLEAN
        drive.error_next += store.latent_mean * exponential(S.rng)
    while drive.error_next <= t:
        if drive.error == CLEAN:
            drive.error = DEFECTIVE
            if store.scrub_every > 0.0:
                cycle = math.floor(drive.error_next / store.scrub_every) + 1.0
                drive.error_next = cycle * store.scrub_every
            else:
                drive.error_next += draw(P.terms, P.laws[store.scrub], S.rng)
        else:
            drive.error = CLEAN
            drive.error_next += store.latent_mean * exponential(S.rng)
    return drive.error == DEFECTIVE


@jit
def any_error(P, S, g, t):
    """Whether a working drive of the group carries an error at t."""
    group = P.groups[g]
    found = False
    for d in range(group.first, group.first + group.drives):
        if S.status[d] == UP and advance_errors(P, S, d, group.owner, t):
            found = True
    return found
