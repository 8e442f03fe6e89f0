"""Where copies stand, and what can happen to a whole place at once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from riskmodel._described import Described
from riskmodel.lifetimes import Law
from riskmodel.media import Count, Name
from riskmodel.units import Fraction, PerHour

__all__ = ["Peril", "Shock", "Site"]

Latitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-90, le=90)]
Longitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-180, le=180)]


class Peril(Described):
    """A kind of disaster at one site: its total rate there, and what it takes.

    It destroys the site, takes all media that are there, or only what is plugged in: every copy
    that is neither offline nor at rest. Only a destroyed site has a recovery of its own.
    """

    rate: PerHour
    takes: Literal["site", "media", "plugged-in"] = "site"


class Site(Described):
    """A place. ``recovery`` is the time until copies there are intact again after a disaster."""

    kind: Name | None = None
    location: tuple[Latitude, Longitude] | None = None
    country: Name | None = None
    recovery: Law | None = None
    perils: dict[Name, Peril] = Field(default_factory=dict)


class Shock(Described):
    """An instant that hits several named sites or copies at once.

    With chances in ``hits`` each named one is hit independently; with a list all are, or, with
    ``choose``, that many at random of those that are intact.
    """

    name: Name
    rate: PerHour
    hits: dict[Name, Fraction] | tuple[Name, ...]
    choose: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _chances_or_choice(cls, value: Any) -> Any:
        if isinstance(value, dict):
            hits = value.get("hits")
            if hits is not None and not hits:
                raise ValueError("hits: is empty; name sites or copies")
            if isinstance(hits, dict) and value.get("choose") is not None:
                raise ValueError("choose: goes with a list of names in 'hits', not with chances")
            if isinstance(hits, list | tuple) and len(set(map(str, hits))) < len(hits):
                raise ValueError("hits: names one twice")
            if hits is not None and not isinstance(hits, dict | list | tuple):
                raise ValueError("hits: expects a table of chances or a list of names")
        return value

    @property
    def targets(self) -> tuple[str, ...]:
        """The named sites and copies."""
        return tuple(self.hits)
