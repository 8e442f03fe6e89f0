"""How well laws fit: beside Kaplan–Meier's survival and Nelson–Aalen's cumulative hazard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.fitting.ages import nelson_aalen
from riskmodel.fitting.observed import Floats
from riskmodel.fitting.result import Fit, ModelRow
from riskmodel.plot._canvas import INK, literal
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_all", "draw_model", "panels"]

_STYLE: dict[Any, Any] = {"font.size": 9.0}
_PANELS = 5


def panels(fit: Fit) -> Axes:
    """Draw a fit beside the estimates without a law, both with left truncation.

    The first panel has survival of all drives, Kaplan–Meier and the laws; the second their
    cumulative hazard by Nelson and Aalen; then come the models with most failures. A grey band
    is the pointwise interval.

    Parameters
    ----------
    fit : Fit
        What to draw.

    Returns
    -------
    Axes
        The first panel; its figure has them all.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    models = fit.models[: _PANELS - 1] if len(fit.models) > 1 else ()
    rows = 1 + (len(models) + 1) // 2
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8.0, 2.9 * rows), layout="constrained")
        every = figure.subplots(rows, 2, squeeze=False).ravel()
        draw_all(fit, every[0], survival=True)
        draw_all(fit, every[1], survival=False)
        for axes, row in zip(every[2:], models, strict=False):
            draw_model(fit, axes, row)
        for axes in every[2 + len(models) :]:
            axes.set_axis_off()
    first: Axes = every[0]
    return first


def draw_all(fit: Fit, axes: Any, *, survival: bool) -> None:
    """Draw survival or cumulative hazard of all drives, and the laws for all."""
    _without_law(axes, fit, None, survival=survival)
    years = np.linspace(0.0, axes.get_xlim()[1], 300)
    laws = {"Weibull": fit.weibull_hazard(years * HOURS_PER_YEAR)}
    if fit.competing:
        laws["competing hazards"] = fit.competing.cumulative_hazard(years * HOURS_PER_YEAR)
    for (label, hazard), dash in zip(laws.items(), ("--", "-"), strict=False):
        shown = np.exp(-hazard) if survival else hazard
        axes.plot(years, shown, dash, color=INK, linewidth=1.0, label=label)
    title = f"all drives, {fit.lifetimes.failures:,} failures"
    _finish(axes, title, "survival" if survival else "cumulative hazard")


def draw_model(fit: Fit, axes: Any, row: ModelRow) -> None:
    """Draw the cumulative hazard of one model, and its laws."""
    own = row.own
    _without_law(axes, fit, row.model)
    years = np.linspace(0.0, axes.get_xlim()[1], 300)
    laws = {"own Weibull": (own.shape.value, own.scale_hours.value)}
    if fit.common:
        laws["shape of all"] = (fit.common.shape.value, row.common_scale_hours.value)
    for (label, (shape, scale)), dash in zip(laws.items(), ("-", "--"), strict=False):
        hazard = (years * HOURS_PER_YEAR / scale) ** shape
        axes.plot(years, hazard, dash, color=INK, linewidth=1.0, label=label)
    _finish(axes, f"{row.model}, {row.failures:,} failures", "cumulative hazard")


def _without_law(axes: Any, fit: Fit, model: str | None, *, survival: bool = False) -> None:
    seen = fit.lifetimes if model is None else fit.lifetimes.of_models([model])
    found = nelson_aalen(seen)
    years = found.ages_hours / HOURS_PER_YEAR
    low, high = found.band()
    middle: Floats = found.cumulative_hazard
    label = "Nelson–Aalen"
    if survival:
        low, middle, high, label = np.exp(-high), found.survival, np.exp(-low), "Kaplan–Meier"
    axes.fill_between(years, low, high, step="post", color="#c8c8c8", linewidth=0.0)
    begin = 1.0 if survival else 0.0
    axes.step(
        np.append(0.0, years), np.append(begin, middle),
        where="post", color="#777777", linewidth=1.6, label=label,
    )  # fmt: skip
    axes.set_xlim(0.0, years[-1])
    if not survival:
        axes.set_ylim(0.0, 1.25 * float(middle[-1]))


def _finish(axes: Any, title: str, label: str) -> None:
    axes.set_title(literal(title), fontsize=9.0)
    axes.set_xlabel("age, years")
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
