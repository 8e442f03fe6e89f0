"""Copies of the naive simulator: lost, noticed, recovered."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from riskmodel.layout import Copy
from riskmodel.lifetimes import Law
from tests.twin.drives import Drive, Group
from tests.twin.laws import NEVER, age_at, cumulative_hazard, draw
from tests.twin.pieces import Piece
from tests.twin.queue import CHECKS, FAILURES, NOTHING, RECOVERIES, REPAIRS, Event

if TYPE_CHECKING:
    from tests.twins import History

__all__ = ["Whole"]


class Whole:
    """A copy, and the store that it sits on."""

    def __init__(self, history: History, copy: Copy, number: int = 0) -> None:
        self.history = history
        self.copy = copy
        self.number = number  # of several sets that take turns
        self.sets = copy.rotation or 1
        self.store = copy.store
        self.medium = history.layout.medium(copy.store.media)
        self.place = history.sites[copy.site] if copy.site else None
        self.intact = True
        self.noticed = False
        self.seen_by = ""  # the depth of check that sees its loss; any if empty
        self.taken_by_people = False  # its media are as they were
        self.notice_to_come = NOTHING
        self.recovery = NOTHING
        self.lost_by = ""
        self.sectors_missing: list[tuple[Fraction, Event]] = []
        self.spares = self.store.spares or 0
        self.drives_without_spare: deque[Drive] = deque()
        count = copy.pieces or self.store.pieces or 1
        self.pieces = [Piece(self, number, count) for number in range(count)]
        self.groups = [group for piece in self.pieces for group in piece.groups]
        for group in self.groups:
            group.fill()
        self.obsolescence = NOTHING
        self.await_obsolescence(self.medium.age or 0.0)
        refresh = copy.refresh or self.store.refresh
        if refresh:
            self.refresh_every(refresh, 1)
        for shock in self.store.shocks:
            cause = f"{shock.name} in {copy.name}"
            history.strike_at_rate(shock.rate, partial(self.kill_some, shock.kills, cause))
        if self.store.scrub is not None and self.store.scrub.every is not None:
            self.scrub_every(self.store.scrub.every, 1)
        if copy.check is not None:
            random = copy.check.phase == "random"
            start = copy.check.every * (history.rng.random() if random else 1.0)
            self.first_check = history.first_checks.setdefault(copy.name, start)
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
        for group in struck:
            if group.counts and group.down > self.store.tolerance:
                self.lose_piece(group.piece, group.cause)
        for group in struck:
            if group.counts and group.down == self.store.tolerance and group.carries_error:
                self.meet_error(group, group.cause_with_error)
        for group in struck:
            failed, group.failed_now = group.failed_now, []
            for drive in failed:
                if group.counts:
                    self.ask_for_spare(drive)

    def meet_error(self, group: Group, cause: str) -> None:
        """Lose a sector, or everything here, by an unreadable sector."""
        if not group.counts:
            return
        if self.store.latent_loss == "whole":
            self.lose_piece(group.piece, cause)
            return
        place = group.piece.begin + group.piece.length * Fraction(self.history.rng.random())
        missing = (
            place,
            self.after_recovery(self.copy.recovery, lambda: self.sectors_missing.remove(missing)),
        )
        self.sectors_missing.append(missing)

    def lose_piece(self, piece: Piece, cause: str) -> None:
        """Lose one piece, and with the last one the whole copy."""
        if sum(not other.missing for other in self.pieces) == 1:
            self.lose(cause)
        else:
            piece.lose()

    def holds(self, place: Fraction) -> bool:
        """Whether what belongs at a place in the data, from 0 to 1, is here."""
        return (
            self.intact
            and not any(piece.missing and piece.covers(place) for piece in self.pieces)
            and all(place != sector for sector, _ in self.sectors_missing)
        )

    def lose(self, cause: str, *, quietly: bool = False) -> None:
        """Lose the whole copy."""
        if not self.intact:
            return
        self.intact = False
        self.noticed = False
        self.taken_by_people = False
        self.lost_by = self.history.latest_cause = cause
        for _, healing in self.sectors_missing:
            healing.cancel()
        self.sectors_missing = []
        for piece in self.pieces:
            piece.forget()
        self.drives_without_spare.clear()
        for group in self.groups:
            group.stop_rebuilds()
        self.history.people.copy_lost(self)
        if self.noticed_at_once and not quietly:
            self.notice()

    @property
    def noticed_at_once(self) -> bool:
        at_rest = self.copy.offline or bool(self.medium.at_rest)
        return self.copy.check is None and not at_rest

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
        if self.place is None or not self.place.destroyed:
            self.recovery = self.after_recovery(self.copy.recovery, self.restore)

    def after_recovery(
        self, law: Law | None, action: Callable[[], None], share: float = 1.0
    ) -> Event:
        """Do something when a share of the data has been copied here again."""
        if law is None and len(self.history.copies) == 1:
            law = NEVER
        assert law is not None, f"{self.copy.name} needs a recovery"
        size = self.history.layout.size
        hours = draw(law, self.history.rng, size * share if size else None)
        return self.history.at(self.history.now + hours, RECOVERIES, action)

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
            group.revive()
        self.await_obsolescence(0.0)

    def refresh_every(self, every: float, count: int) -> None:
        def refresh() -> None:
            dead = any(group.down > self.store.tolerance for group in self.groups)
            for group in self.groups:
                group.replace_all()
            self.await_obsolescence(0.0)
            if dead or not self.taken_by_people:
                self.notice()
            for piece in self.pieces:
                piece.notice()
            self.refresh_every(every, count + 1)

        self.history.at(count * every, CHECKS, refresh)

    def look_at_all(self, depth: str) -> None:
        if self.seen_by in ("", "listed", depth):
            self.notice()
        for piece in self.pieces:
            piece.notice()

    def await_obsolescence(self, age: float) -> None:
        """Find out when nothing will be left that reads what is written now on media of an age."""
        self.obsolescence.cancel()
        law = self.medium.obsolescence
        if law is None or law.never:
            return
        name = self.store.media
        if law.fixed is not None:
            left = max(law.fixed - age, 0.0)
        else:
            lived = cumulative_hazard(law, age) + self.history.budget_of_format(name)
            oldest = age + self.history.horizon - self.history.now
            if lived > cumulative_hazard(law, oldest):
                return
            left = age_at(law, lived, oldest) - age
        self.obsolescence = self.history.at(
            self.history.now + left, FAILURES, lambda: self.destroy(f"obsolescence of {name}")
        )

    def check_every(self, every: float, start: float, count: int) -> None:
        assert self.copy.check is not None
        depth = self.copy.check.depth

        def check() -> None:
            self.look_at_all(depth)
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
