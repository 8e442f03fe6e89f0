"""What all rules look at: the inventory, how each location stands, and what they share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verifier.inventory import Evidence, Inventory, Location
from verifier.rules._independence import Relation, Tie, relation
from verifier.rules._largest import Chosen, independent
from verifier.rules._standing import Copyhood, Standing, standing

if TYPE_CHECKING:
    from riskmodel.policies import Key
    from riskmodel.sites import Site
    from verifier.setup import Policy

__all__ = ["View", "distance_km", "names", "view_of", "weakest"]

_MOST_NAMED = 20
_EARTH_RADIUS_KM = 6371.0088  # IUGG mean radius


@dataclass(frozen=True, slots=True)
class View:
    """One inventory, prepared for the rules; locations go by their number, the source is 0.

    Parameters
    ----------
    inventory : Inventory
        What was found.
    policy : Policy
        The limits.
    sites, keys : mapping
        Places and encryption keys that the set-up file describes.
    locations : tuple of Location
        The source first, then the locations.
    standings : tuple of Standing
        How each location stands by itself.
    copies : tuple of int
        All whole, fresh copies, independent or not.
    hopefuls : tuple of int
        All that are copies or could turn out to be.
    relations : tuple of tuple of Relation
        For each location what it has in common with each that comes after it.
    counted : tuple of int
        Independent copies for certain.
    possible : tuple of int
        Independent copies if all that is unknown turned out well.
    counted_at_most, possible_at_most : int
        No choice of independent copies has more. The same as there are, unless so many locations
        are tied so widely that no largest choice could be proven; up to three it always is.
    """

    inventory: Inventory
    policy: Policy
    sites: Mapping[str, Site]
    keys: Mapping[str, Key]
    locations: tuple[Location, ...]
    standings: tuple[Standing, ...]
    copies: tuple[int, ...]
    hopefuls: tuple[int, ...]
    relations: tuple[tuple[Relation, ...], ...]
    counted: tuple[int, ...]
    possible: tuple[int, ...]
    counted_at_most: int
    possible_at_most: int

    def relation(self, one: int, other: int) -> Relation:
        """Return what two different locations have in common."""
        first, second = (one, other) if one < other else (other, one)
        return self.relations[first][second - first - 1]

    def pairs(self) -> Iterator[tuple[tuple[int, int], Relation]]:
        """Yield each pair of locations, the smaller number first, and what they have in common."""
        for one, row in enumerate(self.relations):
            for other, found in enumerate(row, one + 1):
                yield (one, other), found

    def apart_from_source(self, among: Iterable[int]) -> Iterator[int]:
        """Yield those that do not stand on the source's own parts, as far as one knows."""
        for number in among:
            if number and self.relation(0, number).tie is not Tie.SHARED:
                yield number


def view_of(
    inventory: Inventory,
    policy: Policy,
    *,
    sites: Mapping[str, Site] | None = None,
    keys: Mapping[str, Key] | None = None,
) -> View:
    """Prepare an inventory for the rules.

    Parameters
    ----------
    inventory : Inventory
        What was found.
    policy : Policy
        The limits.
    sites, keys : mapping, optional
        Places and encryption keys.

    Returns
    -------
    View
    """
    places = inventory.all_locations
    source, now = inventory.source, inventory.at
    standings = tuple(standing(place, source, policy, now) for place in places)
    relations = _relations(places)
    certain = _holding(standings, Copyhood.YES)
    hoped = _holding(standings, Copyhood.YES, Copyhood.MAYBE, Copyhood.DECLARED)
    counted = _independent(certain, relations, {Tie.SHARED, Tie.UNKNOWN})
    possible = _independent(hoped, relations, {Tie.SHARED})
    return View(
        inventory=inventory,
        policy=policy,
        sites=sites or {},
        keys=keys or {},
        locations=places,
        standings=standings,
        copies=certain,
        hopefuls=hoped,
        relations=relations,
        counted=counted.nodes,
        possible=possible.nodes,
        counted_at_most=counted.at_most,
        possible_at_most=possible.at_most,
    )


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance of two places by the haversine formula, in km.

    Parameters
    ----------
    one, other : tuple of (float, float)
        Latitude and longitude. [degrees]

    Returns
    -------
    float
        On a sphere of the mean radius; within 0.6 % of the ellipsoid. [km]

    References
    ----------
    .. [1] R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (2), 1984, p. 159.
    """
    latitude, longitude = math.radians(one[0]), math.radians(one[1])
    latitude_2, longitude_2 = math.radians(other[0]), math.radians(other[1])
    chord = (
        math.sin((latitude_2 - latitude) / 2) ** 2
        + math.cos(latitude) * math.cos(latitude_2) * math.sin((longitude_2 - longitude) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(chord, 1.0)))


def names(words: Iterable[str]) -> str:
    """Join names for a sentence, as in "a, b and c"; of very many the first, and how many more."""
    listed = list(words)
    if len(listed) > _MOST_NAMED:
        listed[_MOST_NAMED:] = [f"{len(listed) - _MOST_NAMED:,} more"]
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"


def weakest(evidence: Iterable[Evidence]) -> Evidence:
    """Return the weakest of several kinds of evidence; unknown if there is none."""
    order = list(Evidence)
    return max(evidence, key=order.index, default=Evidence.UNKNOWN)


def _holding(standings: tuple[Standing, ...], *wanted: Copyhood) -> tuple[int, ...]:
    return tuple(n for n, found in enumerate(standings) if found.copyhood in wanted)


def _relations(places: tuple[Location, ...]) -> tuple[tuple[Relation, ...], ...]:
    """Compare each with each; a thousand locations are half a million pairs, most of them alike."""
    known: dict[Relation, Relation] = {}
    return tuple(
        tuple(
            known.setdefault(found, found)
            for found in (relation(place, other) for other in places[number + 1 :])
        )
        for number, place in enumerate(places)
    )


def _independent(
    among: tuple[int, ...], relations: tuple[tuple[Relation, ...], ...], ties: set[Tie]
) -> Chosen:
    index = {number: position for position, number in enumerate(among)}
    edges = (
        (position, index[other])
        for position, number in enumerate(among)
        for other, found in enumerate(relations[number], number + 1)
        if found.tie in ties and other in index
    )
    found = independent(len(among), edges, first=index.get(0))
    return Chosen(tuple(among[position] for position in found.nodes), found.at_most)
