"""Estimates of the candidates of a search, made finer for as long as a decision asks for it.

What was run of a law is kept, so that a finer estimate goes on from there. Whatever the steps, it
ends with the bits that `simulate` gives for as many trials.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from riskmodel._executors import pool_of
from riskmodel._run import Prefix
from riskmodel._screening import layout_of, plain_variance, reading, worth_it
from riskmodel.errors import StateSpaceTooLarge
from riskmodel.exact import loss_probability
from riskmodel.simulation import Prepared, prepare, simulate

if TYPE_CHECKING:
    from riskmodel._screening import Candidates, Screened
    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["Estimated", "coarse_estimates", "finer_estimates", "rungs"]

_LEAST_PLAIN, _EXCURSIONS = 1024, 2048  # trials
_COARSE = 0.2  # relative error that shows who may be on the front
_RUNGS = (0.1, 0.07)  # a half and a quarter of the trials of 0.05: who falls out saves the rest
_MOST_COARSE, _MOST = 16_384, 1_000_000  # trials
_MARGIN = 1.03  # of trials: the chance may come out lower than it looked
_GROWTH = 4.0  # at a time, at most: the error that was reached is itself uncertain
_WASTE = 1.5  # a chunk that is cut is run again by a finer estimate, one that is filled up is not


@dataclass(frozen=True, slots=True)
class Estimated:
    """A law with what has been run of it.

    Parameters
    ----------
    loss : LossEstimate
        By all trials.
    ready : Prepared or None
        The layout and its engine; None where it has to be read again.
    whole : Prefix
        Sum of the whole chunks among them.
    chunks : int
        How many these are.
    enough : bool
        Whether so much was seen that the error can be trusted.
    """

    loss: LossEstimate
    ready: Prepared | None = None
    whole: Prefix = field(default_factory=Prefix)
    chunks: int = 0
    enough: bool = True


def rungs(error: float) -> tuple[float, ...]:
    """Return the relative errors through which a search comes to the one that is asked for."""
    return (*(rung for rung in _RUNGS if rung > error), error)


def coarse_estimates(search: Candidates, wanted: Sequence[Screened]) -> list[Estimated]:
    """Estimate candidates as `simulate` does, exactly where that can be, else roughly.

    Plain trials are so many as their bounds ask for to a relative error of 20 %.
    """
    read = reading(search).read
    found = []
    for one in wanted:
        layout = layout_of(read, one)
        try:
            loss_probability(layout, search.span)  # refuses at once, without compiling the layout
        except StateSpaceTooLarge:
            ready = _prepared(search, layout, one.method)
            rough = _run(ready, Prefix(), 0, _coarse_trials(one), search.seed)
            # most of thousands go no further: their layouts are not kept
            found.append(replace(rough, ready=None))
        else:
            exact = partial(simulate, layout, horizon=search.span, seed=search.seed, ranges=False)
            found.append(Estimated(exact(method="exact")))
    return found


def _coarse_trials(one: Screened) -> int:
    if one.method == "excursion":
        return _EXCURSIONS
    some = max(math.sqrt(one.low * one.high), 0.1 * one.high)
    return min(max(math.ceil(plain_variance(some) / _COARSE**2), _LEAST_PLAIN), _MOST_COARSE)


def finer_estimates(
    search: Candidates, error: float, last: bool, wanted: Sequence[tuple[Screened, Estimated]]
) -> list[Estimated]:
    """Go on with estimates until they have a relative error, or a million trials.

    What is not met in a million trials is left with the bound that they give.

    Parameters
    ----------
    search : Candidates
        What is searched.
    error : float
        Relative error.
    last : bool
        Whether no finer estimate will follow.
    wanted : sequence of (Screened, Estimated)
        Laws that have no exact answer, and what has been run of them.

    Returns
    -------
    list of Estimated
    """
    read = reading(search).read
    found = []
    for candidate, one in wanted:
        now = one
        while (trials := _trials_for(now, error, last)) > now.loss.trials:
            if now.ready is None:
                method = _method(candidate, one)
                ready = _prepared(search, layout_of(read, candidate), method)
                if method != now.loss.method:
                    # what was run by the other method only says how many are wanted
                    trials = min(
                        math.ceil(plain_variance(now.loss.probability) / error**2 * _MARGIN), _MOST
                    )
                    now = replace(now, whole=Prefix(), chunks=0)
            else:
                # time goes on from where it stood, in whatever process
                spent = time.perf_counter() - now.loss.elapsed_seconds
                ready = replace(now.ready, started=spent)
            size = ready.engine.chunk_trials
            filled = -(-trials // size) * size
            if not last and filled <= _WASTE * trials:
                trials = filled
            now = _run(ready, now.whole, now.chunks, trials, search.seed)
        found.append(replace(now, ready=None) if last else now)
    return found


def _method(candidate: Screened, one: Estimated) -> str:
    """Return what is to go on: of excursions more is known now than the screen knew."""
    if one.loss.weighted is None:
        return candidate.method
    variance = one.loss.relative_error**2 * one.loss.trials
    return candidate.method if worth_it(variance, one.loss.probability) else "events"


def _trials_for(one: Estimated, error: float, last: bool) -> int:
    """Return how many trials an error asks for by what they have shown; those there are if met."""
    done, reached = one.loss.trials, one.loss.relative_error
    if done >= _MOST or (reached <= error and (one.enough or not last)):
        return done
    growth = (reached / error) ** 2 * _MARGIN if reached > error else 2.0  # too few to judge
    return min(math.ceil(min(growth, _GROWTH) * done), _MOST)


def _prepared(search: Candidates, layout: Layout, method: str) -> Prepared:
    return prepare(
        layout,
        horizon=search.span,
        method=method,
        seed=search.seed,
        pool=pool_of(1, None, None, None),  # not opened: the method is known
    )


def _run(ready: Prepared, whole: Prefix, chunks: int, trials: int, seed: int) -> Estimated:
    """Run a law to so many trials; whole chunks that were run are not run again."""
    engine = ready.engine
    size = engine.chunk_trials
    whole = copy.deepcopy(whole)
    while (chunks + 1) * size <= trials:
        whole.add(engine.run(seed, chunks * size, size))
        chunks += 1
    every = whole
    if rest := trials - chunks * size:
        every = copy.deepcopy(whole)
        every.add(engine.run(seed, chunks * size, rest))
    sums = every.total()
    return Estimated(ready.estimate(sums, seed), ready, whole, chunks, engine.enough(sums))
