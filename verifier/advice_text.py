"""Advice as text and JSON: what to change first, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from riskmodel._console import wrapped
from riskmodel.errors import one_line
from riskmodel.reporting import Part, Prose, Table, sentences
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel.effects import Effect
    from verifier.bridge import Advice, Proposal

__all__ = ["advice_document", "advice_json", "advice_lines", "advice_parts", "advice_text"]

SCHEMA = 1
_NOTHING = "Nothing to change was found: every gate passes, and every copy is as it should be."
_NONE_CLEAR = "No single change removes more of the loss than the sampling error hides."


def advice_text(advice: Advice, width: int | None = None) -> str:
    """Return advice for a terminal, the change that removes most first."""
    return "\n".join(wrapped(map(one_line, advice_lines(advice)), width)) + "\n"


def advice_lines(advice: Advice) -> Iterator[str]:
    """Yield the lines of `advice_text`."""
    everything = (*advice.clear, *advice.noise, *advice.harmful)
    if not everything:
        yield _NOTHING
        return
    before = everything[0].effect.before
    years = format_hours(before.horizon_hours)
    low, high = before.interval()
    yield f"{advice.audit.setup.name}: {before.in_words} to lose everything within {years} as it is"
    yield f"  95 % interval {low:.3g} to {high:.3g} (sampling error alone)"
    for number, one in enumerate(advice.clear, 1):
        yield ""
        yield f"{number}. {one.change.name}: removes {_share(one.effect)} of the loss"
        yield from _more(one)
    if not advice.clear:
        yield ""
        yield _NONE_CLEAR
    if advice.noise:
        yield ""
        yield "Inside the noise: not told apart from no effect on the loss of everything"
        for one in advice.noise:
            gates = f" (passes: {', '.join(one.passes)})" if one.passes else ""
            yield f"  - {one.change.name}{gates}"
            yield f"    {one.change.step}"
    if advice.harmful:
        yield ""
        yield "Would add to the loss as the model sees it, whatever a gate says"
        for one in advice.harmful:
            yield f"  - {one.change.name}: {_harm(one)}"
    for words in filter(None, (advice.rest_in_words, advice.disagreement)):
        yield ""
        yield words


def _more(one: Proposal) -> Iterator[str]:
    after = one.effect.after
    low, high = after.interval()
    yield f"   then {after.in_words}, 95 % interval {low:.3g} to {high:.3g}"
    if one.passes:
        yield f"   passes: {', '.join(one.passes)}; score {one.score.value}"
    yield f"   {one.change.step}"


def _harm(one: Proposal) -> str:
    """Say how much likelier the loss is after a change, beyond its error."""
    high, low = (1.0 - end for end in one.effect.removed_interval())
    return f"{1.0 - one.effect.removed:.2f} times as likely ({low:.2f} to {high:.2f})"


def _share(effect: Effect) -> str:
    low, high = effect.removed_interval()
    if not effect.after.seen:
        return f"at least {low:.0%}".replace("%", " %")
    return f"{effect.removed:.0%} ({low:.0%} to {high:.0%})".replace("%", " %")


def advice_parts(advice: Advice) -> tuple[Part, ...]:
    """Return advice as parts of a page: what surely helps as a table, then the rest."""
    if not (advice.clear or advice.noise or advice.harmful):
        return (Prose((_NOTHING,)),)
    rows = tuple(
        (
            f"{number}. {one.change.name}",
            _share(one.effect),
            one.effect.after.in_words,
            ", ".join(one.passes) or "none",
            one.change.step,
        )
        for number, one in enumerate(advice.clear, 1)
    )
    columns = ("change", "removes of the loss", "lose everything, then", "gates won", "how")
    first: Part = Table(columns, rows) if rows else Prose((_NONE_CLEAR,))
    told = [f"not told apart from no effect: {one.change.name}"
            for one in advice.noise]  # fmt: skip
    told += [f"adds to the loss as the model sees it: {one.change.name}, {_harm(one)}"
             for one in advice.harmful]  # fmt: skip
    told += filter(None, (advice.rest_in_words, advice.disagreement))
    return (first, sentences(told)) if told else (first,)


def advice_json(advice: Advice) -> str:
    """Return advice as JSON; ``kind`` says which proposals are ranked."""
    return json.dumps(advice_document(advice), indent=2, ensure_ascii=True) + "\n"


def advice_document(advice: Advice) -> dict[str, Any]:
    """Return advice as JSON-ready tables."""
    kinds = (("clear", advice.clear), ("noise", advice.noise), ("harmful", advice.harmful))
    proposals = [_proposal(kind, one) for kind, them in kinds for one in them]
    return {
        "schema": SCHEMA,
        "name": advice.audit.setup.name,
        "proposals": proposals,
        "not_computed": advice.not_computed,
        "disagreement": advice.disagreement or None,
    }


def _proposal(kind: str, one: Proposal) -> dict[str, Any]:
    low, high = one.effect.removed_interval()
    return {
        "kind": kind,
        "change": one.change.name,
        "step": one.change.step,
        "removed": one.effect.removed,
        "removed_interval": [max(low, -1e9), high],
        "before": _estimate(one.effect.before),
        "after": _estimate(one.effect.after),
        "passes": list(one.passes),
        "score": {"value": one.score.value, "low": one.score.low, "high": one.score.high},
    }


def _estimate(loss: Any) -> dict[str, Any]:
    return {
        "probability": loss.probability if loss.seen else None,
        "interval": list(loss.interval()),
        "method": loss.method,
        "trials": loss.trials,
        "seed": loss.seed,
    }
