"""Pairs of files held against each other by their digests, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from verifier._forms import paths_alike
from verifier.compared import DIFFERS
from verifier.files import table
from verifier.host import Host
from verifier.manifest import Files, Manifest, shown
from verifier.probes.fixity import Side, read, unknown
from verifier.progress import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["Found", "Pairs", "blocks", "compared_by_digest"]

_AT_ONCE = 1 << 19  # pairs whose digests are held: those of all would be most of an audit


@dataclass(frozen=True, slots=True)
class Pairs:
    """Files of the source and of the copy, side by side; `excused` if the source's is younger."""

    source: Manifest
    held: Manifest
    here: Rows
    there: Rows
    excused: NDArray[np.bool_]


@dataclass(slots=True)
class Found:
    """Damage and older versions by row of the source, what was not seen, what it leans on."""

    wrong: dict[int, str] = field(default_factory=dict)
    outdated: list[int] = field(default_factory=list)
    equal: Rows | Sequence[int] = ()
    same: bool = False
    unseen: str = ""
    since: int = 0
    unjudged: int = 0
    note: str = ""


def blocks(count: int) -> Iterator[slice]:
    """Yield so many things in order, some at a time."""
    return (slice(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE))


def compared_by_digest(host: Host, pairs: Pairs) -> Found:
    """Hold digests against digests, reading those that nobody knows."""
    import numpy as np

    files = table(pairs.source.files), table(pairs.held.files)
    progress = Reading(host.talk)
    for some in blocks(len(pairs.here)):
        progress.expect(*unknown(host, pairs.source.root, files[0], pairs.here[some]))
        progress.expect(*unknown(host, pairs.held.root, files[1], pairs.there[some]))
    alike = paths_alike(*files, pairs.here)
    found, told = Found(same=True), _Told()
    equal: list[Rows] = [np.empty(0, np.int64)]
    for some in blocks(len(pairs.here)):
        part = _Block(
            Side(pairs.source.root, files[0], pairs.here[some]),
            Side(pairs.held.root, files[1], pairs.there[some]),
            pairs.excused[some],
            alike[some],
        )
        part.read(host, progress)
        equal.append(part.judge(found))
        told.add(found, part)
        if part.own.hung or part.theirs.hung:
            found.same = found.same and some.stop >= len(pairs.here)
            break
    found.equal = np.concatenate(equal)
    told.put(found)
    return found


@dataclass(slots=True)
class _Block:
    """Some of the pairs, with what is known of both sides."""

    own: Side
    theirs: Side
    excused: NDArray[np.bool_]
    alike: NDArray[np.bool_]

    def read(self, host: Host, progress: Reading) -> None:
        """Read what nobody knows, and once more what differs by a digest that was known."""
        own, theirs = self.own, self.theirs
        for side in (own, theirs):
            side.recall(host)
        read(host, own, theirs, (~own.known, ~theirs.known), self.alike, progress)
        doubted = self._differing()
        if doubted.any():
            again = doubted & ~own.now, doubted & ~theirs.now
            for side, wanted in zip((own, theirs), again, strict=True):
                sizes = side.files.column("size")[side.rows[wanted]]
                progress.expect(len(sizes), int(sizes.sum()))
            read(host, own, theirs, again, self.alike, progress)

    def judge(self, found: Found) -> Rows:
        """Take note of what differs; return the rows that do not though the source's is younger."""
        import numpy as np

        own, theirs, differing = self.own, self.theirs, self._differing()
        for place in np.flatnonzero(differing).tolist():
            if self.excused[place]:
                found.outdated.append(int(own.rows[place]))
            else:
                found.wrong[int(own.rows[place])] = DIFFERS
        equal = own.known & theirs.known & ~differing
        found.same = found.same and bool(equal.all())
        leaned = [side.read_at[side.known & ~side.now] for side in (own, theirs)]
        times = [int(some.min()) for some in leaned if len(some)]
        found.since = min([*times, *([found.since] if found.since else [])], default=0)
        return own.rows[equal & self.excused]

    def _differing(self) -> NDArray[np.bool_]:
        both = self.own.known & self.theirs.known
        unlike: NDArray[np.bool_] = both & (self.own.digest != self.theirs.digest).any(axis=1)
        return unlike


@dataclass(slots=True)
class _Told:
    """The first of each kind of what could not be read or judged, over all blocks."""

    theirs: str = ""
    own: str = ""
    moving: str = ""
    at_work: str = ""

    def add(self, found: Found, part: _Block) -> None:
        """Take note of failures and of what changed while it was read."""
        self._add_failures(found, part)
        self._add_unsettled(found, part)

    def put(self, found: Found) -> None:
        """Say it."""
        found.unseen = self.theirs or self.own or self.moving
        if found.unjudged:
            count = f"{found.unjudged:,} files" if found.unjudged > 1 else "1 file"
            found.note = f"{count} of the source changed meanwhile and could not be judged: "
            found.note += self.at_work + (", …" if found.unjudged > 1 else "")

    def _add_failures(self, found: Found, part: _Block) -> None:
        """Tell what could not be read: of the copy damage if its device says so, else not seen."""
        own, theirs = part.own, part.theirs
        for place, failure in theirs.failures.items():
            if failure.damage:
                found.wrong[int(own.rows[place])] = f"cannot be read: {failure.reason}."
            elif not self.theirs:
                path = _path(theirs.files, theirs.rows, place)
                self.theirs = f"{path} could not be read: {failure.reason}"
        for place, failure in own.failures.items():
            # after a read that hung nothing more is read, whatever the file that it hung at
            if not self.own and (failure is own.hung or not part.excused[place]):
                path = _path(own.files, own.rows, place)
                self.own = f"{path} of the source could not be read: {failure.reason}"

    def _add_unsettled(self, found: Found, part: _Block) -> None:
        """Tell which files changed after they were listed: nothing is known of them, no damage.

        The source may well be at work, and its change came after the copy. A copy that is just
        being written is none yet.
        """
        import numpy as np

        moving = np.flatnonzero(part.theirs.unsettled)
        if len(moving) and not self.moving:
            path = _path(part.theirs.files, part.theirs.rows, moving[0])
            self.moving = (
                f"{path} changed while it was being read; ask again when nothing writes there"
            )
        moving = np.flatnonzero(part.own.unsettled & ~part.excused)
        found.unjudged += len(moving)
        if len(moving) and not self.at_work:
            self.at_work = _path(part.own.files, part.own.rows, moving[0])


def _path(files: Files, rows: Rows, place: int) -> str:
    return shown(files.path(int(rows[place])))
