"""The bridge: what an audit found becomes a layout, and a layout gets its probability.

Every gap that is filled on the way is an assumption with its evidence. Where it is unknown whether
a location is an independent copy there are two layouts, one without it and one with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel._console import say
from riskmodel.errors import InputError
from riskmodel.layout import Copy, Layout
from riskmodel.lifetimes import Law
from riskmodel.media import Label, Medium, Store
from riskmodel.policies import Check
from riskmodel.presets import presets
from riskmodel.reporting import require_writable, write
from riskmodel.sites import Shock, Site
from riskmodel.units import format_hours, hours
from verifier.inventory import Drive, Evidence, Location

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate
    from verifier.audit import Audit
    from verifier.rules import View

__all__ = [
    "Assumption",
    "Bridged",
    "Risk",
    "assess",
    "layout_command",
    "risk_command",
    "to_layouts",
]

# media type of an inventory -> preset of the risk model
_MEDIA = {
    "hdd": "hdd",
    "usb-hdd": "usb-hdd",
    "ssd": "ssd",
    "nvme": "ssd",
    "usb-flash": "usb-flash",
    "tape": "lto",
    "vtl": "vtl",
    "optical": "dvd-r",
    "object-storage": "object-storage",
    "cloud": "object-storage",
    "cloud-object": "object-storage",
    "saas": "saas",
}
_SPINNING = ("hdd", "nas-hdd", "usb-hdd", "vtl")
_LEVELS = {"raid0", "raid1", "raid5", "raid6", "raid10", "raidz1", "raidz2", "raidz3"}
# kinds in which a deletion at the source is repeated, or that one command can delete
_WITHOUT_HISTORY = ("directory",)


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
    home = _site_of(locations[0], None, notes)
    places = {location.name: _site_of(location, home, notes) for location in locations}
    media = {f"media of {location.name}": _medium(location, notes) for location in locations}
    labels = {place: _label(place, places) for place in dict.fromkeys(places.values())}
    return Layout(
        name=name,
        horizon=hours(horizon),
        size=max(float(locations[0].size_bytes or 0), 1.0),
        sites={labels[place]: _site(place, view.sites, notes) for place in labels},
        media=media,
        copies=tuple(
            _copy(location, labels[places[location.name]], notes) for location in locations
        ),
        shocks=tuple(_shocks(locations, _histories(view), notes)),
    )


def _site_of(location: Location, home: str | None, notes: dict[str, Evidence]) -> str:
    site = location.domains.site
    if site.value:
        notes[f"{location.name} is at {site.value}"] = site.evidence
        return site.value
    place = home or "the source's site"
    if home is not None:
        notes[f"{location.name} names no site and is taken to be at {place}"] = Evidence.INFERRED
    return place


def _label(place: str, copies: Mapping[str, str]) -> str:
    """Return a name for a site that no copy has: names are unique over both."""
    while place in copies:
        place = f"{place} (site)"
    return place


def _site(place: str, known: Mapping[str, Site], notes: dict[str, Evidence]) -> Site:
    site = known.get(place, Site())
    defaults = presets().defaults
    changes: dict[str, Any] = {}
    if site.kind is None and not site.perils:
        notes[f"{place} is struck like a home: no kind and no perils are stated"] = (
            Evidence.INFERRED
        )
        changes["kind"] = "home"
    if site.recovery is None:
        wait = format_hours(defaults.site_recovery)
        notes[f"{place} works again {wait} after a disaster (judgement)"] = Evidence.INFERRED
        changes["recovery"] = Law(fixed=defaults.site_recovery)
    return Site(**{key: getattr(site, key) for key in site.model_fields_set}, **changes)


def _medium(location: Location, notes: dict[str, Evidence]) -> Medium:
    found = location.media_type
    drives = location.domains.drives.value or ()
    preset = _MEDIA.get(found.value or "")
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
    sizes = [drive.size_bytes for drive in drives if drive.size_bytes]
    if sizes:
        fields["capacity"] = float(max(sizes))
    models = {drive.model for drive in drives if drive.model}
    if preset in _SPINNING and len(models) == 1:
        # drives of one model share a fate wherever they are
        variance = presets().defaults.model_variance
        fields["model"] = Label(label=models.pop(), variance=variance)
    return Medium(**fields)


def _store(location: Location, notes: dict[str, Evidence]) -> Store:
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


def _copy(location: Location, site: str, notes: dict[str, Evidence]) -> Copy:
    live = location.name == "source"
    check = None
    if not live:
        every = presets().defaults.check_every
        text = (
            f"the loss of {location.name} is noticed by a look every {format_hours(every)} "
            "(judgement)"
        )
        notes[text] = Evidence.INFERRED
        check = Check(every=every)
    return Copy(
        name=location.name,
        role="primary" if live else "backup",
        site=site,
        store=_store(location, notes),
        check=check,
        offline=location.offline,
    )


def _histories(view: View) -> list[str]:
    """Names of whole copies that keep points of their own, counted or not."""
    places = (view.locations[number] for number in view.copies)
    return [place.name for place in places if place.kind not in _WITHOUT_HISTORY]


def _shocks(
    locations: list[Location], histories: list[str], notes: dict[str, Evidence]
) -> Iterator[Shock]:
    """People and malware, by whom they can reach."""
    online = [
        place for place in locations if not place.offline and place.immutable.value is not True
    ]
    plain = [place for place in online if place.kind in _WITHOUT_HISTORY or place.name == "source"]
    accounts = [place for place in locations if place.domains.account.value]
    locked = [place for place in locations if place.encrypted.value and place.name != "source"]
    reach = {
        "mistake": (plain, "destroys the live data and every copy that is a plain folder"),
        "ransomware": (online, "reaches every copy that is neither offline nor immutable"),
        "account-loss": (accounts, "takes the copies that live in an account"),
        "key-loss": (locked, "takes the encrypted copies"),
    }
    counted = {place.name for place in locations}
    undone = [name for name in histories if name not in counted and name != "source"]
    if undone:
        # such a copy shares a drive with one that is counted, and survives what is no drive's fault
        notes[f"a mistake at the source is undone from {', '.join(undone)}"] = Evidence.INFERRED
        reach.pop("mistake")
    for name, (hit, words) in reach.items():
        if not hit:
            continue
        rate = presets().shocks[name].rate
        yearly = f"{rate * 8766:.2%}".replace("%", " % a year")
        who = ", ".join(place.name for place in hit)
        notes[
            f"{name} ({yearly}, grade {presets().shocks[name].sources[0].grade}) {words}: {who}"
        ] = Evidence.INFERRED
        yield Shock(name=name, rate=rate, hits=tuple(place.name for place in hit))


@dataclass(frozen=True, slots=True)
class Risk:
    """An audit with its probability of loss.

    Parameters
    ----------
    audit : Audit
        What was found and judged.
    bridged : Bridged
        The layouts made of it.
    worst : LossEstimate
        With the independent copies that are certain: the headline.
    best : LossEstimate or None
        With all that might be independent; None if nothing is in doubt.
    """

    audit: Audit
    bridged: Bridged
    worst: LossEstimate
    best: LossEstimate | None


def assess(
    found: Audit, *, horizon: str | float = "10 years", seed: int = 1, ranges: bool = False
) -> Risk:
    """Compute the probability of losing the data that an audit looked at.

    Parameters
    ----------
    found : Audit
        The audit.
    horizon : str or float
        Mission time. [h]
    seed : int
        Key of the random streams.
    ranges : bool
        Also give the headline its range over the uncertain inputs.

    Returns
    -------
    Risk

    Raises
    ------
    InputError
        If the source could not be read.
    """
    from riskmodel._console import bar
    from riskmodel.simulation import simulate

    bridged = to_layouts(found.setup.name, found.view, horizon=horizon)
    estimates = []
    for layout in (bridged.worst, bridged.best):
        if layout is not None:
            with bar(layout.name) as progress:
                wanted = ranges and layout is bridged.worst
                estimates.append(simulate(layout, seed=seed, progress=progress, ranges=wanted))
    return Risk(found, bridged, estimates[0], estimates[1] if len(estimates) > 1 else None)


def layout_command(path: Path, *, as_json: bool, dataset: str | None = None) -> int:
    """Run ``verifier layout``: print what was found as a layout file; return the exit code."""
    from riskmodel._write import layout_toml

    found = _audit(path, dataset)
    bridged = to_layouts(found.setup.name, found.view)
    if as_json:
        documents = {
            "worst": bridged.worst.model_dump(mode="json", exclude_unset=True, by_alias=True),
            "best": bridged.best
            and bridged.best.model_dump(mode="json", exclude_unset=True, by_alias=True),
            "assumptions": [
                {"text": note.text, "evidence": note.evidence} for note in bridged.assumptions
            ],
        }
        sys.stdout.write(json.dumps(documents, indent=2) + "\n")
        return found.exit_code
    head = [f"made by 'verifier layout' from {path.name}; it assumes that"]
    head += [f"- {note.text} [{note.evidence}]" for note in bridged.assumptions]
    sys.stdout.write(layout_toml(bridged.worst, "\n".join(head)))
    if bridged.best is not None:
        say(f"verifier: without {', '.join(bridged.doubts)}, whose independence is unknown")
    return found.exit_code


def risk_command(
    path: Path,
    *,
    as_json: bool,
    horizon: str | None,
    seed: int,
    html: Path | None,
    dataset: str | None = None,
) -> int:
    """Run ``verifier risk``: audit, compute, print; return the exit code of the gates."""
    from verifier.risk import risk_json, risk_page, risk_text

    if html is not None:
        require_writable(html)
    risk = assess(_audit(path, dataset), horizon=horizon or "10 years", seed=seed, ranges=True)
    if html is not None:
        write(risk_page(risk), html)
        say(f"verifier: wrote {html}")
    sys.stdout.write(risk_json(risk) if as_json else risk_text(risk))
    return risk.audit.exit_code


def _audit(path: Path, dataset: str | None) -> Audit:
    from verifier.audit import audit
    from verifier.catalogue import Catalogue, default_path
    from verifier.datasets import chosen, load_setups
    from verifier.host import Host

    setups = chosen(load_setups(path), dataset)
    if len(setups) > 1:
        known = ", ".join(setup.name for setup in setups)
        raise InputError(f"{path}: holds several datasets; choose one with --dataset: {known}")
    return audit(
        setups[0],
        Host(),
        now=datetime.now(UTC),
        catalogue=Catalogue(default_path()),
        talk=_talk,
        complain=_talk,
    )


def _talk(text: str) -> None:
    say(f"verifier: {text}")
