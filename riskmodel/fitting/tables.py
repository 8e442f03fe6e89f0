"""Tables of lifetimes: a row for each drive, in CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.errors import InputError, did_you_mean
from riskmodel.fitting.csv_files import CsvSource, blocks, header, sources
from riskmodel.fitting.observed import Floats, Lifetimes
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["COLUMNS", "is_parquet", "numbers", "read_table"]

_UNITS = {"hours": 1.0, "days": 24.0, "years": HOURS_PER_YEAR}
COLUMNS = (
    *(f"{end}_age_{unit}" for end in ("start", "end") for unit in _UNITS),
    "failed",
    "model",
    "batch",
)


def read_table(paths: Sequence[Path], columns: Mapping[str, str] | None = None) -> Lifetimes:
    """Read tables of lifetimes.

    Parameters
    ----------
    paths : sequence of Path
        CSV or Parquet files.
    columns : mapping, optional
        Names of `COLUMNS` to what the files call them.

    Returns
    -------
    Lifetimes

    Raises
    ------
    InputError
        If a file cannot be read or lacks a column; the message names the nearest that it has.
    """
    theirs = dict(columns or {})
    for name in theirs:
        if name not in COLUMNS:
            raise InputError(f"--column: unknown column '{name}'{did_you_mean(name, COLUMNS)}")
    counts: dict[str, int] = {}
    parts = [part for path in paths for part in _parts(path, theirs, counts)]
    if not any(len(part["start"]) for part in parts):
        raise InputError(f"{paths[0]}: holds no rows")
    whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return Lifetimes.from_columns(
        whole["start"], whole["end"], whole["failed"], whole["model"], whole["batch"],
        skipped=counts,
    )  # fmt: skip


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does; one that cannot be opened does not."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def _parts(
    path: Path, theirs: Mapping[str, str], counts: dict[str, int]
) -> Iterator[dict[str, Any]]:
    if is_parquet(path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(path)
            names = _names(str(path), file.schema_arrow.names, theirs)
            yield _columns(_parquet(file, names), names)
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from None
        return
    for source in sources([path]):
        yield from _csv(source, theirs, counts)


def _parquet(file: pq.ParquetFile, names: Mapping[str, str]) -> pa.Table:
    return file.read(columns=list(dict.fromkeys(names.values())))


def _csv(
    source: CsvSource, theirs: Mapping[str, str], counts: dict[str, int]
) -> Iterator[dict[str, Any]]:
    names = _names(source.name, header(source), theirs)
    for block in blocks(source, list(dict.fromkeys(names.values())), counts):
        yield _columns(block, names)


def _names(origin: str, given: Sequence[str], theirs: Mapping[str, str]) -> dict[str, str]:
    """Return what the file calls each column that is there."""
    found = {}
    for name in COLUMNS:
        asked = theirs.get(name, name)
        if asked in given:
            found[name] = asked
        elif name in theirs:
            raise InputError(f"{origin}: has no column '{asked}'{did_you_mean(asked, given)}")
    for end in ("start_age", "end_age"):
        ages = [name for name in found if name.startswith(end)]
        if not ages:
            near = did_you_mean(f"{end}_days", given)
            raise InputError(
                f"{origin}: has no column {end}_hours, {end}_days or {end}_years{near}"
            )
        if len(ages) > 1:
            raise InputError(f"{origin}: has both {' and '.join(ages)}; keep one")
    if "failed" not in found:
        raise InputError(f"{origin}: has no column failed{did_you_mean('failed', given)}")
    return found


def _columns(table: pa.Table, names: Mapping[str, str]) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for name, column in names.items():
        if name in ("model", "batch"):
            part[name] = table[column].to_pandas().astype("object").to_numpy()
        elif name == "failed":
            part[name] = numbers(table[column])
        else:
            end, _, unit = name.split("_")
            part[end] = numbers(table[column]) * _UNITS[unit]
    for name in ("model", "batch"):
        part.setdefault(name, np.full(len(table), "", dtype="object"))
    return part


def numbers(column: pa.ChunkedArray) -> Floats:
    """Return a column as numbers; NaN where there is none, and 1 and 0 for true and false."""
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except pa.ArrowInvalid:
        text = column.to_pandas().astype("string").str.strip().str.lower()
        text = text.replace({"true": "1", "false": "0"})
        return np.asarray(pd.to_numeric(text, errors="coerce").astype("float64"))
