"""Drive models by name: the shrinkage by hand and by integration, and the laws that follow."""

from __future__ import annotations

import csv
import io
import math
import re

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import riskmodel as rm
from riskmodel import shrinkage
from riskmodel.drive_models import DriveModel, drive_models, find_drive, with_hazard_times
from riskmodel.errors import LayoutError
from riskmodel.lifetimes import Law
from riskmodel.preset_catalogue import presets
from riskmodel.shrinkage import gamma_prior, shrunk_rates

YEAR = 8766.0
FAILURES = [2, 0, 40, 3, 90, 11]
EXPOSURES = [100.0, 30.0, 1000.0, 600.0, 3000.0, 250.0]


def _likelihood_by_integration(shape: float) -> float:
    """Product over models of the Poisson chance of their count, averaged over the gamma law."""
    fleet = sum(FAILURES) / sum(EXPOSURES)
    law = stats.gamma(shape, scale=fleet / shape)
    total = 0.0
    logs = np.arange(-20.0, 1.0, 0.002)  # where the integrand is smooth
    rates = np.exp(logs)
    for n, t in zip(FAILURES, EXPOSURES, strict=True):
        chance = stats.poisson.pmf(n, rates * t) * law.pdf(rates) * rates
        total += math.log(float(integrate.trapezoid(chance, logs)))
    return total


def test_the_prior_is_the_likeliest_by_numerical_integration() -> None:
    shape, rate = gamma_prior(FAILURES, EXPOSURES)
    assert shape / rate == pytest.approx(sum(FAILURES) / sum(EXPOSURES), rel=1e-12)
    best = optimize.minimize_scalar(
        lambda u: -_likelihood_by_integration(math.exp(u)), bounds=(-1.0, 4.0), method="bounded",
        options={"xatol": 1e-4},
    )  # fmt: skip
    assert math.log(shape) == pytest.approx(best.x, abs=2e-3)


def test_a_shrunk_rate_is_the_posterior_by_numerical_integration() -> None:
    prior = gamma_prior(FAILURES, EXPOSURES)
    law = stats.gamma(prior[0], scale=1.0 / prior[1])
    grid = np.exp(np.linspace(math.log(1e-8), math.log(2.0), 400_001))
    for n, t, found in zip(
        FAILURES, EXPOSURES, shrunk_rates(FAILURES, EXPOSURES, prior), strict=True
    ):
        weight = stats.poisson.pmf(n, grid * t) * law.pdf(grid) * grid
        weight /= weight.sum()
        cumulative = np.cumsum(weight)
        assert found.mean == pytest.approx(float(weight @ grid), rel=1e-4)
        assert found.low == pytest.approx(grid[np.searchsorted(cumulative, 0.025)], rel=1e-3)
        assert found.high == pytest.approx(grid[np.searchsorted(cumulative, 0.975)], rel=1e-3)
        own, fleet = n / t, sum(FAILURES) / sum(EXPOSURES)
        assert min(own, fleet) <= found.mean <= max(own, fleet)


def test_the_prior_finds_a_known_spread() -> None:
    rng = np.random.default_rng(3)
    exposures = rng.uniform(200.0, 5000.0, 400)
    failures = rng.poisson(exposures * rng.gamma(2.0, 0.02 / 2.0, 400))
    shape, rate = gamma_prior(failures, exposures)
    assert shape == pytest.approx(2.0, rel=0.25)
    assert shape / rate == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize(
    ("failures", "exposures"), [([1], [1.0]), ([1, 2], [1.0, 0.0]), ([0, 0], [1.0, 2.0])]
)
def test_a_table_that_says_nothing_is_refused(failures, exposures) -> None:
    with pytest.raises(ValueError, match="needs two models"):
        gamma_prior(failures, exposures)


