"""Places in a layout: what a dotted path names, and the layout with something else there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._described import Described
from riskmodel._ranges import labels_of
from riskmodel._write import marks
from riskmodel.errors import LayoutError
from riskmodel.units import Kind

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["Place", "changed", "labels_in", "place_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """Steps from the layout to a value, the value, and its kind of quantity, "" for none."""

    steps: tuple[str | int, ...]
    value: Any
    kind: str

    def overlaps(self, other: Place) -> bool:
        """Whether one of the two is at or inside of the other."""
        count = min(len(self.steps), len(other.steps))
        return self.steps[:count] == other.steps[:count]


def place_of(layout: Layout, path: str) -> Place:
    """Find what a path names.

    Parameters
    ----------
    layout : Layout
        Where to look.
    path : str
        Keys as a file spells them, joined by dots; items of lists go by name, or by number from 1.

    Returns
    -------
    Place

    Raises
    ------
    LayoutError
        If it names nothing.
    """
    steps: list[str | int] = []
    here: Any = layout
    kind, rest = "", path
    while rest:
        # names may hold dots themselves: the longest that fits
        fits = [
            (label, step)
            for label, step in _steps(here)
            if rest == label or rest.startswith(f"{label}.")
        ]
        if not fits:
            raise LayoutError(f"{path}: names nothing in {layout.name}")
        label, step = max(fits, key=lambda item: len(item[0]))
        if isinstance(here, Described):
            field = type(here).model_fields[str(step)]
            kind = next((mark.name for mark in marks(field) if isinstance(mark, Kind)), "")
        here = _inside(here, step)
        steps.append(step)
        rest = rest[len(label) + 1 :]
    return Place(tuple(steps), here, kind)


def changed(layout: Layout, place: Place, change: Callable[[Any], Any]) -> Layout:
    """Return the layout with ``change`` of what stands at the place; rules are not checked."""
    return _changed(layout, place.steps, change)  # type: ignore[no-any-return]


def _changed(here: Any, steps: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    if not steps:
        return change(here)
    step, *rest = steps
    new = _changed(_inside(here, step), tuple(rest), change)
    if isinstance(here, Described):
        return here.model_copy(update={str(step): new})
    if isinstance(here, Mapping):
        return {**here, step: new}
    return tuple(new if index == step else item for index, item in enumerate(here))


def _inside(here: Any, step: str | int) -> Any:
    return getattr(here, str(step)) if isinstance(here, Described) else here[step]


def _steps(here: Any) -> Iterator[tuple[str, str | int]]:
    """Yield what can be stepped into: how a path calls it, and the step itself."""
    if isinstance(here, Described):
        for name, field in type(here).model_fields.items():
            if getattr(here, name) is not None:
                yield field.alias or name, name
    elif isinstance(here, Mapping):
        for key in here:
            yield str(key), key
    elif isinstance(here, tuple):
        yield from zip(labels_in(here), range(len(here)), strict=True)


def labels_in(items: Sequence[Any]) -> list[str]:
    """Return what paths call the items of a list of a layout."""
    return labels_of([{"name": getattr(item, "name", None)} for item in items])
