"""Comparisons and sensitivities as plain text for a terminal."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from riskmodel._chances import one_in
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel._pairs import Pair
    from riskmodel.comparison import Comparison
    from riskmodel.influence import Effect, Sensitivity
    from riskmodel.influence_map import SensitivityMap

__all__ = ["comparison_text", "map_text", "sensitivity_text"]


def comparison_text(found: Comparison) -> str:
    """Return a table of layouts, the safest first, and what tells neighbours apart."""
    return "\n".join(_comparison_lines(found))


def _comparison_lines(found: Comparison) -> Iterator[str]:
    width = max(len(loss.layout) for loss in found.estimates)
    horizon = format_hours(found.estimates[0].horizon_hours)
    yield f"to lose everything within {horizon}"
    yield ""
    for rank, loss in zip(found.ranks, found.ranked, strict=True):
        low, high = loss.interval()
        interval = "exact" if loss.exact is not None else f"{low:.3g} to {high:.3g}"
        line = f"{rank}  {loss.layout:<{width}}  {loss.in_words:<38} {interval}"
        if loss.parameter_range is not None:
            line += f"; with the uncertainty of the inputs {loss.parameter_range.in_words}"
        yield line
    if len(set(found.ranks)) < len(found.ranks):
        yield "layouts of one rank are not told apart"
    yield ""
    for i, j in itertools.pairwise(found.order):
        yield from _pair_lines(found, i, j)
    if found.gates:
        yield ""
        for k in found.order:
            name, gates = found.estimates[k].layout, found.gates[k]
            yield f"{name:<{width}}  3-2-1 passes {gates.passed}/5: {gates.in_words}"
    if any(found.costs):
        yield ""
        for k in found.order:
            name, cost = found.estimates[k].layout, found.costs[k]
            yield f"{name:<{width}}  {cost.in_words if cost else 'cost unknown'}"
    notes = {text for loss in found.estimates for text in loss.all_warnings}
    notes |= {note for cost in found.costs if cost for note in cost.notes}
    yield from ("", *(f"note: {text}" for text in sorted(notes)))


def _pair_lines(found: Comparison, i: int, j: int) -> Iterator[str]:
    if not found.pairs:
        return
    pair = found.pair(i, j)
    better, worse = found.estimates[i].layout, found.estimates[j].layout
    yield f"{worse} against {better}: {_ratio_text(pair, flipped=pair.one == better)}"
    item = found.better_of(i, j)
    if item is not None:
        chance, low, high = item.probability, item.low, item.high
        if item.one != better:
            chance, low, high = 1.0 - chance, 1.0 - high, 1.0 - low
        yield (
            f"  whatever the inputs are: {better} is the better one with a chance of "
            f"{chance:.0%} ({low:.0%} to {high:.0%})"
        ).replace("%", " %")


def _ratio_text(pair: Pair, *, flipped: bool) -> str:
    """Say how many times as likely a loss is with the second; ``flipped`` if it stands below."""
    if pair.same:
        return "the same law, no difference"
    if pair.ratio is None:
        low, high = pair.difference_low, pair.difference_high
        return (
            f"not told apart: the difference lies between {low:.2g} and {high:.2g}"
            if (not pair.told_apart)
            else f"told apart, {one_in(abs(pair.difference))} more"
        )
    ends = [pair.ratio_low, pair.ratio, pair.ratio_high]
    if flipped:
        ends = [1.0 / end if end > 0.0 else float("inf") for end in reversed(ends)]
    low, ratio, high = ends
    apart = "" if pair.told_apart else "not told apart, "
    if pair.how == "exact":
        return f"{ratio:.4g} times as likely (exact)"
    how = (
        ""
        if pair.how == "unpaired" or pair.correlation is None
        else (f", correlation {pair.correlation:.2f}")
    )
    return f"{apart}{ratio:.3g} times as likely ({low:.3g} to {high:.3g}{how})"


def sensitivity_text(found: Sensitivity) -> str:
    """Return what matters most: the sentence, the tornado, the Sobol indices."""
    return "\n".join(_sensitivity_lines(found))


def _sensitivity_lines(found: Sensitivity) -> Iterator[str]:
    yield str(found.best)
    yield ""
    yield from textwrap.wrap(found.in_words, 98)
    clear = [effect for effect in found.effects if effect.clear]
    if clear:
        yield ""
        yield (
            "one at a time: times the chance of loss with the input at its 5 % and its 95 % point "
            "(95 % interval)"
        )
    for effect in clear:
        yield f"  {_reached(effect.low)}  {_reached(effect.high)}  {_named(effect)}"
    for effect in clear:
        if effect.elasticity is not None and effect.elasticity_error is not None:
            yield (
                f"  1 % more changes it by {effect.elasticity:+.2f} % "
                f"(error {effect.elasticity_error:.2f}): {effect.parameter}"
            )
    unclear = [effect.parameter for effect in found.effects if not effect.clear]
    if unclear:
        yield from textwrap.wrap(
            f"within the sampling error, or below 1 %: {'; '.join(unclear)}", 98,
            initial_indent="  ", subsequent_indent="    ", break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
    if found.indices:
        yield ""
        yield "all together: share of the variance of the logarithm, by itself and with others"
    for index in found.indices:
        first = f"{index.first:5.2f} ± {index.first_error:.2f}"
        yield f"  {first}  {index.total:5.2f} ± {index.total_error:.2f}  {index.name}"
    yield from (f"note: {text}" for text in found.notes)
    if found.not_varied:
        yield f"note: {len(found.not_varied)} inputs are taken as certain; --json says why"


def _reached(pair: Pair) -> str:
    if pair.ratio is None:
        return f"{'unknown':<24}"
    return f"{f'{pair.ratio:.2f} ({pair.ratio_low:.2f} to {pair.ratio_high:.2f})':<24}"


def _named(effect: Effect) -> str:
    return effect.parameter + (f" (grade {effect.grade})" if effect.grade else "")


def map_text(found: SensitivityMap) -> str:
    """Return the grid of two inputs as a table of chances."""
    columns = [_value(value) for value in found.x_values]
    rows = [_value(value) for value in found.y_values]
    width = max(16, *(len(text) + 2 for text in (*columns, *rows)))
    lines = [f"chance to lose everything; across: {found.x}; down: {found.y}", ""]
    lines.append(" " * width + "".join(f"{text:>{width}}" for text in columns))
    for name, row in zip(rows, found.probabilities, strict=True):
        cells = ("none seen" if p is None else one_in(p) for p in row)
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>{width}}" for cell in cells))
    return "\n".join(lines)


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
