"""What a layout leaves open, settled: defaults with their source, and refusals.

Between the description and the arrays: every engine asks here, so that all read a layout alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskmodel._rest import is_alone, sets_of
from riskmodel.errors import LayoutError
from riskmodel.lifetimes import Law
from riskmodel.perils import hit_rate, peril_reaches
from riskmodel.preset_catalogue import presets
from riskmodel.sites import Peril, Site
from riskmodel.units import HOURS_PER_YEAR, format_hours

if TYPE_CHECKING:
    from riskmodel.layout import Copy, Layout
    from riskmodel.media import Medium

__all__ = [
    "NATURE",
    "NEVER",
    "horizon_of",
    "is_online",
    "local_perils",
    "needs_recovery",
    "never_noticed",
    "people_keys",
    "perils_of",
    "plugged_in",
    "rebuild_of",
    "recovery_of",
]

NEVER = Law(never=True)
NATURE = "nature"


def people_keys(layout: Layout) -> tuple[str, ...]:
    """Return the keys that the layout sets about people, malware, feeds, versions and keys.

    Parameters
    ----------
    layout : Layout
        What is asked about.

    Returns
    -------
    tuple of str
        Their paths, for example ``("threats", "copies.usb.fed")``.
    """
    found = ["threats"] if layout.threats is not None else []
    found += [f"keys.{name}" for name in layout.keys_]
    for copy in layout.copies:
        keys = ("fed", "key", "immutable", "retention", "online")
        found += [f"copies.{copy.name}.{key}" for key in keys if getattr(copy, key) is not None]
    return tuple(found)


def is_online(layout: Layout, copy: Copy) -> bool:
    """Whether who has a copy's credentials can write on it at any time."""
    if copy.online is not None:
        return copy.online
    return not (copy.offline or layout.medium(copy.store.media).at_rest)


def horizon_of(layout: Layout, horizon_hours: float | None) -> float:
    """Return the mission time in hours, the layout's own unless another is given."""
    hours = layout.horizon if horizon_hours is None else horizon_hours
    if hours is None:
        raise LayoutError(f"{layout.name}: horizon: is required, such as horizon = '10 years'")
    if not 0.0 < hours < math.inf:
        raise LayoutError(f"{layout.name}: horizon: must be above zero, got {hours!r} h")
    return hours


def perils_of(site: Site) -> dict[str, Peril]:
    """Return a site's perils: those of its kind, overridden key by key and joined by its own.

    The ``nature`` of a kind is that of an average place. Where a site says its location, the perils
    that catalogues hold there stand by their own names, and ``nature`` is what is left of it.
    """
    found = dict(presets().sites[site.kind].perils) if site.kind else {}
    nature = found.get(NATURE)
    if nature is not None and NATURE not in site.perils and site.location is not None:
        here = local_perils(site)
        found |= {name: nature.model_copy(update={"rate": rate}) for name, rate in here.items()}
        left = max(nature.rate - math.fsum(here.values()), 0.0)
        found[NATURE] = nature.model_copy(update={"rate": left})
    for name, own in site.perils.items():
        base = found.get(name)
        said = {key: getattr(own, key) for key in own.model_fields_set}
        found[name] = base.model_copy(update=said) if base is not None else own
    return found


def plugged_in(layout: Layout, site: str) -> dict[str, float]:
    """Return the copies at a site that a surge reaches, each with its chance to be lost in it.

    They are those that are neither offline nor at rest; of sets that rotate the ones at the copy's
    site lie on a shelf.
    """
    return {
        copy.name: copy.vulnerability
        for copy in layout.copies
        if copy.site == site
        and sets_of(copy) == 1
        and not (copy.offline or layout.medium(copy.store.media).at_rest)
    }


def local_perils(site: Site) -> dict[str, float]:
    """Return how often a site is lost to each peril that a catalogue holds at its place. [1/h].

    Perils that the site or its kind states itself are left out.
    """
    stated = {*site.perils, *(presets().sites[site.kind].perils if site.kind else ())}
    found = {}
    for name, known in peril_reaches().items():
        if known.covers is None or site.location is None or name in stated:
            continue
        hits = hit_rate(name, site.location)
        if hits is not None and hits.per_year > 0.0:
            found[name] = hits.per_year * known.destroys / HOURS_PER_YEAR
    return found


