"""The single changes that make sense for a layout, each as a whole layout that can be saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._changes_of_copies import CHANGES_OF_COPIES
from riskmodel._program import compile_layout
from riskmodel._resolve import people_keys
from riskmodel._rest import live_copy
from riskmodel.errors import LayoutError
from riskmodel.gates import media_kind

if TYPE_CHECKING:
    from riskmodel.layout import Copy, Layout

__all__ = ["Change", "single_changes"]

_REMOTE = ("cloud-region", "data-centre")
_TAPE_FROM = 2e12  # bytes; a tape drive for less is out of all proportion
_VERSIONS = {"daily": 7, "weekly": 4, "monthly": 12}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a layout.

    Parameters
    ----------
    kind : str
        What sort of change it is, for example ``"offsite copy"``.
    name : str
        What to do, as an order: "add a copy in cloud object storage, at another provider".
    layout : Layout
        The changed layout.
    why : str
        What it is good for, in front of ``name``: "Get a copy out of the house".
    """

    kind: str
    name: str
    layout: Layout
    why: str


def single_changes(layout: Layout, horizon_hours: float | None = None) -> tuple[Change, ...]:
    """List the single changes that make sense for a layout.

    Parameters
    ----------
    layout : Layout
        As it is.
    horizon_hours : float, optional
        Mission time, if not the layout's own. [h]

    Returns
    -------
    tuple of Change
        In no order of merit. Left out is what the layout has already, what changes nothing that is
        simulated, and what lacks a number that only its owner knows, such as the time of a rebuild.

    Notes
    -----
    New copies are those of the example layouts: a bucket is fed daily and keeps versions for a
    year under a login of its own, a disk or tape is fed by hand and lies unplugged.
    """
    before = compile_layout(layout, horizon_hours).digest()
    found: dict[str, Change] = {}
    for kind, why, name, edit in _edits(layout):
        try:
            changed = _edited(layout, edit)
            digest = compile_layout(changed, horizon_hours).digest()
        except LayoutError:
            continue  # it would need what the layout does not say
        if digest != before:
            named = changed.model_copy(update={"name": f"{layout.name}, changed: {name}"[:200]})
            found.setdefault(digest, Change(kind, name, named, why))
    return tuple(found.values())


Edit = Callable[[dict[str, Any]], None]
Draft = tuple[str, str, str, Edit]


def _edited(layout: Layout, edit: Edit) -> Layout:
    from pydantic import ValidationError

    from riskmodel._described import first_mistake

    raw = layout.model_dump(mode="python", exclude_unset=True, by_alias=True)
    raw["copies"] = [dict(copy) for copy in raw["copies"]]
    raw["ranges"] = layout.ranges
    edit(raw)
    try:
        return type(layout).model_validate(raw)
    except ValidationError as error:
        raise LayoutError(first_mistake(error, raw)) from None


def _edits(layout: Layout) -> Iterator[Draft]:
    live = live_copy(layout)
    yield from _new_copies(layout, live)
    for copy in layout.copies:
        for changes in CHANGES_OF_COPIES:
            for kind, why, name, edit in changes(layout, live, copy):
                yield kind, why, name, _of_copy(copy.name, edit)
        if copy.name != live.name:
            yield from _places(layout, live, copy)
        yield from _batches(layout, copy)
    for key, kept in layout.keys_.items():
        person = _free("a second person", kept.kept)
        yield (
            "key elsewhere",
            "Let the key survive who keeps it",
            f"have the key '{key}' kept by a second person as well",
            lambda raw, key=key, person=person: raw["keys"].update(  # type: ignore[misc]
                {key: {"kept": (*raw["keys"][key]["kept"], person)}}
            ),
        )


def _of_copy(name: str, edit: Edit) -> Edit:
    def run(raw: dict[str, Any]) -> None:
        edit(next(copy for copy in raw["copies"] if copy["name"] == name))

    return run


