"""The command ``riskmodel sensitivity``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from riskmodel._console import bar, show
from riskmodel._decide_text import map_text, sensitivity_text
from riskmodel.errors import InputError
from riskmodel.influence import sensitivity
from riskmodel.influence_map import sensitivity_map

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["run_sensitivity"]


def run_sensitivity(
    layout: Layout, axes: Sequence[str], points: int, as_json: bool, **options: Any
) -> None:
    """Print what matters most, or the map of two inputs."""
    if axes and len(axes) != 2:
        raise InputError(f"--map: give it twice, for two inputs; got {len(axes)}")
    with bar(layout.name) as progress:
        if axes:
            (x, x_values), (y, y_values) = map(_axis, axes)
            found = sensitivity_map(
                layout, x, y, x_values=x_values, y_values=y_values, progress=progress, **options
            )
            document, text = found.to_dict(), map_text(found)
        else:
            all_of_it = sensitivity(layout, points=points, progress=progress, **options)
            document, text = all_of_it.to_dict(), sensitivity_text(all_of_it)
    if as_json:
        json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
        sys.stdout.write("\n")
    else:
        show(text)


def _axis(text: str) -> tuple[str, list[Any] | None]:
    """Split a path from its values; quantities are texts, bare numbers are numbers."""
    path, sign, values = text.partition("=")
    if not sign:
        return path, None
    return path.strip(), [_number(value.strip()) for value in values.split(",") if value.strip()]


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
