"""How far back the versions of a location reach: as they are now, and as its tool promises."""

from __future__ import annotations

import math
import re

from verifier.inventory import Location

__all__ = [
    "FOREVER",
    "history_hours",
    "keeps_one_state",
    "kept_counts",
    "kept_hours",
    "kept_within_hours",
]

FOREVER = "older versions are kept without limit"
_KEPT = re.compile(r"\b(hourly|daily|weekly|monthly|yearly)[ =:]+(\d{1,4})\b")
_DAYS = re.compile(r"older versions are kept for ([\d.]+) days")
_PERIODS = {"hourly": 1.0, "daily": 24.0, "weekly": 168.0, "monthly": 730.5, "yearly": 8766.0}

# the next run of these writes over the last one, wherever they are
_ONE_STATE = frozenset({"archive", "directory", "iso", "rclone", "s3", "sftp", "tar", "zip"})
_MAY_KEEP = frozenset({"rclone", "s3"})  # older versions that a listing does not show


def keeps_one_state(location: Location) -> bool | None:
    """Tell whether the next run replaces all that is there: one point, and none is promised.

    None where a provider may keep older versions and does not say.
    """
    if location.kind not in _ONE_STATE or (location.points.count or 0) > 1:
        return False
    if location.kind in _MAY_KEEP and location.retention.value is None:
        return None
    return kept_hours(location) is None


def history_hours(location: Location) -> float:
    """Return how far back the points of a location reach from its newest one, in hours."""
    times = location.points
    if (times.count or 0) < 2 or times.newest is None or times.oldest is None:
        return 0.0
    return round((times.newest - times.oldest).total_seconds() / 3600.0, 2)


def kept_counts(location: Location) -> dict[str, int]:
    """Return how many points are promised of each period, such as ``{"daily": 7}``."""
    said = location.retention.value or ""
    return {unit: int(number) for unit, number in _KEPT.findall(said)}


def kept_within_hours(location: Location) -> float | None:
    """Return for how long every older version is promised; infinite without limit, else None."""
    said = location.retention.value or ""
    days = _DAYS.search(said)
    if days:
        return float(days[1]) * 24.0
    return math.inf if FOREVER in said else None


def kept_hours(location: Location) -> float | None:
    """Return how old a version grows by the promise of its tool; None if nothing is promised."""
    within = kept_within_hours(location)
    if within is not None:
        return within
    counts = kept_counts(location)
    return max((_PERIODS[unit] * count for unit, count in counts.items()), default=None)
