"""The hazard of a drive over its age, and what is left of it once frailties are averaged out.

Two laws belong to one population. Of a drive whose model and lot are named, the hazard *given* its
frailty is Z_model · Z_lot · h(t). Of a drive about which nothing is known, it is the *marginal*
one: weak models and lots die first, so that those who are left are better than the average drive
was, and the marginal hazard falls behind h(t) with age.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskmodel.lifetimes import Exponential, Gompertz, Law, Weibull
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ANCHORS", "Anchors", "bathtub", "calibrated", "marginal_hazard", "marginal_survival"]

_NODES = 80  # of the quadrature over the outer frailty; 40 agree to 1e-12


@dataclass(frozen=True, slots=True)
class Anchors:
    """What is measured of a population by age: hazard rates per year.

    The defaults are Backblaze's of 2025: disk/afr_age_0_1y, disk/afr_fleet (at the mean age of
    the fleet) and disk/afr_peak_by_age of the catalogue, as disk/bathtub_default states them.
    """

    first_year: float = 0.0130
    middle: float = 0.0131
    middle_age_years: float = 3.9
    late: float = 0.041
    late_age_years: float = 10.25


ANCHORS = Anchors()


def bathtub(
    constant: float,
    infant: float,
    wear_years: float,
    *,
    infant_years: float = 0.15,
    wear_shape: float = 4.0,
) -> Law:
    """Return the sum of an infant, a constant and a wear-out hazard.

    Parameters
    ----------
    constant, infant : float
        Hazard rates, of the infant part at age 0. [1/year]
    wear_years : float
        Scale of the Weibull law of wear-out. [year]
    infant_years : float
        Age at which the infant hazard has fallen to 1/e. [year]
    wear_shape : float
        Shape of the Weibull law. [1]

    Returns
    -------
    Law
        h(t) = infant · exp(−t/infant_years) + constant + Weibull(wear_shape, wear_years).
    """
    year = HOURS_PER_YEAR
    return Law(
        competing=(
            Law(gompertz=Gompertz(rate=infant / year, growth=-1.0 / (infant_years * year))),
            Law(exponential=Exponential(mean=year / constant)),
            Law(weibull=Weibull(shape=wear_shape, scale=wear_years * year)),
        )
    )


def marginal_survival(
    law: Law, t_hours: ArrayLike, variances: Sequence[float]
) -> NDArray[np.float64]:
    """Return the chance that a drive of unknown frailties outlives some ages.

    Parameters
    ----------
    law : Law
        The law at frailty 1.
    t_hours : array_like
        Ages. [h]
    variances : sequence of float
        Of at most two gamma frailties of mean 1 that multiply the hazard.

    Returns
    -------
    ndarray
        E[exp(−Z₁ Z₂ H(t))].
    """
    import numpy as np

    total, _ = _averages(law.cumulative_hazard(t_hours), variances)
    return np.asarray(total)


def marginal_hazard(
    law: Law, t_hours: ArrayLike, variances: Sequence[float], *, step_hours: float = 1.0
) -> NDArray[np.float64]:
    """Return the hazard rate, at some ages, of a drive of unknown frailties.

    Parameters
    ----------
    law : Law
        The law at frailty 1.
    t_hours : array_like
        Ages, at least ``step_hours``. [h]
    variances : sequence of float
        As for `marginal_survival`.
    step_hours : float
        Half the width over which the law's own hazard is averaged. [h]

    Returns
    -------
    ndarray
        h(t) · E[Z exp(−Z H(t))] / E[exp(−Z H(t))], with Z the product of the frailties. [1/h]
    """
    import numpy as np

    ages = np.asarray(t_hours, dtype=np.float64)
    own = law.cumulative_hazard(ages + step_hours) - law.cumulative_hazard(ages - step_hours)
    total, weighted = _averages(law.cumulative_hazard(ages), variances)
    return np.asarray(own / (2.0 * step_hours) * weighted / total)


def calibrated(
    variances: Sequence[float], anchors: Anchors = ANCHORS
) -> tuple[float, float, float]:
    """Return the parameters of a bathtub that meets its anchors over all frailties.

    Parameters
    ----------
    variances : sequence of float
        Of at most two gamma frailties of mean 1; none for the law of a drive that has none.
    anchors : Anchors
        What is to be met.

    Returns
    -------
    tuple of float
        ``constant`` and ``infant`` [1/year] and ``wear_years`` [year], as `bathtub` takes them.

    Raises
    ------
    ValueError
        If no bathtub meets the anchors.
    """
    import numpy as np
    from scipy.optimize import least_squares

    ages = np.array([anchors.middle_age_years, anchors.late_age_years]) * HOURS_PER_YEAR
    wanted = np.array([anchors.first_year, anchors.middle, anchors.late])

    def misses(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        law = bathtub(*np.exp(logs))
        first = -np.log(marginal_survival(law, HOURS_PER_YEAR, variances))
        later = marginal_hazard(law, ages, variances) * HOURS_PER_YEAR
        return np.asarray(np.log(np.array([first, *later]) / wanted))

    within = np.log([1e-5, 1e-6, 3.0]), np.log([1.0, 10.0, 1e3])
    start = np.log([0.0115, 0.009, 19.5])
    found = least_squares(misses, start, bounds=within, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    if np.abs(found.fun).max() > 1e-9:
        raise ValueError(f"no bathtub meets {anchors}")
    constant, infant, wear_years = np.exp(found.x)
    return float(constant), float(infant), float(wear_years)


def _averages(
    hazard: NDArray[np.float64], variances: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return E[exp(−Z H)] and E[Z exp(−Z H)]; one gamma in closed form, the other by quadrature."""
    import numpy as np
    from scipy.special import roots_genlaguerre

    held = [variance for variance in variances if variance > 0.0]
    if len(held) > 2:
        raise ValueError(f"at most two frailties, got {len(held)}")
    inner = held[0] if held else 0.0
    if len(held) < 2:
        return _one_gamma(hazard, inner, 1.0)
    shape = 1.0 / held[1]
    nodes, weights = roots_genlaguerre(_NODES, shape - 1.0)
    total = np.zeros_like(hazard)
    weighted = np.zeros_like(hazard)
    for z, weight in zip(nodes / shape, weights / math.gamma(shape), strict=True):
        survival, density = _one_gamma(hazard, inner, z)
        total = total + weight * survival
        weighted = weighted + weight * density
    return total, weighted


def _one_gamma(
    hazard: NDArray[np.float64], variance: float, z: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    if variance == 0.0:
        survival = np.exp(-z * hazard)
        return survival, z * survival
    log_base = np.log1p(variance * z * hazard)
    return np.exp(-log_base / variance), z * np.exp(-log_base * (1.0 / variance + 1.0))
