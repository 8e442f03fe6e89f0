"""People, malware and keys of the naive simulator."""

from __future__ import annotations

import heapq
import math
from functools import partial
from typing import TYPE_CHECKING

from riskmodel.layout import Copy
from riskmodel.lifetimes import Law
from riskmodel.policies import Threat
from riskmodel.preset_catalogue import presets
from tests.twin.data import Data, versions_kept
from tests.twin.laws import draw
from tests.twin.queue import FAILURES

if TYPE_CHECKING:
    from tests.twin.copies import Whole
    from tests.twins import History

__all__ = ["People"]

READING_DEPTHS = {"bytes", "source", "restore"}


class KeyRing:
    """A key, and who holds it now."""

    def __init__(self, name: str, kept: tuple[str, ...]) -> None:
        self.name = name
        self.kept = kept
        self.holders = set(kept)
        self.lives = True


class People:
    """Threats and what they do to data."""

    def __init__(self, history: History) -> None:
        self.history = history
        layout = history.layout
        self.threats = layout.threats
        self.defaults = self.threats is not None and self.threats.defaults
        variance = presets().defaults.hand_variance
        self.carelessness = float(history.rng.gamma(1.0 / variance, variance))
        self.data: dict[Whole, Data] = {}
        for whole in history.copies:
            self.data[whole] = Data(self, whole)
        used = {copy.key for copy in layout.copies if copy.key}
        self.keys = [KeyRing(name, layout.keys_[name].kept) for name in sorted(used)]
        self.event = ""  # what a loss at this instant is due to
        self.lost_now = False
        self.worked_before: bool | None = None
        self.seen_at = -math.inf
        self.people_struck: set[str] = set()
        self.sites_struck: set[str] = set()
        self.key_law: Law | None = None
        self.back_now: list[Data] = []
        self.worked_until = 0.0
        self.rollback = 0.0
        self.over = False
        self.let_threats_strike()

    def begin(self) -> None:
        """Find the backups that never worked; nothing of it counts as work lost."""
        if self.defaults:
            self.leave_unrestorable()
        for key in self.keys:
            key.lives = bool(key.holders)
        self.forget_instant()

    def leave_unrestorable(self) -> None:
        known = presets().defaults
        hazard = -math.log(1.0 - known.unrestorable)
        jobs: dict[tuple[str, str], list[Copy]] = {}
        for copy in self.history.layout.copies:
            fed = copy.fed
            if fed is not None and fed.how == "backup":
                jobs.setdefault((fed.tool or copy.name, fed.source), []).append(copy)
        for members in jobs.values():
            alone = len(members) == 1
            shared = 0.0 if alone else known.unrestorable_shared * hazard
            together = self.history.chance(1.0 - math.exp(-shared))
            for copy in members:
                if together or self.history.chance(1.0 - math.exp(shared - hazard)):
                    for whole in self.history.named(copy.name):
                        whole.lose_quietly("never worked", seen_by="restore")
                        whole.taken_by_people = True

    def let_threats_strike(self) -> None:
        copies = self.history.layout.copies
        reach = {
            "mistake": lambda copy: self.login(copy),
            "ransomware": self.malware_login,
            "software-fault": lambda copy: copy.fed.tool if copy.fed else None,
            "account-loss": lambda copy: copy.account,
            "provider-failure": lambda copy: copy.provider,
        }
        for name, group_of in reach.items():
            action = self.damage if name in list(reach)[:3] else self.take
            groups = {group_of(copy) for copy in copies} - {None}
            for group in sorted(groups):
                reached = [copy.name for copy in copies if group_of(copy) == group]
                cause = f"{name} of {group}" if group else name
                self.let_strike(name, partial(action, reached, cause))
        people = {
            holder
            for key in self.keys
            for holder in key.kept
            if holder not in self.history.sites and not self.history.named(holder)
        }
        for person in sorted(people):
            self.let_strike("key-loss", partial(self.forget_key, person))

    def let_strike(self, name: str, action: partial[None]) -> None:
        own: Threat | None = None
        if self.threats is not None:
            own = getattr(self.threats, name.replace("-", "_"))
        if own is None and not self.defaults:
            return
        own = own or Threat()
        known = presets().shocks[own.preset or name]
        if name == "ransomware":
            share = known.backups if own.backups is None else own.backups
            over = own.takes_over is True
            action = partial(self.encrypt, 1.0 if share is None else share, over, *action.args)
        rate = known.rate if own.rate is None else own.rate
        self.history.strike_at_rate(rate, partial(action, own.noticed or known.noticed))

    def login(self, copy: Copy) -> str | None:
        """Return whose login writes on a copy at any time; the unnamed one's is empty."""
        online = copy.online
        if online is None:
            at_rest = self.history.layout.medium(copy.store.media).at_rest
            online = not (copy.offline or at_rest)
        return (copy.credentials or "") if online else None

    def malware_login(self, copy: Copy) -> str | None:
        """Return the login that ransomware comes with; who takes over has all of them."""
        own = self.threats.ransomware if self.threats is not None else None
        login = self.login(copy)
        return "" if own is not None and own.takes_over and login is not None else login

    # what strikes

    def encrypt(
        self, too: float, over: bool, reached: list[str], cause: str, noticed: Law | None
    ) -> None:
        """Damage what is reached, or only what of it is no backup."""
        if not self.history.chance(too):
            copies = [copy for copy in self.history.layout.copies if copy.name in reached]
            reached = [
                copy.name
                for copy in copies
                if (copy.fed.how != "backup" if copy.fed else copy.role != "backup")
            ]
            cause += ", sparing backups"
            over = False
        self.damage(reached, cause, noticed, over)

    def damage(
        self, reached: list[str], cause: str, noticed: Law | None, over: bool = False
    ) -> None:
        """Damage data where it is reached, and where it is fed to until somebody sees it."""
        now = self.history.now
        self.remember_work()
        here = [data for name in reached for data in self.named(name) if data.whole.intact]
        seen = now + (draw(noticed, self.history.rng) if noticed is not None else 0.0)
        for data in here:
            check = data.whole.copy.check
            if check is not None and check.depth in READING_DEPTHS:
                seen = min(seen, data.whole.next_check())
        self.seen_at = max(self.seen_at, seen)
        survive = []
        reached_at = self.damaged_by_then(here, seen)
        newest = {data: data.newest_before(at) for data, at in reached_at.items()}
        for data in reached_at:
            oldest = versions_kept(data.whole.copy)
            if over and data in here:  # only a lock keeps them from who is there until then
                oldest = data.whole.copy.immutable or 0.0
            if oldest > 0.0 and seen - newest[data] <= oldest:
                survive.append(data)
            else:
                data.whole.lose_quietly(cause, at=seen)
                data.whole.taken_by_people = True
        for data in survive:
            data.spoil()
            data.points.append((now, newest[data]))
            data.damaged_until = max(data.damaged_until, seen)
            self.history.at(seen, FAILURES, partial(self.repair, data))

    def damaged_by_then(self, here: list[Data], seen: float) -> dict[Data, float]:
        """Return what carries the damage when it is seen, and since when."""
        everything = list(self.data.values())
        damaged: dict[int, float] = {}
        going = [(self.history.now, everything.index(data)) for data in here]
        heapq.heapify(going)
        while going:
            time, place = heapq.heappop(going)
            if place in damaged:
                continue
            damaged[place] = time
            for other in self.fed_from(everything[place]):
                if not other.whole.intact:
                    continue
                arrives = other.arrival(time, seen)
                at_once = other.feed is not None and not (other.feed.every or other.feed.lag)
                if arrives < seen or at_once:
                    heapq.heappush(going, (arrives, everything.index(other)))
        return {everything[place]: time for place, time in damaged.items()}

    def repair(self, data: Data) -> None:
        if data.whole.intact and data.damaged_until <= self.history.now:
            data.heal()

    def take(self, reached: list[str], cause: str, noticed: Law | None) -> None:
        """Lose all copies in an account or at a provider."""
        self.remember_work()
        for name in reached:
            for whole in self.history.named(name):
                self.lose(whole, cause, noticed)

    def lose(self, whole: Whole, cause: str, noticed: Law | None) -> None:
        if not whole.intact:
            return
        if noticed is None:
            whole.lose(cause)
        else:
            seen = self.history.now + draw(noticed, self.history.rng)
            whole.lose_quietly(cause, at=seen, seen_by="listed")
        whole.taken_by_people = True

    def forget_key(self, person: str, noticed: Law | None) -> None:
        self.people_struck.add(person)
        self.key_law = noticed
        self.event = f"key-loss of {person}"

    # what follows

    def named(self, name: str) -> list[Data]:
        """Return what a copy holds, or each of its sets."""
        return [self.data[whole] for whole in self.history.named(name)]

    def fed_from(self, data: Data) -> list[Data]:
        return [other for other in self.data.values() if other.source is data]

    def remember_work(self) -> None:
        if self.worked_before is None:
            self.worked_before = self.is_worked_on()

    def is_worked_on(self) -> bool:
        return any(data.feed is None and data.is_good for data in self.data.values())

    def copy_lost(self, whole: Whole) -> None:
        self.remember_work()
        self.event = self.history.latest_cause
        self.lost_now = True
        self.data[whole].spoil()
        if not any(other.intact for other in self.history.named(whole.copy.name)):
            self.gone(whole.copy.name)

    def copy_back(self, whole: Whole) -> None:
        self.back_now.append(self.data[whole])

    def site_gone(self, name: str, cause: str, *, stands: bool) -> None:
        """Burn the keys at a site; one that stands soon has them again from elsewhere."""
        self.event = cause
        if stands:
            self.sites_struck.add(name)
        else:
            self.gone(name)

    def gone(self, holder: str) -> None:
        for key in self.keys:
            key.holders.discard(holder)

    def there_again(self, holder: str) -> None:
        for key in self.keys:
            if holder in key.kept:
                key.holders.add(holder)
                key.lives = True

    def settle(self) -> None:
        """See whose key is gone, and how old the newest point is, after what just happened."""
        for holder in self.people_struck | self.sites_struck:
            self.gone(holder)
        dead = True
        while dead:
            dead = [key for key in self.keys if key.lives and not key.holders]
            for key in dead:
                key.lives = False
                for whole in self.history.copies:
                    if whole.copy.key == key.name:
                        self.lose(whole, self.event, self.key_law)
        for holder in self.people_struck | self.sites_struck:
            self.there_again(holder)
        if self.lost_now or self.seen_at > -math.inf:
            self.count_work_lost()
        self.forget_instant()

    def count_work_lost(self) -> None:
        intact = [data for data in self.data.values() if data.whole.intact]
        if not intact or self.is_worked_on():
            return
        if self.worked_before:
            self.worked_until = max(self.history.now, self.seen_at)
        if not self.over:
            newest = max(data.newest(self.history.now) for data in intact)
            self.rollback = max(self.rollback, self.worked_until - newest)

    def forget_instant(self) -> None:
        self.lost_now = False
        self.worked_before = None
        self.seen_at = -math.inf
        self.people_struck = set()
        self.sites_struck = set()
        self.key_law = None

    def come_back(self) -> None:
        """Let copies that recovered at this instant hold what the others hold."""
        back, self.back_now = self.back_now, []
        if not back:
            return
        now = self.history.now
        others = [d for d in self.data.values() if d.whole.intact and d not in back]
        newest = max((data.newest(now) for data in others), default=now)
        for data in back:
            data.points = [(-math.inf, -math.inf), (now, newest)]
            data.damaged_until = -math.inf
            data.heal()
            self.there_again(data.whole.copy.name)

    def start_over(self) -> None:
        """After a total loss everything is current, and each key is where it is kept."""
        self.over = True
        self.back_now = []
        for data in self.data.values():
            data.points.append((self.history.now, self.history.now))
            data.damaged_until = -math.inf
            data.heal()
        for key in self.keys:
            key.holders = set(key.kept)
            key.lives = True
