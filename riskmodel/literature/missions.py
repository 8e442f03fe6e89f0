"""Chances to lose data within a mission, where a mean time would mislead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from riskmodel._exact.chain import Propagator, generator
from riskmodel.errors import InputError
from riskmodel.literature._arguments import (
    Floats,
    Repairs,
    fractions,
    not_negative,
    one_of,
    positive,
    positive_or_never,
    scalar,
    whole,
)

__all__ = [
    "birth_death_loss",
    "paris_economic_lifespan",
    "paris_raid5_loss",
    "raid5_minimal_repair_loss",
]


def paris_raid5_loss(
    n_drives: int, mttf_hours: ArrayLike, mttr_hours: ArrayLike, horizon_hours: ArrayLike
) -> Floats:
    """Chance that a group that tolerates one failure loses data within a mission.

    Exact for exponential lifetimes and rebuilds, from all drives good; two drives are a mirror.

    Parameters
    ----------
    n_drives : int
        Drives in the group, parity included, >= 2.
    mttf_hours, mttr_hours : float or array_like
        Mean time to failure of a drive and mean time to rebuild it; ``inf`` for never.
    horizon_hours : float or array_like
        Mission time.

    Returns
    -------
    float or ndarray
        1 − S(t), to full relative accuracy.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    S(t) = e^(−bt/2) (cosh(Rt/2) + (b/R) sinh(Rt/2)) with b = (2n − 1)λ + μ and
    R = √(b² − 4n(n − 1)λ²) [1]_. Computed as s₁s₂/(s₂ − s₁) ∫ (e^(−s₁u) − e^(−s₂u)) du with
    s = (b ∓ R)/2, in which little cancels.

    References
    ----------
    .. [1] Pâris, Schwarz, Long, "When MTTDLs are not good enough: providing better estimates of
       disk array reliability", I2TS 2008.

    Examples
    --------
    Table IV: a mirror repaired in a thousandth of its disks' life survives 5.04 of their lives
    with a probability of 0.99.

    >>> round(float(paris_raid5_loss(2, 1.0, 0.001, 5.04123)), 5)
    0.01
    """
    n = whole("n_drives", n_drives, 2)
    (mttf,) = positive(mttf_hours=mttf_hours)
    (mttr,) = positive_or_never(mttr_hours=mttr_hours)
    (horizon,) = not_negative(horizon_hours=horizon_hours)
    ratio, time = mttf / mttr, horizon / mttf
    b = (2 * n - 1) + ratio
    product = float(n * (n - 1))
    # b² − 4n(n−1) without the difference of large numbers: (2n−1)² − 4n(n−1) = 1
    fast = (b + np.sqrt(1.0 + ratio * (2 * (2 * n - 1) + ratio))) / 2.0
    slow = product / fast
    x, y = slow * time, fast * time
    with np.errstate(over="ignore"):
        far = (fast * -np.expm1(-x) + slow * np.expm1(-y)) / (fast - slow)
    return np.asarray(np.where(y < 0.5, _two_steps(x, np.minimum(y, 0.5)), far))[()]


def _two_steps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the same for short missions, by its power series: Σ (−1)^k h_k(x, y) xy/(k + 2)!."""
    total = np.zeros(np.broadcast(x, y).shape)
    complete, power, sign = np.ones_like(total), np.ones_like(total), 1.0
    for k in range(14):
        total = total + sign * complete / math.factorial(k + 2)
        power = power * x
        complete, sign = complete * y + power, -sign
    return np.asarray(x * y * total)


