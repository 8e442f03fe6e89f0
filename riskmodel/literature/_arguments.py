"""What the functions of the literature accept, and how they say no."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskmodel.errors import InputError, did_you_mean

__all__ = [
    "Floats",
    "Repairs",
    "fractions",
    "not_negative",
    "one_of",
    "positive",
    "scalar",
    "whole",
]

Floats: TypeAlias = np.float64 | NDArray[np.float64]
"""A number for numbers, an array as soon as one argument is an array."""

Repairs = ("parallel", "serial")


def positive(**values: ArrayLike) -> list[NDArray[np.float64]]:
    """Return the named values as arrays, all finite and above 0."""
    return [
        _checked(name, value, lambda x: (x > 0.0) & np.isfinite(x), "above 0")
        for name, value in values.items()
    ]


def positive_or_never(**values: ArrayLike) -> list[NDArray[np.float64]]:
    """Return the named times as arrays, all above 0; ``inf`` is a time that never comes."""
    return [_checked(name, value, lambda x: x > 0.0, "above 0") for name, value in values.items()]


def not_negative(**values: ArrayLike) -> list[NDArray[np.float64]]:
    """Return the named values as arrays, all finite and 0 or more."""
    return [
        _checked(name, value, lambda x: (x >= 0.0) & np.isfinite(x), "0 or more")
        for name, value in values.items()
    ]


def fractions(**values: ArrayLike) -> list[NDArray[np.float64]]:
    """Return the named values as arrays, all from 0 to 1."""
    return [
        _checked(name, value, lambda x: (x >= 0.0) & (x <= 1.0), "from 0 to 1")
        for name, value in values.items()
    ]


def _checked(
    name: str,
    value: ArrayLike,
    holds: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
    what: str,
) -> NDArray[np.float64]:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number {what}, not {value!r}") from None
    good = np.asarray(holds(array))
    if np.asarray(value).dtype.kind not in "iuf" or not np.all(good):
        worst = array[~good].flat[0] if array.ndim and not np.all(good) else value
        raise InputError(f"{name} must be a number {what}, not {worst!r}")
    return array


def scalar(name: str, value: float) -> float:
    """Return one finite number above 0."""
    (array,) = positive(**{name: value})
    if array.ndim:
        raise InputError(f"{name} must be one number, not an array of shape {array.shape}")
    return float(array)


def whole(name: str, value: int, least: int, most: int | None = None) -> int:
    """Return an integer between bounds."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise InputError(f"{name} must be a whole number, not {value!r}")
    if value < least:
        raise InputError(f"{name} must be at least {least}, not {value}")
    if most is not None and value > most:
        raise InputError(f"{name} must be at most {most}, not {value}")
    return int(value)


def one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    """Return one of the known words."""
    if value not in known:
        raise InputError(f"{name}: unknown '{value}'{did_you_mean(str(value), known)}")
    return value
