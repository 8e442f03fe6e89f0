"""The Pareto front of cost and risk: what each further safety costs."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from riskmodel._chances import one_in
from riskmodel.plot._canvas import INK, SOFT, axes_or_new, bare, literal, odds_of, words_on_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.frontier import Candidate, Frontier

__all__ = ["pareto"]

_MOST_NAMED = 12  # members of a front whose names are written out
_LINE_LETTERS = 100
_FAR_APART = 30.0  # costs on a common scale would crowd at its end
_APART_POINTS = 9.0  # between numbers, so that they can be read


def pareto(found: Frontier, *, ax: Axes | None = None) -> Axes:
    """Draw cost against the chance of loss: the front, and what is near it.

    Parameters
    ----------
    found : Frontier
        Of a search.
    ax : Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    Axes
        Black marks on a line of steps are the front, numbered and named below, the cheapest first
        (twelve names at most), "not surely safer" where the sampling error does not tell it from
        the one before; grey rings what was estimated beside it. Bars are the sampling
        error (95 %); an arrow points down from the upper bound where no loss was seen. The target,
        if there is one, is dotted.
    """
    named = found.front[: len(found.front) if len(found.front) <= _MOST_NAMED + 1 else _MOST_NAMED]
    key = [
        _told(k, one, found.currency, safer)
        for k, (one, safer) in enumerate(zip(named, found.surely_safer, strict=False), 1)
    ]
    ax = axes_or_new(ax, 8.0, 4.2 + 0.2 * sum(len(line.split("\n")) for line in key))
    for one in found.near:
        _mark(ax, one, SOFT, alpha=0.35, filled=False)
    costs = [one.cost for one in found.front]
    ax.step(costs, [_height(one) for one in found.front], where="post", color=INK, linewidth=1.0)
    for one in found.front:
        _mark(ax, one, INK, alpha=1.0, filled=True)
    every = [one.cost for one in (*found.front, *found.near)]
    if min(every) > 0.0 and max(every) > _FAR_APART * min(every):
        ax.set_xscale("log")
    else:
        ax.set_xlim(left=0.0 if max(every) > 2.0 * min(every) else None)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.set_yscale("log")
    ax.margins(x=0.06, y=0.08)
    words_on_log(ax.yaxis)
    if found.target is not None:
        ax.axhline(found.target, color=INK, linestyle=":", linewidth=1.0)
        ax.annotate(f"wanted: {one_in(found.target)} ", (1.0, found.target), ha="right",
                    va="bottom", xycoords=("axes fraction", "data"), fontsize="small")  # fmt: skip
    _number(ax, found.front)
    ax.set_xlabel(f"cost a year ({literal(found.currency)})" if found.currency else "cost a year")
    ax.set_ylabel("chance that everything is lost")
    ax.grid(axis="y", color="#d5d5d5", linewidth=0.6)
    ax.set_axisbelow(True)
    bare(ax, "top", "right")
    more = len(found.front) - len(named)  # never one: its line would say no less
    key += [f"and {more} more, dearer and safer"] if more else []
    ax.annotate(literal("\n".join(key)), (0.0, 0.0), xytext=(0, -44), xycoords="axes fraction",
                textcoords="offset points", va="top", fontsize="small", annotation_clip=False,
                linespacing=1.25)  # fmt: skip
    return ax


def _height(one: Candidate) -> float:
    return one.loss.probability if one.loss.seen else one.loss.interval()[1]


def _mark(ax: Axes, one: Candidate, colour: str, *, alpha: float, filled: bool) -> None:
    low, high = one.loss.interval()
    at = _height(one)
    if one.loss.seen and one.loss.exact is None:
        ax.plot((one.cost,) * 2, (max(low, at * 1e-3), high), color=colour, alpha=alpha,
                linewidth=1.0, marker="_", markersize=4.0, zorder=2)  # fmt: skip
    ax.plot(one.cost, at, marker="o" if one.loss.seen else "v", markersize=5.5, color=colour,
            markerfacecolor=colour if filled else "none", alpha=alpha,
            zorder=3 if filled else 1)  # fmt: skip


def _number(ax: Axes, front: tuple[Candidate, ...]) -> None:
    """Write the number of each member beside its mark, unless the one before is in the way."""
    axes = ax.get_figure(root=True)
    scale = 72.0 / axes.dpi if axes is not None else 1.0
    last = None
    for number, one in enumerate(front, 1):
        x, y = ax.transData.transform((one.cost, _height(one))) * scale
        near = last is not None and max(abs(x - last[0]), abs(y - last[1])) < _APART_POINTS
        if near and number != len(front):
            continue
        last = (x, y)
        ax.annotate(str(number), (one.cost, _height(one)), xytext=(5, 4),
                    textcoords="offset points", fontsize="small", zorder=4)  # fmt: skip


def _told(number: int, one: Candidate, currency: str, safer: bool) -> str:
    """Return a line of the key: number, odds, cost, name."""
    doubt = "" if safer else f" (not surely safer than {number - 1})"
    text = f"{number}  {odds_of(one.loss)}{doubt}, {one.cost:,.0f} {currency}: {one.name}"
    return "\n".join(wrap(text, _LINE_LETTERS, subsequent_indent="     ", max_lines=2))
