"""The search for the Pareto front of 10,000 layouts."""

from __future__ import annotations

import os
import resource
import time
import tomllib
from typing import Any

import riskmodel as rm
from benchmarks.tables import Size, Table
from riskmodel._write import layout_toml

__all__ = ["base", "pareto", "space"]

TARGET_CLOCK, TARGET_PROCESSOR = 120.0, 240.0


def base() -> rm.Layout:
    """Return a NAS, a disk and a cloud copy with their prices, under all threats."""
    home = tomllib.loads(layout_toml(rm.example("nas-and-cloud")))
    nas, cloud = home["copies"]
    disk = {
        "name": "disk",
        "site": "home",
        "store": {"media": "usb-hdd"},
        "offline": True,
        "credentials": "family",
        "fed": {"from": "nas", "how": "backup", "every": "7 days", "by": "hand", "missed": 0.1},
        "retention": {"daily": 7, "weekly": 4, "monthly": 12},
        "check": {"every": "90 days", "depth": "listed"},
        "recovery": {"fixed": "10 days"},
        "price": {"per_year": 45.0},
    }
    nas["price"], cloud["price"] = {"per_year": 140.0}, {"per_year": 480.0}
    home["sites"]["parents"] = home["sites"]["home"] | {"location": [51.9, 4.5]}
    return rm.Layout.from_dict(home | {"name": "home", "copies": [nas, cloud, disk]})


def space(full: bool) -> dict[str, Any]:
    """Return 10,000 alternatives, or the same axes with fewer values."""
    shapes = [("raid1", 2, 90.0), ("raid5", 4, 140.0), ("raid6", 4, 142.0), ("raid6", 5, 170.0),
              ("raid6", 6, 200.0)]  # fmt: skip
    axes: dict[str, Any] = {
        "copies.cloud": [True, False],
        "copies.disk": [True, False],
        "nas": [
            {"name": f"{level} of {drives}", "copies.nas.store.level": level,
             "copies.nas.store.drives": drives, "copies.nas.price.per_year": price}
            for level, drives, price in shapes
        ],
        "where": [
            {"name": "disk at home", "copies.disk.site": "home"},
            {"name": "disk at the parents'", "copies.disk.site": "parents",
             "copies.disk.price.per_year": 60.0},
        ],
        "key": [
            {"name": "password in one head", "keys.password.kept": ["parent"]},
            {"name": "password in two heads", "keys.password.kept": ["parent", "friend"],
             "copies.cloud.price.per_year": 490.0},
        ],
        "copies.disk.fed.every": ["1 day", "7 days", "14 days", "30 days", "90 days"],
        "copies.disk.check.every": ["7 days", "30 days", "90 days", "180 days", "365 days"],
        "copies.cloud.immutable": ["0 days", "7 days", "30 days", "60 days", "90 days"],
    }  # fmt: skip
    return axes if full else {name: values[:2] for name, values in axes.items()}


def pareto(size: Size) -> Table:
    """Time a search by the clock and by the processor, workers included."""
    layout = base()
    axes = space(full=size is not Size.TINY)
    if size is Size.TINY:
        axes = dict(list(axes.items())[:3])
    processes = None if size is Size.TINY else os.cpu_count()
    clock, before = time.perf_counter(), _processor()
    found = rm.pareto(layout, axes, processes=processes)
    clock, processor = time.perf_counter() - clock, _processor() - before
    table = Table(
        "search", ("candidates", "clock, s", "processor, s", "target", "estimated", "on the front")
    )
    estimated = len(found.front) + len(found.near)
    table.figures = {"processor": processor, "clock": clock}
    table.add(f"{found.candidates:,}", f"{clock:.1f}", f"{processor:.1f}",
              f"{TARGET_CLOCK:.0f} and {TARGET_PROCESSOR:.0f}", f"{estimated:,}",
              str(len(found.front)))  # fmt: skip
    return table


def _processor() -> float:
    """Return seconds of processor time so far, of this process and of those that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
