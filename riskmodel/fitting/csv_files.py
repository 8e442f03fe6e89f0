"""CSV files of any size, plain, gzipped or many in a zip, a block of rows at a time."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from riskmodel.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CsvSource", "blocks", "header", "sources"]

BROKEN = "rows with the wrong number of fields"
_BLOCK_BYTES = 8_000_000
_MAX_HEADER = 1_000_000
# what the libraries raise on damaged, encrypted or exotic files; RuntimeError is zipfile's
_UNREADABLE = (
    OSError, zipfile.BadZipFile, zlib.error, EOFError, UnicodeError, csv.Error, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CsvSource:
    """One CSV: a file, or a member of a zip."""

    name: str
    open: Callable[[], IO[bytes]]


def sources(paths: Sequence[Path]) -> list[CsvSource]:
    """Return the CSVs of some files in the order of their names; zips are looked into.

    Raises
    ------
    InputError
        If a file cannot be read or a zip holds no CSV.
    """
    found = [source for path in paths for source in _sources(path)]
    return sorted(found, key=lambda source: source.name.rsplit("/", 1)[-1])


def _sources(path: Path) -> Iterator[CsvSource]:
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name its files")
        with path.open("rb") as file:
            magic = file.read(4)
        if magic[:2] == b"\x1f\x8b":
            yield CsvSource(str(path), lambda: _gzipped(path))
            return
        if magic != b"PK\x03\x04":
            yield CsvSource(str(path), lambda: path.open("rb"))
            return
        with zipfile.ZipFile(path) as archive:
            members = [
                name
                for name in archive.namelist()
                if name.lower().endswith(".csv") and not name.startswith("__MACOSX")
            ]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except _UNREADABLE as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if not members:
        raise InputError(f"{path}: holds no CSV")
    for name in members:
        yield CsvSource(f"{path}/{name}", lambda name=name: _member(path, name))  # type: ignore[misc]


def _gzipped(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb")  # type: ignore[return-value]


def _member(path: Path, name: str) -> IO[bytes]:
    return zipfile.ZipFile(path).open(name)


def header(source: CsvSource) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    InputError
        If there is no line of names.
    """
    try:
        with source.open() as file:
            line = file.readline(_MAX_HEADER)
        names = next(csv.reader(io.StringIO(line.decode("utf-8-sig"))), [])
    except _UNREADABLE as error:
        raise InputError(f"{source.name}: cannot be read: {error}") from None
    if any(not character.isprintable() for name in names for character in name):
        raise InputError(f"{source.name}: is no CSV: its first line holds no names of columns")
    if not any(name.strip() for name in names):
        raise InputError(f"{source.name}: is empty; a first line with the columns' names is needed")
    return names


def blocks(source: CsvSource, wanted: Sequence[str], counts: dict[str, int]) -> Iterator[pa.Table]:
    """Yield the wanted columns as text, a block of rows at a time.

    Parameters
    ----------
    source : CsvSource
        What to read.
    wanted : sequence of str
        Names of columns that it has.
    counts : dict
        Rows that do not have a field for each column are left out and counted here.

    Yields
    ------
    pyarrow.Table

    Raises
    ------
    InputError
        If the file is no CSV in UTF-8.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    given = header(source)
    for name in wanted:
        if given.count(name) > 1:
            raise InputError(f"{source.name}: has {given.count(name)} columns {name}; keep one")

    def broken(_: object) -> str:
        counts[BROKEN] = counts.get(BROKEN, 0) + 1
        return "skip"

    try:
        with source.open() as file:
            reader = pa_csv.open_csv(
                file,
                pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                pa_csv.ParseOptions(invalid_row_handler=broken),
                pa_csv.ConvertOptions(
                    include_columns=list(wanted),
                    column_types=dict.fromkeys(wanted, pa.string()),
                    strings_can_be_null=True,
                    check_utf8=True,
                ),
            )
            for batch in reader:
                yield pa.Table.from_batches([batch])
    except (*_UNREADABLE, pa.ArrowInvalid) as error:
        raise InputError(f"{source.name}: cannot be read: {error}") from None
