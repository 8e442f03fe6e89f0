"""Loss probabilities without sampling noise, where the law of a layout allows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskmodel._exact.closed import product_form, renewal
from riskmodel._exact.frailty import average
from riskmodel._exact.markov import markov
from riskmodel._exact.method import Method, curve_times
from riskmodel._exact.reading import Problem, read

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["ExactLoss", "loss_probability"]


@dataclass(frozen=True, slots=True)
class ExactLoss:
    """The probability that all copies are lost at one instant, by the horizon and before.

    Parameters
    ----------
    probability : float
        At the horizon.
    times_hours : ndarray
        Ends of equal slices of the horizon. [h]
    curve : ndarray
        The probability by each of these times; its last value is ``probability``.
    how : str
        The method, in words.
    """

    probability: float
    times_hours: NDArray[np.float64]
    curve: NDArray[np.float64]
    how: str


def loss_probability(layout: Layout, horizon_hours: float | None = None) -> ExactLoss:
    """Compute the probability that a layout loses everything.

    Parameters
    ----------
    layout : Layout
        What protects the data.
    horizon_hours : float, optional
        Mission time, if not the layout's own. [h]

    Returns
    -------
    ExactLoss
        Accurate to about nine digits, however small the probability.

    Raises
    ------
    LayoutError
        If something that the law needs is missing.
    StateSpaceTooLarge
        If the layout has a part that no exact method models, or too many states; the message
        names it.

    Notes
    -----
    The first that fits of: a product of binomial tails, where nothing is ever replaced; a renewal
    series, for a bare store that tolerates one failure and whose rebuilds take a fixed time; a
    Markov chain, where all laws are exponential. Gamma frailties are integrated outside of it.

    Examples
    --------
    >>> import riskmodel as rm
    >>> disk = rm.Layout.from_dict({"horizon": "1 year", "media": {"m": {"afr": 0.02}},
    ...     "copies": [{"name": "disk", "store": {"media": "m"}}]})
    >>> round(loss_probability(disk).probability, 12)
    0.02
    """
    problem = read(layout, horizon_hours)
    method = product_form(problem) or renewal(problem) or markov(problem)
    curve, how = _averaged(problem, method)
    curve = np.maximum.accumulate(np.minimum(curve, 1.0))  # rounding undoes no loss
    return ExactLoss(float(curve[-1]), curve_times(problem), curve, how)


def _averaged(problem: Problem, method: Method) -> tuple[NDArray[np.float64], str]:
    count = len(problem.variances)
    if count == 0:
        return method.given(np.ones((1, 0)))[0], method.how
    failures = 0.0
    for copy in problem.copies:
        ages = [copy.age_hours, copy.age_hours + problem.horizon_hours, problem.horizon_hours]
        start, end, new = copy.lifetime.cumulative_hazard(ages)
        failures += copy.groups * copy.drives * float(max(end - start, new))
    values, nodes = average(
        method.given,
        problem.variances,
        place=problem.name,
        order=float(sum(copy.tolerates + 1 for copy in problem.copies if copy.wears)),
        failures=failures,
        most_nodes=method.most_nodes,
    )
    frailties = "one gamma frailty" if count == 1 else f"{count} gamma frailties"
    return values, f"{method.how}, averaged over {frailties} at {nodes:,} points"
