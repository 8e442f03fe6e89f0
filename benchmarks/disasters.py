"""The catalogues of disasters, read as the areas that they swept.

Files in DATA, and where they come from: tornado_spc_1950_2018.parquet (NOAA Storm Prediction
Center), earthquakes_usgs_m6_1900_2023.parquet (USGS ComCat), hurdat2_al_ep_to_2019.parquet (NOAA
HURDAT2), floods_hanze_v2_1_2_europe_1870_2020.csv (Paprotny et al., HANZE v2.1.2, CC BY 4.0).

References
----------
.. [1] Atkinson, Wald, "Did You Feel It? intensity data", Seismological Research Letters 78(3),
   2007: intensity by magnitude and distance, California.
.. [2] Wells, Coppersmith, "New empirical relationships among magnitude, rupture length...", BSSA
   84(4), 1994: subsurface rupture length, all kinds of slip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

TORNADO_YEARS, EARTHQUAKE_YEARS, CYCLONE_YEARS = (1995, 2018), (1973, 2023), (2004, 2019)
KM_PER_MILE = 1.852
EARTH_KM = 6371.0


@dataclass(frozen=True)
class Rectangles:
    """Events that each sweep a rectangle, turned at random."""

    length: Array
    width: Array

    @property
    def area(self) -> Array:
        return self.length * self.width

    def overlap(self, distance: float) -> Array:
        """Mean area, over directions, that an event shares with itself moved by a distance."""
        angles = (np.arange(2000) + 0.5) / 2000 * np.pi / 2.0
        x = np.maximum(self.length[:, None] - distance * np.cos(angles), 0.0)
        return np.asarray(
            (x * np.maximum(self.width[:, None] - distance * np.sin(angles), 0)).mean(1)
        )

    def sample(self, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        """Return hit places: which event, and where in it."""
        which = rng.choice(len(self.area), count, p=self.area / self.area.sum())
        size = np.stack([self.length[which], self.width[which]], 1)
        return which, (rng.random((count, 2)) - 0.5) * size

    def covers(self, which: Array, places: Array) -> NDArray[np.bool_]:
        across = np.abs(places[:, 1]) <= self.width[which] / 2.0
        return np.asarray((np.abs(places[:, 0]) <= self.length[which] / 2.0) & across)


@dataclass(frozen=True)
class Discs:
    """Events that each cover a disc."""

    radius: Array

    @property
    def area(self) -> Array:
        return np.pi * self.radius**2

    def overlap(self, distance: float) -> Array:
        q = np.minimum(distance / (2.0 * self.radius), 1.0)
        return 2.0 * self.radius**2 * (np.arccos(q) - q * np.sqrt(1.0 - q * q))

    def sample(self, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        which = rng.choice(len(self.radius), count, p=self.area / self.area.sum())
        r, angle = self.radius[which] * np.sqrt(rng.random(count)), rng.random(count) * 2 * np.pi
        return which, np.stack([r * np.cos(angle), r * np.sin(angle)], 1)

    def covers(self, which: Array, places: Array) -> NDArray[np.bool_]:
        return np.asarray((places**2).sum(1) <= self.radius[which] ** 2)


@dataclass(frozen=True)
class Storm:
    """A track on a plane about its middle, with the wind radii of four quadrants."""

    x: Array
    y: Array
    radii: Array

    def covers(self, places: Array) -> NDArray[np.bool_]:
        found = np.zeros(len(places), bool)
        for first in range(0, len(places), 4000):
            part = places[first : first + 4000]
            dx, dy = part[:, 0, None] - self.x, part[:, 1, None] - self.y
            quadrant = np.where(dx >= 0, np.where(dy >= 0, 0, 1), np.where(dy >= 0, 3, 2))
            reach = self.radii[np.arange(len(self.x)), quadrant]
            found[first : first + 4000] = (dx * dx + dy * dy <= reach**2).any(1)
        return found


def tornadoes(data: Path) -> tuple[Rectangles, pd.DataFrame]:
    """Return tornadoes of EF2 and more: path length times greatest width."""
    table = pd.read_parquet(data / "tornado_spc_1950_2018.parquet")
    year = pd.to_datetime(table["date"]).dt.year
    table = table[year.between(*TORNADO_YEARS) & (table["ef"] >= 2) & (table["wid_m"] > 0)]
    table = table[table["len_km"] > 0]
    return Rectangles(table["len_km"].to_numpy(), table["wid_m"].to_numpy() / 1000.0), table


def damage_radius(magnitude: float, intensity: float) -> float:
    """Radius of the disc as large as all within reach of a rupture line, 0 if none. [km]"""
    distance = np.arange(0.0, 600.0, 0.05)
    slant = np.hypot(distance, 14.0)
    bend = np.maximum(np.log10(slant / 30.0), 0.0)
    excess = magnitude - 6.0
    felt = (
        12.27 + 2.27 * excess + 0.1304 * excess**2 - 1.30 * np.log10(slant) - 0.000707 * slant
        + 1.95 * bend - 0.577 * magnitude * np.log10(slant)
    )  # fmt: skip
    if felt[0] < intensity:
        return 0.0
    reach = distance[felt >= intensity].max()
    rupture = 10.0 ** (-2.44 + 0.59 * magnitude)
    return float(np.sqrt(reach**2 + 2.0 * reach * rupture / np.pi))


def earthquakes(data: Path, intensity: float) -> tuple[Discs, pd.DataFrame]:
    """Return shallow earthquakes that somewhere reach an intensity (modified Mercalli)."""
    table = pd.read_parquet(data / "earthquakes_usgs_m6_1900_2023.parquet")
    year = table["time"].str[:4].astype(int)
    table = table[year.between(*EARTHQUAKE_YEARS) & (table["depth"] <= 70.0)]
    known = {m: damage_radius(m, intensity) for m in table["mag"].round(1).unique()}
    table = table.assign(radius=table["mag"].round(1).map(known))
    table = table[table["radius"] > 0.0]
    return Discs(table["radius"].to_numpy()), table


def floods(data: Path) -> Discs:
    """Return damaging floods of Europe whose area is known, as discs."""
    table = pd.read_csv(data / "floods_hanze_v2_1_2_europe_1870_2020.csv")
    area = table["Area flooded"].dropna()
    return Discs(np.sqrt(area[area > 0].to_numpy() / np.pi))


def cyclone_points(data: Path, knots: int) -> Iterator[tuple[Array, Array, Array]]:
    """Yield each storm's track by half hours: latitude, longitude, radii in km by quadrant."""
    table = pd.read_parquet(data / "hurdat2_al_ep_to_2019.parquet")
    table = table[pd.to_datetime(table["datetime"]).dt.year.between(*CYCLONE_YEARS)]
    quadrants = [f"{side}{knots}" for side in ("ne", "se", "sw", "nw")]
    for _, track in table.groupby("key"):
        track = track.dropna(subset=["lat", "lon"]).sort_values("datetime")
        radii = track[quadrants].fillna(0).to_numpy(np.float64) * KM_PER_MILE
        if not (radii > 0).any():
            continue
        when = pd.to_datetime(track["datetime"])
        hours = (when - when.iloc[0]).dt.total_seconds().to_numpy() / 3600.0
        fine = np.arange(0.0, hours[-1] + 0.01, 0.5)
        lat, lon = (
            np.interp(fine, hours, track[key].to_numpy(np.float64)) for key in ("lat", "lon")
        )
        reach = np.stack([np.interp(fine, hours, radii[:, k]) for k in range(4)], 1)
        windy = reach.max(1) > 0.0
        if windy.any():
            yield lat[windy], lon[windy], reach[windy]


def to_plane(lat: Array, lon: Array, lat0: float, lon0: float) -> tuple[Array, Array]:
    """Azimuthal equidistant projection about a place. [km]"""
    p, q, p0 = np.radians(lat), np.radians(lon - lon0), np.radians(lat0)
    cosine = np.sin(p0) * np.sin(p) + np.cos(p0) * np.cos(p) * np.cos(q)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    scale = EARTH_KM * np.where(angle > 1e-9, angle / np.sin(np.maximum(angle, 1e-9)), 1.0)
    north = np.cos(p0) * np.sin(p) - np.sin(p0) * np.cos(p) * np.cos(q)
    return scale * np.cos(p) * np.sin(q), scale * north


def storms(data: Path, knots: int) -> list[Storm]:
    """Return the tropical cyclones whose winds reach so many knots."""
    found = []
    for lat, lon, radii in cyclone_points(data, knots):
        x, y = to_plane(lat, lon, float(lat.mean()), float(lon.mean()))
        found.append(Storm(x, y, radii))
    return found
