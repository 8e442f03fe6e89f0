"""What all rules look at: the inventory, how each location stands, and what they share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from verifier.inventory import Evidence, Inventory, Location
from verifier.rules._independence import Relation, Tie, independent, relation
from verifier.rules._standing import Copyhood, Standing, standing

if TYPE_CHECKING:
    from riskmodel.policies import Key
    from riskmodel.sites import Site
    from verifier.setup import Policy

__all__ = ["View", "distance_km", "names", "view_of", "weakest"]

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
    standings : tuple of Standing
        How each location stands by itself.
    relations : mapping of (int, int) to Relation
        What each pair has in common; the smaller number comes first.
    counted : tuple of int
        Independent copies for certain.
    possible : tuple of int
        Independent copies if all that is unknown turned out well.
    """

    inventory: Inventory
    policy: Policy
    sites: Mapping[str, Site]
    keys: Mapping[str, Key]
    standings: tuple[Standing, ...]
    relations: Mapping[tuple[int, int], Relation]
    counted: tuple[int, ...]
    possible: tuple[int, ...]

    @property
    def locations(self) -> tuple[Location, ...]:
        """The source first, then the locations."""
        return self.inventory.all_locations

    @property
    def copies(self) -> tuple[int, ...]:
        """Numbers of all whole, fresh copies, independent or not."""
        return _holding(self.standings, Copyhood.YES)

    @property
    def hopefuls(self) -> tuple[int, ...]:
        """Numbers of all that are copies or could turn out to be."""
        return _holding(self.standings, Copyhood.YES, Copyhood.MAYBE, Copyhood.DECLARED)

    def relation(self, one: int, other: int) -> Relation:
        """Return what two different locations have in common."""
        return self.relations[min(one, other), max(one, other)]

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
    relations = {
        (one, other): relation(places[one], places[other])
        for one, other in combinations(range(len(places)), 2)
    }
    certain = _holding(standings, Copyhood.YES)
    hoped = _holding(standings, Copyhood.YES, Copyhood.MAYBE, Copyhood.DECLARED)
    return View(
        inventory=inventory,
        policy=policy,
        sites=sites or {},
        keys=keys or {},
        standings=standings,
        relations=relations,
        counted=_independent(certain, relations, {Tie.SHARED, Tie.UNKNOWN}),
        possible=_independent(hoped, relations, {Tie.SHARED}),
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
    """Join names for a sentence, as in "a, b and c"."""
    listed = list(words)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"


def weakest(evidence: Iterable[Evidence]) -> Evidence:
    """Return the weakest of several kinds of evidence; unknown if there is none."""
    order = list(Evidence)
    return max(evidence, key=order.index, default=Evidence.UNKNOWN)


def _holding(standings: tuple[Standing, ...], *wanted: Copyhood) -> tuple[int, ...]:
    return tuple(n for n, found in enumerate(standings) if found.copyhood in wanted)


def _independent(
    among: tuple[int, ...],
    relations: Mapping[tuple[int, int], Relation],
    ties: set[Tie],
) -> tuple[int, ...]:
    index = {number: position for position, number in enumerate(among)}
    edges = [
        (index[one], index[other])
        for (one, other), found in relations.items()
        if one in index and other in index and found.tie in ties
    ]
    chosen = independent(len(among), edges, first=index.get(0))
    return tuple(among[position] for position in chosen)
