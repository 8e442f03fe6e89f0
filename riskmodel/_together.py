"""Disasters of a layout: which sites one event strikes together, and how often.

Sites at different rates are struck by layers: what strikes the rarest strikes all that lie in the
footprint, what is left of the others' rates strikes those alone, and so on. So two sites are
struck together at the chance of their distance times the smaller rate, and every rate is kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskmodel._footprints import clusters, hit_sets, pair_chance, plane_of
from riskmodel._resolve import NATURE, local_perils, perils_of, plugged_in
from riskmodel.errors import LayoutError
from riskmodel.geodesy import distance_km
from riskmodel.perils import hit_rate, peril_reaches, shapes_of
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from riskmodel.layout import Layout
    from riskmodel.sites import Peril, Site

__all__ = [
    "MOST_TOGETHER",
    "Disaster",
    "assumed_perils",
    "disasters_of",
    "independent_perils",
    "layered",
    "surges_of",
]

MOST_TOGETHER = 16
"""So many sites can be coupled in one peril: sets grow like a power of them."""

_Place = tuple[float, float]
_Sets = dict[int, float]


@dataclass(frozen=True, slots=True)
class Disaster:
    """A Poisson process: events of one peril that strike these sites and no others. [1/h].

    ``takes`` says, by site, what is lost there: see `riskmodel.sites.Peril`.
    """

    peril: str
    rate: float
    sites: tuple[int, ...]
    takes: tuple[str, ...]

    def cause(self, names: Sequence[str]) -> str:
        """Return what it is called in results."""
        *most, last = (names[index] for index in self.sites)
        where = f"{', '.join(most)} and {last}" if most else last
        return f"{self.peril} at {where}"


def disasters_of(layout: Layout) -> tuple[Disaster, ...]:
    """Return all disasters of a layout; those of one site come first, in the layout's order.

    Parameters
    ----------
    layout : Layout
        Its sites have perils; those with a location are struck together, those of one country by a
        national catastrophe.

    Returns
    -------
    tuple of Disaster
        Their rates add up to each peril's own at every site.
    """
    perils = [_striking(site) for site in layout.sites.values()]
    sets: dict[str, _Sets] = {}
    for name in dict.fromkeys(name for own in perils for name in own):
        rates = {i: own[name].rate for i, own in enumerate(perils) if name in own}
        sets[name] = {}
        for group, share in _groups(layout, name, [i for i in rates if rates[i] > 0.0]):
            sets[name] |= layered({i: rates[i] for i in group}, share)
    found = [(name, 1 << i) for i, own in enumerate(perils) for name in own]
    found += [(name, mask) for name in sets for mask in sorted(sets[name]) if mask & (mask - 1)]
    disasters = []
    for name, mask in found:
        sites = tuple(i for i in range(len(perils)) if mask >> i & 1)
        takes = tuple(perils[i][name].takes for i in sites)
        disasters.append(Disaster(name, sets[name].get(mask, 0.0), sites, takes))
    return tuple(disaster for disaster in disasters if disaster.rate > 0.0)


def _striking(site: Site) -> dict[str, Peril]:
    """Return the perils that strike all that is at a site; a surge takes single copies."""
    return {name: peril for name, peril in perils_of(site).items() if peril.takes != "plugged-in"}


def surges_of(layout: Layout) -> Iterator[tuple[str, float, dict[str, float]]]:
    """Yield what strikes only the copies that are plugged in: its cause, its rate, their chances.

    A surge never leaves its building. Rates are in 1/h, chances by the copy's name.
    """
    for name, site in layout.sites.items():
        for peril_name, peril in perils_of(site).items():
            if peril.takes == "plugged-in":
                yield f"{peril_name} at {name}", peril.rate, plugged_in(layout, name)


def layered(rates: dict[int, float], share: Callable[[tuple[int, ...]], _Sets]) -> _Sets:
    """Return the rate at which each set of sites is struck by one event.

    Parameters
    ----------
    rates : dict of int to float
        Of each site.
    share : callable
        By sites, how often each set of them is hit for each event that hits a given one; sets are
        masks of the sites' own indices.

    Returns
    -------
    dict of int to float
        By set, as a mask.
    """
    found: _Sets = {}
    below = 0.0
    for level in sorted(set(rates.values())):
        active = tuple(i for i in rates if rates[i] >= level)
        for mask, part in share(active).items():
            found[mask] = found.get(mask, 0.0) + (level - below) * part
        below = level
    return found


def independent_perils(layout: Layout) -> tuple[str, ...]:
    """Return the perils that may reach from one site to another and are taken not to.

    Those are the perils of several sites whose reach nobody knows, or that reach far where a site
    says neither its location nor, for a national catastrophe, its country.
    """
    sites = list(layout.sites.values())
    perils = [_striking(site) for site in sites]
    if sum(bool(own) for own in perils) < 2:
        return ()
    found = []
    for name in dict.fromkeys(name for own in perils for name in own):
        here = [site for site, own in zip(sites, perils, strict=True) if name in own]
        known = peril_reaches().get(name)
        needs = {"footprint": "location", "country": "country"}.get(known.reach) if known else None
        if known is None or (needs and any(getattr(site, needs) is None for site in here)):
            found.append(name)
    return tuple(found)


def assumed_perils(layout: Layout) -> Iterator[str]:
    """Say which perils a site has by its place, and what remains of nature at large."""
    for name, site in layout.sites.items():
        found = perils_of(site)
        if site.kind is None or site.location is None or NATURE in site.perils:
            continue
        for peril, rate in local_perils(site).items() if NATURE in found else ():
            hits = hit_rate(peril, site.location)
            if hits is not None:
                yield (
                    f"sites.{name}.perils.{peril}: {rate * HOURS_PER_YEAR:.2g} a year, of hits "
                    f"{hits.per_year:.2g} ({hits.low:.2g} to {hits.high:.2g}) by the catalogue of "
                    f"its place, of which {peril_reaches()[peril].destroys:g} destroy (grade C); "
                    f"nature: the remaining {found[NATURE].rate * HOURS_PER_YEAR:.2g}"
                )


def _groups(
    layout: Layout, name: str, members: list[int]
) -> Iterator[tuple[tuple[int, ...], Callable[[tuple[int, ...]], _Sets]]]:
    """Yield sites that one event can strike together, and how to share its hits among them."""
    sites = list(layout.sites.values())
    known = peril_reaches().get(name)
    if known is not None and known.reach == "country":
        for country, own in _by(members, lambda i: sites[i].country or ""):
            if country:
                yield own, _as_one
            else:
                yield from (((i,), _as_one) for i in own)
        return
    shapes = shapes_of(name)
    placed = {i: sites[i].location for i in members} if shapes is not None else {}
    places = {i: place for i, place in placed.items() if place is not None}
    yield from (((i,), _as_one) for i in members if i not in places)
    if shapes is None:
        return

    def share(active: tuple[int, ...]) -> _Sets:
        compact = _shares(name, tuple(places[i] for i in active))
        spread = {1 << k: 1 << i for k, i in enumerate(active)}
        return {
            sum(wide for bit, wide in spread.items() if mask & bit): part
            for mask, part in compact.items()
        }

    members = list(places)
    for group in clusters(_apart(tuple(places.values())), shapes.reach_km):
        if len(group) > MOST_TOGETHER:
            raise LayoutError(
                f"{layout.name}: {name}: {len(group)} sites lie within reach of one event, at most "
                f"{MOST_TOGETHER} can be worked out; drop the location of some"
            )
        yield tuple(members[k] for k in group), share


def _apart(places: tuple[_Place, ...]) -> NDArray[np.float64]:
    return np.array([[distance_km(one, other) for other in places] for one in places])


def _by(members: list[int], key: Callable[[int], str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for value, group in itertools.groupby(sorted(members, key=key), key):
        yield value, tuple(group)


def _as_one(active: tuple[int, ...]) -> _Sets:
    return {sum(1 << i for i in active): 1.0}


@lru_cache(maxsize=256)
def _shares(name: str, places: tuple[_Place, ...]) -> _Sets:
    """Return how often each set of places is hit for each event that hits a given one."""
    shapes = shapes_of(name)
    if shapes is None or len(places) == 1:
        return {1: 1.0}
    apart = _apart(places)
    if len(places) == 2:  # in closed form
        both = pair_chance(shapes, float(apart[0, 1]))
        sets = {1: 1.0 - both, 2: 1.0 - both, 3: both}
        return {mask: part for mask, part in sets.items() if part > 0.0}
    return hit_sets(shapes, plane_of(apart))
