"""Numbers given as ranges: any number of a layout may be ``{ low, mode, high }``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from riskmodel._described import Described
from riskmodel.errors import LayoutError
from riskmodel.units import parse

__all__ = ["Range", "is_range", "labels_of", "split_ranges"]

_KEYS = {"low", "mode", "high"}


class Range(Described):
    """Where a range stood, and its three values as they were written."""

    path: str
    low: float | str
    mode: float | str
    high: float | str


def split_ranges(
    raw: Mapping[str, Any], side: Literal["low", "mode", "high"] = "mode"
) -> tuple[dict[str, Any], tuple[Range, ...]]:
    """Put one side of each range in its place.

    Parameters
    ----------
    raw : mapping
        The tables of a layout file.
    side : {'low', 'mode', 'high'}
        Which value stands in.

    Returns
    -------
    tuple of (dict, tuple of Range)
        The tables without ranges, and the ranges that were found.

    Raises
    ------
    LayoutError
        If a range lacks a side or is out of order.
    """
    found: list[Range] = []

    def walk(value: Any, path: str) -> Any:
        if isinstance(value, dict | Mapping):  # dict first: to ask an abstract class takes long
            if is_range(value):
                found.append(_range(value, path))
                return value[side]
            return {
                key: walk(item, f"{path}.{key}" if path else str(key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            labels = labels_of(value)
            return [
                walk(item, f"{path}.{label}") for label, item in zip(labels, value, strict=True)
            ]
        return value

    return walk(raw, ""), tuple(found)


def is_range(value: Mapping[Any, Any]) -> bool:
    """Tell whether a table stands for a number."""
    return bool(value) and set(value) <= _KEYS


def labels_of(items: Sequence[Any]) -> list[str]:
    """Return what paths call the items of a list: by name where names differ, else by number."""
    names = [item.get("name") for item in items if isinstance(item, Mapping)]
    if len(names) == len(items) == len(set(map(str, names))) and None not in names:
        return [str(name) for name in names]
    return [str(index + 1) for index in range(len(items))]


def _range(value: Mapping[str, Any], path: str) -> Range:
    missing = sorted(_KEYS - set(value))
    if missing:
        raise LayoutError(
            f"{path}: a range needs low, mode and high; {' and '.join(missing)} missing"
        )
    if any(
        isinstance(value[key], bool) or not isinstance(value[key], int | float | str)
        for key in _KEYS
    ):
        raise LayoutError(f"{path}: low, mode and high must be quantities or numbers")
    ordered = [_size(value[key]) for key in ("low", "mode", "high")]
    if all(number is not None for number in ordered) and ordered != sorted(ordered):  # type: ignore[type-var]
        raise LayoutError(
            f"{path}: a range must have low <= mode <= high, got "
            f"{value['low']!r}, {value['mode']!r}, {value['high']!r}"
        )
    return Range(path=path, low=value["low"], mode=value["mode"], high=value["high"])


def _size(value: float | str) -> float | None:
    for kind in ("time", "rate", "size", "bandwidth", "distance", "share"):
        try:
            return parse(value, kind)
        except ValueError:
            continue
    return None
