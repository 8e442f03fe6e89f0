"""Figures, each drawn into axes of yours (``ax=``) or new ones.

They read in grey and by the colour-blind. matplotlib is imported when the first one is drawn.
"""

from __future__ import annotations

from riskmodel.plot.chances import compare, curve
from riskmodel.plot.front import pareto
from riskmodel.plot.lifetimes import lifetimes
from riskmodel.plot.separation import distance, loss_by_distance
from riskmodel.plot.shares import causes, inputs
from riskmodel.plot.timeline import timeline
from riskmodel.plot.tornado import sensitivity_map, tornado

__all__ = [
    "causes",
    "compare",
    "curve",
    "distance",
    "inputs",
    "lifetimes",
    "loss_by_distance",
    "pareto",
    "sensitivity_map",
    "timeline",
    "tornado",
]
