"""Backblaze Drive Stats: a CSV for each day with a row for each drive.

The public format [1]_: ``date, serial_number, model, capacity_bytes, failure`` and SMART columns
that vary over the years; ``smart_9_raw`` is power-on hours, the age. Only these are read, a block
at a time, and what is kept grows with the number of drives and not with the days.

A drive is watched from its first row that has an age to its failure or its last row. Where the
last row has no age (the day of a failure often has none), the age goes on by the calendar. The
lot of a drive is taken to be the first letters of its serial number.

References
----------
.. [1] Backblaze, "Hard Drive Data and Stats", https://www.backblaze.com/cloud-storage/resources/hard-drive-test-data
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import InputError, did_you_mean
from riskmodel.fitting.csv_files import CsvSource, blocks, header, sources
from riskmodel.fitting.observed import Floats, Lifetimes
from riskmodel.fitting.tables import numbers
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NEEDED", "read_drive_stats"]

NEEDED = ("date", "serial_number", "model", "failure", "smart_9_raw")
_CAPACITY = "capacity_bytes"
_NEVER = np.iinfo(np.int32).max
_OLDEST_HOURS = 50 * HOURS_PER_YEAR


def read_drive_stats(
    paths: Sequence[Path],
    *,
    lot_letters: int = 4,
    progress: Callable[[int, int], None] | None = None,
) -> Lifetimes:
    """Read daily files into lifetimes.

    Parameters
    ----------
    paths : sequence of Path
        CSV files, plain or gzipped, or zips of them; in the order of their names, which is that of
        their days.
    lot_letters : int
        How many first letters of a serial number name its lot.
    progress : callable, optional
        Called with files done and files in all.

    Returns
    -------
    Lifetimes

    Raises
    ------
    InputError
        If a file cannot be read or lacks a column.
    """
    files = sources(paths)
    for file in files:
        _require(file.name, header(file))
    drives = _Drives()
    for done, file in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        drives.add_file(file)
    if progress is not None:
        progress(len(files), len(files))
    return drives.lifetimes(lot_letters)


def _require(origin: str, given: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in given]
    if missing:
        rest = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        hint = did_you_mean(missing[0], given)
        raise InputError(f"{origin}: has no column {missing[0]}{rest}{hint}")


class _Drives:
    """What is known of each drive so far."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.models: dict[str, int] = {}
        self.capacities: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.model = np.empty(0, dtype=np.int32)
        # days since 1970: last row, failure, first and last row with an age
        self.last_day, self.failed_day, self.first_aged, self.last_aged = (
            np.empty(0, dtype=np.int32) for _ in range(4)
        )
        self.first_age, self.last_age = np.empty(0), np.empty(0)

    def add_file(self, file: CsvSource) -> None:
        given = header(file)
        wanted = [*NEEDED, *([_CAPACITY] if _CAPACITY in given else [])]
        for block in blocks(file, wanted, self.counts):
            self._add_block(block)

    def _count(self, words: str, rows: NDArray[np.bool_]) -> None:
        found = int(np.count_nonzero(rows))
        if found:
            self.counts[words] = self.counts.get(words, 0) + found

    def _add_block(self, block: pa.Table) -> None:
        day = _days(block["date"])
        failure = numbers(block["failure"])
        serial = block["serial_number"]
        named = serial.is_valid().to_numpy()
        tests = {
            "rows without a date such as 2024-03-31": day >= 0,
            "rows without a serial number": named,
            "rows whose failure is neither 0 nor 1": (failure == 0.0) | (failure == 1.0),
        }
        good = np.ones(len(block), dtype=bool)
        for words, passed in tests.items():
            self._count(words, good & ~passed)
            good &= passed
        if not good.all():
            block, day, failure = block.filter(good), day[good], failure[good]
        age = numbers(block["smart_9_raw"])
        age = np.where((age >= 0.0) & (age <= _OLDEST_HOURS), age, np.nan)
        row = self._rows(block["serial_number"])
        model = self._model_codes(block)
        for today in np.unique(day):
            now = day == today
            self._add_day(int(today), row[now], failure[now] == 1.0, age[now], model[now])

    def _rows(self, serials: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return each serial number's row; a new one gets the next."""
        known = self.rows
        found = np.fromiter(
            (known.setdefault(serial, len(known)) for serial in serials.to_pylist()),
            dtype=np.int64,
            count=len(serials),
        )
        grown = len(known) - len(self.model)
        if grown:
            self.model = np.concatenate((self.model, np.full(grown, -1, dtype=np.int32)))
            nothing = np.full(grown, -1, dtype=np.int32)
            self.last_day = np.concatenate((self.last_day, nothing))
            self.first_aged = np.concatenate((self.first_aged, nothing))
            self.last_aged = np.concatenate((self.last_aged, nothing))
            self.failed_day = np.concatenate((self.failed_day, np.full_like(nothing, _NEVER)))
            self.first_age = np.concatenate((self.first_age, np.full(grown, np.nan)))
            self.last_age = np.concatenate((self.last_age, np.full(grown, np.nan)))
        return found

    def _model_codes(self, block: pa.Table) -> NDArray[np.int32]:
        words = block["model"].fill_null("").combine_chunks().dictionary_encode()
        names = [name.strip() for name in words.dictionary.to_pylist()]
        codes = [self.models.setdefault(name, len(self.models)) for name in names]
        here: NDArray[np.int32] = words.indices.to_numpy()
        if _CAPACITY in block.column_names:
            size = numbers(block[_CAPACITY])
            for i, name in enumerate(names):
                if name not in self.capacities:
                    known = size[(here == i) & (size > 0.0)]
                    if len(known):
                        self.capacities[name] = float(np.median(known))
        return np.asarray(codes, dtype=np.int32)[here]

    def _add_day(
        self,
        day: int,
        row: NDArray[np.int64],
        failed: NDArray[np.bool_],
        age: Floats,
        model: NDArray[np.int32],
    ) -> None:
        self.failed_day[row[failed]] = np.minimum(self.failed_day[row[failed]], day)
        _, first = np.unique(row, return_index=True)
        once = np.zeros(len(row), dtype=bool)
        once[first] = True
        once &= self.last_day[row] != day
        self._count("rows that repeat a serial number on one day (a failure counts)", ~once)
        row, age, model = row[once], age[once], model[once]
        new = self.model[row] < 0
        self.model[row[new]] = model[new]
        self._count(
            "rows that give a drive another model (the first holds)", self.model[row] != model
        )
        self.last_day[row] = np.maximum(self.last_day[row], day)
        self._count("rows without power-on hours (the calendar counts)", np.isnan(age))
        row, age = row[~np.isnan(age)], age[~np.isnan(age)]
        early = (self.first_aged[row] < 0) | (day < self.first_aged[row])
        self.first_aged[row[early]], self.first_age[row[early]] = day, age[early]
        late = day > self.last_aged[row]
        self.last_aged[row[late]], self.last_age[row[late]] = day, age[late]

    def lifetimes(self, lot_letters: int) -> Lifetimes:
        """Return a life for each drive, and what was left out."""
        failed = self.failed_day < _NEVER
        self._count(
            "drives with rows after their failure (left out)",
            failed & (self.failed_day < self.last_day),
        )
        end_day = np.where(failed, self.failed_day, self.last_day)
        end = self.last_age + (end_day - self.last_aged) * 24.0
        aged = self.first_aged >= 0
        # two days of slack: rows are taken at any hour of a day
        fast = (self.last_age - self.first_age) > 24.0 * (
            self.last_aged - self.first_aged
        ) * 1.1 + 48.0
        self._count("drives without power-on hours", ~aged)
        self._count("drives whose power-on hours run faster than the calendar", aged & fast)
        kept = aged & ~fast
        names, serials = list(self.models), list(self.rows)
        return Lifetimes.from_columns(
            self.first_age[kept], end[kept], failed[kept],
            np.array(names, dtype=object)[self.model[kept]],
            np.array([s[:lot_letters] for s in serials], dtype=object)[kept],
            skipped=self.counts, capacities=self.capacities,
        )  # fmt: skip


def _days(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Return days since 1970; -1 where there is no date."""
    import pandas as pd

    words = column.fill_null("").combine_chunks().dictionary_encode()
    dates = pd.to_datetime(
        pd.Series(words.dictionary.to_pylist(), dtype="object"), format="%Y-%m-%d", errors="coerce"
    ).to_numpy(dtype="datetime64[D]")
    days = np.where(np.isnat(dates), -1, dates.astype(np.int64)).astype(np.int32)
    here: NDArray[np.int32] = words.indices.to_numpy()
    return days[here]
