"""What to make of a mean time to data loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from riskmodel.errors import InputError
from riskmodel.literature._arguments import Floats, not_negative, positive, positive_or_never

__all__ = [
    "combine_mttdl",
    "greenan_nomdl",
    "probability_from_mttdl",
]


def combine_mttdl(*mttdl_hours: ArrayLike) -> Floats:
    """Mean time to the first of several independent kinds of data loss.

    Exact if each kind has a constant rate, else an approximation.

    Parameters
    ----------
    *mttdl_hours : float or array_like
        Mean time to each kind of loss alone; ``inf`` for never.

    Returns
    -------
    float or ndarray
        1/Σ(1/MTTDL).

    Raises
    ------
    ValueError
        If there is none, or one is not above 0.

    Examples
    --------
    >>> float(combine_mttdl(300.0, 600.0))
    200.0
    """
    if not mttdl_hours:
        raise InputError("mttdl_hours must be at least one time")
    values = positive_or_never(
        **{f"mttdl_hours[{i}]": value for i, value in enumerate(mttdl_hours)}
    )
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / sum(1.0 / value for value in values))[()]


def probability_from_mttdl(*, horizon_hours: ArrayLike, mttdl_hours: ArrayLike) -> Floats:
    """Chance to lose data within a mission if losses came at the constant rate 1/MTTDL.

    .. warning::
       No system with redundancy has a constant loss rate: all good at first, it is safer than
       this during the time of a few rebuilds (a raid6 in its first year by 0.2 %), and a system
       that wears out or is never repaired is so by orders of magnitude. Only where rebuilds are
       much shorter than the mission, and drives do not age, is the error small.

    Parameters
    ----------
    horizon_hours : float or array_like
        Mission time. Both are given by name: swapped they would give a number just as well.
    mttdl_hours : float or array_like
        Mean time to data loss; ``inf`` for never.

    Returns
    -------
    float or ndarray
        1 − exp(−T/MTTDL).

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Why the result misleads is the subject of [1]_ and [2]_; `riskmodel.simulate` with
    ``method="exact"`` gives the answer that this approximates.

    References
    ----------
    .. [1] Greenan, Plank, Wylie, "Mean time to meaningless", HotStorage 2010.
    .. [2] Pâris, Schwarz, Long, "When MTTDLs are not good enough", I2TS 2008.

    Examples
    --------
    >>> chance = probability_from_mttdl(horizon_hours=87_600, mttdl_hours=285.4 * 8760)
    >>> round(float(chance), 3)  # Chen et al.: 3.4 %
    0.034
    """
    (horizon,) = not_negative(horizon_hours=horizon_hours)
    (mttdl,) = positive_or_never(mttdl_hours=mttdl_hours)
    return np.asarray(-np.expm1(-horizon / mttdl))[()]


def greenan_nomdl(bytes_lost: ArrayLike, usable_bytes: float) -> float:
    """Normalised magnitude of data loss: expected bytes lost in a mission per usable byte.

    As good as the bytes that it is given: a plain mean over simulated missions.

    Parameters
    ----------
    bytes_lost : float or array_like
        Bytes lost in each simulated mission, 0 where none were; or their expectation. [bytes]
    usable_bytes : float
        Usable capacity. [bytes]

    Returns
    -------
    float
        NOMDL over the mission; 1 if everything is expected to be lost once.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    NOMDL_t = E[bytes lost by t]/usable capacity [1]_. Unlike MTTDL it tells a lost sector from a
    lost array, and belongs to a mission time. It may exceed 1 if a system is refilled and lost
    again.

    References
    ----------
    .. [1] Greenan, Plank, Wylie, "Mean time to meaningless: MTTDL, Markov models, and storage
       system reliability", HotStorage 2010.

    Examples
    --------
    >>> greenan_nomdl([0, 0, 4096, 0], 2**20)
    0.0009765625
    """
    (lost,) = not_negative(bytes_lost=bytes_lost)
    (usable,) = positive(usable_bytes=usable_bytes)
    if lost.size == 0 or usable.ndim:
        raise InputError("bytes_lost must hold at least one mission, usable_bytes one number")
    return float(lost.mean() / usable)