def birth_death_loss(
    failure_rates_per_hour: Sequence[float],
    repair_rates_per_hour: Sequence[float],
    horizon_hours: float,
) -> float:
    """Chance that failures one by one outrun repairs one by one within a mission.

    Exact. Accurate to about nine digits, however small the chance.

    Parameters
    ----------
    failure_rates_per_hour : sequence of float
        Rate of the next failure while 0, 1, … drives are down; the last one loses data.
    repair_rates_per_hour : sequence of float
        Rate of a repair while 1, 2, … drives are down; one fewer than failure rates.
    horizon_hours : float
        Mission time.

    Returns
    -------
    float
        The chance, from all good.

    Raises
    ------
    ValueError
        If a rate is out of range or the numbers of rates do not fit.

    Examples
    --------
    >>> round(birth_death_loss([1e-3], [], 1000.0), 6)  # 1 − 1/e
    0.632121
    """
    steps = len(failure_rates_per_hour)
    if len(repair_rates_per_hour) != steps - 1:
        raise InputError(
            f"failure_rates_per_hour must be one more than repair_rates_per_hour, not {steps} "
            f"and {len(repair_rates_per_hour)}"
        )
    (fail,) = positive(failure_rates_per_hour=failure_rates_per_hour)
    (mend,) = not_negative(repair_rates_per_hour=repair_rates_per_hour)
    horizon = scalar("horizon_hours", horizon_hours)
    rates = np.zeros((steps + 1, steps + 1))
    rates[np.arange(steps), np.arange(1, steps + 1)] = fail
    rates[np.arange(1, steps), np.arange(steps - 1)] = mend
    start = np.zeros((1, 1, steps + 1))
    start[0, 0, 0] = 1.0
    chain = Propagator(generator(rates)[None], horizon, only_longest=True)
    return float(chain.advance(start, horizon)[0, 0, -1])


def paris_economic_lifespan(
    n_drives: int,
    tolerates: int,
    mttf_hours: float,
    mttr_hours: float,
    loss_probability: float,
    *,
    repairs: str = "parallel",
) -> float:
    """Longest mission that a group survives with a given reliability.

    Exact for exponential lifetimes and rebuilds, from all drives good.

    Parameters
    ----------
    n_drives : int
        Drives in the group, redundant ones included.
    tolerates : int
        Failures that lose nothing. The paper's "3-resilient" array loses data *at* the third.
    mttf_hours, mttr_hours : float
        Mean time to failure of a drive and mean time to rebuild it; ``inf`` for never.
    loss_probability : float
        One minus the reliability wanted: 1e-5 for five nines.
    repairs : {'parallel', 'serial'}
        Whether several failed drives are rebuilt at once; the paper means parallel.

    Returns
    -------
    float
        Economic lifespan L with S(L) = 1 − loss_probability.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    .. [1] Pâris, Schwarz, Long, "When MTTDLs are not good enough: providing better estimates of
       disk array reliability", I2TS 2008.

    Examples
    --------
    Table VI: 10 disks, one of them redundant, repaired in a thousandth of their life, five nines.

    >>> round(paris_economic_lifespan(10, 1, 1.0, 0.001, 1e-5), 6)
    0.000512
    """
    from scipy.optimize import brentq

    n = whole("n_drives", n_drives, 1)
    most = whole("tolerates", tolerates, 0, n - 1)
    one_of("repairs", repairs, Repairs)
    mttf = scalar("mttf_hours", mttf_hours)
    (mttr,) = positive_or_never(mttr_hours=mttr_hours)
    (wanted,) = fractions(loss_probability=loss_probability)
    if mttr.ndim or wanted.ndim or not 0.0 < wanted < 1.0:
        raise InputError(
            f"loss_probability must be one number above 0 and below 1, not {loss_probability!r}"
        )
    fail = [float(n - i) for i in range(most + 1)]
    mend = [(i if repairs == "parallel" else 1) * mttf / float(mttr) for i in range(1, most + 1)]

    def above(log_lives: float) -> float:
        lives = math.exp(log_lives)
        if most == 1:
            loss = float(paris_raid5_loss(n, 1.0, float(mttr) / mttf, lives))
        else:
            loss = birth_death_loss(fail, mend, lives)
        return math.log(loss / float(wanted))

    low = high = 0.0
    while above(low) > 0.0:
        low -= 2.0
    while above(high) < 0.0:
        high += 2.0
    return mttf * math.exp(brentq(above, low, high, xtol=1e-13)) if low < high else mttf


_STAGES = 9
_HALVINGS = 100
_PANELS_A_DOUBLING = 3


