"""RAID with independent or escalating drive failures: Patterson, Chen and colleagues."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from riskmodel.errors import InputError
from riskmodel.literature._arguments import Floats, fractions, positive

__all__ = [
    "chen_disk_and_bit_error",
    "chen_double_disk",
    "chen_double_disk_and_bit_error",
    "chen_system_crash_and_disk",
    "chen_triple_disk",
    "patterson_raid_mttf",
]


def patterson_raid_mttf(
    data_disks: ArrayLike,
    group_data_disks: ArrayLike,
    group_check_disks: ArrayLike,
    mttf_hours: ArrayLike,
    mttr_hours: ArrayLike,
) -> Floats:
    """Mean time to failure of a RAID of several groups that tolerate one failure each.

    First order in MTTR/MTTF; too low by the factor 1 + O((G + C)·MTTR/MTTF).

    Parameters
    ----------
    data_disks : float or array_like
        Disks with data in all groups, D.
    group_data_disks, group_check_disks : float or array_like
        Disks with data, G, and with check information, C, in one group.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a disk and mean time to repair it.

    Returns
    -------
    float or ndarray
        MTTF of the RAID.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    MTTF² / ((D + C·D/G)(G + C − 1) MTTR) [1]_.

    References
    ----------
    .. [1] Patterson, Gibson, Katz, "A case for redundant arrays of inexpensive disks (RAID)",
       SIGMOD 1988.

    Examples
    --------
    >>> round(float(patterson_raid_mttf(100, 10, 1, 30_000, 1)), -4)
    820000.0
    """
    data, group, check, mttf, mttr = positive(
        data_disks=data_disks,
        group_data_disks=group_data_disks,
        group_check_disks=group_check_disks,
        mttf_hours=mttf_hours,
        mttr_hours=mttr_hours,
    )
    disks = data + check * data / group
    return np.asarray(mttf**2 / (disks * (group + check - 1.0) * mttr))[()]


def chen_double_disk(
    n_drives: ArrayLike,
    group_size: ArrayLike,
    mttf_hours: ArrayLike,
    mttr_hours: ArrayLike,
    second_mttf_hours: ArrayLike | None = None,
) -> Floats:
    """Mean time to two disk failures in one group of a RAID 5.

    First order in MTTR/MTTF. A second failure soon after a first may be likelier.

    Parameters
    ----------
    n_drives : float or array_like
        Disks in all groups, parity included; the paper's 100 data disks in groups of 16 are
        100·16/15 disks.
    group_size : float or array_like
        Disks in a parity group, G >= 2.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a disk and mean time to repair it.
    second_mttf_hours : float or array_like, optional
        MTTF of a disk after one of its group has failed; ``mttf_hours`` by default.

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
    MTTF₁·MTTF₂ / (N(G − 1) MTTR) [1]_.

    References
    ----------
    .. [1] Chen, Lee, Gibson, Katz, Patterson, "RAID: high-performance, reliable secondary
       storage", ACM Computing Surveys 26(2), 1994, section 3.4.

    Examples
    --------
    >>> round(float(chen_double_disk(100 * 16 / 15, 16, 200_000, 1, 20_000)) / 8760)
    285
    """
    second = mttf_hours if second_mttf_hours is None else second_mttf_hours
    drives, size, mttf, mttr, after = positive(
        n_drives=n_drives,
        group_size=group_size,
        mttf_hours=mttf_hours,
        mttr_hours=mttr_hours,
        second_mttf_hours=second,
    )
    return np.asarray(mttf * after / (drives * _others(size, 1) * mttr))[()]


def chen_triple_disk(
    n_drives: ArrayLike,
    group_size: ArrayLike,
    mttf_hours: ArrayLike,
    mttr_hours: ArrayLike,
    second_mttf_hours: ArrayLike | None = None,
    third_mttf_hours: ArrayLike | None = None,
) -> Floats:
    """Mean time to three disk failures in one group with P + Q redundancy.

    First order in MTTR/MTTF, one repair at a time; with parallel repairs it would be twice as
    long.

    Parameters
    ----------
    n_drives : float or array_like
        Disks in all groups, redundant ones included.
    group_size : float or array_like
        Disks in a group, G >= 3.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a disk and mean time to repair it.
    second_mttf_hours, third_mttf_hours : float or array_like, optional
        MTTF of a disk after one and after two of its group have failed.

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
    MTTF₁·MTTF₂·MTTF₃ / (N(G − 1)(G − 2) MTTR²) [1]_.

    References
    ----------
    .. [1] Chen, Lee, Gibson, Katz, Patterson, "RAID: high-performance, reliable secondary
       storage", ACM Computing Surveys 26(2), 1994, section 3.4.

    Examples
    --------
    >>> hours = chen_triple_disk(100 * 16 / 14, 16, 200_000, 1, 20_000, 2_000)
    >>> round(float(hours) / 8760)
    38052
    """
    second = mttf_hours if second_mttf_hours is None else second_mttf_hours
    drives, size, mttf, mttr, after, third = positive(
        n_drives=n_drives,
        group_size=group_size,
        mttf_hours=mttf_hours,
        mttr_hours=mttr_hours,
        second_mttf_hours=second,
        third_mttf_hours=second if third_mttf_hours is None else third_mttf_hours,
    )
    pairs = _others(size, 1) * _others(size, 2)
    return np.asarray(mttf * after * third / (drives * pairs * mttr**2))[()]


def chen_system_crash_and_disk(
    n_drives: ArrayLike,
    mttf_hours: ArrayLike,
    system_mttf_hours: ArrayLike,
    system_mttr_hours: ArrayLike,
) -> Floats:
    """Mean time to a disk failure while parity is inconsistent after a system crash.

    First order; assumes that every crash leaves parity inconsistent for the whole repair of the
    system, and no non-volatile memory in which to keep what was being written.

    Parameters
    ----------
    n_drives : float or array_like
        Disks in all groups, redundant ones included.
    mttf_hours : float or array_like
        Mean time to failure of a disk.
    system_mttf_hours, system_mttr_hours : float or array_like
        Mean time between system crashes, and to get parity consistent again.

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
    MTTF(system)·MTTF(disk) / (N·MTTR(system)) [1]_.

    References
    ----------
    .. [1] Chen, Lee, Gibson, Katz, Patterson, "RAID: high-performance, reliable secondary
       storage", ACM Computing Surveys 26(2), 1994, section 3.4.

    Examples
    --------
    >>> round(float(chen_system_crash_and_disk(100 * 16 / 15, 200_000, 720, 1)) / 8760)
    154
    """
    drives, mttf, up, down = positive(
        n_drives=n_drives,
        mttf_hours=mttf_hours,
        system_mttf_hours=system_mttf_hours,
        system_mttr_hours=system_mttr_hours,
    )
    return np.asarray(up * mttf / (drives * down))[()]


def chen_disk_and_bit_error(
    n_drives: ArrayLike, group_size: ArrayLike, mttf_hours: ArrayLike, p_disk_read: ArrayLike
) -> Floats:
    """Mean time to a disk failure whose reconstruction meets an unreadable sector.

    Counts only losses in which all other disks still work; exact if they always do.

    Parameters
    ----------
    n_drives : float or array_like
        Disks in all groups, parity included.
    group_size : float or array_like
        Disks in a parity group, G >= 2.
    mttf_hours : float or array_like
        Mean time to failure of a disk.
    p_disk_read : float or array_like
        Chance to read all sectors of a disk.

    Returns
    -------
    float or ndarray
        MTTDL; ``inf`` for a chance of 1.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    MTTF / (N(1 − p^(G−1))) [1]_. The loss is one of sectors, not of the group.

    References
    ----------
    .. [1] Chen, Lee, Gibson, Katz, Patterson, "RAID: high-performance, reliable secondary
       storage", ACM Computing Surveys 26(2), 1994, section 3.4.

    Examples
    --------
    >>> round(float(chen_disk_and_bit_error(100 * 16 / 15, 16, 200_000, 0.9996)) / 8760)
    36
    """
    drives, size, mttf = positive(n_drives=n_drives, group_size=group_size, mttf_hours=mttf_hours)
    with np.errstate(divide="ignore"):
        return np.asarray(mttf / (drives * _unreadable(p_disk_read, _others(size, 1))))[()]


def chen_double_disk_and_bit_error(
    n_drives: ArrayLike,
    group_size: ArrayLike,
    mttf_hours: ArrayLike,
    mttr_hours: ArrayLike,
    p_disk_read: ArrayLike,
    second_mttf_hours: ArrayLike | None = None,
) -> Floats:
    """Mean time to two disk failures and an unreadable sector, with P + Q redundancy.

    First order in MTTR/MTTF.

    Parameters
    ----------
    n_drives : float or array_like
        Disks in all groups, redundant ones included.
    group_size : float or array_like
        Disks in a group, G >= 3.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a disk and mean time to repair it.
    p_disk_read : float or array_like
        Chance to read all sectors of a disk.
    second_mttf_hours : float or array_like, optional
        MTTF of a disk after one of its group has failed.

    Returns
    -------
    float or ndarray
        MTTDL; ``inf`` for a chance of 1.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    MTTF₁·MTTF₂ / (N(G − 1)(1 − p^(G−2)) MTTR) [1]_.

    References
    ----------
    .. [1] Chen, Lee, Gibson, Katz, Patterson, "RAID: high-performance, reliable secondary
       storage", ACM Computing Surveys 26(2), 1994, section 3.4.

    Examples
    --------
    >>> hours = chen_double_disk_and_bit_error(100 * 16 / 14, 16, 200_000, 1, 0.9996, 20_000)
    >>> round(float(hours) / 8760, -2)
    47700.0
    """
    double = chen_double_disk(n_drives, group_size, mttf_hours, mttr_hours, second_mttf_hours)
    (size,) = positive(group_size=group_size)
    with np.errstate(divide="ignore"):
        return np.asarray(double / _unreadable(p_disk_read, _others(size, 2)))[()]


def _others(size: ArrayLike, less: int) -> np.ndarray:
    others = np.asarray(size) - less
    if np.any(others <= 0.0):
        raise InputError(f"group_size must be at least {less + 1}, not {np.min(size)}")
    return others


def _unreadable(p_disk_read: ArrayLike, disks: np.ndarray) -> np.ndarray:
    (p_read,) = fractions(p_disk_read=p_disk_read)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(disks * np.log(p_read)))
