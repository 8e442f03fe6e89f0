"""Two runs of a catalogue held against each other, for ``verifier diff``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from riskmodel.errors import InputError, did_you_mean
from verifier import drift
from verifier.inventory import Changes, Fact, Inventory, Location, State
from verifier.manifest import shown
from verifier.noticing import RUNS_BACK, Book, Pairs, compared_with, past_of, summed_up
from verifier.rules import Finding, Severity, Status, mass_change, stopped, suspected_rot, view_of
from verifier.setup import SOURCE, Policy
from verifier.sightings import Run

if TYPE_CHECKING:
    from verifier.files import Files, Rows

__all__ = ["Diff", "Names", "PlaceDiff", "diffs", "exit_code"]

NAMED = drift.NAMED
_RULES = (suspected_rot, mass_change, stopped)
_NORMAL_ABSENCE = {State.ABSENT_OFFLINE, State.DECLARED}


@dataclass(frozen=True, slots=True)
class Names:
    """How many files one thing became of, and the first of them."""

    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceDiff:
    """What became of the files of one location.

    Parameters
    ----------
    name : str
        The location.
    reason : str
        Why it was not compared; empty if it was.
    normal : bool
        Whether not to be compared is normal, as for a disk in a drawer.
    changes : Changes or None
        The numbers.
    files : mapping of str to Names
        new, gone, changed, moved and rotten.
    """

    name: str
    reason: str = ""
    normal: bool = False
    changes: Changes | None = None
    files: Mapping[str, Names] | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """Two runs of one dataset.

    Parameters
    ----------
    dataset, source : str
        Its name and its live data.
    before, now : Run or None
        The runs; None where there is no second one.
    findings : tuple of Finding
        What is suspicious, the worst first.
    places : tuple of PlaceDiff
        The source first.
    """

    dataset: str
    source: str
    before: Run | None
    now: Run
    findings: tuple[Finding, ...] = ()
    places: tuple[PlaceDiff, ...] = ()


def exit_code(found: Sequence[Diff]) -> int:
    """Return 1 if something is suspicious, else 3 if something could not be judged, else 0."""
    suspicious = any(
        finding.status is Status.FAIL
        or (finding.rule == suspected_rot.RULE.id and finding.status is not Status.PASS)
        for one in found
        for finding in one.findings
    )
    if suspicious:
        return 1
    unjudged = any(
        one.before is None
        or any(finding.status is Status.UNKNOWN for finding in one.findings)
        or any(place.reason and not place.normal for place in one.places)
        for one in found
    )
    return 3 if unjudged else 0


def diffs(
    book: Book,
    *,
    datasets: Sequence[str] = (),
    since: str | None = None,
    until: str | None = None,
    location: str | None = None,
) -> tuple[Diff, ...]:
    """Compare two runs of each dataset: the last two unless others are named.

    Parameters
    ----------
    book : Book
        The catalogue.
    datasets : sequence of str
        Which; all unless given.
    since, until : str, optional
        Numbers or dates of runs; a date is the last run of that day, or before it.
    location : str, optional
        Only this one.

    Returns
    -------
    tuple of Diff

    Raises
    ------
    InputError
        If there is no such dataset, run or location.
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in book.runs():
        groups.setdefault((run.dataset, run.source), []).append(run)
    known = {name for name, _ in groups}
    for name in datasets:
        if name not in known:
            hint = did_you_mean(name, sorted(known)) if known else ""
            raise InputError(f"diff: no audit of '{name}' is kept{hint}")
    wanted = {key: runs for key, runs in groups.items() if not datasets or key[0] in datasets}
    if not wanted:
        raise InputError("diff: no audit is kept yet; 'verifier audit' keeps each one")
    numbers = [word for word in (since, until) if word is not None and word.isdigit()]
    for word in numbers:
        if not any(run.number == int(word) for runs in wanted.values() for run in runs):
            raise InputError(f"diff: there is no run {word}; {_known(wanted.values())}")
    if numbers:
        named = {int(word) for word in numbers}
        wanted = {
            key: runs for key, runs in wanted.items() if named <= {run.number for run in runs}
        }
        if not wanted:
            raise InputError("diff: these runs are of different datasets")
    found = tuple(_diff(book, runs, since, until, location) for runs in wanted.values())
    if location is not None and not any(one.places for one in found if one.before):
        names = {name for runs in wanted.values() for name in book.seen(runs[-1])}
        if location not in names:
            hint = did_you_mean(location, sorted(names))
            raise InputError(f"--location: unknown location '{location}'{hint}")
    return found


