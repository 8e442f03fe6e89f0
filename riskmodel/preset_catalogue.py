"""Sourced defaults: media and kinds of sites that a layout may name instead of spelling out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field

from riskmodel._data import data_folder
from riskmodel._described import Described
from riskmodel.drive_models import find_drive
from riskmodel.lifetimes import Law
from riskmodel.media import Medium, Name
from riskmodel.sites import Peril
from riskmodel.units import Bandwidth, Fraction, Hours, PerHour

__all__ = [
    "FrailtyPreset",
    "LawPreset",
    "MediumPreset",
    "Presets",
    "ShockPreset",
    "SitePreset",
    "Source",
    "StoreShockPreset",
    "presets",
]


class Source(Described):
    """Where a default number comes from.

    ``key`` is its dotted path inside the preset, items of lists counted from 1; all numbers below
    it are covered. ``grade`` is A for measured on a stated population, B for derived or of one
    vendor, C for a judgement; ``parameter`` is its name in the catalogue of parameters.

    ``low`` and ``high`` are quantities of the kind of ``value``. Where the key is a whole law, they
    are values of one figure of it, and ``scales`` says what follows that figure proportionally:
    the law's hazard (``rate``) or its times (``time``).
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


Sources = Annotated[tuple[Source, ...], Field(min_length=1)]


class MediumPreset(Described):
    """A medium by name, and where each of its numbers comes from.

    The lifetime is that of a drive of stated model or lot, at frailty 1; ``unlabelled`` is the law
    of a drive of which neither is stated, where the two differ. Its sources are those of
    ``lifetime``.
    """

    about: str
    medium: Medium
    unlabelled: Law | None = None
    sources: Sources

    def medium_for(self, own: Medium | None) -> Medium:
        """Return the preset's medium with the law that fits what a layout says of its drives.

        Of a drive whose model is known by name the model's frailty is known too, so that the law
        is the one without labels.
        """
        labels = (own.batch, own.model) if own is not None else ()
        drive = find_drive(own.drive) if own is not None and own.drive is not None else None
        if drive is not None and self.unlabelled is not None:
            return self.medium.model_copy(update={"lifetime": drive.lifetime(self.unlabelled)})
        if self.unlabelled is None or any(label and label.variance for label in labels):
            return self.medium
        return self.medium.model_copy(update={"lifetime": self.unlabelled})


class SitePreset(Described):
    """A kind of site: the perils that strike such a place, each sourced."""

    about: str
    perils: dict[Name, Peril]
    sources: Sources


class ShockPreset(Described):
    """Harm by people or malware: how often it strikes and when it shows; a layout says whom."""

    about: str
    rate: PerHour
    noticed: Law | None = None
    backups: Fraction | None = None
    sources: Sources


class FrailtyPreset(Described):
    """How much drives that share a model or a lot differ from others, as a gamma variance."""

    about: str
    variance: float
    sources: Sources


class StoreShockPreset(Described):
    """What can strike all drives of a store at once."""

    about: str
    rate: PerHour
    kills: Fraction
    sources: Sources


class LawPreset(Described):
    """A random time by name."""

    about: str
    law: Law
    sources: Sources


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
    sources: Sources


class Presets(Described):
    """All sourced defaults of this release."""

    media: dict[Name, MediumPreset]
    obsolescence: dict[Name, LawPreset]
    frailties: dict[Name, FrailtyPreset]
    store_shocks: Annotated[dict[Name, StoreShockPreset], Field(alias="store-shocks")]
    sites: dict[Name, SitePreset]
    shocks: dict[Name, ShockPreset]
    defaults: Defaults


@cache
def presets() -> Presets:
    """Return the sourced defaults that come with the package."""
    with (data_folder() / "presets.toml").open("rb") as file:
        raw = tomllib.load(file)
    for kind in ("media", "sites"):
        raw[kind] = {name: _resolved(name, raw[kind]) for name in raw[kind]}
    return Presets.model_validate(raw, context={"from_file": True})


def _resolved(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a preset with what it takes over from the one that it names in ``as``."""
    own = dict(raw[name])
    if "as" not in own:
        return own
    base = _resolved(own.pop("as"), raw)
    merged = base | own
    said: set[str] = set()
    for part, prefix in (("medium", ""), ("perils", "perils.")):
        if part in base or part in own:
            merged[part] = base.get(part, {}) | own.get(part, {})
            said |= {prefix + key for key in own.get(part, {})}
    kept = [item for item in base["sources"] if not _covers(said, item["key"])]
    merged["sources"] = [*own.get("sources", ()), *kept]
    return merged


def _covers(said: set[str], key: str) -> bool:
    return any(f"{key}.".startswith(f"{word}.") for word in said)
