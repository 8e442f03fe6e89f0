"""What importance sampling must know beforehand: typical gaps, and what a blow takes.

Only `error_ages` enters an estimate; of the rest, a poor guess costs trials and nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel._threat_steering import threat_outcomes
from riskmodel.errors import NotSimulated
from riskmodel.lifetimes import EXPONENTIAL, WEIBULL, Term, cumulative_hazard_of, mean_within

if TYPE_CHECKING:
    from riskmodel._kernels.records import Program

__all__ = ["MOST_COPIES", "error_ages", "frailty_orders", "steered"]

MOST_COPIES = 8
"""Up to so many copies the value of every set of lost copies is tabulated."""

_Array = NDArray[np.float64]
_POINTS = 2048
_MEANS = 48.0
_MOST_ORDER = 12.0
_LEAST_HAZARD = 1e-9
_LEAST_SHAPE = 0.1  # an instant goes as the power 1 / shape of a uniform, which ends at 1e-17
_Outcome = tuple[int, float]


def steered(program: Program) -> Program:
    """Return the program with the numbers that steer an excursion.

    Parameters
    ----------
    program : Program
        A compiled layout.

    Returns
    -------
    Program
        The same law.

    Raises
    ------
    NotSimulated
        If formats end: that is no event with a rate, which is what an excursion begins with. If
        a hazard rate is such that its first events have no instant or rate in floating point. If
        latent errors arise faster than the table of their ages resolves.
    """
    from riskmodel._kernels import records

    if program.formats:
        raise NotSimulated("obsolescence is simulated by method 'events' only")
    if any(term["kind"] == WEIBULL and term["b"] < _LEAST_SHAPE for term in program.terms):
        raise NotSimulated(
            f"a Weibull shape below {_LEAST_SHAPE} puts its risk at times too short for numbers; "
            "it is simulated by method 'events' only"
        )
    stores, copies = program.stores.copy(), program.copies.copy()
    sites, sources = program.sites.copy(), program.sources.copy()
    tables: list[_Array] = [np.zeros((0, 2))]
    rows: list[_Outcome] = []
    for store in stores:
        mean = _mean(program, store["rebuild"])
        if store["spares"] == 0:
            mean += _mean(program, store["spare_wait"])
        store["rebuild_mean"] = min(mean, program.horizon)
        store["ages"] = _ages(program, store)
        if store["latent_mean"] > 0.0:
            _tabulate(program, store, tables)
    for copy in copies:
        unseen = min(0.5 * copy["check_every"], program.horizon)
        copy["gap"] = min(unseen + _mean(program, copy["recovery"]), program.horizon)
    for site in sites:
        site["gap"] = _mean(program, site["recovery"]) if site["destructible"] else 0.0
    for source in sources:
        targets = program.targets[source["first"] : source["first"] + source["count"]]
        source["first_outcome"] = len(rows)
        if source["kind"] >= records.THREAT_DATA:
            noticed = _terms(program, source["noticed"]) if source["noticed"] >= 0 else []
            few = len(copies) <= MOST_COPIES
            taken = threat_outcomes(program, source, targets, noticed) if few else []
            rows += [row for row in taken if row[0] and row[1] > 0.0]
            source["gap"] = _threat_gap(program, copies, source, taken)
            source["outcomes"] = len(rows) - source["first_outcome"]
            continue
        source["gap"] = max(_gap(program, copies, sites, target) for target in targets)
        if len(copies) <= MOST_COPIES:
            rows += _outcomes(program, source, targets)
        source["outcomes"] = len(rows) - source["first_outcome"]
    return program._replace(
        stores=stores,
        copies=copies,
        sites=sites,
        sources=sources,
        outcomes=np.array(rows, records.OUTCOME),
        error_ages=np.concatenate(tables),
    )


def frailty_orders(program: Program) -> _Array:
    """Return, by frailty, how many drives that carry it must fail for a total loss.

    The chance of a loss goes like that power of a frailty, at most.
    """
    orders = np.zeros(max(len(program.frailties), 1))
    for store in program.stores:
        tolerates = program.groups[store["first_group"]]["tolerates"]
        for label in (store["batch"], store["model"]):
            if label >= 0:
                orders[label] += tolerates + 1.0
    return np.asarray(np.minimum(orders, _MOST_ORDER))


def _terms(program: Program, law: int) -> list[Term]:
    first, count = program.laws[law]["first"], program.laws[law]["count"]
    return [Term(*term) for term in program.terms[first : first + count].tolist()]


def _mean(program: Program, law: int) -> float:
    """Return the mean of a law, cut at the horizon."""
    return _mean_of(tuple(_terms(program, law)), program.horizon)


# a search asks for the same few laws thousands of times
_mean_of = lru_cache(maxsize=1024)(mean_within)


def _ages(program: Program, store: Any) -> bool:
    """Tell whether instants are to go by the hazard of a store's drives.

    They are found by spending a part of it, which must not drown in what was spent before.
    """
    terms = _terms(program, store["lifetime"])
    spent = float(cumulative_hazard_of(terms, np.array([store["age"]]))[0])
    bent = any(term.kind != EXPONENTIAL for term in terms)
    return bent and store["hazard_start"] > _LEAST_HAZARD * max(spent, 1.0)


def _tabulate(program: Program, store: Any, tables: list[_Array]) -> None:
    """Give a store the table of its errors' ages, and the share of time that there is one."""
    mean = store["latent_mean"]
    if store["scrub_every"] > 0.0:
        store["error_share"] = -math.expm1(-0.5 * store["scrub_every"] / mean)
        return
    if program.laws[store["scrub"]]["count"] == 0:
        store["error_share"] = -math.expm1(-0.5 * program.horizon / mean)
        return
    typical = _mean(program, store["scrub"])
    step = min(_MEANS * max(typical, 1e-6), program.horizon) / (_POINTS - 1)
    if step > mean:
        raise NotSimulated(
            f"latent errors that arise after {mean:.3g} h and stay for {typical:.3g} h are there "
            "all but always; they are simulated by method 'events' only"
        )
    table = error_ages(tuple(_terms(program, store["scrub"])), float(mean), float(step))
    store["error_share"] = table[-1, 0]
    store["first_error_age"] = sum(len(other) for other in tables)
    store["error_ages"] = _POINTS
    store["error_age_step"] = step
    tables.append(table)


