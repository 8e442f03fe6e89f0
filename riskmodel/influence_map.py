"""Two inputs at once: the probability of loss on a grid of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._chances import one_in
from riskmodel._run import Progress
from riskmodel._uncertain import Inputs, inputs_of
from riskmodel._varied import Steps, base_run, run_variants
from riskmodel.errors import InputError, did_you_mean
from riskmodel.units import hours

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.layout import Layout

__all__ = ["SensitivityMap", "sensitivity_map"]

_HIGH = 0.95
_MOST = 25


@dataclass(frozen=True, slots=True)
class SensitivityMap:
    """The probability of loss where two inputs take several values.

    Parameters
    ----------
    layout : str
        Name of the layout.
    x, y : str
        What varies along a row, and from row to row.
    x_values, y_values : tuple
        Their values: as they were given, or in inside units.
    probabilities : tuple of tuple of (float or None)
        A row for each value of ``y``; None where no loss was met.
    errors : tuple of tuple of float
        Relative standard errors; infinite where no loss was met.
    """

    layout: str
    x: str
    y: str
    x_values: tuple[Any, ...]
    y_values: tuple[Any, ...]
    probabilities: tuple[tuple[float | None, ...], ...]
    errors: tuple[tuple[float, ...], ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the grid: columns are values of ``x``, rows of ``y``."""
        import pandas as pd

        return pd.DataFrame(
            self.probabilities,
            index=pd.Index(self.y_values, name=self.y),
            columns=pd.Index(self.x_values, name=self.x),
            dtype=float,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "layout": self.layout,
            "x": {"name": self.x, "values": list(self.x_values)},
            "y": {"name": self.y, "values": list(self.y_values)},
            "probability": [list(row) for row in self.probabilities],
            "relative_standard_error": [
                [error if math.isfinite(error) else None for error in row] for row in self.errors
            ],
        }

    def _repr_html_(self) -> str:
        return str(self.to_frame().map(lambda p: one_in(p) if p > 0 else "none seen").to_html())


def sensitivity_map(
    layout: Layout,
    x: str,
    y: str,
    *,
    x_values: Sequence[Any] | None = None,
    y_values: Sequence[Any] | None = None,
    points: int = 5,
    horizon: str | float | None = None,
    method: str = "auto",
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SensitivityMap:
    """Estimate the probability of loss on a grid of two inputs, on common random numbers.

    Parameters
    ----------
    layout : Layout
        What protects the data.
    x, y : str
        Uncertain inputs, as `sensitivity` names them; or, with values, paths in the layout as in
        `Layout.replace`.
    x_values, y_values : sequence, optional
        Values to put at the paths, such as ``["7 days", "30 days"]``.
    points : int
        Values of an uncertain input, from its 5 to its 95 % point, evenly in quantiles of a normal
        law.
    horizon, method, seed, threads, progress
        As in `sensitivity`.

    Returns
    -------
    SensitivityMap

    Raises
    ------
    InputError
        If a name is no uncertain input and has no values.
    """
    if not 2 <= points <= _MOST:
        raise InputError(f"points: must be from 2 to {_MOST}, got {points!r}")
    if x == y:
        raise InputError(f"sensitivity_map: x and y are both '{x}'; name two inputs")
    inputs = inputs_of(layout, hours(horizon, "horizon") if horizon is not None else None)
    across = _Axis.of(inputs, "x", x, x_values, points)
    down = _Axis.of(inputs, "y", y, y_values, points)
    base = base_run(layout, horizon=horizon, method=method, seed=seed, threads=threads)
    cells = [
        _cell(layout, inputs, ((across, i), (down, j)), base.ready.compiled.horizon_hours)
        for j in range(len(down.values))
        for i in range(len(across.values))
    ]
    steps = Steps(len(cells), progress)
    losses = [run.estimate() for run in run_variants(base, cells, steps, threads=threads)]
    width = len(across.values)
    rows = [losses[k : k + width] for k in range(0, len(losses), width)]
    return SensitivityMap(
        layout=layout.name,
        x=x,
        y=y,
        x_values=across.values,
        y_values=down.values,
        probabilities=tuple(
            tuple(loss.probability if loss.seen else None for loss in row) for row in rows
        ),
        errors=tuple(tuple(loss.relative_error for loss in row) for row in rows),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    name: str
    values: tuple[Any, ...]
    quantiles: tuple[float, ...] | None

    @classmethod
    def of(
        cls, inputs: Inputs, side: str, name: str, values: Sequence[Any] | None, points: int
    ) -> _Axis:
        if values is not None:
            if not values:
                raise InputError(f"{side}_values: at least one is needed")
            return cls(name, tuple(values), None)
        known = [item.name for item in inputs.parameters]
        if name not in known:
            raise InputError(
                f"{side}: '{name}' is no uncertain input{did_you_mean(name, known)}; "
                f"a path in the layout needs {side}_values"
            )
        from scipy.special import ndtr, ndtri

        end = float(ndtri(_HIGH))
        quantiles = tuple(float(ndtr(end * (2.0 * k / (points - 1) - 1.0))) for k in range(points))
        return cls(name, inputs.values(name, quantiles), quantiles)


def _cell(
    layout: Layout,
    inputs: Inputs,
    places: tuple[tuple[_Axis, int], ...],
    horizon_hours: float,
) -> Layout:
    drawn = {axis.name: axis.quantiles[k] for axis, k in places if axis.quantiles is not None}
    put = [(axis.name, axis.values[k]) for axis, k in places if axis.quantiles is None]
    for path, value in put:
        layout = layout.replace(path, value)
    if put and drawn:
        inputs = inputs_of(layout, horizon_hours)
    return inputs.only(drawn) if drawn else layout
