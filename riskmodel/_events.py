"""The events engine: chunks of plain event-driven trials, and what their sums mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel._run import Sums

if TYPE_CHECKING:
    from riskmodel._kernels.records import Program
    from riskmodel._program import Compiled

__all__ = ["EventsEngine"]

_BINS = 100
_EVENTS_A_CHUNK = 200_000
_LEAST_LOSSES = 20
_TRIALS, _LOSSES, _IN_ALL, _IN_ALL_SQUARED, _SOMETHING, _TOTALS = range(6)


@dataclass(frozen=True, slots=True, eq=False)
class EventsEngine:
    """Plain simulation of every event.

    Parameters
    ----------
    program : Program
        The layout as arrays.
    cause_names : tuple of str
        What each cause index of the kernel means.
    chunk_trials : int
        Trials in a chunk.
    """

    program: Program
    cause_names: tuple[str, ...]
    chunk_trials: int
    name: str = "events"

    @classmethod
    def of(cls, compiled: Compiled) -> EventsEngine:
        """Make the engine of a compiled layout."""
        return cls(compiled.program, compiled.causes, _chunk_trials(compiled.program))

    def run(self, seed: int, first: int, count: int) -> Sums:
        """Run trials; counts are totals, first losses by cause, first losses by time slice."""
        from riskmodel._kernels.events import make_state, run_trials

        causes = _TOTALS + len(self.cause_names)
        counts = np.zeros(causes + _BINS, np.int64)
        run_trials(
            self.program,
            make_state(self.program),
            seed,
            first,
            count,
            counts[:_TOTALS],
            counts[_TOTALS:causes],
            counts[causes:],
        )
        return Sums(counts, np.zeros(0, np.float64))

    def relative_error(self, sums: Sums) -> float:
        """Return the standard error of the share of trials with a loss, over that share."""
        trials, losses = int(sums.counts[_TRIALS]), int(sums.counts[_LOSSES])
        return math.sqrt((1.0 - losses / trials) / losses) if losses else math.inf

    def enough(self, sums: Sums) -> bool:
        """Tell whether enough losses were seen to judge their error."""
        return int(sums.counts[_LOSSES]) >= _LEAST_LOSSES

    def found(self, sums: Sums) -> dict[str, Any]:
        """Return the fields of a `LossEstimate` that sums stand for."""
        counts = [int(count) for count in sums.counts]
        causes = counts[_TOTALS : _TOTALS + len(self.cause_names)]
        return {
            "trials": counts[_TRIALS],
            "losses": counts[_LOSSES],
            "losses_in_all": counts[_IN_ALL],
            "losses_in_all_squared": counts[_IN_ALL_SQUARED],
            "lost_something": counts[_SOMETHING],
            "cause_counts": _by_name(self.cause_names, causes),
            "bins": tuple(counts[_TOTALS + len(causes) :]),
        }


def _by_name(names: tuple[str, ...], counts: list[int]) -> tuple[tuple[str, int], ...]:
    """Add up what has one name: the sets of a rotation fail under the name of their copy."""
    total = dict.fromkeys(names, 0)
    for name, count in zip(names, counts, strict=True):
        total[name] += count
    return tuple(total.items())


def _chunk_trials(program: Program) -> int:
    failures = 0.0
    for group in program.groups:
        store = program.stores[group["owner"]]
        failures += group["drives"] * (1.0 + min(store["hazard_new"], 1e6))
    events = 10.0 + failures + program.source_rate * program.horizon
    return int(2 ** max(5, min(15, round(math.log2(_EVENTS_A_CHUNK / events)))))
