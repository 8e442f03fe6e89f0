"""Which sourced defaults a layout rests on: all that matter in it, and none that it overrides."""

from __future__ import annotations

import json
from typing import Any

import pytest

import riskmodel as rm
from riskmodel import examples
from riskmodel._text import estimate_text
from riskmodel._used import parameters_used
from riskmodel.catalogue import parameters
from riskmodel.perils import hit_rate
from riskmodel.units import parse


def _layout(**keys: Any) -> rm.Layout:
    copies = [{"name": "a", "store": {"media": "m"}}]
    return rm.Layout.from_dict({"horizon": "1 year", "copies": copies} | keys)


def _paths(layout: rm.Layout) -> set[str]:
    return {item.path for item in parameters_used(layout)}


def test_what_a_layout_says_itself_rests_on_nothing() -> None:
    assert _paths(_layout(media={"m": {"afr": 0.02}})) == set()
    assert _paths(_layout(media={"m": {"preset": "ssd", "afr": 0.02}})) == set()


def test_a_medium_brings_its_law() -> None:
    assert _paths(_layout(media={"m": {"preset": "ssd"}})) == {"media.m.afr"}
    hdd = {"media.m.lifetime", "media.m.lifetime.competing.3"}
    assert _paths(_layout(media={"m": {"preset": "hdd"}})) == hdd


def test_latent_errors_count_where_they_can_matter() -> None:
    store = {"media": "m", "level": "raid1", "drives": 2}
    found = _layout(
        media={"m": {"preset": "hdd", "capacity": "4 TB"}}, copies=[{"name": "a", "store": store}]
    )
    extra = {"media.m.latent_errors.mean_time", "defaults.rebuild_bandwidth"}
    assert extra <= _paths(found)
    own = found.replace("media.m.latent_errors", {"mean_time": 9e4})
    assert "media.m.latent_errors.mean_time" not in _paths(own)
    assert "defaults.rebuild_bandwidth" not in _paths(
        found.replace("copies.a.store.rebuild", {"fixed": 12.0})
    )


def test_a_drive_model_brings_its_own_rate_with_its_interval() -> None:
    item, *shape = parameters_used(_layout(media={"m": {"drive": "WDC WD30EFRX-68EUZN0"}}))
    assert {row.source.parameter for row in shape} >= {"disk/afr_peak_by_age/HDD"}
    assert "disk/afr_fleet/HDD" not in {row.source.parameter for row in shape}
    assert (item.path, item.preset) == ("media.m.drive", "WD30EFRX")
    (row,) = parameters().named(item.source.parameter)
    assert item.source.value == f"{row.value} %/yr"
    assert item.source.scales == "rate"


def test_dependence_presets_and_obsolescence_are_named() -> None:
    medium = {
        "afr": 0.02,
        "batch": {"label": "b", "preset": "lot"},
        "model": {"label": "m", "preset": "model", "variance": 0.4},
        "obsolescence": "readers",
    }
    store = {"media": "m", "shocks": [{"preset": "shelf", "kills": 0.5}]}
    found = _layout(media={"m": medium}, copies=[{"name": "a", "store": store}])
    assert _paths(found) == {
        "media.m.batch.variance",
        "media.m.obsolescence",
        "copies.a.store.shocks.shelf.rate",
    }


def test_a_site_brings_its_perils_but_for_those_that_are_overridden() -> None:
    site = {"kind": "home", "perils": {"fire": {"rate": "1/year"}}}
    found = _layout(
        media={"m": {"lifetime": "none"}},
        sites={"home": site, "elsewhere": {"kind": "office"}},
        copies=[{"name": "a", "site": "home", "store": {"media": "m"}}],
    )
    expected = {f"sites.home.perils.{name}" for name in ("burglary", "water", "surge", "nature")}
    assert _paths(found) == expected


def test_people_count_where_they_reach_somebody() -> None:
    copies = [
        {"name": "a", "store": {"media": "m"}, "recovery": {"fixed": "1 day"}},
        {
            "name": "b",
            "store": {"media": "m"},
            "recovery": {"fixed": "1 day"},
            "fed": {"from": "a", "every": "7 days", "by": "hand"},
            "account": "x",
        },
    ]
    threats = {"defaults": True, "mistake": {"rate": "1 %/year"}}
    found = _layout(media={"m": {"lifetime": "none"}}, copies=copies, threats=threats)
    assert _paths(found) == {
        "threats.mistake.noticed",
        "threats.ransomware.rate",
        "threats.ransomware.noticed",
        "threats.account-loss.rate",
        "defaults.unrestorable",
        "defaults.unrestorable_shared",
        "defaults.missed_by_hand",
        "defaults.hand_variance",
    }


@pytest.mark.parametrize("name", examples.example_files())
def test_every_example_names_rows_of_the_catalogue(name: str) -> None:
    known = {(row.parameter, row.year) for row in parameters()}
    found = parameters_used(rm.example(name))
    assert found
    for item in found:
        cited = (item.source.parameter, item.source.year)
        assert cited in known or (item.source.parameter == "none" and item.uncertain)


def test_results_show_them() -> None:
    layout = _layout(media={"m": {"preset": "usb-flash"}})
    loss = rm.simulate(layout)
    text = estimate_text(loss)
    assert "1 sourced defaults, 1 of them judgements (grade C)" in text
    assert "uncertain: media.m.afr" in text
    (shown,) = json.loads(json.dumps(loss.to_dict()))["parameters"]
    assert shown["path"] == "media.m.afr"
    assert (shown["low"], shown["value"], shown["high"]) == ("2 %", "4 %", "10 %")
    assert (shown["grade"], shown["uncertain"]) == ("C", True)
    both = rm.simulate(layout, method="events", trials=200)
    assert both.parameters == loss.parameters


def test_perils_by_place_are_named_with_the_figures_of_the_place() -> None:
    home = {"kind": "home", "location": [35.5, -97.5]}
    copies = [{"name": "a", "site": "home", "store": {"media": "ssd"}}]
    found = [
        item
        for item in parameters_used(_layout(sites={"home": home}, copies=copies))
        if item.path == "sites.home.perils.tornado"
    ]
    hits, destroys = (item.source for item in found)
    rate = hit_rate("tornado", (35.5, -97.5))
    assert rate is not None
    assert parse(hits.value, "rate") * 8766.0 == pytest.approx(rate.per_year, rel=0.01)
    assert (destroys.value, destroys.grade) == ("0.4", "C")
    own = {**home, "perils": {"nature": {"rate": "0.1 %/year"}}}
    assert "sites.home.perils.tornado" not in _paths(_layout(sites={"home": own}, copies=copies))
