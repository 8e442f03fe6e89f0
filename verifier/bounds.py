"""What a sample without replacement says about the whole: exact, for finite populations.

A simple random sample of ``looked`` out of ``of`` things, ``bad`` of them damaged, follows the
hypergeometric law. The bounds are those of Clopper and Pearson for that law: the numbers of bad
things in the whole that a one-sided test at the stated confidence does not reject. For a whole
that is large against the sample the size is ``ln(1 - confidence) / ln(1 - max_bad)``, about 3/n at
95 %; a finite whole needs less, and never more than all of it.

The sample is not stratified. Whole folders of rotten files, or few large ones, do no harm to the
bound, because each file is drawn with the same chance whatever its folder, size or age; strata
would sharpen the answer only where their shares of damage were known beforehand, and nobody knows
them. The bound speaks of files, not of bytes.

References
----------
.. [1] Clopper, Pearson, "The use of confidence or fiducial limits illustrated in the case of the
   binomial", Biometrika 26(4), 1934.
.. [2] Wright, "Exact confidence bounds when sampling from small finite universes", Springer, 1991.
"""

from __future__ import annotations

from math import exp, fsum, lgamma, log, log1p

__all__ = ["CONFIDENCE", "at_most", "fewest_bad", "most_bad", "sample_size"]

CONFIDENCE = 0.95


def most_bad(looked: int, of: int, bad: int = 0, confidence: float = CONFIDENCE) -> int:
    """Return how many of the whole are bad at most.

    Parameters
    ----------
    looked, of, bad : int
        Size of the sample and of the whole, and the bad ones in the sample.
    confidence : float
        One-sided.

    Returns
    -------
    int
        Largest number of bad ones among all under which as few as `bad` are still seen with a
        chance above ``1 - confidence``; `of` where nothing was looked at.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    _check(looked, of, bad, confidence)
    low, high = bad, of - looked + bad  # low is always possible; above high the sample excludes it
    while low < high:
        middle = (low + high + 1) // 2
        if at_most(bad, looked, of, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def fewest_bad(looked: int, of: int, bad: int, confidence: float = CONFIDENCE) -> int:
    """Return how many of the whole are bad at least; see `most_bad`."""
    return of - most_bad(looked, of, looked - bad, confidence)


def sample_size(of: int, max_bad: float, confidence: float = CONFIDENCE) -> int:
    """Return how many to look at so that none bad among them bounds the share of bad ones.

    Parameters
    ----------
    of : int
        Size of the whole.
    max_bad : float
        Share of bad ones that may remain, in [0, 1).
    confidence : float
        One-sided.

    Returns
    -------
    int
        Smallest sample for which ``most_bad(n, of) <= max_bad * of``.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    _check(0, of, 0, confidence)
    if not 0.0 <= max_bad < 1.0:
        message = f"max_bad: expects a share from 0 to less than 1, got {max_bad:g}"
        raise ValueError(message)
    too_many = int(max_bad * of * (1.0 + 1e-12)) + 1  # 0.07 * 100 is 7, not 7.000000000000001
    low, high = 0, max(of - too_many + 1, 0)
    while low < high:
        middle = (low + high) // 2
        if at_most(0, middle, of, too_many) <= 1.0 - confidence:
            high = middle
        else:
            low = middle + 1
    return low


def at_most(seen: int, looked: int, of: int, bad: int) -> float:
    """Return the chance that a sample holds at most so many of the bad ones.

    Parameters
    ----------
    seen : int
        Bad ones in the sample.
    looked, of, bad : int
        Size of the sample, of the whole, and the bad ones in the whole.

    Returns
    -------
    float
        The hypergeometric distribution function.
    """
    first = max(0, looked + bad - of)
    last = min(looked, bad)
    if seen >= last:
        return 1.0
    if seen < first:
        return 0.0
    term = _log_first(first, looked, of, bad)
    terms = [term]
    for count in range(first, seen):
        up = (bad - count) * (looked - count)
        term += log(up) - log((count + 1) * (of - bad - looked + count + 1))
        terms.append(term)
    top = max(terms)
    return min(1.0, exp(top) * fsum(exp(one - top) for one in terms))


def _log_first(first: int, looked: int, of: int, bad: int) -> float:
    """Return the logarithm of the chance of the smallest number of bad ones that can be drawn."""
    if first == 0:
        # symmetric in both; the shorter product loses no digits where logarithms of factorials do
        few, many = sorted((looked, bad))
        if few <= 200_000:
            return fsum(log1p(-many / (of - step)) for step in range(few))
    parts = (
        _log_choose(bad, first),
        _log_choose(of - bad, looked - first),
        -_log_choose(of, looked),
    )
    return fsum(parts)


def _log_choose(of: int, some: int) -> float:
    return lgamma(of + 1.0) - lgamma(some + 1.0) - lgamma(of - some + 1.0)


def _check(looked: int, of: int, bad: int, confidence: float) -> None:
    if not 0 <= bad <= looked <= of:
        message = f"expects 0 <= bad <= looked <= of, got {bad}, {looked}, {of}"
        raise ValueError(message)
    if not 0.0 < confidence < 1.0:
        message = f"confidence: expects a number between 0 and 1, got {confidence:g}"
        raise ValueError(message)
