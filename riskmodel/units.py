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
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from riskmodel.errors import UnitError, did_you_mean

if TYPE_CHECKING:
    import pint

__all__ = [
    "HOURS_PER_YEAR",
    "Bandwidth",
    "Bytes",
    "Fraction",
    "Hours",
    "Kind",
    "PerHour",
    "format_hours",
    "hours",
    "parse",
    "written",
]

HOURS_PER_YEAR = 8766.0

_DEFINITIONS = """
hour = [time] = h = hr
minute = hour / 60 = min
second = hour / 3600 = s = sec
day = 24 * hour = d
week = 7 * day = wk
month = 730.5 * hour
year = 8766 * hour = y = yr = a
byte = [data] = B
kB = 1e3 byte
KB = 1e3 byte
MB = 1e6 byte
GB = 1e9 byte
TB = 1e12 byte
PB = 1e15 byte
EB = 1e18 byte
KiB = 1024 byte
MiB = 1048576 byte
GiB = 1073741824 byte
TiB = 1099511627776 byte
PiB = 1125899906842624 byte
bit = byte / 8
kbit = 125 byte
Mbit = 125000 byte
Gbit = 125000000 byte
km = [distance] = kilometer = kilometre
mile = 1.609344 * km = mi
m = km / 1000 = meter = metre
one = []
percent = one / 100
"""

_QUANTITY = re.compile(
    r"\s*(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"\s*(?P<unit>%|[A-Za-z]*)\s*(?:/\s*(?P<per>[A-Za-z]+)\s*)?"
)

# kind -> (unit inside, the same in words, an example)
_KINDS = {
    "time": ("hour", "a time", "'12 h' or '90 days'"),
    "rate": ("1/hour", "a rate", "'0.002/year' or '1.4 %/year'"),
    "size": ("byte", "a data size", "'4 TB'"),
    "bandwidth": ("byte/hour", "a bandwidth", "'120 MB/s' or '100 Mbit/s'"),
    "distance": ("km", "a distance", "'50 km'"),
    "share": ("one", "a share", "0.3 or '30 %'"),
}


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(None)
    for line in _DEFINITIONS.strip().splitlines():
        registry.define(line)
    return registry


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
    unit, noun, example = _KINDS[kind]
    shown = repr(value if len(value) <= 40 else value[:37] + "…")
    match = _QUANTITY.fullmatch(value[:200]) if len(value) <= 200 else None
    if match is None:
        raise UnitError(f"expects {noun} such as {example}, got {shown}")
    number = float(match["number"].replace("_", ""))
    factor, dimension = _factor(match["unit"], match["per"], shown, kind)
    target = _registry().Unit(unit)
    if dimension != target.dimensionality:
        bare = not match["unit"] and not match["per"]
        got = f"{shown}, which has no unit" if bare else f"{shown}, which is of another kind"
        raise UnitError(f"expects {noun} such as {example}, got {got}")
    return number * factor / float(_registry().Quantity(1.0, target).to_base_units().magnitude)


def _factor(unit: str, per: str | None, shown: str, kind: str) -> tuple[float, Any]:
    registry = _registry()
    result = registry.Quantity(1.0)
    for word, power in ((unit, 1), (per, -1)):
        if not word:
            continue
        name = "percent" if word == "%" else word
        try:
            result = result * registry.Quantity(1.0, registry.Unit(_singular(name))) ** power
        except Exception as error:
            if type(error).__name__ != "UndefinedUnitError":
                raise
            hint = did_you_mean(word, _known_units(kind), shown=16)
            raise UnitError(f"unknown unit '{word}' in {shown}{hint}") from None
    base = result.to_base_units()
    return float(base.magnitude), result.dimensionality


def _known_units(kind: str) -> list[str]:
    """Return the units that a quantity of this kind is made of."""
    registry = _registry()
    wanted = set(registry.Unit(_KINDS[kind][0]).dimensionality)
    lines = _DEFINITIONS.strip().splitlines()
    names = [line.split(" =", 1)[0] for line in lines if not line.startswith("one")]
    known = [name for name in names if set(registry.Unit(name).dimensionality) <= wanted]
    if kind not in ("rate", "share"):
        known.remove("percent")
    return known + ["years"] * ("year" in known)


def _singular(word: str) -> str:
    plural = {"hours", "minutes", "seconds", "days", "weeks", "months", "years", "bytes", "miles"}
    return word[:-1] if word in plural else word


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
