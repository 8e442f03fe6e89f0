"""Quantities with units in, plain floats out: the one place that knows units.

Inside the project a time is in hours, a rate per hour, a size in bytes, a bandwidth in bytes per
hour, a distance in km and a share a fraction. A year is 8766 hours.

The vocabulary is our own short one, so that ``"10 parsec"`` is a mistake and not a distance, and a
quantity is one number and one unit, never an expression: a layout may come from anyone.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from riskmodel.errors import UnitError, did_you_mean

__all__ = [
    "HOURS_PER_YEAR",
    "Bandwidth",
    "Bytes",
    "Fraction",
    "Hours",
    "Kind",
    "PerHour",
    "format_bytes",
    "format_hours",
    "hours",
    "parse",
    "written",
]

HOURS_PER_YEAR = 8766.0

# what is measured -> words for a unit, and how much of the inside unit it is
_SCALES: dict[str, dict[str, float]] = {
    "time": {
        "hour h hr": 1.0,
        "minute min": 1.0 / 60.0,
        "second s sec": 1.0 / 3600.0,
        "day d": 24.0,
        "week wk": 168.0,
        "month": HOURS_PER_YEAR / 12.0,
        "year y yr a": HOURS_PER_YEAR,
    },
    "data": {
        "byte B": 1.0,
        "kB": 1e3,
        **{prefix + "B": 1e3**power for power, prefix in enumerate("KMGTPE", 1)},
        **{prefix + "iB": 1024.0**power for power, prefix in enumerate("KMGTP", 1)},
        "bit": 1.0 / 8.0,
        **{prefix + "bit": 1e3**power / 8.0 for power, prefix in enumerate("kMG", 1)},
    },
    "distance": {
        "km kilometer kilometre": 1.0,
        "mile mi": 1.609344,
        "m meter metre": 1.0 / 1000.0,
    },
    "": {"one": 1.0, "percent %": 1.0 / 100.0},
}
_UNITS = {
    word: (measured, scale)
    for measured, units in _SCALES.items()
    for words, scale in units.items()
    for word in words.split()
}

_QUANTITY = re.compile(
    r"\s*(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"\s*(?P<unit>%|[A-Za-z]*)\s*(?:/\s*(?P<per>[A-Za-z]+)\s*)?"
)

# kind -> (what is measured, and per what; the same in words; an example)
_KINDS = {
    "time": (("time", ""), "a time", "'12 h' or '90 days'"),
    "rate": (("", "time"), "a rate", "'0.002/year' or '1.4 %/year'"),
    "size": (("data", ""), "a data size", "'4 TB'"),
    "bandwidth": (("data", "time"), "a bandwidth", "'120 MB/s' or '100 Mbit/s'"),
    "distance": (("distance", ""), "a distance", "'50 km'"),
    "share": (("", ""), "a share", "0.3 or '30 %'"),
}


def parse(value: Any, kind: str) -> float:
    """Turn a quantity into a plain float of the inside unit of its kind.

    Parameters
    ----------
    value : str, int or float
        ``"12 h"``, ``"1.4 %/year"``; a bare number is taken to be in the inside unit already.
    kind : {'time', 'rate', 'size', 'bandwidth', 'distance', 'share'}
        What is expected. [h, 1/h, bytes, bytes/h, km, 1]

    Returns
    -------
    float
        The value in the inside unit.

    Raises
    ------
    UnitError
        If it is no quantity, or one of another kind.

    Examples
    --------
    >>> parse("2 days", "time")
    48.0
    """
    _, noun, example = _KINDS[kind]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        got = value if isinstance(value, date) else repr(value)  # TOML has dates of its own
        raise UnitError(f"expects {noun} such as {example}, got {got}")
    if not isinstance(value, str):
        return float(value)
    return _parsed(value, kind)


@lru_cache(maxsize=4096)  # layouts of one space say the same over and over
def _parsed(value: str, kind: str) -> float:
    wanted, noun, example = _KINDS[kind]
    shown = repr(value if len(value) <= 40 else value[:37] + "…")
    match = _QUANTITY.fullmatch(value[:200]) if len(value) <= 200 else None
    if match is None:
        raise UnitError(f"expects {noun} such as {example}, got {shown}")
    number = float(match["number"].replace("_", ""))
    above, scale = _unit(match["unit"], shown, kind)
    below, per = _unit(match["per"], shown, kind)
    measured = ("", "") if above == below else (above, below)
    if measured != wanted:
        bare = not match["unit"] and not match["per"]
        got = f"{shown}, which has no unit" if bare else f"{shown}, which is of another kind"
        raise UnitError(f"expects {noun} such as {example}, got {got}")
    return number * (scale / per)


def _unit(word: str | None, shown: str, kind: str) -> tuple[str, float]:
    """Return what a unit measures, and how much of the inside unit it is."""
    if not word:
        return _UNITS["one"]
    # one letter has no plural: "5 ms" are neither metres nor anything else that is known here
    plural = len(word) > 2 and word.endswith("s")
    found = _UNITS.get(word) or (_UNITS.get(word[:-1]) if plural else None)
    if found is None:
        hint = did_you_mean(word, _known_units(kind), shown=16)
        raise UnitError(f"unknown unit '{word}' in {shown}{hint}")
    return found


def _known_units(kind: str) -> list[str]:
    """Return the units that a quantity of this kind is made of."""
    shares = {""} if kind in ("rate", "share") else set()
    wanted = {measured for measured in _KINDS[kind][0] if measured} | shares
    scales = [units for measured, units in _SCALES.items() if measured in wanted]
    known = [words.split()[0] for units in scales for words in units]
    return [name for name in known if name != "one"] + ["years"] * ("year" in known)


def hours(value: str | float, name: str = "") -> float:
    """Return a time in hours; ``hours("2 days")`` is 48.0. Messages begin with a name, if given."""
    try:
        return parse(value, "time")
    except UnitError as error:
        if not name:
            raise
        raise UnitError(f"{name}: {error}") from None


def format_hours(value: float) -> str:
    """Write a time for people, in the largest unit that keeps it above one: ``"1.5 days"``."""
    if math.isinf(value):
        return "never"
    for size, name in ((HOURS_PER_YEAR, "year"), (24.0, "day"), (1.0, "hour")):
        if value >= size or size == 1.0:
            amount = f"{value / size:.3g}"
            return f"{amount} {name}" + ("" if amount == "1" else "s")
    raise AssertionError


def format_bytes(value: float) -> str:
    """Write a size for people, in decimal units: ``"12.3 GB"``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.4g} TB"


