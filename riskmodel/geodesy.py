"""Places on the globe and the way between them."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from riskmodel.errors import InputError

__all__ = ["distance_km", "km_text", "moved", "read_place"]

Place = tuple[float, float]


@lru_cache(maxsize=4096)  # a search measures the same few again and again
def distance_km(one: Place, other: Place) -> float:
    """Length of the shortest way along the ground between two places. [km].

    Parameters
    ----------
    one, other : tuple of float
        Latitude and longitude. [degrees]

    Returns
    -------
    float
        On the WGS84 ellipsoid, good to nanometres. [km]

    References
    ----------
    .. [1] Karney, "Algorithms for geodesics", Journal of Geodesy 87, 2013.
    """
    from geographiclib.geodesic import Geodesic

    return float(Geodesic.WGS84.Inverse(*one, *other, Geodesic.DISTANCE)["s12"]) / 1000.0


def moved(start: Place, end: Place, km: float) -> Place:
    """Return the place that lies so far from `start` on the way to `end`, or beyond it.

    Parameters
    ----------
    start, end : tuple of float
        Latitude and longitude; where both are one place, the way goes north. [degrees]
    km : float
        Distance from `start`. [km]
    """
    from geographiclib.geodesic import Geodesic

    way = Geodesic.WGS84.Inverse(*start, *end, Geodesic.AZIMUTH)["azi1"] if start != end else 0.0
    found = Geodesic.WGS84.Direct(*start, way, km * 1000.0, Geodesic.LATITUDE | Geodesic.LONGITUDE)
    return float(found["lat2"]), float(found["lon2"])


def km_text(km: float, digits: int = 4) -> str:
    """Return a distance with some figures and no exponent, such as ``20,000 km``."""
    rounded = float(f"{km:.{digits}g}")
    return f"{rounded:,.0f} km" if rounded >= 1000.0 else f"{rounded:g} km"


def read_place(text: str | Place, name: str) -> Place:
    """Return latitude and longitude, checked.

    Parameters
    ----------
    text : str or tuple of float
        Such as ``"52.37, 4.90"`` or ``(52.37, 4.90)``. [degrees]
    name : str
        What messages call it.

    Raises
    ------
    InputError
        If it is no pair of numbers, or no place on the globe.
    """
    parts = re.split(r"\s*,\s*|\s+", text.strip()) if isinstance(text, str) else list(text)
    try:
        lat, lon = (float(part) for part in parts)
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: expects latitude and longitude in degrees, such as '52.37,4.90'; got {text!r}"
        ) from None
    if not (math.isfinite(lat) and -90.0 <= lat <= 90.0):
        raise InputError(f"{name}: latitude must be from -90 to 90, got {lat:g}")
    if not (math.isfinite(lon) and -180.0 <= lon <= 180.0):
        raise InputError(f"{name}: longitude must be from -180 to 180, got {lon:g}")
    return lat, lon
