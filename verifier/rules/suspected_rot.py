"""Files whose bytes changed though their size and time did not."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import Location, Suspect
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="suspected-rot",
    title="No file has other bytes under the size and time that it had",
    risk="Rot is copied into every backup, while the old points that hold the good bytes expire.",
    remediation="Keep the old points, look at the files named, and put the good bytes back. A few "
    "programs change bytes and put the time back (encrypted containers, some taggers).",
)

_SHOWN = 3


def judge(view: View) -> Iterator[Finding]:
    """Name the files that are suspected in each location, and which copy is right.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        Unknown where nobody can tell which copy is right; pass where all are right again.
    """
    for place in view.locations:
        if place.changes is None:
            continue
        bad = tuple(one for one in place.changes.suspects if place.name in one.bad)
        healed = tuple(one for one in place.changes.suspects if one.healed)
        if bad:
            yield _suspected(place, place.changes.rotten, bad)
        elif healed and place.changes.rotten:
            count = _files(place.changes.rotten)
            text = (
                f"{count} of {place.name} changed under the same size and time, to what is right."
            )
            yield Finding(RULE.id, Status.PASS, Severity.NOTE, place.name, text, RULE.remediation)


def _suspected(place: Location, rotten: int, bad: tuple[Suspect, ...]) -> Finding:
    told = "; ".join(_told(one) for one in bad[:_SHOWN])
    count = max(rotten, len(bad))
    more = f"; and {count - _SHOWN:,} more" if count > _SHOWN else ""
    verb = "has" if count == 1 else "have"
    text = (
        f"{_files(count)} of {place.name} {verb} other bytes under the same size and time than "
        f"before or elsewhere: {told}{more}."
    )
    sure = any(one.right for one in bad)
    status = Status.FAIL if sure else Status.UNKNOWN
    return Finding(RULE.id, status, Severity.HIGH, place.name, text, RULE.remediation)


def _told(one: Suspect) -> str:
    if not one.right:
        return f"{one.path} ({one.reason})"
    spread = "; the wrong bytes have spread" if one.spread else ""
    where = one.where or "nowhere that was looked at"
    return f"{one.path} (the good bytes are in {where}: {one.reason}{spread})"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
