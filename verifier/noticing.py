"""What an audit notices when it holds what it sees against what earlier audits saw."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, Protocol

from verifier import drift
from verifier.blame import righted
from verifier.catalogue import CatalogueError, Recorder
from verifier.host import AccessError, Host, Missing, TimedOut
from verifier.inventory import Changes, Inventory, Location, Past, State
from verifier.sides import sided
from verifier.sightings import Run, Seen

__all__ = [
    "Book",
    "comparable",
    "compared_with",
    "held_against",
    "noticed",
    "past_of",
    "summed_up",
]

# of more runs only the last are asked: what is usual now matters, and each costs a look
RUNS_BACK = 20
_SAMPLE_SECONDS = 20.0


class Book(Protocol):
    """What a catalogue answers."""

    def runs(self, dataset: str | None = None) -> tuple[Run, ...]:
        """Return the audits that are kept, newest last."""

    def seen(self, run: Run) -> Mapping[str, Seen]:
        """Return what one saw, by the name of the location."""

    def places(self, run: Run) -> tuple[Location, ...]:
        """Return the facts alone, without reading the lists of files."""


def comparable(book: Book, found: Inventory) -> tuple[Run, ...]:
    """Return the earlier runs of this dataset and source, newest last."""
    source = found.source.real_path or found.source.address
    return tuple(run for run in book.runs(found.name) if run.source == source and run.at < found.at)


def held_against(book: Book | None, found: Inventory, host: Host) -> Inventory:
    """Notice what can be noticed, and note why if that is nothing.

    Parameters
    ----------
    book : Book or None
        Earlier audits, if any are kept.
    found : Inventory
        What this audit found.
    host : Host
        Access to the machine.

    Returns
    -------
    Inventory
    """
    if book is None:
        return found
    record = host.digests if isinstance(host.digests, Recorder) else None
    if record is not None:
        record.settle()  # what is compared next is as large
    reason = ""
    try:
        found = noticed(found, host, book)
    except CatalogueError as problem:
        reason = str(problem)
    if record is not None and record.broken:
        reason = record.reason
    return replace(found, uncompared=reason)


def noticed(found: Inventory, host: Host, book: Book) -> Inventory:
    """Say of each location what changed since an audit saw it last, and what was usual.

    A copy that differs from the source is not to blame if the source's bytes are the wrong ones.

    Parameters
    ----------
    found : Inventory
        What this audit found; the book has listed its files under the same time.
    host : Host
        Access to the machine: some bytes of changed files are read.
    book : Book
        This audit, and earlier ones.

    Returns
    -------
    Inventory
    """
    runs = comparable(book, found)[-RUNS_BACK:]
    this = next((run for run in book.runs(found.name) if run.at == found.at), None)
    if this is None:
        return found
    if not runs:
        return replace(found, formerly=_formerly(book, this))
    host.talk("comparing with earlier audits")
    listed = book.seen(this)
    seen = _Now(found.all_locations, listed)
    roots = _roots(found)
    last = (this, seen)
    pairs = compared_with(book, runs, last)
    read = partial(_read, host, roots)
    changes = summed_up(book, runs, last, pairs, read)
    past = tuple(past_of(book, runs))
    standing = _standing(book, runs, last, drift.alarmed(past, found.at), read)

    def told(place: Location) -> Location:
        return replace(place, changes=changes.get(place.name), standing=standing.get(place.name))

    told_of = replace(
        found,
        source=told(found.source),
        locations=tuple(told(place) for place in found.locations),
        past=past,
    )
    earlier = ((run, book.seen(run)) for run in reversed(runs))
    return sided(righted(told_of, seen), seen, earlier)


def _formerly(book: Book, this: Run) -> tuple[str, ...]:
    """Return the name and source of the last audit that this one may go on from, or nothing."""
    for run in reversed(book.runs()):
        alike = run.source == this.source or run.dataset == this.dataset
        if run.number != this.number and run.host == this.host and alike and run.at < this.at:
            return run.dataset, run.source
    return ()


def _standing(
    book: Book,
    runs: Sequence[Run],
    last: tuple[Run, Mapping[str, Seen]],
    bases: Mapping[str, datetime],
    read: Sampler,
) -> dict[str, Changes]:
    """Compare each location that alarmed with the audit before that."""
    found: dict[str, Changes] = {}
    for name in [name for name in last[1] if name in bases]:
        before = [run for run in runs if run.at <= bases[name]]
        pair = _compared(book, before, last[1][name], name)
        if pair is not None:
            counted = drift.summed(pair[1], pair[0].at, last[0].at)
            found[name] = _with_content(counted, pair[1], name, read)
    return found


class _Now(Mapping[str, Seen]):
    """The locations of this audit as it found them, with the files that the book has listed."""

    def __init__(self, places: Sequence[Location], listed: Mapping[str, Seen]) -> None:
        self._places = {place.name: place for place in places}
        self._listed = listed

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __getitem__(self, name: str) -> Seen:
        seen = self._listed.get(name)
        return replace(seen, location=self._places[name]) if seen else Seen(self._places[name])


def _roots(found: Inventory) -> dict[str, tuple[str, ...]]:
    """Return where the files of each location on this machine may begin."""
    top = (found.source.real_path or found.source.address).rstrip("/").rpartition("/")[2]
    roots: dict[str, tuple[str, ...]] = {}
    for place in found.all_locations:
        if place.kind == "directory" and place.real_path:
            root = place.real_path.rstrip("/")
            # copying tools leave the source's own folder at the top
            roots[place.name] = (root, f"{root}/{top}", root.rpartition("/")[0])
    return roots


def past_of(book: Book, runs: Sequence[Run]) -> Iterator[Past]:
    """Yield what runs saw of each location, in a few numbers."""
    for run in runs:
        for place in book.places(run):
            if place.state is State.READ:
                yield Past(
                    run.at, place.name, place.points.newest, place.points.count, place.files,
                    place.size_bytes, place.changes,
                )  # fmt: skip


Pairs = Iterable[tuple[str, Run, drift.Difference]]


def compared_with(book: Book, runs: Sequence[Run], last: tuple[Run, Mapping[str, Seen]]) -> Pairs:
    """Compare each location of a run with the last of the runs before that listed it.

    Parameters
    ----------
    book : Book
        Earlier audits.
    runs : sequence of Run
        Those to compare with, newest last.
    last : tuple of Run and mapping of str to Seen
        The run to judge.

    Yields
    ------
    tuple of str, Run and Difference
        For each location that can be compared. Who forgets one before the next is asked for needs
        the memory of one.
    """
    for name in last[1]:
        found = _compared(book, runs, last[1][name], name)
        if found is not None:
            yield name, *found
        del found


def _compared(
    book: Book, runs: Sequence[Run], now: Seen, name: str
) -> tuple[Run, drift.Difference] | None:
    if now.files is None or now.location.state is not State.READ:
        return None
    for earlier in reversed(runs):
        before = book.seen(earlier).get(name)
        if before is None or before.location.address != now.location.address:
            continue
        difference = drift.between(before, now)
        if difference is not None:
            return earlier, difference
    return None


def summed_up(
    book: Book,
    runs: Sequence[Run],
    last: tuple[Run, Mapping[str, Seen]],
    pairs: Pairs,
    read: Sampler | None = None,
) -> dict[str, Changes]:
    """Count what changed in each location, and judge the files that are suspected of rot.

    Parameters
    ----------
    book : Book
        Earlier audits.
    runs : sequence of Run
        Those whose readings bear witness, newest last.
    last : tuple of Run and mapping of str to Seen
        The run to judge.
    pairs : iterable of tuple of str, Run and Difference
        What `compared_with` finds.
    read : callable, optional
        Takes a location and a path, and returns some bytes of the file, or None.

    Returns
    -------
    dict of str to Changes
    """
    found: dict[str, Changes] = {}
    doubted: list[drift.Doubted] = []
    for name, earlier, difference in pairs:
        counted = drift.summed(difference, earlier.at, last[0].at)
        if read is not None:
            counted = _with_content(counted, difference, name, read)
        doubted += drift.rotten(difference)
        found[name] = counted
        del difference
    doubted += drift.unlike_the_source(last[1])
    if not doubted:
        return found
    # only now are all the runs worth loading
    history = [*((earlier, book.seen(earlier)) for earlier in runs), last]
    suspects = drift.suspects(history, doubted)
    return {
        name: replace(
            counted, suspects=tuple(one for one in suspects if name in (*one.good, *one.bad))
        )
        for name, counted in found.items()
    }


class Sampler(Protocol):
    """Reads some bytes of a file of a location."""

    def __call__(self, name: str, path: str, /) -> tuple[bytes, ...] | None:
        """Return pieces of its beginning, middle and end; None if they cannot be had."""


def _with_content(
    counted: Changes, difference: drift.Difference, name: str, read: Sampler
) -> Changes:
    pieces: list[drift.Sampled] = []
    unread = 0
    until = time.monotonic() + _SAMPLE_SECONDS
    paths = drift.sample(difference)
    for number, path in enumerate(paths):
        try:
            some = read(name, path) if time.monotonic() < until else None
        except TimedOut:  # the next ones would hang as well
            unread += len(paths) - number
            break
        if some is None:
            unread += 1
        else:
            pieces.append((path, some))
    return drift.with_content(counted, difference, tuple(pieces), unread)


def _read(
    host: Host, roots: Mapping[str, tuple[str, ...]], name: str, path: str
) -> tuple[bytes, ...] | None:
    """Read the beginning, the middle and the end of a file on this machine."""
    for root in roots.get(name, ()):
        try:
            with host.open(f"{root}/{path}") as file:
                return _pieces(file)
        except Missing:
            continue
        except TimedOut:
            raise
        except (AccessError, OSError):
            return None
    return None


def _pieces(file: BinaryIO) -> tuple[bytes, ...]:
    piece = drift.PIECE_BYTES
    pieces = [file.read(piece)]
    size = file.seek(0, 2)
    starts = [start for start in (size // 2, size - piece) if start >= piece]
    for start in dict.fromkeys(starts):
        file.seek(start)
        pieces.append(file.read(piece))
    return tuple(pieces)
