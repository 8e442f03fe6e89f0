"""Compare layouts side by side, on common random numbers."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel._compared_runs import estimated, run_all, twos
from riskmodel._executors import pool_of
from riskmodel._pairs import Pair
from riskmodel._run import Progress
from riskmodel._shared_inputs import Better, shared_ranges
from riskmodel._tables import table_html
from riskmodel.costs import Cost, yearly_cost
from riskmodel.errors import InputError
from riskmodel.estimate import LossEstimate
from riskmodel.gates import Gates, rule_gates
from riskmodel.layout import require_layouts
from riskmodel.simulation import plan_of, say_if_cold
from riskmodel.units import HOURS_PER_YEAR, hours

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.layout import Layout

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Estimates of several layouts over one horizon, in the order given.

    Parameters
    ----------
    estimates : tuple of LossEstimate
        One a layout.
    pairs : tuple of Pair
        Every two of them, in the order (0, 1), (0, 2) … (1, 2) ….
    gates : tuple of Gates
        The 3-2-1 rule asked of each layout.
    costs : tuple of (Cost or None)
        What each costs a year; None where it states no price.
    better : tuple of Better
        For each pair, over what the inputs may be, if that was asked for.
    """

    estimates: tuple[LossEstimate, ...]
    pairs: tuple[Pair, ...] = ()
    gates: tuple[Gates, ...] = ()
    costs: tuple[Cost | None, ...] = ()
    better: tuple[Better, ...] = ()

    @property
    def order(self) -> tuple[int, ...]:
        """Places of the layouts as they were given, least likely to lose the data first."""
        losses = self.estimates
        return tuple(
            sorted(range(len(losses)), key=lambda k: (losses[k].probability, losses[k].interval()))
        )

    @property
    def ranked(self) -> tuple[LossEstimate, ...]:
        """The estimates, least likely to lose the data first."""
        return tuple(self.estimates[k] for k in self.order)

    @property
    def ranks(self) -> tuple[int, ...]:
        """By the order of `ranked`: 1 is the safest; who is not told apart shares a rank.

        A layout shares the rank of the first of those above it from which it is not told apart.
        """
        found: list[int] = []
        for place, k in enumerate(self.order):
            above = self.order[:place]
            tied = [rank for rank, j in zip(found, above, strict=True) if not self._apart(j, k)]
            found.append(min(tied, default=place + 1))
        return tuple(found)

    def _apart(self, j: int, k: int) -> bool:
        return bool(self.pairs) and self.pair(j, k).told_apart

    def pair(self, one: int, other: int) -> Pair:
        """Return how two layouts compare, by their places as they were given."""
        return self.pairs[self._place(one, other)]

    def better_of(self, one: int, other: int) -> Better | None:
        """Return how sure it is which of two is safer, if the inputs were varied."""
        return self.better[self._place(one, other)] if self.better else None

    def _place(self, one: int, other: int) -> int:
        return list(twos(len(self.estimates))).index((min(one, other), max(one, other)))

    def to_frame(self) -> pd.DataFrame:
        """Return a row a layout, least likely to lose the data first."""
        import pandas as pd

        frame = pd.concat([loss.to_frame() for loss in self.ranked], ignore_index=True)
        frame.insert(0, "rank", list(self.ranks))
        frame.insert(2, "in_words", [loss.in_words for loss in self.ranked])
        for gate in self.gates[0] if self.gates else ():
            frame[gate.name] = [getattr(self.gates[k], gate.name).status for k in self.order]
        if any(self.costs):
            frame["cost_a_year"] = [
                cost.in_words if (cost := self.costs[k]) else "unknown" for k in self.order
            ]
        return frame

    def to_pairs_frame(self) -> pd.DataFrame:
        """Return a row for every two layouts, with the intervals of difference and ratio."""
        import pandas as pd

        return pd.DataFrame([self._pair_dict(k) for k in range(len(self.pairs))])

    def _pair_dict(self, k: int) -> dict[str, Any]:
        pair = self.pairs[k]
        found = {
            "one": pair.one,
            "other": pair.other,
            "difference": pair.difference,
            "difference_low": pair.difference_low,
            "difference_high": pair.difference_high,
            "ratio": pair.ratio,
            "ratio_low": pair.ratio_low if math.isfinite(pair.ratio_high) else None,
            "ratio_high": pair.ratio_high if math.isfinite(pair.ratio_high) else None,
            "confidence": pair.confidence,
            "told_apart": pair.told_apart,
            "correlation": pair.correlation,
            "how": pair.how,
        }
        if self.better:
            found["one_is_better"] = self.better[k].to_dict()
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints: the layouts in the order given, and every two of them."""
        ranks = dict(zip(self.order, self.ranks, strict=True))
        layouts = []
        for k, loss in enumerate(self.estimates):
            one = loss.to_dict() | {"rank": ranks[k]}
            if self.gates:
                one["gates"] = self.gates[k].to_dict()
            cost = self.costs[k] if self.costs else None
            layouts.append(one | {"cost": cost.to_dict() if cost else None})
        return {
            "horizon_years": self.estimates[0].horizon_hours / HOURS_PER_YEAR,
            "order": [self.estimates[k].layout for k in self.order],
            "layouts": layouts,
            "pairs": [self._pair_dict(k) for k in range(len(self.pairs))],
        }

    @property
    def in_words(self) -> str:
        """Which is the safest, or that it cannot be told, in a sentence."""
        first, *rest = (self.estimates[k].layout for k in self.order)
        tied = [name for name, rank in zip(rest, self.ranks[1:], strict=True) if rank == 1]
        if tied:
            return f"{first} and {', '.join(tied)} are not told apart"
        return f"{first} is the safest"

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.in_words)}</b></p>{table_html(self.to_frame())}"


def compare(
    layouts: Sequence[Layout],
    *,
    horizon: str | float | None = None,
    method: str = "auto",
    target_relative_error: float | None = None,
    trials: int | None = None,
    time_budget: str | float | None = None,
    seed: int = 1,
    threads: int | None = None,
    processes: int | None = None,
    dask: str | None = None,
    executor: Any = None,
    ranges: bool | None = None,
    points: int = 128,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Estimate several layouts over one horizon, on common random numbers.

    Parameters
    ----------
    layouts : sequence of Layout
        The candidates; names must differ.
    horizon : str or float, optional
        Mission time for all; needed if the layouts' own differ. [h]
    method, seed, threads, processes, dask, executor
        See `simulate`.
    target_relative_error : float, optional
        Of each estimate, 0.05 unless ``trials`` is given. Then layouts next to each other in the
        order run on until they are told apart beyond doubt or the ratio of the two is known to
        2.5 %.
    trials : int, optional
        Run so many of each layout, rounded up to whole batches.
    time_budget : str or float, optional
        Stop after about this time, whatever has been reached.
    ranges : bool, optional
        Also vary what nobody knows exactly, the same draws for all layouts: their ranges, and the
        chance that one is better than another; by default where a layout has ranges of its own.
    points : int
        Draws of the inputs then; a power of two, 32 or more.
    progress : callable, optional
        Called with a `Progress` now and then.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If there is nothing to compare, names repeat, or horizons differ.

    Notes
    -----
    Early looks stop at four standard errors only, so that looking does not make chance differences
    pass for real ones (the rule of Haybittle and Peto [1]_). Intervals hold for each pair alone.

    References
    ----------
    .. [1] Peto et al., "Design and analysis of randomized clinical trials requiring prolonged
       observation of each patient", British Journal of Cancer 34, 1976.

    Examples
    --------
    >>> import riskmodel as rm
    >>> one = rm.Layout.from_dict({"name": "one", "media": {"m": {"afr": 0.02}},
    ...     "horizon": "1 year", "copies": [{"name": "disk", "store": {"media": "m"}}]})
    >>> worse = one.replace("name", "worse").replace("media.m.afr", 0.03)
    >>> [loss.layout for loss in rm.compare([worse, one]).ranked]
    ['one', 'worse']
    """
    require_layouts("compare", [layouts] if isinstance(layouts, str | Path) else layouts)
    _check_names(layouts, horizon)
    plan = plan_of(method, target_relative_error, trials, time_budget, seed)
    pool = pool_of(threads, processes, dask, executor)
    say_if_cold()
    runs = run_all(layouts, horizon, method, plan, pool, trials, progress)
    losses, pairs = estimated(runs)
    better: tuple[Better, ...] = ()
    if ranges if ranges is not None else any(layout.ranges for layout in layouts):
        over = shared_ranges(
            layouts, losses, horizon_hours=losses[0].horizon_hours, points=points, level=0.9,
            seed=seed, threads=threads, progress=progress,
        )  # fmt: skip
        better = over.better
        losses = [
            replace(loss, parameter_range=found if found.names else None)
            for loss, found in zip(losses, over.ranges, strict=True)
        ]
    return Comparison(
        estimates=tuple(losses),
        pairs=pairs,
        gates=tuple(map(rule_gates, layouts)),
        costs=tuple(yearly_cost(layout, losses[0].horizon_hours) for layout in layouts),
        better=better,
    )


def _check_names(layouts: Sequence[Layout], horizon: str | float | None) -> None:
    if len(layouts) < 2:
        raise InputError("compare: needs at least two layouts")
    names = [layout.name for layout in layouts]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise InputError(f"compare: two layouts are named '{twins[0]}'; names must differ")
    if horizon is None and len({layout.horizon for layout in layouts}) > 1:
        raise InputError("compare: the layouts' horizons differ; give one with --horizon")
    if horizon is not None:
        hours(horizon, "horizon")
