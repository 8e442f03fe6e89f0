"""Versions beside the data: no copy, but an undo, and no better than the same versions elsewhere.

In the law an undo of the live data is never behind: it helps if damage is noticed while versions of
its age are kept. Versions that a job makes are behind by the age of its last run, some runs are
missed, and some jobs never worked. So the undo is taken to reach back less far: as far as makes it
help as often as those versions do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from riskmodel.preset_catalogue import presets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hours = NDArray[np.float64]

__all__ = ["undo_hours"]

_HANDS = 64  # people, from those who never miss a run to those who hardly make one
_PARTS = 8  # of the time between two runs
_MOST_RUNS = 2000
_HALVINGS = 60


def undo_hours(kept: float, every: float, *, by_hand: bool = False, job: bool = True) -> float:
    """Return how far back an undo must reach that helps as often as versions of a job.

    Parameters
    ----------
    kept : float
        How old a version grows. [h]
    every : float
        Time between two runs. [h]
    by_hand : bool
        Whether somebody makes them by hand, and misses more of them.
    job : bool
        Whether a job makes them that may miss runs, or never have worked; snapshots that are there
        at known times are no promise.

    Returns
    -------
    float
        In [0, kept]. [h]

    Notes
    -----
    With D the time until a mistake is noticed, A the age of the last run then made, u the chance
    that the job never worked: F_D(w) = (1 - u) P(D + A <= kept), the notice by the sourced law.
    A is uniform between two runs, and longer by one interval for each missed one; of runs by hand
    each person misses a share of their own, as in the law.
    """
    import numpy as np

    law = presets().shocks["mistake"].noticed
    if kept <= 0.0 or law is None:
        return 0.0

    def noticed_by(hours: Hours) -> Hours:
        inside = np.maximum(hours, 0.0)
        return np.where(hours > 0.0, -np.expm1(-law.cumulative_hazard(inside)), 0.0)

    helps = _chance(noticed_by, kept, every, _missed(by_hand) if job else np.zeros(1))
    helps *= 1.0 - presets().defaults.unrestorable if job else 1.0
    low, high = 0.0, kept
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (
            (middle, high) if float(noticed_by(np.array([middle]))[0]) <= helps else (low, middle)
        )
    return low


def _missed(by_hand: bool) -> Hours:
    """Return the share of runs that is missed, of several people alike."""
    import numpy as np
    from scipy.special import gammaincinv

    known = presets().defaults
    if not by_hand:
        return np.array([known.missed_by_scheduler])
    shape = 1.0 / known.hand_variance
    person = gammaincinv(shape, (np.arange(_HANDS) + 0.5) / _HANDS) / shape
    return np.asarray(-np.expm1(person * np.log1p(-known.missed_by_hand)))


def _chance(
    noticed_by: Callable[[Hours], Hours], kept: float, every: float, missed: Hours
) -> float:
    """Return the chance that the notice comes while the last version made is still kept."""
    import numpy as np

    runs = np.arange(min(_MOST_RUNS, int(kept / every) + 1) if every > 0.0 else 1)
    part = (np.arange(_PARTS) + 0.5) / _PARTS
    helps = noticed_by(kept - every * (runs[:, None] + part)).mean(axis=1)
    share = (1.0 - missed[:, None]) * missed[:, None] ** runs
    return float((share @ helps).mean())
