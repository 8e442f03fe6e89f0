"""What distance is worth to a layout: its chance of loss with one site moved nearer or farther."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._rest import live_copy
from riskmodel._tables import table_html
from riskmodel.errors import InputError, did_you_mean
from riskmodel.geodesy import distance_km, moved
from riskmodel.simulation import Progress, simulate

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["DistanceLoss", "loss_by_distance", "movable_sites"]

_KM = (0.1, 1.0, 10.0, 50.0, 200.0, 1000.0, 5000.0)


@dataclass(frozen=True, slots=True)
class DistanceLoss:
    """The chance of loss of one layout, with one of its sites at several distances from the data.

    Parameters
    ----------
    layout, site, home : str
        Name of the layout, of the site that is moved, and of the one where the live data is.
    own_km : float
        How far it really is. [km]
    km : tuple of float
        Distances, ascending. [km]
    estimates : tuple of LossEstimate
        One a distance, all by the same seed.
    """

    layout: str
    site: str
    home: str
    own_km: float
    km: tuple[float, ...]
    estimates: tuple[LossEstimate, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a distance."""
        import pandas as pd

        ends = [loss.interval() for loss in self.estimates]
        return pd.DataFrame(
            {
                "km": self.km,
                "probability": [loss.probability for loss in self.estimates],
                "low": [low for low, _ in ends],
                "high": [high for _, high in ends],
            }
        )

    def _repr_html_(self) -> str:
        return table_html(self.to_frame())


def movable_sites(layout: Layout) -> tuple[str, ...]:
    """Return the sites, other than that of the live data, whose distance from it is known."""
    home = live_copy(layout).site
    if home is None or layout.sites[home].location is None:
        return ()
    used = {copy.site for copy in layout.copies}
    return tuple(
        name
        for name, site in layout.sites.items()
        if name != home and name in used and site.location is not None
    )


def loss_by_distance(
    layout: Layout,
    site: str | None = None,
    *,
    km: Sequence[float] = _KM,
    horizon: str | float | None = None,
    seed: int = 1,
    target_relative_error: float = 0.05,
    progress: Callable[[Progress], None] | None = None,
) -> DistanceLoss:
    """Estimate how the chance of loss falls with the distance of one site.

    Parameters
    ----------
    layout : Layout
        With a ``location`` at the site of the live data and at the one that is moved.
    site : str, optional
        The site to move; the only one that can be, unless given. It keeps its kind, its country
        and its own perils: only what strikes both places together changes.
    km : sequence of float
        Distances from the live data, along the way to where the site is now. [km]
    horizon : str or float, optional
        Mission time; the layout's own unless given. [h]
    seed : int
        The same for all distances.
    target_relative_error : float
        Of each estimate.
    progress : callable, optional
        See `simulate`.

    Returns
    -------
    DistanceLoss

    Raises
    ------
    InputError
        If no site can be moved, or several can and none is named.
    """
    can = movable_sites(layout)
    if site is None and len(can) != 1:
        which = f"; name one of {', '.join(can)}" if can else ": no two sites have a location"
        raise InputError(f"distance: which site of '{layout.name}' to move is not clear{which}")
    name = site if site is not None else can[0]
    if name not in can:
        raise InputError(f"distance: '{name}' cannot be moved{did_you_mean(name, can)}")
    if not km or min(km) <= 0.0:
        raise InputError(f"distance: expects distances above 0 km, got {tuple(km)!r}")
    home = live_copy(layout).site
    assert home is not None  # noqa: S101 - movable_sites saw to it
    start, end = layout.sites[home].location, layout.sites[name].location
    assert start is not None and end is not None  # noqa: S101, PT018
    options: dict[str, Any] = {
        "horizon": horizon, "seed": seed, "target_relative_error": target_relative_error,
        "ranges": False, "progress": progress,
    }  # fmt: skip
    places = sorted(km)
    found = [
        simulate(layout.replace(f"sites.{name}.location", moved(start, end, each)), **options)
        for each in places
    ]
    return DistanceLoss(
        layout.name, name, home, distance_km(start, end), tuple(places), tuple(found)
    )
