"""One RAID group as a Markov chain: how many of its drives are clean, carry an error, are down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import comb
from typing import NamedTuple

__all__ = ["Group", "Groups", "Move", "StoreRates"]


class Group(NamedTuple):
    """Working drives without and with an error, and rebuilds begun with no redundancy left.

    Drives of a group are exchangeable, so counts say all. The last count stays 0 unless such a
    rebuild can fail.
    """

    clean: int
    dirty: int
    bare: int


Groups = tuple[Group, ...]


class Move(NamedTuple):
    """A jump of one group; ``wear`` if its rate is to be multiplied by the frailty."""

    wear: bool
    rate: float
    after: Group
    loses: bool


@dataclass(frozen=True, slots=True)
class StoreRates:
    """A store whose laws are all memoryless. Rates per hour."""

    drives: int
    tolerates: int
    groups: int
    failure: float
    rebuild: float
    serial: bool
    stress: tuple[float, ...]
    error: float
    scrub: float
    error_while_bare: bool
    rebuild_error: float

    def fresh(self) -> Groups:
        """Return groups of new drives."""
        return (Group(self.drives, 0, 0),) * self.groups

    def lost(self, groups: Groups) -> Groups:
        """Return what must be known of the drives of a lost copy.

        Its recovery replaces all that are down and the others do not age, so that only latent
        errors outlive it.
        """
        if self.error == 0.0:
            return ()
        return tuple(sorted(Group(group.clean, group.dirty, 0) for group in groups))

    def destroyed(self) -> Groups:
        """Return groups whose drives are all down."""
        return self.lost((Group(0, 0, 0),) * self.groups)

    def recovered(self, groups: Groups) -> Groups:
        """Return the groups after a recovery: what was down is new, errors stay."""
        if self.error == 0.0:
            return self.fresh()
        return tuple(sorted(Group(self.drives - g.dirty, g.dirty, 0) for g in groups))

    def moves(self, group: Group, *, intact: bool) -> Iterator[Move]:
        """Yield all jumps of one group of an intact or a lost copy."""
        clean, dirty, _ = group
        down = self.drives - clean - dirty
        failure = self.failure
        if down and self.stress:
            failure *= self.stress[min(down, len(self.stress)) - 1]
        if clean:
            yield Move(True, clean * failure, *self.fail(group, 1, 0))
            loses = self.error_while_bare and down == self.tolerates
            yield Move(False, clean * self.error, Group(clean - 1, dirty + 1, group.bare), loses)
        if dirty:
            yield Move(True, dirty * failure, *self.fail(group, 0, 1))
            yield Move(False, dirty * self.scrub, Group(clean + 1, dirty - 1, group.bare), False)
        if intact and down:
            yield from self._rebuilds(group, down)

    def _rebuilds(self, group: Group, down: int) -> Iterator[Move]:
        running = 1 if self.serial else down
        ordinary = (running - group.bare) * self.rebuild
        bare = group.bare * self.rebuild
        after = Group(group.clean + 1, group.dirty, group.bare)
        yield Move(False, ordinary, after, False)
        after = Group(group.clean + 1, group.dirty, max(group.bare - 1, 0))
        yield Move(False, bare * (1.0 - self.rebuild_error), after, False)
        yield Move(False, bare * self.rebuild_error, after, True)

    def fail(self, group: Group, clean: int, dirty: int) -> tuple[Group, bool]:
        """Return the group after some drives fail at one instant, and whether that loses it."""
        before = self.drives - group.clean - group.dirty
        left = Group(group.clean - clean, group.dirty - dirty, group.bare)
        down = before + clean + dirty
        if down > self.tolerates:
            return left, True
        last = down == self.tolerates
        if last and self.rebuild_error > 0.0:
            # in a queue only the first rebuild starts now; the others start when fewer are down
            begun = (1 if before == 0 else 0) if self.serial else clean + dirty
            left = left._replace(bare=left.bare + begun)
        return left, last and left.dirty > 0

    def shaken(self, groups: Groups, kills: float) -> dict[tuple[Groups, bool], float]:
        """Return where a shock leads that kills each working drive with a chance."""
        reached: dict[tuple[Groups, bool], float] = {((), False): 1.0}
        for group in groups:
            outcomes: dict[tuple[Groups, bool], float] = defaultdict(float)
            for clean in range(group.clean + 1):
                for dirty in range(group.dirty + 1):
                    chance = _binomial(group.clean, clean, kills)
                    chance *= _binomial(group.dirty, dirty, kills)
                    after, loses = (
                        self.fail(group, clean, dirty) if clean + dirty else (group, False)
                    )
                    for (others, lost), other_chance in reached.items():
                        gone = lost or loses
                        known = () if gone and self.error == 0.0 else (*others, after)
                        outcomes[tuple(sorted(known)), gone] += other_chance * chance
            reached = outcomes
        return reached


def _binomial(n: int, k: int, p: float) -> float:
    return comb(n, k) * p**k * (1.0 - p) ** (n - k)
