"""How far is far enough: two places by coordinates, as a table, a figure and a command."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._footprints import footprints
from riskmodel._text import distance_text
from riskmodel.geodesy import distance_km
from riskmodel.perils import countries, hit_rate, joint_hit_interval, peril_reaches
from tests.commands import riskmodel_command

MIAMI, TAMPA = (25.76, -80.19), (27.95, -82.46)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "riskmodel", "distance", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_degree_of_the_equator() -> None:
    # the equator of WGS84 has a radius of 6378.137 km
    assert distance_km((0.0, 10.0), (0.0, 11.0)) == pytest.approx(111.31949079, abs=1e-7)
    assert distance_km((0.0, 179.5), (0.0, -179.5)) == pytest.approx(111.31949079, abs=1e-7)


def test_the_joint_rate_is_the_chance_times_the_smaller_rate() -> None:
    found = {item.peril: item for item in rm.distance(MIAMI, TAMPA).perils}
    hurricane = found["hurricane"]
    rates = hit_rate("hurricane", MIAMI), hit_rate("hurricane", TAMPA)
    assert rates[0] is not None
    assert rates[1] is not None
    joint = hurricane.joint
    assert joint is not None
    smaller = min(rate.per_year for rate in rates if rate)
    assert joint.per_year == pytest.approx(hurricane.probability * smaller)
    assert 0.0 < joint.low < joint.per_year < joint.high
    assert hurricane.interval is not None
    assert hurricane.interval[0] < hurricane.probability < hurricane.interval[1]


def test_far_enough_is_where_one_hit_in_a_hundred_is_joint() -> None:
    for item in rm.distance(MIAMI, TAMPA).perils:
        assert item.far_km is not None
        assert rm.joint_hit_probability(item.peril, item.far_km) == pytest.approx(0.01, rel=1e-6)
        assert rm.joint_hit_probability(item.peril, 0.0) == pytest.approx(1.0, abs=1e-12)


def test_rates_by_place_agree_with_counts_near_cities() -> None:
    # counted within the footprints at the very place, NOAA HURDAT2 2004-2019 and USGS 1920-2023;
    # cells of 3 degrees are coarser, so that only the interval can be asked to hold them
    for peril, place, counted in (
        ("hurricane", MIAMI, 0.062),
        ("hurricane", (29.95, -90.07), 0.125),
        ("hurricane", (34.23, -77.94), 0.188),
        ("earthquake", (34.05, -118.24), 0.00085),
        ("earthquake", (41.0, 29.0), 0.00151),
        ("earthquake", (-33.45, -70.67), 0.00671),
    ):
        rate = hit_rate(peril, place)
        assert rate is not None
        assert rate.from_place
        assert rate.low < counted < rate.high
    quiet = hit_rate("earthquake", (51.5, -0.1))
    assert quiet is not None
    assert (quiet.per_year, quiet.low) == (0.0, 0.0)
    assert quiet.high > 0.0
    assert hit_rate("hurricane", (35.68, 139.69)) is None  # typhoons are in no catalogue here


def test_every_peril_and_number_has_a_source() -> None:
    reaches = peril_reaches()
    shaped = {name for name, known in reaches.items() if known.reach == "footprint"}
    assert shaped - {"nature"} == set(footprints())
    for name, known in reaches.items():
        keys = {source.key for source in known.sources}
        needed = {key for key in ("hits", "destroys", "covers") if key in known.model_fields_set}
        if name == "national-catastrophe":  # its site is a whole country
            needed -= {"destroys"}
        if name == "wildfire":  # counts what is destroyed
            needed -= {"destroys"}
        assert needed <= keys, name
        assert keys & {"reach", "hits"}, name


def test_countries_are_those_of_iso_3166() -> None:
    assert len(countries()) == 249
    assert {"NL", "US", "GB", "TW"} < countries()
    assert not {"UK", "EU", "nl"} & countries()


@pytest.mark.parametrize(
    ("peril", "km", "message"),
    [
        ("floods", 1.0, "did you mean 'flood'"),
        ("burglary", 1.0, "no footprint of 'burglary'"),
        ("flood", -1.0, "from 0 on, got -1"),
        ("flood", float("nan"), "got nan"),
    ],
)
def test_bad_questions(peril: str, km: float, message: str) -> None:
    with pytest.raises(rm.InputError, match=message):
        rm.joint_hit_probability(peril, km)


def test_a_figure_shows_each_peril_and_the_distance() -> None:
    found = rm.distance(MIAMI, TAMPA, countries_of=("US", "US"))
    ax = rm.plot.distance(found)
    labels = {line.get_label() for line in ax.get_lines()}
    assert {item.peril for item in found.perils if item.far_km} < labels
    assert "national-catastrophe" not in labels
    marks = [line.get_xdata() for line in ax.get_lines() if len(line.get_xdata()) == 2]
    assert any(found.distance_km == pytest.approx(mark[0]) for mark in marks)


def test_the_command(tmp_path: Path) -> None:
    picture = tmp_path / "far.svg"
    done = run("-33.87,151.2", "-37.8,144.96", "--json", "--plot", str(picture))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["distance_km"] == pytest.approx(712.4, abs=0.1)
    assert {row["peril"] for row in document["perils"]} == set(footprints())
    assert "<svg" in picture.read_text("utf-8")
    words = ("52.37,4.90", "52.09,5.12", "--countries", "NL,NL")
    text = riskmodel_command("distance", *words).stdout
    assert "national-catastrophe" in text
    assert "34." in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("91,0", "0,0"), "first place: latitude must be from -90 to 90, got 91"),
        (("0,0", "0,181"), "second place: longitude must be from -180 to 180, got 181"),
        (("0,nan", "0,0"), "longitude"),
        (("home", "0,0"), "expects latitude and longitude"),
        (("0,0", "1,1", "--countries", "NL,UK"), "unknown country 'UK'"),
        (("0,0", "1,1", "--countries", "NL"), "expects two codes"),
        (("0,0", "1,1", "--plot", "/nowhere/at/all.svg"), "there is no folder /nowhere/at"),
    ],
)
def test_bad_input_is_one_message(arguments: tuple[str, ...], message: str) -> None:
    done = riskmodel_command("distance", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_no_bound_of_a_chance_rises_with_distance() -> None:
    """Where the catalogue has no pair so far apart, what is sure nearby bounds the chance."""
    for peril in footprints():
        found = [joint_hit_interval(peril, km) for km in np.geomspace(0.01, 20_000, 300)]
        highs = [item[1] for item in found if item is not None]
        assert all(b <= a + 5e-3 for a, b in itertools.pairwise(highs)), peril
    flood = joint_hit_interval("flood", 700.0)
    assert flood is not None
    assert flood[1] < 0.03


def test_antipodes_have_no_exponent_and_what_was_never_seen_is_not_never() -> None:
    found = rm.distance((90.0, 0.0), (-90.0, 0.0))
    text = distance_text(found)
    assert text.startswith("20,000 km apart")
    assert "e+0" not in text
    here = distance_text(rm.distance((52.37, 4.90), (52.37, 4.90)))
    (line,) = (line for line in here.splitlines() if line.startswith("earthquake  "))
    assert line.endswith("below 0.004")


@pytest.mark.parametrize("other", [(52.37, 4.90), (-52.37, -175.1), (52.38, 4.91)])
def test_a_picture_of_any_two_places_marks_them_within_its_edges(
    other: tuple[float, float],
) -> None:
    axes = rm.plot.distance(rm.distance((52.37, 4.90), other))
    low, high = axes.get_xlim()
    (mark,) = (line for line in axes.lines if len(np.asarray(line.get_xdata())) == 2)
    assert low <= float(np.asarray(mark.get_xdata())[0]) <= high
    assert not any("e+" in text.get_text() for text in axes.texts)
