"""When nobody can work: the live copy is lost and its data has not been restored yet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskmodel.layout import Copy, Layout
from tests.twin.copies import Whole
from tests.twin.queue import NOTHING, RECOVERIES

if TYPE_CHECKING:
    from tests.twins import History

__all__ = ["Outage", "live_copy"]


def live_copy(layout: Layout) -> Copy:
    """Return the primary; without one, the first copy or what feeds it in the end."""
    for copy in layout.copies:
        if copy.role == "primary":
            return copy
    live = layout.copies[0]
    fed_by = {copy.name: copy.fed.source for copy in layout.copies if copy.fed is not None}
    for _ in layout.copies:
        if live.name in fed_by:
            live = next(copy for copy in layout.copies if copy.name == fed_by[live.name])
    return live


class Outage:
    """What those who work with the data live through in one history."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.live = history.named(live_copy(history.layout).name)
        self.began: float | None = None
        self.cause = ""
        self.elsewhere = False  # restored, while the live copy is still lost
        self.for_ever = False
        self.source: Whole | None = None
        self.done = math.inf
        self.restored = NOTHING
        self.ended: list[tuple[str, float]] = []  # causes and hours, infinite after a total loss

    def restore_hours(self, copy: Whole) -> float:
        restore = copy.copy.restore
        if restore is None or (restore.wait is None and restore.bandwidth is None):
            return math.inf
        hours = restore.wait or 0.0
        if restore.bandwidth is not None:
            assert self.history.layout.size is not None
            hours += self.history.layout.size / restore.bandwidth
        return hours

    def look(self) -> None:
        """See what this instant has brought."""
        if self.for_ever:
            return
        if any(copy.intact for copy in self.live):
            self.end()
            self.elsewhere = False
            return
        if self.began is None and not self.elsewhere:
            self.began = self.history.now
            self.cause = self.live[-1].lost_by
        if self.began is None:
            return
        if self.source is not None and not self.source.intact:
            self.forget_restore()
        for copy in self.history.copies:
            done = self.history.now + self.restore_hours(copy)
            if copy.intact and done < self.done:
                self.forget_restore()
                self.source, self.done = copy, done
                self.restored = self.history.at(done, RECOVERIES, self.work_elsewhere)

    def forget_restore(self) -> None:
        self.restored.cancel()
        self.source, self.done = None, math.inf

    def work_elsewhere(self) -> None:
        self.end()
        self.elsewhere = True

    def end(self) -> None:
        if self.began is not None:
            self.ended.append((self.cause, self.history.now - self.began))
        self.began = None
        self.forget_restore()

    def lose_everything(self, cause: str) -> None:
        """Be without data from now on, for ever."""
        if self.for_ever:
            return
        if self.began is None:
            self.began, self.cause = self.history.now, cause
        self.ended.append((self.cause, math.inf))
        self.forget_restore()
        self.for_ever = True

    def hours(self) -> float:
        """Return the time without data until the horizon."""
        seen = sum(hours for _, hours in self.ended if hours < math.inf)
        since = self.history.horizon if self.began is None else self.began
        return seen + self.history.horizon - since

    def longest(self) -> float:
        """Return how long the longest outage had lasted by the horizon; infinite if for ever."""
        under_way = 0.0 if self.began is None else self.history.horizon - self.began
        return max([under_way, *(hours for _, hours in self.ended)])
