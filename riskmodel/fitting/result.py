"""All fits of one set of drives, and what does not fit."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from riskmodel.errors import InputError
from riskmodel.fitting.ages import AGE_EDGES_YEARS, by_age, expected_by_age
from riskmodel.fitting.competing import CompetingFit, fit_competing
from riskmodel.fitting.frailty import FrailtyFit, fit_lot_frailty, fit_model_frailty
from riskmodel.fitting.likelihood import Estimate
from riskmodel.fitting.observed import Floats, Lifetimes
from riskmodel.fitting.weibull import WeibullFit, WeibullGroups, fit_common_shape, fit_weibull
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AgeRow", "Fit", "ModelRow", "fit_lifetimes", "read_lifetimes"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model: its own Weibull law, and its scale under the shape of all."""

    model: str
    drives: int
    failures: int
    drive_years: float
    own: WeibullFit
    common_scale_hours: Estimate


@dataclass(frozen=True, slots=True)
class AgeRow:
    """Failures in a bin of age: seen, and expected by the competing and the one Weibull law."""

    low_years: float
    high_years: float
    drive_years: float
    failures: int
    weibull: float
    competing: float | None


@dataclass(frozen=True, slots=True)
class Fit:
    """What was fitted to a set of drives; a part that these cannot tell is None, see `notes`."""

    lifetimes: Lifetimes
    confidence: float
    min_failures: int
    weibull: WeibullFit
    common: WeibullGroups | None
    models: tuple[ModelRow, ...]
    competing: CompetingFit | None
    model_frailty: FrailtyFit | None
    lot_frailty: FrailtyFit | None
    ages: tuple[AgeRow, ...]
    notes: tuple[str, ...]

    def weibull_hazard(self, hours: Floats) -> Floats:
        """Return the cumulative hazard of the one Weibull law at ages in hours."""
        shape, scale = self.weibull.shape.value, self.weibull.scale_hours.value
        return np.asarray((np.asarray(hours) / scale) ** shape)

    def _repr_html_(self) -> str:
        from riskmodel.fitting.text import fit_text

        return f"<pre>{html.escape(fit_text(self))}</pre>"

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each model; ages in years."""
        import pandas as pd

        def row(item: ModelRow) -> dict[str, Any]:
            shape, scale = item.own.shape, item.own.scale_hours.scaled(1.0 / HOURS_PER_YEAR)
            return {
                "model": item.model,
                "drives": item.drives,
                "failures": item.failures,
                "drive_years": item.drive_years,
                "shape": shape.value,
                "shape_low": shape.low,
                "shape_high": shape.high,
                "scale_years": scale.value,
                "scale_low": scale.low,
                "scale_high": scale.high,
                "common_scale_years": item.common_scale_hours.value / HOURS_PER_YEAR,
            }

        return pd.DataFrame([row(item) for item in self.models])

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values for JSON; an open side of an interval is None."""
        year = 1.0 / HOURS_PER_YEAR
        competing = self.competing
        return {
            "drives": len(self.lifetimes),
            "failures": self.lifetimes.failures,
            "drive_years": self.lifetimes.drive_years,
            "skipped": dict(self.lifetimes.skipped),
            "confidence": self.confidence,
            "weibull": _weibull(self.weibull),
            "weibull_common_shape": self.common
            and {
                "interval": "profile likelihood",
                "min_failures": self.min_failures,
                "shape": self.common.shape.to_dict(),
                "scale_years": {
                    name: scale.scaled(year).to_dict()
                    for name, scale in zip(self.common.names, self.common.scales_hours, strict=True)
                },
                "drives": self.common.drives,
                "failures": self.common.failures,
            },
            "weibull_by_model": {item.model: _weibull(item.own) for item in self.models},
            "competing": competing
            and {
                "interval": "profile likelihood",
                "infant_rate_per_year": competing.infant_rate.to_dict(),
                "infant_years": competing.infant_years.to_dict(),
                "constant_rate_per_year": competing.constant_rate.to_dict(),
                "wear_shape": competing.wear_shape.to_dict(),
                "wear_scale_years": competing.wear_scale_years.to_dict(),
                "log_likelihood": competing.log_likelihood,
            },
            "model_frailty": _frailty(self.model_frailty),
            "lot_frailty": _frailty(self.lot_frailty),
            "ages": [
                {
                    "years": [item.low_years, item.high_years],
                    "drive_years": item.drive_years,
                    "failures": item.failures,
                    "weibull": item.weibull,
                    "competing": item.competing,
                }
                for item in self.ages
            ],
            "notes": list(self.notes),
        }


def _weibull(fit: WeibullFit) -> dict[str, Any]:
    return {
        "interval": "profile likelihood",
        "shape": fit.shape.to_dict(),
        "scale_years": fit.scale_hours.scaled(1.0 / HOURS_PER_YEAR).to_dict(),
        "log_likelihood": fit.log_likelihood,
        "likelihood_ratio_against_shape_1": fit.likelihood_ratio,
        "drives": fit.drives,
        "failures": fit.failures,
    }


