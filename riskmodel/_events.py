"""The events engine: chunks of plain event-driven trials, and what their sums mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel._run import Sums
from riskmodel.unavailability import Outages, Unavailability

if TYPE_CHECKING:
    from riskmodel._kernels.records import Program
    from riskmodel._program import Compiled

__all__ = ["EventsEngine"]

_BINS = 100
_FEW_ERRORS = 1000.0  # of a drive
_EVENTS_A_CHUNK = 200_000
_LEAST_LOSSES = 20
_TRIALS, _LOSSES, _IN_ALL, _IN_ALL_SQUARED, _SOMETHING, _ROLLED_BACK = range(6)
_TOTALS = _ROLLED_BACK + 3  # over a day, a week, a month


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
    live : str
        The copy that people work on.
    restore_hours : tuple of (str, float or None)
        How long the data takes to come back from each copy. [h]
    """

    program: Program
    cause_names: tuple[str, ...]
    chunk_trials: int
    live: str
    restore_hours: tuple[tuple[str, float | None], ...]
    name: str = "events"

    @classmethod
    def of(cls, compiled: Compiled) -> EventsEngine:
        """Make the engine of a compiled layout."""
        return cls(
            compiled.program,
            compiled.causes,
            _chunk_trials(compiled.program),
            compiled.live,
            compiled.restore_hours,
        )

    def run(self, seed: int, first: int, count: int) -> Sums:
        """Run trials.

        Counts are totals, first losses by cause, first losses by time slice, outages; weights the
        hours of the outages.
        """
        from riskmodel._kernels.events import run_trials
        from riskmodel._kernels.state import make_state

        causes = _TOTALS + len(self.cause_names)
        counts = np.zeros(causes + _BINS, np.int64)
        state = make_state(self.program)
        run_trials(
            self.program,
            state,
            seed,
            first,
            count,
            counts[:_TOTALS],
            counts[_TOTALS:causes],
            counts[causes:],
        )
        return Sums(np.concatenate([counts, state.outage_counts]), state.outage_hours)

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
        first_bin = _TOTALS + len(self.cause_names)
        causes = counts[_TOTALS:first_bin]
        return {
            "trials": counts[_TRIALS],
            "losses": counts[_LOSSES],
            "losses_in_all": counts[_IN_ALL],
            "losses_in_all_squared": counts[_IN_ALL_SQUARED],
            "lost_something": counts[_SOMETHING],
            "rolled_back": tuple(counts[_ROLLED_BACK:_TOTALS]) if self.program.people else (),
            "cause_counts": _by_name(self.cause_names, causes),
            "bins": tuple(counts[first_bin : first_bin + _BINS]),
            "unavailable": self._unavailable(
                counts[_TRIALS], counts[first_bin + _BINS :], sums.weights.tolist()
            ),
        }

    def _unavailable(self, trials: int, counts: list[int], weights: list[float]) -> Unavailability:
        over_day, over_week, *rows = counts
        hours, hours_squared, *by_cause = weights
        found: dict[str, Outages] = {}
        for k, name in enumerate(self.cause_names):
            count, day, week = rows[3 * k : 3 * k + 3]
            one = Outages(name, count, day, week, by_cause[k])
            found[name] = found[name] + one if name in found else one
        return Unavailability(
            copy=self.live,
            restore_hours=self.restore_hours,
            horizon_hours=self.program.horizon,
            trials=trials,
            over_day=over_day,
            over_week=over_week,
            hours=hours,
            hours_squared=hours_squared,
            outages=tuple(found.values()),
        )


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
        failures += group["drives"] * (1.0 + store["failures"])
        # they are played only when they are asked for: a few cost nothing
        failures += group["drives"] * max(store["errors"] - _FEW_ERRORS, 0.0)
    events = 10.0 + failures + program.source_rate * program.horizon
    return int(2 ** max(0, min(15, round(math.log2(_EVENTS_A_CHUNK / events)))))
