"""The picture of an audit's failure domains: a row a location, a box for what rows have in common.

It reads in grey: shared boxes are filled and have a thick frame, what is not known is hatched,
what was only declared or inferred is slanted. matplotlib is imported when one is drawn.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from riskmodel.errors import printable
from riskmodel.plot._canvas import INK, SOFT, axes_or_new
from riskmodel.reporting import Figure
from riskmodel.reporting.figures import as_figure
from verifier.sharing import Box, Link, Sharing, sharing, sharing_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from verifier.audit import Audit

__all__ = ["failure_domains", "failure_domains_figure", "failure_domains_in_words"]

_FILL, _HATCH = "#cfe0ee", "#b5b5b5"
_NAMES, _COLUMN, _GAP, _ROW, _HEAD = 1.2, 1.12, 0.17, 0.54, 0.4  # [inches]
_FONT, _LETTER, _LINE = 9.0, 0.079, 0.145  # [points], widths and heights of letters [inches]
_MARKS = {
    True: ("counts", "o", INK),
    False: ("does not", "o", "white"),
    None: ("perhaps", "D", "white"),
}
_LEGEND = (
    "blue, thick frame: shared, one mishap takes all its rows",
    "line beside boxes: they have a part in common",
    "hatched: not known; slanted: declared or inferred",
)
_PX_LEAST, _PX_MOST = 84, 112  # of an inch on a screen: narrower ones scroll [pixels]


def failure_domains(audit: Audit, *, ax: Axes | None = None) -> Axes:
    """Draw which locations share a drive, a machine or account, a site, a key, a login.

    Parameters
    ----------
    audit : Audit
        What was found.
    ax : Axes, optional
        Where to draw; a new figure of the right size otherwise.

    Returns
    -------
    Axes
        A row a location, the source on top; a column a layer, from the drive outwards.
    """
    found = sharing(audit.view)
    ax = axes_or_new(ax, *_size(found))
    width, height = _size(found)
    ax.set_xlim(0.0, width)
    ax.set_ylim(height, 0.0)
    ax.set_axis_off()
    _words(ax, 0.0, _HEAD / 2, "copy", weight="bold")
    for column, name in enumerate(found.columns):
        text = _fitted((name,), _COLUMN, 2)
        _words(ax, _left(column) + _COLUMN / 2, _HEAD / 2, text, ha="center", weight="bold")
    for number, row in enumerate(found.rows):
        _, mark, fill = _MARKS[row.counts]
        middle = _HEAD + (number + 0.5) * _ROW
        ax.plot([0.08], [middle], mark, color=INK, markerfacecolor=fill, markersize=6.5)
        _words(ax, 0.2, middle, _fitted((row.name,), _NAMES - 0.2, 3))
    for box in found.boxes:
        _box(ax, box)
    for place, link in enumerate(found.links):
        _link(ax, link, found.boxes, place)
    _legend(ax, _HEAD + len(found.rows) * _ROW + 0.14, _legend_lines(found))
    return ax


def failure_domains_figure(audit: Audit) -> Figure:
    """Return the picture for a page, with what it shows in words."""
    found = sharing(audit.view)
    drawn = as_figure(lambda: failure_domains(audit), sharing_in_words(found))
    width = _size(found)[0]
    style = f"min-width:{width * _PX_LEAST:.0f}px;max-width:{width * _PX_MOST:.0f}px"
    svg = drawn.svg.replace("<svg ", f'<svg style="{style}" ', 1)
    return Figure(f'<div class="scroll">{svg}</div>', drawn.caption)


def failure_domains_in_words(audit: Audit) -> str:
    """Say what the picture shows."""
    return sharing_in_words(sharing(audit.view))


def _size(found: Sharing) -> tuple[float, float]:
    width = _left(len(found.columns))
    legend = _LINE * (len(_legend_lines(found)) + 1) + 0.2
    return max(width, 4.2), _HEAD + len(found.rows) * _ROW + legend


def _left(column: int) -> float:
    return _NAMES + column * (_COLUMN + _GAP)


def _box(ax: Axes, box: Box) -> None:
    from matplotlib.patches import Rectangle

    top, height = _HEAD + box.first * _ROW + 0.03, (box.last - box.first + 1) * _ROW - 0.06
    left = _left(box.column)
    look: dict[str, Any] = {"facecolor": "white", "edgecolor": SOFT, "linewidth": 0.8}
    if box.shared:
        look = {"facecolor": _FILL, "edgecolor": INK, "linewidth": 2.0}
    elif not box.known:
        look = {"facecolor": "white", "edgecolor": _HATCH, "linewidth": 0.8, "hatch": "////"}
    ax.add_patch(Rectangle((left, top), _COLUMN, height, **look))
    text = _fitted(box.lines, _COLUMN - 0.08, int((height + 0.03) / _LINE))
    behind = {} if box.known else {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.0}}
    _words(
        ax, left + _COLUMN / 2, top + height / 2, text, ha="center",
        style="normal" if box.sure else "italic", color=INK if box.known else SOFT, **behind,
    )  # fmt: skip


def _link(ax: Axes, link: Link, boxes: tuple[Box, ...], place: int) -> None:
    """Draw a bracket to the right of a column, beside those of its other links."""
    upper, lower = boxes[link.upper], boxes[link.lower]
    right = _left(link.column) + _COLUMN
    outer = right + 0.05 + 0.04 * (place % 3)
    ends = [_HEAD + (upper.last + 0.5) * _ROW + 0.08, _HEAD + (lower.first + 0.5) * _ROW - 0.08]
    ax.plot([right, outer, outer, right], [ends[0], *ends, ends[1]], color=INK, linewidth=2.0)


def _legend_lines(found: Sharing) -> tuple[str, ...]:
    if not found.left_out:
        return _LEGEND
    return (*_LEGEND, f"{found.left_out:,} more locations are not shown")


def _legend(ax: Axes, top: float, lines: tuple[str, ...]) -> None:
    left = 0.0
    for words, mark, fill in _MARKS.values():
        ax.plot([left + 0.08], [top], mark, color=INK, markerfacecolor=fill, markersize=6.5)
        _words(ax, left + 0.2, top, words, size=8.0, color=SOFT)
        left += 0.2 + len(words) * _LETTER + 0.2
    _words(ax, left - 0.1, top, "as an independent copy", size=8.0, color=SOFT)
    for number, text in enumerate(lines, 1):
        _words(ax, 0.0, top + number * (_LINE + 0.02), text, size=8.0, color=SOFT)


def _words(ax: Axes, x: float, y: float, text: str, **look: Any) -> None:
    # names are what somebody chose: a dollar sign in one begins no formula
    look = {"size": _FONT, "color": INK, "va": "center", **look}
    ax.text(x, y, text, parse_math=False, clip_on=False, **look)


def _fitted(lines: tuple[str, ...], width: float, most: int) -> str:
    """Break lines at a width, and cut what is more than fits."""
    letters = int(width / _LETTER)
    broken = [
        part
        for line in lines
        for part in textwrap.wrap(printable(line).replace("\n", " "), letters) or [""]
    ]
    most = max(most, 1)
    if len(broken) > most:
        broken = [*broken[: most - 1], broken[most - 1][: letters - 1] + "\u2026"]
    return "\n".join(broken)
