"""Drives of the naive simulator, and the groups that they form."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.twin.laws import age_at, cumulative_hazard, draw
from tests.twin.queue import FAILURES, NOTHING, REPAIRS

if TYPE_CHECKING:
    from tests.twin.pieces import Piece

__all__ = ["Drive", "Group"]


class Group:
    """A RAID group: equal drives of which some may be down."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.whole = whole = piece.whole
        self.history = whole.history
        self.store = whole.store
        self.drives: list[Drive] = []
        self.failed_now: list[Drive] = []
        self.cause = ""
        self.stress = 1.0
        self.rebuilds_due: list[Drive] = []  # in the order of their failures
        self.rebuilding: set[Drive] = set()

    def fill(self) -> None:
        self.drives = [Drive(self) for _ in range(self.store.group_drives)]
        for drive in self.drives:
            drive.install(self.whole.medium.age or 0.0)

    @property
    def down(self) -> int:
        return sum(not drive.working for drive in self.drives)

    @property
    def counts(self) -> bool:
        """Whether something would be lost with this group."""
        return self.whole.intact and not self.piece.missing

    @property
    def carries_error(self) -> bool:
        return any(drive.erroneous for drive in self.drives)

    @property
    def cause_with_error(self) -> str:
        """Name a loss in which an error was met: by the shock, if that is what struck."""
        own = self.whole.copy.name
        by_itself = self.cause == f"drive failures of {own}"
        return f"latent errors of {own}" if by_itself else self.cause

    def fail(self, drive: Drive, cause: str) -> None:
        drive.stop()
        self.failed_now.append(drive)
        self.cause = cause
        self.follow_stress()

    def follow_stress(self) -> None:
        """Let working drives feel how many are down, from this instant on."""
        down = min(self.down, len(self.store.stress))
        stress = self.store.stress[down - 1] if down else 1.0
        if stress == self.stress:
            return
        working = [drive for drive in self.drives if drive.working]
        for drive in working:
            drive.consume()
        self.stress = stress
        for drive in working:
            drive.await_failure()

    def error_arose(self) -> None:
        """Apply the rule that an error on a group without redundancy counts too."""
        if self.store.latent_rule == "at-failure-and-rebuild" and self.down == self.store.tolerance:
            self.whole.meet_error(self, f"latent errors of {self.whole.copy.name}")

    def start_rebuilds(self) -> None:
        """Start what may start: all with a spare, or only the first when one runs at a time."""
        if self.store.repairs == "serial":
            if self.rebuilding or not self.rebuilds_due or not self.rebuilds_due[0].has_spare:
                return
            ready = [self.rebuilds_due[0]]
        else:
            ready = [drive for drive in self.rebuilds_due if drive.has_spare]
        assert self.store.rebuild is not None, f"{self.whole.copy.name} needs a rebuild"
        bare = self.down >= self.store.tolerance
        for drive in ready:
            self.rebuilds_due.remove(drive)
            self.rebuilding.add(drive)
            hours = draw(self.store.rebuild, self.history.rng, self.whole.medium.capacity)
            drive.rebuild = self.history.at(
                self.history.now + hours, REPAIRS, partial(self.end_rebuild, drive, bare)
            )

    def end_rebuild(self, drive: Drive, bare: bool) -> None:
        self.rebuilding.remove(drive)
        drive.install(0.0)
        self.follow_stress()
        if bare and self.history.chance(self.store.rebuild_error):
            self.whole.meet_error(self, f"rebuild errors of {self.whole.copy.name}")
        self.start_rebuilds()

    def revive(self) -> None:
        """Be whole again; drives that are down are replaced, the others stay as they are."""
        self.failed_now = []
        for drive in self.drives:
            if not drive.working:
                drive.install(0.0)
        self.follow_stress()

    def replace_all(self) -> None:
        """Put new drives in the place of all; dead ones of what is lost wait for its recovery."""
        if self.counts:
            self.give_up_waiting()
        for drive in self.drives:
            if self.counts or drive.working:
                drive.stop()
                drive.install(0.0)
        self.follow_stress()

    def give_up_waiting(self) -> None:
        """Stop all rebuilds, those too that wait for a spare."""
        waiting = self.whole.drives_without_spare
        for drive in self.drives:
            if drive in waiting:
                waiting.remove(drive)
        self.stop_rebuilds()

    def stop_rebuilds(self) -> None:
        for drive in self.drives:
            drive.rebuild.cancel()
            drive.spare_coming.cancel()
        self.rebuilds_due.clear()
        self.rebuilding.clear()


class Drive:
    """One slot of a group and the drive in it."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.history = group.history
        medium = group.whole.medium
        assert medium.lifetime_law is not None, f"{group.whole.copy.name} needs a lifetime"
        self.law = medium.lifetime_law
        self.errors = medium.latent_errors
        self.frailty = 1.0
        for kind, label in (("batch", medium.batch), ("model", medium.model)):
            if label is not None:
                self.frailty *= self.history.frailty(kind, label.label, label.variance)
        self.frailty = max(self.frailty, 1e-200)  # a gamma of large variance can underflow
        self.working = False
        self.erroneous = False
        self.has_spare = False
        self.born = self.hazard_seen = self.budget = 0.0
        self.failure = self.error = self.clearing = self.rebuild = self.spare_coming = NOTHING

    def install(self, age: float) -> None:
        """Put in a working drive without errors that has survived to this age."""
        self.working = True
        self.has_spare = False
        self.born = self.history.now - age
        self.hazard_seen = cumulative_hazard(self.law, age)
        self.budget = float(self.history.rng.exponential(1.0))
        self.await_failure()
        self.await_error()

    def consume(self) -> None:
        """Take from the budget what has been lived through since the last look."""
        seen = cumulative_hazard(self.law, self.history.now - self.born)
        lived = self.frailty * self.group.stress * (seen - self.hazard_seen)
        self.budget = max(self.budget - lived, 0.0)
        self.hazard_seen = seen

    def await_failure(self) -> None:
        """Find the age at which the budget is used up, if nothing changes before."""
        self.failure.cancel()
        last = self.hazard_seen + self.budget / (self.frailty * self.group.stress)
        oldest = self.history.horizon - self.born
        if last > cumulative_hazard(self.law, oldest):
            return
        age = age_at(self.law, last, oldest)
        cause = f"drive failures of {self.group.whole.copy.name}"
        self.failure = self.history.at(
            max(self.born + age, self.history.now), FAILURES, lambda: self.group.fail(self, cause)
        )

    def await_error(self) -> None:
        if self.errors is not None:
            time = self.history.now + self.history.rng.exponential(self.errors.mean_time)
            self.error = self.history.at(time, FAILURES, self.suffer_error)

    def suffer_error(self) -> None:
        """Carry an error from now on; a further one on a drive that has one is ignored."""
        self.await_error()
        if self.erroneous:
            return
        self.erroneous = True
        scrub = self.group.store.scrub
        if scrub is not None and scrub.every is None:
            self.clearing = self.history.after(scrub, REPAIRS, self.clear)
        self.group.error_arose()

    def clear(self) -> None:
        self.erroneous = False

    def spare_at_hand(self) -> None:
        self.has_spare = True
        self.group.start_rebuilds()

    def stop(self) -> None:
        """Fail, and take the errors along."""
        self.working = False
        self.erroneous = False
        self.has_spare = False
        for event in (self.failure, self.error, self.clearing):
            event.cancel()
