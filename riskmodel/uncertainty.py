"""Parameter uncertainty: the range that the answer has because its inputs have one.

An outer scrambled Sobol sample over the uncertain inputs of a layout; at each point a short run of
trials. It stands beside the sampling error, which more trials shrink and this one does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from riskmodel._chances import chance_range, one_in
from riskmodel._run import Progress
from riskmodel.errors import InputError
from riskmodel.simulation import simulate

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from riskmodel._uncertain import Inputs
    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["NETS", "ParameterRange", "Share", "cube_of", "inner_run", "parameter_range", "summary"]

NETS = 4
_LOSSES = 12.0  # wanted at a point like the best estimate
_FEW = 3  # losses at a point that call for more trials
_MORE = 8  # times the trials, then
_ROUNDS = 2
_LEAST_TRIALS, _MOST_TRIALS = 2_048, 200_000
_PLAIN = 1e-3  # from here plain trials are the cheapest
_INNER_ERROR = 0.3  # of weighted trials
_LEAST_NETS = 16


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the variance of the logarithm of the answer one input explains, alone."""

    parameter: str
    grade: str
    share: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class ParameterRange:
    """Where the probability of loss lies, given what is known of the inputs.

    Parameters
    ----------
    low, median, high : float or None
        Quantiles of the probability over the inputs; None where the points at that end met no loss.
    level : float
        Probability between low and high.
    low_error, median_error, high_error : float or None
        Their relative standard errors, from nets that were scrambled independently.
    bound : float or None
        Where low is None: a value that it is below, at 95 %.
    points : int
        How many points of the inputs were run.
    shares : tuple of Share
        By input, the largest first.
    not_varied : tuple of (str, str)
        Inputs in use that were taken as certain, and why.
    draws : tuple of tuple of float
        A row for each point: its coordinates in the unit cube, one for each of ``names``.
    probabilities : tuple of float
        The estimate at each point, with the noise of its short run in it.
    names : tuple of str
        The inputs in the order of the coordinates.
    noise_share : float
        Variance of the noise over the variance of the estimates; it was taken out of the quantiles.
    """

    low: float | None
    median: float | None
    high: float | None
    level: float
    low_error: float | None = None
    median_error: float | None = None
    high_error: float | None = None
    bound: float | None = None
    points: int = 0
    shares: tuple[Share, ...] = ()
    not_varied: tuple[tuple[str, str], ...] = ()
    draws: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    probabilities: tuple[float, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = ()
    noise_share: float = 0.0

    @property
    def judged(self) -> float:
        """Share of the explained variance that rests on inputs of grade C, in [0, 1]."""
        total = math.fsum(item.share for item in self.shares)
        judged = math.fsum(item.share for item in self.shares if item.grade == "C")
        return judged / total if total > 0.0 else 0.0

    @property
    def clear_shares(self) -> tuple[Share, ...]:
        """The shares that stand out of their own error."""
        return tuple(item for item in self.shares if item.share > 2.0 * item.standard_error)

    @property
    def in_words(self) -> str:
        """The range for people: "1 in 5,000 to 1 in 300,000", "25 % to 43 %"."""
        if self.high is None:
            return "unknown (no loss seen)"
        if self.low is None:
            below = f"less than {one_in(self.bound)}" if self.bound else "an unknown low end"
            return f"{one_in(self.high)} to {below}"
        return chance_range(self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints as ``parameter_range``."""
        return {
            "low": self.low,
            "median": self.median,
            "high": self.high,
            "level": self.level,
            "relative_standard_errors": {
                "low": self.low_error,
                "median": self.median_error,
                "high": self.high_error,
            },
            "low_is_below": self.bound,
            "points": self.points,
            "share_of_grade_c": self.judged,
            "parameters": [
                {
                    "name": item.parameter,
                    "grade": item.grade or None,
                    "share_of_log_variance": item.share,
                    "standard_error": item.standard_error,
                }
                for item in self.shares
            ],
            "not_varied": [{"name": name, "why": why} for name, why in self.not_varied],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each point: the quantile of each input, and the estimate there."""
        import pandas as pd

        frame = pd.DataFrame(list(self.draws), columns=list(self.names))
        return frame.assign(probability=list(self.probabilities))


def parameter_range(
    layout: Layout,
    *,
    estimate: LossEstimate | None = None,
    horizon: str | float | None = None,
    points: int = 128,
    level: float = 0.9,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ParameterRange:
    """Return the range of the probability of loss over the uncertain inputs of a layout.

    Parameters
    ----------
    layout : Layout
        Its ranges, and the rows of sources behind the presets and defaults it uses, are varied.
    estimate : LossEstimate, optional
        At the best values of all inputs, which says how long the runs must be; made if not given.
    horizon : str or float, optional
        Mission time, as a quantity or in hours; the layout's own by default. [h]
    points : int
        Points of the outer sample: a power of two, 32 or more. They are four nets, scrambled
        independently, so that their spread is an honest error.
    level : float
        Probability of the range. As low and high of an input are its 5 and 95 % points, 0.9 is
        the range of an answer that hangs on one input.
    seed : int
        The same seed gives the same result for any number of threads.
    threads : int, optional
        Worker threads; all cores by default.
    progress : callable, optional
        Called with a `Progress` after each point.

    Returns
    -------
    ParameterRange

    Raises
    ------
    InputError
        If an argument or the layout cannot be used.

    Notes
    -----
    Each point has its own random numbers, so that the noise of the short runs is independent of
    the inputs and its variance can be subtracted from that of the estimates (see
    ``_inner.without_noise``); common random numbers would make it smaller by an unknown amount.
    Points at which few losses were met are run again with more trials.

    References
    ----------
    .. [1] Owen, "Scrambled net variance for integrals of smooth functions", Annals of Statistics
       25(4), 1997.
    """
    from riskmodel._uncertain import inputs_of
    from riskmodel.units import hours

    if points < 8 * NETS or points & (points - 1):
        raise InputError(f"points: must be a power of two, at least {8 * NETS}, got {points!r}")
    if not 0.0 < level < 1.0:
        raise InputError(f"level: must be between 0 and 1, got {level!r}")
    inputs = inputs_of(layout, hours(horizon, "horizon") if horizon is not None else None)
    best = estimate or simulate(layout, horizon=horizon, seed=seed, threads=threads, ranges=False)
    if not inputs.parameters:
        same = best.probability if best.seen else None
        return ParameterRange(same, same, same, level, not_varied=inputs.not_varied)
    cube = cube_of(len(inputs.parameters), points, seed)
    runs = _runs(inputs, best, cube, horizon, seed, threads, progress)
    return summary(inputs, cube, runs, level)


def cube_of(dimensions: int, points: int, seed: int) -> NDArray[np.float64]:
    """Return the nets one after the other, a point a row, clear of 0 and 1."""
    import numpy as np

    from riskmodel._nets import sobol_net

    nets = [
        sobol_net(dimensions, points // NETS, np.random.SeedSequence([seed, net, 0x5053]))
        for net in range(NETS)
    ]
    return np.clip(np.concatenate(nets), 1e-9, 1.0 - 1e-9)


def _runs(
    inputs: Inputs,
    best: LossEstimate,
    cube: NDArray[np.float64],
    horizon: str | float | None,
    seed: int,
    threads: int | None,
    progress: Callable[[Progress], None] | None,
) -> list[LossEstimate]:
    """Run every point, each on one thread, in the order of the points."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    method, trials = inner_run(best)

    def run(index: int) -> LossEstimate:
        layout = inputs.at([float(u) for u in cube[index]])
        wanted = trials
        for repeat in range(_ROUNDS + 1):
            found = simulate(
                layout,
                horizon=horizon,
                method=method,
                trials=wanted,
                seed=_seed_of(seed, index),
                threads=1,
                ranges=False,
            )
            if wanted is None or repeat == _ROUNDS or not _too_few(found):
                break
            wanted = min(_MORE * wanted, _MOST_TRIALS)
        return found

    found = []
    workers = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    try:
        for done, estimate in enumerate(workers.map(run, range(len(cube))), 1):
            found.append(estimate)
            if progress is not None:
                progress(Progress(done, len(cube), math.inf, None, "points"))
    finally:
        workers.shutdown(wait=True, cancel_futures=True)
    return found


def inner_run(best: LossEstimate) -> tuple[str, int | None]:
    """Choose the method of the short runs and their trials, from the run at the best values."""
    if best.exact is not None:
        return "exact", None
    likely = best.probability if best.seen else _LOSSES / _MOST_TRIALS
    if best.weighted is None or (best.seen and likely >= _PLAIN):
        wanted = math.ceil(_LOSSES * (1.0 - min(likely, 0.9)) / likely)
        return "events", min(max(wanted, _LEAST_TRIALS), _MOST_TRIALS)
    least = _LEAST_NETS * best.trials / best.weighted.values
    if best.method == "excursion":
        least = _LEAST_TRIALS
    # while no loss has been met the relative error is infinite, and so little is enough
    error = best.relative_error if best.seen else _INNER_ERROR
    return best.method, math.ceil(max(best.trials * min(error / _INNER_ERROR, 1.0) ** 2, least))


def _too_few(loss: LossEstimate) -> bool:
    return loss.weighted is None and loss.losses < _FEW


def _seed_of(seed: int, index: int) -> int:
    import numpy as np

    key = np.random.SeedSequence([seed, index, 0x494E])
    return int(key.generate_state(1, np.uint64)[0] >> np.uint64(1))


def summary(
    inputs: Inputs, cube: NDArray[np.float64], runs: Sequence[LossEstimate], level: float
) -> ParameterRange:
    """Take the noise out, and return the quantiles with their errors."""
    import numpy as np

    from riskmodel._inner import from_scale, on_scale, without_noise

    pairs = np.array([on_scale(loss) for loss in runs])
    lossless = np.array([not loss.seen for loss in runs])
    values, spread = without_noise(pairs[:, 0], pairs[:, 1])
    values[lossless] = -np.inf
    tail = 0.5 * (1.0 - level)
    ends = []
    for share in (tail, 0.5, 1.0 - tail):
        nets = [_quantile(net, share) for net in np.split(values, NETS)]
        sure = all(map(math.isfinite, nets))
        # their mean scatters as their differences say; the quantile of all points by half more
        whole = float(np.mean(nets)) if sure else _quantile(values, share)
        error = float(np.std(nets, ddof=1)) / math.sqrt(NETS) if sure else None
        ends.append((from_scale(whole) if math.isfinite(whole) else None, error))
    bounds = [loss.interval()[1] for loss in runs if not loss.seen and loss.weighted is None]
    known = np.isfinite(pairs[:, 0])
    total = float(np.var(pairs[known, 0], ddof=1)) if known.sum() > 1 else 0.0
    (low, low_error), (median, median_error), (high, high_error) = ends
    return ParameterRange(
        low,
        median,
        high,
        level,
        low_error,
        median_error,
        high_error,
        bound=max(bounds) if bounds and low is None else None,
        points=len(runs),
        shares=tuple(_shares(inputs, cube, pairs[:, 0], spread)),
        not_varied=inputs.not_varied,
        draws=tuple(tuple(float(u) for u in row) for row in cube),
        probabilities=tuple(loss.probability for loss in runs),
        names=tuple(item.name for item in inputs.parameters),
        noise_share=min(float(np.mean(pairs[known, 1])) / total, 1.0) if total > 0.0 else 0.0,
    )


def _quantile(values: NDArray[np.float64], share: float) -> float:
    """Return a quantile by Hazen's rule; ``-inf`` if it leans on a value that is."""
    import numpy as np

    ordered = np.sort(values)
    place = min(max(share * len(ordered) - 0.5, 0.0), len(ordered) - 1.0)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    if not math.isfinite(ordered[below]):
        return -math.inf
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def _shares(
    inputs: Inputs, cube: NDArray[np.float64], values: NDArray[np.float64], spread: float
) -> Iterator[Share]:
    """Yield what each input explains by itself: a straight line through all points."""
    import numpy as np
    from scipy.special import ndtri

    known = np.isfinite(values)
    count = int(known.sum())
    if spread <= 0.0 or count < 2 * (len(inputs.parameters) + 1):
        return
    design = np.column_stack([np.ones(count), ndtri(cube[known])])
    slopes, _, rank, _ = np.linalg.lstsq(design, values[known], rcond=None)
    if rank < design.shape[1]:
        return
    rest = values[known] - design @ slopes
    noise = float(rest @ rest) / (count - design.shape[1])
    errors = np.sqrt(noise * np.diag(np.linalg.inv(design.T @ design)))
    found = [
        Share(
            item.name,
            item.grade,
            min(max(float(slope**2 - error**2) / spread, 0.0), 1.0),
            2.0 * abs(float(slope)) * float(error) / spread,
        )
        for item, slope, error in zip(inputs.parameters, slopes[1:], errors[1:], strict=True)
    ]
    yield from sorted(found, key=lambda item: (-item.share, item.parameter))
