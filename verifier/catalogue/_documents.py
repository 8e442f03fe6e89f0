"""The facts of a location as text, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from verifier.inventory import Location, State

__all__ = ["dumped", "loaded", "recalled"]


def dumped(place: Location) -> str:
    """Return a location as JSON."""
    document = _adapter().dump_python(place, mode="python")
    # names on disk need not be valid Unicode: ASCII with escapes keeps them
    return json.dumps(document, default=_plain, ensure_ascii=True)


def loaded(text: str) -> Location:
    """Return a location from JSON.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        found: Location = _adapter().validate_python(json.loads(text))  # ValidationError is one too
    except RecursionError:
        raise ValueError(text[:100]) from None
    return found


def recalled(place: Location, seen: Location, at: datetime) -> Location:
    """Return an absent offline location as an earlier audit saw it, with that date."""
    return replace(
        seen,
        name=place.name,
        state=State.ABSENT_OFFLINE,
        reason=place.reason,
        offline=True,
        audited=True,
        in_its_place=place.in_its_place,
        last_seen=at,
        medium_since=place.medium_since or seen.medium_since,
        domains=replace(seen.domains, **_declared(place)),
    )


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Location)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _declared(place: Location) -> dict[str, Any]:
    """Return what the set-up file says today, which goes before what it said then."""
    layers = ("site", "account", "provider", "identity", "key")
    return {
        layer: getattr(place.domains, layer)
        for layer in layers
        if getattr(place.domains, layer).value is not None
    }
