"""Trials per second and core against event loops in Python of the same law."""

from __future__ import annotations

from benchmarks.engine import events
from benchmarks.groups import R1, elerath_pecht
from benchmarks.loops import plain_loop, simpy_model
from benchmarks.racing import Lap, race, ratio, z_score
from benchmarks.tables import Size, Table

_MOST = 4.0  # standard errors that two programs of one law may differ by


def loops(size: Size) -> Table:
    """Race plain Python and SimPy; a ratio is printed only where the answers agree."""
    table = Table(
        "Event loops in Python",
        ("case", "program", "trials/s", "share lost", "z", "events is"),
        notes=["one core; z: share lost against that of events"],
    )
    for group in (R1, elerath_pecht(1)):
        loop, model = plain_loop(group), simpy_model(group)
        few = size.pick(60, 1_500)
        contenders = {
            "events": (events(group), size.pick(2_000, 100_000)),
            "Python, heapq": (loop, few),
        }
        if model is not None:
            contenders["SimPy"] = (model, few)
        laps = race(contenders, size.pick(2, 5))
        ours = laps.pop("events")
        table.add(group.name, "events", f"{ours.speed:,.0f}", f"{ours.share:.4g}", "", "")
        for name, lap in laps.items():
            _add(table, group.name, name, lap, ours)
    if model is None:
        table.notes.append("SimPy is not installed: pip install 'threetwoone[bench]'")
    return table


def _add(table: Table, case: str, name: str, lap: Lap, ours: Lap) -> None:
    z = z_score(lap, ours)
    agree = abs(z) < _MOST
    table.figures[f"{case}, {name}: z"] = z
    if agree:
        table.figures[f"{case}, {name}"] = ratio(ours, lap)
    verdict = f"{ratio(ours, lap):,.0f} x as fast" if agree else "another answer: not compared"
    table.add(case, name, f"{lap.speed:,.0f}", f"{lap.share:.4g}", f"{z:+.2f}", verdict)