def raid5_minimal_repair_loss(
    n_drives: int,
    failure_shape: float,
    failure_scale_hours: float,
    mttr_hours: float,
    horizon_hours: float,
) -> float:
    """Chance that a single-parity group loses data when its hazard follows the system's age.

    Exact for its model: each working drive, replacements too, has the Weibull hazard rate of a
    drive as old as the system ("as bad as old", a non-homogeneous Poisson process) and rebuilds
    are exponential. Where replacements are new drives it is too high for increasing hazards and
    too low for decreasing ones, by little while few drives have been replaced.

    Parameters
    ----------
    n_drives : int
        Drives in the group, parity included, >= 2.
    failure_shape, failure_scale_hours : float
        Weibull law β, η. [–, h]
    mttr_hours : float
        Mean time to rebuild a drive.
    horizon_hours : float
        Mission time.

    Returns
    -------
    float
        The chance, from all drives good.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    p₀' = −n h p₀ + μ p₁, p₁' = n h p₀ − (μ + (n − 1)h) p₁, loss = ∫ (n − 1) h p₁ dt with
    h = (β/η)(t/η)^(β−1); minimal repair is that of [1]_. Solved by Radau collocation of order 17
    [2]_ over panels that grow with t, as the hazard is singular at 0 and the rebuilds are fast.

    References
    ----------
    .. [1] Barlow, Hunter, "Optimum preventive maintenance policies", Operations Research 8(1),
       1960.
    .. [2] Hairer, Wanner, "Solving ordinary differential equations II", Springer, 1996, IV.5.

    Examples
    --------
    With a constant hazard it is the closed form.

    >>> aged = raid5_minimal_repair_loss(8, 1.0, 461_386, 12, 87_600)
    >>> round(aged / float(paris_raid5_loss(8, 461_386, 12, 87_600)), 9)
    1.0
    """
    n = whole("n_drives", n_drives, 2)
    shape = scalar("failure_shape", failure_shape)
    scale = scalar("failure_scale_hours", failure_scale_hours)
    mend = 1.0 / scalar("mttr_hours", mttr_hours)
    horizon = scalar("horizon_hours", horizon_hours)
    nodes, integrals = _radau(_STAGES)
    edges = horizon * np.exp2(
        np.arange(-_HALVINGS * _PANELS_A_DOUBLING, 1) / float(_PANELS_A_DOUBLING)
    )
    # before the first edge hardly a failure, and no rebuild, has happened
    failed = n * (edges[0] / scale) ** shape
    state = np.array([math.exp(-failed), failed])
    lost = (n - 1) * failed**2 / (2 * n)
    for left, right in pairwise(edges):
        width = right - left
        times = left + width * nodes
        hazard = shape / scale * (times / scale) ** (shape - 1.0)
        flow = np.zeros((2, 2, _STAGES))
        flow[0, 0], flow[0, 1] = -n * hazard, mend
        flow[1, 0], flow[1, 1] = n * hazard, -mend - (n - 1) * hazard
        system = np.eye(2 * _STAGES) - np.block(
            [[width * integrals * flow[i, j] for j in range(2)] for i in range(2)]
        )
        stages = np.linalg.solve(system, np.repeat(state, _STAGES)).reshape(2, _STAGES)
        lost += width * float(integrals[-1] @ ((n - 1) * hazard * stages[1]))
        state = stages[:, -1]
    return float(lost)


def _radau(stages: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes in (0, 1], the last at 1, and the integrals of their Lagrange polynomials."""
    from numpy.polynomial import legendre

    series = np.zeros(stages + 1)
    series[stages - 1 :] = 1.0, -1.0
    nodes = np.sort(legendre.legroots(series).real)
    basis = legendre.legvander(nodes, stages - 1)
    integrals = np.stack(
        [legendre.legval(nodes, legendre.legint(row, lbnd=-1.0)) for row in np.eye(stages)],
        axis=1,
    )
    return (nodes + 1.0) / 2.0, np.linalg.solve(basis.T, integrals.T).T / 2.0
