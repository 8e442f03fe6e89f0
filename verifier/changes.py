"""Single changes of an inventory: what it would be with one thing done, and which step that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from riskmodel.policies import Key
from riskmodel.sites import Site
from riskmodel.units import HOURS_PER_YEAR
from verifier import steps
from verifier.inventory import (
    Depth,
    Domains,
    Drive,
    Evidence,
    Fact,
    Inventory,
    Location,
    Points,
    Schedule,
    State,
)
from verifier.rules import Status
from verifier.rules._caution import before_a_run
from verifier.rules._standing import Copyhood
from verifier.wear import worn

if TYPE_CHECKING:
    from verifier.audit import Audit

__all__ = ["Change", "changes", "of_each_kind"]

_ADVICE = "as advised"
_CHECK_EVERY = 30 * 24.0
_LOCKED = 30 * 24.0
_WEEK = 7 * 24.0


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do, and what an audit would find then.

    Parameters
    ----------
    name : str
        What to do, in a few words that name the location.
    step : str
        The command, or the step where no command does it.
    inventory : Inventory
        What would be found.
    sites, keys : mapping
        Places and keys that it brings, beside those of the set-up.
    edits : tuple of (str, object)
        Keys of the layout and their new values, for what no inventory knows.
    location : str
        The location that it is done to; empty for one that is added.
    """

    name: str
    step: str
    inventory: Inventory
    sites: dict[str, Site]
    keys: dict[str, Key]
    edits: tuple[tuple[str, Any], ...] = ()
    location: str = ""

    @property
    def kind(self) -> str:
        """What is done, whatever the location is called."""
        return self.name.replace(self.location, "\0") if self.location else self.name


def changes(audit: Audit) -> tuple[Change, ...]:
    """Return the changes that findings and gates of an audit call for, in a fixed order.

    Parameters
    ----------
    audit : Audit
        What was found and judged.

    Returns
    -------
    tuple of Change
        Names are unique.
    """
    found: dict[str, Change] = {}
    for one in _all(audit):
        found.setdefault(one.name, one)
    return tuple(found.values())


def of_each_kind(found: Sequence[Change], most: int) -> tuple[Change, ...]:
    """Return at most so many changes, in their order: of each kind the first, then the second."""
    turns: Counter[str] = Counter()
    ranked = []
    for number, change in enumerate(found):
        ranked.append((turns[change.kind], number))
        turns[change.kind] += 1
    return tuple(found[number] for number in sorted(number for _, number in sorted(ranked)[:most]))


def _all(audit: Audit) -> Iterator[Change]:
    view = audit.view
    yield from _repairs(audit)
    if audit.gates["offsite"].status is not Status.PASS or audit.independent_copies < 3:
        yield _offsite(audit)
    offline = audit.gates["offline_or_immutable"].status is not Status.PASS
    if offline or audit.independent_copies < 3:
        yield _drive(audit, "add a drive at home that is unplugged between runs", offline=True)
    if audit.gates["media"].status is not Status.PASS:
        yield _drive(audit, "add a copy at home on another kind of medium", offline=False)
    yield from _renewals(audit)
    for number in view.counted:
        if number:
            yield from _of_copy(audit, number)


def _repairs(audit: Audit) -> Iterator[Change]:
    """Yield what makes a location count that does not."""
    view = audit.view
    for number in range(1, len(view.locations)):
        place, found = view.locations[number], view.standings[number]
        if number in view.counted or place.state in (State.DECLARED, State.TIMEOUT):
            continue
        if found.copyhood is Copyhood.YES:
            new = replace(place, domains=replace(place.domains, drives=_new_drives(place.name)))
            new = _apart(new)
            name = f"move {place.name} to a drive of its own"
            yield _with(audit, number, new, name, steps.move(audit.setup, place))
        elif found.copyhood is Copyhood.NO and place.state in (State.READ, State.MISSING):
            new = _whole(audit, replace(place, state=State.READ, reason="", disqualified=""))
            if place.state is State.MISSING:
                new = _apart(replace(new, domains=replace(new.domains, drives=_new_drives("x"))))
            name = f"bring {place.name} up to date and whole"
            yield _with(
                audit, number, new, name, _first(audit, place) + steps.backup(audit.setup, place)
            )


