"""Files that differ from the source's where nothing tells which of the two is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifier.inventory import Location, Other, State, Unlike
from verifier.manifest import shown
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import counted
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="unlike",
    title="No file differs from the source's so that nothing tells which of them is right",
    risk="The next run writes the source's bytes over the other ones, which may be the good ones.",
    remediation="Before the next run look at both files, put the right one in both places, and "
    "keep the other for a while.",
)

_SHOWN = 3


def judge(view: View) -> Iterator[Finding]:
    """Name the files of each location that differ, and which side has what.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        Unknown: for files that are shorter at the source, and for those that are younger in it.
    """
    for place in view.inventory.locations:
        found = place.unlike
        if found is None or (place.state is not State.READ and not place.audited):
            continue
        for severity, text in _told(place, found):
            yield Finding(RULE.id, Status.UNKNOWN, severity, place.name, text, RULE.remediation)


def _told(place: Location, found: Unlike) -> Iterator[tuple[Severity, str]]:
    count = found.shorter_files
    if count:
        which = counted(count, "file")
        text = (
            f"{which} of {place.name} and the source differ under the same time, and the source's "
            f"{'is' if count == 1 else 'are'} shorter: the source has lost bytes, or {place.name} "
            f"has gained some that are wrong: {_named(found.shorter, count)}."
        )
        yield Severity.HIGH, text
    count = found.younger_files
    if count:
        which = f"{counted(count, 'file')} of {place.name}"
        verb = (
            "differs from the source's, and is"
            if count == 1
            else "differ from the source's, and are"
        )
        guess = (
            f"edited in {place.name}, or the source lost bytes or went back to an older version, "
            "or a copy that broke while it was made"
        )
        text = f"{which} {verb} younger: {found.told or guess}: {_named(found.younger, count)}."
        yield Severity.MEDIUM, text


def _named(files: Sequence[Other], count: int) -> str:
    named = "; ".join(_sizes(one) for one in files[:_SHOWN])
    more = count - len(files[:_SHOWN])
    return f"{named}; and {more:,} more" if more else named


def _sizes(one: Other) -> str:
    if one.size == one.live:
        return f"{shown(one.path)} (other bytes)"
    return f"{shown(one.path)} ({one.size} bytes, the source's has {one.live})"
