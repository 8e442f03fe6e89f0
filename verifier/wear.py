"""Which preset of the risk model a medium has, and whether its age has begun to tell."""

from __future__ import annotations

from riskmodel.preset_catalogue import presets
from riskmodel.units import HOURS_PER_YEAR

__all__ = ["preset_of", "worn"]

# media type of an inventory -> preset of the risk model
_MEDIA = {
    "hdd": "hdd",
    "usb-hdd": "usb-hdd",
    "ssd": "ssd",
    "nvme": "ssd",
    "usb-flash": "usb-flash",
    "tape": "lto",
    "vtl": "vtl",
    "optical": "dvd-r",
    "object-storage": "object-storage",
    "cloud": "object-storage",
    "cloud-object": "object-storage",
    "saas": "saas",
}
_YOUNG_YEARS = 3.0
# when a new one is worth a computation, which then decides
_TELLS, _LEAST = 1.5, 0.005  # times the hazard of its first years, and at least so much [1/year]


def preset_of(media_type: str) -> str | None:
    """Return the preset of a medium: ``"lto-8"`` and its like are there under their own names."""
    return _MEDIA.get(media_type, media_type if media_type in presets().media else None)


def worn(media_type: str, age_hours: float) -> bool:
    """Tell whether a medium fails clearly more often at its age than in its first years.

    What is not known to age is never worn.

    Parameters
    ----------
    media_type : str
        As in an inventory; what has no preset is taken for a spinning disk, as the bridge does.
    age_hours : float
        Since when it is in use. [h]
    """
    law = presets().media[preset_of(media_type) or "hdd"].medium_for(None).lifetime_law
    if law is None or law.is_never:
        return False
    ages = [age_hours, age_hours + HOURS_PER_YEAR, _YOUNG_YEARS * HOURS_PER_YEAR]
    before, after, young = (float(total) for total in law.cumulative_hazard(ages))
    return after - before > max(_TELLS * young / _YOUNG_YEARS, _LEAST)