def _frailty(fit: FrailtyFit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        "interval": "profile likelihood",
        "variance": fit.plain_variance.to_dict(),
        "adjusted_variance": fit.variance.to_dict(),
        "likelihood_ratio": fit.likelihood_ratio,
        "groups": fit.groups,
        "strata": fit.strata,
        "drives": fit.drives,
        "failures": fit.failures,
    }


def fit_lifetimes(seen: Lifetimes, *, min_failures: int = 10, confidence: float = 0.95) -> Fit:
    """Fit all laws to a set of drives.

    Parameters
    ----------
    seen : Lifetimes
        The drives, from `read_lifetimes` or `Lifetimes.from_columns`.
    min_failures : int
        Fewest failures of a model that gets a scale and a law of its own, >= 2.
    confidence : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If fewer than two drives failed, or an argument is out of range.
    """
    if not 0.0 < confidence < 1.0:
        raise InputError(f"confidence: must be between 0 and 1, got {confidence!r}")
    if min_failures < 2:
        raise InputError(f"min_failures: must be 2 at least, got {min_failures!r}")
    if seen.failures < 2:
        raise InputError(
            f"{seen.failures} of {len(seen):,} drives failed; a fit needs two failures at least"
        )
    notes: list[str] = []

    def attempt(what: str, fitted: Callable[[], T]) -> T | None:
        try:
            return fitted()
        except ValueError as error:
            notes.append(f"{what}: not fitted, {error}")
            return None

    weibull = fit_weibull(seen, confidence=confidence)
    common = attempt(
        "one shape, a scale for each model",
        lambda: fit_common_shape(seen, min_failures=min_failures, confidence=confidence),
    )
    competing = attempt("competing hazards", lambda: fit_competing(seen, confidence=confidence))
    return Fit(
        seen,
        confidence,
        min_failures,
        weibull,
        common,
        _model_rows(seen, common, confidence) if common else (),
        competing,
        attempt("model frailty", lambda: fit_model_frailty(seen, confidence=confidence)),
        attempt("lot frailty", lambda: fit_lot_frailty(seen, confidence=confidence)),
        _age_rows(seen, weibull, competing),
        tuple(notes),
    )


def _model_rows(seen: Lifetimes, common: WeibullGroups, confidence: float) -> tuple[ModelRow, ...]:
    rows = []
    for name, scale in zip(common.names, common.scales_hours, strict=True):
        own = seen.of_models([name])
        rows.append(
            ModelRow(
                name,
                len(own),
                own.failures,
                own.drive_years,
                fit_weibull(own, confidence=confidence),
                scale,
            )
        )
    return tuple(sorted(rows, key=lambda row: -row.failures))


def _age_rows(
    seen: Lifetimes, weibull: WeibullFit, competing: CompetingFit | None
) -> tuple[AgeRow, ...]:
    failures, years = by_age(seen, np.zeros(len(seen), dtype=np.intp), 1)
    shape, scale = weibull.shape.value, weibull.scale_hours.value
    by_weibull = expected_by_age(seen, lambda hours: np.asarray((hours / scale) ** shape))
    by_competing = expected_by_age(seen, competing.cumulative_hazard) if competing else None
    return tuple(
        AgeRow(
            AGE_EDGES_YEARS[i],
            AGE_EDGES_YEARS[i + 1],
            float(years[0, i]),
            int(failures[0, i]),
            float(by_weibull[i]),
            None if by_competing is None else float(by_competing[i]),
        )
        for i in np.flatnonzero(years[0] > 0.0)
    )


def read_lifetimes(
    paths: Sequence[str | Path],
    *,
    columns: dict[str, str] | None = None,
    lot_letters: int = 4,
    progress: Callable[[int, int], None] | None = None,
) -> Lifetimes:
    """Read drives from Backblaze Drive Stats or from tables of lifetimes.

    Parameters
    ----------
    paths : sequence of str or Path
        Daily CSVs of Drive Stats, plain, gzipped or in zips; or tables in CSV or Parquet with
        ``start_age_days``, ``end_age_days`` (or ``_hours``, ``_years``), ``failed`` and, if
        known, ``model`` and ``batch``.
    columns : dict, optional
        What a table calls these, by these names.
    lot_letters : int
        Drive Stats: how many first letters of a serial number name its lot.
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
    from riskmodel.fitting.csv_files import header, sources
    from riskmodel.fitting.drive_stats import read_drive_stats
    from riskmodel.fitting.tables import is_parquet, read_table

    files = [Path(path) for path in paths]
    if not files:
        raise InputError("no file to read")
    if not 0 <= lot_letters <= 100:
        raise InputError(f"lot_letters: must be between 0 and 100, got {lot_letters!r}")
    daily = not is_parquet(files[0]) and not columns
    daily = daily and bool({"serial_number", "smart_9_raw"} & set(header(sources(files[:1])[0])))
    if daily:
        return read_drive_stats(files, lot_letters=lot_letters, progress=progress)
    return read_table(files, columns)
