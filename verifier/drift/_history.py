"""From the runs of a catalogue to the readings of single files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verifier.digests import alike
from verifier.drift._between import same_time
from verifier.drift._witnesses import Sight, judged
from verifier.inventory import Suspect

if TYPE_CHECKING:
    from verifier.digests import Readings
    from verifier.drift._between import Difference
    from verifier.files import Files
    from verifier.sightings import Run, Seen

__all__ = ["MOST_JUDGED", "Doubted", "History", "rotten", "suspects", "unlike_the_source"]

MOST_JUDGED = 200  # of more suspected files the rest is only counted

History = Sequence[tuple["Run", Mapping[str, "Seen"]]]


@dataclass(frozen=True, slots=True)
class Doubted:
    """A file whose bytes differ from others of the size and time that they belong to."""

    path: str
    size: int
    mtime_ns: int


def rotten(found: Difference) -> Iterator[Doubted]:
    """Yield the first files whose bytes differ from earlier ones under an unchanged size and time.

    Parameters
    ----------
    found : Difference
        One location in an audit and an earlier one.
    """
    for row in found.rotten[1][:MOST_JUDGED].tolist():
        yield _doubted(found.now, row)


def unlike_the_source(seen: Mapping[str, Seen]) -> Iterator[Doubted]:
    """Yield files that a copy and the source hold with other bytes under one size and time.

    Parameters
    ----------
    seen : mapping of str to Seen
        What an audit saw.
    """
    source = seen.get("source")
    if source is None or source.files is None or source.digests is None:
        return
    for name in seen:
        if name != "source":
            yield from _unlike(source.files, source.digests, seen[name])


def _unlike(files: Files, digests: Readings, place: Seen) -> list[Doubted]:
    if place.files is None or place.digests is None:
        return []
    here, there = files.pairs(place.files)
    mtime = files.column("mtime")[here]
    asked = same_time(mtime, place.files.column("mtime")[there] - mtime)
    asked &= files.column("size")[here] == place.files.column("size")[there]
    asked &= (digests.read_at[here] > 0) & (place.digests.read_at[there] > 0)
    here, there = here[asked], there[asked]
    unlike = here[~alike(digests, here, place.digests, there)]
    return [_doubted(files, row) for row in unlike[:MOST_JUDGED].tolist()]


def _doubted(files: Files, row: int) -> Doubted:
    fact = files.fact(row)
    return Doubted(files.path(row), fact.size, fact.mtime_ns)


def suspects(history: History, doubted: Iterable[Doubted]) -> tuple[Suspect, ...]:
    """Judge files by all that was read of them.

    Parameters
    ----------
    history : sequence of (Run, mapping of str to Seen)
        Audits, oldest first; the last one is the one to judge.
    doubted : iterable of Doubted
        Which files; of one path the first counts.

    Returns
    -------
    tuple of Suspect
        At most 200, in the order of their paths.
    """
    wanted: dict[str, Doubted] = {}
    for one in doubted:
        wanted.setdefault(one.path, one)
    chosen = [wanted[path] for path in sorted(wanted)[:MOST_JUDGED]]
    exact: dict[str, list[Sight]] = {one.path: [] for one in chosen}
    others: dict[str, list[Sight]] = {one.path: [] for one in chosen}
    for run, seen in history:
        for name in seen:  # whose files a catalogue reads anew each time
            for one, mtime_ns, sight in _sights(run, name, seen[name], chosen):
                same = _same(mtime_ns, one.mtime_ns)
                (exact if same else others)[one.path].append(sight)
    for path, sights in exact.items():
        known = {sight.digest for sight in sights}
        # a tool that keeps no times still bears witness to bytes that were seen elsewhere
        sights += [sight for sight in others[path] if sight.digest in known]
    return tuple(judged(path, sights) for path, sights in exact.items())


def _sights(
    run: Run, name: str, place: Seen, chosen: Sequence[Doubted]
) -> Iterator[tuple[Doubted, int, Sight]]:
    """Yield what a location held of files of these sizes, and of which time."""
    import numpy as np

    if place.files is None or place.digests is None:
        return
    met: list[tuple[Doubted, int]] = []
    for one in chosen:
        row = place.files.row(one.path)
        if row is None or place.digests.read_at[row] <= 0:
            continue
        if place.files.fact(row).size == one.size:
            met.append((one, row))
    digests = place.digests.of(np.array([row for _, row in met], dtype=np.int64))
    point = place.location.points.newest if place.location.kind != "directory" else None
    for (one, row), digest in zip(met, digests, strict=True):
        sight = Sight(name, run.number, run.at, digest.tobytes(), point)
        yield one, place.files.fact(row).mtime_ns, sight


def _same(one: int, other: int) -> bool:
    import numpy as np

    mtime = np.array([one], dtype=np.int64)
    return bool(same_time(mtime, np.array([other - one], dtype=np.int64))[0])
