"""Answers without a state space: nothing is ever replaced, or one rebuild of fixed length."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from riskmodel._exact.method import SLICES, Method, curve_times, multiplier
from riskmodel._exact.reading import CopyLaw, Problem, constant_rate, refuse
from riskmodel.lifetimes import FIXED, hazard_beyond

__all__ = ["any_group", "binomial_tail", "fixed_rebuild_loss", "product_form", "renewal"]

_Array = NDArray[np.float64]

_MOST_EVALUATIONS = 1e8
_POINTS = 16
_NEGLIGIBLE = 1e-17


def product_form(problem: Problem) -> Method | None:
    """Return the method for layouts in which nothing is ever replaced, None for others.

    Given the frailties all drives are then independent, whatever their laws and ages.
    """
    alone = len(problem.copies) == 1
    if problem.strikes or not all(_only_wears_out(copy, alone) for copy in problem.copies):
        return None
    times = curve_times(problem)
    hazards = [
        hazard_beyond(copy.lifetime.terms(), copy.age_hours, times) for copy in problem.copies
    ]

    def given(frailties: _Array) -> _Array:
        lost = np.ones((len(frailties), SLICES))
        for copy, hazard in zip(problem.copies, hazards, strict=True):
            failed = -np.expm1(-multiplier(frailties, copy.labels)[:, None] * hazard)
            group = binomial_tail(copy.drives, copy.tolerates, failed)
            lost *= any_group(group, copy.groups)
        return lost

    return Method(given, "nothing is ever replaced: product of binomial tails", 200_000)


def _only_wears_out(copy: CopyLaw, alone: bool) -> bool:
    return (
        copy.never_rebuilds
        and (alone or copy.never_recovers)
        and not copy.shocks
        and not (copy.stress and copy.tolerates)
        and copy.error_rate == 0.0
    )


def binomial_tail(drives: int, tolerates: int, failed: _Array) -> _Array:
    """Return the chance that more drives of a group than it tolerates have failed.

    Parameters
    ----------
    drives, tolerates : int
        ``0 <= tolerates < drives``.
    failed : ndarray
        Chance of each drive to have failed.

    Returns
    -------
    ndarray
        The tail, accurate where it is tiny: the regularised incomplete beta function.
    """
    from scipy.special import betainc

    return np.asarray(betainc(tolerates + 1.0, float(drives - tolerates), failed))


def any_group(group: _Array, groups: int) -> _Array:
    """Return the chance that at least one of several independent groups is lost."""
    if groups == 1:
        return group
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(groups * np.log1p(-np.minimum(group, 1.0))))


def renewal(problem: Problem) -> Method | None:
    """Return the method for a bare store that tolerates one failure, with a fixed rebuild time."""
    copy = problem.copies[0]
    terms = copy.rebuild.terms() if copy.rebuild.kind != "bandwidth" else ()
    failure = constant_rate(copy.lifetime)
    if (
        len(problem.copies) > 1
        or problem.strikes
        or copy.tolerates != 1
        or failure is None
        or len(terms) != 1
        or terms[0].kind != FIXED
        or copy.waits_for_spares
        or copy.shocks
        or copy.error_rate > 0.0
        or copy.rebuild_error > 0.0
    ):
        return None
    rebuild_hours = terms[0].a
    times = curve_times(problem)
    second = (copy.drives - 1) * failure * (copy.stress[0] if copy.stress else 1.0)

    def given(frailties: _Array) -> _Array:
        rates = [
            (factor * copy.drives * failure, factor * second)
            for factor in multiplier(frailties, copy.labels)
        ]
        sizes = (_series_size(*pair, rebuild_hours, problem.horizon_hours) for pair in rates)
        if sum(k * panels for k, panels in sizes) * _POINTS * SLICES > _MOST_EVALUATIONS:
            refuse(problem.name, "has too many rebuilds within the horizon for the renewal series")
        rows = [fixed_rebuild_loss(*pair, rebuild_hours, times) for pair in rates]
        return any_group(np.stack(rows), copy.groups)

    return Method(given, "fixed rebuild time, one failure tolerated: renewal series", 2000)


def _series_size(
    first: float, second: float, rebuild_hours: float, horizon: float
) -> tuple[int, int]:
    """Return how many rebuilds can matter, and panels of the integral over each."""
    from scipy.special import gammainc

    if first == 0.0 or second == 0.0 or rebuild_hours == 0.0:
        return 0, 1
    most = math.floor(horizon / rebuild_hours) + 1
    count = 8
    smallest = _NEGLIGIBLE * gammainc(1.0, first * horizon)
    while count < most and (
        gammainc(count + 1.0, first * horizon) > smallest
        and math.exp(-count * second * rebuild_hours) > _NEGLIGIBLE
    ):
        count *= 2
    panels = math.ceil(0.5 * (first + second) * min(rebuild_hours, horizon)) + 1
    return min(count, most), panels


def fixed_rebuild_loss(first: float, second: float, rebuild_hours: float, times: _Array) -> _Array:
    """Return the chance that a second drive failed while a first was being rebuilt.

    Parameters
    ----------
    first, second : float
        Rates of a first failure, and of a second one during the rebuild. [1/h]
    rebuild_hours : float
        Length of each rebuild. [h]
    times : ndarray
        By when. [h]

    Returns
    -------
    ndarray
        The chance at each time.

    Notes
    -----
    Sum over the number k of rebuilds that ended well, and integral over the age v of the one
    that does not:
    Σ exp(−k·second·R) ∫ second·exp(−second·v) · Gamma(k + 1; first·(t − k·R − v)) dv,
    v from 0 to min(R, t − k·R). All terms are positive, so that nothing cancels.
    """
    from scipy.special import gammainc

    count, panels = _series_size(first, second, rebuild_hours, float(times.max()))
    if count == 0:
        return np.zeros(len(times))
    k = np.arange(count, dtype=np.float64)
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    share = ((nodes + 1.0) / 2.0 + np.arange(panels)[:, None]).ravel() / panels
    weights = np.tile(weights / 2.0, panels) / panels
    left = times[:, None] - k * rebuild_hours
    width = np.clip(left, 0.0, rebuild_hours)
    age = width[..., None] * share
    arrived = gammainc(k[:, None] + 1.0, first * np.maximum(left[..., None] - age, 0.0))
    inner = (second * np.exp(-second * age) * arrived) @ weights
    lost = (np.exp(-k * second * rebuild_hours) * width * inner).sum(axis=1)
    return np.asarray(np.minimum(lost, 1.0))
