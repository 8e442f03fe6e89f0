"""Where a copy stands and on what: sites, media and stores of a layout."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from riskmodel.lifetimes import Law
from riskmodel.media import Label, Medium, Store
from riskmodel.preset_catalogue import presets
from riskmodel.sites import Site
from riskmodel.units import format_hours
from verifier.inventory import Drive, Evidence, Location
from verifier.wear import preset_of

__all__ = ["is_region", "label_of", "medium_of", "site_named", "site_of", "store_of"]

_SPINNING = ("hdd", "nas-hdd", "usb-hdd", "vtl")
_LEVELS = {"raid0", "raid1", "raid5", "raid6", "raid10", "raidz1", "raidz2", "raidz3"}


def site_of(location: Location, home: str | None, notes: dict[str, Evidence]) -> str:
    site = location.domains.site
    if site.value:
        notes[f"{location.name} is at {site.value}"] = site.evidence
        return site.value
    place = home or "the source's site"
    if home is not None:
        notes[f"{location.name} names no site and is taken to be at {place}"] = Evidence.INFERRED
    return place


def label_of(place: str, copies: Mapping[str, str]) -> str:
    """Return a name for a site that no copy has: names are unique over both."""
    while place in copies:
        place = f"{place} (site)"
    return place


def is_region(location: Location) -> bool:
    """Tell whether the site of a location is the region of a service, as the service says."""
    seen = location.domains.site.evidence in (Evidence.MEASURED, Evidence.TOOL_REPORTED)
    return seen and preset_of(location.media_type.value or "") == "object-storage"


def site_named(
    place: str, known: Mapping[str, Site], notes: dict[str, Evidence], *, is_region: bool
) -> Site:
    site = known.get(place, Site())
    defaults = presets().defaults
    changes: dict[str, Any] = {}
    if site.kind is None and not site.perils and is_region:
        notes[f"{place} is struck like a region of a cloud"] = Evidence.INFERRED
        changes["kind"] = "cloud-region"
    elif site.kind is None and not site.perils:
        notes[f"{place} is struck like a home: no kind and no perils are stated"] = (
            Evidence.INFERRED
        )
        changes["kind"] = "home"
    if site.recovery is None:
        wait = format_hours(defaults.site_recovery)
        notes[f"{place} works again {wait} after a disaster (judgement)"] = Evidence.INFERRED
        changes["recovery"] = Law(fixed=defaults.site_recovery)
    return Site(**{key: getattr(site, key) for key in site.model_fields_set}, **changes)


def medium_of(location: Location, at: datetime, notes: dict[str, Evidence]) -> Medium:
    found = location.media_type
    drives = location.domains.drives.value or ()
    preset = preset_of(found.value or "")
    if preset is None:
        preset = "hdd"
        said = f"'{found.value}'" if found.value else "unknown"
        text = f"the medium of {location.name} is {said} and taken to be a spinning disk"
        notes[text] = Evidence.INFERRED
    else:
        if preset == "hdd" and any(drive.transport == "usb" for drive in drives):
            preset = "usb-hdd"
        notes[f"the medium of {location.name} is {preset}"] = found.evidence
    fields: dict[str, Any] = {"preset": preset}
    if location.medium_since is not None:
        fields["age"] = max((at - location.medium_since) / timedelta(hours=1), 0.0)
        text = f"the medium of {location.name} is {format_hours(fields['age'])} old"
        notes[text] = Evidence.DECLARED
    sizes = [drive.size_bytes for drive in drives if drive.size_bytes]
    if sizes:
        fields["capacity"] = float(max(sizes))
    models = {drive.model for drive in drives if drive.model}
    if preset in _SPINNING and len(models) == 1:
        # drives of one model share a fate wherever they are
        variance = presets().defaults.model_variance
        fields["model"] = Label(label=models.pop(), variance=variance)
    return Medium(**fields)


def store_of(location: Location, notes: dict[str, Evidence]) -> Store:
    drives: tuple[Drive, ...] = location.domains.drives.value or ()
    media = f"media of {location.name}"
    level = location.domains.level
    if len(drives) < 2:
        return Store(media=media)
    if level.value not in _LEVELS:
        text = f"{location.name} spans {len(drives)} drives and needs all of them"
        notes[text] = Evidence.INFERRED
        return Store(media=media, level="raid0", drives=len(drives))
    notes[f"{location.name} is {level.value} of {len(drives)} drives"] = level.evidence
    if any(drive.size_bytes for drive in drives):
        return Store(media=media, level=level.value, drives=len(drives))
    notes[f"a rebuild in {location.name} takes a day: its drives' size is unknown"] = (
        Evidence.INFERRED
    )
    rebuild = Law(fixed=24.0)
    return Store(media=media, level=level.value, drives=len(drives), rebuild=rebuild)
