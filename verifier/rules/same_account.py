"""Separate locations in one account."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._layers import meeting
from verifier.rules._model import Finding, Rule
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="same-account",
    title="Copies in different accounts",
    risk="A lost login or a closed account takes everything in it.",
    remediation="Keep one copy in another account.",
)


def judge(view: View) -> Iterator[Finding]:
    """Yield a note for each account that several separate locations have in common.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    would = "losing that account would lose them together"
    yield from meeting(view, RULE, lambda place: place.domains.account, "account", would)
