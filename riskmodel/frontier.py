"""The cheapest layouts for each chance of loss, out of a space of them."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from riskmodel._events import EventsEngine
from riskmodel._excursion import ConditionalEngine
from riskmodel._program import compile_layout
from riskmodel._run import Prefix
from riskmodel._tables import table_html
from riskmodel.costs import yearly_cost
from riskmodel.errors import InputError, LayoutError
from riskmodel.simulation import simulate
from riskmodel.space import Space
from riskmodel.units import hours

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["Candidate", "Frontier", "pareto"]

_NEAR = 3.0
_NETS, _NET = 64, 8  # of a short run, and trials of each
_PLAIN_TRIALS = 4096
_SURE = 0.999


@dataclass(frozen=True, slots=True)
class Candidate:
    """A layout of the space, with its cost in a year and its estimate."""

    name: str
    layout: Layout
    cost: float
    loss: LossEstimate


@dataclass(frozen=True, slots=True)
class Frontier:
    """The Pareto front of cost and risk.

    Parameters
    ----------
    front : tuple of Candidate
        Nothing in the space costs no more and is less likely to lose the data; the cheapest first.
    near : tuple of Candidate
        Estimated by `simulate` as well, and not in the front.
    candidates, refused : int
        How many the space holds, and how many of these are no layouts.
    refusals : tuple of str
        Why, for some.
    currency : str
        Of the costs.
    target : float or None
        The chance of loss that was wanted.
    """

    front: tuple[Candidate, ...]
    near: tuple[Candidate, ...]
    candidates: int
    refused: int
    refusals: tuple[str, ...]
    currency: str
    target: float | None = None

    @property
    def cheapest(self) -> Candidate | None:
        """The cheapest whose whole interval is under the target; None without one."""
        if self.target is None:
            return None
        under = (one for one in self.front if one.loss.interval()[1] <= (self.target or 0.0))
        return next(under, None)

    def within(self, budget: float) -> Candidate | None:
        """Return the safest that costs no more than this in a year; None where all cost more."""
        affordable = [one for one in self.front if one.cost <= budget]
        return affordable[-1] if affordable else None

    @property
    def in_words(self) -> str:
        """What to take, in a sentence."""
        if self.target is None:
            return f"{len(self.front)} of {self.candidates:,} candidates are worth their money."
        one = self.cheapest
        if one is None:
            return f"No candidate of {self.candidates:,} is surely under {self.target:g}."
        return (
            f"The cheapest under {self.target:g} is {one.name}: {one.cost:,.0f} {self.currency} a "
            f"year, {one.loss.in_words} to lose everything."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a candidate: the front, then what is near it."""
        import pandas as pd

        return pd.DataFrame(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        found = []
        for on_front, group in ((True, self.front), (False, self.near)):
            for one in group:
                low, high = one.loss.interval()
                found.append(
                    {
                        "candidate": one.name,
                        "cost_per_year": one.cost,
                        "probability": one.loss.probability if one.loss.seen else None,
                        "low": low,
                        "high": high,
                        "front": on_front,
                        "method": one.loss.method,
                    }
                )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "in_words": self.in_words,
            "currency": self.currency,
            "target": self.target,
            "cheapest": self.cheapest.name if self.cheapest else None,
            "candidates": self.candidates,
            "refused": self.refused,
            "refusals": list(self.refusals),
            "layouts": self._rows(),
        }

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.in_words)}</b></p>{table_html(self.to_frame())}"


@dataclass(frozen=True, slots=True)
class _Screened:
    name: str
    layout: Layout
    cost: float
    low: float
    high: float


def pareto(
    layout: Layout,
    space: Space | Mapping[str, Any],
    *,
    target: float | None = None,
    horizon: str | float | None = None,
    target_relative_error: float = 0.05,
    seed: int = 1,
    threads: int | None = None,
    talk: Callable[[int, int, str], None] = lambda number, of, name: None,
) -> Frontier:
    """Search a space of layouts for the cheapest at each chance of loss.

    Parameters
    ----------
    layout : Layout
        In which the alternatives are put; its copies state prices of one currency.
    space : Space or mapping
        Alternatives for keys; see `Space`.
    target : float, optional
        A chance of loss: then the cheapest layout that is surely under it is named.
    horizon, target_relative_error, seed, threads
        See `simulate`.
    talk : callable
        Told how far it is.

    Returns
    -------
    Frontier

    Raises
    ------
    InputError
        If the space or the prices cannot be used.

    Notes
    -----
    Every law in the space (candidates that differ in price alone share one) is screened by a short
    run with one seed, which is unbiased: the method ``conditional`` with 64 nets of 8 trials, and
    where that rests on too little, 4,096 plain trials. A candidate goes on to `simulate` if the
    lower end of its 99.9 % interval is at most three times the least upper end among those that
    cost no more. So a member of the front is lost only if a short run is off by more than its
    interval and by a factor of three as well. All numbers shown are those of `simulate`. Time
    grows with the number of laws, and with how many are near the front.
    """
    if target is not None and not 0.0 < target < 1.0:
        raise InputError(f"target: must be between 0 and 1, got {target!r}")
    space = space if isinstance(space, Space) else Space.from_dict(space)
    span = layout.horizon if horizon is None else hours(horizon)
    screened, refusals, currency = _screen(layout, space, span, seed, threads, talk)
    if not screened:
        raise InputError(f"space: none of {space.count:,} candidates is a layout: {refusals[0]}")
    kept = _within(screened)
    known: dict[str, LossEstimate] = {}
    found = []
    for number, one in enumerate(kept, 1):
        talk(number, len(kept), f"estimating {one.name}")
        digest = compile_layout(one.layout, span).digest()
        if digest not in known:
            known[digest] = simulate(
                one.layout, horizon=span, seed=seed, threads=threads, ranges=False,
                target_relative_error=target_relative_error,
            )  # fmt: skip
        found.append(Candidate(one.name, one.layout, one.cost, known[digest]))
    front = _front(found)
    return Frontier(
        front=front,
        near=tuple(one for one in found if one not in front),
        candidates=space.count,
        refused=len(refusals),
        refusals=tuple(refusals[:20]),
        currency=currency,
        target=target,
    )


