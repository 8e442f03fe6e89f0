"""The screen of a search, and how the work of one is cut into pieces that any process can do.

A candidate is known by its number in the space, so that little travels between processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from riskmodel._chances import binomial_interval
from riskmodel._events import EventsEngine
from riskmodel._excursion import ExcursionEngine
from riskmodel._executors import processes_of, workers_lost
from riskmodel._program import compile_layout
from riskmodel.costs import yearly_cost
from riskmodel.errors import InputError, LayoutError

if TYPE_CHECKING:
    from riskmodel._program import Compiled
    from riskmodel.layout import Layout
    from riskmodel.space import Space

__all__ = [
    "SURE",
    "Candidates",
    "Reading",
    "Screened",
    "bounds",
    "in_pieces",
    "layout_of",
    "plain_variance",
    "reading",
    "screened",
    "worth_it",
]

SURE = 0.999
"""Level of the intervals by which candidates are left out."""

_PLAIN = 1024  # trials of a short run
_ENOUGH = 8  # losses among them; with fewer, excursions have a say as well
_SHORT = 512  # excursions
_NO_LAW: Any = {"name": True, "copies": {"__all__": {"price"}}}
_WORTH_IT = 0.15  # of the variance of plain trials: under threats an excursion takes some seven
_A_PIECE = 50  # candidates: a second or so, after which Ctrl-C is heard


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is searched, and how: the layout, its alternatives, horizon and seed."""

    layout: Layout
    space: Space
    span: float | None
    seed: int

    def __hash__(self) -> int:
        """Hash a little of it: who is equal is looked at as a whole."""
        return hash((self.layout.name, self.space.count, self.span, self.seed))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process that works on a search keeps from one piece of it to the next.

    Parameters
    ----------
    read : callable
        Reads a candidate by its number.
    laws : dict
        Digests of laws by hashes of what layouts say: many words may be one law.
    bounded : dict
        What short runs found, by digests of laws.
    """

    read: Callable[[int], tuple[str, Layout | str]]
    laws: dict[bytes, str] = field(default_factory=dict)
    bounded: dict[str, tuple[float, float, str]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def reading(search: Candidates) -> Reading:
    """Return what this process keeps of a search; nothing in it changes what is found."""
    return Reading(search.space.reader(search.layout))


@dataclass(frozen=True, slots=True)
class Screened:
    """What the screen found of a candidate, or why it is no layout.

    Parameters
    ----------
    number : int
        In the space.
    name : str
        Of the candidate.
    refusal : str
        Why it is no layout; empty where it is one.
    currency, cost
        What it costs in a year.
    law : str
        Digest of what is simulated: candidates that differ in price alone share one.
    low, high : float
        Bounds of the chance of loss.
    method : str
        What `simulate` is to use.
    """

    number: int
    name: str
    refusal: str = ""
    currency: str = ""
    cost: float = 0.0
    law: str = ""
    low: float = 0.0
    high: float = 1.0
    method: str = ""


def screened(search: Candidates, numbers: Sequence[int]) -> list[Screened]:
    """Read candidates and bound the chance of loss of each by a short run."""
    kept = reading(search)
    found = []
    for number in numbers:
        name, layout = kept.read(number)
        if isinstance(layout, str):
            found.append(Screened(number, name, layout))
            continue
        said = layout.model_dump_json(exclude=_NO_LAW, exclude_defaults=True)
        words = hashlib.sha256(said.encode()).digest()
        if words not in kept.laws:
            try:
                compiled = compile_layout(layout, search.span, used=False)
            except LayoutError as error:
                found.append(Screened(number, name, str(error)))
                continue
            digest = compiled.digest()
            if digest not in kept.bounded:
                kept.bounded[digest] = bounds(compiled, search.seed)
            kept.laws[words] = digest
        law = kept.laws[words]
        currency, cost = _money(layout, search.span)
        found.append(Screened(number, name, "", currency, cost, law, *kept.bounded[law]))
    return found


def _money(layout: Layout, span: float | None) -> tuple[str, float]:
    cost = yearly_cost(layout, span)
    if cost is None or not cost.per_year:
        return "", 0.0
    if len(cost.per_year) > 1:
        raise InputError(f"{layout.name}: price: the search needs prices of one currency")
    return cost.per_year[0]


def bounds(compiled: Compiled, seed: int) -> tuple[float, float, str]:
    """Bound the chance of loss of a layout by a short run, which is unbiased.

    Parameters
    ----------
    compiled : Compiled
        The layout.
    seed : int
        Key of the random streams.

    Returns
    -------
    tuple of (float, float, str)
        Ends of an interval of 99.9 % (99.8 where both runs are needed); the method that suits.
    """
    trials = EventsEngine.of(compiled)
    counts = trials.run(seed, 0, _PLAIN).counts
    low, high = binomial_interval(int(counts[1]), int(counts[0]), SURE)
    if counts[1] >= _ENOUGH or compiled.program.formats:
        return low, high, "events"
    engine = ExcursionEngine.of(compiled)
    short = engine.found(engine.run(seed, 0, _SHORT))["weighted"]
    rare_low, rare_high = short.interval(SURE)
    rare = short.total > 0.0 and worth_it(short.relative_error**2 * _SHORT, short.mean)
    # two witnesses: what both hold possible, and all of it where they disagree
    narrow = max(low, rare_low), min(high, rare_high)
    wide = min(low, rare_low), max(high, rare_high)
    return *(narrow if narrow[0] <= narrow[1] else wide), "excursion" if rare else "events"


def worth_it(variance: float, mean: float) -> bool:
    """Tell whether excursions are quicker, by the variance of one over its squared mean."""
    return variance <= _WORTH_IT * plain_variance(mean)


def plain_variance(mean: float) -> float:
    """Return the variance of a plain trial over its squared mean, for a chance of loss."""
    return (1.0 - min(mean, 0.99)) / max(mean, 1e-300)


def layout_of(read: Callable[[int], tuple[str, Layout | str]], one: Screened) -> Layout:
    """Return the layout of a candidate that is known to be one."""
    _, layout = read(one.number)
    if isinstance(layout, str):
        raise InputError(layout)
    return layout


@contextmanager
def in_pieces(
    threads: int, processes: int | None
) -> Iterator[Callable[[Callable[[Any], Any], Sequence[Any], Callable[[int], None]], list[Any]]]:
    """Give what does work piece by piece on several threads or processes, in order.

    Parameters
    ----------
    threads : int
        Used where no processes are asked for.
    processes : int or None
        Started afresh.

    Yields
    ------
    callable
        Takes the work (of a sequence), all the items, and what is told how many are done.
    """
    pool: Executor
    if processes is None:
        pool = ThreadPoolExecutor(threads, thread_name_prefix="riskmodel")
    else:
        pool = processes_of(processes)
    many = processes or threads

    def work(
        task: Callable[[Any], Any], items: Sequence[Any], tell: Callable[[int], None]
    ) -> list[Any]:
        size = max(1, min(_A_PIECE, -(-len(items) // (4 * many))))
        pieces = [items[k : k + size] for k in range(0, len(items), size)]
        found: list[Any] = []
        try:
            for done in pool.map(task, pieces):
                found += done
                tell(len(found))
        except BrokenExecutor as error:
            raise workers_lost(error, began=bool(found)) from error
        return found

    try:
        yield work
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
