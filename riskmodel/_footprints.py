"""Footprints of disasters: which of several places one event hits together.

A peril's events are a random mixture of discs and rectangles that fall anywhere, turned any way.
Everything follows from areas: of all hits at a place, how many have their centre where the
footprint holds just these other places too. So no share can be negative, and every place is hit
as often as any other.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from riskmodel._data import data_folder

__all__ = ["Footprints", "clusters", "footprints", "hit_sets", "pair_chance", "plane_of"]

_Array = NDArray[np.float64]
_FEW = 3  # places; with more, panels are so narrow that few nodes do
_CELLS = 2_000_000  # worked on at once
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class Footprints:
    """The shapes of one peril's events.

    Parameters
    ----------
    diameters, disc_shares : ndarray
        Discs, and the share of all hits at a place that come from each. [km]
    lengths, widths, rectangle_shares : ndarray
        The same for rectangles. [km]
    """

    diameters: _Array
    disc_shares: _Array
    lengths: _Array
    widths: _Array
    rectangle_shares: _Array

    @property
    def reach_km(self) -> float:
        """Distance beyond which no two places are ever hit together. [km]."""
        across = np.hypot(self.lengths, self.widths)
        return float(max(self.diameters.max(initial=0.0), across.max(initial=0.0)))


@cache
def footprints() -> dict[str, Footprints]:
    """Return the perils whose events reach beyond one building, and the shapes of these events."""
    rows: dict[str, dict[str, list[tuple[float, float, float]]]] = {}
    with (data_folder() / "footprints.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            shapes = rows.setdefault(row["peril"], {"disc": [], "rectangle": []})
            shape = float(row["length_km"]), float(row["width_km"]), float(row["share_of_hits"])
            shapes[row["shape"]].append(shape)
    found = {}
    for peril, shapes in rows.items():
        discs = np.array(shapes["disc"]).reshape(-1, 3)
        rectangles = np.array(shapes["rectangle"]).reshape(-1, 3)
        whole = discs[:, 2].sum() + rectangles[:, 2].sum()
        found[peril] = Footprints(
            discs[:, 0],
            discs[:, 2] / whole,
            rectangles[:, 0],
            rectangles[:, 1],
            rectangles[:, 2] / whole,
        )
    return found


def pair_chance(shapes: Footprints, distance_km: float) -> float:
    """Return the chance that a second place is hit, given that a first one is.

    Parameters
    ----------
    shapes : Footprints
        Of the peril.
    distance_km : float
        Between the two. [km]

    Returns
    -------
    float
        Areas of discs that overlap, and of rectangles averaged over direction, both in closed form.

    References
    ----------
    .. [1] Matheron, "Random Sets and Integral Geometry", Wiley 1975, section 4.3: the geometric
       covariogram.
    """
    d = distance_km
    part = np.minimum(d / shapes.diameters, 1.0)
    discs = 2.0 / math.pi * (np.arccos(part) - part * np.sqrt(1.0 - part * part))
    a, b = shapes.lengths, shapes.widths
    # mean of (a - d cos t)(b - d sin t) over the directions t in which both are above zero
    first, last = np.zeros(len(a)), np.full(len(a), 0.5 * math.pi)
    if d > 0.0:
        first = np.arccos(np.minimum(a / d, 1.0))
        last = np.arcsin(np.minimum(b / d, 1.0))
    last = np.maximum(first, last)
    whole = (
        a * b * (last - first)
        - b * d * (np.sin(last) - np.sin(first))
        - a * d * (np.cos(first) - np.cos(last))
        + 0.5 * d * d * (np.sin(last) ** 2 - np.sin(first) ** 2)
    )
    rectangles = np.maximum(whole, 0.0) * 2.0 / (math.pi * a * b)
    both = shapes.disc_shares @ discs + shapes.rectangle_shares @ rectangles
    # sums of shares round otherwise on another processor
    return 1.0 if both > 1.0 - _ROUNDING else float(both)


def plane_of(distances_km: _Array) -> _Array:
    """Return points on a plane with the given distances between them.

    Parameters
    ----------
    distances_km : ndarray
        Shape (n, n), symmetric. [km]

    Returns
    -------
    ndarray
        Shape (n, 2). Exact for up to three points; more, on a globe, fit to the second order of
        their distance over the radius of the Earth. [km]

    References
    ----------
    .. [1] Torgerson, "Multidimensional scaling: I. Theory and method", Psychometrika 17, 1952.
    """
    n = len(distances_km)
    centre = np.eye(n) - 1.0 / n
    values, vectors = np.linalg.eigh(-0.5 * centre @ distances_km**2 @ centre)
    points = np.zeros((n, 2))
    for axis in range(min(2, n)):
        points[:, axis] = vectors[:, -1 - axis] * math.sqrt(max(values[-1 - axis], 0.0))
    return points


def hit_sets(shapes: Footprints, points_km: _Array) -> dict[int, float]:
    """Return how often each set of places is hit by one event, and no other of the places.

    Parameters
    ----------
    shapes : Footprints
        Of the peril.
    points_km : ndarray
        Shape (n, 2), the places on a plane. [km]

    Returns
    -------
    dict of int to float
        By set, as a mask of places: its events for each event that hits a given place. All are
        above zero, and those of the sets that hold a place add up to 1, for every place.

    Notes
    -----
    Exact along the length of a footprint; across it and over directions, Gauss-Legendre panels end
    wherever the order of two edges changes, so that each is smooth. What the rule misses, below
    1e-6, is made up in the events that hit one place alone.
    """
    count = len(points_km)
    apart = np.hypot(*(points_km[:, None, :] - points_km).transpose(2, 0, 1))
    joint: dict[int, float] = {}
    for diameter, share in zip(shapes.diameters, shapes.disc_shares, strict=True):
        for group in clusters(apart, float(diameter)):
            if len(group) == 1:
                _add(joint, 1 << group[0], float(share))
            else:
                _add_disc(joint, points_km, group, 0.5 * float(diameter), float(share))
    for length, width, share in zip(
        shapes.lengths, shapes.widths, shapes.rectangle_shares, strict=True
    ):
        for group in clusters(apart, math.hypot(length, width)):
            if len(group) == 1:
                _add(joint, 1 << group[0], float(share))
            else:
                _add_rectangle(joint, points_km, group, float(length), float(width), float(share))
    scale = 1.0 / max(sum(a for mask, a in joint.items() if mask >> i & 1) for i in range(count))
    sets = {mask: a * scale for mask, a in joint.items() if mask & (mask - 1) and a > 0.0}
    for i in range(count):
        alone = 1.0 - math.fsum(share for mask, share in sets.items() if mask >> i & 1)
        if alone > _ROUNDING:
            sets[1 << i] = alone
    return sets


def clusters(apart_km: _Array, reach_km: float) -> list[list[int]]:
    """Return places in groups: each within reach of another of its own, of none elsewhere.

    Parameters
    ----------
    apart_km : ndarray
        Shape (n, n), the distances. [km]
    reach_km : float
        How far two of one group are apart at most. [km]
    """
    left = list(range(len(apart_km)))
    found = []
    while left:
        group = [left.pop(0)]
        for i in group:  # grows while it is walked
            near = [j for j in left if apart_km[i, j] <= reach_km]
            group += near
            left = [j for j in left if j not in near]
        found.append(sorted(group))
    return found


def _add_disc(
    joint: dict[int, float], places: _Array, group: list[int], radius: float, share: float
) -> None:
    """Add the areas where the centre of a disc may be, by the places it then covers."""
    points = places[group]
    x, y = points.T
    edges = np.concatenate([y - radius, y + radius, _crossings(points, radius)])
    height, width = _panels(np.unique(edges), 10, ends_steeply=True)
    inside = radius * radius - (height[:, None] - y) ** 2
    chord = np.sqrt(np.maximum(inside, 0.0))
    scale = share / (math.pi * radius * radius)
    ends = np.sort(np.concatenate([x - chord, x + chord], axis=1), axis=1)
    middle = 0.5 * (ends[:, 1:] + ends[:, :-1])
    covered = (np.abs(middle[:, :, None] - x) < chord[:, None, :]) & (inside > 0.0)[:, None, :]
    masks = covered @ (1 << np.array(group))
    _add_up(joint, masks, np.diff(ends, axis=1) * (width * scale)[:, None])


def _crossings(points: _Array, radius: float) -> _Array:
    """Return the heights at which circles about the points cross each other."""
    first, second = np.triu_indices(len(points), 1)
    step = points[second] - points[first]
    apart = np.hypot(*step.T)
    near = (apart > 0.0) & (apart < 2.0 * radius)
    step, apart = step[near], apart[near]
    middle = 0.5 * (points[first] + points[second])[near, 1]
    lift = np.sqrt(radius * radius - 0.25 * apart * apart) * step[:, 0] / apart
    return np.concatenate([middle - lift, middle + lift])


def _add_rectangle(
    joint: dict[int, float],
    places: _Array,
    group: list[int],
    length: float,
    width: float,
    share: float,
) -> None:
    """Add the areas where the centre of a rectangle may be, turned any way."""
    points = places[group]
    bits = 1 << np.array(group)
    angles, weights = _panels(_turns(points, length, width), 10 if len(group) <= _FEW else 4)
    weights = weights * share / (math.pi * length * width)
    at_once = max(1, _CELLS // (4 * len(points) ** 2))
    for first in range(0, len(angles), at_once):
        part = angles[first : first + at_once, None]
        along = points[:, 0] * np.cos(part) + points[:, 1] * np.sin(part)
        across = points[:, 1] * np.cos(part) - points[:, 0] * np.sin(part)
        columns, long = _intervals(along, 0.5 * length, bits)
        rows, wide = _intervals(across, 0.5 * width, bits)
        masks = columns[:, :, None] & rows[:, None, :]
        areas = long[:, :, None] * wide[:, None, :]
        areas *= weights[first : first + at_once, None, None]
        _add_up(joint, masks, areas)


def _turns(points: _Array, length: float, width: float) -> _Array:
    """Return the directions of a rectangle at which two of its edges meet, of 0 to pi."""
    first, second = np.triu_indices(len(points), 1)
    step = points[second] - points[first]
    apart = np.hypot(*step.T)
    step, apart = step[apart > 0.0], apart[apart > 0.0]
    towards = np.arctan2(step[:, 1], step[:, 0])
    found = [np.array([0.0, math.pi]), towards, towards + 0.5 * math.pi]
    for side, offset in ((length, 0.0), (width, 0.5 * math.pi)):
        open_ = np.arccos(np.minimum(side / apart, 1.0))
        found += [towards + offset + open_, towards + offset - open_]
    return np.unique(np.concatenate([found[0], *(np.mod(part, math.pi) for part in found[1:])]))


def _panels(edges: _Array, count: int, *, ends_steeply: bool = False) -> tuple[_Array, _Array]:
    """Return nodes and weights of a rule on the panels between edges, with ``count`` nodes in each.

    Where a panel ``ends_steeply``, like a square root, its nodes crowd there.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    if ends_steeply:
        weights = 0.5 * math.pi * np.sin(math.pi * nodes) * weights
        nodes = 0.5 - 0.5 * np.cos(math.pi * nodes)
    size = np.diff(edges)[:, None]
    return (edges[:-1, None] + size * nodes).ravel(), (size * weights).ravel()


def _intervals(
    centres: _Array, half: float, bits: NDArray[np.int64]
) -> tuple[NDArray[np.int64], _Array]:
    """Return, by row, which centres are within ``half`` between one edge and the next, how long."""
    edges = np.sort(np.concatenate([centres - half, centres + half], axis=1), axis=1)
    middle = 0.5 * (edges[:, 1:] + edges[:, :-1])
    inside = np.abs(middle[:, :, None] - centres[:, None, :]) < half
    return inside @ bits, np.diff(edges, axis=1)


def _add_up(joint: dict[int, float], masks: NDArray[np.int64], areas: _Array) -> None:
    held = masks != 0
    sets, which = np.unique(masks[held], return_inverse=True)
    for mask, area in zip(sets, np.bincount(which.ravel(), areas[held]), strict=True):
        _add(joint, int(mask), float(area))


def _add(joint: dict[int, float], mask: int, area: float) -> None:
    joint[mask] = joint.get(mask, 0.0) + area
