"""A fit to drives that were watched, beside what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.errors import InputError, did_you_mean
from riskmodel.plot._canvas import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.fitting import Fit

__all__ = ["lifetimes"]


def lifetimes(
    fit: Fit, model: str | None = None, *, survival: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw fitted laws over the estimate without a law, by age.

    Parameters
    ----------
    fit : Fit
        Of `fit_lifetimes`.
    model : str, optional
        One of the models with a law of its own; all drives unless given.
    survival : bool
        Of all drives: the share that survives (Kaplan and Meier) instead of the cumulative
        hazard (Nelson and Aalen).
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        A grey step with its pointwise interval as a band, and a line a law.

    Raises
    ------
    InputError
        If the model has no law of its own, or survival of one model is asked for.
    """
    from riskmodel.plot._fits import draw_all, draw_model

    rows = {row.model: row for row in fit.models}
    if model is not None and model not in rows:
        raise InputError(f"lifetimes: no law was fitted to model '{model}'"
                         f"{did_you_mean(model, rows)}")  # fmt: skip
    if model is not None and survival:
        raise InputError("lifetimes: survival is drawn for all drives only; leave model out")
    ax = axes_or_new(ax)
    if model is None:
        draw_all(fit, ax, survival=survival)
    else:
        draw_model(fit, ax, rows[model])
    return ax
