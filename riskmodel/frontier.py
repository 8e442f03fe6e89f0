"""The cheapest layouts for each chance of loss, out of a space of them."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from riskmodel._executors import pool_of
from riskmodel._refining import Estimated, coarse_estimates, finer_estimates, rungs
from riskmodel._screening import SURE, Candidates, Screened, in_pieces, layout_of, screened
from riskmodel._tables import table_html
from riskmodel.errors import InputError
from riskmodel.simulation import plan_of
from riskmodel.space import Space
from riskmodel.units import hours

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["Candidate", "Frontier", "pareto"]

_NEAR = 3.0


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

    def __repr__(self) -> str:
        """Say it in a line: the layouts of a large search would fill books."""
        return f"<Frontier: {self.in_words}>"

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
    def surely_safer(self) -> tuple[bool, ...]:
        """Of each member: whether the sampling error tells it from the one before; one has none.

        It does where their intervals (95 % each) do not overlap, which errs on the side of doubt.
        """
        ends = [one.loss.interval() for one in self.front]
        told = (one[1] < before[0] for before, one in pairwise(ends))
        return (True, *told) if ends else ()

    @property
    def in_words(self) -> str:
        """What to take, in a sentence."""
        if self.target is None:
            words = f"{len(self.front)} of {self.candidates:,} candidates are worth their money"
            doubtful = self.surely_safer.count(False)
            more = f"; {doubtful} of them not surely safer than the one before" if doubtful else ""
            return f"{words}{more}."
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
        found: list[dict[str, Any]] = []
        safer = (*self.surely_safer, *(None for _ in self.near))
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
                        "surely_safer": safer[len(found)],
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


def pareto(
    layout: Layout,
    space: Space | Mapping[str, Any],
    *,
    target: float | None = None,
    horizon: str | float | None = None,
    target_relative_error: float = 0.05,
    seed: int = 1,
    threads: int | None = None,
    processes: int | None = None,
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
    horizon, target_relative_error, seed
        See `simulate`.
    threads, processes : int, optional
        What works on the candidates: threads, all cores by default, or processes. Reading layouts
        is work for one thread at a time, so that a space of thousands goes faster on processes;
        they are started afresh, and a script that asks for them needs the usual
        ``if __name__ == "__main__":``. The result is the same.
    talk : callable
        Told how far it is.

    Returns
    -------
    Frontier

    Raises
    ------
    InputError
        If the space or the prices cannot be used.
    WorkersLost
        If a process ends before the search does.

    Notes
    -----
    1. Every law is screened by short runs, which are unbiased: 1,024 plain trials and, where these
       meet fewer than 8 losses, 512 excursions. Their 99.9 % interval is what counts.
    2. Who may lie within three times of the front, by the lower end of its interval against the
       least upper end among those that cost no more, is estimated by `simulate`, exactly or to a
       relative error of about 20 %. These estimates take the place of the short runs, and who
       comes within three times of the front by them is estimated as well, until nobody is left: so
       a short run that was too low cannot hide others behind it.
    3. Who may be on the front, by the same rule without the factor, is estimated to a relative
       error of 10 %, then 7 %, then the one that was asked for: each step leaves out who surely is
       not on the front, and the next goes on with the same trials. The front is of those who come
       to the end.

    Of the short runs of 30 random layouts, with losses from 1e-9 to 60 %, all hold what `simulate`
    finds; two in three are narrower than a factor of 20, and the middle of those lies within a
    factor of 2 of it. The others are wide, and their candidates go on to `simulate`.

    So a member of the front is lost only if its own short run is too high by more than its
    interval and by a factor of three as well. All numbers shown are those of `simulate`.
    Candidates that differ in price alone are estimated once.
    """
    if target is not None and not 0.0 < target < 1.0:
        raise InputError(f"target: must be between 0 and 1, got {target!r}")
    plan_of("auto", target_relative_error, None, None, seed)
    pool_of(threads, processes, None, None)
    space = space if isinstance(space, Space) else Space.from_dict(space)
    span = layout.horizon if horizon is None else hours(horizon, "horizon")
    search = Candidates(layout, space, span, seed)
    read = space.reader(layout)
    with in_pieces(threads or os.cpu_count() or 1, processes) as work:
        everyone = work(
            partial(screened, search),
            range(space.count),
            lambda done: talk(done, space.count, "screening"),
        )
        rows = [one for one in everyone if not one.refusal]
        refusals = [f"{one.name}: {one.refusal}" for one in everyone if one.refusal]
        if not rows:
            raise InputError(
                f"space: none of {space.count:,} candidates is a layout: {refusals[0]}"
            )
        currency = _currency(rows)
        known: dict[str, Estimated] = {}

        def estimate(
            how: Callable[[Any], Any], items: Callable[[Screened], Any], factor: float, said: str
        ) -> set[str]:
            """Estimate the laws that may be so near to the front, until no more come near."""
            done = {law for law, one in known.items() if one.loss.exact is not None}
            while new := {one.law: one for one in _within(rows, known, factor)
                          if one.law not in done}:  # fmt: skip
                found = work(
                    how, [*map(items, new.values())], lambda so_far: talk(so_far, len(new), said)
                )
                known.update(zip(new, found, strict=True))
                done |= new.keys()
            return done

        near = estimate(
            partial(coarse_estimates, search), lambda one: one, _NEAR, "estimating what is near"
        )
        rows = [one for one in rows if one.law in near]
        steps = rungs(target_relative_error)
        for error in steps:
            finer = partial(finer_estimates, search, error, error == steps[-1])
            last = estimate(
                finer, lambda one: (one, known[one.law]), 1.0,
                f"estimating what may be the front to {error:.0%}",
            )  # fmt: skip
            for law in known.keys() - last:
                known[law] = replace(known[law], ready=None)  # it goes no further
    found = [
        Candidate(one.name, layout_of(read, one), one.cost, known[one.law].loss) for one in rows
    ]
    front = _front([c for c, one in zip(found, rows, strict=True) if one.law in last])
    members = {id(one) for one in front}
    return Frontier(
        front=front,
        near=tuple(one for one in found if id(one) not in members),
        candidates=space.count,
        refused=len(refusals),
        refusals=tuple(refusals[:20]),
        currency=currency,
        target=target,
    )


def _currency(rows: Sequence[Screened]) -> str:
    currencies = {one.currency for one in rows} - {""}
    if len(currencies) != 1:
        got = ", ".join(sorted(currencies)) or "no price"
        raise InputError(f"price: the search needs prices of one currency: {got}")
    return currencies.pop()


def _within(
    rows: Sequence[Screened], known: Mapping[str, Estimated], factor: float
) -> list[Screened]:
    """Keep what may be within a factor of the front: by its estimate, or else by its short run."""
    ends = {law: one.loss.interval(SURE) for law, one in known.items()}
    kept = []
    best = 1.0
    order = sorted(rows, key=lambda one: one.cost)
    place = 0
    for one in order:
        while place < len(order) and order[place].cost <= one.cost:
            other = order[place]
            best = min(best, ends.get(other.law, (other.low, other.high))[1])
            place += 1
        if ends.get(one.law, (one.low, one.high))[0] <= factor * best:
            kept.append(one)
    return kept


def _front(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates than which none is both no dearer and less likely to lose the data."""
    front: list[Candidate] = []
    for one in sorted(found, key=lambda one: (one.cost, one.loss.probability)):
        if not front or one.loss.probability < front[-1].loss.probability:
            front.append(one)
    return tuple(front)
