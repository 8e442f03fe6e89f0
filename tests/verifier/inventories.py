"""Inventories built by hand: every location is good unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from verifier.inventory import (
    Depth,
    Domains,
    Drive,
    Evidence,
    Fact,
    Inventory,
    Location,
    Points,
    State,
)
from verifier.rules import View, view_of
from verifier.setup import Policy

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNKNOWN: Fact[Any] = Fact(source="nobody can tell")


def measured(value: Any) -> Fact[Any]:
    return Fact(value, Evidence.MEASURED, "test")


def declared(value: Any) -> Fact[Any]:
    return Fact(value, Evidence.DECLARED, "set-up file")


def drive(name: str) -> Drive:
    return Drive(key=f"serial:{name}", device=name, model=f"Model {name}", serial=name)


def place(
    name: str,
    on: str | tuple[str, ...] | None,
    *,
    media: str | None = "hdd",
    site: str | None = None,
    host: str | None = "machine:here",
    **changes: Any,
) -> Location:
    """A whole, fresh, verified directory on the drives `on`; None: drives nobody can tell."""
    drives = UNKNOWN
    if on is not None:
        drives = measured(tuple(drive(word) for word in ((on,) if isinstance(on, str) else on)))
    domains = Domains(
        drives=drives,
        host=measured(host) if host else UNKNOWN,
        site=declared(site) if site else UNKNOWN,
    )
    good = Location(
        name=name,
        kind="directory",
        address=f"/{name}",
        state=State.READ,
        real_path=f"/{name}",
        domains=domains,
        media_type=measured(media) if media else UNKNOWN,
        points=Points(1, NOW - timedelta(days=1), NOW - timedelta(days=1)),
        files=100,
        size_bytes=1000,
        coverage=measured(1.0),
        identical=False,
        depth=Depth.SOURCE,
    )
    return replace(good, **changes)


def source(**changes: Any) -> Location:
    fields: dict[str, Any] = {"on": "sda", "site": "home", **changes}
    on = fields.pop("on")
    return place("source", on, **fields)


def unread(name: str, state: State, **changes: Any) -> Location:
    """A location that nobody could look into: nothing is known beside what was declared."""
    known = {"offline", "last_seen", "reason", "real_path"}
    site = changes.pop("site", None)
    media = changes.pop("media", None)
    rest = {key: changes.pop(key) for key in list(changes) if key in known}
    assert not changes
    return Location(
        name=name,
        kind="unknown",
        address=f"/{name}",
        state=state,
        domains=Domains(site=declared(site) if site else UNKNOWN),
        media_type=declared(media) if media else UNKNOWN,
        **rest,
    )


def inventory(*locations: Location, live: Location | None = None) -> Inventory:
    return Inventory("test", NOW, measured("machine:here"), live or source(), tuple(locations))


def view(*locations: Location, live: Location | None = None, **more: Any) -> View:
    policy = Policy(**more.pop("policy", {}))
    return view_of(inventory(*locations, live=live), policy, **more)
