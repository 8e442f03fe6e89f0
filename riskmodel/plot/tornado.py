"""What matters most: how far each uncertain input moves the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.errors import InputError
from riskmodel.plot._canvas import INK, SOFT, axes_or_new, bare, literal, named_input, words_on_log
from riskmodel.plot.shares import MOST_BARS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.influence import Sensitivity
    from riskmodel.influence_map import SensitivityMap

__all__ = ["sensitivity_map", "tornado"]


def tornado(found: Sensitivity, *, ax: Axes | None = None) -> Axes:
    """Draw the chance of loss with each input at its 5 % and at its 95 % point.

    Parameters
    ----------
    found : Sensitivity
        Of one layout.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        A bar an input, the widest on top, eight at most; the hatched end is that of the input's
        95 % point, and the line the best estimate.

    Raises
    ------
    InputError
        If no input moves the answer clear of its own error.
    """
    shown = [one for one in found.effects if one.clear and one.at_low and one.at_high][:MOST_BARS]
    if not shown:
        raise InputError(f"tornado: no input moves the answer of '{found.best.layout}' clearly")
    ax = axes_or_new(ax, 8.0, 1.0 + 0.5 * len(shown))
    middle = found.best.probability
    for place, one in enumerate(reversed(shown)):
        for end, hatch in ((one.at_low, ""), (one.at_high, "////")):
            assert end is not None  # noqa: S101 - only such are shown
            ax.barh(place, end - middle, left=middle, height=0.6, hatch=hatch, color="#d9d9d9",
                    edgecolor=SOFT)  # fmt: skip
    ax.axvline(middle, color=INK, linewidth=1.2)
    names = [named_input(one.parameter, one.grade) for one in reversed(shown)]
    ax.set_yticks(range(len(shown)), names)
    ax.set_xscale("log")
    words_on_log(ax.xaxis)
    ax.set_xlabel("chance that everything is lost")
    ax.set_title("hatched: the input at its high end", fontsize="small", loc="right")
    bare(ax, "top", "right", "left")
    ax.tick_params(axis="y", length=0)
    return ax


def sensitivity_map(found: SensitivityMap, *, ax: Axes | None = None) -> Axes:
    """Draw the chance of loss over two inputs, each cell with its chance in words.

    Parameters
    ----------
    found : SensitivityMap
        Of one layout.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        The darker, the likelier the loss; a cell where no loss was met is hatched.
    """
    import numpy as np
    from matplotlib.colors import LogNorm

    from riskmodel._chances import one_in

    ax = axes_or_new(ax, 7.0, 5.0)
    values = np.array([[np.nan if p is None else p for p in row] for row in found.probabilities])
    some = values[np.isfinite(values) & (values > 0.0)]
    if not len(some):
        raise InputError(f"sensitivity_map: no loss of '{found.layout}' was met in any cell")
    scale = LogNorm(some.min() * 0.8, max(some.max(), some.min() * 1.01))
    ax.pcolormesh(values, cmap="Greys", norm=scale, edgecolors="white", linewidth=1.0)
    for (row, column), value in np.ndenumerate(values):
        told = one_in(float(value)) if np.isfinite(value) and value > 0.0 else "none met"
        dark = np.isfinite(value) and value > 0.0 and scale(value) > 0.5
        ax.text(column + 0.5, row + 0.5, told, ha="center", va="center", fontsize="small",
                color="white" if dark else INK)  # fmt: skip
    ax.set_xticks(np.arange(values.shape[1]) + 0.5, [_value(one) for one in found.x_values])
    ax.set_yticks(np.arange(values.shape[0]) + 0.5, [_value(one) for one in found.y_values])
    ax.set_xlabel(literal(found.x))
    ax.set_ylabel(literal(found.y))
    ax.set_title("chance that everything is lost", fontsize="medium")
    return ax


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else literal(str(value))
