"""What to change first: single changes of a layout, ranked by what they remove of its loss."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._chances import one_in, removed_share
from riskmodel._tables import table_html
from riskmodel.changes import Change, single_changes
from riskmodel.costs import Cost, yearly_cost
from riskmodel.effects import Effect, effects, level_of_all, ranked, small_sharpened
from riskmodel.errors import InputError
from riskmodel.units import HOURS_PER_YEAR, hours

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["Improvement", "Proposal", "improve"]

_MOST_STEPS = 5
_COARSE = 0.1  # relative error that is good enough to choose the next of several steps


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change, what it does to the chance of loss, and what the changed layout costs a year."""

    change: Change
    effect: Effect
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class Improvement:
    """Single changes of a layout.

    Parameters
    ----------
    layout : Layout
        As it is.
    before : LossEstimate
        Of it.
    cost : Cost or None
        Of it in a year; None where it states no price.
    clear : tuple of Proposal
        Changes that surely remove some of the loss, the one that removes most first.
    harmful : tuple of Proposal
        Changes that surely add to it.
    noise : tuple of Proposal
        Changes of which the sampling error hides if they do anything, in no order of merit.
    target : float or None
        The chance of loss that was wanted.
    path : tuple of Proposal
        One change upon the other, each the best then, until the target is met or nothing helps.
    """

    layout: Layout
    before: LossEstimate
    cost: Cost | None
    clear: tuple[Proposal, ...]
    harmful: tuple[Proposal, ...]
    noise: tuple[Proposal, ...]
    target: float | None = None
    path: tuple[Proposal, ...] = ()

    @property
    def all(self) -> tuple[Proposal, ...]:
        """All proposals: the clear ones in their order, the noise, the harmful ones."""
        return (*self.clear, *self.noise, *self.harmful)

    @property
    def confidence(self) -> float:
        """The level at which a change is told from noise: 95 % for all of them together."""
        return level_of_all(len(self.all))

    @property
    def ranks(self) -> tuple[int, ...]:
        """Of the clear ones: who is not told apart from the first above it shares its rank."""
        found: list[int] = []
        for place, one in enumerate(self.clear):
            low, high = self.clear[found[-1] - 1].effect.removed_interval() if found else (1.0, 1.0)
            own = one.effect.removed_interval()
            tied = bool(found) and own[1] >= low and own[0] <= high
            found.append(found[-1] if tied else place + 1)
        return tuple(found)

    @property
    def met(self) -> bool | None:
        """Whether the path ends below the target, with its whole interval; None without one."""
        if self.target is None:
            return None
        last = self.path[-1].effect.after if self.path else self.before
        return last.interval()[1] <= self.target

    @property
    def in_words(self) -> str:
        """What to do first, in a sentence."""
        if not self.clear:
            return "No single change removes more of the loss than the sampling error hides."
        first = self.clear[0]
        after = first.effect.after
        removes = f"removes {removed_share(first.effect.removed)} of the loss"
        if not after.seen:
            low = first.effect.removed_interval()[0]
            removes = f"removes at least {low:.0%} of the loss".replace("%", " %")
        words = f"{first.change.why} first: {first.change.name}; that {removes}"
        tied = [one for one, rank in zip(self.clear, self.ranks, strict=True) if rank == 1][1:]
        if tied:
            names = "; ".join(one.change.name for one in tied)
            words += f". Not told apart from it: {names}"
        return words + "."

    @property
    def path_in_words(self) -> str:
        """How the target is met, in a sentence; empty without one."""
        if self.target is None:
            return ""
        wanted = one_in(self.target)
        if not self.path:
            return f"The target of {wanted} is {'met as it is' if self.met else 'not met'}."
        steps = ", then ".join(one.change.name for one in self.path)
        end = self.path[-1].effect.after.in_words
        met = "meets" if self.met else "does not surely meet"
        return f"{steps[0].upper()}{steps[1:]}: {end}, which {met} the target of {wanted}."

    def to_frame(self) -> pd.DataFrame:
        """Return a row a change, in the order of ``all``."""
        import pandas as pd

        return pd.DataFrame(list(self._rows()))

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "layout": self.layout.name,
            "horizon_years": self.before.horizon_hours / HOURS_PER_YEAR,
            "in_words": self.in_words,
            "before": self.before.to_dict(),
            "cost": self.cost.to_dict() if self.cost else None,
            "changes": list(self._rows()),
            "noise_confidence": self.confidence,
            "target": self.target,
            "target_met": self.met,
            "path": [_row(one, "step", None) for one in self.path],
            "path_in_words": self.path_in_words or None,
        }

    def _rows(self) -> Iterator[dict[str, Any]]:
        for one, rank in zip(self.clear, self.ranks, strict=True):
            yield _row(one, "clear", rank)
        yield from (_row(one, "in the noise", None) for one in self.noise)
        yield from (_row(one, "adds to the loss", None) for one in self.harmful)

    def _repr_html_(self) -> str:
        words = " ".join(text for text in (self.in_words, self.path_in_words) if text)
        return f"<p><b>{html.escape(words)}</b></p>{table_html(self.to_frame())}"


