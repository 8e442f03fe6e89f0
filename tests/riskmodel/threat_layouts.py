"""Small layouts with people and malware, and how a count of losses agrees with a chance."""

from __future__ import annotations

import math
from typing import Any

import riskmodel as rm

__all__ = [
    "DAY",
    "NEVER_FAILS",
    "YEAR",
    "agree",
    "backup",
    "copy",
    "layout",
    "mistake",
    "photos",
    "run",
]

YEAR = 8766.0
DAY = 24.0
NEVER_FAILS = {"m": {"lifetime": "none"}}


def copy(name: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "store": {"media": "m"}, "recovery": {"fixed": "0 h"}, **keys}


def backup(source: str, every: str, **keys: Any) -> dict[str, Any]:
    return {"from": source, "how": "backup", "every": every, **keys}


def layout(*copies: dict[str, Any], years: float = 10, **tables: Any) -> rm.Layout:
    return rm.Layout.from_dict(
        {"horizon": f"{years} years", "media": NEVER_FAILS, "copies": list(copies), **tables}
    )


def run(tables: rm.Layout, trials: int = 20_000, seed: int = 1) -> rm.LossEstimate:
    return rm.simulate(tables, method="events", trials=trials, seed=seed)


def agree(hits: int, trials: int, expected: float) -> bool:
    return abs(hits / trials - expected) < 4 * math.sqrt(expected * (1 - expected) / trials)


def mistake(noticed: str, rate: str = "0.05/year") -> dict[str, Any]:
    return {"mistake": {"rate": rate, "noticed": {"fixed": noticed}}}


def photos(noticed: str, **backup_keys: Any) -> rm.Layout:
    return layout(
        copy("nas", role="primary", credentials="ada"),
        copy("usb", fed=backup("nas", "7 days"), offline=True, **backup_keys),
        threats=mistake(noticed),
    )
