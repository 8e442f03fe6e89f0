"""What matters most: which of the inputs that nobody knows exactly move the answer, and how far."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._chances import one_in
from riskmodel._run import Progress
from riskmodel._sobol import Index, indices_of, noisy, points_of
from riskmodel._tables import table_html
from riskmodel._uncertain import Inputs, inputs_of
from riskmodel._varied import Steps, base_run, pair_runs, run_variants
from riskmodel.errors import InputError, LayoutError
from riskmodel.uncertainty import inner_run
from riskmodel.units import HOURS_PER_YEAR, format_hours, hours

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel._paired_runs import Run
    from riskmodel._pairs import Pair
    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Layout

__all__ = ["Effect", "Index", "Sensitivity", "sensitivity"]

_LOW, _HIGH = 0.05, 0.95
_LEAST_SWING = 0.01
_STEP = 0.25  # of the logarithm of an input, for elasticities
_ALONE = 6  # inputs that get a Sobol index of their own
_NETS = 16  # batches of a run at a point
_LEAST_BATCH, _MOST_TRIALS = 64, 16_384


@dataclass(frozen=True, slots=True)
class Effect:
    """What one input does, all others at their best values.

    Parameters
    ----------
    parameter : str
        Its name: of the catalogue's row, or the path in the layout.
    grade : str
        Of its source; empty for a range of the layout.
    inputs : tuple of float
        5 % point, best value and 95 % point, in inside units (hours, bytes, km, rates per hour) or
        those of its row.
    at_low, at_high : float or None
        Probability of loss at its 5 and its 95 % point; None where no loss was met.
    low, high : Pair
        How these compare with the probability at the best values, with paired intervals.
    elasticity : float or None
        d ln p / d ln x at the best values; None where a factor on the input has no meaning.
    elasticity_error : float or None
        Its standard error.
    """

    parameter: str
    grade: str
    inputs: tuple[float, float, float]
    at_low: float | None
    at_high: float | None
    low: Pair
    high: Pair
    elasticity: float | None
    elasticity_error: float | None

    @property
    def swing(self) -> float:
        """How far the logarithm of the probability moves, at most, between the three values."""
        ends = [0.0, *(math.log(p.ratio) for p in (self.low, self.high) if p.ratio)]
        return max(ends) - min(ends)

    @property
    def clear(self) -> bool:
        """Whether the effect stands out of the sampling error, and moves the answer by 1 %."""
        return (self.low.told_apart or self.high.told_apart) and self.swing >= _LEAST_SWING


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What matters most, in three ways.

    Parameters
    ----------
    best : LossEstimate
        At the best values of all inputs.
    effects : tuple of Effect
        The tornado: one input at a time, the largest swing first.
    indices : tuple of Index
        Sobol indices of the logarithm of the probability, all inputs moving; the weaker inputs are
        one group.
    points : int
        Base points of the Sobol indices.
    not_varied : tuple of (str, str)
        Inputs in use that were taken as certain, and why.
    notes : tuple of str
        What a reader should know.
    """

    best: LossEstimate
    effects: tuple[Effect, ...]
    indices: tuple[Index, ...]
    points: int
    not_varied: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """What matters most, in a sentence to repeat."""
        if not self.effects:
            return "No input has a range, so that nothing can be said of what matters most."
        clear = [effect for effect in self.effects if effect.clear]
        if not clear:
            return (
                "No input stands out: what each does by itself is within the sampling error or "
                "below 1 %."
            )
        top = clear[0]
        ends = [p for p in (self.best.probability, top.at_low, top.at_high) if p]
        grade = " (a judgement, not a measurement)" if top.grade == "C" else ""
        found = (
            f"What matters most is {plain_name(top.parameter)}{grade}: over what it may be, the "
            f"chance to lose everything within {format_hours(self.best.horizon_hours)} goes from "
            f"{one_in(min(ends))} to {one_in(max(ends))}"
        )
        share = {index.name: index for index in self.indices}.get(top.parameter)
        if share is None or share.total <= share.total_error:
            return f"{found}."
        part = min(share.total, 1.0)
        return f"{found}; it makes about {part:.0%} of all that is uncertain.".replace("%", " %")

    def to_frame(self) -> pd.DataFrame:
        """Return the tornado: a row an input, the largest swing first."""
        import pandas as pd

        return pd.DataFrame([_effect_dict(effect) for effect in self.effects])

    def to_indices_frame(self) -> pd.DataFrame:
        """Return the Sobol indices: a row an input or group."""
        import pandas as pd

        return pd.DataFrame([_index_dict(index) for index in self.indices])

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "layout": self.best.layout,
            "horizon_years": self.best.horizon_hours / HOURS_PER_YEAR,
            "in_words": self.in_words,
            "probability": self.best.probability if self.best.seen else None,
            "interval": list(self.best.interval()),
            "method": self.best.method,
            "tornado": [_effect_dict(effect) for effect in self.effects],
            "sobol": [_index_dict(index) for index in self.indices],
            "sobol_points": self.points,
            "not_varied": [{"name": name, "why": why} for name, why in self.not_varied],
            "notes": list(self.notes),
        }

    def _repr_html_(self) -> str:
        tables = (self.to_frame(), self.to_indices_frame())
        shown = "".join(table_html(table) for table in tables if len(table))
        return f"<p><b>{html.escape(self.in_words)}</b></p>{shown}"


