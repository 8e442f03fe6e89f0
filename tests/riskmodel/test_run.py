"""Chunks: summed without rounding, stopped on their ordered prefix."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel._run import Plan, Prefix, Progress, Sums, Task, go, run_task

anything = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


def _sums(counts: list[int], weights: list[float]) -> Sums:
    return Sums(np.array(counts, np.int64), np.array(weights, np.float64))


@given(st.lists(st.tuples(anything, anything), min_size=1, max_size=40))
def test_a_prefix_is_the_rounded_sum_of_all_its_chunks(rows: list[tuple[float, float]]) -> None:
    prefix = Prefix()
    for k, row in enumerate(rows, start=1):
        prefix.add(_sums([k, 2**40], list(row)))
        total = prefix.total()
        for place in range(2):
            assert total.weights[place] == math.fsum(seen[place] for seen in rows[:k])
        assert total.counts.tolist() == [k * (k + 1) // 2, k * 2**40]


def test_a_prefix_does_not_grow_with_its_chunks() -> None:
    """A running float would be off in its last digits, a list of all chunks would grow."""
    rng = np.random.default_rng(1)
    values = np.exp(rng.normal(-40, 10, size=20_000))
    prefix = Prefix()
    for value in values:
        prefix.add(_sums([1], [float(value)]))
    assert prefix.total().weights[0] == math.fsum(values)
    assert float(np.cumsum(values)[-1]) != math.fsum(values)
    assert max(map(len, prefix._partials)) < 45


@pytest.mark.parametrize("weight", [math.inf, -math.inf, math.nan])
def test_a_weight_that_is_no_number_is_no_result(weight: float) -> None:
    with pytest.raises(ValueError, match="no finite number"):
        Prefix().add(_sums([1], [weight]))


def test_chunks_of_two_shapes_do_not_add_up() -> None:
    prefix = Prefix()
    prefix.add(_sums([1, 2], [0.5]))
    for other in (_sums([1], [0.5]), _sums([1, 2], [])):
        with pytest.raises(ValueError, match="one shape"):
            prefix.add(other)


@dataclass
class Toy:
    """Counts trials, and weighs trial k by 1 / (k + 1); its error is that of its trials."""

    chunk_trials: int = 10
    name: str = "toy"
    least: int = 0
    ran: list[tuple[int, int]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def run(self, seed: int, first: int, count: int) -> Sums:
        self.ran.append((first, count))
        return _sums([count], [math.fsum(1 / (k + 1) for k in range(first, first + count))])

    def relative_error(self, sums: Sums) -> float:
        self.asked.append(int(sums.counts[0]))
        return 1.0 / math.sqrt(int(sums.counts[0]))

    def enough(self, sums: Sums) -> bool:
        return int(sums.counts[0]) >= self.least


class Here:
    """Runs a task when it is handed over."""

    task_seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def slots(self) -> int:
        return 1

    def submit(self, task: Task) -> tuple[float, list[Sums]]:
        return run_task(task)

    def result(self, future: tuple[float, list[Sums]]) -> tuple[float, list[Sums]]:
        return future


def _go(engine: Toy, plan: Plan, progress: Callable[[Progress], None] | None = None) -> Sums:
    return go(engine, plan, Here, progress=progress)


def test_every_trial_is_run_once_and_the_last_chunk_is_cut() -> None:
    engine = Toy()
    total = _go(engine, Plan(seed=1, max_trials=95))
    assert engine.ran == [(k, min(10, 95 - k)) for k in range(0, 95, 10)]
    assert total.counts.tolist() == [95]


def test_it_stops_at_the_first_look_that_is_good_enough() -> None:
    """Looks come after 2, 4, 8… chunks; 160 trials are needed for an error of 1 / sqrt(160)."""
    engine = Toy()
    total = _go(engine, Plan(seed=1, max_trials=10_000, target=1 / math.sqrt(150)))
    assert total.counts.tolist() == [160]
    assert engine.asked == [20, 40, 80, 160]


def test_an_error_is_not_trusted_before_enough_was_seen() -> None:
    total = _go(Toy(least=300), Plan(seed=1, max_trials=10_000, target=0.5))
    assert total.counts.tolist() == [320]


def test_a_budget_that_is_spent_still_gives_a_chunk() -> None:
    total = _go(Toy(), Plan(seed=1, max_trials=10_000, budget_seconds=0.0))
    assert total.counts.tolist() == [10]


def test_progress_tells_trials_and_error() -> None:
    seen: list[Progress] = []
    _go(Toy(), Plan(seed=1, max_trials=95, target=0.01), seen.append)
    assert seen[0] == Progress(10, 95, 1 / math.sqrt(10), 0.01)


def test_what_goes_wrong_in_a_chunk_is_told() -> None:
    class Broken(Toy):
        def run(self, seed: int, first: int, count: int) -> Sums:
            raise RuntimeError(f"chunk at {first}")

    with pytest.raises(RuntimeError, match="chunk at 0"):
        _go(Broken(), Plan(seed=1, max_trials=95))
