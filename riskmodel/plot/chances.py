"""The chance that everything is lost: over time, and layouts side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from riskmodel.plot._canvas import (
    INK,
    SOFT,
    axes_or_new,
    bare,
    labelled,
    line_style,
    literal,
    odds_of,
    percent_on,
    words_on_log,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.comparison import Comparison
    from riskmodel.estimate import LossEstimate

__all__ = ["compare", "curve"]

_FAR_APART = 30.0  # between the safest and the worst: a common scale would hide the safest
_TOLD_APART = 2  # lines whose ranges at the end do not hide each other


def curve(
    found: LossEstimate | Comparison | Sequence[LossEstimate] | Mapping[str, LossEstimate],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the chance of total loss against time.

    Parameters
    ----------
    found : LossEstimate, Comparison, sequence of LossEstimate, or mapping of label to LossEstimate
        One line each.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        At the end of each line a thin bar is its sampling error (95 %), a thick one its range over
        the uncertain inputs, where it has one (of two lines at most: more would hide each other;
        `compare` shows all). The scale is logarithmic if ends differ much.
    """
    ax = axes_or_new(ax)
    lines = labelled(found)
    ends = [loss.curve[1][-1] for loss in lines.values() if loss.curve[1]]
    positive = [end for end in ends if end > 0.0]
    log = len(positive) > 1 and max(positive) > _FAR_APART * min(positive)
    for number, (label, loss) in enumerate(lines.items()):
        years, values = loss.curve
        style = line_style(number)
        start = ((), ()) if log else ((0.0,), (0.0,))
        ax.plot((*start[0], *years), (*start[1], *values), label=literal(label), **style)
        if years:
            _spans(ax, loss, years[-1], style["color"], inputs=len(lines) <= _TOLD_APART)
    ax.set_xlabel("years")
    ax.set_ylabel("chance that everything is lost")
    ax.set_xlim(left=0.0)
    if log:
        ax.set_yscale("log")
        words_on_log(ax.yaxis)
    else:
        ax.set_ylim(bottom=0.0)
        percent_on(ax.yaxis)
    bare(ax, "top", "right")
    if len(lines) > 1:
        ax.legend(frameon=False, fontsize="small")
    return ax


def _spans(ax: Axes, loss: LossEstimate, year: float, colour: str, *, inputs: bool) -> None:
    """Draw both uncertainties at the end of a line."""
    found = loss.parameter_range
    if inputs and found is not None and found.high is not None:
        span = (found.low or 0.0, found.high)
        ax.plot((year,) * 2, span, color=SOFT, alpha=0.6, linewidth=4.0, clip_on=False, zorder=2,
                solid_capstyle="butt")  # fmt: skip
    ax.plot((year,) * 2, loss.interval(), color=colour, linewidth=1.2, marker="_", markersize=9.0,
            clip_on=False, zorder=3)  # fmt: skip


def compare(
    found: Comparison | Sequence[LossEstimate] | Mapping[str, LossEstimate],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw layouts side by side on a logarithmic axis, the safest on top.

    Parameters
    ----------
    found : Comparison, sequence of LossEstimate, or mapping of label to LossEstimate
        One row each.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        A mark with the chance in words, a thin bar for its sampling error (95 %), a thick one for
        its range over the uncertain inputs, where it has one. Where no loss was seen an arrow
        points down from the upper bound.
    """
    rows = sorted(
        labelled(found).items(), key=lambda row: (row[1].probability, row[1].interval()[1])
    )
    ax = axes_or_new(ax, height=0.8 + 0.42 * len(rows))
    for place, (_, loss) in enumerate(reversed(rows)):
        inputs, (low, high) = loss.parameter_range, loss.interval()
        if inputs is not None and inputs.high is not None:
            ax.plot((inputs.low or inputs.high, inputs.high), (place,) * 2, color=SOFT, alpha=0.6,
                    linewidth=6.0, solid_capstyle="butt", zorder=1)  # fmt: skip
        if loss.seen:
            ax.plot((max(low, loss.probability * 1e-3), high), (place,) * 2, color=INK,
                    linewidth=1.2, marker="|", zorder=2)  # fmt: skip
            at = loss.probability
            ax.plot(at, place, marker="o", color=INK, zorder=3)
        else:
            at = high
            ax.plot(at, place, marker="<", color=INK, zorder=3)
        ax.annotate(odds_of(loss), (at, place), xytext=(0, 7), textcoords="offset points",
                    ha="center", fontsize="small")  # fmt: skip
    ax.set_xscale("log")
    words_on_log(ax.xaxis)
    ax.margins(x=0.12)
    ax.set_yticks(range(len(rows)), [literal(label) for label, _ in reversed(rows)])
    ax.set_ylim(-0.6, len(rows) - 0.3)
    ax.set_xlabel("chance that everything is lost")
    ax.grid(axis="x", color="#d5d5d5", linewidth=0.6)
    bare(ax, "top", "right", "left")
    ax.tick_params(axis="y", length=0)
    return ax
