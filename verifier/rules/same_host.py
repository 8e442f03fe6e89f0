"""Separate drives of one host."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._layers import meeting
from verifier.rules._model import Finding, Rule
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="same-host",
    title="Copies on different hosts",
    risk="A power surge, a thief or malware on the host reaches all its drives.",
    remediation="Keep one copy on another host, or unplugged.",
)


def judge(view: View) -> Iterator[Finding]:
    """Yield a note for each host that several separate locations have in common.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    would = "malware or a power surge there would reach them all"
    here = view.inventory.host.value
    called = {here: "this machine"} if here else None
    yield from meeting(view, RULE, lambda place: place.domains.host, "host", would, called)
