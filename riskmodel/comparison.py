"""Compare layouts side by side, each estimated with the same seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel.errors import InputError
from riskmodel.estimate import LossEstimate
from riskmodel.simulation import Progress, simulate

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.layout import Layout

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Estimates of several layouts over one horizon, in the order given."""

    estimates: tuple[LossEstimate, ...]

    @property
    def ranked(self) -> tuple[LossEstimate, ...]:
        """The estimates, least likely to lose the data first."""
        return tuple(sorted(self.estimates, key=lambda loss: (loss.probability, loss.interval())))

    def to_frame(self) -> pd.DataFrame:
        """Return a row a layout, least likely to lose the data first."""
        import pandas as pd

        frame = pd.concat([loss.to_frame() for loss in self.ranked], ignore_index=True)
        frame.insert(1, "in_words", [loss.in_words for loss in self.ranked])
        return frame

    def to_dict(self) -> list[dict[str, Any]]:
        """Return what ``--json`` prints: the estimates in the order given."""
        return [loss.to_dict() for loss in self.estimates]

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def compare(
    layouts: Sequence[Layout],
    *,
    horizon: str | float | None = None,
    seed: int = 1,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Comparison:
    """Estimate several layouts over one horizon.

    Parameters
    ----------
    layouts : sequence of Layout
        The candidates; names must differ.
    horizon : str or float, optional
        Mission time for all; needed if the layouts' own differ. [h]
    seed : int
        The same for all.
    progress : callable, optional
        See `simulate`.
    **options
        Further arguments of `simulate`.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If there is nothing to compare, names repeat, or horizons differ.
    """
    if len(layouts) < 2:
        raise InputError("compare: needs at least two layouts")
    names = [layout.name for layout in layouts]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise InputError(f"compare: two layouts are named '{twins[0]}'; names must differ")
    if horizon is None and len({layout.horizon for layout in layouts}) > 1:
        raise InputError("compare: the layouts' horizons differ; give one with --horizon")
    return Comparison(
        tuple(
            simulate(layout, horizon=horizon, seed=seed, progress=progress, **options)
            for layout in layouts
        )
    )
