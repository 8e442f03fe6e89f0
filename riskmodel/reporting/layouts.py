"""The report on layouts: three answers first, then what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from riskmodel._chances import binomial_interval, chance_range, one_in, removed_share
from riskmodel._text import copy_text
from riskmodel.costs import yearly_cost
from riskmodel.gates import rule_gates
from riskmodel.reporting import (
    Answer,
    Figure,
    Items,
    Page,
    Part,
    Prose,
    Section,
    Table,
    sentences,
)
from riskmodel.reporting.words import (
    LIMITS,
    error_in_words,
    inputs_in_words,
    sampling_in_words,
    sources,
)
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate
    from riskmodel.improvement import Improvement
    from riskmodel.relocation import DistanceLoss
    from riskmodel.reporting.assessing import Reported

__all__ = ["answers", "layouts_page", "lose_everything"]

_SIDE_BY_SIDE = (
    "layout", "lose everything", "range over the inputs", "lose something", "no data over a day",
    "over a week", "lose a week's work",
)  # fmt: skip
_PLANS = (
    "A plan is taken at its word; verifier audits what exists. The rule counts copies, the chance "
    "of loss weighs them: where the two rank layouts differently, believe the chance and its range."
)
_GATES = {
    "copies": "3 copies",
    "media": "2 media",
    "offsite": "1 offsite",
    "offline_or_immutable": "1 offline or immutable",
    "errors": "0 errors",
}


def layouts_page(found: Sequence[Reported]) -> Page:
    """Return the report on one or more layouts.

    Parameters
    ----------
    found : sequence of Reported
        At least one.

    Returns
    -------
    Page
    """
    from riskmodel.reporting import figures

    losses = {one.layout.name: one.loss for one in found}
    first = found[0].loss
    sections = []
    if len(found) > 1:
        sections.append(Section("Side by side", (figures.compare(losses), _side_by_side(found))))
    sections.append(Section("The 3-2-1-1-0 rule, asked of the plan", _gates(found)))
    sections.append(Section("How likely it becomes with time", (figures.curve(losses),)))
    better = found[0].improvement
    if better is not None:
        sections.append(Section("What to change first", _what_first(better)))
    sections += [_of_one(one, alone=len(found) == 1) for one in found]
    taken = {one.layout.name: one.loss.parameters for one in found}
    sections += [
        Section("Where the numbers come from", (sources(taken),)),
        Section(
            "What is assumed",
            (_told_once({one.layout.name: one.loss.assumptions for one in found}),),
        ),
        Section(
            "What the numbers leave out",
            (
                Prose((LIMITS,)),
                _told_once({one.layout.name: one.loss.all_warnings for one in found}),
            ),
        ),
    ]
    seeds = [one.loss.seed for one in found if one.loss.seed is not None]
    seed = f", seed {seeds[0]}" if seeds else ""
    methods = ", ".join(dict.fromkeys(one.loss.method for one in found))
    return Page(
        title=f"Will these copies save \u201c{found[0].layout.name}\u201d?"
        if len(found) == 1
        else f"{len(found)} ways to keep the data, and what becomes of it",
        subtitle=f"Simulated over {format_hours(first.horizon_hours)}; "
        f"{datetime.now(UTC):%Y-%m-%d}",
        answers=answers(found[0]) if len(found) == 1 else _spread(found),
        sections=tuple(sections),
        footer=f"threetwoone {first.to_dict()['versions']['threetwoone']}, method {methods}{seed}. "
        "The climate and the threats are taken to stay as they are.",
    )


def answers(one: Reported) -> tuple[Answer, ...]:
    """Return the three answers about a single layout."""
    years = format_hours(one.loss.horizon_hours)
    low, high, mean = one.something
    part = f"A part of the data or all of it, within {years}; {error_in_words(low, high)}."
    return (
        lose_everything(one.loss),
        Answer("Lose something for good", _chance(mean, low, high), part),
        _time_until_back(one),
    )


def lose_everything(loss: LossEstimate) -> Answer:
    """Return the first answer."""
    within = f"within {format_hours(loss.horizon_hours)}"
    parts = (within, inputs_in_words(loss), sampling_in_words(loss))
    return Answer("Lose everything", loss.in_words, "; ".join(filter(None, parts)) + ".")


def _time_until_back(one: Reported) -> Answer:
    question, out = "Time until everything is back", one.history.unavailable
    years = format_hours(one.history.horizon_hours)
    if out is None:
        return Answer(question, "not computed", "No whole histories were played.")
    if not out.hours:
        told = f"In {out.trials:,} histories nobody was ever without data."
        return Answer(question, "never without data", told)
    unsaid = [name for name, hours in out.restore_hours if hours is None]
    note = (
        f" How fast {' and '.join(unsaid)} can be restored is not said: the time until a copy is "
        "whole again is taken."
        if unsaid
        else ""
    )
    return Answer(
        question,
        f"over a day: {_hits(out.over_day, out.trials)}",
        f"The chance that people are without their data for so long within {years}; over a week: "
        f"{_hits(out.over_week, out.trials)}. {format_hours(out.hours_per_year)} a year on "
        f"average, a total loss counted until the end.{note}",
    )


def _spread(found: Sequence[Reported]) -> tuple[Answer, ...]:
    """Return the three answers about several layouts: the best and the worst."""
    ranked = sorted(found, key=lambda one: one.loss.probability)
    partly = sorted(found, key=lambda one: one.something[2] or one.something[1])
    waiting = sorted(
        (one for one in found if one.history.unavailable is not None),
        key=lambda one: one.history.unavailable.over_day / one.history.trials,  # type: ignore[union-attr]
    )
    years = format_hours(found[0].loss.horizon_hours)
    best, worst = ranked[0], ranked[-1]
    answers = [
        Answer(
            "Lose everything",
            chance_range(best.loss.probability, worst.loss.probability)
            if best.loss.is_known and worst.loss.is_known
            else f"{worst.loss.in_words} to {best.loss.in_words}",
            f"Within {years}. Safest: {best.layout.name}"
            + (f" ({inputs_in_words(best.loss)})" if best.loss.parameter_range else "")
            + f". Worst: {worst.layout.name}.",
        ),
        Answer(
            "Lose something for good",
            _span([(_something(one), one.something[2]) for one in (partly[0], partly[-1])]),
            f"A part of the data or all of it, within {years}. Safest: {partly[0].layout.name}; "
            f"worst: {partly[-1].layout.name}.",
        ),
    ]
    if waiting:
        ends = [
            (_over_day(one), one.history.unavailable.over_day / one.history.trials)  # type: ignore[union-attr]
            for one in (waiting[0], waiting[-1])
        ]
        answers.append(
            Answer(
                "Time until everything is back",
                f"over a day: {_span(ends)}",
                f"The chance to be without the data for more than a day within {years}. Best: "
                f"{waiting[0].layout.name}; worst: {waiting[-1].layout.name}.",
            )
        )
    return tuple(answers)


def _span(ends: Sequence[tuple[str, float | None]]) -> str:
    """Return a range of chances in one form, given the words and the number of both ends."""
    (best, low), (worst, high) = ends
    if low and high:
        return chance_range(low, high)
    return best if best == worst else f"{best} to {worst.removeprefix('about ')}"


def _side_by_side(found: Sequence[Reported]) -> Table:
    """Return a row a layout, the safest first; what it costs where any says so."""
    ranked = sorted(found, key=lambda one: one.loss.probability)
    rows = [_row(one) for one in ranked]
    costs = [yearly_cost(one.layout, one.loss.horizon_hours) for one in ranked]
    if not any(costs):
        return Table(_SIDE_BY_SIDE, tuple(rows))
    told = ["not said" if cost is None else cost.in_words for cost in costs]
    return Table(
        (*_SIDE_BY_SIDE, "cost"), tuple((*row, cost) for row, cost in zip(rows, told, strict=True))
    )


def _gates(found: Sequence[Reported]) -> tuple[Part, ...]:
    """Return the verdicts; of one layout with the reasons."""
    asked = [(one.layout.name, rule_gates(one.layout)) for one in found]
    note = Prose((_PLANS,))
    if len(asked) == 1:
        rows = [
            (_GATES[gate.name], gate.status, f"{gate.value} of {gate.wanted}", gate.why)
            for gate in asked[0][1]
        ]
        return (Table(("gate", "verdict", "found", "why"), tuple(rows)), note)
    matrix = [(name, *(gate.status for gate in gates)) for name, gates in asked]
    return (Table(("layout", *_GATES.values()), tuple(matrix)), note)


def _row(one: Reported) -> tuple[str, ...]:
    inputs, out = one.loss.parameter_range, one.history.unavailable
    week = [item for item in one.history.rollbacks if item.span == "week"]
    return (
        one.layout.name,
        one.loss.in_words,
        "not varied" if inputs is None else inputs.in_words,
        _something(one),
        _over_day(one),
        "not computed" if out is None else _hits(out.over_week, out.trials),
        _hits(week[0].hits, week[0].trials) if week else "unknown: no feeds",
    )


def _of_one(one: Reported, *, alone: bool) -> Section:
    from riskmodel.reporting import figures

    heading = "How the data would be lost" if alone else one.layout.name
    parts: list[Part] = []
    rows = tuple((copy.name, copy_text(one.layout, copy)) for copy in one.layout.copies)
    parts.append(Table(("copy", "what it is"), rows))
    pictures: tuple[Figure | None, ...] = (figures.causes(one.loss), figures.inputs(one.loss))
    parts += [picture for picture in pictures if picture is not None]
    parts += [figures.timeline(one.told)] if one.told is not None else []
    parts += [_how_far(each) for each in one.distances]
    return Section(heading, tuple(parts))


def _what_first(found: Improvement) -> tuple[Part, ...]:
    """Return the changes that surely help, what each removes, and those that do not."""
    rows = []
    for rank, one in zip(found.ranks, found.clear, strict=True):
        cost = () if found.cost is None else ("" if one.cost is None else one.cost.in_words,)
        removed = removed_share(one.effect.removed, *one.effect.removed_interval())
        rows.append((f"{rank}. {one.change.name}", removed, one.effect.after.in_words, *cost))
    columns = ("change", "removes of the loss", "lose everything, then")
    parts: list[Part] = [Prose((found.in_words,))]
    if rows:
        parts.append(Table(columns if found.cost is None else (*columns, "cost"), tuple(rows)))
    told = [f"not told apart from no effect: {one.change.name}"
            for one in found.noise]  # fmt: skip
    told += [f"adds to the loss as the model sees it: {one.change.name}" for one in found.harmful]
    return (*parts, sentences(told)) if told else tuple(parts)


def _how_far(found: DistanceLoss) -> Part:
    from riskmodel.reporting import figures

    chances = [loss.probability for loss in found.estimates]
    if max(chances) - min(chances) > 1e-9 * max(chances):
        return figures.loss_by_distance(found)
    text = (
        f"However far {found.site} is from {found.home} changes nothing: no peril of the model "
        "that strikes both places together takes the last copies."
    )
    return Prose((text,))


def _told_once(told: Mapping[str, Sequence[str]]) -> Items:
    """Return sentences, each once; those that not all layouts have begin with whose they are."""
    names: dict[str, list[str]] = {}
    for name, texts in told.items():
        for text in texts:
            names.setdefault(text, []).append(name)
    return sentences(
        [
            text if len(who) == len(told) else f"{', '.join(who)}: {text}"
            for text, who in names.items()
        ]
    )


def _something(one: Reported) -> str:
    low, high, mean = one.something
    return _chance(mean, low, high)


def _over_day(one: Reported) -> str:
    out = one.history.unavailable
    return "not computed" if out is None else _hits(out.over_day, out.trials)


def _chance(mean: float | None, low: float, high: float) -> str:
    return f"less than {one_in(high)}" if mean is None else f"about {one_in(max(mean, low))}"


def _hits(hits: int, trials: int) -> str:
    low, high = binomial_interval(hits, trials)
    return _chance(hits / trials if hits else None, low, high)
