"""Digests of the files of trees: those that earlier reads left, and those that are read now."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from verifier._hasher import PIECE
from verifier.access import AccessError
from verifier.digests import DIGEST_BYTES
from verifier.domains import place_of
from verifier.hashing import Batch, Failure, Tree, Twin, failure_of, most_readers
from verifier.host import Host
from verifier.mounts import NETWORK_TYPES
from verifier.progress import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.files import Files, Rows

__all__ = ["Side", "read", "readers_of", "unknown"]

_CLOCK_SLACK_NS = 86_400 * 10**9
_KEEP_FILES, _KEEP_S = 8192, 3.0
_ROTATING = frozenset({"hdd", "optical"})
_QUICK = frozenset({"ssd", "memory"})


@dataclass(slots=True)
class Side:
    """The files of one tree whose digests are wanted, and what is known of them.

    Parameters
    ----------
    root : str
        Where the tree begins.
    files : Files
        All that it holds.
    rows : array of int
        Which are wanted; the arrays go by the place in it.
    digest, read_at : array
        BLAKE3, and when the bytes were last read, 0 if never. [ns since 1970]
    now : array of bool
        Read in this audit, not remembered.
    unsettled : array of bool
        Changed since they were listed: what was read is neither the old file nor the new one.
    failures : dict of int to Failure
        Those that could not be read, by place.
    hung : Failure or None
        Why nothing more was read, after a read that hung.
    """

    root: str
    files: Files
    rows: Rows
    digest: NDArray[np.uint8] = field(init=False)
    read_at: NDArray[np.int64] = field(init=False)
    now: NDArray[np.bool_] = field(init=False)
    unsettled: NDArray[np.bool_] = field(init=False)
    failures: dict[int, Failure] = field(default_factory=dict)
    hung: Failure | None = None

    def __post_init__(self) -> None:
        import numpy as np

        count = len(self.rows)
        self.digest = np.zeros((count, DIGEST_BYTES), np.uint8)
        self.read_at = np.zeros(count, np.int64)
        self.now = np.zeros(count, np.bool_)
        self.unsettled = np.zeros(count, np.bool_)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whose digest is known, from now or from earlier."""
        return self.read_at > 0

    def recall(self, host: Host) -> None:
        """Ask for what earlier reads left and is not too old to lean on."""
        if host.digests is None:
            return
        earlier = host.digests.known(self.root, self.files)
        self.read_at = _leaned_on(host, earlier.read_at[self.rows])
        self.digest[self.known] = earlier.of(self.rows[self.known])
        # a store that fails has none after all; nobody may take that for a digest
        self.read_at[~self.digest.any(axis=1)] = 0

    def take(self, batch: Batch, places: Rows) -> NDArray[np.bool_]:
        """Take what was read; return which of it is settled."""
        settled: NDArray[np.bool_]
        at = self.rows[places]
        size, mtime = self.files.column("size")[at], self.files.column("mtime")[at]
        sound = batch.error == 0
        settled = sound & (batch.size == size) & (batch.mtime == mtime)
        self.unsettled[places] = sound & ~settled
        self.read_at[places] = settled * batch.read_at
        self.digest[places] = batch.digest
        self.now[places] = settled
        for place, error in zip(places[~sound].tolist(), batch.error[~sound], strict=True):
            self.failures[place] = failure_of(int(error))
        return settled

    def forget(self, places: NDArray[np.bool_]) -> None:
        """Take files for unread that were to be read beside their twins."""
        self.read_at[places] = 0
        self.now[places] = False
        for place in places.nonzero()[0].tolist():
            self.failures[place] = Failure("its twin was not read beside it")


def unknown(host: Host, root: str, files: Files, rows: Rows) -> tuple[int, int]:
    """Tell how many of some files have no digest to lean on, and how many bytes those hold."""
    sizes = files.column("size")[rows]
    if host.digests is None:
        return len(rows), int(sizes.sum())
    wanted = _leaned_on(host, host.digests.known(root, files).read_at[rows]) == 0
    return int(wanted.sum()), int(sizes[wanted].sum())


