"""Mean times of Markov chains, computed without a subtraction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from riskmodel.errors import InputError
from riskmodel.literature._arguments import Floats, not_negative, positive, whole

__all__ = [
    "angus_mtbf",
    "ford_stripe_mttf",
    "mean_time_to_absorption",
    "mttdl_birth_death",
]


def mttdl_birth_death(
    failure_rates_per_hour: Sequence[ArrayLike], repair_rates_per_hour: Sequence[ArrayLike]
) -> Floats:
    """Mean time to data loss of a chain of failures one by one and repairs one by one.

    Exact. Nothing is subtracted, so that all digits hold however reliable the system is.

    Parameters
    ----------
    failure_rates_per_hour : sequence of float or array_like
        Rate of the next failure while 0, 1, … drives are down; the last one loses data.
    repair_rates_per_hour : sequence of float or array_like
        Rate of a repair while 1, 2, … drives are down; one fewer than failure rates.

    Returns
    -------
    float or ndarray
        Mean time to the last failure from all good.

    Raises
    ------
    ValueError
        If a rate is out of range or the numbers of rates do not fit.

    Notes
    -----
    The mean time h_i from i to i + 1 drives down is h_0 = 1/λ_0, h_i = (1 + μ_i h_{i−1})/λ_i, and
    MTTDL = Σ h_i.

    Examples
    --------
    Failures that make others likelier, as in the survey of Chen et al. (1994), for one group of
    16: the exact answer is close to MTTF₁·MTTF₂/(16·15·MTTR).

    >>> round(float(mttdl_birth_death([16 / 200_000, 15 / 20_000], [1.0])))
    16680500
    """
    if len(failure_rates_per_hour) != len(repair_rates_per_hour) + 1:
        raise InputError(
            f"failure_rates_per_hour must be one more than repair_rates_per_hour, not "
            f"{len(failure_rates_per_hour)} and {len(repair_rates_per_hour)}"
        )
    fail = positive(
        **{f"failure_rates_per_hour[{i}]": r for i, r in enumerate(failure_rates_per_hour)}
    )
    mend = not_negative(
        **{f"repair_rates_per_hour[{i}]": r for i, r in enumerate(repair_rates_per_hour)}
    )
    step = np.asarray(1.0 / fail[0])
    total = step
    for failure, repair in zip(fail[1:], mend, strict=True):
        step = np.asarray((1.0 + repair * step) / failure)
        total = np.asarray(total + step)
    return total[()]


def mean_time_to_absorption(
    rates_per_hour: ArrayLike, loss_rates_per_hour: ArrayLike, start: int = 0
) -> float:
    """Mean time until any Markov chain is absorbed.

    Exact, and all digits hold: the elimination of Grassmann, Taksar and Heyman subtracts nothing.

    Parameters
    ----------
    rates_per_hour : array_like
        Shape (n, n): rates between the states in which nothing is lost; the diagonal is ignored.
        [1/h]
    loss_rates_per_hour : array_like
        Shape (n,): rates from each of these states to data loss.
    start : int
        The first state.

    Returns
    -------
    float
        Mean time to data loss; ``inf`` if none can happen.

    Raises
    ------
    ValueError
        If shapes do not fit, a rate is negative, or a state can never be left.

    Notes
    -----
    Each loss is sent back to ``start``; the mean time between losses is then one over the
    stationary rate of losses, and the stationary distribution comes from [1]_.

    References
    ----------
    .. [1] Grassmann, Taksar, Heyman, "Regenerative analysis and steady state distributions for
       Markov chains", Operations Research 33(5), 1985.

    Examples
    --------
    >>> mean_time_to_absorption([[0, 2.0], [10.0, 0]], [0, 1.0])  # 1/2 + (1 + 10/2)/1
    6.5
    """
    between, lost = not_negative(
        rates_per_hour=rates_per_hour, loss_rates_per_hour=loss_rates_per_hour
    )
    n = len(lost) if lost.ndim == 1 else 0
    if n == 0 or between.shape != (n, n):
        raise InputError(
            f"rates_per_hour must have the shape (n, n) and loss_rates_per_hour (n,), not "
            f"{between.shape} and {lost.shape}"
        )
    start = whole("start", start, 0, n - 1)
    order = [start, *(state for state in range(n) if state != start)]
    flow = between[np.ix_(order, order)].copy()
    lost = lost[order]
    flow[1:, 0] += lost[1:]
    for last in range(n - 1, 0, -1):
        out = flow[last, :last].sum()
        if out == 0.0:
            raise InputError(f"rates_per_hour: state {order[last]} can never be left for the start")
        flow[:last, last] /= out
        flow[:last, :last] += np.outer(flow[:last, last], flow[last, :last])
    time = np.zeros(n)
    time[0] = 1.0
    for state in range(1, n):
        time[state] = time[:state] @ flow[:state, state]
    losses = float(time @ lost)
    return float(time.sum()) / losses if losses > 0.0 else math.inf


def angus_mtbf(
    n_drives: int, tolerates: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike
) -> Floats:
    """Mean time that a k-out-of-n:G system works between two failures, in the long run.

    Exact for units with exponential lifetimes that are repaired independently, the failed system
    included. It is *not* the time to a first data loss: after a failure the system starts again
    with as few good units as it needs, so that the next failure is near. It is below
    `mttdl_k_of_n` with parallel repairs by the factor 1 + O(n·MTTR/MTTF).

    Parameters
    ----------
    n_drives : int
        Units n.
    tolerates : int
        Units that may be down, n − k, ``0 <= tolerates < n_drives``.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a unit and mean time to repair it.

    Returns
    -------
    float or ndarray
        Mean up time between failures.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The stationary chance to be up over the rate of leaving "up"; with ρ = MTTR/MTTF and
    m = n − k: MTBF = MTTF · Σ_{i ≤ m} C(n, i) ρ^i / ((n − m) C(n, m) ρ^m). Derived from the model
    of [1]_, whose text was not at hand.

    References
    ----------
    .. [1] Angus, "On computing MTBF for a k-out-of-n:G repairable system", IEEE Transactions on
       Reliability 37(3), 1988.

    Examples
    --------
    >>> float(angus_mtbf(2, 1, 1000.0, 10.0))  # (1 + 2ρ)/(2ρ) MTTF
    51000.0
    """
    n = whole("n_drives", n_drives, 1)
    most = whole("tolerates", tolerates, 0, n - 1)
    mttf, mttr = positive(mttf_hours=mttf_hours, mttr_hours=mttr_hours)
    ratio = mttf / mttr
    up = sum(math.comb(n, i) * ratio ** (most - i) for i in range(most + 1))
    return np.asarray(mttf * up / ((n - most) * math.comb(n, most)))[()]


def ford_stripe_mttf(
    n_chunks: int, needed: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike
) -> Floats:
    """Mean time until fewer chunks than needed are available, without bursts.

    Exact for exponential times and one recovery at a time; equal to `mttdl_k_of_n` with serial
    repairs, here in the paper's own double sum. The paper's correlated failures are not in it.

    Parameters
    ----------
    n_chunks : int
        Chunks of a stripe, s (for replication: copies).
    needed : int
        Chunks that must be available, r, ``1 <= needed <= n_chunks`` (for replication: 1).
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a node, and to recover a chunk.

    Returns
    -------
    float or ndarray
        Mean time to unavailability of the stripe.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    With λ = 1/MTTF and ρ = 1/MTTR: (1/λ) Σ_{k=0}^{s−r} Σ_{i=0}^{k} (ρ/λ)^i / (s−k+i)_(i+1), where
    (a)_(b) = a(a − 1)…(a − b + 1) [1]_.

    References
    ----------
    .. [1] Ford et al., "Availability in globally distributed storage systems", OSDI 2010.

    Examples
    --------
    >>> round(float(ford_stripe_mttf(2, 1, 20_000, 720)), 2)
    307777.78
    """
    chunks = whole("n_chunks", n_chunks, 1)
    spare = chunks - whole("needed", needed, 1, chunks)
    mttf, mttr = positive(mttf_hours=mttf_hours, mttr_hours=mttr_hours)
    ratio = mttf / mttr
    terms = (
        ratio**i / math.perm(chunks - k + i, i + 1) for k in range(spare + 1) for i in range(k + 1)
    )
    return np.asarray(mttf * sum(terms))[()]
