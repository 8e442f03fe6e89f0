"""How far is far enough: what one disaster does to two places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.geodesy import km_text
from riskmodel.perils import joint_hit_interval, joint_hit_probability
from riskmodel.plot._canvas import (
    INK,
    SOFT,
    axes_or_new,
    bare,
    line_style,
    literal,
    percent_on,
    words_on_log,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.relocation import DistanceLoss
    from riskmodel.separation import Distance

__all__ = ["distance", "loss_by_distance"]

_POINTS = 160


def distance(found: Distance, *, ax: Axes | None = None) -> Axes:
    """Draw, by distance, the chance that an event which hits one place hits another.

    Parameters
    ----------
    found : Distance
        Two places; their own distance is marked.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        One line a peril, with its 95 % band where a catalogue gives one.
    """
    import numpy as np

    ax = axes_or_new(ax, 8.0, 5.0)
    distances = np.geomspace(0.01, 2000.0, _POINTS)
    reaching = [item for item in found.perils if item.far_km is not None]
    for number, item in enumerate(reaching):
        chances = [joint_hit_probability(item.peril, float(km)) for km in distances]
        style = line_style(number) | {"marker": ""}
        (line,) = ax.plot(distances, chances, label=literal(item.peril), **style)
        if item.interval is not None:
            bands = [joint_hit_interval(item.peril, float(km)) or (0.0, 0.0) for km in distances]
            low, high = np.array(bands).T
            ax.fill_between(distances, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    at = min(max(found.distance_km, distances[0]), distances[-1])  # on the picture
    ax.axvline(at, color="black", linestyle=":", linewidth=1)
    ax.annotate(
        f" {km_text(found.distance_km, 3)} ",
        (at, 1.0),
        xycoords=("data", "axes fraction"),
        va="top",
        ha="right" if at > 0.5 * distances[-1] else "left",
    )
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda km, _: f"{km:,g}")
    ax.set_xlim(distances[0], distances[-1])
    ax.set_ylim(0.0, 1.0)
    ax.set_xlabel("distance (km)")
    ax.set_ylabel("chance that the other place is hit too")
    ax.set_title("How far is far enough?")
    ax.legend(fontsize="small")
    return ax


def loss_by_distance(found: DistanceLoss, *, ax: Axes | None = None) -> Axes:
    """Draw the chance of loss against the distance of one site.

    Parameters
    ----------
    found : DistanceLoss
        Of one layout.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        A line with its sampling error (95 %); where the site is now is marked.
    """
    ax = axes_or_new(ax)
    values = [loss.probability for loss in found.estimates]
    low, high = zip(*(loss.interval() for loss in found.estimates), strict=True)
    ax.fill_between(found.km, low, high, color=SOFT, alpha=0.3, linewidth=0)
    ax.plot(found.km, values, color=INK, marker="o", markersize=4)
    ax.axvline(found.own_km, color=INK, linestyle=":", linewidth=1)
    ax.annotate(f" {literal(found.site)} now", (found.own_km, 1.0), va="top", fontsize="small",
                xycoords=("data", "axes fraction"))  # fmt: skip
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda km, _: f"{km:,g}")
    ax.set_xlabel(literal(f"distance of {found.site} from {found.home} (km)"))
    ax.set_ylabel("chance that everything is lost")
    if min(low) > 0.0 and max(high) > 10.0 * min(low):
        ax.set_yscale("log")
        words_on_log(ax.yaxis)
    else:
        ax.set_ylim(bottom=0.0)
        percent_on(ax.yaxis)
    bare(ax, "top", "right")
    return ax
