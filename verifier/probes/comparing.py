"""A tree held against the source: the same files, alike, or different."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from verifier.files import table
from verifier.host import AccessError, Host, TimedOut
from verifier.inventory import Depth, Location
from verifier.manifest import Files, Manifest, shown
from verifier.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = [
    "MAX_ERRORS",
    "MTIME_SLACK_NS",
    "Compared",
    "against_source",
    "capped",
    "compare",
    "identical",
    "shared_extents",
    "shared_inodes",
    "spread",
]

MAX_ERRORS = 20
MTIME_SLACK_NS = 2_000_000_000  # FAT keeps times to two seconds
_BATCH = 16_384
_EXTENTS_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison of contents found: damage, and what could not be compared."""

    errors: tuple[str, ...]
    unseen: str = ""


def against_source(
    host: Host, source: Manifest | None, held: Manifest, depth: Depth, located: Location
) -> Location:
    """Compare a tree without digests of its own with the source, if the wanted depth asks for it.

    Parameters
    ----------
    host : Host
        Access to the location.
    source : Manifest or None
        The live data's files.
    held : Manifest
        The copy's files, all of them seen.
    depth : Depth
        From ``BYTES`` on, contents are compared.
    located : Location
        What is known so far.

    Returns
    -------
    Location
        At depth ``SOURCE`` if all that both have was compared; as it was, with the reason, if
        something could not be, or there is nothing that both have.
    """
    if depth < Depth.BYTES:
        return located
    if source is None or not source.complete:
        return replace(located, reason="no digests of its own, and the source could not be read")
    if source.files and not len(table(source.files).pairs(table(held.files))[0]):
        return replace(located, reason="it has no file of the source, so nothing was compared")
    compared = compare(host, source, held)
    if compared.unseen:
        return replace(located, errors=compared.errors, reason=compared.unseen)
    return replace(located, errors=compared.errors, depth=Depth.SOURCE)


def capped(errors: list[str]) -> tuple[str, ...]:
    """Keep the first sentences, and say how many more there are."""
    if len(errors) <= MAX_ERRORS:
        return tuple(errors)
    return (*errors[:MAX_ERRORS], f"{len(errors) - MAX_ERRORS} more errors of this kind.")


def shared_inodes(source: Manifest | None, held: Manifest) -> int:
    """Count the files that are the source's own files under another name."""
    if source is None or not source.files or not held.files:
        return 0
    import numpy as np

    own, theirs = table(source.files), table(held.files)
    count = 0
    for device in np.intersect1d(own.column("dev"), theirs.column("dev")):
        mine = np.sort(own.column("ino")[own.column("dev") == device])
        other = np.sort(theirs.column("ino")[theirs.column("dev") == device])
        nearest = np.searchsorted(mine, other).clip(max=len(mine) - 1)
        count += int((mine[nearest] == other).sum())  # np.isin takes ten times as long
    return count


def shared_extents(host: Host, source: Manifest | None, held: Manifest) -> int:
    """Count reflinks: files whose first bytes lie where those of the source's file lie.

    At most 500 files, spread over the tree, are looked at, and only on the source's own file
    system; so of a large tree this is a lower bound.
    """
    if source is None or not host.local:
        return 0
    own, theirs = table(source.files), table(held.files)
    here, there = own.pairs(theirs)
    devices, others = own.column("dev")[here], theirs.column("dev")[there]
    other_inode = own.column("ino")[here] != theirs.column("ino")[there]
    alike = (devices == others) & other_inode & (own.column("size")[here] > 0)
    some = spread(alike.nonzero()[0], _EXTENTS_LOOKED_AT)
    count = 0
    paths = own.paths(here[some]) if len(some) else iter(())
    for path in paths:
        try:
            mine = host.shared_start(f"{held.root}/{path}")
            count += mine is not None and mine == host.shared_start(f"{source.root}/{path}")
        except AccessError:
            return count  # the file system cannot tell, or the file is gone
    return count


def identical(source: Manifest | None, held: Manifest) -> bool | None:
    """Tell whether paths, sizes and times are the source's; None where that is not known."""
    if source is None or not (source.complete and held.complete):
        return None
    own, theirs = table(source.files), table(held.files)
    if len(own) != len(theirs):
        return False
    here, there = own.pairs(theirs)
    if len(here) != len(own):
        return False
    sizes = own.column("size")[here] == theirs.column("size")[there]
    return bool(sizes.all()) and bool((abs(_younger(own, theirs, here, there)) <= 0).all())


