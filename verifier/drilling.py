"""The command ``verifier drill``: every location restored in part or whole, and what that tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from riskmodel._console import wrapped
from riskmodel.errors import InputError, did_you_mean
from riskmodel.units import format_hours
from verifier import probes
from verifier.document import restored_document
from verifier.drills import Wish, drilled, scratch_parent
from verifier.host import Host
from verifier.inventory import Depth, Location, Restored, State
from verifier.rules._standing import differing, held_words
from verifier.setup import Setup

__all__ = ["Drill", "document", "drill_all", "exit_code", "only", "text"]

SCHEMA = 1
_WORDS = {0: "pass", 1: "FAIL", 3: "unknown"}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Drill:
    """One location after its drill; `code` is 0 if all came back right, 1 if not, 3 if unknown."""

    dataset: str
    location: Location
    code: int
    reason: str


def only(setups: Sequence[Setup], names: Sequence[str] | None) -> tuple[Setup, ...]:
    """Keep the locations of these names, all if none is given.

    Raises
    ------
    InputError
        If there is no such location.
    """
    if not names:
        return tuple(setups)
    known = [place.name for setup in setups for place in setup.locations]
    for name in names:
        if name not in known:
            raise InputError(f"--location: unknown location '{name}'{did_you_mean(name, known)}")
    kept = (
        setup.model_copy(
            update={"locations": tuple(place for place in setup.locations if place.name in names)}
        )
        for setup in setups
    )
    return tuple(setup for setup in kept if setup.locations)


def drill_all(
    setups: Sequence[Setup], wish: Wish, *, talk: Callable[[str], None] = lambda text: None
) -> tuple[Drill, ...]:
    """Restore from every location.

    Parameters
    ----------
    setups : sequence of Setup
        What to restore from.
    wish : Wish
        How much, and where to.
    talk : callable
        Told about progress, one line at a time.

    Returns
    -------
    tuple of Drill
        The worst first.
    """
    host = Host()
    host.talk = talk
    made = [one for setup in setups for one in _drills(host, setup, wish)]
    return tuple(sorted(made, key=lambda one: (1, 3, 0).index(one.code)))


def exit_code(made: Sequence[Drill]) -> int:
    """Return 1 if something did not come back right, else 3 if something is unknown, else 0."""
    codes = {one.code for one in made}
    return 1 if 1 in codes else 3 if codes - {0} or not codes else 0


def _drills(host: Host, setup: Setup, wish: Wish) -> Iterator[Drill]:
    kept = (setup.source.path, *(place.path for place in setup.locations if place.path))
    parent = scratch_parent(wish.scratch, kept)
    host.talk(f"listing the source: {setup.source.path}")
    source, manifest = probes.collect_source(host, setup.source.path, exclude=setup.source.exclude)
    live = manifest if source.state is State.READ else None
    for place in setup.locations:
        target = place.target(Depth.STRUCTURE)
        host.talk(f"looking at {place.name}: {target.address or 'declared'}")
        seen = probes.probe(host, target, live, Depth.STRUCTURE)
        found = drilled(host, target, seen, live, wish, parent)
        yield Drill(setup.name, found, *_verdict(found, setup.policy.min_coverage))


def _verdict(found: Location, min_coverage: float) -> tuple[int, str]:
    if found.state is State.MISSING:
        return 1, found.reason or "there is nothing"
    if found.state is not State.READ:
        return 3, found.reason or found.state.value
    if found.errors:
        return 1, found.errors[0].rstrip(".")
    if found.points.count == 0:
        return 1, "no point in it is whole"
    share = found.coverage.value
    perhaps = found.unlike is not None and found.unlike.if_right >= min_coverage
    if share is not None and share < min_coverage and perhaps:
        return 3, f"it holds {held_words(found)}; {differing(found)}"
    if share is not None and share < min_coverage:
        folders = [folder for folder in found.missing if folder != "."]
        absent = folders or (found.shares.missing if found.shares else ())
        lacking = f", without {', '.join(absent)}" if absent else ""
        return 1, f"it holds {held_words(found)}{lacking}"
    if found.restored is not None and found.restored.lost_links:
        return 1, found.restored.reason
    if found.depth is Depth.RESTORE:
        return 0, ""
    return 3, found.restored.reason if found.restored else found.reason


def text(made: Sequence[Drill], width: int | None = None) -> str:
    """Return drills as lines for a terminal."""
    return "\n".join(wrapped(_lines(made), width))


def _lines(made: Sequence[Drill]) -> Iterator[str]:
    several = len({one.dataset for one in made}) > 1
    for one in made:
        told = one.location.restored
        name = f"{one.dataset}: {one.location.name}" if several else one.location.name
        yield f"{name}  ({one.location.kind})  {_WORDS[one.code]}"
        if one.reason:
            yield f"    {one.reason}"
        yield from (f"    {error}" for error in one.location.errors[1:_SHOWN])
        if more := len(one.location.errors) - _SHOWN:
            yield from [f"    and {more} more"] * (more > 0)
        if told is not None and told.asked:
            yield from (f"    {line}" for line in _told(one.location, told))
        yield ""
    if any((told := one.location.restored) and told.whole_seconds for one in made):
        yield "* on this machine and link, if a restore costs a start, and the same for each file"
        yield "  and each byte of the others as of these"
    seeds = {one.location.restored.seed for one in made if one.location.restored}
    if seeds:
        yield f"the same files again: --seed {min(seeds)}"


def _told(place: Location, told: Restored) -> Iterator[str]:
    point = f" of {place.points.newest:%Y-%m-%d %H:%M}" if place.points.newest else ""
    yield f"newest point{point}, restored with {told.tool}"
    part = "all" if told.asked == told.of else f"{told.asked:,} of"
    yield f"asked for {part} {told.of:,} files; {told.right:,} came back as they are at the source"
    if told.changed:
        yield f"{told.changed:,} the source has changed since, so that they tell nothing"
    if told.outdated:
        yield f"{told.outdated:,} came back older than the source had them when the point was made"
    drawn = place.sample
    if place.depth is Depth.RESTORE and drawn is not None and drawn.looked and not drawn.bad:
        bound = 100.0 * (1.0 - 0.05 ** (1.0 / drawn.looked))
        yield (
            f"{drawn.looked:,} of them were drawn at random and none was bad: at 95 % no more than "
            f"{bound:.2g} % of all are"
        )
    yield from told.differing
    if told.seconds:
        rate = told.size_bytes / told.seconds / 1e6
        yield f"{told.size_bytes / 1e6:,.1f} MB in {told.seconds:.1f} s, {rate:,.1f} MB/s"
    if told.whole_seconds is not None and told.asked != told.of:
        low, high = (_duration(seconds) for seconds in told.whole_seconds)
        yield f"everything: {low} to {high} *"


def _duration(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 120 else format_hours(seconds / 3600.0)


def document(made: Sequence[Drill]) -> dict[str, Any]:
    """Return drills as JSON-ready tables."""
    return {
        "schema": SCHEMA,
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "drills": [
            {
                "dataset": one.dataset,
                "name": one.location.name,
                "kind": one.location.kind,
                "status": _WORDS[one.code].lower(),
                "reason": one.reason,
                "depth": one.location.depth.word if one.location.depth is not None else None,
                "coverage": one.location.coverage.value,
                "errors": list(one.location.errors),
                "restored": restored_document(one.location),
            }
            for one in made
        ],
    }
