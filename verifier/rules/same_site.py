"""Separate locations at one site."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._layers import meeting
from verifier.rules._model import Finding, Rule
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="same-site",
    title="Copies at different sites",
    risk="Fire, flood and theft take a whole building.",
    remediation="Keep one of them elsewhere.",
)


def judge(view: View) -> Iterator[Finding]:
    """Yield a note for each site that several separate locations have in common.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    would = "a fire or a theft there would take them together"
    yield from meeting(view, RULE, lambda place: place.domains.site, "site", would)
