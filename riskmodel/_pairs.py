"""Two estimates that share their random numbers: differences and ratios with honest intervals.

Runs are cut into batches of equal numbers of trials; batch k of every layout has the same random
numbers. What two layouts have in common cancels in the differences of batches, and so their spread
is the right error of the pairing, whatever the method: a batch is a sum of plain trials, or of
weighted ones, or a scrambled net.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.estimate import LossEstimate

__all__ = ["Pair", "pair_of"]

_LEAST_LOSSES = 20
_LEAST_EFFECTIVE = 10.0  # of one estimate
_LEAST_SQUARES = 5.0  # of a difference


@dataclass(frozen=True, slots=True)
class Pair:
    """How one layout compares with another.

    Parameters
    ----------
    one, other : str
        Their names.
    difference : float
        Probability of ``one`` less that of ``other``.
    difference_low, difference_high : float
        Its interval.
    ratio : float or None
        Probability of ``one`` over that of ``other``; None where either met no loss.
    ratio_low, ratio_high : float
        Its interval; infinite where nothing bounds it.
    ratio_error : float
        Standard error of the logarithm of the ratio; infinite where there is none.
    correlation : float or None
        Of the two estimates, achieved by the common random numbers; None where they share none.
    how : str
        ``exact``, ``paired``, or ``unpaired`` where pairing does not help or cannot be believed.
    confidence : float
        Level of the intervals, for this pair alone.
    """

    one: str
    other: str
    difference: float
    difference_low: float
    difference_high: float
    ratio: float | None
    ratio_low: float
    ratio_high: float
    ratio_error: float
    correlation: float | None
    how: str
    confidence: float

    @property
    def told_apart(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return self.difference_low > 0.0 or self.difference_high < 0.0

    @property
    def same(self) -> bool:
        """Whether the two are one law, and so nothing can tell them apart."""
        return self.difference == self.difference_low == self.difference_high == 0.0


def pair_of(
    one: LossEstimate,
    other: LossEstimate,
    batches: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    *,
    same_law: bool = False,
    confidence: float = 0.95,
) -> Pair:
    """Compare two estimates.

    Parameters
    ----------
    one, other : LossEstimate
        Over the same horizon.
    batches : tuple of ndarray or None
        The estimates of their batches, batch k of both with the same random numbers; None where
        they have none in common, and then they must be independent.
    same_law : bool
        Both describe the same law, so that the difference is 0 and known to be.
    confidence : float
        Level of the intervals.

    Returns
    -------
    Pair

    Notes
    -----
    Differences of batches get Student's law, with the effective number of their squares (Weighted,
    ``effective``) for the degrees of freedom; the ratio is treated on the scale of its logarithm,
    linearised. Where the losses are few, or a handful of batches make up the difference, the
    intervals of the two by themselves are joined by the method of variance estimates recovery
    [1]_ as if they were independent, which common random numbers can only make too wide.

    References
    ----------
    .. [1] Zou, Donner, "Construction of confidence limits about effect measures: a general
       approach", Statistics in Medicine 27(10), 2008.
    """
    p, q = one.probability, other.probability
    found = Pair(
        one=one.layout, other=other.layout, difference=p - q, difference_low=p - q,
        difference_high=p - q, ratio=None, ratio_low=0.0, ratio_high=math.inf,
        ratio_error=math.inf, correlation=None, how="exact", confidence=confidence,
    )  # fmt: skip
    if same_law and p == q:
        ratio = 1.0 if p > 0.0 else None
        return _with(found, ratio=ratio, ratio_low=1.0, ratio_high=1.0, ratio_error=0.0)
    rho = _correlation(*batches) if batches is not None else None
    believed = batches is not None and _enough(one) and _enough(other)
    if batches is not None and believed and (paired := _paired(found, p, q, batches, confidence)):
        return _with(paired, correlation=rho)
    joined = _joined(found, one, other, confidence)
    exact = one.exact is not None and other.exact is not None
    return _with(joined, correlation=rho, how="exact" if exact else "unpaired")


def _with(pair: Pair, **changes: object) -> Pair:
    from dataclasses import replace

    return replace(pair, **changes)  # type: ignore[arg-type]


def _enough(loss: LossEstimate) -> bool:
    """Tell whether an estimate rests on so much that a normal law describes its error."""
    if loss.weighted is not None:
        return loss.weighted.effective >= _LEAST_EFFECTIVE and loss.is_known
    return min(loss.losses, loss.trials - loss.losses) >= _LEAST_LOSSES


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    if min(np.ptp(one), np.ptp(other)) == 0.0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _paired(
    found: Pair, p: float, q: float, batches: tuple[NDArray[np.float64], ...], confidence: float
) -> Pair | None:
    """Return the pair with the errors of its batches, or None where they rest on too few."""
    one, other = batches
    plain = _error(one - other, confidence)
    logs = _error(one / p - other / q, confidence)
    if plain is None or logs is None:
        return None
    ratio = p / q
    return _with(
        found,
        difference_low=p - q - plain[1],
        difference_high=p - q + plain[1],
        ratio=ratio,
        ratio_low=ratio * math.exp(-logs[1]),
        ratio_high=ratio * math.exp(logs[1]),
        ratio_error=logs[0],
        how="paired",
    )


def _error(values: NDArray[np.float64], confidence: float) -> tuple[float, float] | None:
    """Return the standard error of a mean, and half of its interval."""
    from scipy.special import stdtrit

    squares = (values - values.mean()) ** 2
    fourths = float(squares @ squares)
    if fourths <= 0.0:
        return None
    effective = float(squares.sum()) ** 2 / fourths
    if effective < _LEAST_SQUARES:
        return None
    error = math.sqrt(float(squares.sum()) / len(values) / (len(values) - 1))
    return error, error * float(stdtrit(effective - 1.0, 0.5 + 0.5 * confidence))


def _joined(found: Pair, one: LossEstimate, other: LossEstimate, confidence: float) -> Pair:
    """Join two intervals as if the estimates were independent."""
    p, q = one.probability, other.probability
    (p_low, p_high), (q_low, q_high) = (loss.interval(confidence) for loss in (one, other))
    low = p - q - math.hypot(p - p_low, q_high - q)
    high = p - q + math.hypot(p_high - p, q - q_low)
    found = _with(found, difference_low=max(low, -1.0), difference_high=min(high, 1.0))
    if not (one.seen and other.seen and p > 0.0 and q > 0.0):
        return found
    down = math.hypot(_log(p, p_low), _log(q_high, q))
    up = math.hypot(_log(p_high, p), _log(q, q_low))
    ratio = p / q
    return _with(
        found,
        ratio=ratio,
        ratio_low=ratio * math.exp(-down),
        ratio_high=ratio * math.exp(up) if up < 700.0 else math.inf,
        ratio_error=math.hypot(one.relative_error, other.relative_error),
    )


def _log(high: float, low: float) -> float:
    return math.log(high / low) if low > 0.0 else math.inf
