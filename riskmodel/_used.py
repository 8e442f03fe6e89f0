"""Which sourced defaults the answer for a layout rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._resolve import local_perils, needs_recovery, perils_of, rebuild_of, recovery_of
from riskmodel._threats import people_of, threats_of
from riskmodel.drive_models import find_drive
from riskmodel.perils import sources_at
from riskmodel.preset_catalogue import Source, presets

if TYPE_CHECKING:
    from riskmodel.layout import Copy, Layout
    from riskmodel.media import Medium
    from riskmodel.sites import Site

__all__ = ["Used", "parameters_used"]


@dataclass(frozen=True, slots=True)
class Used:
    """One sourced number, or law, that a layout takes from a preset or a default.

    Parameters
    ----------
    path : str
        Where it acts, as keys of the layout joined by dots.
    preset : str
        The preset that brings it.
    source : Source
        Its value, range, source and grade.
    """

    path: str
    preset: str
    source: Source

    @property
    def uncertain(self) -> bool:
        """Whether it is a judgement."""
        return self.source.grade == "C"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON output prints of it."""
        source = self.source.model_dump()
        del source["key"]
        return {"path": self.path, "preset": self.preset, "uncertain": self.uncertain} | source


def parameters_used(layout: Layout) -> tuple[Used, ...]:
    """Return every sourced default that a layout rests on, each once.

    Parameters
    ----------
    layout : Layout
        What is asked about.

    Returns
    -------
    tuple of Used
        Without those that the layout overrides, and those that cannot matter in it.

    Examples
    --------
    >>> import riskmodel as rm
    >>> disk = rm.Layout.from_dict({"copies": [{"name": "disk", "store": {"media": "ssd"}}]})
    >>> [(item.path, item.source.value, item.source.grade) for item in parameters_used(disk)]
    [('media.ssd.afr', '0.9 %', 'B')]
    """
    return tuple(dict.fromkeys(_all(layout)))


def _all(layout: Layout) -> Iterator[Used]:
    for copy in layout.copies:
        yield from _of_medium(layout, copy)
        for blow in copy.store.shocks:
            if blow.preset is not None:
                known = presets().store_shocks[blow.preset]
                path = f"copies.{copy.name}.store.shocks.{blow.name}"
                own = {
                    key for key in ("rate", "kills") if getattr(blow, key) != getattr(known, key)
                }
                yield from _unsaid(path, blow.preset, known.sources, own)
    struck = {copy.site for copy in layout.copies}
    for name, site in layout.sites.items():
        if site.kind is not None and name in struck:
            own = {f"perils.{key}" for key, peril in site.perils.items() if peril.rate is not None}
            # what catalogues hold at the place may leave nothing of nature at large
            own |= {f"perils.{key}" for key, peril in perils_of(site).items() if not peril.rate}
            yield from _unsaid(f"sites.{name}", site.kind, presets().sites[site.kind].sources, own)
            yield from _of_place(name, site)
    yield from _of_threats(layout)
    wanted = _defaults_used(layout)
    for source in presets().defaults.sources:
        if source.key in wanted:
            yield Used(f"defaults.{source.key}", "defaults", source)


def _unsaid(path: str, preset: str, sources: Iterable[Source], own: set[str]) -> Iterator[Used]:
    """Yield the sources of a preset but for those of keys that the layout says itself."""
    for source in sources:
        if not any(f"{source.key}.".startswith(f"{key}.") for key in own):
            yield Used(f"{path}.{source.key}", preset, source)


def _of_place(name: str, site: Site) -> Iterator[Used]:
    """Yield what stands behind the perils that a site has by its place."""
    here = perils_of(site)
    for peril in local_perils(site):
        if peril in here and site.location is not None:
            for source in sources_at(peril, site.location):
                yield Used(f"sites.{name}.perils.{peril}", peril, source)


def _of_medium(layout: Layout, copy: Copy) -> Iterator[Used]:
    name = copy.store.media
    own = layout.media.get(name)
    preset = name if own is None else own.based_on
    path = f"media.{name}"
    said: set[str] = set(own.model_fields_set) if own is not None else set()
    if said & {"lifetime", "afr"}:
        said |= {"lifetime", "afr"}
    if copy.store.tolerance == 0 and copy.store.latent_rule == "at-failure":
        said.add("latent_errors")  # which then cannot matter
    if copy.store.tolerance == 0 or copy.store.rebuild is not None:
        said |= {"capacity", "bandwidth"}
    if own is not None and own.drive is not None:
        yield from _of_drive(path, own.drive)
    for source in presets().media[preset].sources if preset is not None else ():
        # a drive's own level stands in for the preset's; the shape of the law stays
        level = source.key == "lifetime" and source.low is not None
        if own is None or own.drive is None or not level:
            yield from _unsaid(path, preset or "", (source,), said)
    if own is not None:
        yield from _of_labels(path, own)
        for known, law in presets().obsolescence.items():
            if own.obsolescence == law.law:
                for source in law.sources:
                    yield Used(f"{path}.obsolescence", known, source)


def _of_drive(path: str, name: str) -> Iterator[Used]:
    drive = find_drive(name)
    if drive is not None:
        yield Used(f"{path}.drive", drive.model, Source(**drive.source()))


def _of_labels(path: str, medium: Medium) -> Iterator[Used]:
    for kind in ("batch", "model"):
        label = getattr(medium, kind)
        if label is None or label.preset is None:
            continue
        known = presets().frailties[label.preset]
        own = {"variance"} if label.variance != known.variance else set()
        yield from _unsaid(f"{path}.{kind}", label.preset, known.sources, own)


def _of_threats(layout: Layout) -> Iterator[Used]:
    causes = {reach.cause.split(" of ", 1)[0] for reach in people_of(layout).reaches}
    for name in threats_of(layout):
        if name not in causes:
            continue
        own = getattr(layout.threats, name.replace("-", "_"))
        keys = ("rate", "noticed", "backups")
        said = {key for key in keys if own is not None and getattr(own, key) is not None}
        preset = own.preset if own is not None and own.preset is not None else name
        yield from _unsaid(f"threats.{name}", preset, presets().shocks[preset].sources, said)


def _defaults_used(layout: Layout) -> set[str]:
    found: set[str] = set()
    for copy in layout.copies:
        medium = layout.medium(copy.store.media)
        if rebuild_of(layout, copy, medium)[1] and medium.bandwidth is None:
            found.add("rebuild_bandwidth")
        if recovery_of(layout, copy, needed=needs_recovery(layout, copy, medium))[1]:
            found |= {"rebuild_bandwidth", "replacement_wait"}
        fed = copy.fed
        if fed is None or layout.threats is None or not layout.threats.defaults:
            continue
        if fed.how == "backup":
            found |= {"unrestorable", "unrestorable_shared"}
        if fed.every and fed.missed is None:
            found.add("missed_by_hand" if fed.by == "hand" else "missed_by_scheduler")
    if people_of(layout).hand_variance:
        found.add("hand_variance")
    return found
