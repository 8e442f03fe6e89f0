"""The catalogue of parameters: each number that a default rests on, its range and where it is from.

A row is named by its parameter, ``domain/what/of what``, together with the year of its source.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from riskmodel._data import data_folder
from riskmodel._tables import table_html
from riskmodel.drive_models import DriveModel, drive_models
from riskmodel.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNITS", "Parameter", "Parameters", "parameters"]

UNITS = (
    "%/yr", "per year", "%", "1", "x", "years", "days", "hours", "MB/s", "TB", "km", "km2",
    "errors", "errors/bit", "cycles", "claims per 100 policies and year", "text",
)  # fmt: skip
_NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?")
_COLUMNS = ("parameter", "year", "value", "low", "high", "unit", "status", "grade", "source")

Line = Annotated[str, Field(pattern=r"^[^\n]*$")]


def _known(unit: str) -> str:
    if unit not in UNITS:
        raise ValueError(f"unknown unit '{unit}'{did_you_mean(unit, UNITS, shown=len(UNITS))}")
    return unit


def _addresses(text: str) -> str:
    for part in text.split(" ; ") if text else ():
        if not re.fullmatch(r"https?://[^\s/]+\.[^\s/]+(/\S*)?", part):
            raise ValueError(f"must be web addresses joined by ' ; ', got {part!r}")
    return text


class Parameter(BaseModel):
    """One row of the catalogue; numbers are text as the source prints them.

    ``status`` is what stands behind it: read at the address, read where the primary is quoted,
    derived by us from figures that the row names, or from memory. ``grade`` is A for measured on a
    stated population, B for derived or of one vendor, C for a judgement. Unit ``1`` is a pure
    number or a fraction, ``x`` a factor, ``text`` a value in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameter: Annotated[str, Field(pattern=r"^[a-z]+/[a-zA-Z0-9_]+/\S.*$")]
    value: Annotated[Line, Field(min_length=1)]
    low: Line = ""
    high: Line = ""
    unit: Annotated[str, AfterValidator(_known)]
    distribution: Line = ""
    population: Line = ""
    year: Annotated[str, Field(pattern=r"^\d{4}s?$")]
    source: Annotated[Line, Field(min_length=1)]
    address: Annotated[Line, AfterValidator(_addresses)] = ""
    status: Literal["verified", "verified-secondary", "derived", "from memory"]
    grade: Literal["A", "B", "C"]
    note: Line = ""

    @model_validator(mode="after")
    def _in_order(self) -> Parameter:
        if bool(self.low) != bool(self.high):
            raise ValueError("low and high go together")
        texts = (self.low, self.value, self.high)
        if all(_NUMBER.fullmatch(text) for text in texts):
            low, value, high = map(float, texts)
            if not low <= value <= high:
                raise ValueError(f"must have low <= value <= high, got {low}, {value}, {high}")
        elif self.low:
            raise ValueError("a range needs numbers in value, low and high")
        return self

    @property
    def uncertain(self) -> bool:
        """Whether it is a judgement."""
        return self.grade == "C"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Rows of the catalogue, in its order."""

    rows: tuple[Parameter, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.rows)

    def named(self, name: str) -> Parameters:
        """Return the rows of one parameter, or of all whose name starts with ``name`` and a slash.

        Parameters
        ----------
        name : str
            For example ``"disk/afr_fleet/HDD"``, which has a row a year, ``"disk/afr_fleet"`` or
            ``"disk"``; ``"afr_fleet"`` finds every domain's.

        Raises
        ------
        InputError
            If nothing is called so; the message names the nearest.
        """
        wanted = name.strip("/")
        found = tuple(
            row
            for row in self.rows
            if f"{row.parameter}/".startswith(f"{wanted}/") or row.parameter.split("/")[1] == wanted
        )
        if not found:
            hint = did_you_mean(wanted, _names(self.rows, wanted), shown=8)
            raise InputError(f"unknown parameter '{name}'{hint}")
        return Parameters(found)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table; numbers where value, low and high are numbers."""
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts(), columns=list(Parameter.model_fields))
        for column in ("value", "low", "high"):
            numbers = pd.to_numeric(frame[column], errors="coerce")
            frame[column] = numbers if numbers.notna().all() else frame[column]
        return frame

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as plain dictionaries of text."""
        return [row.model_dump() for row in self.rows]

    def _repr_html_(self) -> str:
        return table_html(self.to_frame()[list(_COLUMNS)])


def _names(rows: tuple[Parameter, ...], wanted: str) -> set[str]:
    """Return the names at the depth of what was asked for."""
    parts = [row.parameter.split("/", 2) for row in rows]
    if "/" not in wanted:
        return {part for own in parts for part in own[:2]}
    depth = min(wanted.count("/"), 2) + 1
    domain = wanted.split("/")[0]
    near = [own for own in parts if own[0] == domain] or parts
    return {"/".join(own[:depth]) for own in near}


@cache
def parameters() -> Parameters:
    """Return the catalogue: what every default of this release rests on.

    Examples
    --------
    >>> [row.value for row in parameters().named("disk/afr_age_0_1y")]
    ['1.3']
    """
    with (data_folder() / "parameters.csv").open(encoding="utf-8", newline="") as file:
        rows = [Parameter.model_validate(row) for row in csv.DictReader(file)]
    return Parameters((*rows, *(_of_drive(drive) for drive in drive_models().values())))


def _of_drive(drive: DriveModel) -> Parameter:
    said = drive.source()
    value, low, high = (said[key].removesuffix(" %/yr") for key in ("value", "low", "high"))
    return Parameter(
        parameter=drive.parameter,
        value=value,
        low=low,
        high=high,
        unit="%/yr",
        distribution="gamma",
        population=f"{drive.years}: {drive.failures:,} failures in {drive.drive_years:,.0f} years",
        year=said["year"],
        source="own shrinkage of Backblaze drive statistics towards the fleet",
        address=said["address"],
        status="derived",
        grade="A" if said["grade"] == "A" else "B",
        note=said["note"],
    )
