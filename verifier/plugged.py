"""Locations that are declared offline, and that are there whenever somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from verifier.facts import BUILT_IN, Evidence, Fact, State
from verifier.inventory import Location

__all__ = ["LOOKED_BACK", "judged_by_presence"]

LOOKED_BACK = 20  # audits
_ENOUGH, _LONG_ENOUGH = 5, timedelta(days=5)
# who plugs a disk in once a week and audits then finds it each time, and it is away in between
_BETWEEN = timedelta(days=3)
_DAILY_HOURS = 25.0  # a day on which clocks are put back is one
_DISKS = ("hdd", "ssd", "usb-flash")


def judged_by_presence(
    place: Location, before: Sequence[tuple[datetime, State]], now: datetime, here: Fact[str]
) -> Location:
    """Hold the declaration that a location is offline against what is known of its being there.

    Parameters
    ----------
    place : Location
        As it was found; one that is not there stays as it is.
    before : sequence of (datetime, State)
        What earlier audits met, the newest first.
    now : datetime
        When this one looked.
    here : Fact of str
        Identity of this machine.

    Returns
    -------
    Location
        Not offline, with the reason, if the declaration is void.
    """
    if place.state is not State.READ:
        return place
    away = sum(state in {State.ABSENT_OFFLINE, State.MISSING} for _, state in before)
    if away and 2 * away >= len(before):
        return replace(place, travels=True)
    if not place.offline:
        return place
    why = _answers(place) or _built_in(place, here) or _written(place) or _never_away(before, now)
    return replace(place, offline=False, never_away=why) if why else place


def _answers(place: Location) -> str:
    """Say that it is reached over a network now: by whom, it does not ask."""
    server = place.domains.host.value or ""
    if place.real_path is None and not place.address.startswith(("/", "~")):
        return "it answers now, at an address that this machine reaches"
    return "its server answers now" if server.startswith("address:") else ""


def _built_in(place: Location, here: Fact[str]) -> str:
    drives, host = place.domains.drives, place.domains.host
    inside = host.value is not None and host.value == here.value
    known = inside and drives.evidence is Evidence.MEASURED and drives.value
    if not known or not all(
        drive.transport in BUILT_IN and (drive.media_type or "hdd") in _DISKS
        for drive in drives.value or ()
    ):
        return ""
    return "it is on a drive built into this machine, and mounted now"


def _written(place: Location) -> str:
    job = place.schedule.value
    if job is None or place.schedule.evidence is not Evidence.MEASURED or not job.where:
        return ""
    if job.interval_hours is None or job.interval_hours > _DAILY_HOURS:
        return ""
    return f"{job.by} of this machine writes to it every day or more often ({job.where})"


def _never_away(before: Sequence[tuple[datetime, State]], now: datetime) -> str:
    """Say that a close row of audits found it each time."""
    count, last = 0, now
    for at, state in before:
        if state is not State.READ or last - at > _BETWEEN:
            break
        count, last = count + 1, at
    if count < _ENOUGH or now - last < _LONG_ENOUGH:
        return ""
    return f"this audit and the {count} before it, since {last:%Y-%m-%d}, all found it there"
