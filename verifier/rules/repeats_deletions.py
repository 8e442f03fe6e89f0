"""Copies in which a deletion at the source is repeated."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="repeats-deletions",
    title="No copy repeats what is deleted or overwritten at the source",
    risk="A wrong delete, rot or encryption by malware at the source is in the mirror by tomorrow.",
    remediation="Keep older versions: snapshots at the far end, versioning, or a backup tool.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name the mirrors; they count as copies.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.inventory.locations:
        if place.state is State.READ and place.repeats_deletions.value:
            why = place.repeats_deletions.source
            text = f"{place.name} is a mirror, which repeats deletions: {why}."
            yield Finding(RULE.id, Status.FAIL, Severity.MEDIUM, place.name, text, RULE.remediation)
            continue
        bucket = next((w for w in place.lineage if w.startswith("s3-bucket:")), "")
        told = f"s3-replicates:{bucket.partition(':')[2]}+deletions"
        for other in view.inventory.locations if bucket else ():
            if other is not place and told in other.lineage:
                kept = place.retention.value or "whether it keeps older versions is not known"
                text = f"What is deleted in {other.name} is deleted in {place.name} too: {kept}."
                yield Finding(
                    RULE.id, Status.FAIL, Severity.MEDIUM, place.name, text, RULE.remediation
                )
