"""Failures and time at risk by age: what fits of free hazards and pictures rest on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskmodel.fitting.observed import Floats, Lifetimes
from riskmodel.units import HOURS_PER_YEAR

__all__ = [
    "AGE_EDGES_YEARS",
    "DAYS_PER_YEAR",
    "AgeCounts",
    "NelsonAalen",
    "by_age",
    "expected_by_age",
    "nelson_aalen",
]

DAYS_PER_YEAR = HOURS_PER_YEAR / 24.0
# the bins of the fits that data/parameters.csv cites; beyond 8 years they are ours
AGE_EDGES_YEARS = (
    0.0, 1 / 12, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 11.0, 15.0, 50.0,
)  # fmt: skip


def by_age(
    seen: Lifetimes, group: NDArray[np.intp], groups: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return failures, and time at risk, in bins of age.

    Parameters
    ----------
    seen : Lifetimes
        The drives.
    group : ndarray of int
        Each drive's group.
    groups : int
        How many there are.

    Returns
    -------
    tuple of ndarray
        Failures and drive-years, each of shape (groups, bins). A failure at an edge belongs to the
        younger bin.
    """
    edges = np.asarray(AGE_EDGES_YEARS) * HOURS_PER_YEAR
    bins = len(edges) - 1
    years = np.empty((groups, bins))
    for i in range(bins):
        inside = np.minimum(seen.end_hours, edges[i + 1]) - np.maximum(seen.start_hours, edges[i])
        years[:, i] = np.bincount(group, np.maximum(inside, 0.0), groups) / HOURS_PER_YEAR
    failures = np.zeros((groups, bins))
    at = np.searchsorted(edges, seen.end_hours[seen.failed], side="left") - 1
    np.add.at(failures, (group[seen.failed], at), 1.0)
    return failures, years


def expected_by_age(seen: Lifetimes, cumulative_hazard: Callable[[Floats], Floats]) -> Floats:
    """Return the failures that a law expects in each bin of age, given the time at risk.

    Parameters
    ----------
    seen : Lifetimes
        The drives.
    cumulative_hazard : callable
        H(t) of ages in hours.

    Returns
    -------
    ndarray
        Σ H(end) − H(start) over the parts of lives inside each bin.
    """
    edges = np.asarray(AGE_EDGES_YEARS) * HOURS_PER_YEAR
    found = [
        np.sum(
            cumulative_hazard(np.clip(seen.end_hours, low, high))
            - cumulative_hazard(np.clip(seen.start_hours, low, high))
        )
        for low, high in itertools.pairwise(edges)
    ]
    return np.array(found)


@dataclass(frozen=True, slots=True)
class AgeCounts:
    """Drives as counts by whole days of age.

    Parameters
    ----------
    years : ndarray
        The ages at which something happened. [year]
    failures : ndarray
        At each age.
    net : ndarray
        Ends less starts at each age: the sum of H(end) - H(start) is ``net @ H(years)``.
    """

    years: Floats
    failures: Floats
    net: Floats

    @classmethod
    def of(cls, seen: Lifetimes, selection: Floats | None = None) -> AgeCounts:
        """Count drives.

        Parameters
        ----------
        seen : Lifetimes
            The drives.
        selection : ndarray, optional
            By bin of age, a hazard that is wanted over that of the drives: the time at risk is
            divided by it, so that a fit finds the hazard that is wanted.
        """
        start, end = (
            np.rint(age / 24.0).astype(np.int64) for age in (seen.start_hours, seen.end_hours)
        )
        end = np.maximum(end, 1)  # a failure on the first day has an age, too
        edges = np.rint(np.asarray(AGE_EDGES_YEARS) * DAYS_PER_YEAR).astype(np.int64)
        inner = edges[edges < end.max()] if selection is not None else edges[:0]
        days, at = np.unique(np.concatenate((start, end, inner)), return_inverse=True)
        size, ends = len(days), at[len(seen) : 2 * len(seen)]
        net = np.bincount(ends, minlength=size) - np.bincount(at[: len(seen)], minlength=size) * 1.0
        if selection is not None:
            at_risk = -np.cumsum(net)  # from each age to the next
            bins = np.searchsorted(edges, days, side="right") - 1
            at_risk /= selection[np.minimum(bins, len(selection) - 1)]
            net = -np.diff(at_risk, prepend=0.0)
        died = np.bincount(ends[seen.failed], minlength=size).astype(np.float64)
        return cls(days / DAYS_PER_YEAR, died, net)


@dataclass(frozen=True, slots=True)
class NelsonAalen:
    """The cumulative hazard without a law, and survival by Kaplan and Meier."""

    ages_hours: Floats
    at_risk: NDArray[np.int64]
    failures: NDArray[np.int64]

    @property
    def cumulative_hazard(self) -> Floats:
        """Nelson–Aalen estimate at each age."""
        return np.cumsum(self.failures / self.at_risk)

    @property
    def survival(self) -> Floats:
        """Kaplan–Meier estimate at each age."""
        return np.asarray(np.cumprod(1.0 - self.failures / self.at_risk))

    def band(self, z: float = 1.959963984540054) -> tuple[Floats, Floats]:
        """Return the pointwise interval of the cumulative hazard, on the log scale."""
        hazard = self.cumulative_hazard
        relative = np.sqrt(np.cumsum(self.failures / self.at_risk**2.0)) / hazard
        return hazard * np.exp(-z * relative), hazard * np.exp(z * relative)


def nelson_aalen(seen: Lifetimes) -> NelsonAalen:
    """Estimate the cumulative hazard without a law, with left truncation and right censoring.

    Parameters
    ----------
    seen : Lifetimes
        At risk at an age are those that started before it and did not end before it.

    Returns
    -------
    NelsonAalen
        At the ages at which drives failed.
    """
    ages, failures = np.unique(seen.end_hours[seen.failed], return_counts=True)
    started = np.searchsorted(np.sort(seen.start_hours), ages, side="left")
    ended = np.searchsorted(np.sort(seen.end_hours), ages, side="left")
    return NelsonAalen(ages, (started - ended).astype(np.int64), failures.astype(np.int64))
