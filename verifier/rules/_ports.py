"""Locations of which only an address of this machine is known."""

from __future__ import annotations

from verifier.inventory import Evidence, Location

__all__ = ["behind_a_port", "told_its_account", "unseen"]

_IDENTITIES = ("machine:", "name:")  # what an address is replaced by if it is this machine's


def behind_a_port(place: Location) -> bool:
    """Tell whether a location is reached at an address of this machine, and nothing tells more.

    Its port may be a server of the source's own drive, or a tunnel to another country. No account
    tells which, whoever names it: what answers at a port says of itself what it likes.
    """
    host = place.domains.host
    here = host.evidence is Evidence.INFERRED and (host.value or "").startswith(_IDENTITIES)
    return here and unseen(place)


def unseen(place: Location) -> bool:
    """Tell whether a server hides the drives of a location."""
    return place.real_path is None and place.domains.drives.value is None


def told_its_account(place: Location) -> bool:
    """Tell whether the service itself said whose a location is, or who logs in."""
    told = (place.domains.account, place.domains.identity)
    return any(fact.evidence is Evidence.MEASURED for fact in told)
