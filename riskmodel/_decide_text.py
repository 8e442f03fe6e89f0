"""Comparisons and sensitivities as plain text for a terminal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from riskmodel._chances import one_in
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel._pairs import Pair
    from riskmodel.comparison import Comparison

__all__ = ["comparison_text"]


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
        interval = "exact" if loss.exact is not None else f"{low:.2g} to {high:.2g}"
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
            name = found.estimates[k].layout
            yield f"{name:<{width}}  3-2-1 passes {found.gates[k].passed}/5: {found.gates[k].in_words}"
    if any(found.costs):
        yield ""
        for k in found.order:
            cost = found.costs[k]
            yield f"{found.estimates[k].layout:<{width}}  {cost.in_words if cost else 'cost unknown'}"
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
