"""What each exact method is to its caller: loss probability by time, given the frailties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from riskmodel._exact.reading import Problem

__all__ = ["SLICES", "Method", "curve_times", "multiplier"]

SLICES = 50
"""The curve has its points at the ends of so many equal slices of the horizon."""

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Method:
    """A way to the answer.

    Parameters
    ----------
    given : callable
        From frailties, shape (k, frailties), to the probability of loss at the times of the
        curve, shape (k, SLICES).
    how : str
        What it is, in words.
    most_nodes : int
        How many rows of frailties can be afforded.
    """

    given: Callable[[_Array], _Array]
    how: str
    most_nodes: int


def curve_times(problem: Problem) -> _Array:
    """Return the ends of equal slices of the horizon, in hours."""
    return problem.horizon_hours * np.arange(1, SLICES + 1) / SLICES


def multiplier(frailties: _Array, labels: tuple[int, ...]) -> _Array:
    """Return the factor on the hazard of drives that carry these labels, shape (k,)."""
    return np.asarray(frailties[:, list(labels)].prod(axis=1))
