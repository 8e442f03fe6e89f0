"""Mean times to data loss of a group of drives.

Drives fail independently with a constant hazard rate, and all are good at first.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from riskmodel.literature._arguments import (
    Floats,
    Repairs,
    one_of,
    positive,
    positive_or_never,
    whole,
)
from riskmodel.literature.chains import mttdl_birth_death

__all__ = [
    "mttdl_k_of_n",
    "mttdl_k_of_n_approximation",
    "mttdl_raid0",
    "mttdl_raid1",
    "mttdl_raid5",
    "mttdl_raid6",
]


def mttdl_raid0(n_drives: int, mttf_hours: ArrayLike) -> Floats:
    """Mean time to data loss of a stripe without redundancy.

    Exact for exponential lifetimes.

    Parameters
    ----------
    n_drives : int
        Drives in the stripe, >= 1.
    mttf_hours : float or array_like
        Mean time to failure of a drive.

    Returns
    -------
    float or ndarray
        MTTF/n.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> float(mttdl_raid0(4, 1e6))
    250000.0
    """
    return mttdl_k_of_n(n_drives, 0, mttf_hours, math.inf)


def mttdl_raid1(
    n_drives: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike, *, repairs: str = "parallel"
) -> Floats:
    """Mean time to data loss of a mirror of two or more drives.

    Exact for exponential lifetimes and rebuilds: `mttdl_k_of_n` that needs one drive.

    Parameters
    ----------
    n_drives : int
        Drives in the mirror, >= 2.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a drive and mean time to rebuild it.
    repairs : {'parallel', 'serial'}
        Whether several failed drives are rebuilt at once.

    Returns
    -------
    float or ndarray
        MTTDL.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> round(float(mttdl_raid1(2, 20_000, 720)), 2)  # (3 MTTF + MTTF²/MTTR)/2
    307777.78
    """
    n_drives = whole("n_drives", n_drives, 2)
    return mttdl_k_of_n(n_drives, n_drives - 1, mttf_hours, mttr_hours, repairs=repairs)


def mttdl_raid5(n_drives: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike) -> Floats:
    """Mean time to data loss of a group that tolerates one failure.

    Exact for exponential lifetimes and rebuilds.

    Parameters
    ----------
    n_drives : int
        Drives in the group, parity included, >= 2.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a drive and mean time to rebuild it; ``inf`` for never.

    Returns
    -------
    float or ndarray
        MTTDL of the three-state Markov chain.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    With λ = 1/MTTF and μ = 1/MTTR: MTTDL = ((2n − 1)λ + μ) / (n(n − 1)λ²) [1]_, [2]_.

    References
    ----------
    .. [1] Chen, Lee, Gibson, Katz, Patterson, "RAID: high-performance, reliable secondary
       storage", ACM Computing Surveys 26(2), 1994.
    .. [2] Greenan, Plank, Wylie, "Mean time to meaningless: MTTDL, Markov models, and storage
       system reliability", HotStorage 2010.

    Examples
    --------
    >>> float(mttdl_raid5(8, 100_000, 100))
    1812500.0
    """
    n = whole("n_drives", n_drives, 2)
    (mttf,) = positive(mttf_hours=mttf_hours)
    (mttr,) = positive_or_never(mttr_hours=mttr_hours)
    return np.asarray(mttf * ((2 * n - 1) + mttf / mttr) / (n * (n - 1)))[()]


def mttdl_raid6(
    n_drives: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike, *, repairs: str = "parallel"
) -> Floats:
    """Mean time to data loss of a group that tolerates two failures.

    Exact for exponential lifetimes and rebuilds. Many papers mean ``repairs="serial"``, which
    halves the result where rebuilds are short, and do not say so.

    Parameters
    ----------
    n_drives : int
        Drives in the group, parity included, >= 3.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a drive and mean time to rebuild it; ``inf`` for never.
    repairs : {'parallel', 'serial'}
        Whether two failed drives are rebuilt at once.

    Returns
    -------
    float or ndarray
        MTTDL of the four-state Markov chain.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> ratio = mttdl_raid6(8, 1e6, 12) / mttdl_raid6(8, 1e6, 12, repairs="serial")
    >>> round(float(ratio), 3)
    2.0
    """
    return mttdl_k_of_n(whole("n_drives", n_drives, 3), 2, mttf_hours, mttr_hours, repairs=repairs)


def mttdl_k_of_n(
    n_drives: int,
    tolerates: int,
    mttf_hours: ArrayLike,
    mttr_hours: ArrayLike,
    *,
    repairs: str = "parallel",
) -> Floats:
    """Mean time to data loss of a group that needs ``n_drives - tolerates`` drives.

    Exact for exponential lifetimes and rebuilds, from all drives good.

    Parameters
    ----------
    n_drives : int
        Drives in the group, redundant ones included.
    tolerates : int
        Failures that lose nothing, ``0 <= tolerates < n_drives``.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a drive and mean time to rebuild it; ``inf`` for never.
    repairs : {'parallel', 'serial'}
        Whether several failed drives are rebuilt at once or one after the other.

    Returns
    -------
    float or ndarray
        MTTDL.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    `mttdl_birth_death` with failure rates (n − i)/MTTF and repair rates i/MTTR (parallel) or
    1/MTTR (serial) while i drives are down.

    Examples
    --------
    >>> float(mttdl_k_of_n(3, 1, 6.0, np.inf))  # the first of 3, then the first of 2
    5.0
    """
    n = whole("n_drives", n_drives, 1)
    most = whole("tolerates", tolerates, 0, n - 1)
    one_of("repairs", repairs, Repairs)
    (mttf,) = positive(mttf_hours=mttf_hours)
    (mttr,) = positive_or_never(mttr_hours=mttr_hours)
    at_once = [i if repairs == "parallel" else 1 for i in range(1, most + 1)]
    return mttdl_birth_death(
        [(n - i) / mttf for i in range(most + 1)], [count / mttr for count in at_once]
    )


def mttdl_k_of_n_approximation(
    n_drives: int,
    tolerates: int,
    mttf_hours: ArrayLike,
    mttr_hours: ArrayLike,
    *,
    repairs: str = "serial",
) -> Floats:
    """Textbook mean time to data loss of a group, MTTF^(m+1) / (n…(n−m) MTTR^m).

    First order in MTTR/MTTF: low by the factor 1 + O(n·MTTR/MTTF), so always on the safe side of
    `mttdl_k_of_n`, but useless where rebuilds are long.

    Parameters
    ----------
    n_drives : int
        Drives in the group, redundant ones included.
    tolerates : int
        Failures that lose nothing, m, ``0 <= tolerates < n_drives``.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a drive and mean time to rebuild it.
    repairs : {'serial', 'parallel'}
        The textbook formula is the serial one; in parallel it is m! times larger.

    Returns
    -------
    float or ndarray
        MTTDL.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The product of the rates of the m + 1 failures over that of the m rebuilds. For m = 1 this is
    the formula of [1]_ for one group.

    References
    ----------
    .. [1] Patterson, Gibson, Katz, "A case for redundant arrays of inexpensive disks (RAID)",
       SIGMOD 1988.

    Examples
    --------
    >>> float(mttdl_k_of_n_approximation(10, 1, 9e5, 10))
    900000000.0
    """
    n = whole("n_drives", n_drives, 1)
    most = whole("tolerates", tolerates, 0, n - 1)
    one_of("repairs", repairs, Repairs)
    mttf, mttr = positive(mttf_hours=mttf_hours, mttr_hours=mttr_hours)
    orders = math.factorial(most) if repairs == "parallel" else 1
    return np.asarray(mttf * (mttf / mttr) ** most * (orders / math.perm(n, most + 1)))[()]
