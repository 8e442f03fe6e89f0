"""What all figures share: a new canvas, lines that are told apart in grey, chances as words."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from riskmodel._chances import one_in
from riskmodel._files import write_whole
from riskmodel.errors import InputError
from riskmodel.influence import plain_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.comparison import Comparison
    from riskmodel.estimate import LossEstimate

__all__ = [
    "FORMATS",
    "INK",
    "SOFT",
    "axes_or_new",
    "bare",
    "labelled",
    "line_style",
    "literal",
    "named_input",
    "odds_of",
    "percent_on",
    "require_drawable",
    "saved",
    "words_on_log",
]

FORMATS = ("png", "svg", "pdf")
INK, SOFT = "#1a1a1a", "#6b6b6b"
# of Okabe and Ito, told apart by the colour-blind; dashes and marks tell them apart in grey
_COLOURS = (INK, "#0072b2", "#d55e00", "#007a5a", "#a0527f", "#8a6d00")
_DASHES = ("-", "--", "-.", ":")
_FEW_DECADES = 50.0
_DPI = 100
_NAME_LETTERS = 40
_SAVED: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "threetwoone"}
_NOT_WRITTEN: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_MARKS = ("o", "s", "^", "D", "v", "P", "X")


def axes_or_new(ax: Axes | None, width: float = 7.0, height: float = 3.4) -> Axes:
    """Return the axes given, or those of a new figure that no window belongs to.

    New ones show their figure where they end a cell of a notebook.

    Parameters
    ----------
    ax : Axes or None
        Where the caller wants it.
    width, height : float
        Of a new figure. [inches]
    """
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure.subplots(subplot_kw={"axes_class": _shown_axes()})


@cache
def _shown_axes() -> type[Axes]:
    """Return the class of axes that a notebook draws."""
    from matplotlib.axes import Axes

    class Shown(Axes):
        def _repr_png_(self) -> bytes | None:
            figure, drawn = self.get_figure(root=True), io.BytesIO()
            if figure is None:  # taken out of it
                return None
            figure.savefig(drawn, format="png", dpi=_DPI)
            return drawn.getvalue()

    return Shown


def bare(ax: Axes, *sides: str) -> None:
    """Take away the frame on these sides."""
    ax.spines[list(sides)].set_visible(False)


def labelled(
    found: LossEstimate | Comparison | Sequence[LossEstimate] | Mapping[str, LossEstimate],
) -> dict[str, LossEstimate]:
    """Return estimates by what each is called: its layout unless a mapping says otherwise."""
    from riskmodel.comparison import Comparison as Several
    from riskmodel.estimate import LossEstimate as One

    if isinstance(found, One):
        return {found.layout: found}
    if isinstance(found, Several):
        found = found.estimates
    if isinstance(found, Mapping):
        return dict(found)
    return {loss.layout: loss for loss in found}


def line_style(number: int) -> dict[str, Any]:
    """Return colour, dash and mark of the line of this number."""
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "linestyle": _DASHES[number % len(_DASHES)],
        "marker": _MARKS[number % len(_MARKS)],
        "markevery": [-1],
        "markersize": 5.0,
    }


def literal(name: str) -> str:
    """Return a name that somebody chose as a figure takes it: a dollar sign begins no formula."""
    return name.replace("$", r"\$")


def words_on_log(axis: Any) -> None:
    """Label an axis of probabilities "1 in 1,000": a few ticks a decade if it has few decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.axes.autoscale_view()
    low, high = axis.get_view_interval()
    few = high < _FEW_DECADES * low
    axis.set_major_locator(LogLocator(base=10.0, subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _odds(value)))
    axis.set_minor_formatter(NullFormatter())


def _odds(value: float) -> str:
    return "certain" if value >= 1.0 else f"1 in {round(1.0 / value):,}" if value > 0.0 else "0"


def percent_on(axis: Any) -> None:
    """Label an axis of probabilities "10 %"."""
    axis.set_major_formatter(lambda value, _: f"{value * 100.0:g} %")


def named_input(parameter: str, grade: str) -> str:
    """Return what an uncertain input is called beside its bar, in two lines at most."""
    told = f"{plain_name(parameter)}, grade {grade}" if grade else parameter
    lines = wrap(told, _NAME_LETTERS, break_long_words=False, max_lines=2)
    return literal("\n".join(lines))


def odds_of(loss: LossEstimate) -> str:
    """Return the chance of an estimate in words, short enough to stand beside a mark."""
    return one_in(loss.probability) if loss.is_known else loss.in_words


def require_drawable(file: Path, option: str) -> None:
    """Refuse, before long work, a file that no figure could be written to.

    Raises
    ------
    InputError
        If its ending is not that of a format, or there is no such folder.
    """
    if file.suffix.lower().removeprefix(".") not in FORMATS:
        raise InputError(f"{option}: {file}: expects a name that ends in .{', .'.join(FORMATS)}")
    if file.is_dir():
        raise InputError(f"{option}: {file}: is a folder; name a file for the figure")
    if not file.parent.is_dir():
        raise InputError(f"{option}: {file}: there is no folder {file.parent}")


def saved(ax: Axes, file: Path, option: str, *, dpi: int = 130) -> None:
    """Write the figure of axes to a file, whose ending says how; an option names it in errors.

    The same figure gives the same bytes: when it was drawn, and by what, is not written.
    """
    import matplotlib as mpl

    drawn, figure = io.BytesIO(), ax.get_figure(root=True)
    ending = file.suffix[1:].lower() or None
    try:
        with mpl.rc_context(_SAVED):
            figure.savefig(drawn, format=ending, bbox_inches="tight", dpi=dpi,  # type: ignore[union-attr]
                           metadata=_NOT_WRITTEN.get(ending or "", {}))  # fmt: skip
        write_whole(file, drawn.getvalue())
    except (OSError, ValueError) as error:
        raise InputError(f"{option}: {file}: cannot be written: {error}") from None
