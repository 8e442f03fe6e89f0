"""The commands ``riskmodel distance`` and ``riskmodel history``: some words, and a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel._console import say, show
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmodel.layout import Layout

__all__ = ["run_distance", "run_history"]


def run_distance(
    one: str, other: str, countries: str | None, plot: Path | None, as_json: bool
) -> None:
    """Print how likely one disaster is to hit two places."""
    from riskmodel._text import distance_text
    from riskmodel.plot import distance as draw
    from riskmodel.separation import distance

    _refuse_early(plot)
    codes = None if countries is None else tuple(code.strip() for code in countries.split(","))
    if codes is not None and len(codes) != 2:
        raise InputError(f"--countries: expects two codes such as NL,DE; got {countries!r}")
    found = distance(one, other, countries_of=codes and (codes[0], codes[1]))
    _print(found, distance_text, as_json)
    _draw(lambda: draw(found), plot)


def run_history(
    layout: Layout, plot: Path | None, last: str | None, as_json: bool, **options: Any
) -> None:
    """Print one history of a layout."""
    from riskmodel._history_text import history_text
    from riskmodel.histories import history
    from riskmodel.plot import timeline
    from riskmodel.units import hours

    _refuse_early(plot)
    if last is not None:
        if plot is None:
            raise InputError("--last: says what --plot draws, and there is none")
        hours(last, "--last")
    found = history(layout, **options)
    _print(found, history_text, as_json)
    _draw(lambda: timeline(found, last=last), plot)


def _refuse_early(plot: Path | None) -> None:
    if plot is not None:
        from riskmodel.plot._canvas import require_drawable

        require_drawable(plot, "--plot")


def _print(found: Any, text: Callable[[Any], str], as_json: bool) -> None:
    if not as_json:
        show(text(found))
        return
    json.dump(found.to_dict(), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def _draw(draw: Callable[[], Axes], file: Path | None) -> None:
    if file is not None:
        from riskmodel.plot._canvas import saved

        saved(draw(), file, "--plot")
        say(f"wrote {file}")
