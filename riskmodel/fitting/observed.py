"""Lifetimes as they are observed: from an age at which watching began to failure or to the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskmodel.errors import InputError, did_you_mean
from riskmodel.units import HOURS_PER_YEAR

__all__ = ["Floats", "Lifetimes"]

Floats = NDArray[np.float64]
_OLDEST_HOURS = 50 * HOURS_PER_YEAR
UNKNOWN = "(unknown)"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Drives, each left-truncated at its start age and right-censored unless it failed.

    Attributes
    ----------
    start_hours, end_hours : ndarray
        Ages at which watching began and ended. [h]
    failed : ndarray of bool
        Whether the end was a failure.
    model, batch : ndarray of int
        Indices into `models` and `batches`; a batch belongs to one model.
    models, batches : tuple of str
        Their names.
    skipped : dict of str to int
        What was left out while reading, in words, and how often.
    capacities : dict of str to float
        Capacity of a model where it is known. [bytes]
    """

    start_hours: Floats
    end_hours: Floats
    failed: NDArray[np.bool_]
    model: NDArray[np.int32]
    batch: NDArray[np.int32]
    models: tuple[str, ...]
    batches: tuple[str, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    capacities: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_columns(
        cls,
        start_hours: ArrayLike,
        end_hours: ArrayLike,
        failed: ArrayLike,
        model: Sequence[Any] | NDArray[Any] | None = None,
        batch: Sequence[Any] | NDArray[Any] | None = None,
        *,
        skipped: Mapping[str, int] | None = None,
        capacities: Mapping[str, float] | None = None,
    ) -> Lifetimes:
        """Make lifetimes of columns; rows that cannot be used are counted in `skipped`.

        Parameters
        ----------
        start_hours, end_hours : array_like
            Ages when watching began and ended; NaN where they could not be read. [h]
        failed : array_like
            1 if the end was a failure, 0 if not; NaN where it could not be read.
        model, batch : sequence, optional
            Names; one model, and a batch for each model, unless given.
        skipped, capacities : mapping, optional
            As the attributes; counted on from here.

        Returns
        -------
        Lifetimes
        """
        start = np.asarray(start_hours, dtype=np.float64)
        end = np.asarray(end_hours, dtype=np.float64)
        dead = np.asarray(failed, dtype=np.float64)
        count = dict(skipped or {})
        good = np.ones(len(start), dtype=bool)
        tests = {
            "lifetimes with an age that is no number": np.isfinite(start) & np.isfinite(end),
            "lifetimes whose failed is neither 0 nor 1": (dead == 0.0) | (dead == 1.0),
            "lifetimes with a start age below 0": start >= 0.0,
            "lifetimes with an age above 50 years": end <= _OLDEST_HOURS,
            "lifetimes whose end is before their start": end >= start,
            "lifetimes that were watched for no time": end > start,
        }
        for words, passed in tests.items():
            lost = int(np.count_nonzero(good & ~passed))
            if lost:
                count[words] = count.get(words, 0) + lost
            good &= passed
        models, model_code = _codes(model, len(start), good)
        lots, lot_code = _codes(batch, len(start), good)
        pair, batch_code = np.unique(
            model_code.astype(np.int64) * len(lots) + lot_code, return_inverse=True
        )
        names = tuple(f"{models[p // len(lots)]} / {lots[p % len(lots)]}" for p in pair)
        return cls(
            start[good], end[good], dead[good] == 1.0, model_code, batch_code.astype(np.int32),
            models, names, count, dict(capacities or {}),
        )  # fmt: skip

    def __len__(self) -> int:
        """Return the number of drives."""
        return len(self.start_hours)

    @property
    def failures(self) -> int:
        """Drives that failed."""
        return int(np.count_nonzero(self.failed))

    @property
    def drive_years(self) -> float:
        """Years watched in all."""
        return float((self.end_hours - self.start_hours).sum() / HOURS_PER_YEAR)

    @property
    def oldest_hours(self) -> float:
        """The highest age that was seen, in hours."""
        return float(self.end_hours.max())

    def where(self, mask: NDArray[np.bool_]) -> Lifetimes:
        """Return the drives of a mask; names and counts stay."""
        return Lifetimes(
            self.start_hours[mask], self.end_hours[mask], self.failed[mask], self.model[mask],
            self.batch[mask], self.models, self.batches, self.skipped, self.capacities,
        )  # fmt: skip

    def of_models(self, names: Sequence[str], *, without: bool = False) -> Lifetimes:
        """Return the drives of some models, or of all others.

        Raises
        ------
        InputError
            If a name is not among the models; the message names the nearest.
        """
        for name in names:
            if name not in self.models:
                raise InputError(f"unknown model '{name}'{did_you_mean(name, self.models)}")
        codes = [self.models.index(name) for name in names]
        return self.where(np.isin(self.model, codes, invert=without))

    def counts_by_model(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return drives and failures of each of `models`."""
        size = len(self.models)
        return (
            np.bincount(self.model, minlength=size),
            np.bincount(self.model[self.failed], minlength=size),
        )


def _codes(
    names: Sequence[Any] | NDArray[Any] | None, size: int, good: NDArray[np.bool_]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    import pandas as pd

    if names is None or size == 0:
        return ("all",), np.zeros(int(good.sum()), dtype=np.int32)
    kept = pd.Series(names, dtype="string")[good].fillna("")
    codes, found = pd.factorize(kept.str.strip(), sort=True)
    return tuple(str(name) or UNKNOWN for name in found), codes.astype(np.int32)