def _validator(kind: str, *, low: float = 0.0, high: float = math.inf) -> BeforeValidator:
    def validate(value: Any, info: ValidationInfo) -> float:
        from_file = bool(info.context and info.context.get("from_file"))
        number = parse(value, kind)
        bare = isinstance(value, int | float)
        if from_file and bare and kind != "share" and number != 0.0:
            example = _KINDS[kind][2]
            raise UnitError(f"expects {_KINDS[kind][1]} with its unit, such as {example}")
        if math.isnan(number) or not low <= number <= high:
            limits = f"between {low:g} and {high:g}" if high < math.inf else f"at least {low:g}"
            percent = kind == "share" and bare and high < number <= 100.0
            hint = f"; did you mean '{number:g} %'?" if percent else ""
            raise UnitError(f"must be {limits}, got {value!r}{hint}")
        if math.isinf(number):
            raise UnitError(f"must be finite, got {value!r}")
        return number

    return BeforeValidator(validate)


@dataclass(frozen=True, slots=True)
class Kind:
    """Marks a number of a description as a quantity, so that it can be written with its unit."""

    name: str


def _quantity(kind: str, *, low: float = 0.0, high: float = math.inf) -> tuple[Any, ...]:
    _, noun, example = _KINDS[kind]
    types = ["string", "number"] if kind == "share" else ["string"]
    schema = WithJsonSchema({"type": types, "description": f"{noun} such as {example}"})
    return _validator(kind, low=low, high=high), schema, Kind(kind)


Hours = Annotated[float, *_quantity("time")]
PerHour = Annotated[float, *_quantity("rate")]
Growth = Annotated[float, *_quantity("rate", low=-math.inf)]
Bytes = Annotated[float, *_quantity("size")]
Bandwidth = Annotated[float, *_quantity("bandwidth")]
Fraction = Annotated[float, *_quantity("share", high=1.0)]


def written(value: float, kind: str) -> str | float:
    """Return a number as a layout file writes it: ``written(48, "time")`` is ``"2 days"``.

    Parameters
    ----------
    value : float
        In the inside unit of its kind.
    kind : str
        As for `parse`.

    Returns
    -------
    str or float
        Read back by `parse` to within 1e-12 of the value.
    """
    if kind == "share":
        return value
    scales = {
        "time": ((HOURS_PER_YEAR, "years"), (24.0, "days"), (1.0, "h")),
        "rate": ((1.0 / HOURS_PER_YEAR, "/year"),),
        "size": ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1.0, "B")),
        "bandwidth": ((3.6e9, "MB/s"),),
        "distance": ((1.0, "km"),),
    }[kind]
    size, unit = next((s for s in scales if abs(value) >= s[0]), scales[-1])
    # a round number of smaller units reads better than a fraction of a large one
    for smaller in scales:
        if smaller[0] <= size and float(f"{value / smaller[0]:.12g}").is_integer():
            size, unit = smaller
            break
    return f"{value / size:.13g}{'' if unit.startswith('/') else ' '}{unit}"
