"""Compile: from a layout to the arrays that the kernels run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from riskmodel._bounds import error_cycles, require_bounded
from riskmodel._builder import Builder
from riskmodel._resolve import (
    NEVER,
    horizon_of,
    needs_recovery,
    never_noticed,
    rebuild_of,
    recovery_of,
)
from riskmodel._rest import (
    expanded,
    live_copy,
    piece_recovery,
    pieces_of,
    rest_numbers,
    rest_warnings,
    restore_hours,
    sets_of,
    source_site,
)
from riskmodel._threats import People, add_sources, key_rows, people_of
from riskmodel._together import assumed_perils, disasters_of, independent_perils, surges_of
from riskmodel._used import Used, parameters_used
from riskmodel.errors import LayoutError
from riskmodel.lifetimes import Law, hazard_beyond, mean_within
from riskmodel.units import hours

if TYPE_CHECKING:
    from riskmodel._kernels.records import Program
    from riskmodel.layout import Copy, Layout

__all__ = ["Compiled", "compile_layout", "require_compiled"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A layout ready to run.

    Parameters
    ----------
    program : Program
        The arrays.
    causes : tuple of str
        What each cause index of the kernel means.
    warnings : tuple of str
        What a reader of the result must know.
    assumptions : tuple of str
        Values that the layout left out and sourced defaults gave.
    horizon_hours : float
        Mission time. [h]
    live : str
        The copy that people work on.
    restore_hours : tuple of (str, float or None)
        How long the data takes to come back from each copy, if that is said. [h]
    parameters : tuple of Used
        The sourced defaults that it rests on.
    """

    program: Program
    causes: tuple[str, ...]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    horizon_hours: float
    live: str
    restore_hours: tuple[tuple[str, float | None], ...]
    parameters: tuple[Used, ...]

    @property
    def in_pieces(self) -> bool:
        """Whether a copy comes in pieces, one of which can be lost while the copy lives."""
        return bool(self.program.in_pieces)

    def digest(self) -> str:
        """Return a hash of the arrays: of the layout with all that presets and defaults add."""
        digest = hashlib.sha256()
        for part in self.program:
            if isinstance(part, np.ndarray):
                digest.update(str((part.dtype.descr, part.shape)).encode())
                digest.update(part.tobytes())
            else:
                digest.update(repr(part).encode())
        return digest.hexdigest()


def compile_layout(
    layout: Layout, horizon_hours: float | None = None, *, used: bool = True
) -> Compiled:
    """Turn a layout into arrays.

    Parameters
    ----------
    layout : Layout
        What is to be simulated.
    horizon_hours : float, optional
        Mission time, if not the layout's own. [h]
    used : bool
        Whether to list the sourced defaults too; a search of thousands has no use for them.

    Returns
    -------
    Compiled

    Raises
    ------
    LayoutError
        If something that the simulation needs is missing.
    """
    from riskmodel._kernels import records

    horizon = horizon_of(layout, horizon_hours)
    build = Builder()
    copies = expanded(layout)
    names = [copy.name for copy in copies]
    sites = list(layout.sites)
    for what in ("drive failures of", "latent errors of", "rebuild errors of"):
        build.causes += [f"{what} {name}" for name in names]
    for index, copy in enumerate(copies):
        _add_copy(build, layout, copy, index, horizon)
        build.rests.append(_rest_row(build, layout, copy, names.index(copy.name)))
        build.pieces += pieces_of(copy)
    site_rows, site_copies = _site_rows(build, layout)
    for disaster in disasters_of(layout):
        takes = [
            records.MEDIA_AT if what == "media" else records.SITE_ITSELF for what in disaster.takes
        ]
        kind = records.PERIL_MEDIA if takes[0] == records.MEDIA_AT else records.PERIL_SITE
        build.source(
            disaster.cause(sites),
            disaster.rate,
            kind if len(takes) == 1 else records.SHOCK_CHANCES,
            [(place, index, 1.0) for place, index in zip(takes, disaster.sites, strict=True)],
        )
    for cause, rate, reached in surges_of(layout):
        targets = [
            (records.COPY_ITSELF, names.index(copy), chance) for copy, chance in reached.items()
        ]
        build.source(cause, rate, records.SHOCK_CHANCES, targets)
    for shock in layout.shocks:
        chances = shock.hits if isinstance(shock.hits, dict) else dict.fromkeys(shock.hits, 1.0)
        targets = [
            (records.SITE_ITSELF, sites.index(name), chance)
            if name in sites
            else (records.COPY_ITSELF, names.index(name), chance)
            for name, chance in chances.items()
        ]
        kind = records.SHOCK_CHANCES if shock.choose is None else records.SHOCK_CHOOSE
        build.source(shock.name, shock.rate, kind, targets, choose=shock.choose or 0)
    for index, copy in enumerate(copies):
        for blow in copy.store.shocks:
            build.source(
                f"{blow.name} in {copy.name}",
                blow.rate,
                records.SHOCK_STORE,
                [(0, index, 1.0)],
                kills=blow.kills,
            )
    people = people_of(layout)
    add_sources(build, people, len(sites))
    build.causes += [f"obsolescence of {medium}" for medium in build.formats]
    build.warnings += _warnings(layout)
    build.warnings += people.warnings
    build.assumptions += people.assumptions
    build.assumptions += assumed_perils(layout)
    require_bounded(layout, build.stores, math.fsum(build.rates), horizon)
    live = live_copy(layout).name
    return Compiled(
        program=_arrays(build, site_rows, site_copies, people, horizon, names.index(live)),
        causes=tuple(build.causes),
        warnings=tuple(build.warnings),
        assumptions=tuple(build.assumptions),
        horizon_hours=horizon,
        live=live,
        restore_hours=tuple((copy.name, restore_hours(layout, copy)) for copy in layout.copies),
        parameters=parameters_used(layout) if used else (),
    )


