"""Replicas and codes spread over a cluster: Venkatesan and Iliadis."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from riskmodel.errors import InputError
from riskmodel.literature._arguments import Floats, positive, whole

__all__ = [
    "iliadis_venkatesan_eafdl",
    "iliadis_venkatesan_mttdl",
    "venkatesan_iliadis_clustered",
    "venkatesan_iliadis_declustered",
]


def venkatesan_iliadis_clustered(
    n_devices: int,
    replicas: int,
    mttf_hours: ArrayLike,
    mean_rebuild_hours: ArrayLike,
    moment_ratio: ArrayLike = 1.0,
) -> Floats:
    """Mean time to data loss of a cluster in which each device mirrors its own few.

    First order in rebuild over life, where the law of failure does not matter, only its mean.

    Parameters
    ----------
    n_devices : int
        Devices in the cluster, n, a multiple of the replicas.
    replicas : int
        Replication factor r, >= 2.
    mttf_hours, mean_rebuild_hours : float or array_like
        Mean time to failure, 1/λ, and mean time to rebuild a device, 1/μ.
    moment_ratio : float or array_like
        E[X^(r−1)]/E[X]^(r−1) of the rebuild time: 1 for a fixed one, (r − 1)! for an exponential
        one.

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
    μ^(r−1)/(nλ^r) · E[X]^(r−1)/E[X^(r−1)] [1]_. The factor for exponential rebuilds is that of
    one rebuild at a time; a chain with parallel exponential rebuilds agrees with the fixed ones.

    The 29,314 days printed in figure 2 of [1]_ (n = 6, r = 2) do not follow from its table II,
    which gives 20,000.

    References
    ----------
    .. [1] Venkatesan, Iliadis, "A general reliability model for data storage systems", QEST 2012.

    Examples
    --------
    >>> round(float(venkatesan_iliadis_clustered(6, 2, 10_000, 100)))
    166667
    """
    r = whole("replicas", replicas, 2)
    n = whole("n_devices", n_devices, r)
    if n % r:
        raise InputError(f"n_devices must be a multiple of {r} replicas, not {n}")
    return iliadis_venkatesan_mttdl(n, r, 1, mttf_hours, mean_rebuild_hours, moment_ratio)


def venkatesan_iliadis_declustered(
    n_devices: int, replicas: int, mttf_hours: ArrayLike, mean_rebuild_hours: ArrayLike
) -> Floats:
    """Mean time to data loss of a cluster that spreads replicas over all devices.

    First order in rebuild over life, fixed rebuilds, the most exposed data first.

    Parameters
    ----------
    n_devices : int
        Devices in the cluster, n.
    replicas : {2, 3}
        Replication factor r.
    mttf_hours : float or array_like
        Mean time to failure, 1/λ.
    mean_rebuild_hours : float or array_like
        Mean time to read a whole device at the rebuild bandwidth, 1/μ.

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
    μ/(nλ²) for r = 2, (n − 1)μ²/(4nλ³) for r = 3 [1]_.

    References
    ----------
    .. [1] Venkatesan, Iliadis, "A general reliability model for data storage systems", QEST 2012.

    Examples
    --------
    >>> spread = venkatesan_iliadis_declustered(102, 3, 1000.0, 10.0)
    >>> round(float(spread / venkatesan_iliadis_clustered(102, 3, 1000.0, 10.0)), 2)
    25.25
    """
    r = whole("replicas", replicas, 2, 3)
    n = whole("n_devices", n_devices, r)
    mttf, rebuild = positive(mttf_hours=mttf_hours, mean_rebuild_hours=mean_rebuild_hours)
    ratio = mttf / rebuild
    spread = 1.0 if r == 2 else (n - 1) / 4.0
    return np.asarray(mttf / n * ratio ** (r - 1) * spread)[()]


def iliadis_venkatesan_mttdl(
    n_devices: int,
    codeword: int,
    data: int,
    mttf_hours: ArrayLike,
    mean_rebuild_hours: ArrayLike,
    moment_ratio: ArrayLike = 1.0,
) -> Floats:
    """Mean time to data loss of a cluster of clustered MDS codes.

    First order in rebuild over life.

    Parameters
    ----------
    n_devices : int
        Devices in the cluster, n.
    codeword, data : int
        Symbols of a codeword, m, and those of them that suffice, l < m.
    mttf_hours, mean_rebuild_hours : float or array_like
        Mean time to failure, 1/λ, and mean time to rebuild a device, c/b.
    moment_ratio : float or array_like
        E[X^(m−l)]/E[X]^(m−l) of the rebuild time.

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
    (1/(nλ)) (b/(λc))^(m−l) / C(m − 1, l − 1) · E[X]^(m−l)/E[X^(m−l)] [1]_.

    References
    ----------
    .. [1] Iliadis, Venkatesan, "Reliability evaluation of erasure coded systems", International
       Journal on Advances in Telecommunications 10(3&4), 2017.

    Examples
    --------
    >>> round(float(iliadis_venkatesan_mttdl(8, 8, 7, 1e5, 100)))  # MTTF²/(8·7·MTTR)
    1785714
    """
    n, m, redundant, ratio, mttf = _code(n_devices, codeword, data, mttf_hours, mean_rebuild_hours)
    (moments,) = positive(moment_ratio=moment_ratio)
    orders = math.comb(m - 1, data - 1)
    return np.asarray(mttf / n * ratio**redundant / (orders * moments))[()]


def iliadis_venkatesan_eafdl(
    codeword: int,
    data: int,
    mttf_hours: ArrayLike,
    mean_rebuild_hours: ArrayLike,
    moment_ratio: ArrayLike = 1.0,
) -> Floats:
    """Return the expected fraction of data lost per hour, for clustered MDS codes.

    First order in rebuild over life. Times 8760 h it is the expected annual fraction of data
    loss.

    Parameters
    ----------
    codeword, data : int
        Symbols of a codeword, m, and those of them that suffice, l < m.
    mttf_hours, mean_rebuild_hours : float or array_like
        Mean time to failure, 1/λ, and mean time to rebuild a device, c/b.
    moment_ratio : float or array_like
        E[X^(m−l)]/E[X]^(m−l) of the rebuild time.

    Returns
    -------
    float or ndarray
        EAFDL, E(H)/(MTTDL·U).

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    λ (λc/b)^(m−l) C(m, l − 1) E[X^(m−l)]/E[X]^(m−l) [1]_: at a loss, the m − l + 1 failed devices
    have rebuilt part of theirs, so that 1/(m − l + 1) of the l·c bytes is lost in the mean.

    References
    ----------
    .. [1] Iliadis, Venkatesan, "Reliability evaluation of erasure coded systems", International
       Journal on Advances in Telecommunications 10(3&4), 2017.

    Examples
    --------
    A mirror: lost at the rate 2λ²/μ, half of its data each time.

    >>> float(iliadis_venkatesan_eafdl(2, 1, 1e5, 10.0))
    1e-09
    """
    _, m, redundant, ratio, mttf = _code(codeword, codeword, data, mttf_hours, mean_rebuild_hours)
    (moments,) = positive(moment_ratio=moment_ratio)
    return np.asarray(math.comb(m, data - 1) * moments / (mttf * ratio**redundant))[()]


def _code(
    n_devices: int,
    codeword: int,
    data: int,
    mttf_hours: ArrayLike,
    mean_rebuild_hours: ArrayLike,
) -> tuple[int, int, int, np.ndarray, np.ndarray]:
    m = whole("codeword", codeword, 2)
    redundant = m - whole("data", data, 1, m - 1)
    n = whole("n_devices", n_devices, m)
    mttf, rebuild = positive(mttf_hours=mttf_hours, mean_rebuild_hours=mean_rebuild_hours)
    return n, m, redundant, np.asarray(mttf / rebuild), mttf
