"""Alarms that are still told: an alarm told in one night is easily missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from verifier.drift._alarm import Level, alarm
from verifier.inventory import Changes, Past

__all__ = ["HELD", "alarmed"]

HELD = timedelta(days=8)  # a week, and a day for a weekly audit to be late


def alarmed(past: Sequence[Past], at: datetime) -> dict[str, datetime]:
    """Return the last audit before the first alarm of the last days, for each location with one.

    Parameters
    ----------
    past : sequence of Past
        Earlier audits, oldest first.
    at : datetime
        Now.

    Returns
    -------
    dict of str to datetime
        What still differs from what that audit saw is still to be told.
    """
    found: dict[str, datetime] = {}
    earlier: defaultdict[str, list[Changes]] = defaultdict(list)
    for one in past:
        name, changes = one.location, one.changes
        if changes is None:
            continue
        if name not in found and at - one.at <= HELD:
            told = alarm(changes, earlier[name])
            if told is not None and told.level > Level.NOTE:
                found[name] = changes.since
        earlier[name].append(changes)
    return found
