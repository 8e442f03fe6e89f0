"""The single groups that are raced: the same numbers for the engine, for C and for event loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import riskmodel as rm


@dataclass(frozen=True, slots=True)
class Weibull:
    """A three-parameter Weibull law; with shape 1 and location 0 the exponential. [h]"""

    scale: float
    shape: float = 1.0
    location: float = 0.0

    def table(self) -> dict[str, Any]:
        """Return the law as a layout file says it."""
        if self.shape == 1.0 and self.location == 0.0:
            return {"exponential": {"mean": f"{self.scale!r} h"}}
        law = {"shape": self.shape, "scale": f"{self.scale!r} h"}
        if self.location:
            law["location"] = f"{self.location!r} h"
        return {"weibull": law}

    def triple(self) -> tuple[float, float, float]:
        """Return location, scale, shape."""
        return self.location, self.scale, self.shape


@dataclass(frozen=True, slots=True)
class Group:
    """A RAID group with parallel rebuilds; latent errors under the rule at-failure. [h]"""

    name: str
    tolerates: int
    life: Weibull
    rebuild: Weibull
    latent_mean: float = 0.0
    scrub: Weibull | None = None
    drives: int = 8
    horizon: float = 87_600.0
    groups: int = 1

    def layout(self) -> rm.Layout:
        """Return the group as a layout."""
        store = {
            "media": "drive",
            "drives": self.drives,
            "tolerates": self.tolerates,
            "groups": self.groups,
            "rebuild": self.rebuild.table(),
        }
        medium: dict[str, Any] = {"lifetime": self.life.table()}
        if self.scrub is not None:
            medium["latent_errors"] = {"mean_time": f"{self.latent_mean!r} h"}
            store |= {
                "scrub": self.scrub.table(),
                "latent_rule": "at-failure",
                "latent_loss": "whole",
            }
        return rm.Layout.from_dict(
            {
                "name": self.name,
                "horizon": f"{self.horizon!r} h",
                "media": {"drive": medium},
                "copies": [{"name": "array", "store": store}],
            }
        )


R1 = Group("R1", tolerates=2, life=Weibull(20_000.0), rebuild=Weibull(100.0))


def elerath_pecht(tolerates: int) -> Group:
    """Return the base case of Elerath and Pecht, IEEE Trans. Computers 58(3), 2009, table 2."""
    return Group(
        f"Elerath-Pecht RAID {4 + tolerates}",
        tolerates=tolerates,
        life=Weibull(461_386.0, 1.12),
        rebuild=Weibull(12.0, 2.0, 6.0),
        latent_mean=9_259.0,
        scrub=Weibull(168.0, 3.0, 6.0),
    )


THOUSAND = Group(
    "1,000 drives in 100 groups",
    tolerates=2,
    life=Weibull(461_386.0),
    rebuild=Weibull(12.0),
    drives=10,
    groups=100,
    horizon=87_660.0,
)
