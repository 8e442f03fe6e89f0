"""One copy at another place than the live data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from verifier.facts import BUILT_IN
from verifier.inventory import Evidence, Location, State
from verifier.rules._independence import Tie
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._ports import unseen
from verifier.rules._view import View, distance_km, names, weakest

__all__ = ["RULE", "contradicted", "judge", "one_spot", "served_here", "sites_km", "stays_here"]

WANTED = 1

RULE = Rule(
    id="one-offsite",
    title="At least 1 copy at another site, as far away as possible",
    risk="Fire, flood and theft take every copy in a building; an earthquake takes a city.",
    remediation="Keep one copy in another building, better in another city, and name its site.",
)

# points this close may lie in one building, whatever the two are called
_ONE_SPOT_KM = 0.05
_OVER_A_NETWORK = frozenset({"fc", "fcoe", "iscsi"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a location is, seen from the source."""

    status: Status
    evidence: Evidence
    reason: str


def judge(view: View) -> Gate:
    """Look for a whole, fresh copy at a site that is not the source's.

    A declared site suffices and shows as declared, unless a measurement contradicts it: the
    location stands on the source's own drives, or on drives built into the source's own machine
    and is not marked offline. Then the declaration is void. Of another drive that is in the
    source's own machine now, the site is unknown unless it is marked offline, or earlier audits
    found it away. Without a declared site it is at the source's. What this machine serves from
    drives that nobody sees may be anywhere: that is unknown, whatever is declared, and so is a
    location that may stand on the source's own drive. Two sites less than 50 m apart are one, and
    with ``min_offsite_km`` the great-circle distance decides.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    places = {n: _place(view, n) for n in view.hopefuls if n}
    passing = [n for n in places if n in view.copies and places[n].status is Status.PASS]
    if passing:
        evidence = min((places[n].evidence for n in passing), key=list(Evidence).index)
        reason = "; ".join(places[n].reason for n in passing)
        return Gate(Status.PASS, len(passing), WANTED, evidence, reason)
    for number, place in places.items():
        if place.status is Status.UNKNOWN:
            return Gate(Status.UNKNOWN, 0, WANTED, Evidence.UNKNOWN, place.reason)
        if place.status is Status.PASS:
            why = view.standings[number].reason
            reason = f"{place.reason}, but {view.locations[number].name} does not count yet: {why}"
            return Gate(Status.UNKNOWN, 0, WANTED, Evidence.UNKNOWN, reason)
    evidence = weakest([Evidence.MEASURED, *(place.evidence for place in places.values())])
    reason = "; ".join(_together(view, places))
    return Gate(Status.FAIL, 0, WANTED, evidence, reason or "there is no other whole, fresh copy")


def _together(view: View, places: Mapping[int, _Place]) -> Iterator[str]:
    """Yield the reasons, one for all that fail for the same."""
    who: dict[str, list[str]] = {}
    for number, place in places.items():
        head = f"{view.locations[number].name} is "
        them = who.setdefault(place.reason.removeprefix(head), [])
        if place.reason.startswith(head):
            them.append(view.locations[number].name)
    for reason, them in who.items():
        verb = "is" if len(them) == 1 else "are"
        yield f"{names(them)} {verb} {reason}" if them else reason


def sites_km(view: View, one: str, other: str) -> float | None:
    """Return the distance of two sites in km, or None if a place is not given."""
    here, there = view.sites.get(one), view.sites.get(other)
    if here is None or there is None or here.location is None or there.location is None:
        return None
    return distance_km(here.location, there.location)


def one_spot(view: View, one: str, other: str) -> bool:
    """Tell whether two sites are one by their coordinates."""
    km = sites_km(view, one, other)
    return km is not None and km < _ONE_SPOT_KM


def contradicted(view: View, number: int) -> bool:
    """Tell whether a location is declared at another site than where it was measured to be.

    A drive that can be unplugged may live elsewhere, so only built-in ones contradict.
    """
    place, source = view.locations[number], view.inventory.source
    here, there = source.domains.site.value, place.domains.site.value
    if here is None or there is None or here == there:
        return False
    if view.relation(0, number).tie is Tie.SHARED:
        return True
    host = place.domains.host
    drives = place.domains.drives
    measured = host.evidence is drives.evidence is Evidence.MEASURED
    return (
        measured
        and not _comes_and_goes(place)
        and _in_this_machine(place, source)
        and all(drive.transport in BUILT_IN for drive in drives.value or ())
    )


def _place(view: View, number: int) -> _Place:
    place, source = view.locations[number], view.inventory.source
    here, there = source.domains.site, place.domains.site
    tie = view.relation(0, number)
    void = f", so that its site '{there.value}' is void" if contradicted(view, number) else ""
    if tie.tie is Tie.SHARED:
        reason = f"{place.name} is where the source is: they share {names(tie.shared[:2])}{void}"
        return _Place(Status.FAIL, tie.evidence, reason)
    if void:
        reason = f"{place.name} is on a drive built into the source's own machine{void}"
        return _Place(Status.FAIL, Evidence.MEASURED, reason)
    if there.value is None and not place.offline and _in_this_machine(place, source):
        reason = f"{place.name} is on a drive of the source's own machine"
        return _Place(Status.FAIL, Evidence.INFERRED, reason)
    if here.value is None or there.value is None:
        missing = source.name if here.value is None else place.name
        return _Place(Status.UNKNOWN, Evidence.UNKNOWN, f"the site of {missing} is not known")
    evidence = weakest((here.evidence, there.evidence))
    if here.value == there.value:
        return _Place(Status.FAIL, evidence, f"{place.name} is at {there.value} like the source")
    if one_spot(view, here.value, there.value):
        reason = f"{place.name} is at {there.value}, which is where {here.value} is: less than "
        reason += f"{_ONE_SPOT_KM * 1000:g} m away by their coordinates"
        return _Place(Status.FAIL, evidence, reason)
    if served_here(view, number):
        reason = f"{place.name} is served by the source's own machine, and its drives are not seen"
        return _Place(Status.UNKNOWN, Evidence.UNKNOWN, reason)
    found = _distant(view, place, here.value, there.value, evidence)
    if found.status is not Status.FAIL and (doubt := stays_here(view, number)):
        return _Place(Status.UNKNOWN, Evidence.UNKNOWN, f"{place.name} {doubt}")
    if found.status is Status.PASS and tie.tie is Tie.UNKNOWN and _was_read(place):
        reason = f"whether {place.name} is independent of the source is not known: {tie.reason}"
        return _Place(Status.UNKNOWN, Evidence.UNKNOWN, reason)
    return found


def _distant(view: View, place: Location, here: str, there: str, evidence: Evidence) -> _Place:
    km, wanted = sites_km(view, here, there), view.policy.min_offsite_km
    reason = f"{place.name} is at {there}"
    if wanted is not None and km is None:
        reason += f"; without coordinates of {here} and {there} nobody can tell whether {wanted:g}"
        return _Place(Status.UNKNOWN, Evidence.UNKNOWN, f"{reason} km lie between")
    if wanted is not None and km is not None and km < wanted:
        return _Place(
            Status.FAIL, evidence, f"{reason}, {km:.3g} km away; wanted are {wanted:g} km"
        )
    reason += f", {km:.3g} km away" if km is not None else ", the distance is not stated"
    reason += _perils_words(view, here, there)
    if place.state is State.READ and _in_this_machine(place, view.inventory.source):
        reason += "; yet its drive is in the source's own machine now"
    return _Place(Status.PASS, evidence, reason)


def _perils_words(view: View, here: str, there: str) -> str:
    both = (view.sites.get(here), view.sites.get(there))
    if both[0] is None or both[1] is None:
        return ""
    shared = sorted(set(both[0].perils) & set(both[1].perils))
    return f"; perils named at both: {names(shared)}" if shared else ""


def served_here(view: View, number: int) -> bool:
    """Tell whether the source's own machine answers for a location, and hides its drives."""
    place, host = view.locations[number], view.locations[number].domains.host.value
    here = {view.inventory.host.value, view.inventory.source.domains.host.value}
    return host is not None and host in here and unseen(place)