def _row(one: Proposal, verdict: str, rank: int | None) -> dict[str, Any]:
    effect, after = one.effect, one.effect.after
    low, high = after.interval()
    removed_low, removed_high = effect.removed_interval()
    return {
        "rank": rank,
        "change": one.change.name,
        "kind": one.change.kind,
        "verdict": verdict,
        "probability": after.probability if after.seen else None,
        "low": low,
        "high": high,
        "removed": effect.removed if after.seen else None,
        "removed_low": removed_low if removed_low > -float("inf") else None,
        "removed_high": removed_high,
        "paired": effect.pair is not None and effect.pair.how == "paired",
        "method": after.method,
        "cost_per_year": dict(one.cost.per_year) if one.cost else None,
        "hours_per_year": one.cost.hours_per_year if one.cost else None,
        "copies_without_price": one.cost.copies - one.cost.priced if one.cost else None,
    }


def improve(
    layout: Layout,
    *,
    target: float | None = None,
    horizon: str | float | None = None,
    target_relative_error: float = 0.03,
    seed: int = 1,
    talk: Callable[[int, int, str], None] = lambda number, of, name: None,
) -> Improvement:
    """Rank single changes of a layout by what they remove of its chance of loss.

    Parameters
    ----------
    layout : Layout
        As it is.
    target : float, optional
        A chance of loss to get under: then changes are also put one upon the other until it is.
    horizon : str or float, optional
        Mission time; the layout's own by default. [h]
    target_relative_error : float
        Of each estimate; each is the one that `simulate` gives for the changed layout.
    seed : int
        The same for all.
    talk : callable
        Told the number of each change, of how many, and its name, before its turn.

    Returns
    -------
    Improvement

    Raises
    ------
    InputError
        If the target is no probability, or the layout cannot be simulated.

    Notes
    -----
    What removes little is run once more together with the layout as it is, on common random
    numbers. A change counts as more than noise if the interval of what it removes leaves out 0 at
    the level 1 - 0.05 / n for n changes (Bonferroni), so that with a chance of 95 % none is taken
    for more by luck. The path takes the best change each time, which is a good way and not always
    the best: `pareto` searches.

    Examples
    --------
    >>> import riskmodel as rm
    >>> home = rm.example("one-external-disk")
    >>> rm.improve(home).clear[0].change.kind  # doctest: +SKIP
    'offsite copy'
    """
    if target is not None and not 0.0 < target < 1.0:
        raise InputError(f"target: must be between 0 and 1, got {target!r}")
    span = layout.horizon if horizon is None else hours(horizon, "horizon")
    changes = single_changes(layout, span)
    if not changes:
        raise InputError(f"{layout.name}: no single change was found that makes sense")
    found: Sequence[Effect] = effects(
        layout,
        [(change.name, change.layout) for change in changes],
        seed=seed,
        target_relative_error=target_relative_error,
        horizon=span,
        talk=lambda number, name: talk(number + 1, len(changes), name),
    )
    level = level_of_all(len(found))
    found = small_sharpened(
        found, layout, [change.layout for change in changes], seed=seed,
        talk=lambda k: talk(k + 1, len(changes), f"once more, paired: {changes[k].name}"),
    )  # fmt: skip
    proposals = {
        id(one): Proposal(change, one, yearly_cost(change.layout, span))
        for one, change in zip(found, changes, strict=True)
    }
    order = [proposals[id(one)] for one in ranked(found, level)]
    clear = tuple(p for p in order if p.effect.removed > 0.0 and not p.effect.hidden_at(level))
    path: tuple[Proposal, ...] = ()
    if target is not None and clear and found[0].before.interval()[1] > target:
        path = _path(clear[0], target, span, target_relative_error, seed, talk)
    return Improvement(
        layout=layout,
        before=found[0].before,
        cost=yearly_cost(layout, span),
        clear=clear,
        harmful=tuple(
            p for p in order if p.effect.removed <= 0.0 and not p.effect.hidden_at(level)
        ),
        noise=tuple(p for p in order if p.effect.hidden_at(level)),
        target=target,
        path=path,
    )


def _path(
    first: Proposal,
    target: float,
    span: float | None,
    target_relative_error: float,
    seed: int,
    talk: Callable[[int, int, str], None],
) -> tuple[Proposal, ...]:
    """Put the best change upon the best change, until the target is met or nothing helps."""
    path = [first]
    while path[-1].effect.after.interval()[1] > target and len(path) < _MOST_STEPS:
        now = path[-1].change.layout
        best = _best_step(now, span, seed, talk, f"step {len(path) + 1}: ")
        if best is None:
            break
        (effect,) = effects(
            now, [(best.name, best.layout)], seed=seed, horizon=span,
            target_relative_error=target_relative_error,
        )  # fmt: skip
        path.append(Proposal(best, effect, yearly_cost(best.layout, span)))
    return tuple(path)


def _best_step(
    now: Layout,
    span: float | None,
    seed: int,
    talk: Callable[[int, int, str], None],
    step: str,
) -> Change | None:
    changes = single_changes(now, span)
    found: Sequence[Effect] = effects(
        now,
        [(change.name, change.layout) for change in changes],
        seed=seed,
        horizon=span,
        target_relative_error=_COARSE,
        talk=lambda number, name: talk(number + 1, len(changes), step + name),
    )
    level = level_of_all(len(found))
    order = [one for one in ranked(found, level) if not one.hidden_at(level) and one.removed > 0.0]
    return changes[found.index(order[0])] if order else None