def _diff(
    book: Book, runs: Sequence[Run], since: str | None, until: str | None, location: str | None
) -> Diff:
    now = _chosen(runs, until, "--to") if until is not None else _last(runs)
    before = [run for run in runs if (run.at, run.number) < (now.at, now.number)]
    if since is not None:
        first = _chosen(runs, since, "--from")
        if first.number == now.number:
            raise InputError(f"diff: --from and --to are both run {now.number}")
        if first.at > now.at:
            raise InputError(f"diff: run {first.number} (--from) is younger than run {now.number}")
    elif before:
        first = _last(before)
    else:
        return Diff(now.dataset, now.source, None, now)
    last = (now, book.seen(now))
    located = {place.name: place for place in book.places(now)}
    names: dict[str, Mapping[str, Names]] = {}
    pairs = _named(compared_with(book, (first,), last), names)
    history = [run for run in before if run.number != first.number][-RUNS_BACK:]
    changes = {
        name: _with_stored(one, located[name])
        for name, one in summed_up(book, [*history, first], last, pairs).items()
    }
    places = tuple(
        _place(name, place, names.get(name), changes.get(name))
        for name, place in located.items()
        if location in {None, name}
    )
    findings = _findings(book, [run for run in before if run.at <= first.at], now, located, changes)
    if location is not None:
        findings = tuple(one for one in findings if one.location == location)
    return Diff(now.dataset, now.source, first, now, findings, places)


def _last(runs: Sequence[Run]) -> Run:
    """Return the last finished run, or the last one if none is."""
    return next((run for run in reversed(runs) if run.finished), runs[-1])


_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _chosen(runs: Sequence[Run], word: str, option: str) -> Run:
    """Return the run of a number, or the last one at or before the end of a day or a time."""
    if word.isdigit():
        return next(run for run in runs if run.number == int(word))
    try:
        if _DATE.fullmatch(word):
            end = datetime.combine(date.fromisoformat(word), time(0)) + timedelta(days=1)
        else:
            end = datetime.fromisoformat(word) + timedelta(microseconds=1)
        # a time without a zone is one of this machine, as people write it
        limit = end.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        message = f"{option}: '{word}' is no run number and no date like 2026-09-30"
        raise InputError(message) from None
    earlier = [run for run in runs if run.at < limit]
    if not earlier:
        raise InputError(f"{option}: no run is as old as {word}; {_known([runs])}")
    return _last(earlier)


def _known(groups: Iterable[Sequence[Run]]) -> str:
    runs = [run for group in groups for run in group]
    told = ", ".join(f"{run.number} ({run.at:%Y-%m-%d %H:%M})" for run in runs[-5:])
    more = f"the last of {len(runs)} are " if len(runs) > 5 else "known: "
    return more + told


def _with_stored(counted: Changes, place: Location) -> Changes:
    """Add what the audit itself read of the changed files; a diff made later cannot."""
    stored = place.changes
    if stored is None or stored.since < counted.since:
        return counted
    return replace(
        counted, looked=stored.looked, unread=stored.unread, scrambled=stored.scrambled,
        sealed=stored.sealed, opaque=stored.opaque, wiped=stored.wiped, odd=stored.odd,
        entropy=stored.entropy, examples=stored.examples,
    )  # fmt: skip


def _named(pairs: Pairs, names: dict[str, Mapping[str, Names]]) -> Pairs:
    """Note the first names of what became of each location's files, and pass it on."""
    for name, earlier, found in pairs:
        old, new = found.moved
        arrows = zip(_some(found.before, old), _some(found.now, new), strict=False)
        names[name] = {
            "new": Names(len(found.new), _some(found.now, found.new)),
            "gone": Names(len(found.gone), _some(found.before, found.gone)),
            "changed": Names(len(found.changed[1]), _some(found.now, found.changed[1])),
            "moved": Names(len(old), tuple(f"{one} -> {other}" for one, other in arrows)),
            "rotten": Names(len(found.rotten[1]), _some(found.now, found.rotten[1])),
        }
        yield name, earlier, found
        del found


def _place(
    name: str, place: Location, files: Mapping[str, Names] | None, changes: Changes | None
) -> PlaceDiff:
    if files is None or changes is None:
        reason = place.reason or "its files were not listed in both runs"
        return PlaceDiff(name, reason, normal=place.state in _NORMAL_ABSENCE)
    return PlaceDiff(name, changes=changes, files=files)


def _some(files: Files, rows: Rows) -> tuple[str, ...]:
    return tuple(shown(files.path(row)) for row in islice(rows.tolist(), NAMED))


def _findings(
    book: Book,
    past: Sequence[Run],
    now: Run,
    located: Mapping[str, Location],
    changes: Mapping[str, Changes],
) -> tuple[Finding, ...]:
    places = [
        replace(place, changes=changes.get(name), standing=None) for name, place in located.items()
    ]
    source = next((place for place in places if place.name == SOURCE), None)
    if source is None:
        source = Location(SOURCE, "unknown", now.source, State.UNREADABLE)
    others = tuple(place for place in places if place.name != SOURCE)
    earlier = tuple(past_of(book, past[-RUNS_BACK:]))
    inventory = Inventory(now.dataset, now.at, Fact(), source, others, earlier)
    view = view_of(inventory, Policy())
    found = [finding for rule in _RULES for finding in rule.judge(view)]
    order = list(Severity)
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))
