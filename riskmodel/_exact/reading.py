"""From a layout to what the exact methods need of it; refuses what none of them models."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from riskmodel._resolve import (
    horizon_of,
    needs_recovery,
    never_noticed,
    people_keys,
    rebuild_of,
    recovery_of,
)
from riskmodel._rest import rest_keys
from riskmodel._together import disasters_of, surges_of
from riskmodel.errors import LayoutError, StateSpaceTooLarge
from riskmodel.lifetimes import EXPONENTIAL, FIXED, Law

if TYPE_CHECKING:
    from collections.abc import Iterable

    from riskmodel.layout import Copy, Layout
    from riskmodel.media import Medium

__all__ = ["CopyLaw", "Problem", "Strike", "Target", "constant_rate", "read", "refuse"]

_NEVER = Law(never=True)

_NAMED = 8  # keys that a refusal names


@dataclass(frozen=True, slots=True)
class CopyLaw:
    """One copy; two that compare equal obey one law. Rates per hour, times in hours.

    ``labels`` are indices of frailties. Latent errors and rebuild errors are there only if they
    can lose the whole copy.
    """

    place: str = field(compare=False)
    drives: int
    tolerates: int
    groups: int
    lifetime: Law
    age_hours: float
    labels: tuple[int, ...]
    rebuild: Law
    serial: bool
    waits_for_spares: bool
    stress: tuple[float, ...]
    error_rate: float
    scrub: Law
    error_while_bare: bool
    rebuild_error: float
    shocks: tuple[tuple[float, float], ...]
    site: int
    vulnerability: float
    recovery: Law
    check_every: float
    random_phase: bool

    @property
    def wears(self) -> bool:
        """Whether its drives can fail of themselves."""
        return not self.lifetime.is_never

    @property
    def never_rebuilds(self) -> bool:
        """Whether a drive that is down stays so until the whole copy is made again."""
        return self.rebuild.is_never

    @property
    def never_recovers(self) -> bool:
        """Whether the copy, once its drives have lost it, stays lost unless its site recovers."""
        return self.recovery.is_never or math.isinf(self.check_every)


@dataclass(frozen=True, slots=True)
class Target:
    """A site or a copy that a strike hits with a chance; of a site perhaps the media only."""

    is_site: bool
    index: int
    chance: float
    media_only: bool = False


@dataclass(frozen=True, slots=True)
class Strike:
    """A Poisson process of instants that hit sites and copies."""

    rate: float
    targets: tuple[Target, ...]
    choose: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A layout as the exact methods see it; a site without a recovery is not destructible."""

    name: str
    horizon_hours: float
    copies: tuple[CopyLaw, ...]
    sites: tuple[tuple[str, Law | None], ...]
    strikes: tuple[Strike, ...]
    variances: tuple[float, ...]


def refuse(place: str, reason: str) -> NoReturn:
    """Raise StateSpaceTooLarge with one sentence."""
    raise StateSpaceTooLarge(f"{place}: {reason}")


def constant_rate(law: Law) -> float | None:
    """Return the rate of a memoryless law, 0 if never, infinite if at once, else None."""
    if law.kind in ("bandwidth", "every"):
        return None
    terms = law.terms()
    if all(term.kind == EXPONENTIAL for term in terms):
        return math.fsum(1.0 / term.a for term in terms)
    if len(terms) == 1 and terms[0].kind == FIXED and terms[0].a == 0.0:
        return math.inf
    return None


