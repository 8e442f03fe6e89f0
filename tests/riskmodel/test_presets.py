"""Sourced defaults: each number against the figures of its source, computed a second time here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

import riskmodel as rm
import riskmodel.catalogue
from riskmodel._data import data_folder
from riskmodel.lifetimes import Law
from riskmodel.perils import peril_reaches
from riskmodel.preset_catalogue import presets
from riskmodel.units import parse

YEAR = 8766.0


def _law(name: str) -> Law:
    law = presets().media[name].medium.lifetime_law
    assert law is not None
    return law


def test_the_unlabelled_hdd_hazard_is_the_published_formula() -> None:
    """1.30 % in year 1, S(5) = 0.939, S(10) = 0.83, 4.1 %/yr at 10.25 years."""
    law = presets().media["hdd"].unlabelled
    assert law is not None
    years = np.linspace(0.0, 12.0, 25)
    constant, infant = 0.0115 * years, 0.009 * 0.15 * (1 - np.exp(-years / 0.15))
    wear = (years / 19.5) ** 4
    assert law.cumulative_hazard(years * YEAR) == pytest.approx(constant + infant + wear, rel=1e-9)
    assert law.survival([5 * YEAR, 10 * YEAR]) == pytest.approx([0.939, 0.83], abs=0.001)


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
        ("lto-8", 1, 0.003),
        (
            "tape-library",
            1,
            9e-5 + 1 / 35**3 + 8766 / 250_000 * 0.1 / 20 + 3652.5 / 250_000 * 0.1 / 20,
        ),
        ("shelf-ssd", 10, 0.5),
        ("shelf-usb-flash", 1, 0.04),
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
        ("home", "surge", 0.003 * 0.5, "plugged-in"),
        ("flat", "burglary", 0.015 * 0.34 * 0.7, "media"),
        ("server-room", "fire", 0.0005, "site"),
        ("office", "surge", 0.003 * 0.5, "plugged-in"),
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
        ("account-loss-takeover", 0.001),
        ("provider-failure-hyperscaler", 1e-6),
        ("account-loss", 0.002),
        ("provider-failure", 0.0005),
        ("software-fault", 0.001),
        ("key-loss", 0.005),
    ],
)
def test_people_strike_as_often_as_their_source_says(shock: str, per_year: float) -> None:
    assert presets().shocks[shock].rate * YEAR == pytest.approx(per_year, rel=1e-9)


def _numbers(value: Any, path: str) -> Iterator[str]:
    """Yield the dotted path of every number below a value, items of lists counted from 1."""
    if isinstance(value, BaseModel):
        value = {
            (field.alias or name): getattr(value, name)
            for name, field in type(value).model_fields.items()
            if name != "sources"
        }
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value, 1):
            yield from _numbers(item, f"{path}.{index}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path


def _presets() -> Iterator[tuple[str, Any, Any]]:
    """Yield every preset: its name, what it brings, its sources."""
    found = presets()
    for name, medium in found.media.items():
        yield f"media.{name}", medium.medium, medium.sources
        if medium.unlabelled is not None:
            of_law = [item for item in medium.sources if item.key.startswith("lifetime")]
            yield f"media.{name} unlabelled", {"lifetime": medium.unlabelled}, of_law
    for kind in ("obsolescence", "frailties", "store_shocks", "sites", "shocks"):
        for name, preset in getattr(found, kind).items():
            yield f"{kind}.{name}", preset, preset.sources
    yield "defaults", found.defaults, found.defaults.sources


ALL = {name: (brings, sources) for name, brings, sources in _presets()}


def test_the_walk_over_presets_meets_every_kind_of_number() -> None:
    kinds = set(type(presets()).model_fields)
    walked = {name.split(".")[0] for name in ALL}
    assert kinds == walked
    assert set(_numbers(ALL["media.lto-9"][0], "")) == {
        "capacity",
        "bandwidth",
        "lifetime.competing.1.afr",
        "lifetime.competing.2.weibull.shape",
        "lifetime.competing.2.weibull.scale",
        "lifetime.competing.2.weibull.location",
    }


@pytest.mark.parametrize("name", ALL)
def test_every_number_has_a_source(name: str) -> None:
    """No default without one: its key leads to the number, its parameter to a row."""
    brings, sources = ALL[name]
    rows = {(row.parameter, row.year) for row in rm.catalogue.parameters()}
    # what a description's own class sets, such as a Weibull law's location, is no number of ours
    implied = {"location", "bytes"}
    for path in _numbers(brings, ""):
        covering = [item for item in sources if f"{path}.".startswith(f"{item.key}.")]
        assert covering or path.split(".")[-1] in implied, path
        for item in covering:
            if item.parameter == "none":
                assert item.grade == "C"
                assert "judgement" in item.source
            else:
                assert (item.parameter, item.year) in rows
    for item in sources:
        assert any(f"{path}.".startswith(f"{item.key}.") for path in _numbers(brings, "")), item.key


@pytest.mark.parametrize("name", peril_reaches())
def test_every_number_of_a_peril_has_a_source(name: str) -> None:
    reach = peril_reaches()[name]
    rows = {row.parameter for row in rm.catalogue.parameters()}
    keys = {item.key for item in reach.sources}
    numbers = {"hits": reach.hits, "covers": reach.covers, "reach": reach.reach == "footprint"}
    brings = {key for key, value in numbers.items() if value}
    assert (brings | {"destroys"} if reach.destroys < 1.0 else brings) <= keys
    assert {item.parameter for item in reach.sources} <= rows


def _size(text: str) -> tuple[str, float] | None:
    for kind in ("rate", "time", "size", "bandwidth", "share"):
        try:
            return kind, parse(text if not _bare(text) else float(text), kind)
        except ValueError:
            continue
    return None


def _bare(text: str) -> bool:
    return re.fullmatch(r"[\d.]+", text) is not None


@pytest.mark.parametrize("name", ALL)
def test_ranges_of_sources_can_be_read(name: str) -> None:
    for item in ALL[name][1]:
        if item.low is None:
            assert item.high is None
            continue
        low, high = _size(item.low), _size(item.high)
        value = _size(item.value.rsplit(" = ", 1)[-1])
        assert low is not None, item.low
        assert high is not None, item.high
        assert value is not None, item.value
        assert low[0] == value[0] == high[0]
        assert low[1] <= value[1] * (1 + 1e-9)
        assert value[1] <= high[1] * (1 + 1e-9)
        assert low[1] < high[1]


@pytest.mark.parametrize("name", [name for name in ALL if name.startswith("media.")])
def test_of_every_medium_a_source_says_what_its_range_scales(name: str) -> None:
    _, sources = ALL[name]
    laws = [item for item in sources if item.key.split(".")[0] in ("lifetime", "afr") and item.low]
    assert laws
    assert all(item.scales or item.key == "afr" for item in laws)


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


def test_media_that_say_more_or_less_of_a_preset_are_told_apart():
    """They are equal where what one says is what stands there anyway, and yet merge otherwise."""
    silent, denied = (
        rm.Layout.from_dict({"media": {"m": {"preset": "hdd", **said}},
                          "copies": [{"name": "disk", "store": {"media": "m"}}]})
        for said in ({}, {"latent_errors": None})
    )  # fmt: skip
    assert silent.medium("m").latent_errors is not None
    assert denied.medium("m").latent_errors is None
