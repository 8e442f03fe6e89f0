"""Whose fault a difference is: a copy that still holds the right bytes is not the damaged one.

A copy is held against the source as it is. Where earlier audits tell that the bytes of the source
are the wrong ones, following that verdict would put them over the last good ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from verifier.compared import CAME_BACK, DIFFERS, MAX_ERRORS, more_errors
from verifier.files import MTIME_SLACK_NS
from verifier.inventory import Inventory, Location, Suspect
from verifier.manifest import shown

if TYPE_CHECKING:
    from verifier.sightings import Seen

__all__ = ["acquitted", "righted"]

_MORE = re.compile(r"(\d{1,18}) more errors of this kind\.")
_TREES = frozenset({"directory", "dated"})  # compared file by file, each once


def righted(found: Inventory, now: Mapping[str, Seen] | None = None) -> Inventory:
    """Move from copies to the source the errors that the source is to blame for.

    Parameters
    ----------
    found : Inventory
        With what was noticed: each suspect names the locations that hold the right bytes.
    now : mapping of str to Seen, optional
        The files of its locations: without them only what is told one by one is moved.

    Returns
    -------
    Inventory
        As it was where nobody can tell which bytes are right.
    """
    changes = found.source.changes
    suspects = changes.suspects if changes is not None else ()
    rotten = [one for one in suspects if one.right and found.source.name in one.bad]
    if not rotten:
        return found
    source = (now or {}).get(found.source.name)
    wrong = {place.name: set(_told_of(place, rotten)) for place in found.locations}
    for place in found.locations if source is not None else ():
        if now is not None and place.name in now:
            wrong[place.name].update(_counted_of(place, rotten, source, now[place.name]))
    blamed = {path for paths in wrong.values() for path in paths}
    told = [_told(one) for one in rotten if one.path in blamed]
    more = len(told) - MAX_ERRORS
    told = [*told[:MAX_ERRORS], *([more_errors(more)] if more > 0 else [])]
    return replace(
        found,
        source=replace(found.source, errors=(*found.source.errors, *told)),
        locations=tuple(
            _undecided(_acquitted(place, rotten, wrong[place.name]), rotten)
            for place in found.locations
        ),
    )


def _sentences(one: Suspect) -> tuple[str, ...]:
    told = shown(one.path)
    return f"{told} {DIFFERS}", f"{one.path} {DIFFERS}", f"{told} {CAME_BACK}"


def _told_of(place: Location, rotten: list[Suspect]) -> Iterator[str]:
    """Yield the files for which a location is blamed by name though it holds the right bytes."""
    errors = set(place.errors)
    for one in rotten:
        if place.name in one.good and not errors.isdisjoint(_sentences(one)):
            yield one.path


def _counted_of(
    place: Location, rotten: list[Suspect], source: Seen | None, held: Seen
) -> Iterator[str]:
    """Yield those for which it is among the errors that are only counted.

    All that differ under one size and time are errors of a tree that was compared as a whole.
    """
    if _counted(place) is None or place.sample is not None:
        return
    if source is None or source.files is None or held.files is None:
        return
    for one in rotten:
        mine, other = source.files.get(one.path), held.files.get(one.path)
        if place.name not in one.good or mine is None or other is None:
            continue
        if mine.size == other.size and abs(mine.mtime_ns - other.mtime_ns) <= MTIME_SLACK_NS:
            yield one.path


def _counted(place: Location) -> re.Match[str] | None:
    """Return the number of errors that are not told one by one; None if all are."""
    if not place.errors or place.kind not in _TREES:
        return None
    return _MORE.fullmatch(place.errors[-1])


def _acquitted(place: Location, rotten: list[Suspect], paths: set[str]) -> Location:
    if not paths:
        return place
    wrong = [text for one in rotten if one.path in paths for text in _sentences(one)]
    sample = place.sample
    if sample is not None:
        sample = replace(sample, bad=max(0, sample.bad - len(paths)))
    return replace(acquitted(place, wrong, len(paths)), sample=sample)


def _undecided(place: Location, rotten: list[Suspect]) -> Location:
    """Take no file for damaged that came back unlike the bytes of a source that rotted.

    What has no digests that can be held against earlier ones is no witness for either side.
    """
    if place.restored is None:
        return place
    texts = {
        f"{shown(one.path)} {CAME_BACK}"
        for one in rotten
        if place.name not in (*one.good, *one.bad)
    }
    some = texts.intersection(place.errors)
    if not some:
        return place
    why = f"{len(some)} of the files that came back are not those of the source, which has changed "
    why += "them under the same size and time"
    reason = "; ".join(filter(None, (place.restored.reason, why)))
    told = replace(place.restored, reason=reason)
    return replace(acquitted(place, some, len(some)), restored=told)


def acquitted(place: Location, wrong: Iterable[str], count: int) -> Location:
    """Take sentences off the errors of a location.

    Parameters
    ----------
    place : Location
        With the first errors, and how many more there are.
    wrong : iterable of str
        What is not its fault, as far as it is told.
    count : int
        How much that is in all, so that the number of the others becomes less.
    """
    gone = set(wrong)
    errors = [error for error in place.errors if error not in gone]
    more = _counted(place)
    if more is not None:
        told = len(place.errors) - len(errors)
        left = int(more[1]) - max(0, count - told)
        errors = [*errors[:-1], *([more_errors(left)] if left > 0 else [])]
    return replace(place, errors=tuple(errors))


def _told(one: Suspect) -> str:
    return (
        f"{shown(one.path)} has other bytes than before under the same size and time; the good "
        f"ones are in {one.where}: {one.reason}."
    )