def read(layout: Layout, horizon_hours: float | None = None) -> Problem:
    """Return what the exact methods need of a layout.

    Raises
    ------
    LayoutError
        If something that the law needs is missing.
    StateSpaceTooLarge
        If the layout sets a key that no exact method models.
    """
    found = (*people_keys(layout), *rest_keys(layout))
    if found:
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        named = ", ".join(found[:_NAMED])
        refuse(layout.name, f"{named}{more}: not part of the exact methods' law")
    horizon = horizon_of(layout, horizon_hours)
    labels: dict[tuple[str, str], int] = {}
    variances: list[float] = []
    copies = []
    for copy in layout.copies:
        medium = layout.medium(copy.store.media)
        indices = []
        for kind in ("batch", "model"):
            label = getattr(medium, kind)
            law = medium.lifetime_law
            if label is None or label.variance == 0.0 or law is None or law.is_never:
                continue
            key = (kind, label.label)
            if key not in labels:
                labels[key] = len(variances)
                variances.append(label.variance)
            indices.append(labels[key])
        copies.append(_copy(layout, copy, medium, tuple(indices)))
    return Problem(
        name=layout.name,
        horizon_hours=horizon,
        copies=tuple(copies),
        sites=tuple((f"sites.{name}", site.recovery) for name, site in layout.sites.items()),
        strikes=tuple(_strikes(layout)),
        variances=tuple(variances),
    )


def _copy(layout: Layout, copy: Copy, medium: Medium, labels: tuple[int, ...]) -> CopyLaw:
    store = copy.store
    lifetime = medium.lifetime_law
    if lifetime is None:
        raise LayoutError(
            f'media.{store.media}.lifetime: is required: a law, an afr, "none", or a preset'
        )
    rebuild = rebuild_of(layout, copy, medium)[0] if store.tolerance else _NEVER
    needed = needs_recovery(layout, copy, medium)
    both = store.latent_rule == "at-failure-and-rebuild"
    whole = store.latent_loss == "whole"
    latent = medium.latent_errors if whole and (store.tolerance > 0 or both) else None
    every = copy.check.every if copy.check else math.inf if never_noticed(layout, copy) else 0.0
    return CopyLaw(
        place=f"copies.{copy.name}",
        drives=store.group_drives,
        tolerates=store.tolerance,
        groups=store.group_count,
        lifetime=lifetime,
        age_hours=medium.age or 0.0,
        labels=labels,
        rebuild=rebuild,
        serial=store.repairs == "serial",
        waits_for_spares=store.spare_wait is not None and not rebuild.is_never,
        stress=store.stress,
        error_rate=1.0 / latent.mean_time if latent is not None else 0.0,
        scrub=(store.scrub or _NEVER) if latent is not None else _NEVER,
        error_while_bare=both,
        rebuild_error=store.rebuild_error if whole and not rebuild.is_never else 0.0,
        shocks=tuple((s.rate, s.kills) for s in store.shocks if s.rate > 0.0 and s.kills > 0.0),
        site=list(layout.sites).index(copy.site) if copy.site else -1,
        vulnerability=copy.vulnerability,
        recovery=recovery_of(layout, copy, needed=needed)[0],
        check_every=every,
        random_phase=copy.check is not None and copy.check.phase == "random",
    )


def _strikes(layout: Layout) -> Iterable[Strike]:
    names = [copy.name for copy in layout.copies]
    sites = list(layout.sites)
    # an empty site only matters where it can be chosen in another's stead
    real = {copy.site for copy in layout.copies if copy.site}
    real |= {name for shock in layout.shocks if shock.choose is not None for name in shock.targets}
    for disaster in disasters_of(layout):
        struck = tuple(
            Target(True, index, 1.0, media_only=what == "media")
            for index, what in zip(disaster.sites, disaster.takes, strict=True)
            if sites[index] in real
        )
        if struck:
            yield Strike(disaster.rate, struck)
    for _, rate, reached in surges_of(layout):
        hit = tuple(Target(False, names.index(c), p) for c, p in reached.items() if p > 0.0)
        if rate > 0.0 and hit:
            yield Strike(rate, hit)
    for shock in layout.shocks:
        chances = shock.hits if isinstance(shock.hits, dict) else dict.fromkeys(shock.hits, 1.0)
        targets = tuple(
            Target(True, sites.index(name), chance)
            if name in sites
            else Target(False, names.index(name), chance)
            for name, chance in chances.items()
            if chance > 0.0 and (name not in sites or name in real)
        )
        if shock.rate > 0.0 and targets and shock.choose != 0:
            yield Strike(shock.rate, targets, choose=shock.choose)
