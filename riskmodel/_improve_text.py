"""What to change first, as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from riskmodel._chances import removed_share
from riskmodel._console import wrapped
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel.frontier import Frontier
    from riskmodel.improvement import Improvement, Proposal

__all__ = ["frontier_text", "improvement_text"]


def improvement_text(found: Improvement, width: int | None = 98) -> str:
    """Return the sentence on top, the changes that help, and those that do not."""
    return "\n".join(wrapped(_lines(found), width))


def _lines(found: Improvement) -> Iterator[str]:
    yield found.in_words
    yield ""
    low, high = found.before.interval()
    span = format_hours(found.before.horizon_hours)
    yield f"{found.layout.name}: {found.before.in_words} to lose everything within {span} as it is"
    yield f"  interval {low:.3g} to {high:.3g} (sampling error alone){_cost(found.cost)}"
    for rank, one in zip(found.ranks, found.clear, strict=True):
        yield ""
        yield f"{rank}. {one.change.name}: removes {_share(one)} of the loss"
        yield f"   then {_after(one)}"
    if len(set(found.ranks)) < len(found.ranks):
        yield ""
        yield "changes of one rank are not told apart"
    if found.noise:
        yield ""
        yield "Inside the noise: not told apart from no effect on the loss of everything"
        for one in found.noise:
            low, high = one.effect.removed_interval()
            yield f"  - {one.change.name}; removes between {low:.1%} and {high:.1%}".replace(
                "%", " %"
            )
    if found.harmful:
        yield ""
        yield "Adds to the loss, as the model sees it"
        for one in found.harmful:
            yield f"  - {one.change.name}: {1.0 - one.effect.removed:.2f} times as likely"
    if found.target is not None:
        yield ""
        yield found.path_in_words
        for number, one in enumerate(found.path, 1):
            yield f"   {number}. {one.change.name}: {_after(one)}"


def _after(one: Proposal) -> str:
    after = one.effect.after
    low, high = after.interval()
    interval = "exact" if after.exact is not None else f"interval {low:.3g} to {high:.3g}"
    return f"{after.in_words}, {interval}{_cost(one.cost)}"


def _cost(cost: object) -> str:
    words = getattr(cost, "in_words", "")
    return f"; {words}" if words else ""


def _share(one: Proposal) -> str:
    low, high = one.effect.removed_interval()
    if not one.effect.after.seen:
        return f"at least {low:.0%}".replace("%", " %")
    return removed_share(one.effect.removed, low, high)


def frontier_text(found: Frontier, width: int | None = 98) -> str:
    """Return the sentence on top, and the front, the cheapest first."""
    return "\n".join(wrapped(_front_lines(found), width))


def _front_lines(found: Frontier) -> Iterator[str]:
    yield found.in_words
    yield ""
    for number, (one, safer) in enumerate(zip(found.front, found.surely_safer, strict=True), 1):
        low, high = one.loss.interval()
        interval = "exact" if one.loss.exact is not None else f"interval {low:.3g} to {high:.3g}"
        yield f"{number}. {one.name}"
        yield f"   {one.cost:,.0f} {found.currency} a year; {one.loss.in_words}, {interval}"
        if not safer:
            yield f"   not surely safer than {number - 1}: their intervals overlap"
    yield ""
    yield (
        f"{found.candidates:,} candidates, {len(found.front) + len(found.near):,} of them near the "
        "front and estimated in full"
    )
    if found.refused:
        yield f"note: {found.refused:,} are no layouts, such as: {found.refusals[0]}"
