"""What a copy sits on: media, and the store that is built of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, field_validator, model_validator

from riskmodel._described import Described
from riskmodel.errors import did_you_mean, one_line
from riskmodel.lifetimes import Law
from riskmodel.units import Bandwidth, Bytes, Fraction, Hours, PerHour, written

__all__ = ["Label", "LatentErrors", "Medium", "Store", "StoreShock"]


def _on_one_line(name: str) -> str:
    if name != one_line(name):
        raise ValueError(f"a name is one line without control characters, got '{name}'")
    return name


# in a report, a metric or a terminal a name with a line break could say what it likes
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_on_one_line)]
_T = TypeVar("_T")
_LEAST_VARIANCE = 1e-12  # below it a factor of mean 1 is 1 in floating point
Count = Annotated[int, Field(strict=True, ge=0, le=100_000)]


def _variance_may_come_from_a_preset(schema: dict[str, Any]) -> None:
    schema["required"] = ["label"]


class Label(Described):
    """A batch or a model: all drives that name it share one gamma frailty of mean 1.

    ``preset`` names a sourced variance, which one that stands here overrides.
    """

    model_config = ConfigDict(json_schema_extra=_variance_may_come_from_a_preset)

    label: Name
    preset: Name | None = None
    variance: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=100)]

    @field_validator("variance")
    @classmethod
    def _some_or_none(cls, value: float) -> float:
        if 0.0 < value < _LEAST_VARIANCE:
            raise ValueError(f"must be 0 or at least {_LEAST_VARIANCE:g}, got {value!r}")
        return value

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, value: Any) -> Any:
        from riskmodel.preset_catalogue import presets

        if not isinstance(value, dict) or not isinstance(value.get("preset"), str):
            return value
        found = _named("preset", value["preset"], presets().frailties)
        return {"variance": found.variance} | value


def _shock_may_come_from_a_preset(schema: dict[str, Any]) -> None:
    del schema["required"]


def _named(key: str, name: str, known: Mapping[str, _T]) -> _T:
    if name not in known:
        raise ValueError(f"{key}: unknown {key} '{name}'{did_you_mean(name, known)}")
    return known[name]


class LatentErrors(Described):
    """Errors that a drive carries unseen until it is read."""

    mean_time: Annotated[Hours, Field(gt=0)]
    bytes: Bytes = 4096.0


class Medium(Described):
    """One kind of drive, cartridge or disc. Unset keys come from the preset, if one is named.

    ``obsolescence`` is the time from writing until no reader is left, the same for all copies that
    are written to the medium at one instant; a law, or the name of a sourced one. ``drive`` is a
    disk's model by name, of the preset ``hdd`` unless another is named: the preset's law with its
    whole hazard multiplied so that its level is what that model showed in the field.
    """

    preset: Name | None = None
    drive: Name | None = None
    capacity: Annotated[Bytes, Field(gt=0)] | None = None
    bandwidth: Annotated[Bandwidth, Field(gt=0)] | None = None
    age: Hours | None = None
    lifetime: Law | None = None
    afr: Annotated[Fraction, Field(lt=1)] | None = None
    latent_errors: LatentErrors | None = None
    batch: Label | None = None
    model: Label | None = None
    at_rest: StrictBool | None = None
    obsolescence: Law | None = None

    @field_validator("obsolescence", mode="before")
    @classmethod
    def _sourced_obsolescence(cls, value: Any) -> Any:
        from riskmodel.preset_catalogue import presets

        if not isinstance(value, str) or value in ("none", "never"):
            return value
        return _named("law", value, presets().obsolescence).law

    @model_validator(mode="after")
    def _one_lifetime(self) -> Self:
        if self.drive is not None and (self.lifetime is not None or self.afr is not None):
            own = "lifetime" if self.afr is None else "afr"
            raise ValueError(f"names both 'drive' and '{own}'; keep one")
        if self.drive is not None and self.model is not None and self.model.variance > 0.0:
            raise ValueError(
                "names both 'drive', which says how this model fares, and a variance between "
                "models, which would count it twice; keep one"
            )
        if self.lifetime is not None and self.afr is not None:
            raise ValueError("names both 'lifetime' and 'afr'; keep one")
        if self.lifetime is not None and self.lifetime.kind in ("fixed", "bandwidth", "every"):
            raise ValueError(f"lifetime: '{self.lifetime.kind}' is no lifetime law")
        if self.obsolescence is not None and self.obsolescence.kind in ("bandwidth", "every"):
            raise ValueError(f"obsolescence: '{self.obsolescence.kind}' is no law of it")
        return self

    @property
    def based_on(self) -> str | None:
        """The name of the preset that unset keys come from."""
        return self.preset or ("hdd" if self.drive is not None else None)

    @property
    def lifetime_law(self) -> Law | None:
        """The lifetime, whichever way it was written."""
        return Law(afr=self.afr) if self.afr is not None else self.lifetime

    def over(self, preset: Medium) -> Medium:
        """Return this medium with its unset keys taken from a preset."""
        own = {name: getattr(self, name) for name in self.model_fields_set - {"preset", "drive"}}
        base = {name: getattr(preset, name) for name in preset.model_fields_set}
        if "afr" in own or "lifetime" in own:
            base.pop("afr", None)
            base.pop("lifetime", None)
        return Medium(**(base | own))


class StoreShock(Described):
    """One instant that kills each working drive of a store with a chance of its own.

    ``preset`` names a sourced one, whose keys those that stand here override.
    """

    model_config = ConfigDict(json_schema_extra=_shock_may_come_from_a_preset)

    preset: Name | None = None
    name: Name
    rate: PerHour
    kills: Fraction

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, value: Any) -> Any:
        from riskmodel.preset_catalogue import presets

        if not isinstance(value, dict) or not isinstance(value.get("preset"), str):
            return value
        name = value["preset"]
        found = _named("preset", name, presets().store_shocks)
        rate = written(found.rate, "rate")  # with its unit, as a file has it
        return {"name": name, "rate": rate, "kills": found.kills} | value


# level -> drives that a group of n may lose
_LEVELS: dict[str, Callable[[int], int]] = {
    "single": lambda n: 0,
    "raid0": lambda n: 0,
    "raid1": lambda n: n - 1,
    "raid5": lambda n: 1,
    "raid6": lambda n: 2,
    "raidz1": lambda n: 1,
    "raidz2": lambda n: 2,
    "raidz3": lambda n: 3,
    "z1": lambda n: 1,
    "z2": lambda n: 2,
    "z3": lambda n: 3,
    "raid10": lambda n: 1,
}
_K_OF_N = re.compile(r"(\d+)-of-(\d+)")


class Store(Described):
    """What one copy sits on: a drive, a RAID group, several groups, a tape or disc set.

    ``drives`` counts one group, except for raid10, where it counts all, in mirrors of two.
    """

    media: Name
    level: str | None = None
    tolerates: Count | None = None
    drives: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    groups: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    rebuild: Law | None = None
    repairs: Literal["parallel", "serial"] = "parallel"
    spares: Count | None = None
    spare_wait: Law | None = None
    stress: tuple[Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1e9)], ...] = ()
    scrub: Law | None = None
    latent_rule: Literal["at-failure", "at-failure-and-rebuild"] = "at-failure"
    latent_loss: Literal["partial", "whole"] = "partial"
    rebuild_error: Fraction = 0.0
    shocks: tuple[StoreShock, ...] = ()
    refresh: Annotated[Hours, Field(gt=0)] | None = None
    pieces: Annotated[int, Field(strict=True, ge=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _k_of_n_counts_drives(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("level"), str):
            match = _K_OF_N.fullmatch(value["level"])
            if match:
                return {"drives": int(match[2])} | value
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_level()
        if self.tolerance >= self.group_drives and self.group_drives > 1:
            raise ValueError(
                f"tolerates: {self.tolerance} of {self.group_drives} drives cannot all be lost"
            )
        if self.group_drives == 1 and self.tolerance > 0:
            raise ValueError("tolerates: a single drive tolerates no failure")
        if self.rebuild is not None and self.rebuild.kind == "every":
            raise ValueError("rebuild: 'every' is for scrubs; write { fixed = '12 h' }")
        for key in ("scrub", "spare_wait"):
            law = getattr(self, key)
            if law is not None and law.kind == "bandwidth":
                raise ValueError(f"{key}: 'bandwidth' is for rebuilds; write {{ fixed = '12 h' }}")
        if self.spare_wait is not None and self.spare_wait.kind == "every":
            raise ValueError("spare_wait: 'every' is for scrubs; write { fixed = '2 days' }")
        if self.spares is not None and self.spare_wait is None:
            raise ValueError("spare_wait: is required with 'spares', such as { fixed = '2 days' }")
        return self

    def _check_level(self) -> None:
        if self.level is None:
            return
        match = _K_OF_N.fullmatch(self.level)
        if match:
            if not 1 <= int(match[1]) <= int(match[2]) == self.drives:
                raise ValueError(f"level: '{self.level}' does not fit {self.drives} drives")
        elif self.level not in _LEVELS:
            known = [*_LEVELS, "6-of-9"]
            raise ValueError(
                f"level: unknown level '{self.level}'{did_you_mean(self.level, known)}"
            )
        if self.level == "raid10" and self.drives % 2:
            raise ValueError(f"drives: raid10 needs an even number, got {self.drives}")
        minimum = {"raid10": 2, "raid1": 2, "single": 1}.get(self.level, 1)
        if self.drives < minimum:
            raise ValueError(f"drives: {self.level} needs at least {minimum}, got {self.drives}")
        if self.level == "single" and self.drives != 1:
            raise ValueError("drives: a single store has one drive")
        if self.tolerates is not None and self.tolerates != self._level_tolerance():
            raise ValueError(
                f"tolerates: {self.tolerates} contradicts level '{self.level}', "
                f"which tolerates {self._level_tolerance()}"
            )

    def _level_tolerance(self) -> int:
        match = _K_OF_N.fullmatch(self.level or "")
        if match:
            return int(match[2]) - int(match[1])
        return _LEVELS[self.level or "raid0"](self.drives)

    @property
    def tolerance(self) -> int:
        """Drives of one group that may be down without loss."""
        if self.level is not None:
            return self._level_tolerance()
        return self.tolerates or 0

    @property
    def group_drives(self) -> int:
        """Drives in one group."""
        return 2 if self.level == "raid10" else self.drives

    @property
    def group_count(self) -> int:
        """Groups, any of which lost loses the copy."""
        return self.groups * (self.drives // 2 if self.level == "raid10" else 1)
