"""Drive models by name: how often each failed in the field, and the law that follows."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache

from riskmodel._data import data_folder
from riskmodel.lifetimes import Exponential, Gompertz, Law, Weibull
from riskmodel.units import HOURS_PER_YEAR

__all__ = ["DriveModel", "drive_models", "find_drive", "with_hazard_times"]


@dataclass(frozen=True, slots=True)
class DriveModel:
    """What Backblaze's drives of one model did, drawn towards their fleet by `shrinkage`.

    Parameters
    ----------
    model : str
        Its name, without maker and without what a maker adds after a dash.
    years : str
        Of the observation.
    drive_years, mean_age_years : float
        How long its drives were watched, and how old they were meanwhile. [year]
    failures : int
        How many failed.
    afr, low, high : float
        Posterior mean of its failure rate, and the 95 % interval. [1/year]
    """

    model: str
    years: str
    drive_years: float
    failures: int
    mean_age_years: float
    afr: float
    low: float
    high: float

    @property
    def parameter(self) -> str:
        """Its name in the catalogue of parameters."""
        return f"disk/afr_of_model/{self.model}"

    def source(self) -> dict[str, str]:
        """Return where its rate comes from, as a source of presets."""
        return {
            "key": "lifetime",
            "parameter": self.parameter,
            "value": f"{self.afr * 100:.4g} %/yr",
            "low": f"{self.low * 100:.4g} %/yr",
            "high": f"{self.high * 100:.4g} %/yr",
            "source": f"Backblaze drive statistics {self.years}: {self.failures:,} failures in "
            f"{self.drive_years:,.0f} drive-years, drawn towards the fleet",
            "address": "https://www.backblaze.com/cloud-storage/resources/hard-drive-test-data",
            "year": self.years[-4:],
            "grade": "A" if self.failures >= 30 else "B",
            "scales": "rate",
            "note": f"95 % interval; at {self.mean_age_years:.1f} years on average",
        }

    def lifetime(self, law: Law) -> Law:
        """Return a law with its whole hazard multiplied so that its level is this model's.

        The two are compared over the year around the age at which the drives were watched: a model
        that failed more often because its drives were old is no worse than others of that age.
        """
        begin = max(self.mean_age_years - 0.5, 0.0) * HOURS_PER_YEAR
        around = law.cumulative_hazard([begin, begin + HOURS_PER_YEAR])
        return with_hazard_times(law, self.afr / float(around[1] - around[0]))


@cache
def drive_models() -> dict[str, DriveModel]:
    """Return the drive models by name."""
    with (data_folder() / "drive_models.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["model"]: DriveModel(
                model=row["model"],
                years=row["years"],
                drive_years=float(row["drive_years"]),
                failures=int(row["failures"]),
                mean_age_years=float(row["mean_age_years"]),
                afr=float(row["afr_pct"]) / 100.0,
                low=float(row["low_pct"]) / 100.0,
                high=float(row["high_pct"]) / 100.0,
            )
            for row in csv.DictReader(file)
        }


def find_drive(name: str) -> DriveModel | None:
    """Return a model by its name as a label or a tool prints it: ``"WDC WD30EFRX-68EUZN0"``."""
    last = name.upper().split()[-1:] or [""]
    return drive_models().get(last[0]) or drive_models().get(last[0].split("-")[0])


def with_hazard_times(law: Law, factor: float) -> Law:
    """Return the law whose hazard rate is that of another one times a factor.

    Raises
    ------
    ValueError
        For a law whose multiple is no law of the format.
    """
    if law.competing is not None:
        return Law(competing=tuple(with_hazard_times(part, factor) for part in law.competing))
    if law.exponential is not None:
        return Law(exponential=Exponential(mean=law.exponential.mean / factor))
    if law.weibull is not None:
        own = law.weibull
        scale = own.scale * factor ** (-1.0 / own.shape)
        return Law(weibull=Weibull(shape=own.shape, scale=scale, location=own.location))
    if law.gompertz is not None:
        return Law(gompertz=Gompertz(rate=law.gompertz.rate * factor, growth=law.gompertz.growth))
    if law.afr is not None:
        return Law(afr=-math.expm1(factor * math.log1p(-law.afr)))
    if law.is_never:
        return law
    raise ValueError(f"the hazard of a law of kind '{law.kind}' cannot be multiplied")