def rebuild_of(layout: Layout, copy: Copy, medium: Medium) -> tuple[Law, str]:
    """Return the law of a rebuild, and what was assumed for it if anything.

    Raises
    ------
    LayoutError
        If drives may be lost and neither a law nor a capacity is given.
    """
    store = copy.store
    place = f"copies.{copy.name}.store.rebuild"
    law = store.rebuild
    if law is not None and law.bandwidth is not None:
        if medium.capacity is None:
            raise LayoutError(f"{place}: a bandwidth needs media.{store.media}.capacity")
        return Law(fixed=medium.capacity / law.bandwidth), ""
    if law is not None:
        return law, ""
    if store.tolerance == 0:
        return NEVER, ""
    if medium.capacity is None:
        raise LayoutError(
            f"{place}: is required where failures are tolerated: "
            f"write a law such as {{ fixed = '12 h' }}, or give media.{store.media}.capacity"
        )
    speed = medium.bandwidth or layout.stand_ins().rebuild_bandwidth
    hours = medium.capacity / speed
    return Law(
        fixed=hours
    ), f"{place}: {format_hours(hours)}, the capacity at {speed / 3.6e9:.0f} MB/s"


def recovery_of(layout: Layout, copy: Copy, *, needed: bool) -> tuple[Law, str]:
    """Return the law of a copy's recovery, and what was assumed for it if anything.

    Raises
    ------
    LayoutError
        If it is needed and neither given nor derivable.
    """
    if copy.recovery is not None:
        if copy.recovery.kind == "every":
            raise LayoutError(f"copies.{copy.name}.recovery: 'every' is no law of a recovery")
        if copy.recovery.kind == "bandwidth":
            if layout.size is None:
                raise LayoutError(
                    f"copies.{copy.name}.recovery: a bandwidth needs the layout's size"
                )
            return Law(fixed=layout.size / (copy.recovery.bandwidth or 1.0)), ""
        return copy.recovery, ""
    if not needed:
        return NEVER, ""
    if layout.size is None:
        raise LayoutError(
            f"copies.{copy.name}.recovery: is required with several copies: "
            "write a law such as { fixed = '5 days' }, or give the layout's size"
        )
    defaults = layout.stand_ins()
    hours = defaults.replacement_wait + layout.size / defaults.rebuild_bandwidth
    return Law(fixed=hours), (
        f"copies.{copy.name}.recovery: {format_hours(hours)}, a replacement's wait of "
        f"{format_hours(defaults.replacement_wait)} and the size at "
        f"{defaults.rebuild_bandwidth / 3.6e9:.0f} MB/s"
    )


def needs_recovery(layout: Layout, copy: Copy, medium: Medium) -> bool:
    """Whether the copy can be lost otherwise than with a site that has a recovery of its own."""
    if is_alone(layout):
        return False
    if layout.threats is not None or copy.key is not None:
        return True
    lifetime = medium.lifetime_law
    if lifetime is not None and not lifetime.is_never:
        return True
    if medium.obsolescence is not None and not medium.obsolescence.is_never:
        return True
    if copy.store.shocks or any(copy.name in shock.targets for shock in layout.shocks):
        return True
    site = layout.sites.get(copy.site or "")
    if site is None:
        return False
    perils = perils_of(site).values()
    if site.recovery is None:
        return bool(perils) or any(copy.site in shock.targets for shock in layout.shocks)
    takes = {peril.takes for peril in perils}
    surge = "plugged-in" in takes and copy.name in plugged_in(layout, copy.site or "")
    return "media" in takes or surge


def never_noticed(layout: Layout, copy: Copy) -> bool:
    """Whether nobody would ever see that this copy is lost."""
    at_rest = copy.offline or bool(layout.medium(copy.store.media).at_rest)
    return at_rest and copy.check is None and not is_alone(layout)
