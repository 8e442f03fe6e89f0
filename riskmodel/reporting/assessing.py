"""What a report tells of each layout: its chance of loss, and what else its histories show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel._chances import binomial_interval
from riskmodel.errors import InputError
from riskmodel.histories import history
from riskmodel.improvement import improve
from riskmodel.relocation import loss_by_distance, movable_sites
from riskmodel.simulation import Progress, simulate

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate
    from riskmodel.histories import History
    from riskmodel.improvement import Improvement
    from riskmodel.layout import Layout
    from riskmodel.relocation import DistanceLoss

__all__ = ["Reported", "histories", "report", "reported"]

Watch = Callable[[str], AbstractContextManager[Callable[[Progress], None] | None]]
_HISTORIES = 200_000  # 1 in 10,000 is then known to about half of itself
_HISTORY_SECONDS = 4.0 / 3600.0


@dataclass(frozen=True, slots=True)
class Reported:
    """One layout of a report.

    Parameters
    ----------
    layout : Layout
        What it is.
    loss : LossEstimate
        The chance to lose everything, by the method that suits it.
    history : LossEstimate
        Whole histories by ``events``: the loss of a part, lost work, time without data.
    distances : tuple of DistanceLoss
        The chance to lose everything with each site moved whose distance is known.
    improvement : Improvement or None
        What to change first; asked of a single layout only, as it takes a run a change.
    told : History or None
        One history that loses everything; None where none was found.
    """

    layout: Layout
    loss: LossEstimate
    history: LossEstimate
    distances: tuple[DistanceLoss, ...] = ()
    improvement: Improvement | None = None
    told: History | None = None

    @property
    def something(self) -> tuple[float, float, float | None]:
        """The chance that a part or all is lost for good: low and high end (95 %), and estimate.

        All of it is lost as often as `loss` says, which may be known far better than by histories;
        these add what loses a part and no more. So it is never less than to lose everything. The
        estimate is None where nothing was seen to be lost.
        """
        found = self.history
        partly = found.lost_something - found.losses
        low, high = binomial_interval(partly, found.trials)
        least, most = self.loss.interval()
        mean = self.loss.probability + partly / found.trials
        return min(least + low, 1.0), min(most + high, 1.0), min(mean, 1.0) or None


def reported(
    layouts: Sequence[Layout],
    *,
    horizon: str | float | None = None,
    seed: int = 1,
    target_relative_error: float = 0.05,
    ranges: bool = True,
    watch: Watch = lambda label: nullcontext(None),
) -> tuple[Reported, ...]:
    """Estimate what a report tells of each layout.

    Parameters
    ----------
    layouts : sequence of Layout
        At least one; names must differ.
    horizon : str or float, optional
        Mission time of all; the layouts' own unless given. [h]
    seed : int
        The same for all.
    target_relative_error : float
        Of the chance to lose everything.
    ranges : bool
        Also vary the uncertain inputs.
    watch : callable
        Given a label, returns a context that yields what `simulate` takes as ``progress``.

    Returns
    -------
    tuple of Reported
        In the order given.

    Raises
    ------
    InputError
        If there is no layout, or two have one name.
    """
    names = [layout.name for layout in layouts]
    if not names:
        raise InputError("report: needs at least one layout")
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise InputError(f"report: two layouts are named '{twins[0]}'; names must differ")
    found = []
    for layout in layouts:
        with watch(layout.name) as progress:
            loss = simulate(
                layout, horizon=horizon, seed=seed, target_relative_error=target_relative_error,
                ranges=ranges, progress=progress,
            )  # fmt: skip
        with watch(f"{layout.name}: histories") as progress:
            played = histories(layout, horizon=horizon, seed=seed, progress=progress)
        distances = []
        for site in movable_sites(layout):
            with watch(f"{layout.name}: {site} nearer and farther") as progress:
                moved = loss_by_distance(
                    layout, site, horizon=horizon, seed=seed, progress=progress,
                    target_relative_error=max(target_relative_error, 0.05),
                )  # fmt: skip
                distances.append(moved)
        better = None
        if len(layouts) == 1:
            with watch("what to change first"):
                better = improve(layout, horizon=horizon, seed=seed)
        with watch(f"{layout.name}: one way to lose everything"):
            told = _one_history(layout, horizon, seed)
        found.append(Reported(layout, loss, played, tuple(distances), better, told))
    return tuple(found)


def _one_history(layout: Layout, horizon: str | float | None, seed: int) -> History | None:
    try:
        return history(layout, horizon=horizon, seed=seed)
    except InputError:  # however much things are hurried, nothing is lost
        return None


def histories(
    layout: Layout,
    *,
    horizon: str | float | None = None,
    seed: int = 1,
    progress: Callable[[Progress], None] | None = None,
) -> LossEstimate:
    """Play whole histories of a layout, for what only they tell: the loss of a part, time lost.

    Parameters
    ----------
    layout : Layout
        What to play.
    horizon : str or float, optional
        Mission time; the layout's own unless given. [h]
    seed : int
        The same seed plays the same histories.
    progress : callable, optional
        As for `simulate`.

    Returns
    -------
    LossEstimate
        By ``events``; as many as fit into a few seconds.
    """
    return simulate(
        layout, horizon=horizon, seed=seed, method="events", trials=_HISTORIES,
        time_budget=_HISTORY_SECONDS, ranges=False, progress=progress,
    )  # fmt: skip


def report(
    layouts: Layout | Sequence[Layout],
    path: str | Path,
    *,
    horizon: str | float | None = None,
    seed: int = 1,
    target_relative_error: float = 0.05,
    ranges: bool = True,
    watch: Watch = lambda label: nullcontext(None),
) -> Path:
    """Write one self-contained HTML page about layouts, for somebody who decides.

    Parameters
    ----------
    layouts : Layout or sequence of Layout
        What to report on; several are put side by side.
    path : str or Path
        The file, which is replaced; its folder must exist.
    horizon, seed, target_relative_error, ranges, watch
        As for `reported`.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    InputError
        If a layout cannot be simulated or the file cannot be written.

    Examples
    --------
    >>> import riskmodel as rm
    >>> rm.report(rm.example("one-external-disk"), "report.html")  # doctest: +SKIP
    """
    from riskmodel.layout import Layout
    from riskmodel.reporting import require_writable, write
    from riskmodel.reporting.layouts import layouts_page

    target = Path(path)
    require_writable(target)
    found = reported(
        [layouts] if isinstance(layouts, Layout) else layouts,
        horizon=horizon, seed=seed, target_relative_error=target_relative_error, ranges=ranges,
        watch=watch,
    )  # fmt: skip
    write(layouts_page(found), target)
    return target
