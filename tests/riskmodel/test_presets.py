"""Sourced defaults: each number against the figures of its source, computed a second time here."""

from __future__ import annotations

import math

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._data import data_folder
from riskmodel.lifetimes import Law
from riskmodel.presets import presets

YEAR = 8766.0


def _law(name: str) -> Law:
    law = presets().media[name].medium.lifetime_law
    assert law is not None
    return law


def test_the_hdd_law_meets_the_backblaze_anchors_of_2025() -> None:
    """1.30 % in year 1, S(5) = 0.939, S(10) = 0.83, 4.1 %/yr at 10.25 years."""
    law = _law("hdd")
    assert float(law.cumulative_hazard(YEAR)) == pytest.approx(0.0130, abs=0.0002)
    assert law.survival([5 * YEAR, 10 * YEAR]) == pytest.approx([0.939, 0.83], abs=0.001)
    step = 0.01
    around = law.cumulative_hazard(np.array([10.25 - step, 10.25 + step]) * YEAR)
    assert (around[1] - around[0]) / (2 * step) == pytest.approx(0.041, abs=0.0005)


def test_the_hdd_hazard_is_the_published_formula() -> None:
    law = _law("hdd")
    years = np.linspace(0.0, 12.0, 25)
    constant, infant = 0.0115 * years, 0.009 * 0.15 * (1 - np.exp(-years / 0.15))
    wear = (years / 19.5) ** 4
    assert law.cumulative_hazard(years * YEAR) == pytest.approx(constant + infant + wear, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "years", "share"),
    [
        # a figure of the source: this share is lost within these years
        ("ssd", 1, 0.009),
        ("usb-flash", 1, 0.04),
        ("dvd-r", 14, 0.5),
        ("dvd-r", 15, 0.53),  # NIST: 47 % outlive 15 years
        ("cd-r", 50, 0.5),
        ("bd-r", 30, 0.5),
        ("m-disc", 100, 0.5),
        ("paper", 200, 0.5),
        ("shelf-hdd", 27, 0.2),  # about 20 % of drives that are 25 to 34 years old
        ("lto", 1, 0.003),
        ("saas", 1, 0.0005),
    ],
)
def test_media_last_as_long_as_their_source_says(name: str, years: float, share: float) -> None:
    lost = -math.expm1(-float(_law(name).cumulative_hazard(years * YEAR)))
    assert lost == pytest.approx(share, rel=0.03)


def test_object_storage_dies_with_its_provider_and_not_by_eleven_nines() -> None:
    assert float(_law("object-storage").cumulative_hazard(YEAR)) == pytest.approx(1e-6, rel=1e-9)


def test_latent_errors_reach_their_share_of_drives_in_a_year() -> None:
    latent = presets().media["hdd"].medium.latent_errors
    assert latent is not None
    assert -math.expm1(-YEAR / latent.mean_time) == pytest.approx(0.0315, rel=1e-3)


@pytest.mark.parametrize(
    ("site", "peril", "per_year", "takes"),
    [
        ("home", "fire", 0.0005, "site"),
        ("home", "burglary", 0.015 * 0.34 * 0.7, "media"),
        ("home", "water", 0.0179 * 0.1, "media"),
        ("home", "nature", 0.00053, "site"),
        ("office", "fire", 0.0005, "site"),
        ("data-centre", "fire", 2e-5, "site"),
        ("cloud-region", "national-catastrophe", 1e-4, "site"),
        ("bank-vault", "fire", 0.0005 * 0.3, "site"),
    ],
)
def test_perils_strike_as_often_as_their_source_says(
    site: str, peril: str, per_year: float, takes: str
) -> None:
    found = presets().sites[site].perils[peril]
    assert found.rate * YEAR == pytest.approx(per_year, rel=1e-9)
    assert found.takes == takes


@pytest.mark.parametrize(
    ("shock", "per_year"),
    [
        ("mistake", 0.005),
        ("ransomware", 0.003),
        ("ransomware-business", 0.01 * 0.5),
        ("account-loss", 0.002),
        ("provider-failure", 0.0005),
        ("software-fault", 0.001),
        ("key-loss", 0.005),
    ],
)
def test_people_strike_as_often_as_their_source_says(shock: str, per_year: float) -> None:
    assert presets().shocks[shock].rate * YEAR == pytest.approx(per_year, rel=1e-9)


def test_every_number_has_a_source() -> None:
    for name, preset in presets().media.items():
        keys = {source.key.split(".")[0] for source in preset.sources}
        numbers = preset.medium.model_fields_set - {"at_rest"}
        assert numbers <= keys, name
    for name, site in presets().sites.items():
        assert {f"perils.{peril}" for peril in site.perils} == {s.key for s in site.sources}, name
    defaults = presets().defaults
    assert type(defaults).model_fields.keys() - {"sources"} == {s.key for s in defaults.sources}


def test_an_own_lifetime_replaces_the_presets() -> None:
    layout = rm.Layout.from_dict(
        {
            "media": {"mine": {"preset": "hdd", "afr": 0.5}},
            "copies": [{"name": "a", "store": {"media": "mine"}}],
        }
    )
    medium = layout.medium("mine")
    assert medium.lifetime is None
    assert medium.afr == 0.5
    assert medium.latent_errors == presets().media["hdd"].medium.latent_errors


CANDIDATES = sorted((data_folder() / "layouts").glob("*.toml"))


def test_there_are_seven_candidates() -> None:
    assert {path.stem for path in CANDIDATES} == {
        "one-external-disk",
        "nas-and-usb-disk",
        "nas-and-cloud",
        "two-offices-replica",
        "small-business-tape-vault",
        "photographer-dvd-and-cloud",
        "firm-on-saas",
    }


@pytest.mark.parametrize("path", CANDIDATES, ids=lambda path: path.stem)
def test_a_candidate_loads_and_computes(path) -> None:
    layout = rm.load_layout(path)
    loss = rm.simulate(layout, target_relative_error=0.3)
    assert loss.seen
    assert 1e-6 < loss.probability < 0.5
    assert not any("never noticed" in text for text in loss.warnings)


@pytest.mark.parametrize("path", CANDIDATES, ids=lambda path: path.stem)
def test_rates_in_candidates_are_those_of_the_presets(path) -> None:
    """A rate typed into a file of its own must not drift away from its source."""
    known = {shock.rate for shock in presets().shocks.values()} | {1e-4 / YEAR}
    layout = rm.load_layout(path)
    rates = [shock.rate for shock in layout.shocks]
    assert layout.threats is not None
    assert layout.threats.defaults
    rates += [layout.threats.ransomware.rate] if layout.threats.ransomware else []
    for own in rates:
        assert any(own == pytest.approx(rate) for rate in known)