def _free(name: str, taken: Any) -> str:
    known, number, found = set(taken), 1, name
    while found in known:
        number += 1
        found = f"{name} {number}"
    return found


def _taken(layout: Layout) -> set[str]:
    return {*layout.sites, *(copy.name for copy in layout.copies)}


def _new_copies(layout: Layout, live: Copy) -> Iterator[Draft]:
    taken = _taken(layout)
    here = _base(layout, live)
    away = here is not None and any(c.site not in (None, here) for c in layout.copies)
    kinds = {media_kind(layout, copy.store.media) for copy in layout.copies}
    out = "Get one more copy elsewhere" if away else f"Get a copy out of {_house(layout, here)}"

    cloud = _free("another cloud" if "cloud" in kinds else "cloud", taken)
    region = _free(f"region of {cloud}", taken)
    name = "add a copy in cloud object storage at a provider of its own"
    yield "offsite copy", out, name, _adding(
        layout, live,
        {"name": cloud, "site": region, "store": {"media": "object-storage"},
         "credentials": f"login of {cloud}", "account": f"account of {cloud}",
         "check": {"every": "1 day", "depth": "listed"}, "recovery": {"fixed": "14 days"}},
        {"every": "1 day"}, (region, {"kind": "cloud-region", "recovery": {"fixed": "90 days"}}),
    )  # fmt: skip
    disk, elsewhere = _free("disk elsewhere", taken), _free("elsewhere", taken)
    yield "offsite copy", out, "add a disk that is kept unplugged in another building", _adding(
        layout, live,
        {"name": disk, "site": elsewhere, "store": {"media": "usb-hdd"}, "offline": True,
         "check": {"every": "90 days", "depth": "listed"}, "recovery": {"fixed": "7 days"}},
        {"every": "30 days", "by": "hand"},
        (elsewhere, {"kind": "home", "recovery": {"fixed": "30 days"}}),
    )  # fmt: skip
    if here is not None or not layout.sites:
        second = _free("second disk", taken)
        place = {} if here is None else {"site": here}
        name = "add one more disk next to the data"
        yield "second disk", "Do not rest on one backup", name, _adding(
            layout, live,
            {"name": second, **place, "store": {"media": "usb-hdd"}, "offline": True,
             "check": {"every": "30 days", "depth": "listed"}, "recovery": {"fixed": "7 days"}},
            {"every": "30 days", "by": "hand"}, None,
        )  # fmt: skip
    if "tape" not in kinds and (layout.size or 0.0) >= _TAPE_FROM:
        tapes, vault = _free("tapes", taken), _free("vault", taken)
        yield "tape", out, "add LTO tapes that are kept in a vault", _adding(
            layout, live,
            {"name": tapes, "site": vault, "store": {"media": "lto"},
             "check": {"every": "180 days", "depth": "bytes"}, "recovery": {"fixed": "7 days"}},
            {"every": "7 days", "by": "hand"},
            (vault, {"kind": "bank-vault", "recovery": {"fixed": "30 days"}}),
        )  # fmt: skip


def _adding(
    layout: Layout,
    live: Copy,
    copy: dict[str, Any],
    feed: dict[str, Any],
    site: tuple[str, dict[str, Any]] | None,
) -> Edit:
    """Return the edit that adds a copy; how it is fed is said where the layout speaks of people."""
    if people_keys(layout):
        copy["fed"] = {"from": live.name, "how": "backup", **feed}
        copy["retention"] = dict(_VERSIONS)
    else:
        for key in ("credentials", "account"):
            copy.pop(key, None)

    def run(raw: dict[str, Any]) -> None:
        raw["copies"].append(copy)
        if site is not None:
            raw["sites"] = {**raw.get("sites", {}), site[0]: site[1]}

    return run


