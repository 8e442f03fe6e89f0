"""How far is far enough: what one disaster can do to two places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._footprints import Footprints, pair_chance
from riskmodel._tables import table_html
from riskmodel.errors import InputError
from riskmodel.geodesy import distance_km, read_place
from riskmodel.perils import (
    HitRate,
    countries,
    hit_rate,
    joint_hit_interval,
    joint_hit_probability,
    peril_reaches,
    shapes_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Distance", "PerilDistance", "distance"]

_FAR = 0.01


@dataclass(frozen=True, slots=True)
class PerilDistance:
    """What one peril can do to two places.

    Parameters
    ----------
    peril : str
        Its name.
    probability : float
        That the second place is hit, given that the first one is; at unlike rates, of the hits of
        the rarer.
    interval : tuple of float or None
        At 95 %, over which events the catalogue holds; None where the footprint is a judgement.
    far_km : float or None
        From which distance on ``probability`` is below 1 %; None if it depends on no distance. [km]
    here, there : HitRate or None
        How often each place is hit, None where no catalogue says. [1/year]
    grade : str
        Of the footprint: A measured, B derived, C a judgement.
    """

    peril: str
    probability: float
    interval: tuple[float, float] | None
    far_km: float | None
    here: HitRate | None
    there: HitRate | None
    grade: str

    @property
    def joint(self) -> HitRate | None:
        """How often one event hits both: the chance times the smaller rate. [1/year]."""
        if self.here is None or self.there is None:
            return None
        low, high = self.interval or (self.probability, self.probability)
        return HitRate(
            self.probability * min(self.here.per_year, self.there.per_year),
            low * min(self.here.low, self.there.low),
            high * min(self.here.high, self.there.high),
            from_place=self.here.from_place and self.there.from_place,
        )


@dataclass(frozen=True, slots=True)
class Distance:
    """Two places, the way between them, and what each peril can do to both at once. [km].

    ``one`` and ``other`` are latitude and longitude in degrees.
    """

    one: tuple[float, float]
    other: tuple[float, float]
    distance_km: float
    perils: tuple[PerilDistance, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a peril; rates are per year."""
        import pandas as pd

        return pd.DataFrame(self._rows())

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "one": list(self.one),
            "other": list(self.other),
            "distance_km": self.distance_km,
            "perils": self._rows(),
        }

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for item in self.perils:
            low, high = item.interval or (None, None)
            row: dict[str, Any] = {
                "peril": item.peril,
                "distance_km": self.distance_km,
                "probability": item.probability,
                "low": low,
                "high": high,
                "below_one_percent_km": item.far_km,
            }
            for name, rate in (("one", item.here), ("other", item.there), ("joint", item.joint)):
                for key in ("per_year", "low", "high"):
                    row[f"{name}_{key}"] = None if rate is None else getattr(rate, key)
            rows.append(row | {"grade": item.grade})
        return rows

    def _repr_html_(self) -> str:
        return table_html(self.to_frame())


def distance(
    one: str | tuple[float, float],
    other: str | tuple[float, float],
    *,
    countries_of: tuple[str, str] | None = None,
) -> Distance:
    """Tell how likely one disaster is to hit two places.

    Parameters
    ----------
    one, other : str or tuple of float
        Latitude and longitude. [degrees]
    countries_of : tuple of str, optional
        The countries of the two, by ISO 3166 code, which adds national catastrophes.

    Returns
    -------
    Distance
        By peril, the likeliest to hit both first.

    Raises
    ------
    InputError
        If a place is not on the globe, or a country is unknown.

    Examples
    --------
    >>> found = distance("52.37,4.90", "52.09,5.12")
    >>> round(found.distance_km, 1)
    34.7
    """
    here, there = read_place(one, "first place"), read_place(other, "second place")
    km = distance_km(here, there)
    found = []
    for peril, known in peril_reaches().items():
        shapes = shapes_of(peril)
        if shapes is None or known.like is not None:
            continue
        item = PerilDistance(
            peril=peril,
            probability=joint_hit_probability(peril, km),
            interval=joint_hit_interval(peril, km),
            far_km=_far(shapes),
            here=hit_rate(peril, here),
            there=hit_rate(peril, there),
            grade=_grade(peril),
        )
        found.append(item)
    found += _by_country(countries_of, here, there)
    found.sort(key=lambda item: -item.probability)
    return Distance(here, there, km, tuple(found))


def _by_country(
    codes: tuple[str, str] | None, here: tuple[float, float], there: tuple[float, float]
) -> list[PerilDistance]:
    if codes is None:
        return []
    for code in codes:
        if code not in countries():
            raise InputError(
                f"distance: unknown country '{code}'; expects two-letter codes of ISO 3166 such as "
                "'NL'"
            )
    same = float(codes[0] == codes[1])
    return [
        PerilDistance(
            peril, same, None, None, hit_rate(peril, here), hit_rate(peril, there), _grade(peril)
        )
        for peril, known in peril_reaches().items()
        if known.reach == "country"
    ]


def _grade(peril: str) -> str:
    """Return the grade of a peril's reach, or of what stands for it."""
    sources = peril_reaches()[peril].sources
    return next((s.grade for s in sources if s.key == "reach"), sources[0].grade)


def _far(shapes: Footprints) -> float:
    """Return from which distance on fewer than 1 % of hits are joint: the chance only falls."""
    from scipy.optimize import brentq

    return float(brentq(lambda km: pair_chance(shapes, km) - _FAR, 0.0, shapes.reach_km + 1e-9))
