"""The probability of an audited set-up, as text, JSON and a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from riskmodel._console import wrapped
from riskmodel.preset_catalogue import presets
from riskmodel.reporting import Answer, Figure, Page, Prose, Section, Table, sentences
from riskmodel.reporting.assessing import Reported
from riskmodel.reporting.layouts import answers, lose_everything
from riskmodel.reporting.words import LIMITS, inputs_in_words, source_rows
from verifier.advice_text import advice_document, advice_parts
from verifier.audit_page import GATES, counts_in_words, found_table, rule_table, steps
from verifier.picture import failure_domains_figure
from verifier.rules import Status

if TYPE_CHECKING:
    from verifier.bridge import Risk

__all__ = ["risk_json", "risk_page", "risk_text"]

SCHEMA = 1


def risk_text(risk: Risk, width: int | None = None) -> str:
    """Return the answer as text: the headline, the gates, what was assumed.

    Parameters
    ----------
    risk : Risk
        The answer.
    width : int, optional
        Wrap at this column; lines stay whole unless given.
    """
    return "\n".join(wrapped(_lines(risk), width)) + "\n"


def _lines(risk: Risk) -> Iterator[str]:
    worst = risk.worst
    low, high = worst.interval()
    yield str(worst)
    if worst.exact is None:
        yield f"  95 % interval {low:.3g} to {high:.3g}, {worst.trials:,} trials, seed {worst.seed}"
    else:
        yield f"  probability {worst.probability:.3g}, computed without sampling error"
    if worst.parameter_range is not None:
        yield f"  {inputs_in_words(worst)}"
    if risk.best is not None:
        who = " and ".join(risk.bridged.doubts)
        yield f"  if {who} turned out to be independent: {risk.best.in_words}"
    for answer in _about_loss(risk)[1:]:
        yield f"  {answer.question.lower()}: {answer.answer}"
        yield f"    {answer.detail}"
    yield f"  {counts_in_words(risk.audit)}"
    yield ""
    yield "3-2-1-1-0"
    for key, gate in risk.audit.gates.items():
        yield f"  {gate.status:<8} {GATES[key]:<23} {gate.reason}"
    if worst.causes:
        yield ""
        yield "What took the last copy"
        for cause in worst.causes[:6]:
            share = f"{cause.share:.0%}" if cause.share >= 0.005 else "<1%"
            yield f"  {share:>4} {cause.name}"
    yield ""
    yield "Assumed, with the evidence"
    for note in risk.bridged.assumptions:
        yield f"  [{note.evidence}] {note.text}"
    for text in (*worst.assumptions, *worst.all_warnings):
        yield f"  note: {text}"


def risk_json(risk: Risk) -> str:
    """Return the answer as JSON; ``risk`` is the worse of two answers where there are two."""
    document = {
        "schema": SCHEMA,
        "name": risk.audit.setup.name,
        "at": risk.audit.inventory.at.isoformat(),
        "claimed_copies": risk.audit.claimed_copies,
        "independent_copies": risk.audit.independent_copies,
        "independent_copies_at_most": risk.audit.independent_at_most,
        "gates": {
            key: {
                "status": gate.status,
                "value": gate.value,
                "wanted": gate.wanted,
                "evidence": gate.evidence,
            }
            for key, gate in risk.audit.gates.items()
        },
        "risk": risk.worst.to_dict(),
        "risk_if_independent": risk.best.to_dict() if risk.best else None,
        "histories": risk.history.to_dict() if risk.history else None,
        "lose_something": _something(risk),
        "advice": advice_document(risk.advice) if risk.advice else None,
        "doubts": list(risk.bridged.doubts),
        "assumptions": [
            {"text": note.text, "evidence": note.evidence} for note in risk.bridged.assumptions
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _something(risk: Risk) -> dict[str, Any] | None:
    if risk.history is None:
        return None
    low, high, mean = Reported(risk.bridged.worst, risk.worst, risk.history).something
    return {
        "meaning": "a part of the data, or all of it, is lost for good",
        "probability": mean,
        "interval": [low, high],
        "confidence": 0.95,
    }


def risk_page(risk: Risk) -> Page:
    """Return the answer as a page for somebody who decides."""
    from riskmodel.reporting.figures import causes, curve, inputs

    audit, worst = risk.audit, risk.worst
    estimates = {"certain copies": worst}
    if risk.best is not None:
        estimates["if all in doubt are independent"] = risk.best
    pictures: tuple[Figure, ...] = (curve(estimates),)
    taken = causes(worst)
    if taken is not None:
        pictures += (taken,)
    uncertain = inputs(worst)
    advised: tuple[Section, ...] = ()
    if risk.advice is not None:
        advised = (Section("What to change first", advice_parts(risk.advice)),)
    return Page(
        title=f"Will these backups save \u201c{audit.setup.name}\u201d?",
        subtitle=f"Audited {audit.inventory.at:%Y-%m-%d %H:%M} UTC on "
        f"{audit.inventory.host.value or 'an unknown host'}; {counts_in_words(risk.audit)}",
        answers=_answers(risk),
        sections=(
            Section(
                "The 3-2-1-1-0 rule",
                (rule_table(audit),),
            ),
            Section("What the copies have in common", (failure_domains_figure(audit),)),
            *advised,
            Section("What to do", (steps(audit),)),
            Section("What was found", (found_table(audit),)),
            Section("How the data would be lost", pictures),
            Section("What this rests on", (_assumed(risk), sentences(worst.assumptions))),
            Section(
                "Where the numbers come from",
                (uncertain, _sources(risk)) if uncertain is not None else (_sources(risk),),
            ),
            Section("Limits", (Prose((LIMITS,)), sentences(worst.all_warnings))),
        ),
        footer=f"threetwoone {worst.to_dict()['versions']['threetwoone']}, method {worst.method}, "
        f"seed {worst.seed}. The climate and the threats are taken to stay as they are.",
    )


def _answers(risk: Risk) -> tuple[Answer, ...]:
    statuses = [gate.status for gate in risk.audit.gates.values()]
    gates = f"{statuses.count(Status.PASS)} of {len(statuses)}"
    everything, *others = _about_loss(risk)
    if risk.best is not None:
        who = " and ".join(risk.bridged.doubts)
        more = f" If {who} turned out to be independent: {risk.best.in_words}."
        everything = replace(everything, detail=everything.detail + more)
    return (everything, *others, Answer("Gates passed", gates, f"{counts_in_words(risk.audit)}."))


def _about_loss(risk: Risk) -> tuple[Answer, ...]:
    """Return the three answers; without histories the first alone."""
    if risk.history is None:
        return (lose_everything(risk.worst),)
    return answers(Reported(risk.bridged.worst, risk.worst, risk.history))


def _assumed(risk: Risk) -> Table:
    rows = tuple((str(note.evidence), note.text) for note in risk.bridged.assumptions)
    return Table(("evidence", "assumption"), rows)


def _sources(risk: Risk) -> Table:
    rows = [(item.path, item.source) for item in risk.worst.parameters]
    # what the bridge fills in stands in the layout like any other number
    filled = ("check_every", "site_recovery", "model_variance")
    known = presets().defaults.sources
    rows += [(f"defaults.{item.key}", item) for item in known if item.key in filled]
    return source_rows(rows)
