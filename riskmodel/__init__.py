"""Monte Carlo of data loss over backup layouts, with exact cross-checks.

>>> import riskmodel as rm
>>> home = rm.load_layout("home.toml")  # doctest: +SKIP
>>> rm.simulate(home, horizon="10 years").probability  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskmodel import literature, plot
    from riskmodel._used import Used, parameters_used
    from riskmodel.catalogue import Parameters, parameters
    from riskmodel.comparison import Comparison, compare
    from riskmodel.costs import Cost, yearly_cost
    from riskmodel.errors import (
        InputError,
        Interrupted,
        LayoutError,
        NotSimulated,
        StateSpaceTooLarge,
        ThreeTwoOneError,
        UnitError,
        WorkersLost,
    )
    from riskmodel.estimate import Cause, LossEstimate
    from riskmodel.examples import example, example_files
    from riskmodel.fitting import Fit, Lifetimes, fit_lifetimes, media_toml, read_lifetimes
    from riskmodel.frontier import Candidate, Frontier, pareto
    from riskmodel.gates import Gate, Gates, rule_gates
    from riskmodel.histories import Happening, History, Lane, history
    from riskmodel.improvement import Improvement, Proposal, improve
    from riskmodel.influence import Effect, Index, Sensitivity, sensitivity
    from riskmodel.influence_map import SensitivityMap, sensitivity_map
    from riskmodel.layout import Copy, Layout, load_layout
    from riskmodel.lifetimes import Exponential, Gompertz, Law, Lognormal, Weibull
    from riskmodel.perils import hit_rate, joint_hit_interval, joint_hit_probability
    from riskmodel.preset_catalogue import presets
    from riskmodel.relocation import DistanceLoss, loss_by_distance
    from riskmodel.reporting.assessing import report
    from riskmodel.separation import Distance, distance
    from riskmodel.simulation import simulate
    from riskmodel.space import Space, read_space
    from riskmodel.uncertainty import ParameterRange, parameter_range

_ROOMS = {
    "_used": ("Used", "parameters_used"),
    "catalogue": ("Parameters", "parameters"),
    "comparison": ("Comparison", "compare"),
    "costs": ("Cost", "yearly_cost"),
    "errors": (
        "InputError",
        "Interrupted",
        "LayoutError",
        "NotSimulated",
        "StateSpaceTooLarge",
        "ThreeTwoOneError",
        "UnitError",
        "WorkersLost",
    ),
    "estimate": ("Cause", "LossEstimate"),
    "examples": ("example", "example_files"),
    "fitting": ("Fit", "Lifetimes", "fit_lifetimes", "media_toml", "read_lifetimes"),
    "frontier": ("Candidate", "Frontier", "pareto"),
    "gates": ("Gate", "Gates", "rule_gates"),
    "histories": ("Happening", "History", "Lane", "history"),
    "improvement": ("Improvement", "Proposal", "improve"),
    "layout": ("Copy", "Layout", "load_layout"),
    "lifetimes": ("Exponential", "Gompertz", "Law", "Lognormal", "Weibull"),
    "perils": ("hit_rate", "joint_hit_interval", "joint_hit_probability"),
    "preset_catalogue": ("presets",),
    "relocation": ("DistanceLoss", "loss_by_distance"),
    "reporting.assessing": ("report",),
    "influence": ("Effect", "Index", "Sensitivity", "sensitivity"),
    "influence_map": ("SensitivityMap", "sensitivity_map"),
    "separation": ("Distance", "distance"),
    "simulation": ("simulate",),
    "space": ("Space", "read_space"),
    "uncertainty": ("ParameterRange", "parameter_range"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Candidate",
    "Cause",
    "Comparison",
    "Copy",
    "Cost",
    "Distance",
    "DistanceLoss",
    "Effect",
    "Exponential",
    "Fit",
    "Frontier",
    "Gate",
    "Gates",
    "Gompertz",
    "Happening",
    "History",
    "Improvement",
    "Index",
    "InputError",
    "Interrupted",
    "Lane",
    "Law",
    "Layout",
    "LayoutError",
    "Lifetimes",
    "Lognormal",
    "LossEstimate",
    "NotSimulated",
    "ParameterRange",
    "Parameters",
    "Proposal",
    "Sensitivity",
    "SensitivityMap",
    "Space",
    "StateSpaceTooLarge",
    "ThreeTwoOneError",
    "UnitError",
    "Used",
    "Weibull",
    "WorkersLost",
    "compare",
    "distance",
    "example",
    "example_files",
    "fit_lifetimes",
    "history",
    "hit_rate",
    "improve",
    "joint_hit_interval",
    "joint_hit_probability",
    "literature",
    "load_layout",
    "loss_by_distance",
    "media_toml",
    "parameter_range",
    "parameters",
    "parameters_used",
    "pareto",
    "plot",
    "presets",
    "read_lifetimes",
    "read_space",
    "report",
    "rule_gates",
    "sensitivity",
    "sensitivity_map",
    "simulate",
    "yearly_cost",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``riskmodel --help`` must be quick."""
    if name in ("literature", "plot"):
        return import_module(f"riskmodel.{name}")
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'riskmodel' has no attribute '{name}'")
    value = getattr(import_module(f"riskmodel.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
