"""Failure rates of many drive models, each drawn towards the fleet as far as its own data is thin.

``python -m riskmodel.shrinkage TABLE.csv`` makes data/drive_models.csv of a table with the columns
years, model, failures, drive_years and mean_age_years; each value of ``years`` is a fleet.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["ShrunkRate", "gamma_prior", "shrunk_rates", "table"]

LEAST_DRIVE_YEARS = 50.0  # below it a model says little, and some names are garbled
COLUMNS = (
    "model", "years", "drive_years", "failures", "mean_age_years", "afr_pct", "low_pct", "high_pct",
    "prior_shape", "prior_drive_years",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShrunkRate:
    """A rate a year and its 95 % interval."""

    mean: float
    low: float
    high: float


def gamma_prior(failures: Sequence[float], exposures: Sequence[float]) -> tuple[float, float]:
    """Return the gamma law of rates over models, with the fleet's mean, that is likeliest.

    Parameters
    ----------
    failures : sequence of float
        Failures of each model.
    exposures : sequence of float
        Drive-years of each model. [year]

    Returns
    -------
    tuple of float
        Shape, and rate parameter. [1, year]

    Notes
    -----
    Its mean is all failures over all drive-years. Given its rate a model's failures are Poisson,
    so that over the gamma law they are negative binomial; the shape maximises the sum of their
    log-probabilities, and 1/shape is the frailty variance between models.

    References
    ----------
    .. [1] Gaver, O'Muircheartaigh, "Robust empirical Bayes analyses of event rates",
       Technometrics 29, 1987.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    n = np.asarray(failures, dtype=np.float64)
    t = np.asarray(exposures, dtype=np.float64)
    if len(n) < 2 or len(n) != len(t) or (t <= 0.0).any() or (n < 0.0).any() or not n.any():
        raise ValueError("needs two models or more, each with drive-years above zero, and failures")
    fleet = float(n.sum() / t.sum())

    def badness(log_shape: float) -> float:
        shape = np.exp(log_shape)
        terms = gammaln(shape + n) - gammaln(shape) + shape * np.log(shape / fleet)
        return float(-(terms - (shape + n) * np.log(shape / fleet + t)).sum())

    found = minimize_scalar(badness, bounds=(-7.0, 14.0), method="bounded", options={"xatol": 1e-8})
    shape = float(np.exp(found.x))
    return shape, shape / fleet


def shrunk_rates(
    failures: Sequence[float], exposures: Sequence[float], prior: tuple[float, float]
) -> list[ShrunkRate]:
    """Return each model's posterior mean rate with its 95 % interval.

    Parameters
    ----------
    failures, exposures, prior
        As `gamma_prior` takes and returns them.

    Returns
    -------
    list of ShrunkRate
        Of the gamma law of shape + failures over rate + drive-years.
    """
    from scipy.special import gammaincinv

    shape, rate = prior
    return [
        ShrunkRate(
            mean=(shape + n) / (rate + t),
            low=float(gammaincinv(shape + n, 0.025)) / (rate + t),
            high=float(gammaincinv(shape + n, 0.975)) / (rate + t),
        )
        for n, t in zip(failures, exposures, strict=True)
    ]


def table(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the rows of data/drive_models.csv: a model's latest years, each fleet on its own."""
    made: dict[str, dict[str, str]] = {}
    for years in sorted({row["years"] for row in rows}):
        fleet = [
            row
            for row in rows
            if row["years"] == years and float(row["drive_years"]) >= LEAST_DRIVE_YEARS
        ]
        failures = [float(row["failures"]) for row in fleet]
        exposures = [float(row["drive_years"]) for row in fleet]
        prior = gamma_prior(failures, exposures)
        for row, rate in zip(fleet, shrunk_rates(failures, exposures, prior), strict=True):
            made[row["model"]] = {
                "model": row["model"],
                "years": years,
                "drive_years": f"{float(row['drive_years']):.1f}",
                "failures": row["failures"],
                "mean_age_years": f"{float(row['mean_age_years']):.2f}",
                "afr_pct": f"{rate.mean * 100:.4g}",
                "low_pct": f"{rate.low * 100:.4g}",
                "high_pct": f"{rate.high * 100:.4g}",
                "prior_shape": f"{prior[0]:.4g}",
                "prior_drive_years": f"{prior[1]:.4g}",
            }
    return [made[model] for model in sorted(made)]


def main(path: str) -> None:
    """Print data/drive_models.csv."""
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        rows = table(list(csv.DictReader(file)))
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])
