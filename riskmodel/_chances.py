"""A chance: the exact interval of a counted share, and how people read it."""

from __future__ import annotations

import math

__all__ = ["binomial_interval", "chance_range", "one_in", "removed_share"]


def binomial_interval(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a binomial share.

    Parameters
    ----------
    hits, trials : int
        ``0 <= hits <= trials``, ``trials >= 1``.
    confidence : float
        Level of the two-sided interval, also where no or every trial is a hit: a bound that is
        one-sided there alone would make the whole cover less than it says.

    Returns
    -------
    tuple of float
        Lower and upper end.

    References
    ----------
    .. [1] Clopper, Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934.
    """
    from scipy.special import betaincinv

    tail = (1.0 - confidence) / 2.0
    if hits == 0:
        return 0.0, float(-math.expm1(math.log(tail) / trials))
    if hits == trials:
        return float(math.exp(math.log(tail) / trials)), 1.0
    low = float(betaincinv(hits, trials - hits + 1, tail))
    return low, float(betaincinv(hits + 1, trials - hits, 1.0 - tail))


def one_in(probability: float) -> str:
    """Write a probability as odds: ``"1 in 50,000"``, ``"1 in 16"``, ``"30 %"``.

    One figure, or two where one alone would be off by more than a fifth.
    """
    if probability <= 0.0:
        return "0"
    if probability >= 0.995:
        return "near certainty"
    if probability >= 0.095:
        return f"{probability:.0%}".replace("%", " %")
    odds = 1.0 / probability
    digits = math.floor(math.log10(odds))
    if odds < 3.0 * 10.0**digits:
        digits -= 1
    return f"1 in {round(odds, -digits):,.0f}"


def chance_range(low: float, high: float) -> str:
    """Write a range of probabilities: ``"25 % to 43 %"``, ``"1 in 5,000 to 1 in 300,000"``.

    The smaller number comes first: of percentages the better end, of odds the worse one.
    """
    better, worse = one_in(low), one_in(high)
    if better == worse:
        return worse
    if low <= 0.0:
        return f"less than {worse}"
    if worse.startswith("1 in"):
        return f"{worse} to {better}"
    if better.startswith("1 in") and high < 0.995:  # one form for both
        share = f"{low * 100:.1g} %" if low >= 0.0095 else ""
        odds = 1.0 / high
        worse = f"1 in {odds:.0f}" if odds >= 3.0 else f"1 in {odds:.2g}"
        return f"{share} to {one_in(high)}" if share else f"{worse} to {better}"
    return f"{better} to {worse}"


def removed_share(share: float, *ends: float) -> str:
    """Write a removed share, and its interval: ``"99.9995 % (99.9993 % to 99.9996 %)"``.

    With so many digits that what is left of a loss is not rounded away.
    """
    rest = 1.0 - share
    digits = 0 if share < 0.99 else 2
    if 0.0 < rest < 1e-4:
        digits = min(math.ceil(-math.log10(rest)) - 2, 9)
    text = f"{share:.{digits}%}"
    if ends:
        text += f" ({' to '.join(f'{end:.{digits}%}' for end in ends)})"
    return text.replace("%", " %")
