"""Judge many differences at once, each in standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scipy.special import ndtri
from scipy.stats import chi2, t

from riskmodel.estimate import LossEstimate
from tests.figures import tell_scores

__all__ = ["assert_like_normal", "is_flagged", "score"]


def score(estimate: LossEstimate, expected: float, error: float = 0.0) -> float:
    """Return how far an estimate is off, as a normal score.

    A standard error of few values, such as 16 nets, is uncertain by itself: its quotient is
    Student's, and is turned into the normal score of the same tail.
    """
    z = (estimate.probability - expected) / math.hypot(estimate.standard_error, error)
    values = estimate.weighted.values if estimate.weighted is not None else estimate.trials
    # the lesser tail, so that no digits are lost
    return math.copysign(float(ndtri(t.cdf(-abs(z), values - 1))), z)


def is_flagged(estimate: LossEstimate) -> bool:
    """Tell whether an estimate says of itself that only its interval is to be believed."""
    return any("rests on few" in warning for warning in estimate.all_warnings)


def assert_like_normal(scores: Mapping[str, float], most: float = 4.0) -> None:
    """Fail if one score is too far out, or all together are."""
    assert scores
    tell_scores(scores)
    far = {name: round(value, 2) for name, value in scores.items() if not abs(value) < most}
    assert not far, far
    total = sum(value**2 for value in scores.values())
    assert total < chi2.ppf(0.999, len(scores)), (total, dict(scores))