@lru_cache(maxsize=256)
def error_ages(scrub: tuple[Term, ...], mean_hours: float, step_hours: float) -> _Array:
    """Tabulate the chance that a drive carries an error, by the time since it was clean.

    Parameters
    ----------
    scrub : tuple of Term
        Law of the time from an error's arising to its clearing.
    mean_hours : float
        Mean time until an error arises on a clean drive. [h]
    step_hours : float
        Step of the table. [h]

    Returns
    -------
    ndarray
        Shape (points, 2), kept and not to be changed: the chance; the integral of the scrub's
        survival from 0. [h]

    Notes
    -----
    With D the chance to carry an error and G the survival of an error, the renewal equation is
    D(t) = ∫ (1 − D(t − x)) G(x) dx / mean. D is taken as linear in each step and G is integrated
    in each, so that a jump of G costs no accuracy.
    """
    fine = 16
    edges: _Array = np.arange((_POINTS - 1) * fine + 1, dtype=np.float64) * (step_hours / fine)
    survival = np.exp(-cumulative_hazard_of(scrub, edges))
    centres: _Array = edges[:-1] + 0.5 * step_hours / fine
    middle = np.exp(-cumulative_hazard_of(scrub, centres))
    small = (survival[:-1] + 4.0 * middle + survival[1:]) * (step_hours / fine / 6.0)
    mass = small.reshape(-1, fine).sum(axis=1)
    # each step's mass meets the mean of the chance at its two ends
    ends = 0.5 * (mass + np.concatenate([[0.0], mass[:-1]])) / mean_hours
    within = np.concatenate([[0.0], np.cumsum(mass)])
    chance = _deconvolved(ends, within / mean_hours)
    table: _Array = np.column_stack([chance, within])
    table.flags.writeable = False
    return table


