"""Declared sites that a measurement contradicts."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View
from verifier.rules.one_offsite import contradicted

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="site-contradicted",
    title="No location is measured at another place than its declared site",
    risk="A copy that is thought to be far away burns with the source.",
    remediation="Correct the site, or set offline = true if the drive travels there.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name locations whose drives are in the source's own machine, and whose site is another.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for number, place in enumerate(view.locations):
        if number and contradicted(view, number):
            text = (
                f"{place.name} is declared to be at {place.domains.site.value}, "
                "but its drives are in the source's own machine."
            )
            yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, RULE.remediation)
