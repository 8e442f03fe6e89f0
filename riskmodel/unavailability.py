"""Time until everything is back: how often and for how long people have no data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from riskmodel._chances import binomial_interval
from riskmodel.units import HOURS_PER_YEAR

__all__ = ["Outages", "Unavailability"]


@dataclass(frozen=True, slots=True)
class Outages:
    """All outages that one kind of event brought about, summed over trials.

    Parameters
    ----------
    cause : str
        The event that took the live copy.
    count, over_day, over_week : int
        How many there were, and how many lasted longer than a day and a week.
    hours : float
        How long they lasted in all, until the horizon at most. [h]
    """

    cause: str
    count: int
    over_day: int
    over_week: int
    hours: float

    def __add__(self, other: Outages) -> Outages:
        """Add up outages of one cause."""
        return Outages(
            self.cause,
            self.count + other.count,
            self.over_day + other.over_day,
            self.over_week + other.over_week,
            self.hours + other.hours,
        )


@dataclass(frozen=True, slots=True)
class Unavailability:
    """Outages of the live copy's data, as sums that can be added.

    Data is unavailable from the loss of the live copy until that copy is intact again, or until a
    user has got the data back by the ``restore`` of the intact copy that is done first; if that
    copy is lost meanwhile, the next one begins anew. Only what has lasted a day or a week by the
    horizon counts as longer; the loss of everything counts as both.

    Parameters
    ----------
    copy : str
        The live copy: the primary, else what feeds the first copy, else the first copy.
    restore_hours : tuple of (str, float or None)
        How long the data takes to come back from each copy, None where it is not said. [h]
    horizon_hours : float
        Mission time. [h]
    trials, over_day, over_week : int
        Trials, and those with an outage longer than a day and a week.
    hours, hours_squared : float
        Sums over trials of the hours without data and of their squares. [h], [h²]
    outages : tuple of Outages
        By cause.
    """

    copy: str
    restore_hours: tuple[tuple[str, float | None], ...]
    horizon_hours: float
    trials: int
    over_day: int
    over_week: int
    hours: float
    hours_squared: float
    outages: tuple[Outages, ...]

    def __add__(self, other: Unavailability) -> Unavailability:
        """Merge two runs of one layout."""
        return replace(
            self,
            trials=self.trials + other.trials,
            over_day=self.over_day + other.over_day,
            over_week=self.over_week + other.over_week,
            hours=self.hours + other.hours,
            hours_squared=self.hours_squared + other.hours_squared,
            outages=tuple(a + b for a, b in zip(self.outages, other.outages, strict=True)),
        )

    @property
    def p_over_day(self) -> float:
        """Chance of an outage longer than a day within the horizon."""
        return self.over_day / self.trials

    @property
    def p_over_week(self) -> float:
        """Chance of an outage longer than a week within the horizon."""
        return self.over_week / self.trials

    @property
    def hours_per_year(self) -> float:
        """Mean time without data, in hours per year."""
        return self.hours / self.trials / (self.horizon_hours / HOURS_PER_YEAR)

    @property
    def hours_per_year_standard_error(self) -> float:
        """Standard error of ``hours_per_year``, in hours per year."""
        if self.trials < 2:
            return math.nan
        mean = self.hours / self.trials
        variance = max(self.hours_squared / self.trials - mean * mean, 0.0)
        return math.sqrt(variance / (self.trials - 1)) / (self.horizon_hours / HOURS_PER_YEAR)

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Return what ``--json`` prints under ``restore``; chances with no hit are null."""
        years = self.trials * self.horizon_hours / HOURS_PER_YEAR
        seen = [one for one in self.outages if one.count]
        found: dict[str, Any] = {"copy": self.copy}
        for name, hits in (("p_over_day", self.over_day), ("p_over_week", self.over_week)):
            found[name] = hits / self.trials if hits else None
            found[f"{name}_interval"] = list(binomial_interval(hits, self.trials, confidence))
        error = self.hours_per_year_standard_error
        return {
            "copies": [{"name": name, "hours": hours} for name, hours in self.restore_hours],
            "unavailable": {
                **found,
                "hours_per_year": self.hours_per_year if seen else None,
                "hours_per_year_standard_error": error if seen and math.isfinite(error) else None,
                "causes": [
                    {
                        "name": one.cause,
                        "per_year": one.count / years,
                        "mean_hours": one.hours / one.count,
                        "share_over_day": one.over_day / one.count,
                        "share_over_week": one.over_week / one.count,
                    }
                    for one in sorted(seen, key=lambda one: (-one.hours, one.cause))
                ],
            },
        }
