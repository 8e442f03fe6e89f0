"""The clock of the naive simulator: events in the order in which they happen."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from riskmodel.lifetimes import Law
from tests.twin.laws import draw

__all__ = ["CHECKS", "FAILURES", "NOTHING", "RECOVERIES", "REPAIRS", "RUNS", "Event", "Queue"]

# The order of what falls on one instant; total loss is tested between repairs and checks.
FAILURES, REPAIRS, CHECKS, RECOVERIES, RUNS = range(5)


class Event:
    """Something that will happen unless it is cancelled."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


NOTHING = Event(lambda: None)


class Queue:
    """What will happen until the horizon, and the randomness that decides it."""

    def __init__(self, horizon: float, rng: np.random.Generator) -> None:
        self.horizon = horizon
        self.rng = rng
        self.now = 0.0
        self.queue: list[tuple[float, int, int, Event]] = []
        self.scheduled = 0

    def at(self, time: float, phase: int, action: Callable[[], None]) -> Event:
        """Put an event on the queue."""
        event = Event(action)
        self.scheduled += 1
        if time <= self.horizon:
            heapq.heappush(self.queue, (time, phase, self.scheduled, event))
        return event

    def after(self, law: Law, phase: int, action: Callable[[], None]) -> Event:
        """Put an event on the queue, a random time from now."""
        return self.at(self.now + draw(law, self.rng), phase, action)

    def strike_at_rate(self, rate: float, action: Callable[[], None]) -> None:
        """Let something strike for ever, at independent exponential gaps."""

        def strike() -> None:
            action()
            self.strike_at_rate(rate, action)

        if rate > 0.0:
            self.at(self.now + self.rng.exponential(1.0 / rate), FAILURES, strike)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def act(self, phase: int) -> None:
        """Let all events of one phase of this instant happen."""
        while self.queue and self.queue[0][:2] == (self.now, phase):
            event = heapq.heappop(self.queue)[3]
            if not event.cancelled:
                event.action()