def _deconvolved(kernel: _Array, known: _Array) -> _Array:
    """Solve x + kernel * x = known, where * convolves, x begins with 0 and known is longer by 1."""
    block = 64
    inverse = np.zeros(block)
    inverse[0] = 1.0 / (1.0 + kernel[0])
    for i in range(1, block):
        inverse[i] = -inverse[0] * (kernel[1 : i + 1] @ inverse[i - 1 :: -1])
    found = np.zeros_like(known)
    kernel = np.append(kernel, 0.0)
    for start in range(1, len(known), block):
        here = slice(start, start + block)
        before = np.convolve(kernel[: here.stop], found[:start], mode="valid")[1:]
        rest = known[here] - before
        found[here] = np.convolve(inverse, rest)[: len(rest)]
    return found


def _gap(program: Program, copies: Any, sites: Any, target: Any) -> float:
    """Return the mean time for which a target stays lost."""
    if not target["is_site"]:
        return float(copies["gap"][target["index"]])
    site = sites[target["index"]]
    if site["destructible"]:
        return float(site["gap"])
    here = program.site_copies[site["first"] : site["first"] + site["copies"]]
    means = [_mean(program, copies["recovery"][index]) for index in here]
    return max(means, default=0.0)


def _threat_gap(program: Program, copies: Any, source: Any, taken: list[_Outcome]) -> float:
    unseen = _mean(program, source["noticed"]) if source["noticed"] >= 0 else 0.0
    hit = [c for c in range(len(copies)) if any(mask >> c & 1 for mask, _ in taken)]
    return unseen + max((float(copies["gap"][c]) for c in hit), default=0.0)


def _outcomes(program: Program, source: Any, targets: Any) -> list[_Outcome]:
    """Return which copies a blow takes from a layout that is whole, with the chances."""
    from riskmodel._kernels import records

    if source["kind"] == records.SHOCK_STORE:
        index = int(targets[0]["index"])
        return [(1 << index, _store_lost(program, index, float(source["kills"])))]
    hits = [dict(_hits(program, target)) for target in targets]
    total: dict[int, float] = defaultdict(float)
    if source["kind"] == records.SHOCK_CHOOSE:
        chosen = list(itertools.combinations(range(len(targets)), min(source["picks"], len(hits))))
        for pick in chosen:
            for mask, chance in _joined(hits[k] for k in pick).items():
                total[mask] += chance / len(chosen)
    else:
        for own, target in zip(hits, targets, strict=True):
            chance = float(target["chance"])
            for mask in own:
                own[mask] *= chance
            own[0] = own.get(0, 0.0) + 1.0 - chance
        total.update(_joined(hits))
    return [(mask, chance) for mask, chance in total.items() if mask and chance > 0.0]


def _hits(program: Program, target: Any) -> Iterator[_Outcome]:
    """Yield which copies are lost with a target that is hit."""
    if not target["is_site"]:
        yield 1 << int(target["index"]), 1.0
        return
    site = program.sites[target["index"]]
    here = program.site_copies[site["first"] : site["first"] + site["copies"]]
    each = [(1 << int(c), float(program.copies[c]["vulnerability"])) for c in here]
    yield from _joined({0: 1.0 - chance, mask: chance} for mask, chance in each).items()


def _joined(independent: Any) -> dict[int, float]:
    total = {0: 1.0}
    for one in independent:
        after: dict[int, float] = defaultdict(float)
        for mask, chance in total.items():
            for other, other_chance in one.items():
                after[mask | other] += chance * other_chance
        total = dict(after)
    return total


def _store_lost(program: Program, index: int, kills: float) -> float:
    from scipy.special import betainc

    store = program.stores[index]
    group = program.groups[store["first_group"]]
    more = float(group["tolerates"]) + 1.0
    one = float(betainc(more, group["drives"] - more + 1.0, kills)) if kills < 1.0 else 1.0
    return -math.expm1(store["groups"] * math.log1p(-one)) if one < 1.0 else 1.0
