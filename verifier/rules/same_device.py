"""Locations that stand on the same drive, pool, directory or files."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._independence import Tie
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import Copyhood
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="same-device",
    title="No two locations on one drive, pool or directory",
    risk="They fail together: what kills the drive takes both, so that they are one copy.",
    remediation="Move one of them to a drive of its own.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name each pair that shares parts, and what it shares.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        One for each location that adds nothing to an earlier one.
    """
    for later in range(1, len(view.locations)):
        for earlier in range(later):
            found = view.relation(earlier, later)
            if found.tie is not Tie.SHARED:
                continue
            if view.standings[later].copyhood is Copyhood.NO and not found.shared:
                continue
            one, other = view.locations[earlier].name, view.locations[later].name
            what = names(found.shared[:3])
            yield Finding(
                RULE.id,
                Status.FAIL,
                Severity.HIGH,
                other,
                f"{one} and {other} are not independent: they share {what}.",
                RULE.remediation,
            )
            break
