"""Arrays and pools that lack redundancy now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="degraded-array",
    title="No array or pool below a location is degraded",
    risk="One more failed drive can take everything on it, and a rebuild stresses what is left.",
    remediation="Replace the failed drive, and refresh the other copies before the rebuild ends.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name the locations on arrays that lack members or are being rebuilt.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        One for each array.
    """
    on: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place in view.locations:
        if place.domains.degraded.value:
            level = place.domains.level.value or "array"
            on[level, place.domains.degraded.source].append(place.name)
    for (level, why), places in on.items():
        verb = "stands" if len(places) == 1 else "stand"
        yield Finding(
            RULE.id,
            Status.FAIL,
            Severity.HIGH,
            places[0],
            f"{names(places)} {verb} on a degraded {level}: {why}.",
            RULE.remediation,
        )
