"""What noisy estimates at many points say of the values behind them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.estimate import LossEstimate

__all__ = ["from_scale", "on_scale", "without_noise"]


def on_scale(loss: LossEstimate) -> tuple[float, float]:
    """Return the logarithm of the intensity behind an estimate, and the variance of its noise.

    Parameters
    ----------
    loss : LossEstimate
        By any method.

    Returns
    -------
    tuple of float
        log(-log(1 - p)), for small p the logarithm of p, and its variance by the delta method;
        counts are taken half a loss from 0 and from all trials. ``-inf`` where weighted trials
        found no way to a loss.
    """
    if loss.weighted is None and loss.exact is None:
        share = (loss.losses + 0.5) / (loss.trials + 1.0)
        variance = share * (1.0 - share) / (loss.trials + 1.0)
    else:
        share, variance = loss.probability, loss.standard_error**2
    if share <= 0.0:
        return -math.inf, 0.0
    share = min(share, 1.0 - 1e-12)
    intensity = -math.log1p(-share)
    return math.log(intensity), variance / ((1.0 - share) * intensity) ** 2


def from_scale(value: float) -> float:
    """Return the probability of a value of `on_scale`."""
    return -math.expm1(-math.exp(value)) if value > -700.0 else 0.0


def without_noise(
    values: NDArray[np.float64], variances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Draw noisy values together until they spread as what is behind them does.

    Parameters
    ----------
    values : ndarray
        Independent estimates, each without bias; what is not finite is left as it is.
    variances : ndarray
        Variances of their noise.

    Returns
    -------
    tuple of (ndarray, float)
        The values, in an order that leans on the better known ones, with the variance
        max(0, variance of the estimates - mean variance of the noise); and that variance.

    Notes
    -----
    Posterior means would spread too little, the estimates themselves too much; the constrained
    estimates of [1]_ have the spread of the truth.

    References
    ----------
    .. [1] Ghosh, "Constrained Bayes estimation with applications", Journal of the American
       Statistical Association 87, 1992.
    """
    known = np.isfinite(values)
    if known.sum() < 2:
        return values, 0.0
    seen, noise = values[known], variances[known]
    spread = max(float(np.var(seen, ddof=1) - np.mean(noise)), 0.0)
    found = values.copy()
    if spread <= 1e-18 * (1.0 + float(np.mean(seen)) ** 2):
        weights = 1.0 / np.maximum(noise, 1e-300)
        found[known] = np.average(seen, weights=weights)
        return found, 0.0
    weights = 1.0 / (spread + noise)
    centre = float(np.average(seen, weights=weights))
    posterior = centre + spread * weights * (seen - centre)
    middle = float(np.mean(posterior))
    found[known] = middle + (posterior - middle) * math.sqrt(spread / np.var(posterior, ddof=1))
    return found, spread
