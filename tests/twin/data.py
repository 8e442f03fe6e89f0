"""Feeds, points in time and versions of the naive simulator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskmodel.layout import Copy
from riskmodel.preset_catalogue import presets
from tests.twin.queue import RUNS

if TYPE_CHECKING:
    from tests.twin.copies import Whole
    from tests.twin.people import People

__all__ = ["Data", "versions_kept"]


class Data:
    """What one copy holds: the times of its good points, and when it was fed."""

    def __init__(self, people: People, whole: Whole) -> None:
        self.people = people
        self.history = people.history
        self.whole = whole
        self.feed = whole.copy.fed
        self.intact = True
        self.damaged_until = -math.inf
        self.points: list[tuple[float, float]] = [(0.0, 0.0)]  # since when, of what time
        self.good: list[list[float]] = [[0.0, math.inf]]  # when it was intact and undamaged
        self.made: list[bool] = [True]  # runs that were not missed
        self.missed = self.chance_to_miss()
        if self.feed is not None and self.feed.every is not None:
            self.await_run(1 if self.whole.number == 0 else 0)

    @property
    def source(self) -> Data | None:
        if self.feed is None:
            return None
        (source,) = self.people.named(self.feed.source)
        return source

    @property
    def is_good(self) -> bool:
        return self.good[-1][1] == math.inf

    def chance_to_miss(self) -> float:
        if self.feed is None or self.feed.every is None:
            return 0.0
        missed = self.feed.missed
        if missed is None:
            missed = 0.0
            if self.people.defaults:
                by_hand = self.feed.by == "hand"
                known = presets().defaults
                missed = known.missed_by_hand if by_hand else known.missed_by_scheduler
        if self.feed.by == "hand":
            missed = 1.0 - (1.0 - missed) ** self.people.carelessness
        return missed

    def await_run(self, count: int) -> None:
        assert self.feed is not None
        assert self.feed.every is not None

        def run() -> None:
            assert self.source is not None
            if self.run_is_made(count) and self.is_good and self.source.is_good:
                self.points.append((self.history.now, self.source.newest(self.history.now)))
            self.await_run(count + 1)

        self.history.at(self.time_of_run(count), RUNS, run)

    def time_of_run(self, count: int) -> float:
        """Return the instant of a run; sets take turns, so that each has every n-th."""
        assert self.feed is not None
        assert self.feed.every is not None
        return (count * self.whole.sets + self.whole.number) * self.feed.every

    def run_is_made(self, count: int) -> bool:
        while len(self.made) <= count:
            self.made.append(not self.history.chance(self.missed))
        return self.made[count]

    def arrival(self, since: float, limit: float) -> float:
        """Return when what the source holds at an instant gets here."""
        assert self.feed is not None
        if self.feed.every is None:
            return since + (self.feed.lag or 0.0)
        count = math.floor((since / self.feed.every - self.whole.number) / self.whole.sets) + 1
        while self.time_of_run(count) < limit:
            if self.missed == 1.0:
                break
            if self.run_is_made(count):
                return self.time_of_run(count)
            count += 1
        return math.inf

    def newest(self, time: float) -> float:
        """Return of what time the newest good data here was at an instant."""
        written = max(point for since, point in self.points if since <= time)
        own = [begin for begin, end in self.good if begin <= time <= end]
        if self.feed is None:
            return time if own else written
        if self.feed.every is not None or not own:
            return written
        assert self.source is not None
        sent = time - (self.feed.lag or 0.0)
        theirs = [begin for begin, end in self.source.good if begin <= time <= end]
        if not theirs or sent < max(own[-1], theirs[-1]):
            return written
        return max(written, self.source.newest(sent))

    def newest_before(self, time: float) -> float:
        """Return of what time the newest good data here will be just before damage comes."""
        now = self.history.now
        if self.feed is None or time <= now:
            return self.newest(min(time, now))
        source, best = self.source, self.newest(now)
        assert source is not None
        if not (self.is_good and source.is_good):
            return best
        if self.feed.every is None:
            sent = time - (self.feed.lag or 0.0)
            since = max(self.good[-1][0], source.good[-1][0])
            return best if sent < since else max(best, source.newest_before(sent))
        count = 0
        while self.time_of_run(count) < time:
            if self.time_of_run(count) > now and self.run_is_made(count):
                best = max(best, source.newest_before(self.time_of_run(count)))
            count += 1
        return best

    def spoil(self) -> None:
        """Be lost or damaged from now on; write down what was good until now."""
        now = self.history.now
        if not self.is_good:
            return
        for other in (self, *self.people.fed_from(self)):
            other.points.append((now, other.newest(now)))
        self.good[-1][1] = now

    def heal(self) -> None:
        """Be good again."""
        if not self.is_good:
            self.good.append([self.history.now, math.inf])


def versions_kept(copy: Copy) -> float:
    """Return how many hours a version is kept."""
    longest = copy.immutable or 0.0
    kept = copy.retention
    if kept is None:
        return longest
    year = 8766.0
    ages = [
        kept.within or 0.0,
        kept.hourly * 1.0,
        kept.daily * 24.0,
        kept.weekly * 7 * 24.0,
        kept.monthly * year / 12,
        kept.yearly * year,
    ]
    if kept.last:
        assert copy.fed is not None
        assert copy.fed.every is not None
        ages.append(kept.last * copy.fed.every)
    return max(longest, *ages)
