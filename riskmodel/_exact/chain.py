"""Numerics of Markov chains: small probabilities to full relative accuracy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["TERMS", "Propagator", "generator", "squarings"]

_Array = NDArray[np.float64]

TERMS = 12
"""Of the Taylor series over the smallest step; a multiple of three."""

_STEP = 0.125  # jumps expected within the smallest step
_LEAST_SQUARINGS = 6


def generator(rates: _Array) -> _Array:
    """Return a generator, or several: the rates with the diagonal that makes rows sum to 0."""
    result = rates.copy()
    diagonal = np.einsum("...ii->...i", result)
    diagonal[...] = 0.0
    diagonal[...] = -result.sum(axis=-1)
    return result


def squarings(fastest: float, hours: float) -> int:
    """Return how often the smallest step is doubled to span a time."""
    jumps = 2.0 * fastest * hours
    return max(_LEAST_SQUARINGS, math.ceil(math.log2(max(jumps / _STEP, 1.0))))


class Propagator:
    """exp(Q t) for every t up to a longest one, for one generator or a stack of them.

    Parameters
    ----------
    generators : ndarray
        Shape (k, n, n). [1/h]
    longest_hours : float
        The longest step. [h]
    only_longest : bool
        Keep what is needed for steps of just that length; saves memory.

    Notes
    -----
    Q is shifted until it has no negative entry; a short Taylor series and then repeated squaring
    add and multiply non-negative numbers only, so that each entry, however small, keeps its
    leading digits [1]_. Rows are scaled to the sum 1 after each squaring, for else the rounding
    of the large entries doubles each time.

    References
    ----------
    .. [1] Xue, Ye, "Computing exponentials of essentially non-negative matrices entrywise to high
       relative accuracy", Mathematics of Computation 82, 2013.
    """

    def __init__(
        self, generators: _Array, longest_hours: float, *, only_longest: bool = False
    ) -> None:
        fastest = -np.einsum("...ii->...i", generators).min(axis=-1)
        doublings = squarings(float(fastest.max()), longest_hours)
        self.step_hours = math.ldexp(longest_hours, -doublings)
        size = generators.shape[-1]
        self._shifted = generators + (2.0 * fastest)[:, None, None] * np.eye(size)
        self._longest_hours = longest_hours
        power = _normal(_exponential(self._shifted * self.step_hours))
        self._ladder = [power]
        for _ in range(doublings):
            power = _normal(power @ power)
            if only_longest:
                self._ladder = []
            self._ladder.append(power)

    def _series(self, start: _Array, hours: float) -> _Array:
        """Return start · exp(shifted · hours), by Horner's rule."""
        result = start
        for k in range(TERMS, 0, -1):
            result = start + (result @ self._shifted) * (hours / k)
        return np.asarray(result)

    def advance(self, chances: _Array, hours: float) -> _Array:
        """Return the distribution over states some time later.

        Parameters
        ----------
        chances : ndarray
            Shape (k, 1, n), rows that sum to 1.
        hours : float
            At most the longest step. [h]

        Returns
        -------
        ndarray
            Shape (k, 1, n).
        """
        if hours == self._longest_hours:
            return _normal(chances @ self._ladder[-1])
        steps = math.floor(hours / self.step_hours)
        rest = max(hours - steps * self.step_hours, 0.0)
        for power in self._ladder:
            if steps & 1:
                chances = _normal(chances @ power)
            steps >>= 1
        return _normal(self._series(chances, rest)) if rest > 0.0 else chances


def _exponential(small: _Array) -> _Array:
    """Return exp of matrices of small norm: a Taylor series in five products."""
    square = small @ small
    cube = square @ small
    result = np.zeros_like(small)
    for first in range(TERMS - 3, -1, -3):
        block = np.eye(small.shape[-1]) / math.factorial(first)
        block = block + small / math.factorial(first + 1) + square / math.factorial(first + 2)
        result = block + (result @ cube if first < TERMS - 3 else 0.0)
    return result


def _normal(rows: _Array) -> _Array:
    return np.asarray(rows / rows.sum(axis=-1, keepdims=True))