def _screen(
    layout: Layout,
    space: Space,
    span: float | None,
    seed: int,
    threads: int | None,
    talk: Callable[[int, int, str], None],
) -> tuple[list[_Screened], list[str], str]:
    refusals: list[str] = []
    laws: dict[str, Any] = {}
    rows: list[tuple[str, Layout, float, str]] = []
    currencies: set[str] = set()
    for number, (name, one) in enumerate(space.candidates(layout), 1):
        if number % 100 == 0:
            talk(number, space.count, "reading the candidates")
        if isinstance(one, str):
            refusals.append(f"{name}: {one}")
            continue
        try:
            compiled = compile_layout(one, span)
        except LayoutError as error:
            refusals.append(f"{name}: {error}")
            continue
        currency, cost = _money(one, span)
        currencies |= {currency} - {""}
        laws.setdefault(compiled.digest(), compiled)
        rows.append((name, one, cost, compiled.digest()))
    if rows and len(currencies) != 1:
        got = ", ".join(sorted(currencies)) or "no price"
        raise InputError(f"{layout.name}: price: the search needs prices of one currency: {got}")
    bounds = {}
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        runs = pool.map(partial(_bounds, seed=seed), laws.values())
        for number, (digest, found) in enumerate(zip(laws, runs, strict=True), 1):
            if number % 20 == 0:
                talk(number, len(laws), "screening")
            bounds[digest] = found
    screened = [_Screened(name, one, cost, *bounds[key]) for name, one, cost, key in rows]
    return screened, refusals, next(iter(currencies), "")


def _money(layout: Layout, span: float | None) -> tuple[str, float]:
    cost = yearly_cost(layout, span)
    if cost is None or not cost.per_year:
        return "", 0.0
    if len(cost.per_year) > 1:
        raise InputError(f"{layout.name}: price: the search needs prices of one currency")
    return cost.per_year[0]


def _bounds(compiled: Any, *, seed: int) -> tuple[float, float]:
    """Return bounds of the chance of loss from a short run, the widest where it says too little."""
    if compiled.program.formats:
        return _plain_bounds(compiled, seed)
    engine = ConditionalEngine.of(compiled)
    prefix = Prefix()
    for net in range(_NETS):
        prefix.add(engine.run(seed, net * _NET, _NET))
    sums = prefix.total()
    if not engine.enough(sums):
        return _plain_bounds(compiled, seed)
    low, high = engine.found(sums)["weighted"].interval(_SURE)
    return max(float(low), 0.0), min(float(high), 1.0)


def _plain_bounds(compiled: Any, seed: int) -> tuple[float, float]:
    """Return the bounds of Clopper and Pearson from plain trials."""
    from scipy.stats import binomtest

    engine = EventsEngine.of(compiled)
    counts = engine.run(seed, 0, _PLAIN_TRIALS).counts
    found = binomtest(int(counts[1]), int(counts[0])).proportion_ci(_SURE, method="exact")
    return float(found.low), float(found.high)


def _within(screened: Sequence[_Screened]) -> list[_Screened]:
    """Keep what may be within three times of the front."""
    kept = []
    best = 1.0
    order = sorted(screened, key=lambda one: one.cost)
    place = 0
    for one in order:
        while place < len(order) and order[place].cost <= one.cost:
            best = min(best, order[place].high)
            place += 1
        if one.low <= _NEAR * best:
            kept.append(one)
    return kept


def _front(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates than which none is both no dearer and less likely to lose the data."""
    front: list[Candidate] = []
    for one in sorted(found, key=lambda one: (one.cost, one.loss.probability)):
        if not front or one.loss.probability < front[-1].loss.probability:
            front.append(one)
    return tuple(front)
