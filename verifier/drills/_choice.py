"""Which files a drill asks back: a random sample, the largest and the oldest; or all."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from verifier._forms import copy_names
from verifier.drills._model import Point
from verifier.files import MTIME_SLACK_NS
from verifier.manifest import Manifest

__all__ = ["Choice", "Wanted", "choose", "eligible", "file_and_folder", "fresh_seed", "parts"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file: its path in the point and at the source, size [bytes] and time there [ns]."""

    path: str
    live: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for: the oldest first, and which of it was drawn at random."""

    files: tuple[Wanted, ...]
    drawn: frozenset[str]
    whole: bool


def fresh_seed() -> int:
    """Return a seed that nobody chose."""
    return secrets.randbelow(1 << 31)


def file_and_folder(paths: Iterable[str]) -> str | None:
    """Return a name that is a file and a folder at once, if there is one.

    No file system holds that, but an archive may: a link, and then a file where the link leads.
    """
    names = set(paths)
    above: set[str] = set()
    for path in names:
        folder = path.rpartition("/")[0]
        while folder and folder not in above:
            above.add(folder)
            folder = folder.rpartition("/")[0]
    return min(above & names, default=None)


def eligible(point: Point, source: Manifest | None) -> list[Wanted]:
    """List the files of a point that the source has had since before it.

    Without a source all files of the point are.
    """
    if source is None:
        return [Wanted(path, "", size, 0) for path, size in point.sizes.items()]
    made = (point.time or datetime.max.replace(tzinfo=UTC)).timestamp()
    latest = int(made) * 1_000_000_000 + MTIME_SLACK_NS
    found = []
    names = copy_names(source.files, point.sizes, point.prefix)
    for live, fact in source.files.items():
        path = names.get(live)
        if path is not None and fact.mtime_ns <= latest:
            told = point.sizes[path]
            found.append(Wanted(path, live, fact.size if told < 0 else told, fact.mtime_ns))
    return found


def choose(files: Sequence[Wanted], count: int | None, seed: int) -> Choice:
    """Choose what to ask back.

    Parameters
    ----------
    files : sequence of Wanted
        At least one.
    count : int or None
        How many to draw at random; all if None. The largest and the oldest come on top.
    seed : int
        The same seed draws the same of the same files.
    """
    oldest = min(files, key=lambda one: (one.mtime_ns, one.path))
    largest = max(files, key=lambda one: (one.size, one.path))
    if count is None or count >= len(files):
        drawn = list(files)
    else:
        dice = random.Random(seed)  # noqa: S311 - a sample, no secret
        drawn = dice.sample(sorted(files, key=lambda one: one.path), count)
    rest = {one.path: one for one in (largest, *sorted(drawn, key=lambda one: one.path))}
    rest.pop(oldest.path, None)
    return Choice(
        (oldest, *rest.values()), frozenset(one.path for one in drawn), len(drawn) == len(files)
    )


def parts(files: Sequence[Wanted], room: int) -> Iterator[list[Wanted]]:
    """Divide files into parts that fit; those that do not fit by themselves are left out.

    The first file is a part of its own, which shows what a run costs.
    """
    part: list[Wanted] = []
    held = 0
    for number, one in enumerate(files):
        if one.size > room:
            continue
        if part and (held + one.size > room or number == 1):
            yield part
            part, held = [], 0
        part.append(one)
        held += one.size
    if part:
        yield part
