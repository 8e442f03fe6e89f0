"""Sectors that a rebuild cannot read, and scrubbing: Iliadis and colleagues."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from riskmodel.errors import InputError
from riskmodel.literature._arguments import (
    Floats,
    fractions,
    not_negative,
    one_of,
    positive,
    scalar,
    whole,
)
from riskmodel.literature.chains import mean_time_to_absorption

__all__ = [
    "iliadis_raid5_mttdl",
    "iliadis_raid6_mttdl",
    "iliadis_scrubbed_error",
    "iliadis_unrecoverable",
]


def iliadis_scrubbed_error(
    p_written_bad: ArrayLike,
    load_per_hour: ArrayLike,
    scrub_period_hours: ArrayLike,
    *,
    scrubbing: str = "fixed",
) -> Floats:
    """Chance that a sector is unreadable when each write may leave it so and scrubs mend it.

    Exact in the paper's model: Poisson reads and writes, errors made by writing alone.

    Parameters
    ----------
    p_written_bad : float or array_like
        Chance P_e that a write leaves the sector unreadable.
    load_per_hour : float or array_like
        Writes of a given sector, h.
    scrub_period_hours : float or array_like
        Mean time between scrubs of a sector, T.
    scrubbing : {'fixed', 'random'}
        Whether scrubs are equally spaced or at exponential intervals.

    Returns
    -------
    float or ndarray
        The chance.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (1 − (1 − e^(−hT))/(hT)) P_e for fixed, hT/(1 + hT) P_e for random scrubs [1]_. Without
    scrubbing (hT → ∞) it is P_e.

    References
    ----------
    .. [1] Iliadis, Haas, Hu, Eleftheriou, "Disk scrubbing versus intra-disk redundancy for
       high-reliability RAID storage systems", SIGMETRICS 2008.

    Examples
    --------
    >>> float(iliadis_scrubbed_error(4e-11, 0.01, 100.0, scrubbing="random"))
    2e-11
    """
    (p_bad,) = fractions(p_written_bad=p_written_bad)
    load, period = not_negative(load_per_hour=load_per_hour, scrub_period_hours=scrub_period_hours)
    one_of("scrubbing", scrubbing, ("fixed", "random"))
    x = load * period
    if scrubbing == "random":
        return np.asarray(p_bad * x / (1.0 + x))[()]
    safe = np.where(x > 1e-4, x, 1.0)
    series = x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0))
    return np.asarray(p_bad * np.where(x > 1e-4, 1.0 + np.expm1(-safe) / safe, series))[()]


def iliadis_unrecoverable(
    p_sector: ArrayLike, sectors_read: ArrayLike, mean_burst: ArrayLike = 1.0
) -> Floats:
    """Chance that a rebuild which needs every sector meets an unreadable one.

    Exact for independent bursts.

    Parameters
    ----------
    p_sector : float or array_like
        Chance of a sector to be unreadable.
    sectors_read : float or array_like
        Sectors that must be read: of N − 1 disks for a RAID 5.
    mean_burst : float or array_like
        Mean length of a run of unreadable sectors, >= 1. [sectors]

    Returns
    -------
    float or ndarray
        P_uf.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    1 − (1 − P/B)^((N−1)S) [1]_.

    References
    ----------
    .. [1] Iliadis, Haas, Hu, Eleftheriou, "Disk scrubbing versus intra-disk redundancy for
       high-reliability RAID storage systems", SIGMETRICS 2008.

    Examples
    --------
    >>> round(float(iliadis_unrecoverable(1e-10, 1e8)), 4)
    0.01
    """
    (p_bad,) = fractions(p_sector=p_sector)
    sectors, burst = not_negative(sectors_read=sectors_read, mean_burst=mean_burst)
    if np.any(burst < 1.0):
        raise InputError(f"mean_burst must be at least 1, not {np.min(burst)}")
    with np.errstate(divide="ignore", invalid="ignore"):
        log_good = np.where(sectors > 0.0, sectors * np.log1p(-p_bad / burst), 0.0)
    return np.asarray(-np.expm1(log_good))[()]


def iliadis_raid5_mttdl(
    n_drives: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike, p_unrecoverable: ArrayLike
) -> Floats:
    """Mean time to data loss of a RAID 5 group whose rebuilds may meet unreadable sectors.

    Exact for the Markov chain. The chance is taken as independent of how long the rebuild lasts
    and of the last one; what is lost may be a single sector.

    Parameters
    ----------
    n_drives : int
        Drives in the group, N >= 2.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a drive and mean time to rebuild it.
    p_unrecoverable : float or array_like
        Chance that a rebuild fails, such as from `iliadis_unrecoverable`.

    Returns
    -------
    float or ndarray
        MTTDL of one group; divide by the number of groups.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    ((2N − 1)λ + μ) / (Nλ((N − 1)λ + μP)) [1]_.

    References
    ----------
    .. [1] Iliadis, Haas, Hu, Eleftheriou, "Disk scrubbing versus intra-disk redundancy for
       high-reliability RAID storage systems", SIGMETRICS 2008.

    Examples
    --------
    The paper's 4,762 arrays of 8 disks: 52,696 hours without sector errors.

    >>> round(float(iliadis_raid5_mttdl(8, 500_000, 17.8, 0.0)) / 4762)
    52696
    """
    n = whole("n_drives", n_drives, 2)
    mttf, mttr = positive(mttf_hours=mttf_hours, mttr_hours=mttr_hours)
    (p_fails,) = fractions(p_unrecoverable=p_unrecoverable)
    ratio = mttf / mttr
    return np.asarray(mttf * ((2 * n - 1) + ratio) / (n * ((n - 1) + ratio * p_fails)))[()]


def iliadis_raid6_mttdl(
    n_drives: int,
    mttf_hours: float,
    mttr_hours: float,
    p_unrecoverable: float,
    p_unrecoverable_degraded: float = 0.0,
) -> float:
    """Mean time to data loss of a RAID 6 group whose rebuilds may meet unreadable sectors.

    Exact for the Markov chain with one rebuild at a time, which the published 4.9e7 hours
    need; parallel rebuilds would double it.

    Parameters
    ----------
    n_drives : int
        Drives in the group, N >= 3.
    mttf_hours, mttr_hours : float
        Mean time to failure of a drive and mean time to rebuild it.
    p_unrecoverable : float
        Chance that a rebuild fails while two drives are down: of N − 2 disks one sector.
    p_unrecoverable_degraded : float
        The same while one is down: two sectors of one stripe.

    Returns
    -------
    float
        MTTDL of one group; divide by the number of groups.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    0 → 1 at Nλ; 1 → 2 at (N − 1)λ, 1 → 0 at μ(1 − P₁), 1 → loss at μP₁; 2 → 1 at μ(1 − P₂),
    2 → loss at (N − 2)λ + μP₂ [1]_.

    References
    ----------
    .. [1] Iliadis, Haas, Hu, Eleftheriou, "Disk scrubbing versus intra-disk redundancy for
       high-reliability RAID storage systems", SIGMETRICS 2008.

    Examples
    --------
    The paper's 2,381 arrays of 16 disks: 4.9e7 hours without sector errors.

    >>> round(iliadis_raid6_mttdl(16, 500_000, 17.8, 0.0) / 2381, -6)
    49000000.0
    """
    n = whole("n_drives", n_drives, 3)
    fail = 1.0 / scalar("mttf_hours", mttf_hours)
    mend = 1.0 / scalar("mttr_hours", mttr_hours)
    two, one = (
        float(p)
        for p in fractions(
            p_unrecoverable=p_unrecoverable, p_unrecoverable_degraded=p_unrecoverable_degraded
        )
    )
    rates = np.zeros((3, 3))
    rates[0, 1], rates[1, 2] = n * fail, (n - 1) * fail
    rates[1, 0], rates[2, 1] = mend * (1.0 - one), mend * (1.0 - two)
    return mean_time_to_absorption(rates, [0.0, mend * one, (n - 2) * fail + mend * two])