def _first(audit: Audit, place: Location) -> str:
    """Say what must come before something is written there; empty if nothing is suspected."""
    first = before_a_run(audit.findings, audit.inventory.source, place.name)
    return f"{first} Then: " if first else ""


def _renewals(audit: Audit) -> Iterator[Change]:
    """Yield a new medium for each copy, the live one too, whose medium is old for its kind."""
    for number in audit.view.counted:
        place, now = audit.view.locations[number], audit.inventory.at
        if place.medium_since is None:
            continue
        age = (now - place.medium_since) / timedelta(hours=1)
        if not worn(place.media_type.value or "", age):
            continue
        name = f"renew the medium of {place.name}, which is {age / HOURS_PER_YEAR:.0f} years old"
        new = replace(place, medium_since=now)
        yield _with(audit, number, new, name, steps.renew(place, now))


def _of_copy(audit: Audit, number: int) -> Iterator[Change]:
    """Yield what improves one copy that counts."""
    place, setup = audit.view.locations[number], audit.setup
    name, here = place.name, place.address.startswith("/") or place.real_path is not None
    kept = (place.immutable.value is True) or place.offline
    if not kept and here:
        new = replace(place, offline=True, schedule=_by_hand(place))
        yield _with(audit, number, new, f"unplug {name} between runs", steps.unplug(place))
    elif not kept:
        new = replace(place, immutable=_said(True), immutable_until=_later(audit, _LOCKED))
        new = replace(new, points=_dated(audit, place.points))
        text = f"lock the versions in {name} for 30 days"
        yield _with(audit, number, new, text, steps.lock(place))
    deep = max(place.depth or Depth.LISTED, Depth.BYTES)
    at = f"copies.{name}.check" if "." not in name else ""
    if at:
        yield _with(
            audit,
            number,
            replace(place, depth=deep),
            f"check {name} every 30 days at depth {deep.word}",
            steps.check(setup, place),
            edits=((f"{at}.every", _CHECK_EVERY),),
        )
    schedule = place.schedule.value
    by_hand = schedule is None or schedule.by == "by hand"
    if by_hand and not place.offline:
        new = replace(place, schedule=_said(Schedule("cron", _ADVICE, 24.0)))
        text = f"let a scheduler make {name} every day"
        yield _with(audit, number, new, text, _first(audit, place) + steps.automate(setup, place))
    if place.encrypted.value and audit.practice["key"].status is not Status.PASS:
        key = place.domains.key.value or f"key of {name}"
        new = replace(place, domains=replace(place.domains, key=_said(key)))
        held = {key: Key(kept=("you", f"paper with {key}"))}
        text = f"keep the key of {name} in a second place"
        yield _with(audit, number, new, text, steps.keep_key(place, key), keys=held)
    if audit.practice["retention"].status is not Status.PASS:
        days = "older versions are kept for 365 days"
        new = replace(place, retention=_said(days), repeats_deletions=_said(False))
        text = f"keep older versions in {name} for a year"
        yield _with(audit, number, new, text, steps.retain(setup, place))


def _with(
    audit: Audit,
    number: int,
    new: Location,
    name: str,
    step: str,
    *,
    keys: dict[str, Key] | None = None,
    edits: tuple[tuple[str, Any], ...] = (),
) -> Change:
    source, *places = audit.inventory.all_locations
    if number:
        places[number - 1] = new
    inventory = replace(audit.inventory, source=source if number else new, locations=tuple(places))
    return Change(name, step, inventory, {}, keys or {}, edits, new.name)


