"""Copies that do not hold all of the source."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import Location, State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import counted, percent, perhaps_whole
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
        A failure below ``min_coverage``, unknown if files may have come since, a note above it.
    """
    for place in view.inventory.locations:
        share = place.coverage.value
        if place.state is not State.READ or share is None or share >= 1.0:
            continue
        enough = share >= view.policy.min_coverage
        perhaps = not enough and perhaps_whole(place, view.policy)
        folders = [folder for folder in place.missing if folder != "."]
        lacking = f"; most of the rest is in {names(folders)}"
        lacking = lacking if folders and share > 0.0 else ""
        held = f"holds {percent(share)} of the source's files"
        held += f" of {place.newer.since:%Y-%m-%d %H:%M}" if place.newer else " as they are now"
        if share == 0.0:
            held = "is empty" if place.files == 0 else "holds none of the source's files"
        empty = share == 0.0 and place.files == 0 and place.kind == "directory"
        yield Finding(
            RULE.id,
            Status.PASS if enough else Status.UNKNOWN if perhaps else Status.FAIL,
            Severity.NOTE if enough else Severity.MEDIUM if perhaps else Severity.HIGH,
            place.name,
            f"{place.name} {held}{lacking}{_older(place)}{_doubt(place)}.",
            _EMPTY if empty else RULE.remediation,
        )


def _older(place: Location) -> str:
    if not place.outdated:
        return ""
    which = counted(place.outdated, "file")
    return f"; of {which} it has an older version than its newest point should have"


def _doubt(place: Location) -> str:
    newer = place.newer
    if newer is None or not newer.doubtful:
        return ""
    which = f"{counted(newer.doubtful, 'file')} of what it lacks may have come since"
    return f"; {which}: {newer.reason}"
