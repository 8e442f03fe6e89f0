"""Memoryless layouts: explore the states, then carry their distribution through time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskmodel._exact.chain import TERMS, Propagator, generator, squarings
from riskmodel._exact.closed import any_group
from riskmodel._exact.method import Method, curve_times, multiplier
from riskmodel._exact.reading import CopyLaw, Problem, refuse
from riskmodel._exact.states import Space, explore

__all__ = ["markov"]

_Array = NDArray[np.float64]

_MOST_INSTANTS = 200_000
_MOST_OPERATIONS = 8e11  # some ten seconds
_SERIES_PRODUCTS = 5
_LEAST_PRODUCT = 5e4
_MOST_BYTES = 4e8


def markov(problem: Problem) -> Method:
    """Return the method for layouts whose laws are all memoryless.

    Raises
    ------
    StateSpaceTooLarge
        If a law is not, or if there are too many states or checks.
    """
    copy = problem.copies[0]
    if len(problem.copies) == 1 and copy.groups > 1 and not (copy.shocks or problem.strikes):
        return _independent_groups(problem, copy)
    space = explore(problem)
    plan = _Plan(problem, space)
    fastest = sum(float(rates.sum(axis=1).max()) for rates in space.rates.values())
    doublings = squarings(fastest, plan.longest_hours)
    irregular = int((plan.gaps < plan.longest_hours).sum())
    steps = len(plan.gaps) + irregular * (doublings // 2 + TERMS)
    operations = (doublings + _SERIES_PRODUCTS) * _matrix_product(space.size)
    operations += steps * _vector_product(space.size)
    kept = 2 if plan.even else doublings + 2
    bytes_each = 8.0 * (kept + len(space.rates)) * space.size**2
    if operations > _MOST_OPERATIONS or bytes_each > 2.0 * _MOST_BYTES:
        refuse(problem.name, f"{space.size:,} states with {len(plan.gaps):,} steps take too long")
    rows = max(1, int(_MOST_BYTES / 4.0 / bytes_each))

    def given(frailties: _Array) -> _Array:
        parts = [
            plan.run(frailties[first : first + rows]) for first in range(0, len(frailties), rows)
        ]
        return np.concatenate(parts)

    checked = f", {len(plan.gaps):,} steps between checks" if space.checks else ""
    return Method(
        given,
        f"Markov chain of {space.size:,} states{checked}, by its matrix exponential",
        max(int(_MOST_OPERATIONS / operations), 1),
    )


def _matrix_product(size: int) -> float:
    """Cost of one product, in operations of a large one; small ones run at a lower speed."""
    return max(2.0 * size**3 * (1.0 + 300.0 / size), _LEAST_PRODUCT)


def _vector_product(size: int) -> float:
    """Cost of one product with a vector, which waits for memory."""
    return max(200.0 * size**2, _LEAST_PRODUCT)


def _independent_groups(problem: Problem, copy: CopyLaw) -> Method:
    """Return the method for a store whose groups share nothing but their frailties."""
    one = markov(replace(problem, copies=(replace(copy, groups=1),)))

    def given(frailties: _Array) -> _Array:
        return any_group(one.given(frailties), copy.groups)

    how = f"{one.how}, for each of {copy.groups:,} independent groups"
    return Method(given, how, one.most_nodes)


class _Plan:
    """The instants at which the curve is read or copies are checked, in their order."""

    def __init__(self, problem: Problem, space: Space) -> None:
        self.space = space
        times = curve_times(problem)
        horizon = problem.horizon_hours
        count = sum(horizon / every for every in space.checks)
        if count > _MOST_INSTANTS:
            refuse(problem.name, f"{count:,.0f} checks within the horizon are too many")
        instants: list[tuple[float, float]] = [(float(time), 0.0) for time in times]
        for every in space.checks:
            multiples = every * np.arange(1, math.floor(horizon / every) + 1)
            instants += [(float(time), every) for time in multiples if time < horizon]
        instants.sort()
        self.even = not space.checks
        if self.even:
            gaps = np.full(len(times), horizon / len(times))
        else:
            gaps = np.diff([0.0, *(time for time, _ in instants)])
        self.longest_hours = float(gaps.max())
        # multiples of an interval differ from it by rounding only
        gaps[self.longest_hours - gaps < 1e-13 * horizon] = self.longest_hours
        self.gaps = gaps
        self.instants = instants

    def run(self, frailties: _Array) -> _Array:
        space = self.space
        rates = np.zeros((len(frailties), space.size, space.size))
        for labels, own in space.rates.items():
            rates += multiplier(frailties, labels)[:, None, None] * own
        chain = Propagator(generator(rates), self.longest_hours, only_longest=self.even)
        chances = np.zeros((len(frailties), 1, space.size))
        chances[:, 0, 1] = 1.0
        moves = {every: np.eye(space.size)[to] for every, to in space.checks.items()}
        curve = []
        for gap, (_, every) in zip(self.gaps, self.instants, strict=True):
            if gap > 0.0:
                chances = chain.advance(chances, float(gap))
            if every == 0.0:
                curve.append(chances[:, 0, 0])
            else:
                chances = chances @ moves[every]
        return np.stack(curve, axis=1)
