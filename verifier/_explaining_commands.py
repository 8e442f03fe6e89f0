"""Commands that explain: what is looked for, why, and what to do.

Only typer and the standard library are imported before a command, as in `verifier.cli`.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from verifier._command_parts import AsJson, print_json
from verifier._completing import topics

__all__ = ["explain", "rules"]


def rules(as_json: AsJson = False) -> None:
    """List what is looked for."""
    from verifier.rules import RULES

    if as_json:
        print_json([_rule_document(rule) for rule in RULES])
        return
    width = max(len(rule.id) for rule in RULES)
    for rule in RULES:
        typer.echo(f"{rule.id:<{width}}  {rule.title}")


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="RULE",
            help="a rule, a gate, a kind, or score; such as same-device",
            show_default=False,
            autocompletion=topics,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Say what a rule, a gate or a kind of location is about, why, and what to do."""
    from riskmodel.errors import InputError, did_you_mean
    from verifier.kinds import kind_documents
    from verifier.rules import GATE_RULES, PRACTICE_RULES, RULES, rule_named
    from verifier.score import explained

    if name.strip().lower() == "score":
        told = explained()
        print_json({"score": told}) if as_json else typer.echo(told)
        return
    wanted = name.strip().lower().replace("-", "_")
    gates = {gate.gate: gate.rule for gate in (*GATE_RULES, *PRACTICE_RULES)}
    kinds = kind_documents()
    rule = gates.get(wanted) or rule_named(name)
    if rule is None and name.strip().lower() in kinds:
        kind = kinds[name.strip().lower()]
        if as_json:
            print_json(kind)
        else:
            typer.echo(f"{kind['kind']}: {kind['text']}")
        return
    if rule is None:
        known = [*(one.id for one in RULES), *gates, *kinds, "score"]
        known = list({one.replace("_", "-"): one for one in known})
        hint = did_you_mean(name, known, shown=len(known))
        raise InputError(f"explain: unknown rule, gate or kind '{name}'{hint}")
    if as_json:
        print_json(_rule_document(rule))
        return
    typer.echo(f"{rule.id}: {rule.title}.\n\n  why   {rule.risk}\n  do    {rule.remediation}")


def _rule_document(rule: Any) -> dict[str, str]:
    return {
        "id": rule.id,
        "title": rule.title,
        "risk": rule.risk,
        "remediation": rule.remediation,
    }
