"""How it was lost: one simulated history, a lane for each copy."""

from __future__ import annotations

import math
from textwrap import fill
from typing import TYPE_CHECKING

from riskmodel.plot._canvas import INK, SOFT, axes_or_new, bare, literal
from riskmodel.units import HOURS_PER_YEAR, hours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.histories import History, Lane

__all__ = ["timeline"]

_LOST, _PART, _INTACT = "#d55e00", "#f0c37a", "#d9d9d9"  # in grey: dark, light, lightest
_MOST_CHECKS = 130  # ticks: more would be a band
_LETTERS = 92
_FEW_YEARS = 2.0
_APART = 0.12  # of the width, between two texts on one line


def timeline(found: History, *, last: str | float | None = None, ax: Axes | None = None) -> Axes:
    """Draw a history: what happened to each copy up to the loss of everything.

    Parameters
    ----------
    found : History
        See `history`.
    last : str or float, optional
        Show only so much before the end, such as ``"90 days"``; all of it by default. [h]
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        A lane a copy. Light grey: intact; narrow and light: some of its drives are down; hollow and
        hatched: lost, and nobody knows; dark: lost and being made again. Crosses are drives that
        fail, triangles unreadable sectors, small ticks checks. A site is dotted in its lanes while
        it is destroyed. On top is what struck; the line on the right is the loss of everything.
        The title tells it in a sentence, the line below which history of all it is.
    """
    ax = axes_or_new(ax, 9.0, 2.4 + 0.55 * len(found.lanes))
    span = found.end_hours if last is None else min(hours(last, "last"), found.end_hours)
    start = found.end_hours - span
    years = span > _FEW_YEARS * HOURS_PER_YEAR
    unit = HOURS_PER_YEAR if years else 24.0
    places = {lane.name: len(found.lanes) - 1 - k for k, lane in enumerate(found.lanes)}
    for lane in found.lanes:
        _draw_lane(ax, lane, places[lane.name], found.end_hours, unit)
    for site, since, until in found.sites:
        for lane in found.lanes:
            if lane.site == site:
                ax.barh(places[lane.name], (until - since) / unit, left=since / unit, height=0.86,
                        facecolor="none", edgecolor=INK, linestyle=":", linewidth=1.0,
                        zorder=4)  # fmt: skip
    right = found.end_hours / unit
    ax.set_xlim(start / unit, right + 0.02 * span / unit)
    ax.set_ylim(-0.7, len(found.lanes) + 0.25)
    _draw_blows(ax, found, start, span, unit)
    if found.lost_hours is not None:
        ax.axvline(right, color=INK, linewidth=2.0, zorder=5)
        ax.annotate("everything is lost ", (right, -0.62), ha="right", fontsize="small",
                    fontweight="bold")  # fmt: skip
    ax.set_yticks([places[lane.name] for lane in found.lanes],
                  [literal(f"{lane.name}\n({lane.site})" if lane.site else lane.name)
                   for lane in found.lanes])  # fmt: skip
    what = "years" if years else "days"
    ax.set_xlabel(f"{what} from the start\n\n{fill(found.how_found, _LETTERS + 20)}",
                  fontsize="small")  # fmt: skip
    ax.set_title(literal(fill(found.in_words, _LETTERS)), fontsize="medium", loc="left")
    bare(ax, "top", "right", "left")
    ax.tick_params(axis="y", length=0)
    _draw_legend(ax, found)
    return ax


def _draw_lane(ax: Axes, lane: Lane, place: int, end: float, unit: float) -> None:
    ax.barh(place, end / unit, height=0.3, color=_INTACT, zorder=1)
    for since, until, count in lane.down:
        ax.barh(place, (until - since) / unit, left=since / unit, height=0.3, color=_PART,
                hatch="." * count, edgecolor=SOFT, linewidth=0.5, zorder=2)  # fmt: skip
        ax.plot(since / unit, place, marker="x", color=INK, markersize=6.0, zorder=4)
    for since, until, noticed in lane.lost:
        seen = min(max(noticed, since), until)
        if seen > since:
            ax.barh(place, (seen - since) / unit, left=since / unit, height=0.5, hatch="////",
                    facecolor="white", edgecolor=_LOST, linewidth=1.0, zorder=3)  # fmt: skip
        ax.barh(place, (until - seen) / unit, left=seen / unit, height=0.5, color=_LOST,
                edgecolor=_LOST, linewidth=1.5, zorder=3)  # fmt: skip
    ax.plot([time / unit for time in lane.errors], [place] * len(lane.errors), marker="v",
            linestyle="", color=INK, markersize=5.0, zorder=4)  # fmt: skip
    shown = [time / unit for time in lane.checks]
    if len(shown) <= _MOST_CHECKS:
        ax.plot(shown, [place - 0.32] * len(shown), marker="|", linestyle="", color=SOFT,
                markersize=5.0, zorder=2)  # fmt: skip


def _draw_blows(ax: Axes, found: History, start: float, span: float, unit: float) -> None:
    """Mark on top what struck, and write what it was where there is room for it."""
    top = len(found.lanes) - 0.25
    free = math.inf  # of the texts so far, the leftmost: from the end, which tells most
    for one in reversed(found.happenings):
        if one.kind != "struck" or one.hours < start:
            continue
        ax.plot(one.hours / unit, top, marker=r"$\downarrow$", color=INK, markersize=8.0)
        if one.hours <= free - _APART * span:
            late = one.hours > start + 0.5 * span
            ax.annotate(literal(f"{one.what.removesuffix(' strikes')} "), (one.hours / unit, top),
                        xytext=(-5 if late else 5, 0), textcoords="offset points", va="center",
                        ha="right" if late else "left", fontsize="small")  # fmt: skip
            free = one.hours - (_APART * span if late else 0.0)


def _draw_legend(ax: Axes, found: History) -> None:
    """Explain the marks that are there, and no others."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lanes = found.lanes
    known: list[tuple[bool, Line2D | Patch]] = [
        (any(lane.down for lane in lanes), Patch(facecolor=_PART, edgecolor=SOFT, hatch=".",
                                                label="drives down")),
        (any(min(seen, until) > since for lane in lanes for since, until, seen in lane.lost),
         Patch(facecolor="white", edgecolor=_LOST, hatch="////", label="lost, not noticed")),
        (any(seen < until for lane in lanes for _, until, seen in lane.lost),
         Patch(color=_LOST, label="lost, being made again")),
        (any(lane.down for lane in lanes), Line2D([], [], marker="x", linestyle="", color=INK,
                                                 label="a drive fails")),
        (any(lane.errors for lane in lanes), Line2D([], [], marker="v", linestyle="", color=INK,
                                                   label="unreadable sector")),
        (any(0 < len(lane.checks) <= _MOST_CHECKS for lane in lanes),
         Line2D([], [], marker="|", linestyle="", color=SOFT, label="check")),
        (bool(found.sites), Patch(facecolor="none", edgecolor=INK, linestyle=":",
                                  label="site destroyed")),
    ]  # fmt: skip
    handles = [handle for there, handle in known if there]
    if handles:
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False,
                  fontsize="small")  # fmt: skip
