"""Sobol indices of the logarithm of the probability of loss, the noise of the runs taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskmodel._inner import on_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel._paired_runs import Run

__all__ = ["Index", "Noisy", "indices_of", "noisy", "points_of"]

_LEVEL = 0.95
_CLEAR = 1e-12


@dataclass(frozen=True, slots=True)
class Index:
    """What one input, or a group of inputs, explains of the variance of the logarithm.

    Parameters
    ----------
    name : str
        The input, or "the other N inputs".
    inputs : int
        How many inputs it stands for.
    first, total : float
        By itself, and together with what it does with others.
    first_error, total_error : float
        Half the width of their 95 % intervals, by bootstrap.
    """

    name: str
    inputs: int
    first: float
    first_error: float
    total: float
    total_error: float


@dataclass(frozen=True, slots=True, eq=False)
class Noisy:
    """An estimate on the logarithmic scale, with the errors of its batches."""

    value: float
    errors: NDArray[np.float64]


def noisy(run: Run) -> Noisy:
    """Return the logarithm of what a run estimates, and what its batches say of the noise."""
    loss = run.estimate()
    value, _ = on_scale(loss)
    p = loss.probability
    if not run.count or p <= 0.0:
        return Noisy(value, np.zeros(max(run.count, 2)))
    slope = -p / ((1.0 - p) * np.log1p(-p)) if p < 1.0 else 1.0
    return Noisy(value, slope * (run.values() / p - 1.0))


def points_of(names: Sequence[str], groups: Sequence[str], points: int, seed: int) -> _Points:
    """Return the points of Saltelli's scheme, a row each, and what they were made for."""
    from SALib.sample import sobol

    problem = {
        "num_vars": len(names),
        "names": list(names),
        "groups": list(groups),
        "bounds": [[0.0, 1.0]] * len(names),
    }
    rows = sobol.sample(problem, points, calc_second_order=False, scramble=True, seed=seed)
    return _Points(problem, np.clip(rows, 1e-9, 1.0 - 1e-9))


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    problem: dict[str, object]
    rows: NDArray[np.float64]


def indices_of(
    points: _Points, found: Sequence[Noisy], seed: int, say: Callable[[str], None]
) -> tuple[Index, ...]:
    """Return the indices of the groups, in their order; none where nothing varies.

    Parameters
    ----------
    points : _Points
        What was run.
    found : sequence of Noisy
        The estimates there, all on the same random numbers.
    seed : int
        Key of the bootstrap.
    say : callable
        Is told what a reader should know.

    Returns
    -------
    tuple of Index

    Notes
    -----
    With y = g + e, e the noise of the runs, sums of squares of y hold those of e as well. On common
    random numbers e is much alike at neighbouring points; the batches of the runs tell by how much,
    and their part is subtracted from each sum: of the total index by Jansen's formula, the first by
    Saltelli's, and of the variance.

    References
    ----------
    .. [1] Saltelli et al., "Variance based sensitivity analysis of model output", Computer Physics
       Communications 181(2), 2010.
    .. [2] Herman, Usher, "SALib", Journal of Open Source Software 2(9), 2017.
    """
    from SALib.analyze import sobol

    groups = list(dict.fromkeys(points.problem["groups"]))  # type: ignore[call-overload]
    values = np.array([one.value for one in found])
    blind = ~np.isfinite(values)
    if blind.all():
        say("no loss was met at any point: nothing is known of the shares")
        return ()
    if blind.any():
        say(
            f"at {int(blind.sum())} of {len(values)} points no loss was met: "
            "they count as the rarest that was met"
        )
        values[blind] = values[~blind].min()
    errors = np.array([one.errors for one in found])
    width = len(groups) + 2
    a, b = slice(0, None, width), slice(width - 1, None, width)
    raw = float(np.var(np.concatenate([values[a], values[b]])))
    own = np.concatenate([errors[a], errors[b]])
    spread = raw - _mean_noise(own - own.mean(axis=0))
    if spread <= _CLEAR or spread <= 0.02 * raw:
        say("what the inputs do is lost in the noise of the runs" if raw > _CLEAR else
            "the inputs change nothing")  # fmt: skip
        return ()
    answer = sobol.analyze(
        points.problem, values, calc_second_order=False, conf_level=_LEVEL, seed=seed
    )
    scale = raw / spread
    indices = []
    for k, group in enumerate(groups):
        ab = slice(k + 1, None, width)
        twice = errors[a] - errors[ab]
        crossed = float(np.mean(errors[b] * -twice)) / max(errors.shape[1] - 1, 1)
        indices.append(
            Index(
                name=str(group),
                inputs=sum(item == group for item in points.problem["groups"]),  # type: ignore[attr-defined]
                first=float(answer["S1"][k]) * scale - crossed / spread,
                first_error=float(answer["S1_conf"][k]) * scale,
                total=max(float(answer["ST"][k]) * scale - 0.5 * _mean_noise(twice) / spread, 0.0),
                total_error=float(answer["ST_conf"][k]) * scale,
            )
        )
    return tuple(indices)


def _mean_noise(errors: NDArray[np.float64]) -> float:
    """Return the mean over rows of the variance of the mean of a row."""
    squares = float(np.mean(np.square(errors)))
    return squares / max(int(errors.shape[1]) - 1, 1)
