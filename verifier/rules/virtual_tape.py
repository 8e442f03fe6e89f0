"""Tapes that are files on a disk."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="virtual-tape",
    title="No tape is a virtual one",
    risk="A virtual tape library keeps its tapes on disks: they fail, burn and can be wiped so.",
    remediation="Count it as disk, and keep another copy on real tape, discs or elsewhere.",
)


def judge(view: View) -> Iterator[Finding]:
    """Name the locations whose tape is software.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for place in view.locations:
        if place.media_type.value not in {"vtl", "virtual-tape"}:
            continue
        drives = place.domains.drives.value
        if drives:
            where = "on " + ", ".join(
                f"{d.device} ({d.model})" if d.model else d.device for d in drives
            )
        else:
            where = "and which disk that is, is not known"
        text = f"{place.name} is a virtual tape: its medium is the disk below it, {where}."
        yield Finding(RULE.id, Status.FAIL, Severity.MEDIUM, place.name, text, RULE.remediation)
