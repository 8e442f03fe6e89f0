"""Latent defects and drives that age: Elerath with Pecht and with Schindler."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from riskmodel.literature._arguments import (
    Floats,
    not_negative,
    positive,
    scalar,
    whole,
)
from riskmodel.literature.chains import mean_time_to_absorption

__all__ = [
    "elerath_pecht_double_failures",
    "elerath_pecht_exponential_mttdl",
    "elerath_schindler_raid6",
]


def elerath_pecht_double_failures(
    n_drives: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike, horizon_hours: ArrayLike
) -> Floats:
    """Double-disk failures that the MTTDL method expects in an N + 1 group.

    The number that [1]_ shows to be wrong: it knows neither latent defects nor ageing, and is
    low by a factor of about 500 for their base case. It is an expected count, which exceeds the
    probability of a first loss where it is not small.

    Parameters
    ----------
    n_drives : int
        Drives in the group, N + 1, parity included.
    mttf_hours, mttr_hours : float or array_like
        The paper takes the *characteristic* lives of its Weibull laws here, not the means.
    horizon_hours : float or array_like
        Mission time.

    Returns
    -------
    float or ndarray
        Expected failures per group.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    E[N(t)] = t/MTTDL with MTTDL = MTTF²/(N(N + 1) MTTR), equation 2 of [1]_. The paper prints
    37,037 years for its base case, which is 10,000 years over the rounded 0.27 failures per 1,000
    groups; the equation gives 36,162 years.

    References
    ----------
    .. [1] Elerath, Pecht, "A highly accurate method for assessing reliability of redundant arrays
       of inexpensive disks (RAID)", IEEE Transactions on Computers 58(3), 2009.

    Examples
    --------
    >>> round(1000 * float(elerath_pecht_double_failures(8, 461_386, 12, 87_600)), 2)
    0.28
    """
    n = whole("n_drives", n_drives, 2)
    mttf, mttr = positive(mttf_hours=mttf_hours, mttr_hours=mttr_hours)
    (horizon,) = not_negative(horizon_hours=horizon_hours)
    return np.asarray(horizon * (n * (n - 1) * mttr) / mttf**2)[()]


def elerath_pecht_exponential_mttdl(
    n_drives: int,
    mttf_hours: float,
    mttr_hours: float,
    mean_time_to_defect_hours: float,
    mean_scrub_hours: float,
) -> float:
    """Mean time to data loss of the N + 1 model with latent defects, all laws exponential.

    Exact for the rules of [1]_ as its text states them, with exponential laws in place of its
    Weibull laws.

    Parameters
    ----------
    n_drives : int
        Drives in the group, N + 1, >= 2.
    mttf_hours, mttr_hours : float
        Mean time to an operational failure, and to restore the drive.
    mean_time_to_defect_hours, mean_scrub_hours : float
        Mean time of a drive to a latent defect, and of a defect to its scrubbing.

    Returns
    -------
    float
        MTTDL.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    A failure loses data if another drive is down or carries a defect. Defects on the failing drive
    itself do not count, nor do those that arise while another is restored: they only count at
    the next failure. Further defects of a defective drive are ignored.

    References
    ----------
    .. [1] Elerath, Pecht, "A highly accurate method for assessing reliability of redundant arrays
       of inexpensive disks (RAID)", IEEE Transactions on Computers 58(3), 2009.

    Examples
    --------
    Without defects in sight this is `mttdl_raid5`.

    >>> round(elerath_pecht_exponential_mttdl(8, 100_000, 100, 1e12, 100))
    1812500
    """
    n = whole("n_drives", n_drives, 2)
    fail, mend, arise, clear = (
        1.0 / scalar(name, value)
        for name, value in (
            ("mttf_hours", mttf_hours),
            ("mttr_hours", mttr_hours),
            ("mean_time_to_defect_hours", mean_time_to_defect_hours),
            ("mean_scrub_hours", mean_scrub_hours),
        )
    )
    down = n + 1  # states: 0…n defects on n working drives, then 0…n−1 on n − 1
    rates = np.zeros((2 * n + 1, 2 * n + 1))
    lost = np.zeros(2 * n + 1)
    for first, working in ((0, n), (down, n - 1)):
        for defects in range(working):
            rates[first + defects, first + defects + 1] = (working - defects) * arise
            rates[first + defects + 1, first + defects] = (defects + 1) * clear
    rates[0, down] = n * fail
    rates[1, down] = fail
    lost[1] = (n - 1) * fail
    lost[2:down] = n * fail
    lost[down:] = (n - 1) * fail
    rates[np.arange(down, 2 * n + 1), np.arange(n)] = mend
    return mean_time_to_absorption(rates, lost)


def elerath_schindler_raid6(
    data_disks: int,
    failure_shape: float,
    failure_scale_hours: float,
    mean_restore_hours: float,
    mean_scrub_hours: float,
    mean_time_to_defect_hours: float,
    horizon_hours: ArrayLike,
) -> Floats:
    """Triple-disk failures expected in a RAID 6 group of ageing disks with latent defects.

    An approximation by steady-state availabilities at the mission's end. Against simulation of
    the same rules it is about 10 % low at 5 years and 20 % at 10 for decreasing hazards.

    Parameters
    ----------
    data_disks : int
        Disks without the two for parity, D.
    failure_shape, failure_scale_hours : float
        Weibull law of operational failures, β and η. [–, h]
    mean_restore_hours, mean_scrub_hours : float
        *Means*: for a Weibull law location + scale·Γ(1 + 1/shape). The paper's text says
        characteristic life; only means reproduce its figure 8.
    mean_time_to_defect_hours : float
        Mean time of a disk to a latent defect.
    horizon_hours : float or array_like
        Mission time t.

    Returns
    -------
    float or ndarray
        Expected failures per group.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (DM1 + DM2)·D·H(t) with H = (t/η)^β, η_ps = η^β/t^(β−1), q = η_ps/(η_ps + R), l = L/(L + S),
    DM1 = ((1 − q^(D+2))(1 − l^(D+1)) + (1 − l^(D+2))(1 − q^(D+1)))/2,
    DM2 = (1 − q^(D+2))(1 − q^(D+1)) [1]_. Three failures count, or two and a defect that was
    there before the last failure; a defect that arises after two failures does not, nor do two.

    The disks' absolute numbers in figure 9 of [1]_ do not follow from this equation and its
    table III.

    References
    ----------
    .. [1] Elerath, Schindler, "Beyond MTTDL: a closed-form RAID 6 reliability equation", ACM
       Transactions on Storage 10(2), 2014.

    Examples
    --------
    Section 6.4: "0.12" per 1,000 groups and 10 years, scrubbed every 348 hours.

    >>> count = elerath_schindler_raid6(14, 1.0, 876_000, 12, 348, 9259, 87_600)
    >>> round(1000 * float(count), 1)
    0.1
    """
    data = whole("data_disks", data_disks, 1)
    shape = scalar("failure_shape", failure_shape)
    scale = scalar("failure_scale_hours", failure_scale_hours)
    restore = scalar("mean_restore_hours", mean_restore_hours)
    scrub = scalar("mean_scrub_hours", mean_scrub_hours)
    defect = scalar("mean_time_to_defect_hours", mean_time_to_defect_hours)
    (horizon,) = positive(horizon_hours=horizon_hours)
    life = scale**shape / horizon ** (shape - 1.0)
    log_up, log_clean = -np.log1p(restore / life), -np.log1p(scrub / defect)
    down_two, down_one = -np.expm1((data + 2) * log_up), -np.expm1((data + 1) * log_up)
    bad_two, bad_one = -np.expm1((data + 2) * log_clean), -np.expm1((data + 1) * log_clean)
    either = (down_two * bad_one + bad_two * down_one) / 2.0
    hazard = (horizon / scale) ** shape
    return np.asarray((either + down_two * down_one) * data * hazard)[()]
