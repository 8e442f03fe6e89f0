"""Trials per second and core against the same algorithm in C."""

from __future__ import annotations

from benchmarks.engine import events
from benchmarks.groups import R1, Group, elerath_pecht
from benchmarks.racing import race, ratio, z_score
from benchmarks.tables import Size, Table
from benchmarks.yardstick import FLAGS, yardstick

EXACT_R1 = 1.722804e-2


def _row(table: Table, group: Group, trials: int, rounds: int) -> None:
    contenders = {"events": (events(group), trials)}
    in_c = yardstick(group)
    if in_c is not None:
        contenders["C"] = (in_c, trials)
    laps = race(contenders, rounds)
    ours = laps["events"]
    cells = [group.name, f"{ours.share:.4g}", f"{ours.speed:,.0f}"]
    table.figures[f"{group.name}: share"] = ours.share
    if in_c is None:
        table.add(*cells, "no compiler", "", "")
        return
    z = z_score(ours, laps["C"])
    table.figures[group.name] = ratio(ours, laps["C"])
    table.figures[f"{group.name}: z"] = z
    table.add(*cells, f"{laps['C'].speed:,.0f}", f"{z:+.2f}", f"{table.figures[group.name]:.2f}")


def r1(size: Size) -> Table:
    """Race R1: 8 drives tolerate 2, mean life 20,000 h, mean rebuild 100 h, 87,600 h."""
    table = _table("R1: exponential lifetimes and rebuilds")
    _row(table, R1, size.pick(2_000, 100_000), size.pick(2, 11))
    table.notes.append(f"exact share {EXACT_R1:.7g}")
    return table


def aging(size: Size) -> Table:
    """Race the Weibull case of Elerath and Pecht, with latent errors and scrubbing."""
    table = _table("Elerath and Pecht: Weibull lifetimes, latent errors, scrubbing")
    for tolerates in (1, 2):
        _row(table, elerath_pecht(tolerates), size.pick(2_000, 200_000), size.pick(2, 11))
    return table


def _table(title: str) -> Table:
    columns = ("case", "share lost", "events, trials/s", "C, trials/s", "z", "of C")
    note = f"one core; C: gcc {' '.join(FLAGS)}, same streams; target 0.65 of C"
    return Table(title, columns, notes=[note])
