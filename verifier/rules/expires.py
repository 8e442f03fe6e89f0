"""Copies whose files are deleted after a time, whatever happens to the live data."""

from __future__ import annotations

from collections.abc import Iterator

from riskmodel.units import format_hours
from verifier.inventory import State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="expires",
    title="No copy is deleted of itself before the next one is due",
    risk="A lifecycle rule deletes what was uploaded once and never again.",
    remediation="Let the lifecycle rule delete older versions only, or after the next backup.",
)
# kinds whose files are uploaded once and stay; the others are written anew as a whole
_ONCE = frozenset({"borg", "directory", "rclone", "restic", "s3", "sftp"})


def judge(view: View) -> Iterator[Finding]:
    """Name locations whose files expire: trees and repositories always, others if too early.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.inventory.locations:
        hours = place.expires_hours.value
        if place.state is not State.READ or hours is None:
            continue
        if place.kind in _ONCE or hours < view.policy.max_age:
            why = place.expires_hours.source
            text = (
                f"{place.name} loses each file {format_hours(hours)} after it was written: {why}."
            )
            if "deletes all objects on" in why:
                text = f"{place.name} loses all its files in {format_hours(hours)}: {why}."
            yield Finding(RULE.id, Status.FAIL, Severity.MEDIUM, place.name, text, RULE.remediation)
