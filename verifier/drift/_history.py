"""From the runs of a catalogue to the readings of single files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verifier.drift._between import same_time
from verifier.drift._witnesses import Sight, judged
from verifier.inventory import Suspect

if TYPE_CHECKING:
    from verifier.drift._between import Difference
    from verifier.sightings import Run, Seen

__all__ = ["MOST_JUDGED", "History", "suspects"]

MOST_JUDGED = 200  # of more suspected files the rest is only counted

History = Sequence[tuple["Run", Mapping[str, "Seen"]]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file, and the size and time that its bytes belong to."""

    path: str
    size: int
    mtime_ns: int


def suspects(history: History, differences: Mapping[str, Difference]) -> tuple[Suspect, ...]:
    """Judge the files whose bytes differ under an unchanged size and time.

    Parameters
    ----------
    history : sequence of (Run, mapping of str to Seen)
        Audits, oldest first; the last one is the one to judge.
    differences : mapping of str to Difference
        By location, the last audit against an earlier one.

    Returns
    -------
    tuple of Suspect
        Of files that rotted in a location, and of those that differ between the source and a copy
        in the last audit; at most 200, in the order of their paths.
    """
    wanted: dict[str, _Wanted] = {}
    for found in differences.values():
        for row in found.rotten[1][:MOST_JUDGED].tolist():
            fact = found.now.fact(row)
            path = found.now.path(row)
            wanted.setdefault(path, _Wanted(path, fact.size, fact.mtime_ns))
    if history:
        for one in _unlike_the_source(history[-1][1]):
            wanted.setdefault(one.path, one)
    chosen = [wanted[path] for path in sorted(wanted)[:MOST_JUDGED]]
    return tuple(judged(path, sights) for path, sights in _sights(history, chosen).items())


def _unlike_the_source(seen: Mapping[str, Seen]) -> list[_Wanted]:
    """Return files that a copy and the source hold with other bytes under one size and time."""
    source = seen.get("source")
    if source is None or source.files is None or source.digests is None:
        return []
    found: list[_Wanted] = []
    for name in seen:
        place = seen[name]
        if name == "source" or place.files is None or place.digests is None:
            continue
        here, there = source.files.pairs(place.files)
        mtime = source.files.column("mtime")[here]
        read = (source.digests.read_at[here] > 0) & (place.digests.read_at[there] > 0)
        same = source.files.column("size")[here] == place.files.column("size")[there]
        same &= same_time(mtime, place.files.column("mtime")[there] - mtime)
        other = (source.digests.digest[here] != place.digests.digest[there]).any(axis=1)
        for row in here[read & same & other][:MOST_JUDGED].tolist():
            fact = source.files.fact(row)
            found.append(_Wanted(source.files.path(row), fact.size, fact.mtime_ns))
    return found


def _sights(history: History, chosen: Sequence[_Wanted]) -> dict[str, list[Sight]]:
    """Return the readings of files in all audits: of their size and time, or of the same bytes."""
    exact: dict[str, list[Sight]] = {wanted.path: [] for wanted in chosen}
    others: dict[str, list[Sight]] = {wanted.path: [] for wanted in chosen}
    for run, seen in history:
        for name in seen:
            place = seen[name]  # which a catalogue reads anew each time, all files of it
            if place.files is None or place.digests is None:
                continue
            point = place.location.points.newest if place.location.kind != "directory" else None
            for wanted in chosen:
                row = place.files.row(wanted.path)
                if row is None or place.digests.read_at[row] <= 0:
                    continue
                fact = place.files.fact(row)
                if fact.size != wanted.size:
                    continue
                digest = place.digests.digest[row].tobytes()
                sight = Sight(name, run.number, run.at, digest, point)
                same = _same(fact.mtime_ns, wanted.mtime_ns)
                (exact if same else others)[wanted.path].append(sight)
    for path, sights in exact.items():
        known = {sight.digest for sight in sights}
        # a tool that keeps no times still bears witness to bytes that were seen elsewhere
        sights += [sight for sight in others[path] if sight.digest in known]
    return exact


def _same(one: int, other: int) -> bool:
    import numpy as np

    mtime = np.array([one], dtype=np.int64)
    return bool(same_time(mtime, np.array([other - one], dtype=np.int64))[0])
