"""A naive simulator of backup layouts, written from the words of the law alone.

It plays one history after another on a queue of events, with one object for each drive, group,
copy and site and one method for each thing that can happen to them. It is slow and plain on
purpose: the compiled engine is compared with it.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np

from riskmodel.layout import Layout
from riskmodel.preset_catalogue import presets
from riskmodel.sites import Peril, Shock, Site
from tests.twin.copies import Whole
from tests.twin.outage import Outage
from tests.twin.people import People
from tests.twin.queue import CHECKS, FAILURES, NOTHING, RECOVERIES, REPAIRS, RUNS, Queue
from tests.twin.rotation import Rotation

__all__ = ["NaiveResult", "simulate_naively"]


@dataclass
class NaiveResult:
    """What was counted over all trials."""

    trials: int = 0
    losses: int = 0
    partial: int = 0  # trials in which a part was lost for good before any total loss
    lost_something: int = 0  # trials in which a part or everything was lost for good
    rolled_back: list[int] = field(default_factory=lambda: [0, 0, 0])  # a day, a week, a month
    losses_in_all: int = 0
    losses_in_all_squared: int = 0
    loss_times: list[float] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    over_day: int = 0  # trials with an outage longer than a day
    over_week: int = 0
    hours_out: float = 0.0
    hours_out_squared: float = 0.0
    outages: Counter[str] = field(default_factory=Counter)  # by what took the live copy

    @property
    def probability(self) -> float:
        return self.losses / self.trials

    @property
    def standard_error(self) -> float:
        return math.sqrt(self.probability * (1.0 - self.probability) / self.trials)

    @property
    def expected_losses(self) -> float:
        return self.losses_in_all / self.trials

    @property
    def expected_losses_standard_error(self) -> float:
        variance = self.losses_in_all_squared / self.trials - self.expected_losses**2
        return math.sqrt(variance / self.trials)

    def add(self, history: History) -> None:
        """Count one history."""
        count = len(history.losses)
        self.trials += 1
        self.losses += count > 0
        self.partial += history.part_lost
        self.lost_something += history.part_lost or count > 0
        self.losses_in_all += count
        self.losses_in_all_squared += count * count
        for k, span in enumerate((24.0, 7 * 24.0, 8766.0 / 12)):
            self.rolled_back[k] += history.people.rollback > span
        if history.losses:
            time, cause = history.losses[0]
            self.loss_times.append(time)
            self.causes[cause] += 1
        outage = history.outage
        self.over_day += outage.longest() > 24.0
        self.over_week += outage.longest() > 168.0
        self.hours_out += outage.hours()
        self.hours_out_squared += outage.hours() ** 2
        self.outages.update(cause for cause, _ in outage.ended)
        self.outages.update([outage.cause] * (outage.began is not None and not outage.for_ever))


def simulate_naively(
    layout: Layout, trials: int, seed: int, horizon_hours: float | None = None
) -> NaiveResult:
    """Play ``trials`` histories of a layout."""
    horizon = layout.horizon if horizon_hours is None else horizon_hours
    assert horizon is not None, "a horizon is needed"
    _refuse_what_is_not_played(layout)
    rng = np.random.default_rng(seed)
    result = NaiveResult()
    for _ in range(trials):
        history = History(layout, horizon, rng)
        history.play()
        result.add(history)
    return result


def _refuse_what_is_not_played(layout: Layout) -> None:
    unknown: set[str] = set()
    for site in layout.sites.values():
        unknown |= {key for key in ("location",) if getattr(site, key) is not None}
    if unknown:
        raise NotImplementedError(f"the naive simulator does not play {', '.join(sorted(unknown))}")


def perils_at(site: Site) -> dict[str, Peril]:
    """Return what strikes a site: the perils of its kind, each key of which its own override."""
    told = dict(presets().sites[site.kind].perils) if site.kind else {}
    for name, own in site.perils.items():
        rate, takes = own.rate, own.takes
        if name in told and "takes" not in own.model_fields_set:
            takes = told[name].takes
        told[name] = Peril(rate=rate, takes=takes)
    return told


class History(Queue):
    """One trial."""

    def __init__(self, layout: Layout, horizon: float, rng: np.random.Generator) -> None:
        super().__init__(horizon, rng)
        self.layout = layout
        self.frailties: dict[tuple[str, str], float] = {}
        self.budgets_of_formats: dict[tuple[str, float], float] = {}
        self.first_checks: dict[str, float] = {}
        self.latest_cause = "nothing"  # of the event that took a copy last
        self.losses: list[tuple[float, str]] = []
        self.part_lost = False
        self.sites = {name: Place(self, name, site) for name, site in layout.sites.items()}
        self.rotations = [Rotation(self, copy) for copy in layout.copies]
        self.copies = [whole for rotation in self.rotations for whole in rotation.sets]
        self.outage = Outage(self)
        for place in self.sites.values():
            for peril, terms in perils_at(place.site).items():
                self.strike_at_rate(terms.rate, partial(place.suffer, peril, terms))
        for shock in layout.shocks:
            self.strike_at_rate(shock.rate, partial(self.shock, shock))
        self.people = People(self)
        self.people.begin()

    def frailty(self, kind: str, label: str, variance: float) -> float:
        """Return the multiplier that all drives of one label share in this trial."""
        if variance == 0.0:
            return 1.0
        if (kind, label) not in self.frailties:
            self.frailties[kind, label] = float(self.rng.gamma(1.0 / variance, variance))
        return self.frailties[kind, label]

    def budget_of_format(self, medium: str) -> float:
        """Return the hazard that what is written now lives through before readers are gone."""
        if (medium, self.now) not in self.budgets_of_formats:
            self.budgets_of_formats[medium, self.now] = float(self.rng.exponential(1.0))
        return self.budgets_of_formats[medium, self.now]

    def named(self, name: str) -> list[Whole]:
        """Return a copy, or all sets of one that rotates; none if a site is named."""
        return [copy for copy in self.copies if copy.copy.name == name]

    def play(self) -> None:
        """Run from the start to the horizon, instant by instant."""
        while self.queue:
            self.now = self.queue[0][0]
            self.act(FAILURES)
            for copy in self.copies:
                copy.settle_failures()
            self.act(REPAIRS)
            self.people.settle()
            self.test()
            self.outage.look()
            self.act(CHECKS)
            self.act(RECOVERIES)
            self.people.come_back()
            self.outage.look()
            self.act(RUNS)

    def test(self) -> None:
        """See whether everything, or a part for good, is lost at this instant."""
        if not any(copy.intact for copy in self.copies):
            self.losses.append((self.now, self.latest_cause))
            self.outage.lose_everything(self.latest_cause)
            for place in self.sites.values():
                place.stand_again()
            for copy in self.copies:
                copy.restore()
            self.arrange()
            self.people.start_over()
        elif not self.losses and self.something_is_gone():
            self.part_lost = True

    def something_is_gone(self) -> bool:
        """Whether some place in the data is missing on every copy."""
        places = [sector for copy in self.copies for sector, _ in copy.sectors_missing]
        if any(piece.missing for copy in self.copies for piece in copy.pieces):
            ends = sorted({piece.begin for copy in self.copies for piece in copy.pieces} | {1})
            places += [(a + b) / 2 for a, b in pairwise(ends)]
        return any(not any(copy.holds(place) for copy in self.copies) for place in places)

    def arrange(self) -> None:
        for rotation in self.rotations:
            rotation.arrange()

    def shock(self, shock: Shock) -> None:
        """Hit the named sites and copies that this shock reaches."""
        if isinstance(shock.hits, dict):
            reached = [name for name, share in shock.hits.items() if self.chance(share)]
        elif shock.choose is None:
            reached = list(shock.hits)
        else:
            standing = [name for name in shock.hits if self.stands(name)]
            count = min(shock.choose, len(standing))
            reached = [str(name) for name in self.rng.choice(standing, count, replace=False)]
        for name in reached:
            for copy in self.named(name):
                copy.destroy(shock.name)
            if name in self.sites:
                self.sites[name].disaster(shock.name)

    def stands(self, name: str) -> bool:
        if name in self.sites:
            return not self.sites[name].destroyed
        return any(copy.intact for copy in self.named(name))


class Place:
    """A site."""

    def __init__(self, history: History, name: str, site: Site) -> None:
        self.history = history
        self.name = name
        self.site = site
        self.destroyed = False
        self.recovery = NOTHING

    @property
    def copies(self) -> list[Whole]:
        return [copy for copy in self.history.copies if copy.place is self]

    def suffer(self, name: str, peril: Peril) -> None:
        cause = f"{name} at {self.name}"
        if peril.takes == "site":
            self.disaster(cause)
        elif peril.takes == "plugged-in":
            for copy in self.copies:
                if self.runs(copy) and self.history.chance(copy.copy.vulnerability):
                    copy.destroy(cause)
        elif not self.destroyed:
            self.take_media(cause)

    def runs(self, copy: Whole) -> bool:
        """Tell whether a copy hangs on the mains: sets that take turns lie on a shelf here."""
        told = copy.copy
        medium = self.history.layout.medium(told.store.media)
        return not (told.offline or medium.at_rest or (told.rotation or 1) > 1)

    def disaster(self, cause: str) -> None:
        """Destroy the site; one without a recovery stands, and only its copies are hit."""
        if self.destroyed:
            return
        if self.site.recovery is None:
            self.take_media(cause)
            self.history.people.site_gone(self.name, cause, stands=True)
            return
        self.destroyed = True
        self.history.people.site_gone(self.name, cause, stands=False)
        for copy in self.copies:
            copy.recovery.cancel()
            for piece in copy.pieces:
                piece.recovery.cancel()
        for copy in self.hit():
            copy.destroy(cause)
        self.recovery = self.history.after(self.site.recovery, RECOVERIES, self.recover)

    def take_media(self, cause: str) -> None:
        for copy in self.hit():
            copy.destroy(cause)
            copy.notice()

    def hit(self) -> list[Whole]:
        """Draw which copies here an event meets; sets of one copy share their fate."""
        met = {copy.copy.name: self.history.chance(copy.copy.vulnerability) for copy in self.copies}
        return [copy for copy in self.copies if met[copy.copy.name]]

    def recover(self) -> None:
        self.destroyed = False
        self.history.people.there_again(self.name)
        for copy in self.copies:
            if not copy.intact:
                copy.restore()
            for piece in copy.pieces:
                if piece.missing:
                    piece.restore()
        self.history.arrange()

    def stand_again(self) -> None:
        self.destroyed = False
        self.recovery.cancel()
