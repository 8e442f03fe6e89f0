"""Copies that do not hold all of the source."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import Location, State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import counted, held_words, perhaps_whole
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

_FILLED = (
    "Let no point expire: the earlier ones hold what there is. See why the newest is empty (was "
    "the source mounted?), and run the backup."
)

_POORER = (
    "Let no point expire: an earlier one holds what the newest lacks. See what the last run left "
    "out, or found gone, and run the backup."
)


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
        nothing = share == 0.0 and (place.shares is None or place.shares.files == 0.0)
        folders = [folder for folder in place.missing if folder != "."]
        lacking = f"; most of the rest is in {names(folders)}"
        lacking = lacking if folders and not nothing else ""
        held = "holds " + held_words(place, "the source's files")
        held += f" of {place.newer.since:%Y-%m-%d %H:%M}" if place.newer else " as they are now"
        if nothing:
            held = _empty(place) if place.files == 0 else "holds none of the source's files"
        poor = place.files != 0 and place.last_filled
        earlier = f"; its point of {poor:%Y-%m-%d %H:%M} holds more" if poor else ""
        empty = nothing and place.files == 0 and place.kind == "directory"
        yield Finding(
            RULE.id,
            Status.PASS if enough else Status.UNKNOWN if perhaps else Status.FAIL,
            Severity.NOTE if enough else Severity.MEDIUM if perhaps else Severity.HIGH,
            place.name,
            f"{place.name} {held}{lacking}{earlier}{_older(place)}{_doubt(place)}."
            + ("" if nothing else _named(place)),
            _EMPTY
            if empty
            else _POORER
            if poor
            else _FILLED
            if place.last_filled
            else RULE.remediation,
        )


def _empty(place: Location) -> str:
    newest = place.points.newest
    if newest is None or (place.points.count or 0) < 2:
        return "is empty"
    text = f"has nothing in its newest point, of {newest:%Y-%m-%d %H:%M}"
    filled = place.last_filled
    return f"{text}; that of {filled:%Y-%m-%d %H:%M} is not empty" if filled else text


def _named(place: Location) -> str:
    """Name the first files, as a small one can be what matters most."""
    shares = place.shares
    if shares is None or not shares.missing:
        return ""
    more = shares.lacking - len(shares.missing)
    return (
        f" Not among them: {names([*shares.missing, *([f'{more:,} more'] if more > 0 else [])])}."
    )


def _older(place: Location) -> str:
    if not place.outdated:
        return ""
    which = counted(place.outdated, "file")
    return f"; of {which} it has an older version than its newest point should have"


def _doubt(place: Location) -> str:
    newer, found = place.newer, place.unlike
    if found is not None and found.shorter_files:
        which = counted(found.shorter_files, "file")
        return f"; of {which} it has another length, and perhaps the right one"
    if newer is None or not newer.doubtful:
        return ""
    which = f"{counted(newer.doubtful, 'file')} of what it lacks may have come since"
    return f"; {which}: {newer.reason}"
