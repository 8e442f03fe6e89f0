"""An estimate as plain values: what ``--json`` prints."""

from __future__ import annotations

import math
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from riskmodel._chances import binomial_interval
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate

__all__ = ["as_dict", "versions"]


def as_dict(estimate: LossEstimate, confidence: float) -> dict[str, Any]:
    """Write an estimate in plain values.

    Parameters
    ----------
    estimate : LossEstimate
        By any method.
    confidence : float
        Level of the intervals.

    Returns
    -------
    dict
        What has not been estimated is None, and so is the probability while no loss was seen.
    """
    years, values = estimate.curve
    error = estimate.standard_error
    played = estimate.exact is None and estimate.weighted is None
    return {
        "layout": estimate.layout,
        "horizon_years": estimate.horizon_hours / HOURS_PER_YEAR,
        "probability": estimate.probability if estimate.seen else None,
        "standard_error": error if math.isfinite(error) else None,
        "interval": list(estimate.interval(confidence)),
        "confidence": confidence,
        "method": estimate.method,
        "why": estimate.why,
        "trials": estimate.trials,
        "losses": estimate.losses if played else None,
        "seed": estimate.seed,
        "elapsed_seconds": estimate.elapsed_seconds,
        "curve": {"years": list(years), "probability": list(values)},
        "causes": [
            {"name": c.name, "share": c.share, "standard_error": c.standard_error}
            for c in estimate.causes
        ],
        "expected_losses": estimate.expected_losses if played and estimate.losses else None,
        "partial_loss": _partial_loss(estimate, confidence) if played else None,
        "rollback": _rollback(estimate, confidence) if estimate.rollbacks else None,
        "restore": estimate.unavailable.to_dict(confidence) if estimate.unavailable else None,
        "parameter_range": estimate.parameter_range.to_dict() if estimate.parameter_range else None,
        "parameters": [item.to_dict() for item in estimate.parameters],
        "assumptions": list(estimate.assumptions),
        "warnings": list(estimate.all_warnings),
        "versions": versions(),
    }


def _rollback(estimate: LossEstimate, confidence: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        "meaning": "the data came back from an older point: so much work is lost"
    }
    for item in estimate.rollbacks:
        found[f"p_over_{item.span}"] = item.probability if item.hits else None
    found["intervals"] = {
        f"p_over_{item.span}": list(item.interval(confidence)) for item in estimate.rollbacks
    }
    return found


def _partial_loss(estimate: LossEstimate, confidence: float) -> dict[str, Any]:
    lost = estimate.lost_something
    return {
        "meaning": "a part of the data, or all of it, is lost for good",
        "probability": lost / estimate.trials if lost else None,
        "interval": list(binomial_interval(lost, estimate.trials, confidence)),
    }


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    import platform

    found = {"python": platform.python_version()}
    for name in ("threetwoone", "numba", "numpy", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
