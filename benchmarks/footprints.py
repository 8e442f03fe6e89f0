"""Footprints, kernels and counts from the event catalogues: ``make footprints DATA=path``.

Reads catalogues that are not part of this repository and writes what is computed from them:

- ``data/footprints.csv``: shapes that stand for the events of a peril, with their shares of hits;
- ``data/kernels.csv``: chance that a second place is hit, by distance, with its sampling error;
- ``data/hit_rates.csv``: how often a place lies in a footprint, by cell of a grid;
- ``tests/riskmodel/samples/joint_hits.csv``: direct counts for pairs and triples of places.

`benchmarks.disasters` says which files DATA holds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.disasters import (
    CYCLONE_YEARS,
    EARTH_KM,
    EARTHQUAKE_YEARS,
    TORNADO_YEARS,
    Array,
    Discs,
    Rectangles,
    Storm,
    cyclone_points,
    earthquakes,
    floods,
    storms,
    to_plane,
    tornadoes,
)

PAIRS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.5, 5.0, 7.0, 10.0, 14.0, 20.0, 30.0, 37.0, 50.0, 60.0,
         75.0, 85.0, 100.0, 120.0, 150.0, 170.0, 200.0, 250.0, 300.0, 350.0, 400.0, 450.0, 500.0,
         600.0, 750.0, 900.0, 1000.0, 1250.0, 1500.0, 2000.0)  # fmt: skip
# places B and C seen from A, for a distance of 1, along a direction taken at random
TRIPLES = {
    "line": ((1.0, 0.0), (2.0, 0.0)),
    "triangle": ((1.0, 0.0), (0.5, 3**0.5 / 2.0)),
    "corner": ((1.0, 0.0), (0.0, 1.0)),
    "far third": ((0.2, 0.0), (0.0, 1.0)),
}
NONE_SEEN = 3.69  # upper 95 % limit of a Poisson mean of which no event was seen, two-sided
CELL_DEGREES = {"tornado": 2.0, "earthquake": 3.0, "hurricane": 3.0}


def turned(offset: tuple[float, float], distance: float, angle: Array) -> Array:
    x, y = offset[0] * distance, offset[1] * distance
    return np.stack(
        [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], 1
    )


def kernel_rows(peril: str, overlaps: Callable[[float], Array], area: Array) -> Iterator[list[Any]]:
    """Yield distance, chance, and its 95 % interval over which events the catalogue holds."""
    for distance in (0.0, *PAIRS):
        shared = overlaps(distance) if distance else area
        chance = shared.sum() / area.sum()
        error = np.sqrt(((shared - chance * area) ** 2).sum()) / area.sum()
        low, high = max(chance - 1.96 * error, 0.0), min(chance + 1.96 * error, 1.0)
        if chance == 0.0:  # none of so many events of like size reached so far
            high = NONE_SEEN * (area**2).sum() / area.sum() ** 2
        yield [peril, distance, round(chance, 6), round(low, 6), round(high, 6)]


def simple_counts(
    peril: str, events: Rectangles | Discs, reach: tuple[float, ...]
) -> Iterator[list[Any]]:
    """Yield direct counts of pairs and triples of places among half a million hits."""
    rng = np.random.default_rng(20260101)
    count = 500_000
    for shape, distance in ((s, d) for s in ("pair", *TRIPLES) for d in reach):
        which, hit = events.sample(rng, count)
        angle = rng.random(count) * 2.0 * np.pi
        offsets = ((1.0, 0.0),) if shape == "pair" else TRIPLES[shape]
        all_hit = np.ones(count, bool)
        for offset in offsets:
            all_hit &= events.covers(which, hit + turned(offset, distance, angle))
        share = all_hit.mean()
        yield [
            peril,
            shape,
            distance,
            round(share, 7),
            round((share * (1 - share) / count) ** 0.5, 7),
        ]


def storm_counts(
    tracks: list[Storm], reach: tuple[float, ...], hits: int
) -> tuple[dict[tuple[str, float], Array], int]:
    """Count, by storm, hits (in area) alone, in pairs, in triples; and how many there were."""
    rng = np.random.default_rng(20260102)
    boxes = []
    for storm in tracks:
        margin = storm.radii.max()
        low = np.array([storm.x.min(), storm.y.min()]) - margin
        boxes.append((low, np.array([storm.x.max(), storm.y.max()]) + margin))
    total = sum(float(np.prod(high - low)) for low, high in boxes)
    keys = [("alone", 0.0), *(("pair", d) for d in PAIRS if d >= 1.0)]
    keys += [(shape, d) for shape in TRIPLES for d in reach]
    found = {key: np.zeros(len(tracks)) for key in keys}
    seen = 0
    for k, (storm, (low, high)) in enumerate(zip(tracks, boxes, strict=True)):
        box = float(np.prod(high - low))
        count = int(hits * box / total) + 400
        places = low + (high - low) * rng.random((count, 2))
        hit = places[storm.covers(places)]
        worth = box / count
        found["alone", 0.0][k] = len(hit) * worth
        seen += len(hit)
        for shape, distance in keys[1:]:
            angle = rng.random(len(hit)) * 2.0 * np.pi
            rest = np.ones(len(hit), bool)
            for offset in ((1.0, 0.0),) if shape == "pair" else TRIPLES[shape]:
                rest[rest] &= storm.covers((hit + turned(offset, distance, angle))[rest])
            found[shape, distance][k] = rest.sum() * worth
    return found, seen


def rectangle_kernel(length: Array, width: Array, distance: float) -> Array:
    return Rectangles(length, width).overlap(distance) / (length * width)


def fitted(chances: dict[tuple[str, float], float]) -> list[tuple[float, float, float]]:
    """Return rectangles (length, width, share of hits) whose chances fit: curved swaths have none.

    Least squares with shares >= 0, of relative errors, on pairs and triples.
    """
    from scipy.optimize import nnls

    sides = np.geomspace(20.0, 6000.0, 26)
    shapes = [(a, b) for a in sides for b in sides if b <= a and b <= 1500.0]
    length, width = np.array(shapes).T
    rng = np.random.default_rng(20260103)
    unit, angle = rng.random((20_000, 2)) - 0.5, rng.random(20_000) * 2.0 * np.pi
    rows, values = [np.ones(len(shapes)) * 1e4], [1e4]
    for (shape, distance), chance in chances.items():
        if chance < 0.003 or shape == "alone":
            continue
        if shape in ("pair", "line"):
            # what holds both ends of a line holds its middle, if it is convex
            row = rectangle_kernel(length, width, distance if shape == "pair" else 2.0 * distance)
        else:
            row = np.zeros(len(shapes))
            moves = [turned(offset, distance, angle) for offset in TRIPLES[shape]]
            for k, (a, b) in enumerate(shapes):
                inside = np.ones(len(unit), bool)
                for move in moves:
                    place = unit * (a, b) + move
                    inside &= (np.abs(place[:, 0]) <= a / 2.0) & (np.abs(place[:, 1]) <= b / 2.0)
                row[k] = inside.mean()
        weight = (2.0 if shape in ("pair", "line") else 1.0) / max(chance, 0.05)
        rows.append(row * weight)
        values.append(chance * weight)
    shares, _ = nnls(np.array(rows), np.array(values))
    kept = [(a, b, s) for (a, b), s in zip(shapes, shares, strict=True) if s > 1e-5]
    whole = sum(s for *_, s in kept)
    return [(a, b, s / whole) for a, b, s in kept]


def binned(size: Array, area: Array, factor: float) -> NDArray[np.int64]:
    return np.floor(np.log(size) / np.log(factor)).astype(np.int64)


def shape_rows(peril: str, events: Rectangles | Discs) -> Iterator[list[Any]]:
    """Yield few shapes for many events: those of like size are one, of their mean size by area."""
    share = events.area / events.area.sum()
    if isinstance(events, Discs):
        keys = pd.DataFrame({"k": binned(events.radius, events.area, 1.12)})
        for rows in keys.groupby("k").indices.values():
            diameter = 2.0 * np.average(events.radius[rows], weights=share[rows])
            yield [peril, "disc", f"{diameter:.5g}", f"{diameter:.5g}", f"{share[rows].sum():.6g}"]
        return
    keys = pd.DataFrame({"l": binned(events.length, events.area, 1.5),
                         "w": binned(events.width, events.area, 1.5)})  # fmt: skip
    for rows in keys.groupby(["l", "w"]).indices.values():
        length = np.average(events.length[rows], weights=share[rows])
        width = np.average(events.width[rows], weights=share[rows])
        yield [peril, "rectangle", f"{length:.5g}", f"{width:.5g}", f"{share[rows].sum():.6g}"]


def judged_shapes() -> Iterator[list[Any]]:
    """Yield footprints that are judgements: no catalogue of these perils is at hand."""
    # a fire takes its building (10 m across); 0.0562 of hits are of fires that take what stands
    # within 40 m, so that a neighbour at 15 m burns too with a chance of 0.03 (0.02 to 0.05)
    yield ["fire", "disc", "0.01", "0.01", "0.9438"]
    yield ["fire", "disc", "0.04", "0.04", "0.0562"]
    # wildfires are 1 to 50 km across, every size (in its logarithm) as often as any other
    sizes = np.geomspace(1.0, 50.0, 25)
    shares = sizes**2 / (sizes**2).sum()
    for size, share in zip(sizes, shares, strict=True):
        yield ["wildfire", "disc", f"{size:.5g}", f"{size:.5g}", f"{share:.6g}"]


def rate_rows(data: Path) -> Iterator[list[Any]]:
    """Yield how often a place in each cell of a grid lies in a footprint, with its interval.

    The area that all events cover in a cell, over its own area and the years; the interval is of
    a Poisson count. Empty cells of what a catalogue covers share one row without a place: its upper
    end is as if each event missed them by luck.
    """
    _, paths = tornadoes(data)
    count = np.maximum(np.ceil(paths["len_km"].to_numpy()), 1).astype(int)
    rows = np.repeat(np.arange(len(paths)), count)
    along = (np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[
        rows
    ]
    ends = {key: np.where(paths[f"e{key}"] == 0, paths[f"s{key}"], paths[f"e{key}"])
            for key in ("lat", "lon")}  # fmt: skip
    lat, lon = (
        paths[f"s{key}"].to_numpy()[rows] * (1 - along) + ends[key][rows] * along
        for key in ("lat", "lon")
    )
    swept = (paths["len_km"] * paths["wid_m"] / 1000.0).to_numpy()[rows] / count[rows]
    yield from _cells("tornado", lat, lon, swept, rows, TORNADO_YEARS)

    events, quakes = earthquakes(data, 8.0)
    # epicentres are known, ruptures are not: each event is spread over discs of 1.5 degrees
    spread = [
        (r * np.cos(t), r * np.sin(t))
        for r in (0.4, 0.8, 1.2, 1.5)
        for t in np.arange(12) * np.pi / 6
    ]
    rows = np.repeat(np.arange(len(quakes)), len(spread))
    dx, dy = np.tile(np.array(spread), (len(quakes), 1)).T
    lat = np.clip(quakes["latitude"].to_numpy()[rows] + dy, -89.9, 89.9)
    lon = quakes["longitude"].to_numpy()[rows] + dx / np.cos(np.radians(lat))
    yield from _cells(
        "earthquake", lat, lon, events.area[rows] / len(spread), rows, EARTHQUAKE_YEARS
    )

    size = CELL_DEGREES["hurricane"]
    steps = (np.arange(6) + 0.5) / 6.0 * size
    hits: dict[tuple[float, float], float] = {}
    shares = []
    for lat, lon, radii in cyclone_points(data, 64):
        edge = radii.max() / 111.0
        lows = np.arange(np.floor((lat.min() - edge) / size) * size, lat.max() + edge, size)
        wide = edge / np.cos(np.radians(np.abs(lat).max() + edge))
        lefts = np.arange(np.floor((lon.min() - wide) / size) * size, lon.max() + wide, size)
        for low in lows:
            for left in lefts:
                grid = np.stack(np.meshgrid(low + steps, left + steps), -1).reshape(-1, 2)
                x, y = to_plane(lat, lon, low + size / 2, left + size / 2)
                px, py = to_plane(grid[:, 0], grid[:, 1], low + size / 2, left + size / 2)
                share = Storm(x, y, radii).covers(np.stack([px, py], 1)).mean()
                if share:
                    shares.append(share)
                    key = (low + size / 2, (left + size / 2 + 180.0) % 360.0 - 180.0)
                    hits[key] = hits.get(key, 0.0) + share
    years = CYCLONE_YEARS[1] - CYCLONE_YEARS[0] + 1
    yield ["hurricane", "", "", 0, 0, f"{NONE_SEEN * np.mean(shares) / years:.3g}"]
    for (low, left), seen in sorted(hits.items()):
        yield ["hurricane", low, left, *_rate(seen / years, seen)]


def _cells(
    peril: str, lat: Array, lon: Array, covered: Array, event: Array, years: tuple[int, int]
) -> Iterator[list[Any]]:
    size = CELL_DEGREES[peril]
    table = pd.DataFrame({
        "lat": (np.floor(lat / size) + 0.5) * size,
        "lon": (np.floor(((lon + 180.0) % 360.0 - 180.0) / size) + 0.5) * size,
        "covered": covered, "event": event,
    })  # fmt: skip
    whole = (size * np.pi / 180.0 * EARTH_KM) ** 2
    typical = table.groupby("event")["covered"].sum().mean() / (0.75 * whole)
    high = NONE_SEEN * typical / (years[1] - years[0] + 1)
    yield [peril, "", "", 0, 0, f"{high:.3g}"]
    for (low, left), rows in table.groupby(["lat", "lon"]):
        km2 = whole * np.cos(np.radians(low))
        by_event = rows.groupby("event")["covered"].sum()
        rate = by_event.sum() / km2 / (years[1] - years[0] + 1)
        # events of unlike size: as many of like size as would vary alike
        alike = by_event.sum() ** 2 / (by_event**2).sum()
        yield [peril, low, left, *_rate(rate, alike)]


def _rate(rate: float, count: float) -> tuple[str, str, str]:
    """Return a rate with the exact 95 % interval of a Poisson count. [1/year]."""
    from scipy.stats import chi2

    low, high = chi2.ppf(0.025, 2 * count) / 2.0, chi2.ppf(0.975, 2 * count + 2) / 2.0
    return f"{rate:.3g}", f"{rate * low / count:.3g}", f"{rate * high / count:.3g}"


def main() -> None:
    """Compute and write all tables."""
    data, root = Path(sys.argv[1]), Path(__file__).parent.parent
    shapes: list[list[Any]] = []
    kernels: list[list[Any]] = []
    counts: list[list[Any]] = []
    simple: dict[str, tuple[Rectangles | Discs, tuple[float, ...]]] = {
        "tornado": (tornadoes(data)[0], (0.3, 1.5, 7.0, 14.0, 37.0)),
        "earthquake": (earthquakes(data, 8.0)[0], (7.0, 37.0, 85.0, 170.0, 250.0)),
        "earthquake-mmi7": (earthquakes(data, 7.0)[0], (7.0, 37.0, 85.0, 170.0, 250.0)),
        "flood": (floods(data), (1.5, 7.0, 14.0, 37.0, 60.0)),
    }
    for peril, (events, reach) in simple.items():
        print(peril, len(events.area), "events", file=sys.stderr)
        shapes += shape_rows(peril, events)
        kernels += kernel_rows(peril, events.overlap, events.area)
        counts += simple_counts(peril, events, reach)
    for peril, knots in (("hurricane", 64), ("tropical-cyclone", 50), ("tropical-storm", 34)):
        tracks = storms(data, knots)
        print(peril, len(tracks), "storms", file=sys.stderr)
        reach = (37.0, 85.0, 170.0, 350.0, 600.0)
        found, seen = storm_counts(tracks, reach, 600_000 if knots == 64 else 200_000)
        alone = found["alone", 0.0]
        chances = {key: float(rows.sum() / alone.sum()) for key, rows in found.items()}
        shapes += [
            [peril, "rectangle", f"{a:.5g}", f"{b:.5g}", f"{s:.6g}"] for a, b, s in fitted(chances)
        ]
        overlaps = {d: found.get(("pair", d), alone) for d in PAIRS}
        kernels += (row for row in kernel_rows(peril, overlaps.__getitem__, alone)
                    if not 0.0 < row[1] < 1.0)  # fmt: skip
        for (shape, distance), chance in chances.items():
            if shape == "alone" or (
                shape == "pair" and distance not in (37, 60, 85, 120, 170, 250, 350, 600, 900)
            ):
                continue
            error = np.sqrt(chance * (1.0 - chance) / seen)
            counts.append([peril, shape, distance, round(chance, 6), round(error, 6)])
    shapes += judged_shapes()
    _write(root / "data" / "footprints.csv", "peril,shape,length_km,width_km,share_of_hits", shapes)
    _write(root / "data" / "kernels.csv", "peril,distance_km,probability,low,high", kernels)
    rates = list(rate_rows(data))
    _write(root / "data" / "hit_rates.csv", "peril,lat,lon,per_year,low,high", rates)
    samples = root / "tests" / "riskmodel" / "samples"
    samples.mkdir(exist_ok=True)
    _write(samples / "joint_hits.csv", "peril,places,distance_km,probability,error", counts)


def _write(path: Path, header: str, rows: list[list[Any]]) -> None:
    lines = [header, *(",".join(str(value) for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