def compare(host: Host, source: Manifest, held: Manifest) -> Compared:
    """Compare contents; a source file that is younger than its copy was changed, not damaged.

    Files are read in the order of their inodes, which on a disk is nearly the order of the bytes.
    The first read that hangs ends the comparison.
    """
    import numpy as np

    own, theirs = table(source.files), table(held.files)
    here, there = own.pairs(theirs)
    inode = own.column("ino")[here]
    same = (own.column("dev")[here] == theirs.column("dev")[there]) & (inode != 0)
    apart = ~(same & (inode == theirs.column("ino")[there]))
    here, there = here[apart], there[apart]
    changed = _younger(own, theirs, here, there) > 0
    alike = own.column("size")[here] == theirs.column("size")[there]
    wrong = {
        int(row): f"has {theirs.fact(int(other)).size} bytes, the source's has "
        f"{own.fact(int(row)).size}."
        for row, other in zip(
            here[~alike & ~changed][: MAX_ERRORS + 1], there[~alike & ~changed], strict=False
        )
    }
    count = int((~alike & ~changed).sum()) - len(wrong)
    order = np.argsort(theirs.column("ino")[there[alike]], kind="stable")
    rows = here[alike][order]
    excused = changed[alike][order]
    unseen = ""
    progress = Progress(host.talk, f"compared of {len(rows):,}")
    for number, path, answer in _answers(host, source, held, own, rows):
        if not number % 256:
            progress.at(number)
        if isinstance(answer, AccessError):
            mine = answer.path.startswith(f"{held.root}/")
            if mine and answer.damage:
                wrong[int(rows[number])] = f"cannot be read: {answer.reason}."
            elif mine or not excused[number]:
                of = "" if mine else " of the source"
                unseen = unseen or f"{shown(path)}{of} could not be read: {answer.reason}"
            if isinstance(answer, TimedOut):
                break
        elif not answer and not excused[number]:
            wrong[int(rows[number])] = "differs from the source under the same size."
    first = sorted(wrong)[:MAX_ERRORS]
    errors = [
        f"{shown(path)} {wrong[row]}" for row, path in zip(first, own.paths(first), strict=True)
    ]
    more = len(wrong) + count - len(errors)
    return Compared((*errors, *([f"{more} more errors of this kind."] if more else [])), unseen)


def spread(rows: Rows, most: int) -> Rows:
    """Return at most so many of the rows, evenly spread."""
    if len(rows) <= most:
        return rows
    import numpy as np

    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _younger(own: Files, theirs: Files, here: Rows, there: Rows) -> NDArray[np.float64]:
    """Return by how many ns the source's file is younger; 0 within what file systems round to."""
    import numpy as np

    ahead = own.column("mtime")[here].astype(np.float64)
    ahead -= theirs.column("mtime")[there]
    ahead[abs(ahead) <= MTIME_SLACK_NS] = 0.0
    return ahead


def _answers(
    host: Host, source: Manifest, held: Manifest, own: Files, rows: Rows
) -> Iterator[tuple[int, str, bool | AccessError]]:
    """Yield number, path and outcome of each row, batch by batch."""
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        ranks = batch.argsort()
        paths = [""] * len(batch)
        for rank, path in zip(ranks, own.paths(batch[ranks]), strict=True):
            paths[rank] = path
        pairs = [(f"{held.root}/{path}", f"{source.root}/{path}") for path in paths]
        outcomes = host.compare(pairs) if host.local else _by_pieces(host, pairs)
        for number, answer in outcomes:
            yield start + number, paths[number], answer


def _by_pieces(
    host: Host, pairs: list[tuple[str, str]]
) -> Iterator[tuple[int, bool | AccessError]]:
    """Compare files elsewhere with the source's; the host of a remote place reads both."""
    for number, (copy, live) in enumerate(pairs):
        try:
            with host.open(copy) as one, host.open(live) as other:
                whole = zip_longest(
                    iter(lambda: one.read(1 << 20), b""), iter(lambda: other.read(1 << 20), b"")
                )
                yield number, all(a == b for a, b in whole)
        except AccessError as problem:
            yield number, problem
