"""Pictures for reports, as inline SVG that reads in grey too."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from riskmodel.reporting import Figure
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate

__all__ = ["causes", "curve"]

_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "threetwoone", "font.size": 10.0}
_DASHES = ("-", "--", "-.", ":")


def _to_svg(figure: Any) -> str:
    target = io.StringIO()
    figure.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]


def curve(estimates: dict[str, LossEstimate]) -> Figure:
    """Return the chance of total loss against time, a line for each label.

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
    return Figure(svg, f"Chance that everything is lost, over time. {ends}.")


def causes(loss: LossEstimate) -> Figure | None:
    """Return what took the last intact copy as bars; None if no loss was sampled."""
    if not loss.causes:
        return None
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    shown = loss.causes[:8]
    with mpl.rc_context(_STYLE):
        canvas = Canvas(figsize=(7.0, 0.5 + 0.38 * len(shown)))
        axes = canvas.subplots()
        names = [cause.name for cause in shown][::-1]
        shares = [cause.share for cause in shown][::-1]
        bars = axes.barh(names, shares, color="#6b6b6b", height=0.6)
        axes.bar_label(bars, labels=[f"{share:.0%}" for share in shares], padding=3)
        axes.set_xlim(0.0, max(shares) * 1.15)
        axes.set_xticks([])
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        svg = _to_svg(canvas)
    words = ", ".join(f"{cause.name} {cause.share:.0%}" for cause in shown)
    return Figure(svg, f"What took the last intact copy: {words}.")
