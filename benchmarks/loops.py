"""The law of a single group as an event loop in plain Python, and as SimPy processes.

Both are written as one would write them at first: every failure, rebuild, error and scrub is an
event. They use Python's own generator, so they agree with the engine in law, not in bits.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Generator
from typing import Any

from benchmarks.groups import Group, Weibull
from benchmarks.racing import Contender

_FAILURE, _REBUILT, _ERROR, _SCRUBBED = range(4)
_OUTCOME = Callable[[Group, random.Random], bool]


def _draw(law: Weibull, rng: random.Random) -> float:
    return law.location + law.scale * math.pow(rng.expovariate(1.0), 1.0 / law.shape)


def _lost_in_a_loop(group: Group, rng: random.Random) -> bool:
    """Play one history from a heap of events; tell whether the group is lost in it."""
    up = [True] * group.drives
    defective = [False] * group.drives
    # an event counts only for the drive that it was drawn for, not for its replacement
    generation = [0] * group.drives
    heap: list[tuple[float, int, int, int]] = []

    def put_to_work(d: int, t: float) -> None:
        up[d] = True
        defective[d] = False
        generation[d] += 1
        heapq.heappush(heap, (t + _draw(group.life, rng), _FAILURE, d, generation[d]))
        if group.scrub is not None:
            arises = t + rng.expovariate(1.0 / group.latent_mean)
            heapq.heappush(heap, (arises, _ERROR, d, generation[d]))

    for d in range(group.drives):
        put_to_work(d, 0.0)
    while heap:
        t, what, d, of = heapq.heappop(heap)
        if t > group.horizon:
            return False
        if of != generation[d]:
            continue
        if what == _FAILURE:
            up[d] = False
            defective[d] = False
            generation[d] += 1
            down = group.drives - sum(up)
            if down > group.tolerates or (down == group.tolerates and any(defective)):
                return True
            heapq.heappush(heap, (t + _draw(group.rebuild, rng), _REBUILT, d, generation[d]))
        elif what == _REBUILT:
            put_to_work(d, t)
        elif what == _ERROR:
            assert group.scrub is not None
            defective[d] = True
            heapq.heappush(heap, (t + _draw(group.scrub, rng), _SCRUBBED, d, of))
        else:
            defective[d] = False
            arises = t + rng.expovariate(1.0 / group.latent_mean)
            heapq.heappush(heap, (arises, _ERROR, d, of))
    return False


class _Array:
    """A group of SimPy processes: one for each drive, one for each drive's errors."""

    def __init__(self, environment: Any, group: Group, rng: random.Random) -> None:
        self.environment = environment
        self.group = group
        self.rng = rng
        self.down = 0
        self.defective = [False] * group.drives
        self.lost = environment.event()
        for d in range(group.drives):
            environment.process(self.drive(d))

    def drive(self, d: int) -> Generator[Any, Any, None]:
        group, wait = self.group, self.environment.timeout
        while True:
            errors = None
            if group.scrub is not None:
                errors = self.environment.process(self.errors(d, group.scrub))
            yield wait(_draw(group.life, self.rng))
            if errors is not None:
                errors.interrupt()
            self.defective[d] = False
            self.down += 1
            bare = self.down == group.tolerates
            if self.down > group.tolerates or (bare and any(self.defective)):
                self.lost.succeed()
                return
            yield wait(_draw(group.rebuild, self.rng))
            self.down -= 1

    def errors(self, d: int, scrub: Weibull) -> Generator[Any, Any, None]:
        from simpy import Interrupt

        wait = self.environment.timeout
        try:
            while True:
                yield wait(self.rng.expovariate(1.0 / self.group.latent_mean))
                self.defective[d] = True
                yield wait(_draw(scrub, self.rng))
                self.defective[d] = False
        except Interrupt:
            return


def _lost_in_simpy(group: Group, rng: random.Random) -> bool:
    import simpy

    environment = simpy.Environment()
    array = _Array(environment, group, rng)
    environment.run(until=environment.timeout(group.horizon) | array.lost)
    return bool(array.lost.triggered)


def _contender(group: Group, lost: _OUTCOME) -> Contender:
    def run(seed: int, trials: int) -> int:
        rng = random.Random(seed)
        return sum(lost(group, rng) for _ in range(trials))

    return run


def plain_loop(group: Group) -> Contender:
    """Return the group as a loop over a heap of events."""
    return _contender(group, _lost_in_a_loop)


def simpy_model(group: Group) -> Contender | None:
    """Return the group as a SimPy model; None without SimPy."""
    try:
        import simpy  # noqa: F401
    except ImportError:
        return None
    return _contender(group, _lost_in_simpy)