def _leaned_on(host: Host, read_at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put 0 where a read is too old to lean on."""
    read_at[read_at < max(host.effort.stale_before, 1)] = 0
    # what a clock that ran ahead wrote would never grow old
    read_at[read_at > time.time_ns() + _CLOCK_SLACK_NS] = 0
    return read_at


def read(
    host: Host,
    own: Side,
    theirs: Side,
    wanted: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    alike: NDArray[np.bool_],
    progress: Reading,
) -> None:
    """Read files of a tree and its copy on this machine, and keep their digests batch by batch.

    Parameters
    ----------
    host : Host
        Access to both.
    own, theirs : Side
        The trees; their rows are the same paths, one by one, in whatever Unicode form.
    wanted : two arrays of bool
        Which of the rows of each are to be read, whatever is remembered of them.
    alike : array of bool
        Which of the paths have the same bytes.
    progress : Reading
        Told what is read.
    """
    import numpy as np

    sides = (own, theirs)
    work = _work(host, sides, wanted, alike)
    trees = [tree for tree, _ in work]
    orders = [np.argsort(side.rows, kind="stable") for side in sides]
    kept = [_Keeper(host, side) for side in sides]
    try:
        for batch in host.hashed(trees):
            number = work[batch.tree][1][batch.of_twin]
            side, order = sides[number], orders[number]
            places = order[np.searchsorted(side.rows, batch.rows, sorter=order)]
            kept[number].add(batch, side.take(batch, places))
            if batch.stopped_at >= 0:
                place = order[np.searchsorted(side.rows, batch.stopped_at, sorter=order)]
                side.failures[int(place)] = side.hung = Failure(batch.reason)
            progress.read(len(batch.rows), int(batch.size.sum()))
    finally:
        for keeper in kept:
            keeper.flush()
    # read beside a twin that was read later, alone: without a digest nothing can be said of it
    lone = own.now & theirs.now & (own.digest.any(axis=1) != theirs.digest.any(axis=1))
    for side in sides:
        side.forget(lone & ~side.digest.any(axis=1))


def _work(
    host: Host,
    sides: tuple[Side, Side],
    wanted: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    alike: NDArray[np.bool_],
) -> list[tuple[Tree, tuple[int, ...]]]:
    """Tell what is to be read, and of which side the tree is and its twin, if it has one.

    Small files that both sides need are twins, unless a head would have to move between them or
    a slow disk would wait for its turn.
    """
    import numpy as np

    if not any(mask.any() for mask in wanted):
        return []
    lanes = [_lane(host, side.root) for side in sides]
    work: list[tuple[Tree, tuple[int, ...]]] = []
    twins = np.zeros(len(wanted[0]), np.bool_)
    if all(lane.readers != 1 for lane in lanes):
        small = [side.files.column("size")[side.rows] < PIECE for side in sides]
        own, theirs = sides
        twins = wanted[0] & wanted[1] & small[0] & small[1] & alike
        twin = Twin(theirs.root, theirs.files, theirs.rows[twins])
        drives = ",".join(sorted({lane.drives for lane in lanes}))
        readers = 0 if all(lane.readers == 0 for lane in lanes) else 2
        kept, served = host.digests is not None, any(lane.served for lane in lanes)
        tree = Tree(own.root, own.files, own.rows[twins], drives, readers, twin, kept, served)
        work.append((tree, (0, 1)))
    for number, (side, mask) in enumerate(zip(sides, wanted, strict=True)):
        rows = side.rows[mask & ~twins]
        lane = lanes[number]
        tree = Tree(side.root, side.files, rows, lane.drives, lane.readers, served=lane.served)
        work.append((tree, (number,)))
    return [(tree, of) for tree, of in work if len(tree.rows)]


class _Keeper:
    """Hands digests on, some thousands at a time."""

    def __init__(self, host: Host, side: Side) -> None:
        self._store, self._side = host.digests, side
        self._held: list[tuple[Rows, NDArray[np.uint8], int]] = []
        self._files, self._since = 0, time.monotonic()

    def add(self, batch: Batch, settled: NDArray[np.bool_]) -> None:
        if self._store is None or not settled.any():
            return
        self._held.append((batch.rows[settled], batch.digest[settled], batch.read_at))
        self._files += int(settled.sum())
        if self._files >= _KEEP_FILES or time.monotonic() - self._since > _KEEP_S:
            self.flush()

    def flush(self) -> None:
        import numpy as np

        held, self._held, self._files = self._held, [], 0
        self._since = time.monotonic()
        if self._store is None or not held:
            return
        rows = np.concatenate([part[0] for part in held])
        digest = np.concatenate([part[1] for part in held])
        times = np.concatenate([np.full(len(part[0]), part[2], np.int64) for part in held])
        self._store.keep(self._side.root, self._side.files, rows, digest, times)


def readers_of(host: Host, root: str) -> int:
    """Tell how many processes may look at a tree at the same time."""
    return _lane(host, root).readers or most_readers()


class _Lane(NamedTuple):
    drives: str
    readers: int
    served: bool


def _lane(host: Host, root: str) -> _Lane:
    """Tell on which drives a tree lies, how many may read there, and whether a server answers.

    One on a spinning or an optical disk, whose head would run to and fro; as many as there are
    processors on flash. Where the medium is not known (a server's export, a virtual disk, a USB
    bridge) two: they hide each other's waiting, and of two on a spinning disk each still reads
    in the order of the inodes.
    """
    try:
        place = place_of(host, root)
    except AccessError:
        return _Lane(root, 2, served=True)
    drives = ",".join(sorted(drive.key for drive in place.domains.drives.value or ()))
    medium = place.media_type.value
    readers = 1 if medium in _ROTATING else 2
    if medium in _QUICK:
        readers = 0
    if not drives:
        pools = place.domains.pools.value or ()
        drives = ",".join(pools) or str(place.inode and place.inode[0])
    system = place.domains.file_system.value or ""
    return _Lane(drives, readers, system in NETWORK_TYPES or system.startswith("fuse"))
