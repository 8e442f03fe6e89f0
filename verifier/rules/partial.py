"""Copies that do not hold all of the source."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import percent
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="partial",
    title="Every location holds the whole of the source",
    risk="What a backup leaves out is lost with the live data.",
    remediation="Run the backup; what it still lacks then is left out: add that to the job, or to "
    "'exclude' under [source] if nobody would miss it.",
)

_EMPTY = "Mount the disk or share that belongs there; if it is mounted, run the backup."


def judge(view: View) -> Iterator[Finding]:
    """Name locations that hold less than all files, and the largest folders they lack.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        A failure below ``min_coverage``, a note above it.
    """
    for place in view.inventory.locations:
        share = place.coverage.value
        if place.state is not State.READ or share is None or share >= 1.0:
            continue
        enough = share >= view.policy.min_coverage
        folders = [folder for folder in place.missing if folder != "."]
        lacking = f"; most of the rest is in {names(folders)}"
        lacking = lacking if folders and share > 0.0 else ""
        held = f"holds {percent(share)} of the source's files as they are now"
        if share == 0.0:
            held = "is empty" if place.files == 0 else "holds none of the source's files"
        empty = share == 0.0 and place.files == 0 and place.kind == "directory"
        yield Finding(
            RULE.id,
            Status.PASS if enough else Status.FAIL,
            Severity.NOTE if enough else Severity.HIGH,
            place.name,
            f"{place.name} {held}{lacking}.",
            _EMPTY if empty else RULE.remediation,
        )
