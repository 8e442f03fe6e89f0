"""What single changes of a layout would do to its chance of loss, and which are only noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from riskmodel.simulation import simulate

if TYPE_CHECKING:
    from riskmodel._paired_runs import Known
    from riskmodel._pairs import Pair
    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = [
    "MOST_PAIRED",
    "Effect",
    "effects",
    "level_of_all",
    "ranked",
    "sharpened",
    "small_sharpened",
]

_CONFIDENCE = 0.95
_SMALL = 0.35  # what removes less is run on common random numbers as well
MOST_PAIRED = 262_144  # trials


@dataclass(frozen=True, slots=True)
class Effect:
    """One change: the chance of loss before and after it.

    Parameters
    ----------
    name : str
        Of the change.
    before, after : LossEstimate
        Of the layout as it is, and changed; with the same seed.
    pair : Pair, optional
        The two on common random numbers, before first, where that was run as well: then it says
        what is removed.
    """

    name: str
    before: LossEstimate
    after: LossEstimate
    pair: Pair | None = None

    @property
    def removed(self) -> float:
        """Share of the loss probability that the change removes; negative if it adds to it."""
        if self.pair is not None and self.pair.ratio:
            return 1.0 - 1.0 / self.pair.ratio
        if not self.before.probability:
            return 0.0
        return 1.0 - self.after.probability / self.before.probability

    def removed_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return an interval of ``removed``.

        Both runs have the same seed, but their layouts draw different things from it, so that
        their errors are added as if independent; where they are not, the interval is too wide.
        """
        if self.pair is not None and self.pair.ratio and self.pair.ratio_low > 0.0:
            # a pair states one level; others are read off the normal law that it rests on
            wanted = NormalDist().inv_cdf(0.5 + confidence / 2.0)
            wide = wanted / NormalDist().inv_cdf(0.5 + self.pair.confidence / 2.0)
            low = self.pair.ratio * (self.pair.ratio_low / self.pair.ratio) ** wide
            high = self.pair.ratio * (self.pair.ratio_high / self.pair.ratio) ** wide
            return 1.0 - 1.0 / low, 1.0 - 1.0 / high
        quantile = NormalDist().inv_cdf(0.5 + confidence / 2.0)
        if not self.before.is_known:
            return -math.inf, 1.0
        if not self.after.is_known:
            # no loss met: the bound of the changed layout against the least of the other
            low = self.before.interval(confidence)[0]
            bound = self.after.interval(confidence)[1]
            return (1.0 - bound / low if low > 0.0 else -math.inf), 1.0
        spread = quantile * math.hypot(self.before.relative_error, self.after.relative_error)
        ratio = self.after.probability / self.before.probability
        return 1.0 - ratio * math.exp(spread), 1.0 - ratio * math.exp(-spread)

    def hidden_at(self, confidence: float) -> bool:
        """Tell whether the interval of what is removed holds 0."""
        low, high = self.removed_interval(confidence)
        return low <= 0.0 <= high


def effects(
    layout: Layout,
    changed: Sequence[tuple[str, Layout]],
    *,
    seed: int = 1,
    target_relative_error: float = 0.03,
    trials: int | None = None,
    horizon: str | float | None = None,
    talk: Callable[[int, str], None] = lambda number, name: None,
) -> tuple[Effect, ...]:
    """Estimate a layout and its changed ones over one horizon, with one seed.

    Parameters
    ----------
    layout : Layout
        As it is.
    changed : sequence of (str, Layout)
        The name of each change, and the layout with it.
    seed : int
        The same for all.
    target_relative_error : float
        See `simulate`.
    trials : int, optional
        At most this many for each.
    horizon : str or float, optional
        Mission time; the layout's own by default. [h]
    talk : callable
        Told the number and name of each change before its turn.

    Returns
    -------
    tuple of Effect
        In the order given.
    """

    def run(one: Layout) -> LossEstimate:
        return simulate(
            one,
            horizon=layout.horizon if horizon is None else horizon,
            seed=seed,
            target_relative_error=target_relative_error,
            trials=trials,
            ranges=False,
        )

    before, known = run(layout), {}
    found = []
    for number, (name, other) in enumerate(changed):
        talk(number, name)
        digest = other.digest()
        if digest == layout.digest():
            known[digest] = before
        if digest not in known:
            known[digest] = run(other)
        found.append(Effect(name, before, known[digest]))
    return tuple(found)


def sharpened(
    effect: Effect,
    layout: Layout,
    changed: Layout,
    *,
    seed: int = 1,
    trials: int = MOST_PAIRED,
    method: str = "auto",
    known: Known | None = None,
) -> Effect:
    """Run a layout and its changed one on common random numbers, which tells small effects.

    Parameters
    ----------
    effect : Effect
        Of the change, as `effects` found it.
    layout, changed : Layout
        As it is, and with the change; their names have to differ.
    seed : int
        As for `effects`.
    trials : int
        At most this many.
    method : str
        See `simulate`.
    known : dict, optional
        What was run of the layout as it is, for the next change.

    Returns
    -------
    Effect
        With its ``pair``.
    """
    from riskmodel._compared_runs import compared_with

    pair = compared_with(
        layout,
        changed,
        {} if known is None else known,
        horizon=effect.before.horizon_hours,
        method=method,
        target_relative_error=0.03,
        trials=trials,
        seed=seed,
    )
    return replace(effect, pair=pair)


def level_of_all(count: int) -> float:
    """Return the level at which each of so many changes is told from noise, 95 % for all together.

    With a chance of 95 % none of them is then taken for more by luck (Bonferroni).
    """
    return 1.0 - (1.0 - _CONFIDENCE) / max(count, 1)


def small_sharpened(
    found: Sequence[Effect],
    layout: Layout,
    changed: Sequence[Layout],
    *,
    seed: int = 1,
    trials: int = MOST_PAIRED,
    talk: Callable[[int], None] = lambda number: None,
) -> list[Effect]:
    """Run those that remove little once more, as `sharpened` does; exact ones need it not.

    Parameters
    ----------
    found, changed : sequence of Effect, of Layout
        Of each change; the effects are those of `effects`.
    layout : Layout
        As it is.
    seed, trials
        As for `sharpened`.
    talk : callable
        Told the number of each that is run once more.

    Returns
    -------
    list of Effect
    """
    level = level_of_all(len(found))
    kept = []
    known: Known = {}
    for number, (one, other) in enumerate(zip(found, changed, strict=True)):
        small = one.hidden_at(level) or abs(one.removed) < _SMALL
        if small and one.before.exact is None:
            talk(number)
            # `auto` would choose what it chose before, by the same pilot runs
            chosen = {one.before.method, one.after.method}
            method = chosen.pop() if len(chosen) == 1 else "auto"
            kept.append(
                sharpened(one, layout, other, seed=seed, trials=trials, method=method, known=known)
            )
        else:
            kept.append(one)
    return kept


def ranked(found: Sequence[Effect], confidence: float = 0.95) -> tuple[Effect, ...]:
    """Order changes by what they remove; those in the noise keep their order, at the end."""
    clear = [one for one in found if not one.hidden_at(confidence)]
    noise = [one for one in found if one.hidden_at(confidence)]
    return (*sorted(clear, key=lambda one: -one.removed), *noise)