def stays_here(view: View, number: int) -> str:
    """Say why the other site of a drive that is here now is in doubt; empty if it is not.

    One that is declared offline, or that earlier audits found away, goes back there.
    """
    place = view.locations[number]
    here, there = view.inventory.source.domains.site.value, place.domains.site.value
    if there is None or there == here or (_comes_and_goes(place) and not _beside(view, number)):
        return ""
    if place.state is not State.READ or not _in_this_machine(place, view.inventory.source):
        return ""
    why = f", and {place.never_away}" if place.never_away else ""
    said = "" if why else ", and nothing says that it ever leaves: offline = true does"
    return (
        f"is declared to be at {there}, yet its drive is in the source's own machine now{why}{said}"
    )


def _comes_and_goes(place: Location) -> bool:
    return place.offline or place.travels


def _beside(view: View, number: int) -> bool:
    """Tell whether another location on the same drive is one that does not leave."""
    return any(
        other != number
        and place.state is State.READ
        and not _comes_and_goes(place)
        and view.relation(number, other).tie is Tie.SHARED
        for other, place in enumerate(view.locations)
    )


def _was_read(place: Location) -> bool:
    """Tell whether there was anything to see of its drives: of an absent disk nobody asks."""
    return place.state is State.READ


def _in_this_machine(place: Location, source: Location) -> bool:
    """Tell whether the drive is attached to the source's own host, rather than kept away."""
    host = place.domains.host
    if host.value is None or host.value != source.domains.host.value:
        return False
    drives = place.domains.drives.value or ()
    return bool(drives) and all(drive.transport not in _OVER_A_NETWORK for drive in drives)
