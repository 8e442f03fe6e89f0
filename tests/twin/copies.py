"""Copies of the naive simulator: lost, noticed, recovered."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from riskmodel.layout import Copy
from tests.twin.drives import Drive, Group
from tests.twin.laws import NEVER, draw
from tests.twin.queue import CHECKS, NOTHING, RECOVERIES, REPAIRS, Event

if TYPE_CHECKING:
    from tests.twins import History

__all__ = ["Whole"]


class Whole:
    """A copy, and the store that it sits on."""

    def __init__(self, history: History, copy: Copy) -> None:
        self.history = history
        self.copy = copy
        self.store = copy.store
        self.medium = history.layout.medium(copy.store.media)
        self.site = history.sites[copy.site] if copy.site else None
        self.intact = True
        self.noticed = False
        self.seen_by = ""  # the depth of check that sees its loss; any if empty
        self.notice_to_come = NOTHING
        self.recovery = NOTHING
        self.parts_missing: list[Event] = []
        self.spares = self.store.spares or 0
        self.drives_without_spare: deque[Drive] = deque()
        self.groups = [Group(self) for _ in range(self.store.group_count)]
        for group in self.groups:
            group.fill()
        for shock in self.store.shocks:
            cause = f"{shock.name} in {copy.name}"
            history.strike_at_rate(shock.rate, partial(self.kill_some, shock.kills, cause))
        if self.store.scrub is not None and self.store.scrub.every is not None:
            self.scrub_every(self.store.scrub.every, 1)
        if copy.check is not None:
            random = copy.check.phase == "random"
            self.first_check = copy.check.every * (history.rng.random() if random else 1.0)
            self.check_every(copy.check.every, self.first_check, 0)

    def kill_some(self, share: float, cause: str) -> None:
        """Kill each working drive with a chance of its own."""
        for group in self.groups:
            for drive in group.drives:
                if drive.working and self.history.chance(share):
                    group.fail(drive, cause)

    def settle_failures(self) -> None:
        """Draw the consequences of all failures of this instant."""
        struck = [group for group in self.groups if group.failed_now]
        if self.intact and any(group.down > self.store.tolerance for group in struck):
            self.lose(struck[0].cause)
        for group in struck:
            if self.intact and group.down == self.store.tolerance and group.carries_error:
                self.meet_error(group.cause_with_error)
        for group in struck:
            failed, group.failed_now = group.failed_now, []
            for drive in failed:
                if self.intact:
                    self.ask_for_spare(drive)

    def meet_error(self, cause: str) -> None:
        """Lose a part, or everything here, by an unreadable sector."""
        if not self.intact:
            return
        if self.store.latent_loss == "whole":
            self.lose(cause)
            return
        part = self.after_recovery(lambda: self.parts_missing.remove(part))
        self.parts_missing.append(part)

    def lose(self, cause: str, *, quietly: bool = False) -> None:
        """Lose the whole copy."""
        if not self.intact:
            return
        self.intact = False
        self.noticed = False
        self.history.latest_cause = cause
        for part in self.parts_missing:
            part.cancel()
        self.parts_missing = []
        self.drives_without_spare.clear()
        for group in self.groups:
            group.stop_rebuilds()
        at_rest = self.copy.offline or bool(self.medium.at_rest)
        self.history.people.copy_lost(self)
        if self.copy.check is None and not at_rest and not quietly:
            self.notice()

    def lose_quietly(self, cause: str, *, seen_by: str = "nothing", at: float = math.inf) -> None:
        """Be lost so that only some checks see it, or whoever notices it at an instant."""
        if not self.intact:
            return
        self.lose(cause, quietly=True)
        self.seen_by = seen_by
        self.notice_to_come = self.history.at(at, CHECKS, self.notice)

    def next_check(self) -> float:
        """Return the instant of the next check."""
        assert self.copy.check is not None
        time = self.first_check
        while time <= self.history.now:
            time += self.copy.check.every
        return time

    def destroy(self, cause: str) -> None:
        """Lose the copy with all its drives."""
        for group in self.groups:
            group.failed_now = []
            for drive in group.drives:
                drive.stop()
        self.lose(cause)

    def notice(self) -> None:
        """Begin the copy's own recovery, unless its site must recover first."""
        if self.intact or self.noticed:
            return
        self.noticed = True
        if self.site is None or not self.site.destroyed:
            self.recovery = self.after_recovery(self.restore)

    def after_recovery(self, action: Callable[[], None]) -> Event:
        law = self.copy.recovery
        if law is None and len(self.history.copies) == 1:
            law = NEVER
        assert law is not None, f"{self.copy.name} needs a recovery"
        size = self.history.layout.size
        return self.history.at(
            self.history.now + draw(law, self.history.rng, size), RECOVERIES, action
        )

    def restore(self) -> None:
        """Be intact again; drives that are down are replaced, the others stay as they are."""
        self.recovery.cancel()
        self.notice_to_come.cancel()
        self.seen_by = ""
        if not self.intact:
            self.history.people.copy_back(self)
        self.intact = True
        self.noticed = False
        for group in self.groups:
            group.failed_now = []
            for drive in group.drives:
                if not drive.working:
                    drive.install(0.0)
            group.follow_stress()

    def check_every(self, every: float, start: float, count: int) -> None:
        assert self.copy.check is not None
        depth = self.copy.check.depth

        def check() -> None:
            if self.seen_by in ("", "listed", depth):
                self.notice()
            self.check_every(every, start, count + 1)

        self.history.at(start + count * every, CHECKS, check)

    def scrub_every(self, every: float, count: int) -> None:
        def scrub() -> None:
            for group in self.groups:
                for drive in group.drives:
                    drive.erroneous = False
            self.scrub_every(every, count + 1)

        self.history.at(count * every, REPAIRS, scrub)

    def ask_for_spare(self, drive: Drive) -> None:
        """Take a spare drive, or wait until one arrives."""
        drive.group.rebuilds_due.append(drive)
        wait = self.store.spare_wait
        if wait is None:
            drive.spare_at_hand()
        elif not self.store.spares:
            drive.spare_coming = self.history.after(wait, REPAIRS, drive.spare_at_hand)
        elif self.spares:
            self.use_spare(drive)
        else:
            self.drives_without_spare.append(drive)

    def use_spare(self, drive: Drive) -> None:
        assert self.store.spare_wait is not None
        self.spares -= 1
        self.history.after(self.store.spare_wait, REPAIRS, self.spare_arrives)
        drive.spare_at_hand()

    def spare_arrives(self) -> None:
        self.spares += 1
        if self.drives_without_spare:
            self.use_spare(self.drives_without_spare.popleft())
