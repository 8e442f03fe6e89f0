"""Which places one disaster hits together: against areas on a lattice, and against catalogues."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from benchmarks.disasters import damage_radius
from riskmodel._footprints import Footprints, footprints, hit_sets, pair_chance, plane_of

SAMPLES = Path(__file__).parent / "samples"
NONE = np.zeros(0)
# column of the table by peril
KERNELS = {
    "tornado": 1,
    "earthquake": 2,
    "earthquake-mmi7": 3,
    "hurricane": 4,
    "tropical-cyclone": 5,
    "tropical-storm": 6,
    "flood": 7,
}
PLACES = {
    "line": ((0.0, 0.0), (1.0, 0.0), (2.0, 0.0)),
    "triangle": ((0.0, 0.0), (1.0, 0.0), (0.5, 3**0.5 / 2.0)),
    "corner": ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)),
    "far third": ((0.0, 0.0), (0.2, 0.0), (0.0, 1.0)),
}


def discs(*diameters: float) -> Footprints:
    shares = np.full(len(diameters), 1.0 / len(diameters))
    return Footprints(np.array(diameters), shares, NONE, NONE, NONE)


def rectangles(*sides: tuple[float, float]) -> Footprints:
    length, width = np.array(sides).T
    return Footprints(NONE, NONE, length, width, np.full(len(sides), 1.0 / len(sides)))


def on_a_lattice(
    shapes: Footprints, points: np.ndarray, steps: int, turns: int
) -> dict[int, float]:
    """The plain way: put each shape at every place of a lattice, turned, and see what it holds."""
    found: dict[int, float] = defaultdict(float)
    for diameter, share in zip(shapes.diameters, shapes.disc_shares, strict=True):
        area = math.pi * diameter**2 / 4.0
        low, high = points.min(0) - diameter, points.max(0) + diameter
        x, y = (low[k] + (high[k] - low[k]) * (np.arange(steps) + 0.5) / steps for k in (0, 1))
        cell = np.prod((high - low) / steps)
        for a in x:
            held = (a - points[:, 0]) ** 2 + (y[:, None] - points[:, 1]) ** 2 < diameter**2 / 4.0
            for mask in held @ (1 << np.arange(len(points))):
                found[int(mask)] += share * cell / area
    for length, width, share in zip(
        shapes.lengths, shapes.widths, shapes.rectangle_shares, strict=True
    ):
        for angle in (np.arange(turns) + 0.5) / turns * math.pi:
            turn = np.array(
                [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
            )
            seen = points @ turn
            sides = np.array([length, width])
            low, high = seen.min(0) - sides, seen.max(0) + sides
            x, y = (low[k] + (high[k] - low[k]) * (np.arange(steps) + 0.5) / steps for k in (0, 1))
            cell = np.prod((high - low) / steps)
            beside = np.abs(x[:, None] - seen[:, 0]) < length / 2.0
            above = np.abs(y[:, None] - seen[:, 1]) < width / 2.0
            bits = 1 << np.arange(len(points))
            masks = (beside @ bits)[:, None] & (above @ bits)[None, :]
            for mask, count in zip(*np.unique(masks, return_counts=True), strict=True):
                found[int(mask)] += share * count * cell / (length * width) / turns
    return {mask: area for mask, area in found.items() if mask}


SCATTERED = np.array([(0.0, 0.0), (3.0, 1.0), (1.0, 4.0), (5.0, 5.0)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shapes", "steps", "turns", "allowed"),
    [
        (discs(4.5, 9.0), 1500, 1, 3e-4),
        (rectangles((8.0, 2.0), (5.0, 5.0)), 700, 720, 3e-4),
    ],
)
def test_sets_of_four_places_match_a_lattice(
    shapes: Footprints, steps: int, turns: int, allowed: float
) -> None:
    expected = on_a_lattice(shapes, SCATTERED, steps, turns)
    found = hit_sets(shapes, SCATTERED)
    assert len(found) > 8
    for mask in expected.keys() | found.keys():
        assert found.get(mask, 0.0) == pytest.approx(expected.get(mask, 0.0), abs=allowed)


def test_two_discs_overlap_in_a_lens() -> None:
    # half the diameter apart: 2/pi (acos(1/2) - sqrt(3)/4)
    expected = 2.0 / math.pi * (math.pi / 3.0 - math.sqrt(3.0) / 4.0)
    assert pair_chance(discs(10.0), 5.0) == pytest.approx(expected, rel=1e-14)
    sets = hit_sets(discs(10.0), np.array([(0.0, 0.0), (3.0, 4.0)]))
    assert sets[3] == pytest.approx(expected, rel=1e-6)


def test_a_square_moved_along_any_direction() -> None:
    # the mean of (1 - d |cos|)(1 - d |sin|) over directions, d below 1: 1 - 4 d/pi + d^2/pi
    for d in (0.0, 0.1, 0.7, 1.0):
        expected = 1.0 - 4.0 * d / math.pi + d * d / math.pi
        assert pair_chance(rectangles((1.0, 1.0)), d) == pytest.approx(expected, rel=1e-13)
    # beyond its diagonal nothing is shared, just before it nearly nothing
    assert pair_chance(rectangles((1.0, 1.0)), 1.4143) == 0.0
    assert 0.0 < pair_chance(rectangles((1.0, 1.0)), 1.41) < 1e-4


@pytest.mark.parametrize("peril", sorted(footprints()))
def test_pairs_of_a_set_are_the_kernel(peril: str) -> None:
    shapes = footprints()[peril]
    for d in (0.001, 0.02, 0.3, 5.0, 80.0, 700.0):
        points = np.array([(0.0, 0.0), (d, 0.0), (0.3 * d, 0.6 * d)])
        sets = hit_sets(shapes, points)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            both = sum(share for mask, share in sets.items() if mask >> i & 1 and mask >> j & 1)
            apart = float(np.hypot(*(points[i] - points[j])))
            assert both == pytest.approx(pair_chance(shapes, apart), abs=1e-6)


@pytest.mark.parametrize("peril", sorted(footprints()))
def test_marginals_are_kept_and_nothing_is_negative(peril: str) -> None:
    rng = np.random.default_rng(7)
    shapes = footprints()[peril]
    for count in (1, 2, 4, 6):
        points = rng.normal(size=(count, 2)) * shapes.reach_km / 8.0
        sets = hit_sets(shapes, points)
        assert min(sets.values()) > 0.0
        for i in range(count):
            here = sum(share for mask, share in sets.items() if mask >> i & 1)
            assert here == pytest.approx(1.0, abs=1e-12)


def test_places_at_one_spot_are_hit_as_one() -> None:
    points = np.array([(2.0, 3.0), (2.0, 3.0), (9000.0, 0.0)])
    for shapes in footprints().values():
        sets = hit_sets(shapes, points)
        assert sets[0b011] == pytest.approx(1.0, abs=1e-6)
        assert sets[0b100] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("peril", KERNELS)
def test_kernels_match_the_published_table(peril: str) -> None:
    with (SAMPLES / "joint_hit_kernel_by_distance.csv").open(encoding="utf-8") as file:
        rows = [tuple(map(float, row)) for row in list(csv.reader(file))[1:]]
    assert len(rows) == 23
    for row in rows:
        expected = row[KERNELS[peril]]
        found = pair_chance(footprints()[peril], row[0])
        assert found == pytest.approx(expected, rel=0.05, abs=0.01), row[0]


def counts() -> list[tuple[str, str, float, float]]:
    with (SAMPLES / "joint_hits.csv").open(encoding="utf-8") as file:
        return [
            (row["peril"], row["places"], *(float(row[k]) for k in ("distance_km", "probability")))
            for row in csv.DictReader(file)
        ]  # fmt: skip


@pytest.mark.parametrize("peril", KERNELS)
def test_pairs_and_triples_match_counts_in_the_catalogues(peril: str) -> None:
    seen = set()
    for own, places, distance, expected in counts():
        if own != peril:
            continue
        shapes = footprints()[peril]
        if places == "pair":
            found = pair_chance(shapes, distance)
        else:
            sets = hit_sets(shapes, np.array(PLACES[places]) * distance)
            found = sets.get(7, 0.0)
        assert found == pytest.approx(expected, rel=0.05, abs=0.01), (places, distance)
        seen.add((places, distance))
    assert len(seen) > 20


def test_three_distances_are_kept_on_the_plane() -> None:
    points = plane_of(np.array([(0.0, 3.0, 4.0), (3.0, 0.0, 5.0), (4.0, 5.0, 0.0)]))
    for i, j, apart in ((0, 1, 3.0), (0, 2, 4.0), (1, 2, 5.0)):
        assert np.hypot(*(points[i] - points[j])) == pytest.approx(apart, rel=1e-12)
    assert plane_of(np.zeros((1, 1))).tolist() == [[0.0, 0.0]]


def test_damage_radii_of_earthquakes() -> None:
    # data of the same law: km by magnitude, for intensity VIII and VII
    for magnitude, eight, seven in ((7.0, 21, 35), (7.5, 42, 66), (8.0, 79, 118), (8.5, 143, 203)):
        assert damage_radius(magnitude, 8.0) == pytest.approx(eight, abs=1.5)
        assert damage_radius(magnitude, 7.0) == pytest.approx(seven, abs=1.0)
    assert damage_radius(6.5, 8.0) == 0.0
