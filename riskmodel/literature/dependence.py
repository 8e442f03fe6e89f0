"""Failures that strike several components or sites at one instant."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskmodel.errors import InputError
from riskmodel.literature._arguments import Floats, not_negative, positive

__all__ = [
    "jayaram_baker_correlation",
    "marshall_olkin_pair",
    "marshall_olkin_triple",
    "two_site_earthquake_loss",
]


def marshall_olkin_pair(
    first_rate_per_hour: ArrayLike,
    second_rate_per_hour: ArrayLike,
    both_rate_per_hour: ArrayLike,
    horizon_hours: ArrayLike,
) -> Floats:
    """Chance that two components that are never repaired are both dead.

    Exact for the bivariate exponential distribution of Marshall and Olkin.

    Parameters
    ----------
    first_rate_per_hour, second_rate_per_hour : float or array_like
        Rates of shocks that kill the one and the other.
    both_rate_per_hour : float or array_like
        Rate of shocks that kill both.
    horizon_hours : float or array_like
        Mission time.

    Returns
    -------
    float or ndarray
        The chance, to full relative accuracy.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    1 − e^(−(λ₁+λ₁₂)t) − e^(−(λ₂+λ₁₂)t) + e^(−(λ₁+λ₂+λ₁₂)t) [1]_, added up without differences.

    References
    ----------
    .. [1] Marshall, Olkin, "A multivariate exponential distribution", Journal of the American
       Statistical Association 62, 1967.

    Examples
    --------
    >>> round(float(marshall_olkin_pair(1e-6, 1e-6, 1e-8, 87_600)), 4)
    0.0079
    """
    one, two, both, horizon = not_negative(
        first_rate_per_hour=first_rate_per_hour,
        second_rate_per_hour=second_rate_per_hour,
        both_rate_per_hour=both_rate_per_hour,
        horizon_hours=horizon_hours,
    )
    apart = np.expm1(-one * horizon) * np.expm1(-two * horizon)
    return np.asarray(-np.expm1(-both * horizon) + np.exp(-both * horizon) * apart)[()]


def marshall_olkin_triple(
    each_rate_per_hour: ArrayLike,
    pair_rate_per_hour: ArrayLike,
    all_rate_per_hour: ArrayLike,
    horizon_hours: ArrayLike,
) -> Floats:
    """Chance that three equal components that are never repaired are all dead.

    Exact for the exchangeable trivariate exponential distribution of Marshall and Olkin.

    Parameters
    ----------
    each_rate_per_hour : float or array_like
        Rate of shocks that kill one, for each of the three.
    pair_rate_per_hour : float or array_like
        Rate of shocks that kill two, for each of the three pairs.
    all_rate_per_hour : float or array_like
        Rate of shocks that kill all.
    horizon_hours : float or array_like
        Mission time.

    Returns
    -------
    float or ndarray
        The chance, to full relative accuracy.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    With q_i = 1 − e^(−λ_i t): q₃ + (1 − q₃)[(1 − q₂)³ q₁³ + 3q₂(1 − q₂)² q₁ + 3q₂²(1 − q₂) + q₂³],
    by the number of pairs that were struck; the distribution is that of [1]_.

    References
    ----------
    .. [1] Marshall, Olkin, "A multivariate exponential distribution", Journal of the American
       Statistical Association 62, 1967.

    Examples
    --------
    >>> round(float(marshall_olkin_triple(0.0, 1.0, 0.0, np.log(2.0))), 6)  # two of three pairs
    0.5
    """
    each, pair, every, horizon = not_negative(
        each_rate_per_hour=each_rate_per_hour,
        pair_rate_per_hour=pair_rate_per_hour,
        all_rate_per_hour=all_rate_per_hour,
        horizon_hours=horizon_hours,
    )
    one, two, three = (-np.expm1(-rate * horizon) for rate in (each, pair, every))
    spared, alive = np.exp(-pair * horizon), np.exp(-every * horizon)
    apart = (spared * one) ** 3 + 3.0 * two * spared**2 * one + 3.0 * two**2 * spared + two**3
    return np.asarray(three + alive * apart)[()]


def jayaram_baker_correlation(
    distance_km: ArrayLike,
    range_km: ArrayLike,
    between_event_sd: ArrayLike,
    within_event_sd: ArrayLike,
) -> Floats:
    """Correlation of the logarithm of ground motion at two sites in one earthquake.

    A fit to eight earthquakes. Far beyond the range it does not fall to 0: what sets one event
    apart is common to all its sites.

    Parameters
    ----------
    distance_km : float or array_like
        Distance between the sites. [km]
    range_km : float or array_like
        Distance b at which the residual correlation is e⁻³: for peak ground acceleration 8.5, or
        40.7 where soils are clustered. [km]
    between_event_sd, within_event_sd : float or array_like
        Standard deviations τ, between events, and φ, within one, of the logarithm.

    Returns
    -------
    float or ndarray
        The correlation.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (τ² + φ² exp(−3h/b))/(τ² + φ²), the exponential being that of [1]_.

    References
    ----------
    .. [1] Jayaram, Baker, "Correlation model for spatially distributed ground-motion
       intensities", Earthquake Engineering and Structural Dynamics 38, 2009.

    Examples
    --------
    >>> float(jayaram_baker_correlation(1000.0, 8.5, 1.0, 1.0))
    0.5
    """
    distance, between = not_negative(distance_km=distance_km, between_event_sd=between_event_sd)
    reach, within = positive(range_km=range_km, within_event_sd=within_event_sd)
    common, own = between**2, within**2
    return np.asarray((common + own * np.exp(-3.0 * distance / reach)) / (common + own))[()]


def two_site_earthquake_loss(
    median_1_g: ArrayLike,
    median_2_g: ArrayLike,
    capacity_g: ArrayLike,
    between_event_sd: ArrayLike,
    within_event_sd: ArrayLike,
    range_km: ArrayLike,
    distance_km: ArrayLike,
    events_per_year: ArrayLike,
    horizon_years: ArrayLike,
) -> Floats:
    """Chance that one earthquake destroys both of two sites within a mission.

    Exact for lognormal ground motion and a sharp capacity, sites restored before the next event.
    The medians are fixed: that a distant site shakes less must be put into them.

    Parameters
    ----------
    median_1_g, median_2_g : float or array_like
        Median peak ground acceleration at the sites, given an event. [g]
    capacity_g : float or array_like
        Acceleration above which a site is destroyed. [g]
    between_event_sd, within_event_sd : float or array_like
        Standard deviations τ and φ of its logarithm.
    range_km, distance_km : float or array_like
        Range of the correlation and distance, for `jayaram_baker_correlation`. [km]
    events_per_year : float or array_like
        Rate of events. [1/year]
    horizon_years : float or array_like
        Mission time. [year]

    Returns
    -------
    float or ndarray
        1 − exp(−ν P(both) T).

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    P(both) is the upper tail of a bivariate normal, Φ(−a)Φ(−b) plus the integral of its density
    over the correlation from 0 [1]_, a sum of positive terms.

    References
    ----------
    .. [1] Plackett, "A reduction formula for normal multivariate integrals", Biometrika 41, 1954.

    Examples
    --------
    Half of all events destroy both where the sites are one and the median is the capacity.

    >>> loss = two_site_earthquake_loss(0.5, 0.5, 0.5, 0.3, 0.5, 8.5, 0.0, 0.01, 100)
    >>> round(float(-np.log1p(-loss)), 6)
    0.5
    """
    from scipy.special import ndtr

    first, second, capacity = positive(
        median_1_g=median_1_g, median_2_g=median_2_g, capacity_g=capacity_g
    )
    rate, horizon = not_negative(events_per_year=events_per_year, horizon_years=horizon_years)
    rho = np.asarray(
        jayaram_baker_correlation(distance_km, range_km, between_event_sd, within_event_sd)
    )
    sd = np.hypot(np.asarray(between_event_sd), np.asarray(within_event_sd))
    a, b = np.log(capacity / first) / sd, np.log(capacity / second) / sd
    both = ndtr(-a) * ndtr(-b) + _plackett(np.asarray(a), np.asarray(b), rho)
    return np.asarray(-np.expm1(-rate * both * horizon))[()]


_POINTS = 16
_PANELS = 40


def _plackett(
    a: NDArray[np.float64], b: NDArray[np.float64], rho: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the integral of the bivariate normal density at (a, b) over correlations 0 to ρ.

    With r = sin θ; panels halve towards the end, where the integrand turns sharply as ρ nears 1.
    """
    if np.any(rho < 0.0):
        raise InputError("correlation must be 0 or more")
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    edges = 1.0 - np.append(np.exp2(-np.arange(_PANELS, dtype=np.float64)), 0.0)
    width = np.diff(edges)[:, None]
    share = (edges[:-1, None] + width * (nodes + 1.0) / 2.0).ravel()
    weight = (width * weights / 2.0).ravel()
    a, b, rho = (x[..., None] for x in np.broadcast_arrays(a, b, rho))
    angle = np.arcsin(rho) * share
    sine = np.sin(angle)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        apart = np.where(a == b, 0.0, (a - b) ** 2 / (2.0 * np.cos(angle) ** 2))
    density = np.exp(-apart - a * b / (1.0 + sine))
    return np.asarray((density @ weight) * np.arcsin(rho[..., 0]) / (2.0 * np.pi))
