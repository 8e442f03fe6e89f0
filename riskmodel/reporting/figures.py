"""Pictures for reports, as inline SVG that reads in grey too."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from riskmodel.reporting import Figure
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate

__all__ = ["causes", "curve", "inputs"]

_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "threetwoone", "font.size": 10.0}
_DASHES = ("-", "--", "-.", ":")


def _to_svg(figure: Any) -> str:
    target = io.StringIO()
    figure.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]


def curve(estimates: dict[str, LossEstimate]) -> Figure:
    """Return the chance of total loss against time, a line for each label.

    A bar at the end of a line is its range over the uncertain inputs, where it has one.

    Parameters
    ----------
    estimates : dict of str to LossEstimate
        What each line is called, and its estimate.

    Returns
    -------
    Figure
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(_STYLE):
        canvas = Canvas(figsize=(7.0, 3.2))
        axes = canvas.subplots()
        for (label, loss), dash in zip(estimates.items(), _DASHES * 4, strict=False):
            years, values = loss.curve
            axes.plot((0.0, *years), (0.0, *values), dash, color="#1a1a1a", label=label)
            found = loss.parameter_range
            if found is not None and found.high is not None:
                span = (found.low or 0.0, found.high)
                axes.plot((years[-1],) * 2, span, color="#6b6b6b", marker="_", linewidth=3.0,
                          markersize=12.0, clip_on=False, zorder=3)  # fmt: skip
        axes.set_xlabel("years")
        axes.set_ylabel("chance that everything is lost")
        axes.set_xlim(left=0.0)
        axes.set_ylim(bottom=0.0)
        axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0, decimals=None))
        axes.spines[["top", "right"]].set_visible(False)
        if len(estimates) > 1:
            axes.legend(frameon=False)
        svg = _to_svg(canvas)
    ends = "; ".join(
        f"{label}: {loss.curve[1][-1]:.2g} after {format_hours(loss.horizon_hours)}"
        for label, loss in estimates.items()
    )
    bars = "; ".join(
        f"{label}: {loss.parameter_range.in_words}"
        for label, loss in estimates.items()
        if loss.parameter_range is not None
    )
    told = f" The bar is the range over the uncertain inputs, {bars}." if bars else ""
    return Figure(svg, f"Chance that everything is lost, over time. {ends}.{told}")


def causes(loss: LossEstimate) -> Figure | None:
    """Return what took the last intact copy as bars; None if no loss was sampled."""
    if not loss.causes:
        return None
    shown = loss.causes[:8]
    svg = _bars([cause.name for cause in shown], [cause.share for cause in shown])
    words = ", ".join(f"{cause.name} {cause.share:.0%}" for cause in shown)
    return Figure(svg, f"What took the last intact copy: {words}.")


def inputs(loss: LossEstimate) -> Figure | None:
    """Return which inputs make the answer uncertain, as bars; None if nothing is known of it."""
    found = loss.parameter_range
    shown = found.clear_shares[:8] if found is not None else ()
    if not shown:
        return None
    names = [
        f"{item.parameter} (grade {item.grade})" if item.grade else item.parameter for item in shown
    ]
    svg = _bars(names, [item.share for item in shown])
    words = ", ".join(f"{name} {item.share:.0%}" for name, item in zip(names, shown, strict=True))
    return Figure(svg, f"Which inputs make the answer uncertain, by what each explains: {words}.")


def _bars(names: Sequence[str], shares: Sequence[float]) -> str:
    """Return horizontal bars as SVG, the first on top."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    with mpl.rc_context(_STYLE):
        canvas = Canvas(figsize=(7.0, 0.5 + 0.38 * len(names)))
        axes = canvas.subplots()
        bars = axes.barh(list(names)[::-1], list(shares)[::-1], color="#6b6b6b", height=0.6)
        axes.bar_label(bars, labels=[f"{share:.0%}" for share in shares][::-1], padding=3)
        axes.set_xlim(0.0, max(shares) * 1.15)
        axes.set_xticks([])
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        return _to_svg(canvas)
