"""Shares as bars: what took the last copy, and what makes the answer uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from riskmodel.errors import InputError
from riskmodel.plot._canvas import SOFT, axes_or_new, bare, literal, named_input

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.estimate import LossEstimate

__all__ = ["MOST_BARS", "causes", "inputs"]

MOST_BARS = 8


def causes(loss: LossEstimate, *, ax: Axes | None = None) -> Axes:
    """Draw what took the last intact copy, most frequent first.

    Parameters
    ----------
    loss : LossEstimate
        An estimate that met losses.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        A bar a cause with its share of all losses; at most eight.

    Raises
    ------
    InputError
        If no loss was met, so that nothing is known of causes.
    """
    shown = loss.causes[:MOST_BARS]
    if not shown:
        raise InputError(f"causes: no loss of '{loss.layout}' was met, so none has a cause")
    return _bars([literal(one.name) for one in shown], [one.share for one in shown], ax)


def inputs(loss: LossEstimate, *, ax: Axes | None = None) -> Axes:
    """Draw which inputs make the answer uncertain, by the share of the variance that each explains.

    Parameters
    ----------
    loss : LossEstimate
        An estimate with ``parameter_range``.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        A bar an input whose share is clear of its own error; at most eight.

    Raises
    ------
    InputError
        If the inputs were not varied, or none stands out.
    """
    found = loss.parameter_range
    shown = found.clear_shares[:MOST_BARS] if found is not None else ()
    if not shown:
        raise InputError(f"inputs: nothing is known of what makes '{loss.layout}' uncertain")
    names = [named_input(one.parameter, one.grade) for one in shown]
    return _bars(names, [one.share for one in shown], ax)


def _bars(names: Sequence[str], shares: Sequence[float], ax: Axes | None) -> Axes:
    """Draw horizontal bars, the first on top."""
    ax = axes_or_new(ax, height=0.5 + 0.38 * len(names))
    places = range(len(names))[::-1]  # by place: two inputs may have one name
    bars = ax.barh(list(places), list(shares), color=SOFT, height=0.6)
    texts = [f"{share:.0%}" if share >= 0.005 else "<1%" for share in shares]
    ax.bar_label(bars, labels=[text.replace("%", " %") for text in texts], padding=3)
    ax.set_yticks(list(places), list(names))
    ax.set_xlim(0.0, max(shares) * 1.15)
    ax.set_xticks([])
    bare(ax, "top", "right", "bottom")
    ax.tick_params(axis="y", length=0)
    return ax
