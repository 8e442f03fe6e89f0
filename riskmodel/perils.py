"""How far disasters reach, and how often they come where a layout does not say."""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from riskmodel._data import data_folder
from riskmodel._described import Described
from riskmodel._footprints import Footprints, footprints, pair_chance
from riskmodel.errors import InputError, did_you_mean
from riskmodel.media import Name
from riskmodel.preset_catalogue import Source, presets
from riskmodel.sites import Site
from riskmodel.units import HOURS_PER_YEAR, Fraction, PerHour

__all__ = [
    "HitRate",
    "PerilReach",
    "countries",
    "hit_rate",
    "joint_hit_interval",
    "joint_hit_probability",
    "peril_reaches",
    "shapes_of",
    "site_problems",
    "sources_at",
]


class PerilReach(Described):
    """How far one event of a peril goes, and what is known of its rate.

    ``hits`` is how often an average place lies in the footprint, ``destroys`` the chance that a
    site there is lost; without ``hits`` only places in the catalogue have a rate.
    """

    about: str
    reach: Literal["footprint", "country", "building"]
    like: Name | None = None
    hits: PerHour | None = None
    hits_low: PerHour | None = None
    hits_high: PerHour | None = None
    destroys: Fraction = 1.0
    cell_degrees: Annotated[float, Field(gt=0)] | None = None
    covers: tuple[float, float, float, float] | None = None
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often a place lies in the footprint of a peril. [1/year].

    ``low`` and ``high`` are its 95 % interval, or the range of a judgement; ``from_place`` tells a
    rate of this place from that of an average one.
    """

    per_year: float
    low: float
    high: float
    from_place: bool


@cache
def peril_reaches() -> dict[str, PerilReach]:
    """Return the perils whose reach is known, by the name that a layout gives them."""
    with (data_folder() / "perils.toml").open("rb") as file:
        raw = tomllib.load(file)
    context = {"from_file": True}
    return {name: PerilReach.model_validate(row, context=context) for name, row in raw.items()}


@cache
def countries() -> frozenset[str]:
    """Return the two-letter codes of ISO 3166-1."""
    return frozenset((data_folder() / "countries.txt").read_text("utf-8").split())


def site_problems(sites: Mapping[str, Site]) -> Iterator[str]:
    """Yield what is wrong with places by themselves: a kind or a country that nobody knows.

    Parameters
    ----------
    sites : mapping of str to Site
        By name, as in a layout or a set-up file.

    Yields
    ------
    str
        Where, what, and what is known.
    """
    for name, site in sites.items():
        kinds = presets().sites
        if site.kind is not None and site.kind not in kinds:
            yield f"sites.{name}.kind: unknown kind '{site.kind}'{did_you_mean(site.kind, kinds)}"
        if site.country is not None and site.country not in countries():
            yield (
                f"sites.{name}.country: unknown country '{site.country}'; expects a two-letter "
                "code of ISO 3166 such as 'NL'"
            )


def hit_rate(peril: str, place: tuple[float, float]) -> HitRate | None:
    """Return how often a place is hit by a peril.

    Parameters
    ----------
    peril : str
        Its name.
    place : tuple of float
        Latitude and longitude. [degrees]

    Returns
    -------
    HitRate or None
        By the catalogue where it covers the place, else of an average place, None if neither is
        known.
    """
    known = peril_reaches().get(peril)
    if known is None:
        return None
    lat, lon = place
    if known.covers is not None and known.cell_degrees is not None:
        south, west, north, east = known.covers
        if south <= lat <= north and west <= lon <= east:
            size = known.cell_degrees
            cell = ((math.floor(lat / size) + 0.5) * size, (math.floor(lon / size) + 0.5) * size)
            cells = _hit_rates()[peril]
            return cells.get(cell, cells[None])
        return None
    if known.hits is None:
        return None
    low, high = known.hits_low or 0.0, known.hits_high or known.hits
    value, low, high = (rate * HOURS_PER_YEAR for rate in (known.hits, low, high))
    return HitRate(value, low, high, from_place=False)


def sources_at(peril: str, place: tuple[float, float]) -> tuple[Source, ...]:
    """Return where the rate of a peril at a place comes from: its hits, and what they destroy.

    Parameters
    ----------
    peril : str
        One whose rate `hit_rate` knows at the place.
    place : tuple of float
        Latitude and longitude. [degrees]

    Returns
    -------
    tuple of Source
        The first with the figures of this place.
    """
    known, hits = peril_reaches()[peril], hit_rate(peril, place)
    found = []
    for source in known.sources:
        if source.key in ("covers", "hits") and hits is not None:
            value, low, high = (
                f"{rate * 100:.3g} %/yr" for rate in (hits.per_year, hits.low, hits.high)
            )
            figures = {"value": value, "low": low, "high": high, "scales": "rate"}
            found.append(source.model_copy(update=figures))
        elif source.key == "destroys":
            found.append(source.model_copy(update={"scales": "rate"}))
    return tuple(found)


@cache
def _hit_rates() -> dict[str, dict[tuple[float, float] | None, HitRate]]:
    """Return rates by peril and middle of a cell; that of empty cells has no place."""
    found: dict[str, dict[tuple[float, float] | None, HitRate]] = {}
    with (data_folder() / "hit_rates.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cell = (float(row["lat"]), float(row["lon"])) if row["lat"] else None
            value, low, high = (float(row[key]) for key in ("per_year", "low", "high"))
            rate = HitRate(value, low, high, from_place=True)
            found.setdefault(row["peril"], {})[cell] = rate
    return found


def shapes_of(peril: str) -> Footprints | None:
    """Return the footprints of a peril, None if its events have none."""
    known = peril_reaches().get(peril)
    if known is None or known.reach != "footprint":
        return None
    return footprints()[known.like or peril]


def joint_hit_probability(peril: str, distance_km: float) -> float:
    """Chance that a second place is hit by an event that hits a first one.

    Parameters
    ----------
    peril : str
        A peril with a footprint: ``"flood"``, ``"hurricane"`` and so on.
    distance_km : float
        Between the two places, along the ground. [km]

    Returns
    -------
    float
        From 1 at no distance to 0 beyond the largest footprint, averaged over directions. Of two
        places that are hit at different rates, this is of the hits of the rarer.

    Raises
    ------
    InputError
        If the peril has no footprint, or the distance is below zero or no number.

    Notes
    -----
    The mean overlap of a footprint with itself, moved by the distance, over its mean area.
    `joint_hit_interval` says how sure the catalogue of events is.

    Examples
    --------
    >>> round(joint_hit_probability("flood", 10.0), 2)
    0.68
    """
    shapes = shapes_of(peril)
    if shapes is None:
        known = [name for name in peril_reaches() if shapes_of(name) is not None]
        raise InputError(
            f"joint_hit_probability: no footprint of '{peril}'{did_you_mean(peril, known)}"
        )
    if not 0.0 <= distance_km < math.inf:
        raise InputError(
            f"joint_hit_probability: distance_km must be a number from 0 on, got {distance_km!r}"
        )
    return pair_chance(shapes, distance_km)


def joint_hit_interval(peril: str, distance_km: float) -> tuple[float, float] | None:
    """Return the 95 % interval of `joint_hit_probability` over which events the catalogue holds.

    Parameters
    ----------
    peril : str
        A peril with a footprint.
    distance_km : float
        Between the two places. [km]

    Returns
    -------
    tuple of float, or None
        None where the footprint is a judgement (grade C), so that no catalogue gives one.
    """
    value = joint_hit_probability(peril, distance_km)
    rows = _kernels().get(peril)
    if rows is None:
        return None
    import numpy as np

    distances, below, above, highest = rows
    low = value - float(np.interp(distance_km, distances, below))
    high = value + float(np.interp(distance_km, distances, above))
    # the chance only falls with distance: where no pair was hit, what is sure nearby bounds it
    nearer = float(np.interp(distance_km, distances, highest))
    return max(low, 0.0), max(min(high, nearer, 1.0), value)


@cache
def _kernels() -> dict[str, tuple[list[float], ...]]:
    """Return by peril: distances, how far below and above its chance the interval goes, its end.

    The end is the lowest so far, in the order of distances.
    """
    found: dict[str, tuple[list[float], ...]] = {}
    with (data_folder() / "kernels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            columns = found.setdefault(row["peril"], ([], [], [], []))
            value, low, high = (float(row[key]) for key in ("probability", "low", "high"))
            end = min([high, *columns[3][-1:]])
            values = float(row["distance_km"]), value - low, high - value, end
            for column, number in zip(columns, values, strict=True):
                column.append(number)
    return found
