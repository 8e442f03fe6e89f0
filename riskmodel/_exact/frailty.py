"""Averages over gamma frailties of mean 1, to a relative accuracy and not only an absolute one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import StateSpaceTooLarge

__all__ = ["average", "gamma_rule"]

_Array = NDArray[np.float64]

_AGREEMENT = 1e-6  # halving the step squares the error
_DEPTH = 34.0  # e-folds below the peak at which the integrand is cut
_HALVINGS = 4
_CHUNK = 20_000


def gamma_rule(
    variance: float, *, order: float, failures: float, halvings: int = 0
) -> tuple[_Array, _Array]:
    """Return nodes and weights for the average over one gamma variable of mean 1.

    Parameters
    ----------
    variance : float
        Of the variable, > 0.
    order : float
        The integrand grows like its power at most, >= 1.
    failures : float
        It saturates where the variable is about 1 over this, >= 0.
    halvings : int
        How often the step is halved.

    Returns
    -------
    tuple of ndarray
        Nodes, the first of them 0, and weights that sum to 1.

    Notes
    -----
    The trapezoidal rule in the logarithm of the variable: there the integrand is analytic in a
    strip and falls off on both sides, so that the error falls exponentially [1]_. The node 0
    takes what is left of the mass: so only the integrand's rise above its value at 0 is cut.
    Halving the step squares the error, so that two rules that agree to six digits leave a second
    one that is good to twelve.

    References
    ----------
    .. [1] Trefethen, Weideman, "The Exponentially Convergent Trapezoidal Rule", SIAM Review 56,
       2014.
    """
    shape = 1.0 / variance
    depth = _DEPTH + math.log1p(failures)
    low = _edge(shape, 1.0, depth, -1.0)
    high = _edge(shape, order, depth, 1.0)
    step = min(0.42, 1.4 / math.sqrt(shape + order)) * 0.5**halvings
    count = math.ceil((high - low) / step) + 1
    logs = low + step * np.arange(count, dtype=np.float64)
    weights = step * np.exp(_log_density(shape, logs))
    nodes = np.concatenate([[0.0], np.exp(logs)])
    return nodes, np.concatenate([[1.0 - math.fsum(weights)], weights])


def _log_density(shape: float, logs: _Array) -> _Array:
    """Logarithm of the density of the variable's logarithm."""
    if shape > 30.0:  # Stirling's series; lgamma itself would cancel
        constant = 0.5 * math.log(shape / (2.0 * math.pi)) - (
            1.0 / (12.0 * shape) - 1.0 / (360.0 * shape**3) + 1.0 / (1260.0 * shape**5)
        )
    else:
        constant = shape * math.log(shape) - shape - math.lgamma(shape)
    series = sum(logs**n / math.factorial(n) for n in range(2, 12))
    excess = np.where(np.abs(logs) < 0.1, series, np.expm1(logs) - logs)
    return np.asarray(constant - shape * excess)


def _edge(shape: float, power: float, depth: float, side: float) -> float:
    """Return where density · variable^power is ``depth`` e-folds below its peak."""
    peak = math.log((shape + power) / shape)

    def drop(log: float) -> float:
        away = log - peak
        return (shape + power) * (math.expm1(away) - away)

    far = side
    while drop(peak + far) < depth:
        far *= 2.0
    near = 0.0
    for _ in range(60):
        middle = 0.5 * (near + far)
        near, far = (middle, far) if drop(peak + middle) < depth else (near, middle)
    return peak + far


def average(
    integrand: Callable[[_Array], _Array],
    variances: Sequence[float],
    *,
    place: str,
    order: float,
    failures: float,
    most_nodes: int,
) -> tuple[_Array, int]:
    """Average an integrand over independent gamma variables of mean 1.

    Parameters
    ----------
    integrand : callable
        From frailties of shape (k, len(variances)) to values of shape (k, m), all >= 0.
    variances : sequence of float
        Of the variables.
    place : str
        What a refusal names.
    order, failures : float
        See `gamma_rule`.
    most_nodes : int
        Evaluations that can be afforded.

    Returns
    -------
    tuple of (ndarray, int)
        The averages, shape (m,), and the number of nodes.

    Raises
    ------
    StateSpaceTooLarge
        If the accuracy takes more nodes than can be afforded.
    """
    known: _Array | None = None
    for halvings in range(_HALVINGS):
        rules = [
            gamma_rule(variance, order=order, failures=failures, halvings=halvings)
            for variance in variances
        ]
        nodes = math.prod(len(points) for points, _ in rules)
        if nodes * (2 ** len(variances) if known is None else 1) > most_nodes:
            break  # two rules are needed at least
        grid = np.meshgrid(*(points for points, _ in rules), indexing="ij")
        weights = np.ones(())
        for _, own in rules:
            weights = np.multiply.outer(weights, own)
        points = np.stack([axis.ravel() for axis in grid], axis=-1)
        flat = weights.ravel()
        parts = [
            flat[first : first + _CHUNK] @ integrand(points[first : first + _CHUNK])
            for first in range(0, nodes, _CHUNK)
        ]
        values = np.sum(parts, axis=0)
        if known is not None and np.all(np.abs(values - known) <= _AGREEMENT * np.abs(values)):
            return np.asarray(values), nodes
        known = values
    raise StateSpaceTooLarge(
        f"{place}: the average over {len(variances)} frailties does not settle, or takes more "
        f"than the {most_nodes:,} points that can be afforded"
    )