def require_compiled(layout: Layout, horizon: str | float | None, origin: str) -> None:
    """Refuse a layout that reads well and cannot run, naming where it comes from.

    Parameters
    ----------
    layout : Layout
        As it was read.
    horizon : str or float, optional
        As for `simulate`.
    origin : str
        What messages call it, such as the name of its file.
    """
    span = None if horizon is None else hours(horizon, "horizon")
    try:
        compile_layout(layout, span, used=False)
    except LayoutError as error:
        raise LayoutError(f"{origin}: {error}") from None


def _add_copy(build: Builder, layout: Layout, copy: Copy, index: int, horizon: float) -> None:
    store = copy.store
    medium = layout.medium(store.media)
    lifetime = medium.lifetime_law
    if lifetime is None:
        raise LayoutError(
            f'media.{store.media}.lifetime: is required: a law, an afr, "none", or a preset'
        )
    age = medium.age or 0.0
    rebuild, assumed = rebuild_of(layout, copy, medium)
    needed = needs_recovery(layout, copy, medium)
    recovery, assumed_too = recovery_of(layout, copy, needed=needed)
    build.assumptions += [text for text in (assumed, assumed_too) if text]
    latent = medium.latent_errors
    both = store.latent_rule == "at-failure-and-rebuild"
    matters = latent is not None and (store.tolerance > 0 or both)
    start, new, failures = _spent(lifetime, age, horizon)
    if not math.isfinite(start):
        cause = "age: so old by the lifetime law" if age else "lifetime: so short"
        raise LayoutError(
            f"media.{store.media}.{cause} that the hazard spent by the end of the horizon is "
            "beyond all numbers"
        )
    scrub = store.scrub or NEVER
    waits = store.spare_wait is not None
    build.stores.append(
        {
            "lifetime": build.law(lifetime),
            "age": age,
            "batch": build.label(medium, "batch"),
            "model": build.label(medium, "model"),
            "hazard_start": start,
            "hazard_new": new,
            "failures": failures,
            "errors": error_cycles(latent.mean_time, scrub, horizon) if latent and matters else 0.0,
            "rebuild": build.law(rebuild),
            "serial": store.repairs == "serial",
            "spares": (store.spares or 0) if waits else -1,
            "first_spare": build.spares,
            "spare_wait": build.law(store.spare_wait or NEVER),
            "latent_mean": latent.mean_time if latent is not None and matters else 0.0,
            "scrub": 0 if scrub.every else build.law(scrub),
            "scrub_every": scrub.every or 0.0,
            "while_rebuilding": both and matters,
            "whole": store.latent_loss == "whole",
            "rebuild_error": store.rebuild_error,
            "first_stress": len(build.stress),
            "stresses": len(store.stress),
            "first_group": len(build.groups),
            "groups": pieces_of(copy) * store.group_count,
            "plain": store.repairs == "parallel"
            and pieces_of(copy) == 1
            and not (waits or (matters and both) or store.stress or store.rebuild_error)
            and not rebuild.is_never,
        }
    )
    build.stress += store.stress
    build.spares += store.spares or 0
    for _ in range(pieces_of(copy) * store.group_count):
        build.groups.append(
            {
                "owner": index,
                "first": build.drives,
                "drives": store.group_drives,
                "tolerates": store.tolerance,
            }
        )
        build.drives += store.group_drives
    build.copies.append(
        {
            "site": list(layout.sites).index(copy.site) if copy.site else -1,
            "recovery": build.law(recovery),
            "vulnerability": copy.vulnerability,
            "check_every": _check_every(layout, copy),
            "random_phase": copy.check is not None and copy.check.phase == "random",
        }
    )


@lru_cache(maxsize=1024)  # a search asks for the same few thousands of times
def _spent(lifetime: Law, age: float, horizon: float) -> tuple[float, float, float]:
    """Return the hazard within the horizon from an age on, and of a new drive; and its failures.

    The last is how often a drive and those that replace it fail within the horizon, about. The
    renewal function is one to two times horizon over restricted mean (Erickson, "The strong law of
    large numbers when the mean is undefined", Trans. AMS 185, 1973, lemma 1). The cumulative hazard
    alone is far too high for laws that wear out, and too low for those that die out.
    """
    terms = lifetime.terms()
    start = float(hazard_beyond(terms, age, np.array(horizon)))
    new = float(lifetime.cumulative_hazard(horizon))
    # a hazard beyond all numbers is refused by the caller
    few = new < 1.0 or not math.isfinite(start)
    return start, new, new if few else horizon / mean_within(terms, horizon)


