"""The whole layout as a Markov chain, found by exploring the law from the first state on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmodel._exact.group import Groups, StoreRates
from riskmodel._exact.reading import CopyLaw, Problem, Strike, Target, constant_rate, refuse
from riskmodel.errors import StateSpaceTooLarge
from riskmodel.lifetimes import Law

__all__ = ["MAX_STATES", "Space", "explore"]

MAX_STATES = 2500
_MAX_SUBSETS = 300
_MAX_BRANCHES = 10_000
_MAX_KILLS = 1000

# a copy is intact; lost and not noticed; being recovered; lost until its site recovers
_INTACT, _UNNOTICED, _RECOVERING, _HELD = range(4)
_LOST_ALL = None


class _Copy(NamedTuple):
    status: int
    groups: Groups


class _State(NamedTuple):
    """Sites that stand destroyed, and the copies."""

    destroyed: tuple[bool, ...]
    copies: tuple[_Copy, ...]


_Branches = dict[_State, float]


@dataclass(frozen=True, slots=True)
class Space:
    """All states that can be reached; state 0 is total loss, state 1 all intact.

    Parameters
    ----------
    size : int
        States.
    rates : dict of tuple of int to ndarray
        Generators without their diagonals, shape (size, size): of key () as they are, of others
        to be multiplied by the frailties that the key names. [1/h]
    checks : dict of float to ndarray
        For each interval of checks, where a check leads each state. [h]
    """

    size: int
    rates: dict[tuple[int, ...], NDArray[np.float64]]
    checks: dict[float, NDArray[np.intp]]


class _Law:
    """The law of the layout in rates; its methods say what each event does to a state."""

    def __init__(self, problem: Problem) -> None:
        self.copies = problem.copies
        self.alone = len(problem.copies) == 1
        self.stores = tuple(_store_rates(copy, alone=self.alone) for copy in problem.copies)
        self.destructible = tuple(law is not None for _, law in problem.sites)
        self.sites = problem.sites
        self.strikes = problem.strikes
        self.residents = tuple(
            tuple(c for c, copy in enumerate(self.copies) if copy.site == site)
            for site in range(len(problem.sites))
        )
        self.twins = self._twins()
        for strike in self.strikes:
            sets = math.comb(len(strike.targets), min(strike.choose or 0, len(strike.targets)))
            if sets > _MAX_SUBSETS:
                refuse(problem.name, f"a shock chooses among {sets:,} sets of copies")

    def _twins(self) -> list[list[int]]:
        """Return sets of copies that the law does not tell apart; only their counts matter."""

        def role(index: int) -> tuple[object, ...]:
            chances = (
                {target.index: target.chance for target in strike.targets if not target.is_site}
                for strike in self.strikes
            )
            return self.copies[index], *(named.get(index) for named in chances)

        classes: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for index in range(len(self.copies)):
            classes[role(index)].append(index)
        return [members for members in classes.values() if len(members) > 1]

    def start(self) -> _State:
        copies = tuple(_Copy(_INTACT, store.fresh()) for store in self.stores)
        return _State((False,) * len(self.destructible), copies)

    def recovery(self, c: int) -> float:
        """Return the rate at which a copy recovers; refuses only if it is ever asked for."""
        return _rate(self.copies[c].recovery, f"{self.copies[c].place}.recovery")

    def site_recovery(self, site: int) -> float:
        place, law = self.sites[site]
        return _rate(law, f"{place}.recovery") if law is not None else 0.0

    def settle(self, state: _State) -> _State | None:
        """Test for total loss, then let end what takes no time, then forget who is who."""
        if all(copy.status != _INTACT for copy in state.copies):
            return _LOST_ALL
        for site, down in enumerate(state.destroyed):
            if down and math.isinf(self.site_recovery(site)):
                state = self.restore_site(state, site)
        for c, copy in enumerate(state.copies):
            if copy.status == _RECOVERING and math.isinf(self.recovery(c)):
                state = self.recover(state, c)
        if self.twins:
            copies = list(state.copies)
            for members in self.twins:
                ordered = sorted(copies[c] for c in members)
                for c, copy in zip(members, ordered, strict=True):
                    copies[c] = copy
            state = state._replace(copies=tuple(copies))
        return state

    def lose(self, state: _State, c: int, groups: Groups, *, seen: bool) -> _State:
        """Lose a copy, or change the drives of a lost one."""
        status = state.copies[c].status
        if status == _INTACT:
            seen = seen or self.copies[c].check_every == 0.0
            status = _RECOVERING if seen else _UNNOTICED
            site = self.copies[c].site
            if site >= 0 and state.destroyed[site]:
                status = _HELD
        elif status == _UNNOTICED and seen:
            status = _RECOVERING
        return _put(state, c, _Copy(status, self.stores[c].lost(groups)))

    def kill(self, state: _State, c: int, *, seen: bool) -> _State:
        """Lose a copy with all its drives."""
        return self.lose(state, c, self.stores[c].destroyed(), seen=seen)

    def recover(self, state: _State, c: int) -> _State:
        groups = self.stores[c].recovered(state.copies[c].groups)
        return _put(state, c, _Copy(_INTACT, groups))

    def restore_site(self, state: _State, site: int) -> _State:
        destroyed = list(state.destroyed)
        destroyed[site] = False
        state = state._replace(destroyed=tuple(destroyed))
        for c in self.residents[site]:
            if state.copies[c].status != _INTACT:
                state = self.recover(state, c)
        return state

    def notice(self, state: _State, every: float) -> _State:
        """Check all copies that have this interval."""
        for c, copy in enumerate(state.copies):
            if copy.status == _UNNOTICED and self.copies[c].check_every == every:
                state = _put(state, c, copy._replace(status=_RECOVERING))
        return state

    def strike_media(self, state: _State, site: int) -> _Branches:
        branches = {state: 1.0}
        for c in self.residents[site]:
            chance = self.copies[c].vulnerability
            branches = _branch(branches, chance, lambda s, c=c: {self.kill(s, c, seen=True): 1.0})  # type: ignore[misc]
        return branches

    def destroy(self, state: _State, site: int) -> _Branches:
        """Strike a whole site; one that stands destroyed cannot be struck again."""
        if state.destroyed[site]:
            return {state: 1.0}
        branches = self.strike_media(state, site)
        if not self.destructible[site]:
            return branches
        after: _Branches = defaultdict(float)
        for branch, chance in branches.items():
            destroyed = list(branch.destroyed)
            destroyed[site] = True
            struck = branch._replace(destroyed=tuple(destroyed))
            for c in self.residents[site]:
                copy = struck.copies[c]
                if copy.status != _INTACT:
                    struck = _put(struck, c, copy._replace(status=_HELD))
            after[struck] += chance
        return after

    def strike(self, state: _State, strike: Strike) -> _Branches:
        if strike.choose is None:
            return self._hit(state, strike, range(len(strike.targets)))
        standing = [
            k
            for k, target in enumerate(strike.targets)
            if (
                not state.destroyed[target.index]
                if target.is_site
                else state.copies[target.index].status == _INTACT
            )
        ]
        picks = list(combinations(standing, min(strike.choose, len(standing))))
        after: _Branches = defaultdict(float)
        for pick in picks:
            for branch, chance in self._hit(state, strike, pick).items():
                after[branch] += chance / len(picks)
        return after

    def _hit(self, state: _State, strike: Strike, which: range | tuple[int, ...]) -> _Branches:
        branches = {state: 1.0}
        for k in which:
            target = strike.targets[k]
            branches = _branch(branches, target.chance, partial(self._struck, target))
        return branches

    def _struck(self, target: Target, state: _State) -> _Branches:
        if not target.is_site:
            return {self.kill(state, target.index, seen=False): 1.0}
        if not target.media_only:
            return self.destroy(state, target.index)
        standing = not state.destroyed[target.index]
        return self.strike_media(state, target.index) if standing else {state: 1.0}

    def jumps(self, state: _State) -> Iterator[tuple[tuple[int, ...], float, _State]]:
        """Yield (frailties, rate, where to) of all events; not settled yet."""
        for c, copy in enumerate(state.copies):
            yield from self._copy_jumps(state, c, copy)
        for site, down in enumerate(state.destroyed):
            if down:
                yield (), self.site_recovery(site), self.restore_site(state, site)
        for strike in self.strikes:
            for after, chance in self.strike(state, strike).items():
                yield (), strike.rate * chance, after

    def _copy_jumps(
        self, state: _State, c: int, copy: _Copy
    ) -> Iterator[tuple[tuple[int, ...], float, _State]]:
        store, law = self.stores[c], self.copies[c]
        intact = copy.status == _INTACT
        for group in sorted(set(copy.groups)):
            count = copy.groups.count(group)
            rest = list(copy.groups)
            rest.remove(group)
            for move in store.moves(group, intact=intact):
                groups = tuple(sorted((*rest, move.after)))
                labels = law.labels if move.wear else ()
                if intact and not move.loses:
                    yield labels, count * move.rate, _put(state, c, _Copy(_INTACT, groups))
                else:
                    yield labels, count * move.rate, self.lose(state, c, groups, seen=False)
        for rate, kills in law.shocks:
            for (groups, loses), chance in store.shaken(copy.groups, kills).items():
                if intact and not loses:
                    yield (), rate * chance, _put(state, c, _Copy(_INTACT, groups))
                else:
                    yield (), rate * chance, self.lose(state, c, groups, seen=False)
        if copy.status == _RECOVERING:
            yield (), self.recovery(c), self.recover(state, c)


def explore(problem: Problem) -> Space:
    """Find all states that a layout can reach, and the rates between them.

    Raises
    ------
    StateSpaceTooLarge
        If a law is not memoryless, or there are more than `MAX_STATES` states.
    """
    law = _Law(problem)
    first = law.start()
    number: dict[_State, int] = {first: 1}
    todo = [first]
    found: dict[tuple[int, ...], dict[tuple[int, int], float]] = defaultdict(
        lambda: defaultdict(float)
    )
    intervals = sorted({c.check_every for c in law.copies} - {0.0, math.inf})
    if law.alone:
        intervals = []
    moved: dict[float, dict[int, int]] = {every: {} for every in intervals}

    def visit(state: _State) -> int:
        settled = law.settle(state)
        if settled is _LOST_ALL:
            return 0
        if settled not in number:
            if len(number) + 1 >= MAX_STATES:
                refuse(problem.name, f"has more than {MAX_STATES:,} states")
            number[settled] = len(number) + 1
            todo.append(settled)
        return number[settled]

    while todo:
        state = todo.pop()
        here = number[state]
        for labels, rate, after in law.jumps(state):
            if rate > 0.0:
                there = visit(after)
                if there != here:
                    found[labels][here, there] += rate
        for every in intervals:
            moved[every][here] = visit(law.notice(state, every))
    size = len(number) + 1
    return Space(
        size=size,
        rates={labels: _matrix(size, entries) for labels, entries in found.items()},
        checks={
            every: np.array([moves.get(i, i) for i in range(size)], np.intp)
            for every, moves in moved.items()
        },
    )


def _matrix(size: int, entries: dict[tuple[int, int], float]) -> NDArray[np.float64]:
    matrix = np.zeros((size, size))
    for (here, there), rate in entries.items():
        matrix[here, there] = rate
    return matrix


def _put(state: _State, c: int, copy: _Copy) -> _State:
    return state._replace(copies=(*state.copies[:c], copy, *state.copies[c + 1 :]))


def _branch(branches: _Branches, chance: float, change: Callable[[_State], _Branches]) -> _Branches:
    """Apply a change with a chance to each of several possible states."""
    after: _Branches = defaultdict(float)
    for state, weight in branches.items():
        if chance < 1.0:
            after[state] += weight * (1.0 - chance)
        if chance > 0.0:
            for changed, share in change(state).items():
                after[changed] += weight * chance * share
    if len(after) > _MAX_BRANCHES:
        raise StateSpaceTooLarge(f"one shock can lead to more than {_MAX_BRANCHES:,} states")
    return after


def _rate(law: Law, place: str) -> float:
    rate = constant_rate(law)
    if rate is None:
        refuse(place, "is neither exponential nor at once, so that no finite chain describes it")
    return rate


def _finite(law: Law, place: str) -> float:
    rate = constant_rate(law)
    if rate is None or math.isinf(rate):
        refuse(place, "is not exponential, so that no finite chain describes it")
    return rate


def _store_rates(copy: CopyLaw, *, alone: bool) -> StoreRates:
    place = f"{copy.place}.store"
    if constant_rate(copy.lifetime) is None:
        refuse(
            f"{place}.media",
            "a lifetime that is not exponential is exact only where nothing is ever replaced and "
            "only drive failures lose data",
        )
    if copy.waits_for_spares:
        refuse(f"{place}.spare_wait", "spares are not part of the exact methods' law")
    if copy.random_phase and not alone:
        refuse(f"{copy.place}.check.phase", "a random phase of checks is not memoryless")
    kills = (copy.drives // 2 + 1) ** 2 if copy.error_rate > 0.0 else copy.drives
    if copy.shocks and kills * copy.groups > _MAX_KILLS:
        refuse(f"{place}.shocks", "can kill too many different sets of drives at once")
    if copy.groups > MAX_STATES and copy.tolerates:
        refuse(f"{place}.groups", f"more than {MAX_STATES:,} groups that degrade")
    return StoreRates(
        drives=copy.drives,
        tolerates=copy.tolerates,
        groups=copy.groups,
        failure=_finite(copy.lifetime, f"{place}.media"),
        rebuild=_finite(copy.rebuild, f"{place}.rebuild"),
        serial=copy.serial,
        stress=copy.stress,
        error=copy.error_rate,
        scrub=_finite(copy.scrub, f"{place}.scrub") if copy.error_rate > 0.0 else 0.0,
        error_while_bare=copy.error_while_bare,
        rebuild_error=copy.rebuild_error,
    )