def _offsite(audit: Audit) -> Change:
    place = _added(audit, "offsite", kind="restic", media="object-storage")
    domains = replace(
        place.domains,
        site=_said("far away"),
        provider=_said("a provider"),
        account=_said("an account"),
        key=_said("the new password"),
    )
    place = replace(place, domains=domains, encrypted=_said(True), tool="restic")
    place = replace(place, retention=_said("keep daily 7, weekly 4, monthly 12"))
    held = {"the new password": Key(kept=("you", "paper with the new password"))}
    sites = {"far away": Site(kind="cloud-region")}
    name = "add a copy offsite, in the cloud or with a friend"
    return Change(name, steps.offsite(audit.setup), _plus(audit, place), sites, held)


def _drive(audit: Audit, name: str, *, offline: bool) -> Change:
    media = "usb-hdd"
    used = {audit.view.locations[number].media_type.value for number in audit.view.counted}
    if not offline and used & {"hdd", "usb-hdd"}:
        media = "ssd"
    place = _added(audit, "second drive", kind="directory", media=media)
    home = audit.inventory.source.domains.site.value
    site = _said(home) if home else Fact()
    place = replace(place, offline=offline, domains=replace(place.domains, site=site))
    if offline:
        place = replace(place, schedule=_by_hand(place, _WEEK))
    step = steps.drive(audit.setup, media, offline=offline)
    return Change(name, step, _plus(audit, place), {}, {})


def _added(audit: Audit, name: str, *, kind: str, media: str) -> Location:
    taken = {place.name for place in audit.view.locations}
    while name in taken:
        name = f"{name} 2"
    domains = Domains(drives=_new_drives(name), host=_said(f"new:{name}"))
    place = Location(
        name=name,
        kind=kind,
        address=f"/{name}",
        state=State.READ,
        domains=domains,
        media_type=_said(media),
        schedule=_said(Schedule("cron", _ADVICE, 24.0)),
    )
    return _whole(audit, place)


def _plus(audit: Audit, place: Location) -> Inventory:
    found = audit.inventory
    source = found.source
    if source.domains.site.value is None:
        source = replace(source, domains=replace(source.domains, site=_said("home")))
    return replace(found, source=source, locations=(*found.locations, place))


def _whole(audit: Audit, place: Location) -> Location:
    """Return a location as it is after a good run: whole, fresh, sound and read."""
    source = audit.inventory.source
    return replace(
        place,
        coverage=Fact(1.0, Evidence.MEASURED, _ADVICE),
        points=_dated(audit, place.points),
        files=source.files,
        size_bytes=source.size_bytes,
        errors=(),
        missing=(),
        depth=max(place.depth or Depth.LISTED, Depth.BYTES),
    )


def _dated(audit: Audit, points: Points) -> Points:
    now = audit.inventory.at
    if points.newest is not None and points.newest <= now and (points.count or 0) > 1:
        return replace(points, newest=now, breaks=())
    return Points(1, now, now)


def _apart(place: Location) -> Location:
    """Return a location without what it has of another's pools, extents and inodes."""
    domains = replace(place.domains, pools=Fact(), level=Fact(), degraded=Fact())
    return replace(
        place, domains=domains, inode=None, shared_inodes=0, shared_extents=0, real_path=None
    )


def _new_drives(name: str) -> Fact[tuple[Drive, ...]]:
    return _said((Drive(f"new:{name}", "new"),))


def _by_hand(place: Location, interval: float | None = None) -> Fact[Schedule]:
    """Return who makes a copy that is unplugged between runs: somebody has to plug it in."""
    known = place.schedule.value
    hours = interval or (known.interval_hours if known is not None else None) or _WEEK
    return _said(Schedule("by hand", _ADVICE, max(hours, _WEEK)))


def _later(audit: Audit, hours: float) -> Any:
    return audit.inventory.at + timedelta(hours=hours)


def _said(value: Any) -> Fact[Any]:
    return Fact(value, Evidence.MEASURED, _ADVICE)
