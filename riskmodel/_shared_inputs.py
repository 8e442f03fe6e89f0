"""Several layouts at the same draws of what nobody knows exactly.

An input that rests on one parameter is one number in all layouts, so that what makes all of them
worse does not pass for a difference between them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel._chances import binomial_interval
from riskmodel._inner import on_scale, without_noise
from riskmodel._paired_runs import Run, run_here, runs_of, seed_of
from riskmodel._run import Progress
from riskmodel._uncertain import Inputs, inputs_of
from riskmodel.simulation import prepare
from riskmodel.uncertainty import ParameterRange, cube_of, inner_run, summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["Better", "SharedRanges", "shared_ranges", "short_runs"]

_NETS = 16  # batches of the short run at a point
_ROUNDS = 2
_MORE = 8
_FEW = 3


@dataclass(frozen=True, slots=True)
class Better:
    """How likely it is that one layout is safer than another, over what the inputs may be.

    Parameters
    ----------
    one, other : str
        Their names.
    probability : float
        Share of the draws of the inputs at which ``one`` is safer, the noise of the runs taken out.
    low, high : float
        Its 95 % interval, as of independent draws.
    shared : int
        Inputs that the two have in common.
    noise_share : float
        Variance of the noise over that of the differences: near 1 the runs were too short to tell.
    """

    one: str
    other: str
    probability: float
    low: float
    high: float
    shared: int
    noise_share: float

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "probability": self.probability,
            "interval": [self.low, self.high],
            "shared_inputs": self.shared,
            "noise_share": self.noise_share,
        }


@dataclass(frozen=True, slots=True)
class SharedRanges:
    """The range of each layout, and the chance that one is better than another."""

    ranges: tuple[ParameterRange, ...]
    better: tuple[Better, ...]


def shared_ranges(
    layouts: Sequence[Layout],
    best: Sequence[LossEstimate],
    *,
    horizon_hours: float,
    points: int,
    level: float,
    seed: int,
    threads: int | None,
    progress: Callable[[Progress], None] | None,
) -> SharedRanges:
    """Run all layouts at the same points of their inputs, on common random numbers.

    Parameters
    ----------
    layouts, best
        What is compared, and its estimates at the best values.
    horizon_hours : float
        Mission time. [h]
    points, level, seed, threads, progress
        As in `parameter_range`.

    Returns
    -------
    SharedRanges
        Pairs in the order (0, 1), (0, 2) … (1, 2) ….
    """
    inputs = [inputs_of(layout, horizon_hours) for layout in layouts]
    keys: dict[tuple[object, ...], int] = {}
    columns = [
        [keys.setdefault(own.key_of(item.name), len(keys)) for item in own.parameters]
        for own in inputs
    ]
    if not keys:
        return SharedRanges(
            tuple(_certain(own, loss) for own, loss in zip(inputs, best, strict=True)), ()
        )
    cube = cube_of(len(keys), points, seed)
    how = [inner_run(loss) for loss in best]

    def run(index: int) -> tuple[list[LossEstimate], NDArray[np.float64]]:
        here = [
            own.at([float(cube[index, k]) for k in places])
            for own, places in zip(inputs, columns, strict=True)
        ]
        return _at_point(here, how, horizon_hours, seed_of(seed, index))

    found = []
    workers = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    try:
        for done, one in enumerate(workers.map(run, range(len(cube))), 1):
            found.append(one)
            if progress is not None:
                progress(Progress(done, len(cube), math.inf, None, "points"))
    finally:
        workers.shutdown(wait=True, cancel_futures=True)
    ranges = tuple(
        summary(own, cube[:, places], [losses[k] for losses, _ in found], level)
        if own.parameters
        else _certain(own, best[k], level)
        for k, (own, places) in enumerate(zip(inputs, columns, strict=True))
    )
    pairs = [(i, j) for i in range(len(layouts)) for j in range(i + 1, len(layouts))]
    better = tuple(_better(found, i, j, len(set(columns[i]) & set(columns[j]))) for i, j in pairs)
    return SharedRanges(ranges, better)


def _certain(own: Inputs, loss: LossEstimate, level: float = 0.9) -> ParameterRange:
    same = loss.probability if loss.seen else None
    return ParameterRange(same, same, same, level, not_varied=own.not_varied)


def _at_point(
    layouts: Sequence[Layout],
    how: Sequence[tuple[str, int | None]],
    horizon_hours: float,
    seed: int,
) -> tuple[list[LossEstimate], NDArray[np.float64]]:
    """Return the estimates, and the covariance of the noise of their logarithms."""
    ready = [
        prepare(layout, horizon=horizon_hours, method=method, seed=seed, pool=_nobody)
        for layout, (method, _) in zip(layouts, how, strict=True)
    ]
    most = max((trials for _, trials in how if trials is not None), default=_NETS)
    runs = runs_of(ready, seed, batch=2 ** math.ceil(math.log2(max(most / _NETS, 1.0))))
    losses = short_runs(runs, _NETS)
    return losses, noise_of(runs, losses)


def short_runs(runs: Sequence[Run], batches: int) -> list[LossEstimate]:
    """Run layouts on this thread, all alike, and longer where plain trials meet too few losses."""
    wanted = batches
    for repeat in range(_ROUNDS + 1):
        for run in runs:
            run_here(run, wanted)
        losses = [run.estimate() for run in runs]
        few = any(
            loss.weighted is None and loss.exact is None and loss.losses < _FEW for loss in losses
        )
        if not few or repeat == _ROUNDS:
            break
        wanted *= _MORE
    return losses


def noise_of(runs: Sequence[Run], losses: Sequence[LossEstimate]) -> NDArray[np.float64]:
    """Return the covariance of the noise in the logarithms of estimates, by their batches."""
    scaled = [on_scale(loss)[1] for loss in losses]
    found = np.diag(scaled)
    for i, one in enumerate(runs):
        for j, other in enumerate(runs[:i]):
            if "exact" in (one.method, other.method) or one.seed != other.seed:
                continue
            pair = one.values(), other.values()
            if len(pair[0]) == len(pair[1]) and min(map(np.ptp, pair)) > 0.0:
                rho = float(np.corrcoef(*pair)[0, 1])
                found[i, j] = found[j, i] = rho * math.sqrt(scaled[i] * scaled[j])
    return found


def _nobody() -> Any:
    raise RuntimeError("a method that is named needs no pilot run")


def _better(
    found: Sequence[tuple[list[LossEstimate], NDArray[np.float64]]], i: int, j: int, shared: int
) -> Better:
    """Count the draws at which one is safer, their noise taken out; a draw without loss halves."""
    gaps = np.array([on_scale(losses[i])[0] - on_scale(losses[j])[0] for losses, _ in found])
    noise = np.array([max(c[i, i] + c[j, j] - 2.0 * c[i, j], 0.0) for _, c in found])
    known = np.isfinite(gaps)
    drawn, _ = without_noise(gaps[known], noise[known])
    ties = int(np.sum(drawn == 0.0)) + int(np.sum(~known))
    wins = int(np.sum(drawn < 0.0))
    low = float(binomial_interval(wins, len(gaps))[0])
    high = float(binomial_interval(wins + ties, len(gaps))[1])
    total = float(np.var(gaps[known], ddof=1)) if known.sum() > 1 else 0.0
    share = min(float(np.mean(noise[known])) / total, 1.0) if total > 0.0 else 0.0
    names = found[0][0][i].layout, found[0][0][j].layout
    return Better(*names, (wins + 0.5 * ties) / len(gaps), low, high, shared, share)
