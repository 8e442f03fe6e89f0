"""Sourced defaults: media and kinds of sites that a layout may name instead of spelling out."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from riskmodel._data import data_folder
from riskmodel._described import Described
from riskmodel.lifetimes import Law
from riskmodel.media import Medium, Name
from riskmodel.sites import Peril
from riskmodel.units import Bandwidth, Fraction, Hours, PerHour

__all__ = ["MediumPreset", "Presets", "ShockPreset", "SitePreset", "Source", "presets"]


class Source(Described):
    """Where a default number comes from.

    ``grade`` is A for measured on a stated population, B for derived or of one vendor, C for a
    judgement; ``parameter`` is its name in the catalogue of parameters.
    """

    key: Name
    parameter: Name
    value: str
    low: str | None = None
    high: str | None = None
    source: str
    address: str = ""
    year: str = ""
    grade: Literal["A", "B", "C"]
    scales: Literal["rate", "time", ""] = ""
    note: str = ""


class MediumPreset(Described):
    """A medium by name, and where each of its numbers comes from."""

    about: str
    medium: Medium
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class SitePreset(Described):
    """A kind of site: the perils that strike such a place, each sourced."""

    about: str
    perils: dict[Name, Peril]
    sources: tuple[Source, ...] = ()


class ShockPreset(Described):
    """Harm by people or malware: how often it strikes and when it shows; a layout says whom."""

    about: str
    rate: PerHour
    noticed: Law | None = None
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class Defaults(Described):
    """Numbers that stand in where a layout is silent."""

    rebuild_bandwidth: Bandwidth
    replacement_wait: Hours
    site_recovery: Hours
    check_every: Hours
    model_variance: float
    batch_variance: float
    missed_by_scheduler: Fraction
    missed_by_hand: Fraction
    hand_variance: float
    unrestorable: Fraction
    unrestorable_shared: float
    sources: tuple[Source, ...]


class Presets(Described):
    """All sourced defaults of this release."""

    media: dict[Name, MediumPreset]
    sites: dict[Name, SitePreset]
    shocks: dict[Name, ShockPreset]
    defaults: Defaults


@cache
def presets() -> Presets:
    """Return the sourced defaults that come with the package."""
    with (data_folder() / "presets.toml").open("rb") as file:
        return Presets.model_validate(tomllib.load(file), context={"from_file": True})
