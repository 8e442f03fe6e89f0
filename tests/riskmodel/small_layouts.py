"""Layouts of a few equal parts, and their exact answers."""

from __future__ import annotations

from typing import Any

import riskmodel as rm
from riskmodel.exact import loss_probability


def exponential(hours: float) -> dict[str, Any]:
    return {"exponential": {"mean": f"{hours!r} h"}}


def medium(hours: float, **keys: Any) -> dict[str, Any]:
    return {"lifetime": exponential(hours), **keys}


def group(hours: float, horizon: float, *, media: dict | None = None, **store: Any) -> rm.Layout:
    """A bare group of drives."""
    return rm.Layout.from_dict(
        {
            "name": "bare group",
            "horizon": f"{horizon!r} h",
            "media": {"d": medium(hours, **(media or {}))},
            "copies": [{"name": "x", "store": {"media": "d", **store}}],
        }
    )


def copies(count: int, horizon: float, hours: float, **keys: Any) -> dict[str, Any]:
    """Several equal copies on one drive each."""
    return {
        "name": "equal copies",
        "horizon": f"{horizon!r} h",
        "media": {"d": medium(hours), "none": {"lifetime": "none"}},
        "copies": [{"name": f"c{i}", "store": {"media": "d"}, **keys} for i in range(count)],
    }


def probability(layout: rm.Layout | dict[str, Any]) -> float:
    if isinstance(layout, dict):
        layout = rm.Layout.from_dict(layout)
    return loss_probability(layout).probability
