"""Weighted trials: their mean, its error, and whether the error can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LEAST_EFFECTIVE", "LEAST_TO_BOUND", "Weighted"]

LEAST_EFFECTIVE = 100.0
"""Fewer effective squares than this, and the standard error itself is a guess."""

LEAST_TO_BOUND = 32.0
"""Fewer still, and weights that were never drawn may outweigh all that were.

As many as let a run stop at its target; a quarter of the values, where these are few.
"""

_LEAST_POWER = 1e-300  # below it powers lose their digits, and nothing is known of an error


@dataclass(frozen=True, slots=True)
class Weighted:
    """Sums over independent values whose mean is the probability of loss.

    A value is the weight of one trial or, where trials are points of one scrambled net, the mean
    weight of a net.

    Parameters
    ----------
    values : int
        How many there are.
    total, squares, fourths : float
        Sums of their first, second and fourth powers.
    causes : tuple of (str, float, float, float)
        By the event that took the last intact copy: sum of its parts of the values, of the parts'
        squares, and of the parts times the values.
    bins : tuple of float
        Sums of the values by equal slices of the horizon.
    trials : int
        Trials that the values were made of; 0 where nobody counted.
    """

    values: int
    total: float
    squares: float
    fourths: float
    causes: tuple[tuple[str, float, float, float], ...]
    bins: tuple[float, ...]
    trials: int = 0

    def __add__(self, other: Weighted) -> Weighted:
        """Merge the sums of values that are independent."""
        return Weighted(
            self.values + other.values,
            self.total + other.total,
            self.squares + other.squares,
            self.fourths + other.fourths,
            tuple(
                (one[0], one[1] + more[1], one[2] + more[2], one[3] + more[3])
                for one, more in zip(self.causes, other.causes, strict=True)
            ),
            tuple(a + b for a, b in zip(self.bins, other.bins, strict=True)),
            self.trials + other.trials,
        )

    @property
    def mean(self) -> float:
        """The estimate."""
        return self.total / self.values

    @property
    def standard_error(self) -> float:
        """Standard error of the mean; infinite where nothing is known of it.

        At least that of one trial: where all weigh the same, one in so many may weigh nothing and
        not have been met.
        """
        if self.values < 2 or self.fourths < _LEAST_POWER:
            return math.inf
        spread = self.squares / self.values - self.mean**2
        # all values alike: rounding may leave nothing, or less
        error = math.sqrt(max(spread, 1e-30 * self.mean**2) / (self.values - 1))
        return max(error, self.mean / self.trials) if self.trials else error

    @property
    def relative_error(self) -> float:
        """Standard error over mean; infinite while no loss has been met."""
        return self.standard_error / self.mean if self.total > 0.0 else math.inf

    @property
    def effective(self) -> float:
        """Effective number of squares: how many values the standard error rests on.

        One if a single value outweighs all others. Bounded relative error of a weighted mean does
        not make its estimated error robust (Tuffin, L'Ecuyer, Sandmann, 2006); this tells.
        """
        return self.squares**2 / self.fourths if self.fourths > _LEAST_POWER else 0.0

    @property
    def is_few(self) -> bool:
        """Whether the estimate rests on few of its values."""
        return self._fewer_than(LEAST_EFFECTIVE, 0.5)

    @property
    def is_bounded(self) -> bool:
        """Whether what was seen bounds the mean from above."""
        return not self._fewer_than(LEAST_TO_BOUND, 0.25)

    def _fewer_than(self, least: float, share: float) -> bool:
        return self.values < 2 or self.effective < min(least, share * self.values)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return an interval of the mean, on the scale of its logarithm.

        Student's law with the effective number of squares less one, so that an error that rests
        on few values gives a wide interval. Where it rests on so few that it is not bounded, heavy
        weights were probably missed: they can only add, so the lower end holds and the upper is 1.

        Parameters
        ----------
        confidence : float
            Level of the two-sided interval.

        Returns
        -------
        tuple of float
            Nothing is known, (0, 1), while no loss has been met, or where the weights contradict
            that their mean is a probability.
        """
        from scipy.special import stdtrit

        freedom = min(self.effective, self.values) - 1.0
        if self.total <= 0.0 or freedom <= 0.05:
            return 0.0, 1.0
        spread = float(stdtrit(freedom, 0.5 + 0.5 * confidence)) * self.relative_error
        if spread > 700.0 or self.mean * math.exp(-spread) >= 1.0:  # no chance is above 1
            return 0.0, 1.0
        high = min(self.mean * math.exp(spread), 1.0) if self.is_bounded else 1.0
        return self.mean * math.exp(-spread), high

    def share_error(self, total: float, squares: float, crossed: float) -> float:
        """Return the standard error of a cause's share of the total, by the delta method."""
        share = total / self.total
        spread = squares - 2.0 * share * crossed + share**2 * self.squares
        return math.sqrt(max(spread, 0.0)) / self.total
