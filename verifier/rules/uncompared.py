"""Audits that could not be held against earlier ones, so that drift would not show."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="uncompared",
    title="What is found is held against earlier audits",
    risk="Rot, mass changes and copies that stopped show only beside what earlier audits saw.",
    remediation="Let the catalogue be read and written, name another one with --catalogue, or say "
    "--no-catalogue if none is wanted.",
)


def judge(view: View) -> Iterator[Finding]:
    """Say that nothing was compared, or that there is nothing to compare with any more.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        Unknown where the catalogue could not be used; pass, as a note, where the dataset was
        renamed or its source moved.
    """
    found = view.inventory
    if found.uncompared:
        text = f"Rot, mass changes and copies that stopped would not show: {found.uncompared}."
        yield Finding(RULE.id, Status.UNKNOWN, Severity.MEDIUM, None, text, RULE.remediation)
    if found.formerly:
        name, source = found.formerly
        here = found.source.real_path or found.source.address
        text = f"No earlier audit of '{found.name}' is kept; '{name}' has the same source"
        if name == found.name:
            text = f"No earlier audit of '{name}' at {here} is kept; those of {source} are"
        text += ": history begins anew."
        remedy = "Nothing, if you renamed or moved it."
        yield Finding(RULE.id, Status.PASS, Severity.NOTE, None, text, remedy)
