"""Figures printed in papers, and layouts that say what the papers say.

A year is 8760 h here, as in the papers.
"""

from __future__ import annotations

from typing import Any

import riskmodel as rm

YEAR = 8760.0

# Pâris, Schwarz, Long, "When MTTDLs are not good enough", I2TS 2008; lives of a disk, by nines
PARIS_NO_REPAIR = {  # table I: drives of which one suffices
    1: [0.01005, 0.00100, 1e-4, 1e-5],
    2: [0.10536, 0.03213, 0.01005, 0.00317],
    3: [0.24265, 0.10536, 0.04753, 0.02178],
}
PARIS_MIRROR = {  # table IV: by repairs per life
    1e3: [5.04123, 0.50275, 0.05115, 0.00601, 0.00120],
    1e4: [50.2669, 5.00410, 0.50028, 0.05012, 0.00510],
    1e5: [502.532, 50.0265, 5.00041, 0.50003, 0.05001],
}
PARIS_RAID5 = {  # table VI: 10 disks
    1e3: [0.1148, 0.0123, 0.001984, 0.000512, 0.000153],
    1e4: [1.119, 0.1115, 0.01123, 0.001213, 0.000197],
    1e5: [11.1692, 1.11189, 0.1111, 0.01112, 0.001121],
}
# table VIII: 10 disks, the third failure loses data, repairs in parallel, four nines
PARIS_THREE_RESILIENT = {10: 0.0098534, 100: 0.0127712, 1e3: 0.2832066, 1e4: 27.8182411}

# Altman, Landau, IJDC 15(1), 2020, and the simulation output published with it
ALTMAN_CALIBRATION = {  # of 10,000 documents with one copy, by half-life of a sector in 10⁶ h
    2: 8232.2, 3: 6850.2, 5: 5000.0, 10: 2928.9, 20: 1591.0, 30: 1091.0, 50: 669.7, 100: 340.6,
}  # fmt: skip
ALTMAN_DOCUMENTS = [  # copies, half-life, spans between audits, lost of 10,000 (mean, its error)
    (3, 2, 1, 5573, 12), (3, 10, 1, 250.2, 3.7), (5, 5, 1, 313.4, 3.4), (5, 10, 1, 21.19, 1.0),
    (10, 2, 1, 1428.6, 6.2), (3, 2, 10, 393.4, 3.8), (3, 10, 10, 3.52, 0.51),
    (4, 2, 10, 59.9, 1.2), (5, 2, 10, 10.71, 0.85), (5, 3, 10, 1.86, 0.35),
]  # fmt: skip
ALTMAN_SERVERS = [  # servers, half-lives of server and of shocks, span, mission, runs, lost
    (5, 20_000, None, 1, 500_000, 5000, 0.1000),
    (5, 30_000, None, 1, 100_000, 5000, 0.0040),
    (5, 30_000, 10_000, 1, 100_000, 1000, 0.102),
    (6, 30_000, 10_000, 1, 100_000, 1000, 0.034),
    (5, 40_000, 10_000, 2, 100_000, 1000, 0.588),
]


def exponential(hours: float) -> dict[str, Any]:
    return {"exponential": {"mean": f"{hours!r} h"}}


def group(
    mttf_hours: float, mttr_hours: float | None, horizon_hours: float, **store: Any
) -> rm.Layout:
    """A bare group of drives with exponential laws."""
    rebuild = "never" if mttr_hours is None else exponential(mttr_hours)
    if store.get("tolerates", 1):
        store["rebuild"] = rebuild
    media = {"lifetime": exponential(mttf_hours), **store.pop("media", {})}
    return rm.Layout.from_dict(
        {
            "name": "bare group",
            "horizon": f"{horizon_hours!r} h",
            "media": {"drive": media},
            "copies": [{"name": "group", "store": {"media": "drive", **store}}],
        }
    )


def archive(
    servers: int,
    mean_hours: float,
    cycle_hours: float,
    horizon_hours: float,
    shock_rate: float | None = None,
    span: int = 1,
) -> rm.Layout:
    """Servers with a copy each, audits that recreate the dead ones at once, shared shocks."""
    names = [f"s{i}" for i in range(servers)]
    copies = [
        {
            "name": name,
            "store": {"media": "server"},
            "check": {"every": f"{cycle_hours!r} h"},
            "recovery": {"fixed": "0 h"},
        }
        for name in names
    ]
    layout: dict[str, Any] = {
        "name": "archive",
        "horizon": f"{horizon_hours!r} h",
        "media": {"server": {"lifetime": exponential(mean_hours)}},
        "copies": copies,
    }
    if shock_rate is not None:
        layout["shocks"] = [
            {"name": "shock", "rate": f"{shock_rate!r}/hour", "hits": names, "choose": span}
        ]
    return rm.Layout.from_dict(layout)


def exactly(layout: rm.Layout) -> float:
    return rm.simulate(layout, method="exact").probability
