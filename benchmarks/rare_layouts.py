"""Layouts whose loss is made as rare as wanted by one number that scales what can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import riskmodel as rm
from benchmarks.groups import Weibull

Make = Callable[[float], rm.Layout]


@dataclass(frozen=True, slots=True)
class Family:
    """Layouts that differ in a scale of all rates.

    Parameters
    ----------
    name : str
        What is lost.
    make : callable
        The layout at a scale of the rates.
    order : float
        About how the probability goes with the scale, as a power of it: where a search begins.
    """

    name: str
    make: Make
    order: float


def _layout(
    name: str, media: dict[str, Any], copies: list[dict[str, Any]], **more: Any
) -> rm.Layout:
    table = {"name": name, "horizon": "10 years", "media": media, "copies": copies}
    return rm.Layout.from_dict(table | more)


def _raid6(serial: bool) -> Make:
    def make(scale: float) -> rm.Layout:
        store = {
            "media": "drive",
            "drives": 8,
            "tolerates": 2,
            "rebuild": {"exponential": {"mean": "24 h"}},
            "repairs": "serial" if serial else "parallel",
        }
        media = {"drive": {"lifetime": Weibull(461_386.0 / scale).table()}}
        return _layout("RAID 6", media, [{"name": "array", "store": store}])

    return make


def _aging(scale: float) -> rm.Layout:
    store = {
        "media": "drive",
        "drives": 8,
        "tolerates": 2,
        "rebuild": Weibull(12.0, 2.0, 6.0).table(),
        "scrub": Weibull(168.0, 3.0, 6.0).table(),
        "latent_rule": "at-failure",
        "latent_loss": "whole",
    }
    media = {
        "drive": {
            "lifetime": Weibull(461_386.0 / scale, 1.12).table(),
            "latent_errors": {"mean_time": f"{9_259.0 / scale!r} h"},
        }
    }
    return _layout("Elerath-Pecht RAID 6", media, [{"name": "array", "store": store}])


def _three_sites(raid: bool) -> Make:
    def make(scale: float) -> rm.Layout:
        store: dict[str, Any] = {"media": "drive"}
        if raid:
            rebuild = {"exponential": {"mean": "24 h"}}
            store |= {"drives": 8, "tolerates": 2, "rebuild": rebuild}
        sites = ("a", "b", "c")
        media = {
            "drive": {
                "lifetime": Weibull(461_386.0 / scale).table(),
                "model": {"label": "one model", "variance": 0.5},
            }
        }
        copies = [
            {
                "name": f"copy-{site}",
                "site": site,
                "store": store,
                "recovery": {"fixed": "3 days"},
                "check": {"every": "0.25 years"},
            }
            for site in sites
        ]
        fire = {"fire": {"rate": f"{0.01 * scale!r}/year"}}
        shocks = [
            {"name": "regional", "rate": f"{0.02 * scale!r}/year", "hits": ["a", "b"]},
            {
                "name": "partial",
                "rate": f"{0.02 * scale!r}/year",
                "hits": {"copy-b": 0.3, "copy-c": 0.1},
            },
        ]
        places = {site: {"recovery": {"fixed": "60 days"}, "perils": fire} for site in sites}
        return _layout("three sites", media, copies, sites=places, shocks=shocks)

    return make


FAMILIES = (
    Family("RAID 6, parallel rebuilds", _raid6(serial=False), 3.0),
    Family("RAID 6, serial rebuilds", _raid6(serial=True), 3.0),
    Family("RAID 6, Weibull 1.12, latent errors", _aging, 3.0),
    Family("three sites, single drives", _three_sites(raid=False), 2.0),
    Family("three sites, RAID 6", _three_sites(raid=True), 2.0),
)
