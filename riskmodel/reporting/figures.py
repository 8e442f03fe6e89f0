"""Pictures for reports: figures of `riskmodel.plot` as inline SVG, with what they show in words."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from riskmodel.geodesy import km_text
from riskmodel.influence import plain_name
from riskmodel.plot.shares import MOST_BARS
from riskmodel.reporting import Figure
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.estimate import LossEstimate
    from riskmodel.histories import History
    from riskmodel.relocation import DistanceLoss

__all__ = ["as_figure", "causes", "compare", "curve", "inputs", "loss_by_distance", "timeline"]

_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "font.size": 10.0}
_BARS = (
    "The thin bar is the sampling error (95 %), the thick one the range over the uncertain inputs"
)
_NUMBERS = count()


def as_figure(draw: Callable[[], Axes], caption: str) -> Figure:
    """Return what `draw` draws as inline SVG.

    Parameters
    ----------
    draw : callable
        Draws into new axes and returns them.
    caption : str
        What the picture shows, for those who do not see it.

    Returns
    -------
    Figure
    """
    import matplotlib as mpl

    # ids of one picture must not be those of another on the same page
    salt = f"threetwoone {next(_NUMBERS)}"
    with mpl.rc_context(_STYLE | {"svg.hashsalt": salt}), warnings.catch_warnings():
        # of names that are too long for their room, or in letters that this font has not
        warnings.simplefilter("ignore", UserWarning)
        target = io.StringIO()
        canvas: Any = draw().get_figure(root=True)
        canvas.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = target.getvalue()
    return Figure(_without_idle_ids(text[text.index("<svg") :]), caption)


def _without_idle_ids(svg: str) -> str:
    """Take away the ids that nothing refers to: those of two pictures on one page would clash."""
    wanted = set(re.findall(r"#([^\")]+)", svg))
    return re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in wanted else "", svg)


def curve(estimates: Mapping[str, LossEstimate]) -> Figure:
    """Return the chance of total loss against time, a line for each label.

    Parameters
    ----------
    estimates : mapping of str to LossEstimate
        What each line is called, and its estimate.

    Returns
    -------
    Figure
    """
    from riskmodel import plot

    ends = "; ".join(
        f"{label}: {loss.in_words} after {format_hours(loss.horizon_hours)}"
        for label, loss in estimates.items()
    )
    told = _told_of_ranges(estimates) if len(estimates) <= 2 else ""
    caption = f"Chance that everything is lost, over time. {ends}.{told}"
    return as_figure(lambda: plot.curve(estimates), caption)


def compare(estimates: Mapping[str, LossEstimate]) -> Figure:
    """Return layouts side by side, the safest on top."""
    from riskmodel import plot

    words = "; ".join(f"{label}: {loss.in_words}" for label, loss in estimates.items())
    caption = f"Chance that everything is lost. {words}.{_told_of_ranges(estimates)}"
    return as_figure(lambda: plot.compare(estimates), caption)


def causes(loss: LossEstimate) -> Figure | None:
    """Return what took the last intact copy as bars; None if no loss was sampled."""
    from riskmodel import plot

    shown = loss.causes[:MOST_BARS]
    if not shown:
        return None
    words = ", ".join(f"{cause.name} {_share(cause.share)}" for cause in shown)
    return as_figure(lambda: plot.causes(loss), f"What took the last intact copy: {words}.")


def inputs(loss: LossEstimate) -> Figure | None:
    """Return which inputs make the answer uncertain, as bars; None if nothing is known of it."""
    from riskmodel import plot

    found = loss.parameter_range
    shown = found.clear_shares[:MOST_BARS] if found is not None else ()
    if not shown:
        return None
    words = ", ".join(f"{plain_name(one.parameter)} {_share(one.share)}" for one in shown)
    caption = f"Which inputs make the answer uncertain, by what each explains: {words}."
    return as_figure(lambda: plot.inputs(loss), caption)


def loss_by_distance(found: DistanceLoss) -> Figure:
    """Return the chance of loss against the distance of one site."""
    from riskmodel import plot

    told = ", ".join(
        f"{loss.in_words} at {km_text(km)}"
        for km, loss in zip(found.km, found.estimates, strict=True)
    )
    caption = (
        f"How far is far enough: chance that everything is lost with {found.site} so far from "
        f"{found.home}: {told}. Now it is {km_text(found.own_km, 3)}."
    )
    return as_figure(lambda: plot.loss_by_distance(found), caption)


def timeline(found: History) -> Figure:
    """Return one history, told in the caption."""
    from riskmodel import plot
    from riskmodel.plot._canvas import axes_or_new

    def draw() -> Axes:
        ax = plot.timeline(found, ax=axes_or_new(None, height=1.4 + 0.5 * len(found.lanes)))
        ax.set_title("", loc="left")  # stands in the caption
        ax.set_xlabel(ax.get_xlabel().partition("\n")[0])
        legend = ax.get_legend()
        if legend is not None:  # below: beside the picture it would make all letters smaller
            labels = [text.get_text() for text in legend.get_texts()]
            marks = [mark for mark in legend.legend_handles if mark is not None]
            ax.legend(marks, labels, loc="upper left", frameon=False, ncols=4, fontsize="small",
                      bbox_to_anchor=(0.0, 0.0), borderaxespad=3.5)  # fmt: skip
        return ax

    return as_figure(draw, f"One way to lose everything. {found.in_words} {found.how_found}")


def _told_of_ranges(estimates: Mapping[str, LossEstimate]) -> str:
    told = "; ".join(
        f"{label}: {loss.parameter_range.in_words}"
        for label, loss in estimates.items()
        if loss.parameter_range is not None
    )
    return f" {_BARS}, {told}." if told else ""


def _share(share: float) -> str:
    return f"{share:.0%}".replace("%", " %") if share >= 0.005 else "<1 %"
