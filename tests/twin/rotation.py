"""Sets of media that are written in turn and change places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.layout import Copy, Layout
from tests.twin.copies import Whole
from tests.twin.queue import CHECKS

if TYPE_CHECKING:
    from tests.twins import History

__all__ = ["Rotation", "source_of"]


def source_of(layout: Layout, copy: Copy) -> Copy | None:
    """Return the copy that feeds this one: the one that it names, else the live data."""
    if copy.fed is not None:
        return next(other for other in layout.copies if other.name == copy.fed.source)
    primary = [other for other in layout.copies if other.role == "primary"]
    live = primary[0] if primary else layout.copies[0]
    return None if live is copy else live


class Rotation:
    """The sets of one copy; a copy that does not rotate is one set that stays."""

    def __init__(self, history: History, copy: Copy) -> None:
        self.history = history
        self.sets = [Whole(history, copy, number) for number in range(copy.rotation or 1)]
        self.home = self.sets[0].place
        source = source_of(history.layout, copy)
        self.away = history.sites[source.site] if source and source.site else None
        self.newest = 0
        if copy.fed is not None and copy.fed.every is not None:
            self.turn_every(copy.fed.every, 1)
        self.arrange()

    def turn_every(self, every: float, count: int) -> None:
        def turn() -> None:
            self.newest = count % len(self.sets)
            self.arrange()
            self.turn_every(every, count + 1)

        self.history.at(count * every, CHECKS, turn)

    def arrange(self) -> None:
        """Carry sets about: none goes to a destroyed site or leaves it."""
        if len(self.sets) == 1 or self.away is None or self.away is self.home:
            return
        if self.away.destroyed or (self.home is not None and self.home.destroyed):
            return
        for number, whole in enumerate(self.sets):
            whole.place = self.away if number == self.newest else self.home