def _effect_dict(effect: Effect) -> dict[str, Any]:
    low, value, high = effect.inputs
    found = {
        "parameter": effect.parameter,
        "grade": effect.grade or None,
        "input_low": low,
        "input_value": value,
        "input_high": high,
        "p_at_low": effect.at_low,
        "p_at_high": effect.at_high,
    }
    for name, pair in (("low", effect.low), ("high", effect.high)):
        bounded = math.isfinite(pair.ratio_high)
        found[f"ratio_at_{name}"] = pair.ratio
        found[f"ratio_at_{name}_from"] = pair.ratio_low if bounded else None
        found[f"ratio_at_{name}_to"] = pair.ratio_high if bounded else None
    return found | {
        "clear": effect.clear,
        "elasticity": effect.elasticity,
        "elasticity_error": effect.elasticity_error,
    }


def _index_dict(index: Index) -> dict[str, Any]:
    return {
        "name": index.name,
        "inputs": index.inputs,
        "first": index.first,
        "first_error": index.first_error,
        "total": index.total,
        "total_error": index.total_error,
    }


def plain_name(parameter: str) -> str:
    """Return the name of a parameter in words that need no catalogue."""
    parts = [part.replace("_", " ") for part in parameter.split("/")]
    if len(parts) < 2:
        return parameter
    head = " ".join(parts[:2]).replace("afr", "yearly failure rate")
    return f"{head} ({', '.join(parts[2:])})" if parts[2:] else head


