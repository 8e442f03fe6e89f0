"""The layout: sites, copies and policies that protect one dataset over a horizon."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StrictBool, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema

from riskmodel._described import Described, first_mistake
from riskmodel._media_from import MEDIA_FROM, MEDIA_FROM_SCHEMA, with_media_from
from riskmodel._ranges import Range, split_ranges
from riskmodel._toml import read_toml
from riskmodel.drive_models import drive_models, find_drive
from riskmodel.errors import InputError, LayoutError, did_you_mean
from riskmodel.lifetimes import Law
from riskmodel.media import Medium, Name, Store
from riskmodel.perils import site_problems
from riskmodel.policies import Check, Feed, Key, Price, Restore, Retention, Threats
from riskmodel.preset_catalogue import Defaults, presets
from riskmodel.sites import Shock, Site
from riskmodel.units import Bytes, Fraction, Hours

__all__ = ["Copy", "Layout", "load_layout"]


_INSIDE = ("ranges", "sampled_defaults")  # fields that no file spells


class Copy(Described):
    """One whole set of the data: the live one (``role = "primary"``) or a backup."""

    name: Name
    role: Literal["primary", "backup"] | None = None
    site: Name | None = None
    store: Store
    fed: Feed | None = None
    check: Check | None = None
    recovery: Law | None = None
    vulnerability: Fraction = 1.0
    offline: StrictBool = False
    online: StrictBool | None = None
    rotation: Annotated[int, Field(strict=True, ge=1)] | None = None
    refresh: Annotated[Hours, Field(gt=0)] | None = None
    pieces: Annotated[int, Field(strict=True, ge=1)] | None = None
    credentials: Name | None = None
    account: Name | None = None
    provider: Name | None = None
    key: Name | None = None
    immutable: Hours | None = None
    retention: Retention | None = None
    restore: Restore | None = None
    price: Price | None = None


def _with_media_from_schema(schema: dict[str, Any]) -> None:
    """Show editors the key that is gone once a layout is read."""
    schema["properties"][MEDIA_FROM] = MEDIA_FROM_SCHEMA


class Layout(Described):
    """Everything that is simulated: what a layout file says, with plain floats inside.

    Examples
    --------
    >>> disk = Layout.from_dict({"horizon": "5 years", "copies": [
    ...     {"name": "disk", "store": {"media": "m"}}], "media": {"m": {"afr": 0.02}}})
    >>> disk.horizon
    43830.0
    """

    model_config = ConfigDict(json_schema_extra=_with_media_from_schema)

    name: Name = "unnamed layout"
    horizon: Annotated[Hours, Field(gt=0)] | None = None
    size: Annotated[Bytes, Field(gt=0)] | None = None
    threats: Threats | None = None
    sites: dict[Name, Site] = Field(default_factory=dict)
    media: dict[Name, Medium] = Field(default_factory=dict)
    copies: tuple[Copy, ...]
    keys_: dict[Name, Key] = Field(default_factory=dict, alias="keys")
    shocks: tuple[Shock, ...] = ()
    ranges: tuple[Range, ...] = ()
    sampled_defaults: SkipJsonSchema[Defaults | None] = None

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys as a file spells them; ranges stand where their numbers are."""
        kept = (key for key in super().keys() if key not in _INSIDE)  # noqa: SIM118
        return (*kept, MEDIA_FROM)

    @classmethod
    def from_dict(
        cls, raw: Mapping[str, Any], *, origin: str = "", folder: str | Path = "."
    ) -> Layout:
        """Make a layout of the tables of a layout file.

        Parameters
        ----------
        raw : mapping
            The tables; quantities are strings with units.
        origin : str
            What messages call it, for example the name of the file.
        folder : str or Path
            Where the paths of ``media_from`` begin.

        Returns
        -------
        Layout

        Raises
        ------
        LayoutError
            With one line that names the place, the rule and the value.
        """
        prefix = f"{origin}: " if origin else ""
        context = {"from_file": True}
        try:
            for key in _INSIDE:
                if key in raw:
                    raise LayoutError(f"unknown key '{key}'{did_you_mean(key, cls.keys())}")
            if MEDIA_FROM in raw:
                raw = with_media_from(raw, Path(folder))
            plain, ranges = split_ranges(raw)
            if ranges:
                for side in ("low", "high"):
                    cls.model_validate(split_ranges(raw, side)[0], context=context)
                plain = {**plain, "ranges": ranges}
            return cls.model_validate(plain, context=context)
        except ValidationError as error:
            raise LayoutError(prefix + first_mistake(error, raw)) from None
        except LayoutError as error:
            raise LayoutError(f"{prefix}{error}") from None

    def replace(self, path: str, value: Any) -> Layout:
        """Return a layout in which one key has another value.

        Parameters
        ----------
        path : str
            Keys joined by dots; copies and shocks go by name: ``"copies.usb.check.every"``.
            ``"copies.usb"`` is the whole copy.
        value : Any
            The new value: a quantity string, a number in inside units, a table as a dict, or
            None to drop the key. A copy or a shock of a new name is added.

        Returns
        -------
        Layout

        Raises
        ------
        LayoutError
            If the path names nothing, or the result breaks a rule.
        """
        raw = self.model_dump(exclude_unset=True, by_alias=True)
        # a range that stood there, or inside of it, goes with the old value
        kept = [item for item in self.ranges if not f"{item.path}.".startswith(f"{path}.")]
        raw["ranges"] = kept
        here: Any = raw
        part, rest = _step(here, path)
        holder, held_as = here, part
        while rest:
            holder, held_as = here, part
            if isinstance(here, list | tuple):
                named = {item.get("name"): item for item in here}
                if part not in named:
                    raise LayoutError(
                        f"{path}: nothing is named '{part}'{did_you_mean(part, named)}"
                    )
                here = named[part]
            elif part in here:
                here = here[part]
            else:
                here = here.setdefault(part, {})
            part, rest = _step(here, rest)
        if isinstance(here, list | tuple):
            holder[held_as] = _with_item(here, part, value, path)
        elif value is None:
            here.pop(part, None)
        else:
            here[part] = value
        try:
            return type(self).model_validate(raw)
        except ValidationError as error:
            raise LayoutError(first_mistake(error, raw)) from None

    def medium(self, name: str) -> Medium:
        """Return a medium by its name in this layout or among the presets, presets merged in."""
        own = self.media.get(name)
        if own is None:
            return presets().media[name].medium_for(None)
        return _merged(own, frozenset(own.model_fields_set))

    def stand_ins(self) -> Defaults:
        """Return the numbers for what the layout is silent on: the sourced ones, unless varied."""
        return self.sampled_defaults or presets().defaults

    def presets_used(self) -> tuple[str, ...]:
        """Return the names of the media presets that the copies rest on."""
        names = (copy.store.media for copy in self.copies)
        used = (self.media[name].based_on if name in self.media else name for name in names)
        return tuple(sorted({name for name in used if name}))

    def digest(self) -> str:
        """Return a hash of all that the layout says, its name aside; equal laws hash equal."""
        text = self.model_dump_json(exclude={"name"}, exclude_defaults=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        names = [copy.name for copy in self.copies]
        if not names:
            yield "copies: at least one copy is needed"
        for name, count in Counter([*names, *self.sites]).items():
            if count > 1:
                yield f"{name}: names are unique over copies and sites, here {count} times"
        if sum(copy.role == "primary" for copy in self.copies) > 1:
            yield "copies: only one copy can have role = 'primary'"
        yield from site_problems(self.sites)
        for name, medium in self.media.items():
            yield from _unknown(f"media.{name}.preset", medium.preset, presets().media)
            yield from _unfit_drive(f"media.{name}.drive", medium)
        media = [*self.media, *presets().media]
        for copy in self.copies:
            at = f"copies.{copy.name}"
            yield from _unknown(f"{at}.store.media", copy.store.media, media, noun="medium")
            yield from _unknown(f"{at}.site", copy.site, self.sites)
            yield from _unknown(f"{at}.key", copy.key, self.keys_)
            for key in ("refresh", "pieces"):
                here, there = getattr(copy, key), getattr(copy.store, key)
                if here is not None and there is not None and here != there:
                    yield f"{at}.{key}: {here:g} here and {there:g} at its store; keep one"
            if copy.fed is not None:
                if copy.fed.source == copy.name:
                    yield f"{at}.fed.from: '{copy.name}' is the copy itself; name the one it is of"
                others = [name for name in names if name != copy.name]
                yield from _unknown(f"{at}.fed.from", copy.fed.source, others, noun="copy")
        for shock in self.shocks:
            for target in shock.targets:
                yield from _unknown(
                    f"shocks.{shock.name}.hits", target, [*names, *self.sites], noun="site or copy"
                )
        yield from self._unlike_labels()

    def _unlike_labels(self) -> Iterator[str]:
        seen: dict[tuple[str, str], float] = {}
        for name, medium in self.media.items():
            for kind in ("batch", "model"):
                label = getattr(medium, kind)
                if label is None:
                    continue
                known = seen.setdefault((kind, label.label), label.variance)
                if known != label.variance:
                    yield (
                        f"media.{name}.{kind}: label '{label.label}' has variance "
                        f"{label.variance:g} here and {known:g} elsewhere; one label has one"
                    )


@functools.lru_cache(maxsize=1024)
def _merged(own: Medium, said: frozenset[str]) -> Medium:
    """Merge a preset into a medium; `said` are its keys, since equal ones may have said less."""
    preset = own.based_on
    return own.over(presets().media[preset].medium_for(own)) if preset else own


def _with_item(items: Iterable[Any], name: str, value: Any, path: str) -> list[Any]:
    """Return named tables with one put in its place or at the end, or taken out by None."""
    found = list(items)
    names = [str(item["name"]) for item in found]
    if value is not None and not isinstance(value, Mapping):
        raise LayoutError(f"{path}: expects a table, or name the key to change as well")
    if value is None and name not in names:
        raise LayoutError(f"{path}: nothing is named '{name}'{did_you_mean(name, names)}")
    at = names.index(name) if name in names else len(found)
    found[at : at + 1] = [] if value is None else [{"name": name, **value}]
    return found


def _step(here: Any, path: str) -> tuple[str, str]:
    """Return the first key of a path and what follows; a name that is known may have dots in it."""
    held = [item.get("name") for item in here] if isinstance(here, list | tuple) else here
    known = (str(name) for name in held or () if f"{path}.".startswith(f"{name}."))
    first = max(known, key=len, default=path.partition(".")[0])
    return first, path[len(first) + 1 :]


def _unknown(place: str, name: str | None, known: Iterable[str], noun: str = "") -> Iterator[str]:
    words = list(known)
    if name is not None and name not in words:
        noun = noun or place.rsplit(".", 1)[-1]
        yield f"{place}: unknown {noun} '{name}'{did_you_mean(name, words) or '; none is defined'}"


def _unfit_drive(place: str, medium: Medium) -> Iterator[str]:
    preset = presets().media.get(medium.based_on or "")
    if medium.drive is None or preset is None:
        return
    if find_drive(medium.drive) is None:
        near = get_close_matches(medium.drive.upper(), drive_models(), n=8, cutoff=0.5)
        yield from _unknown(place, medium.drive, near or drive_models(), noun="drive model")
    elif preset.unlabelled is None:
        yield f"{place}: {medium.drive} is a spinning disk, and {medium.preset} is none"


def require_layouts(asked: str, given: Iterable[Any]) -> None:
    """Refuse what is no layout, such as a path.

    Raises
    ------
    InputError
        With what makes a layout of it.
    """
    for one in given:
        if not isinstance(one, Layout):
            hint = ""
            if isinstance(one, str | Path):
                hint = f"; load_layout({str(one)!r}) reads a file, example() has some ready"
            raise InputError(f"{asked} takes layouts, not {type(one).__name__}{hint}")


def load_layout(path: str | Path) -> Layout:
    """Read a layout file.

    Parameters
    ----------
    path : str or Path
        A TOML file as DESIGN describes it; ``riskmodel new --list`` shows examples.

    Returns
    -------
    Layout

    Raises
    ------
    LayoutError
        If the file cannot be read, is no TOML, or breaks a rule of the format.

    Examples
    --------
    >>> load_layout("home.toml").copies[0].name  # doctest: +SKIP
    'nas'
    """
    file = Path(path)
    empty = "'riskmodel new' writes a layout to start from"
    raw = read_toml(file, "layout file", empty=empty, error=LayoutError)
    if "source" in raw and "copies" not in raw:
        raise LayoutError(f"{file}: is a set-up file of verifier; try 'verifier risk {file}'")
    return Layout.from_dict(raw, origin=str(file), folder=file.parent)
