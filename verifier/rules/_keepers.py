"""Which of the places that keep a key give it back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from verifier.inventory import Location
from verifier.rules._independence import Tie
from verifier.rules._view import View
from verifier.rules.one_offsite import one_spot

__all__ = ["all_at_home", "at_home", "keepers"]


def keepers(view: View, *, hopeful: bool) -> Mapping[str, tuple[str, ...]]:
    """Return for each key those of its places that give it to who does not have it.

    A site or a person does. A copy does if it needs no key, or another one that can itself be had
    away from the source: a copy that the key opens is a safe with its own key in it, and so are
    two that keep each other's.

    Parameters
    ----------
    view : View
        The prepared inventory.
    hopeful : bool
        Whether to count a copy under a key of which the set-up file says nothing.

    Returns
    -------
    mapping of str to tuple of str
        Those at the source among them, see `at_home`.
    """
    copies = {place.name: place for place in view.locations}
    found: dict[str, tuple[str, ...]] = {}
    more: dict[str, tuple[str, ...]] = dict.fromkeys(view.keys, ())
    while more != found:
        found = more
        had = {name for name, places in found.items() if not all_at_home(view, places)}
        more = {
            name: tuple(
                place
                for place in key.kept
                if place in view.sites
                or place not in copies
                or _opens(view, copies[place], had - {name}, hopeful)
            )
            for name, key in view.keys.items()
        }
    return found


def all_at_home(view: View, places: Iterable[str]) -> bool:
    """Tell whether all places that keep a key, if there are any, are lost with the live data."""
    return all(at_home(view, place) for place in places)


def at_home(view: View, keeper: str) -> bool:
    """Tell whether a place that keeps a key is lost with the live data."""
    home = view.inventory.source.domains.site.value
    if keeper == home or keeper in view.sites:
        return _is_home(view, keeper)
    number = next((n for n, place in enumerate(view.locations) if place.name == keeper), None)
    if not number:
        return number == 0
    site = view.locations[number].domains.site.value
    beside = view.relation(0, number).tie is Tie.SHARED
    return beside or (site is not None and _is_home(view, site))


def _is_home(view: View, site: str) -> bool:
    home = view.inventory.source.domains.site.value
    return home is not None and (site == home or one_spot(view, site, home))


def _opens(view: View, place: Location, had: Container[str], hopeful: bool) -> bool:
    key = place.domains.key.value
    if place.encrypted.value is False or (place.encrypted.value is None and key is None):
        return True
    return key in had if key in view.keys else hopeful
