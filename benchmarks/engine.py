"""The events engine as a contender."""

from __future__ import annotations

from benchmarks.groups import Group
from benchmarks.racing import Contender
from riskmodel._events import EventsEngine
from riskmodel._program import compile_layout


def events(group: Group) -> Contender:
    """Return the events engine on one thread, the layout compiled beforehand."""
    engine = EventsEngine.of(compile_layout(group.layout()))

    def run(seed: int, trials: int) -> int:
        return int(engine.found(engine.run(seed, 0, trials))["losses"])

    return run
