"""How uncertain a number is: the distribution that low, value and high stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["Spread"]

_TAIL = 0.05
_MOST_SCALED = 709.0  # the logarithm of the largest number


@dataclass(frozen=True, slots=True)
class Spread:
    """A number between ``low`` and ``high``, ``value`` in between.

    Parameters
    ----------
    low, value, high : float
        The 5 % point, the median and the 95 % point.
    scale : {'log', 'logit', 'linear'}
        Where the number is normal: its logarithm (rates, times, sizes), its log-odds (shares, which
        so stay within 0 and 1), or itself (numbers of either sign).
    whole : bool
        A count: rounded, and never beyond low and high.

    Notes
    -----
    Each side of the median is half of a normal law with a deviation of its own, so that the three
    numbers are met exactly however lopsided they are. This is what the catalogue of parameters
    means by them: a row "0.5 %/yr, 0.1 to 2" says lognormal with median 0.5 %/yr and sigma 0.9,
    whose 5 and 95 % points are 0.11 and 2.2; a 95 % interval of a fit that stands as low and high
    is read a little too wide. A triangular law between low and high was rejected: its 90 % range
    is a third narrower than the one that was written.

    An end equal to the value is a bound: all draws lie on the other side, whose end then is the
    95 % point of one folded normal law. An end that the scale cannot hold (0 on a log scale, 0 or 1
    of a share) is a bound too, and that half is uniform between it and the value.
    """

    low: float
    value: float
    high: float
    scale: Literal["log", "logit", "linear"] = "log"
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuse what is out of order."""
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value:g} is not between {self.low:g} and {self.high:g}")

    def at(self, u: float) -> float:
        """Return the quantile at ``u`` in (0, 1); it never falls as u rises."""
        if self.low == self.high:
            return self.value
        if self.low == self.value:
            found = self._out(self.high, u, 1.0 - _TAIL)
        elif self.high == self.value:
            found = self._out(self.low, 1.0 - u, 1.0 - _TAIL)
        elif u < 0.5:
            found = self._out(self.low, 1.0 - 2.0 * u, 1.0 - 2.0 * _TAIL)
        else:
            found = self._out(self.high, 2.0 * u - 1.0, 1.0 - 2.0 * _TAIL)
        if self.whole:
            return float(min(max(round(found), self.low), self.high))
        return min(max(found, 0.0), 1.0) if self.scale == "logit" else found

    def _out(self, end: float, share: float, end_share: float) -> float:
        """Go from the value towards an end that ``end_share`` of this side does not pass."""
        from scipy.special import ndtri

        start, stop = self._scaled(self.value), self._scaled(end)
        steps = float(ndtri(0.5 + 0.5 * share) / ndtri(0.5 + 0.5 * end_share))
        if math.isinf(start):
            return self.value + (end - self.value) * steps
        if math.isinf(stop):
            return self.value + (end - self.value) * share
        return self._back(start + (stop - start) * steps)

    def _scaled(self, number: float) -> float:
        if self.scale == "linear":
            return number
        if number <= 0.0:
            return -math.inf
        if self.scale == "log":
            return math.log(number)
        return math.log(number) - math.log1p(-number) if number < 1.0 else math.inf

    def _back(self, scaled: float) -> float:
        if self.scale == "linear":
            return scaled
        if self.scale == "log":
            return math.exp(min(scaled, _MOST_SCALED))
        return 1.0 / (1.0 + math.exp(-scaled)) if scaled > -700.0 else math.exp(scaled)