def sensitivity(
    layout: Layout,
    *,
    horizon: str | float | None = None,
    method: str = "auto",
    points: int = 64,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Sensitivity:
    """Tell which uncertain inputs move the probability of loss, and how far.

    Parameters
    ----------
    layout : Layout
        Its ranges, and the rows of sources behind the presets and defaults it uses, are varied.
    horizon : str or float, optional
        Mission time, as a quantity or in hours; the layout's own by default. [h]
    method : str
        See `simulate`; one method for all runs.
    points : int
        Base points of the Sobol indices, a power of two; each costs eight short runs, or fewer.
        0 leaves the indices out.
    seed : int
        The same seed gives the same result for any number of threads.
    threads : int, optional
        Worker threads; all cores by default.
    progress : callable, optional
        Called with a `Progress` after each run.

    Returns
    -------
    Sensitivity

    Raises
    ------
    InputError
        If an argument or the layout cannot be used.

    Notes
    -----
    All runs are on common random numbers, so that sampling error cancels in what is compared, and
    what is left of it has an interval. A parameter on which several numbers rest moves all of them.

    Examples
    --------
    >>> import riskmodel as rm
    >>> disk = rm.Layout.from_dict({"horizon": "1 year", "media": {"m": {"afr":
    ...     {"low": 0.01, "mode": 0.02, "high": 0.04}}},
    ...     "copies": [{"name": "disk", "store": {"media": "m"}}]})
    >>> [effect.parameter for effect in rm.sensitivity(disk, points=0).effects]
    ['media.m.afr']
    """
    if points and (points < 8 or points & (points - 1)):
        raise InputError(f"points: must be a power of two, at least 8, or 0, got {points!r}")
    inputs = inputs_of(layout, hours(horizon, "horizon") if horizon is not None else None)
    base = base_run(layout, horizon=horizon, method=method, seed=seed, threads=threads)
    names = [item.name for item in inputs.parameters]
    groups = min(len(names), _ALONE + 1)
    steps = Steps(4 * len(names) + points * (groups + 2), progress)
    effects = tuple(_effects(inputs, base, steps, threads))
    notes: list[str] = []
    indices: tuple[Index, ...] = ()
    if points and names:
        ranked = [effect.parameter for effect in effects]
        indices = _indices(inputs, base, ranked, points, steps, threads, notes.append)
    return Sensitivity(base.estimate(), effects, indices, points, inputs.not_varied, tuple(notes))


def _effects(inputs: Inputs, base: Run, steps: Steps, threads: int | None) -> Iterator[Effect]:
    """Yield the effects, the largest swing first."""
    variants: list[tuple[int, str, Layout]] = []
    for k, item in enumerate(inputs.parameters):
        variants += [
            (k, "low", inputs.only({item.name: _LOW})),
            (k, "high", inputs.only({item.name: _HIGH})),
        ]
        try:
            less, more = (inputs.times(item.name, math.exp(s)) for s in (-_STEP, _STEP))
        except LayoutError:  # a rule of the format stands between
            continue
        if less is not None and more is not None:
            variants += [(k, "less", less), (k, "more", more)]
    steps.total -= 4 * len(inputs.parameters) - len(variants)
    ran = run_variants(base, [layout for *_, layout in variants], steps, threads=threads)
    runs = {(k, what): run for (k, what, _), run in zip(variants, ran, strict=True)}
    found = [_effect(inputs, k, base, runs) for k in range(len(inputs.parameters))]
    yield from sorted(found, key=lambda effect: (not effect.clear, -effect.swing, effect.parameter))


def _effect(inputs: Inputs, k: int, base: Run, runs: dict[tuple[int, str], Run]) -> Effect:
    item = inputs.parameters[k]
    low, high = inputs.values(item.name, (_LOW, _HIGH))
    ends = [runs[k, what].estimate() for what in ("low", "high")]
    at_low, at_high = (loss.probability if loss.seen else None for loss in ends)
    elasticity = error = None
    if (k, "more") in runs:
        pair = pair_runs([runs[k, "more"], runs[k, "less"]])
        if pair.ratio:
            elasticity = math.log(pair.ratio) / (2.0 * _STEP)
            error = pair.ratio_error / (2.0 * _STEP)
    return Effect(
        parameter=item.name,
        grade=item.grade,
        inputs=(low, inputs.best(item.name), high),
        at_low=at_low,
        at_high=at_high,
        low=pair_runs([runs[k, "low"], base]),
        high=pair_runs([runs[k, "high"], base]),
        elasticity=elasticity,
        elasticity_error=error,
    )


def _indices(
    inputs: Inputs,
    base: Run,
    ranked: Sequence[str],
    points: int,
    steps: Steps,
    threads: int | None,
    say: Callable[[str], None],
) -> tuple[Index, ...]:
    names = [item.name for item in inputs.parameters]
    alone = set(ranked if len(ranked) <= _ALONE + 1 else ranked[:_ALONE])
    rest = f"the other {len(names) - len(alone)} inputs"
    groups = [name if name in alone else rest for name in names]
    sample = points_of(names, groups, points, base.seed)
    _, trials = inner_run(base.estimate())
    trials = min(trials or _NETS, _MOST_TRIALS)
    size = 2 ** math.ceil(math.log2(max(trials / _NETS, _LEAST_BATCH)))
    layouts = (inputs.at([float(u) for u in row]) for row in sample.rows)
    ran = run_variants(base, layouts, steps, threads=threads, batches=_NETS, size=size)
    found = indices_of(sample, [noisy(run) for run in ran], base.seed, say)
    return tuple(sorted(found, key=lambda index: (-index.total, index.name)))