def test_the_shipped_table_is_what_its_own_counts_give() -> None:
    """Counts, prior and shrunk rates of each fleet hang together; one fleet leaves none out."""
    raw = io.StringIO()
    rows = [
        {
            "years": drive.years,
            "model": drive.model,
            "failures": drive.failures,
            "drive_years": drive.drive_years,
            "mean_age_years": drive.mean_age_years,
        }
        for drive in drive_models().values()
        if drive.years == "2022-2024"
    ]
    writer = csv.DictWriter(raw, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    raw.seek(0)
    for row in shrinkage.table(list(csv.DictReader(raw))):
        shipped = drive_models()[row["model"]]
        assert float(row["afr_pct"]) / 100 == pytest.approx(shipped.afr, rel=2e-3)
        assert float(row["high_pct"]) / 100 == pytest.approx(shipped.high, rel=2e-3)


def test_every_row_is_in_order() -> None:
    assert len(drive_models()) >= 60
    for drive in drive_models().values():
        assert 0.0 < drive.low < drive.afr < drive.high < 1.5
        assert re.fullmatch(r"[A-Z0-9]+", drive.model)


def _medium(**keys: object) -> rm.lifetimes.Law:
    layout = rm.Layout.from_dict(
        {"media": {"x": keys}, "copies": [{"name": "a", "store": {"media": "x"}}]}
    )
    law = layout.medium("x").lifetime
    assert law is not None
    return law


@pytest.mark.parametrize("preset", [{}, {"preset": "hdd"}, {"preset": "nas-hdd"}])
def test_the_law_of_a_model_has_its_rate_at_its_age(preset: dict[str, str]) -> None:
    drive = drive_models()["ST12000NM0007"]
    law = _medium(drive="ST12000NM0007", **preset)
    ages = np.array([drive.mean_age_years - 0.5, drive.mean_age_years + 0.5]) * YEAR
    first, last = law.cumulative_hazard(ages)
    assert last - first == pytest.approx(drive.afr, rel=1e-9)
    base = presets().media["hdd"].unlabelled
    assert base is not None
    ratio = law.cumulative_hazard(np.array([0.1, 1.0, 9.0]) * YEAR) / base.cumulative_hazard(
        np.array([0.1, 1.0, 9.0]) * YEAR
    )
    assert ratio == pytest.approx([ratio[0]] * 3, rel=1e-9)
    assert 5.0 < ratio[0] < 7.0


@pytest.mark.parametrize(
    ("typed", "model"),
    [
        ("WDC WD30EFRX-68EUZN0", "WD30EFRX"),
        ("st4000dm000", "ST4000DM000"),
        ("WD30EFRX", "WD30EFRX"),
    ],
)
def test_a_model_is_found_as_tools_print_it(typed: str, model: str) -> None:
    found = find_drive(typed)
    assert isinstance(found, DriveModel)
    assert found.model == model
    assert _medium(drive=typed) == _medium(drive=model)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"drive": "ST3000DM01"},
            "media.x.drive: unknown drive model 'ST3000DM01'; did you mean 'ST3000DM001'?",
        ),
        ({"drive": "ST4000DM000", "preset": "ssd"}, "is a spinning disk, and ssd is none"),
        ({"drive": "ST4000DM000", "afr": 0.1}, "names both 'drive' and 'afr'"),
        ({"drive": ""}, "media.x.drive"),
    ],
)
def test_bad_names_of_drives(keys: dict[str, object], said: str) -> None:
    with pytest.raises(LayoutError, match=re.escape(said)):
        _medium(**keys)


@pytest.mark.parametrize(
    "raw",
    [
        {"exponential": {"mean": "3 years"}},
        {"weibull": {"shape": 3, "scale": "9 years", "location": "1 day"}},
        {"gompertz": {"rate": "0.1/year", "growth": "-1/year"}},
        {"afr": 0.3},
        {"competing": [{"afr": 0.3}, {"weibull": {"shape": 0.5, "scale": "9 years"}}]},
        "never",
    ],
)
def test_a_multiplied_hazard_is_that_multiple(raw: object) -> None:
    law = Law.model_validate(raw)
    ages = np.array([0.0, 0.2, 1.0, 7.0]) * YEAR
    expected = 2.5 * law.cumulative_hazard(ages)
    assert with_hazard_times(law, 2.5).cumulative_hazard(ages) == pytest.approx(expected, rel=1e-12)


def test_a_hazard_that_cannot_be_multiplied_says_so() -> None:
    with pytest.raises(ValueError, match="lognormal"):
        with_hazard_times(Law.model_validate({"lognormal": {"median": "1 year", "sigma": 1}}), 2.0)


def test_a_variance_between_models_beside_a_known_model_would_count_twice() -> None:
    medium = {"drive": "ST4000DM000", "model": {"label": "m", "variance": 0.7}}
    with pytest.raises(rm.LayoutError, match=r"media\.m.*'drive'.*twice"):
        rm.Layout.from_dict(
            {"media": {"m": medium}, "copies": [{"name": "a", "store": {"media": "m"}}]}
        )
