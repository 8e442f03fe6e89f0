"""The examination: one probe for each location, and what other sources know about it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from riskmodel.errors import InputError
from verifier import probes
from verifier.catalogue import CatalogueError
from verifier.configs import without_password
from verifier.drills import Wish, drilled, fresh_seed, scratch_parent
from verifier.host import AccessError, Host, Missing, TimedOut
from verifier.identity import identified
from verifier.inventory import Depth, Evidence, Fact, Inventory, Location, State
from verifier.manifest import Manifest
from verifier.plugged import LOOKED_BACK, judged_by_presence
from verifier.setup import SOURCE, Place, Setup
from verifier.unplugged import emptied, left_below
from verifier.volumes import volume_of

if TYPE_CHECKING:
    from verifier.catalogue import Catalogue
    from verifier.effort import Effort
    from verifier.target import Target

__all__ = ["examine"]

_CLOCK_SLACK = timedelta(days=1)


def examine(
    setup: Setup,
    host: Host,
    *,
    now: datetime,
    depth: Depth | None = None,
    catalogue: Catalogue | None = None,
    talk: Callable[[str], None] = lambda text: None,
    complain: Callable[[str], None] = lambda text: None,
    effort: Effort | None = None,
    drill: Wish | None = None,
) -> Inventory:
    """Run one probe for each location, and add what schedules and earlier audits tell.

    A probe that breaks leaves its location unreadable, with the reason, and the others go on.

    Parameters
    ----------
    setup : Setup
        What to look at.
    host : Host
        Access to the machine.
    now : datetime
        When; aware.
    depth : Depth, optional
        How deep to look; as deep as the policy asks unless given.
    catalogue : Catalogue, optional
        What earlier audits saw, for locations that are away; keeps what this one sees as it goes.
    talk : callable
        Told about progress, one line at a time.
    complain : callable
        Told what went wrong without ending the audit.
    effort : Effort, optional
        How much of the bytes is read; what the policy asks unless given.
    drill : Wish, optional
        How many files to restore at depth ``RESTORE``, and where to.

    Returns
    -------
    Inventory
    """
    from verifier.probes import replica
    from verifier.schedules import scheduled, with_schedules

    deep = setup.policy.required_depth if depth is None else depth
    host.talk = talk
    try:
        here = probes.host_identity(host)
    except AccessError as problem:
        here = Fact(source=problem.reason)
    record = None
    if catalogue is not None:
        record = catalogue.record(
            host=here.value, dataset=setup.name, source=setup.source.path, at=now,
            volume=partial(volume_of, host), complain=complain,
        )  # fmt: skip
        _told_of_the_future(catalogue, setup.name, now, complain)
    host.digests = record
    host.effort = effort or setup.policy.effort(now)
    talk(f"looking at {SOURCE}: {setup.source.path}")
    source, manifest = _source(setup, host)
    if record is not None:
        record.saw(source)
    found = []
    wish = drill or Wish(seed=fresh_seed())
    parent = ""
    if deep is Depth.RESTORE:
        kept = (setup.source.path, *(place.path for place in setup.locations if place.path))
        parent = scratch_parent(wish.scratch, kept)
    for place in setup.locations:
        target = place.target(deep)
        talk(f"looking at {place.name}, depth {deep.word}: {target.address or 'declared'}")
        if record is not None:
            record.looking_at(place.name)
        try:
            left = _left_below(host, catalogue, here.value, source, target)
            seen = left or probes.probe(host, target, manifest, deep)
        except InputError:
            raise
        except Exception as problem:  # noqa: BLE001 - one broken probe must not end the audit
            seen = _unseen(place.name, target.address, problem, offline=place.offline)
        seen = _without_login(emptied(host, seen))
        if deep is Depth.RESTORE:
            seen = _without_login(drilled(host, target, seen, manifest, wish, parent))
        found.append(_with_declared(seen, place))
        if record is not None:
            record.saw(found[-1])
    known = identified(source, replica.linked(source, found))
    places = with_schedules(known, scheduled(host))
    if catalogue is not None:
        try:
            places = tuple(catalogue.recalled(here.value, source, place) for place in places)
        except CatalogueError as problem:
            if record is None or not record.broken:  # else that has been said
                complain(f"{problem}; the audit goes on without it")
    places = tuple(
        judged_by_presence(place, _presence(catalogue, here.value, source, place, now), now, here)
        for place in places
    )
    return Inventory(setup.name, now, here, source, places)


def _presence(
    catalogue: Catalogue | None, here: str | None, source: Location, place: Location, now: datetime
) -> tuple[tuple[datetime, State], ...]:
    if catalogue is None:
        return ()
    with contextlib.suppress(CatalogueError):  # which has been told
        return catalogue.presence(here, source, place.address, now, LOOKED_BACK)
    return ()


def _told_of_the_future(
    catalogue: Catalogue, dataset: str, now: datetime, complain: Callable[[str], None]
) -> None:
    """Say that an earlier audit is dated later than this one: ages hang on the clock.

    Which of the two was made under a wrong clock, the dates do not tell.
    """
    with contextlib.suppress(CatalogueError):  # which is told by who keeps the audit
        latest = max((run.at for run in catalogue.runs(dataset)), default=now)
        if latest > now + _CLOCK_SLACK:
            complain(
                f"the catalogue has an audit of {latest:%Y-%m-%d %H:%M}, later than now, "
                f"{now:%Y-%m-%d %H:%M}: the clock of this machine is wrong, or was then; ages are "
                "told by the clock as it is"
            )


def _left_below(
    host: Host, catalogue: Catalogue | None, here: str | None, source: Location, target: Target
) -> Location | None:
    if catalogue is None or not target.offline:
        return None
    with contextlib.suppress(CatalogueError):  # which is told by who keeps the audit
        last = catalogue.last_read(here, source, target.address)
        return None if last is None else left_below(host, last[0], target)
    return None


def _source(setup: Setup, host: Host) -> tuple[Location, Manifest | None]:
    path = setup.source.path
    manifest: Manifest | None = None
    try:
        found, manifest = probes.collect_source(
            host, path, site=setup.source.site, key=setup.source.key, exclude=setup.source.exclude
        )
    except Exception as problem:  # noqa: BLE001 - the locations can still be looked at
        found = _unseen(SOURCE, path, problem)
    said = setup.source.model_dump(include={"site", "key", "media", "medium_since"})
    as_place = Place(name=SOURCE, path=path, **said)
    if found.state is not State.READ:
        manifest = None
    return _with_declared(replace(found, name=SOURCE), as_place), manifest


def _without_login(found: Location) -> Location:
    """Take passwords out of addresses: what was found is shown, kept and handed on."""
    return replace(
        found,
        address=without_password(found.address),
        reason=without_password(found.reason),
        errors=tuple(map(without_password, found.errors)),
    )


def _unseen(name: str, address: str, problem: Exception, *, offline: bool = False) -> Location:
    state, reason = State.UNREADABLE, f"the probe broke: {type(problem).__name__}: {problem}"
    if isinstance(problem, AccessError):
        reason = problem.reason
        if isinstance(problem, Missing):
            state = State.ABSENT_OFFLINE if offline else State.MISSING
        elif isinstance(problem, TimedOut):
            state = State.TIMEOUT
    return Location(name, "unknown", address, state, reason, offline=offline)


def _with_declared(found: Location, place: Place) -> Location:
    """Fill in what the set-up file declares and no probe found out."""
    domains = found.domains
    layers = {
        "site": place.site,
        "account": place.account,
        "provider": place.provider,
        "identity": place.credentials,
        "key": place.key,
    }
    updates: dict[str, Any] = {
        layer: Fact(value, Evidence.DECLARED, "set-up file")
        for layer, value in layers.items()
        if value is not None and getattr(domains, layer).value is None
    }
    medium = found.media_type
    if place.media is not None and medium.value is None:
        medium = Fact(place.media, Evidence.DECLARED, "set-up file")
    return replace(
        found,
        domains=replace(domains, **updates),
        media_type=medium,
        offline=found.offline or place.offline,
        last_seen=found.last_seen or place.last_seen,
        medium_since=place.medium_since,
    )
