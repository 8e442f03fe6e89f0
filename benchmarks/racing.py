"""Timing contenders in turns, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Contender = Callable[[int, int], int]
"""Run so many trials of a seed; return how many of them lose everything."""


@dataclass
class Lap:
    """What a contender did: processor seconds for each round, trials a round, losses in all."""

    trials: int
    seconds: list[float] = field(default_factory=list)
    losses: int = 0

    @property
    def speed(self) -> float:
        """Trials per second of one core, the median of the rounds."""
        return self.trials / statistics.median(self.seconds)

    @property
    def share(self) -> float:
        """Share of trials with a loss."""
        return self.losses / (self.trials * len(self.seconds))


def race(contenders: Mapping[str, tuple[Contender, int]], rounds: int) -> dict[str, Lap]:
    """Run contenders in turns, each with its number of trials, after a short warming up."""
    laps = {name: Lap(trials) for name, (_, trials) in contenders.items()}
    for run, trials in contenders.values():
        run(0, min(trials, 10))
    for seed in range(1, rounds + 1):
        for name, (run, trials) in contenders.items():
            started = time.process_time()
            laps[name].losses += run(seed, trials)
            laps[name].seconds.append(max(time.process_time() - started, 1e-9))
    return laps


def ratio(one: Lap, other: Lap) -> float:
    """Speed of one over that of the other: the median over rounds."""
    pairs = zip(one.seconds, other.seconds, strict=True)
    return statistics.median(b / a for a, b in pairs) * one.trials / other.trials


def z_score(one: Lap, other: Lap) -> float:
    """Difference of two shares over its standard error."""
    n, m = one.trials * len(one.seconds), other.trials * len(other.seconds)
    pooled = (one.losses + other.losses) / (n + m)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m))
    return (one.share - other.share) / error if error > 0.0 else 0.0


def z_of(lap: Lap, exact: float) -> float:
    """Difference of a share from the exact value over its standard error."""
    n = lap.trials * len(lap.seconds)
    return (lap.share - exact) / math.sqrt(exact * (1.0 - exact) / n)