def _base(layout: Layout, live: Copy) -> str | None:
    """Return the site where its people are: the live copy's, unless a provider holds that."""
    for copy in (live, *layout.copies):
        if copy.site is not None and layout.sites[copy.site].kind not in _REMOTE:
            return copy.site
    return None


def _house(layout: Layout, site: str | None) -> str:
    kind = layout.sites[site].kind if site is not None else None
    named = {"home": "the house", "flat": "the flat", "office": "the office"}
    return named.get(kind or "", f"'{site}'" if site is not None else "the live copy's place")


def _places(layout: Layout, live: Copy, copy: Copy) -> Iterator[Draft]:
    if copy.site is None or live.site is None:
        return
    if copy.site == live.site and layout.sites[copy.site].kind not in _REMOTE:
        elsewhere = _free("elsewhere", _taken(layout))

        def move(raw: dict[str, Any]) -> None:
            raw["sites"] = {
                **raw["sites"], elsewhere: {"kind": "home", "recovery": {"fixed": "30 days"}}
            }  # fmt: skip
            next(c for c in raw["copies"] if c["name"] == copy.name)["site"] = elsewhere

        house = _house(layout, copy.site)
        yield "move", f"Get a copy out of {house}", f"keep '{copy.name}' in another building", move
    here, there = layout.sites[live.site], layout.sites[copy.site]
    if copy.site != live.site and here.location and there.location:

        def farther(raw: dict[str, Any]) -> None:
            # nobody knows which place it would be: one of average nature that shares no disaster
            raw["sites"] = dict(raw["sites"])
            kept = raw["sites"][copy.site]
            raw["sites"][copy.site] = {
                k: v for k, v in kept.items() if k not in ("location", "country")
            }

        yield (
            "farther",
            "Let no disaster reach both places",
            f"move '{copy.site}' out of reach of what strikes '{live.site}'",
            farther,
        )


def _batches(layout: Layout, copy: Copy) -> Iterator[Draft]:
    """Yield the mixing of drives in a store, and of drives between copies."""
    own = layout.media.get(copy.store.media)
    if own is None or (own.batch is None and own.model is None):
        return
    medium, labels = copy.store.media, ("batch", "model")
    others = {
        other.store.media
        for other in layout.copies
        if other.name != copy.name and other.store.media in layout.media
    }
    alike = [
        name
        for name in others
        if any(
            (mine := getattr(own, key)) and (its := getattr(layout.media[name], key))
            and mine.label == its.label
            for key in labels
        )
    ]  # fmt: skip
    if alike and copy.name != live_copy(layout).name:
        new = _free(f"{medium} of {copy.name}", layout.media)

        def other_drives(raw: dict[str, Any]) -> None:
            drive = dict(raw["media"][medium])
            for key in labels:
                if drive.get(key):
                    label = f"{key} of {copy.name}"
                    drive[key] = {**drive[key], "label": label}
            raw["media"] = {**raw["media"], new: drive}
            here = next(c for c in raw["copies"] if c["name"] == copy.name)
            here["store"] = {**here["store"], "media": new}

        name = f"use drives of another model and batch for '{copy.name}'"
        yield "mix drives", "Let no bad batch take two copies", name, other_drives
    if copy.store.tolerance and _has_average_law(own.based_on):
        # the law of a drive of which neither is said is the average over models and lots
        mixed = _free(f"{medium}, mixed", layout.media)

        def mix(raw: dict[str, Any]) -> None:
            drive = {k: v for k, v in raw["media"][medium].items() if k not in labels}
            raw["media"] = {**raw["media"], mixed: drive}
            here = next(c for c in raw["copies"] if c["name"] == copy.name)
            here["store"] = {**here["store"], "media": mixed}

        name = f"fill '{copy.name}' with drives of different models and batches"
        yield "mix drives", "Let no bad batch take a whole store", name, mix


def _has_average_law(preset: str | None) -> bool:
    from riskmodel.preset_catalogue import presets

    return preset is not None and presets().media[preset].unlabelled is not None
