"""The pieces in which a copy comes: cartridges of a tape set, discs of an album."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from tests.twin.drives import Group
from tests.twin.queue import NOTHING

if TYPE_CHECKING:
    from tests.twin.copies import Whole

__all__ = ["Piece"]


class Piece:
    """An equal share of the data, in order, on groups of its own."""

    def __init__(self, whole: Whole, number: int, count: int) -> None:
        self.whole = whole
        self.begin = Fraction(number, count)
        self.length = Fraction(1, count)
        self.missing = False
        self.noticed = False
        self.recovery = NOTHING
        self.groups = [Group(self) for _ in range(whole.store.group_count)]

    def covers(self, place: Fraction) -> bool:
        return self.begin <= place < self.begin + self.length

    def lose(self) -> None:
        """Be missing while the rest of the copy is there."""
        self.missing = True
        self.noticed = False
        for group in self.groups:
            group.give_up_waiting()
        for sector in [*self.whole.sectors_missing]:
            if self.covers(sector[0]):
                sector[1].cancel()
                self.whole.sectors_missing.remove(sector)
        if self.whole.noticed_at_once:
            self.notice()

    def notice(self) -> None:
        """Begin the recovery of this piece alone, unless its site must recover first."""
        if not self.missing or self.noticed:
            return
        self.noticed = True
        if self.whole.place is None or not self.whole.place.destroyed:
            law = self.whole.copy.recovery
            self.recovery = self.whole.after_recovery(law, self.restore, float(self.length))

    def restore(self) -> None:
        self.forget()
        for group in self.groups:
            group.revive()

    def forget(self) -> None:
        """Be missing no more, or only with the whole copy."""
        self.missing = False
        self.recovery.cancel()