def _rest_row(build: Builder, layout: Layout, copy: Copy, first_set: int) -> dict[str, float]:
    medium = layout.medium(copy.store.media)
    recovery, _ = recovery_of(layout, copy, needed=needs_recovery(layout, copy, medium))
    ends = build.law(medium.obsolescence or NEVER)
    if ends:
        build.formats.setdefault(copy.store.media, len(build.formats))
    return rest_numbers(layout, copy) | {
        "obsolescence": ends,
        "format": build.formats.get(copy.store.media, -1),
        "first_piece": build.pieces,
        "piece_recovery": build.law(piece_recovery(layout, copy, recovery)),
        "first_set": first_set,
    }


def _check_every(layout: Layout, copy: Copy) -> float:
    if copy.check is not None:
        return copy.check.every
    return math.inf if never_noticed(layout, copy) else 0.0


def _site_rows(build: Builder, layout: Layout) -> tuple[list[dict[str, float]], list[int]]:
    rows: list[dict[str, float]] = []
    members: list[int] = []
    copies = expanded(layout)
    for name, site in layout.sites.items():
        here = [index for index, copy in enumerate(copies) if name in _places(layout, copy)]
        law = site.recovery or NEVER
        if law.kind in ("bandwidth", "every"):
            raise LayoutError(f"sites.{name}.recovery: '{law.kind}' is no law of a site's recovery")
        rows.append(
            {
                "recovery": build.law(law),
                "destructible": site.recovery is not None,
                "first": len(members),
                "copies": len(here),
            }
        )
        members += here
    return rows, members


def _places(layout: Layout, copy: Copy) -> tuple[str | None, ...]:
    """Return the sites at which media of a copy can be."""
    return (copy.site, source_site(layout, copy)) if sets_of(copy) > 1 else (copy.site,)


def _warnings(layout: Layout) -> Iterator[str]:
    if layout.threats is not None:
        pass
    elif layout.shocks:
        yield "people and malware act only as the layout's shocks say"
    else:
        yield "people and malware not modelled"
    for copy in layout.copies:
        if never_noticed(layout, copy):
            yield (
                f"copies.{copy.name}: is at rest or offline and has no check, "
                "so that its loss is never noticed before everything is lost"
            )
    yield from rest_warnings(layout)
    apart = independent_perils(layout)
    if apart:
        yield (
            f"perils strike each site on its own ({', '.join(apart)}: no location is given, or "
            "their reach is not known); a disaster that reaches several sites must be written as "
            "one of [[shocks]]"
        )


def _rows(dtype: np.dtype[np.void], rows: list[dict[str, float]]) -> np.ndarray:
    array = np.zeros(len(rows), dtype)  # what lies between the fields too: it is hashed
    unsaid = dict.fromkeys(dtype.names or (), 0.0)
    for index, row in enumerate(rows):
        array[index] = tuple((unsaid | row).values())
    return array


def _arrays(
    build: Builder,
    sites: list[dict[str, float]],
    site_copies: list[int],
    people: People,
    horizon: float,
    live: int,
) -> Program:
    from riskmodel._kernels import records
    from riskmodel._kernels.records import Program

    sources = _rows(records.SOURCE, build.sources)
    rest = _rows(records.REST, build.rests)
    total = math.fsum(build.rates)
    sources["rate"] = build.rates
    if total > 0.0:
        sources["cumulative"] = np.cumsum(build.rates) / total
    keys, holders = key_rows(people, len(sites))
    return Program(
        terms=np.array(build.terms, records.TERM),
        laws=np.array(build.laws, records.LAW),
        stores=_rows(records.STORE, build.stores),
        groups=_rows(records.GROUP, build.groups),
        copies=_rows(records.COPY, build.copies),
        sites=_rows(records.SITE, sites),
        site_copies=np.array(site_copies, np.int64),
        sources=sources,
        targets=np.array(build.targets, records.TARGET),
        stress=np.array(build.stress, np.float64),
        frailties=np.array([(value,) for value in build.frailties], records.FRAILTY),
        feeds=_rows(records.FEED, list(people.rows)),
        jobs=np.array([(value,) for value in people.jobs], records.JOB),
        keys=_rows(records.KEY, keys),
        holders=np.array(holders, records.HOLDER),
        people=int(people.matter),
        hand_variance=people.hand_variance,
        horizon=horizon,
        source_rate=total,
        drives=build.drives,
        spares=build.spares,
        outcomes=np.zeros(0, records.OUTCOME),
        error_ages=np.zeros((0, 2)),
        rest=rest,
        pieces=build.pieces,
        in_pieces=bool((rest["pieces"] > 1).any()),
        formats=len(build.formats),
        is_at_rest=bool(
            (rest["refresh"] > 0.0).any()
            or build.formats
            or (rest["pieces"] > 1).any()
            or (rest["sets"] > 1).any()
        ),
        live=live,
        causes=len(build.causes),
    )
