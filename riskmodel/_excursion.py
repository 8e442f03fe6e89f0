"""The engines of rare losses: excursions, by themselves and given what copies share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel._nets import sobol_net
from riskmodel._run import Sums
from riskmodel._steering import frailty_orders, steered
from riskmodel._weighted import LEAST_EFFECTIVE, Weighted

if TYPE_CHECKING:
    from riskmodel._kernels.records import Program
    from riskmodel._program import Compiled

__all__ = ["ConditionalEngine", "ExcursionEngine", "work_of"]

_BINS = 100
_TOTAL, _SQUARES, _FOURTHS, _CAUSES = range(4)
_WORK_A_CHUNK = 20_000
_LEAST_VALUES = 64  # nets
_NETS = 4  # in what would be one chunk of single trials

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ExcursionEngine:
    """Excursion importance sampling; every trial is a value of its own.

    Parameters
    ----------
    program : Program
        The layout as arrays, with what steers.
    orders : ndarray
        By frailty, how many drives that carry it must fail for a total loss.
    cause_names : tuple of str
        What each cause index of the kernel means.
    chunk_trials : int
        Trials in a chunk.
    """

    program: Program
    orders: _Array
    cause_names: tuple[str, ...]
    chunk_trials: int
    name: str = "excursion"

    @classmethod
    def of(cls, compiled: Compiled) -> ExcursionEngine:
        """Make the engine of a compiled layout."""
        program = steered(compiled.program)
        return cls(program, frailty_orders(program), compiled.causes, _chunk_trials(program))

    def run(self, seed: int, first: int, count: int) -> Sums:
        """Run trials; one of them is a value."""
        shared = np.zeros((1, 0))
        weights, causes, bins = _play(self, seed, first, count, shared)
        return Sums(
            np.array([count, count], np.int64),
            np.concatenate([_powers(weights), causes[0], causes[1], causes[1], bins]),
        )

    def relative_error(self, sums: Sums) -> float:
        """Return the standard error over the probability."""
        return _weighted(self.cause_names, sums).relative_error

    def enough(self, sums: Sums) -> bool:
        """Tell whether the error rests on enough trials to be believed."""
        return _weighted(self.cause_names, sums).effective >= LEAST_EFFECTIVE

    def found(self, sums: Sums) -> dict[str, Any]:
        """Return the fields of a `LossEstimate` that sums stand for."""
        return {"trials": int(sums.counts[1]), "weighted": _weighted(self.cause_names, sums)}


@dataclass(frozen=True, slots=True, eq=False)
class ConditionalEngine:
    """Excursions, given what copies share: frailties, and the blow that begins it.

    What is shared is taken from scrambled Sobol points, one net a chunk; the mean of a net is a
    value, and nets are scrambled independently, so that their spread is an honest error.

    References
    ----------
    .. [1] L'Ecuyer, Demers, Tuffin, "Rare events, splitting, and quasi-Monte Carlo", ACM TOMACS
       17(2), 2007.
    """

    program: Program
    orders: _Array
    cause_names: tuple[str, ...]
    chunk_trials: int
    name: str = "conditional"

    @classmethod
    def of(cls, compiled: Compiled) -> ConditionalEngine:
        """Make the engine of a compiled layout."""
        program = steered(compiled.program)
        trials = _chunk_trials(program) // _NETS
        return cls(program, frailty_orders(program), compiled.causes, trials)

    def run(self, seed: int, first: int, count: int) -> Sums:
        """Run one net; a chunk that is cut short is a shorter net."""
        dimensions = 2 * len(self.program.frailties) + 3
        key = np.random.SeedSequence([seed, first])
        net = sobol_net(dimensions, 2 ** math.ceil(math.log2(count)), key)
        points = np.clip(net[:count], 1e-16, 1 - 1e-16)
        shared = _shared(self.program, self.orders, points)
        weights, causes, bins = _play(self, seed, first, count, shared)
        value = np.array([weights.sum() / count])
        by_cause = causes[0] / count
        return Sums(
            np.array([1, count], np.int64),
            np.concatenate([_powers(value), by_cause, by_cause**2, by_cause * value, bins / count]),
        )

    def relative_error(self, sums: Sums) -> float:
        """Return the standard error over the probability."""
        return _weighted(self.cause_names, sums).relative_error

    def enough(self, sums: Sums) -> bool:
        """Tell whether the error rests on enough nets to be believed."""
        found = _weighted(self.cause_names, sums)
        return found.values >= _LEAST_VALUES and found.effective >= 0.5 * _LEAST_VALUES

    def found(self, sums: Sums) -> dict[str, Any]:
        """Return the fields of a `LossEstimate` that sums stand for."""
        return {"trials": int(sums.counts[1]), "weighted": _weighted(self.cause_names, sums)}


def _play(
    engine: ExcursionEngine | ConditionalEngine, seed: int, first: int, count: int, shared: _Array
) -> tuple[_Array, _Array, _Array]:
    """Return the weight of each trial, their sums and squares by cause, their sums by time."""
    from riskmodel._kernels.excursion import make_plan, run_excursions
    from riskmodel._kernels.state import make_state

    program = engine.program
    weights = np.zeros(count)
    causes = np.zeros((2, len(engine.cause_names)))
    bins = np.zeros(_BINS)
    run_excursions(
        program,
        make_state(program),
        make_plan(program),
        engine.orders,
        shared,
        seed,
        first,
        weights,
        causes,
        bins,
    )
    return weights, causes, bins


def _shared(program: Program, orders: _Array, points: _Array) -> _Array:
    """Turn uniforms into rows of what trials share: frailties from their mixtures, the rest as is.

    A part of the mixture and a quantile of it are two uniforms of a frailty.
    """
    from scipy.special import gammaincinv

    from riskmodel._kernels.excursion import PARTS

    count = len(program.frailties)
    rows = [
        gammaincinv(
            1.0 / variance + order * np.floor(points[:, 2 * k] * PARTS) / (PARTS - 1.0),
            points[:, 2 * k + 1],
        )
        for k, (variance, order) in enumerate(
            zip(program.frailties["variance"], orders, strict=False)
        )
    ]
    return np.ascontiguousarray(np.column_stack([*rows, points[:, 2 * count :]]))


def _powers(values: _Array) -> _Array:
    squares = values * values
    return np.array([math.fsum(values), math.fsum(squares), math.fsum(squares * squares)])


def _weighted(cause_names: tuple[str, ...], sums: Sums) -> Weighted:
    weights = [float(weight) for weight in sums.weights]
    count = len(cause_names)
    parts = [weights[_CAUSES + k * count : _CAUSES + (k + 1) * count] for k in range(3)]
    return Weighted(
        values=int(sums.counts[0]),
        total=weights[_TOTAL],
        squares=weights[_SQUARES],
        fourths=weights[_FOURTHS],
        causes=tuple(zip(cause_names, *parts, strict=True)),
        bins=tuple(weights[_CAUSES + 3 * count :]),
        trials=int(sums.counts[1]),
    )


def _chunk_trials(program: Program) -> int:
    return int(2 ** max(2, min(10, round(math.log2(_WORK_A_CHUNK / work_of(program))))))


def work_of(program: Program) -> float:
    """Return how many events a whole history has, about."""
    work = 10.0 + 2.0 * program.source_rate * program.horizon
    for group in program.groups:
        store = program.stores[group["owner"]]
        work += 4.0 + group["drives"] * (0.5 + store["failures"])
    return work
