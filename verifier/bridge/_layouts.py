"""Layouts from an audit: one of what is certain, one of what may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from riskmodel._described import first_mistake
from riskmodel.errors import InputError
from riskmodel.layout import Layout
from riskmodel.units import hours
from verifier.bridge._copies import copy_of, keys_of
from verifier.bridge._people import threats_of
from verifier.bridge._places import is_region, label_of, medium_of, site_named, site_of
from verifier.inventory import Evidence

if TYPE_CHECKING:
    from verifier.rules import View

__all__ = ["Assumption", "Bridged", "to_layouts"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that the layout takes for granted, and how it is known."""

    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Bridged:
    """An audit as layouts.

    Parameters
    ----------
    worst : Layout
        With the independent copies that are certain.
    best : Layout or None
        With all that might be independent copies too; None if nothing is in doubt.
    doubts : tuple of str
        Names of the locations that make the difference.
    assumptions : tuple of Assumption
        What both rest on.
    """

    worst: Layout
    best: Layout | None
    doubts: tuple[str, ...]
    assumptions: tuple[Assumption, ...]


def to_layouts(name: str, view: View, *, horizon: str | float = "10 years") -> Bridged:
    """Turn what an audit found into layouts.

    Parameters
    ----------
    name : str
        Of the dataset.
    view : View
        The inventory with what its locations share.
    horizon : str or float
        Mission time. [h]

    Returns
    -------
    Bridged

    Raises
    ------
    InputError
        If the source itself could not be read, so that there is nothing to protect.
    """
    if 0 not in view.counted:
        reason = view.standings[0].reason or "it could not be read"
        raise InputError(f"source: is no copy, so that no layout can be made: {reason}")
    notes: dict[str, Evidence] = {}
    worst = _layout(name, view, view.counted, horizon, notes)
    least, most = len(view.counted), view.counted_at_most
    if least < most:
        text = f"{least} independent copies are counted, though there may be as many as {most}"
        notes[text] = Evidence.INFERRED
    doubts = tuple(sorted(set(view.possible) - set(view.counted)))
    best = _layout(name, view, view.possible, horizon, notes) if doubts else None
    for number, location in enumerate(view.locations):
        if number not in view.counted and number not in view.possible:
            notes[f"{location.name} is left out: {_why(view, number)}"] = Evidence.MEASURED
    return Bridged(
        worst=worst,
        best=best,
        doubts=tuple(view.locations[number].name for number in doubts),
        assumptions=tuple(Assumption(text, evidence) for text, evidence in notes.items()),
    )


def _why(view: View, number: int) -> str:
    """Say why a location is no copy of its own."""
    for other in view.counted:
        shared = view.relation(number, other).shared if other != number else ()
        if shared and not view.standings[number].reason:
            return (
                f"it shares {shared[0]} with {view.locations[other].name}; "
                "it would help against mistakes only"
            )
    return view.standings[number].reason or "a copy that it shares parts with is counted"


def _layout(
    name: str, view: View, numbers: Iterable[int], horizon: str | float, notes: dict[str, Evidence]
) -> Layout:
    locations = [view.locations[number] for number in numbers]
    names = [location.name for location in locations]
    home = site_of(locations[0], None, notes)
    places = {location.name: site_of(location, home, notes) for location in locations}
    regions = {places[place.name] for place in locations if is_region(place)}
    # a key may be kept where no copy is
    kept = [place for key in view.keys.values() for place in key.kept if place in view.sites]
    labels = {place: label_of(place, places) for place in (*places.values(), *kept)}
    used, keys = keys_of(locations, view, labels, notes)
    sites = {
        labels[place]: site_named(place, view.sites, notes, is_region=place in regions)
        for place in labels
    }
    copies = tuple(
        copy_of(
            location,
            view,
            site=labels[places[location.name]],
            key=used.get(location.name),
            names=names,
            horizon=hours(horizon, "horizon"),
            notes=notes,
        )
        for location in locations
    )
    threats = threats_of(locations, sites[labels[home]].kind, notes)
    fields: dict[str, Any] = {"keys": keys} if keys else {}
    try:
        return Layout(
            name=name,
            horizon=hours(horizon, "horizon"),
            size=max(float(locations[0].size_bytes or 0), 1.0),
            threats=threats,
            sites=sites,
            media={
                f"media of {place.name}": medium_of(place, view.inventory.at, notes)
                for place in locations
            },
            copies=copies,
            **fields,
        )
    except ValidationError as error:
        raise InputError(
            f"{name}: no layout can be made of it: {first_mistake(error, {})}"
        ) from None
