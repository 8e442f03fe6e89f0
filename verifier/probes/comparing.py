"""A tree held against the source: the same files, alike, or different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from verifier.compared import DIFFERS, MAX_ERRORS, more_errors, other_size
from verifier.files import MTIME_SLACK_NS, table
from verifier.host import AccessError, Host, TimedOut
from verifier.inventory import Depth, Location, Sample
from verifier.manifest import Files, Manifest, instant, shown
from verifier.probes._pairs import Found, Pairs, blocks, compared_by_digest
from verifier.probes.newer import without_equal
from verifier.probes.outdated import without_outdated, without_versions
from verifier.probes.unlike import by_size, sides_of, taken
from verifier.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = [
    "MAX_ERRORS",
    "Compared",
    "against_source",
    "capped",
    "compare",
    "identical",
    "same_bytes",
    "shared_extents",
    "shared_inodes",
    "spread",
]

_EXTENTS_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison of contents found: damage, and what could not be compared.

    `since` is the oldest of the earlier reads that it leans on, 0 if it read all. [ns since 1970]
    `outdated` are files of the same size that the source has changed since, bytes and all; `equal`
    are rows of the source that have only another time. `younger` are files of the same size and of
    other bytes that are younger in the copy. `same` is true if both hold the same files.
    """

    errors: tuple[str, ...]
    unseen: str = ""
    since: int = 0
    sample: Sample | None = None
    note: str = ""
    outdated: tuple[str, ...] = ()
    younger: tuple[str, ...] = ()
    equal: Rows | Sequence[int] = field(default=(), compare=False)
    same: bool = False


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
    if source is not None and source.complete:
        located = by_size(located, source, held, local=host.local)
    if depth < Depth.BYTES:
        return located
    if source is None or not source.complete:
        return replace(located, reason="no digests of its own, and the source could not be read")
    if not source.files:
        return replace(located, reason="the source holds no files, so nothing was compared")
    if not len(table(source.files).pairs(table(held.files))[0]):
        return replace(located, reason="it has no file of the source, so nothing was compared")
    compared = compare(host, source, held)
    located = without_outdated(located, source, compared.outdated)
    located = without_versions(located, source, compared.younger)
    located = without_equal(located, table(source.files), compared.equal)
    located = replace(located, errors=compared.errors, sample=compared.sample)
    if compared.same and located.identical is False:
        located = replace(located, identical=True)
    if compared.unseen:
        return replace(located, reason=compared.unseen)
    since = instant(compared.since or None)
    return replace(located, depth=Depth.SOURCE, read_since=since, reason=compared.note)


def capped(errors: list[str]) -> tuple[str, ...]:
    """Keep the first sentences, and say how many more there are."""
    if len(errors) <= MAX_ERRORS:
        return tuple(errors)
    return (*errors[:MAX_ERRORS], more_errors(len(errors) - MAX_ERRORS))


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
    import numpy as np

    own, theirs = table(source.files), table(held.files)
    here, there = own.pairs(theirs)
    alike = np.empty(len(here), np.bool_)
    for part in blocks(len(here)):
        mine, other = here[part], there[part]
        one_device = own.column("dev")[mine] == theirs.column("dev")[other]
        other_inode = own.column("ino")[mine] != theirs.column("ino")[other]
        alike[part] = one_device & other_inode & (own.column("size")[mine] > 0)
    some = spread(np.flatnonzero(alike), _EXTENTS_LOOKED_AT)
    count = 0
    for row, twin in zip(here[some].tolist(), there[some].tolist(), strict=True):
        path, copy = own.path(row), theirs.path(twin)
        try:
            start = host.shared_start(f"{held.root}/{copy}")
            count += start is not None and start == host.shared_start(f"{source.root}/{path}")
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
    alike, age = _sizes_and_ages(own, theirs, here, there)
    return bool(alike.all()) and not age.any()


def compare(host: Host, source: Manifest, held: Manifest) -> Compared:
    """Compare contents; a source file that is younger than its copy was changed, not damaged.

    Nor is a file damaged in the copy if it may as well be the source's that is.

    Digests that earlier reads left are leaned on where the policy lets them; of files whose
    digests then differ both are read once more, so that no old digest accuses a sound file. A
    sample is drawn from the files that can be judged: those that the source has not changed since.
    The first read that hangs ends the comparison.
    """
    import numpy as np

    own, theirs = table(source.files), table(held.files)
    here, there = own.pairs(theirs)
    every = len(own) == len(theirs) == len(here)
    here, there = _apart(own, theirs, here, there)
    alike, age = _sizes_and_ages(own, theirs, here, there)
    changed = age > 0
    younger = shorter = np.zeros(len(here), np.bool_)
    if not (alike & (age >= 0)).all():
        younger, shorter = sides_of(own, theirs, here, there, local=host.local)
    odd = np.flatnonzero(~alike & ~changed & ~younger & ~shorter)
    wrong = {
        int(here[at]): other_size(theirs.fact(int(there[at])).size, own.fact(int(here[at])).size)
        for at in odd[: MAX_ERRORS + 1]
    }
    ahead = here[younger & alike]
    looked, judged, count = _looked_at(host, alike, changed)
    if not looked.all():
        every, here, there, changed = False, here[looked], there[looked], changed[looked]
    pairs = Pairs(source, held, here, there, changed)
    found = compared_by_digest(host, pairs) if host.local else _by_pieces(host, pairs)
    versions = taken(found.wrong, ahead)
    sample = None
    if count is not None:
        bad = len(found.wrong)
        # a file that changed meanwhile was not judged, and is not one of those to be judged
        sample = Sample(count - found.unjudged, judged - found.unjudged, bad, host.effort.seed)
    wrong |= found.wrong
    first = sorted(wrong)[:MAX_ERRORS]
    errors = [
        f"{shown(path)} {wrong[row]}" for row, path in zip(first, own.paths(first), strict=True)
    ]
    more = len(wrong) + len(odd) - min(len(odd), MAX_ERRORS + 1) - len(errors)
    told = (*errors, *([more_errors(more)] if more else []))
    outdated = own.paths(np.array(sorted(found.outdated), np.int64))
    return Compared(
        told, found.unseen, found.since, sample, found.note, tuple(outdated),
        tuple(own.paths(versions)), equal=found.equal, same=every and found.same,
    )  # fmt: skip


def _apart(own: Files, theirs: Files, here: Rows, there: Rows) -> tuple[Rows, Rows]:
    """Return pairs of rows without those that are the source's own files."""
    import numpy as np

    apart = np.empty(len(here), np.bool_)
    for some in blocks(len(here)):
        mine, other = here[some], there[some]
        inode = own.column("ino")[mine]
        same = (own.column("dev")[mine] == theirs.column("dev")[other]) & (inode != 0)
        apart[some] = ~(same & (inode == theirs.column("ino")[other]))
    return (here, there) if apart.all() else (here[apart], there[apart])


def _looked_at(
    host: Host, alike: NDArray[np.bool_], changed: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], int, int | None]:
    """Tell which pairs to read, how many can be judged, and how many are, unless all of them."""
    import numpy as np

    looked = alike.copy()
    judged = alike & ~changed
    count, drawn = int(judged.sum()), host.effort.drawn(int(judged.sum()))
    # those that the source changed since are no part of the sample: what they tell is not damage
    late = alike & changed
    for among, some in ((judged, drawn), (late, host.effort.drawn(int(late.sum())))):
        if some is not None:
            looked &= ~among
            looked[np.flatnonzero(among)[some]] = True
    return looked, count, None if drawn is None else len(drawn)


def spread(rows: Rows, most: int) -> Rows:
    """Return at most so many of the rows, evenly spread."""
    if len(rows) <= most:
        return rows
    import numpy as np

    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _sizes_and_ages(
    own: Files, theirs: Files, here: Rows, there: Rows
) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Tell whose sizes are the same, and whether the source's file is younger (1) or older (-1).

    It is neither within what file systems round to.
    """
    import numpy as np

    alike, age = np.empty(len(here), np.bool_), np.empty(len(here), np.int8)
    for some in blocks(len(here)):
        mine, other = here[some], there[some]
        alike[some] = own.column("size")[mine] == theirs.column("size")[other]
        ahead = own.column("mtime")[mine].astype(np.float64)
        ahead -= theirs.column("mtime")[other]
        ahead[abs(ahead) <= MTIME_SLACK_NS] = 0.0
        age[some] = np.sign(ahead)
    return alike, age


def same_bytes(host: Host, one: str, other: str) -> bool:
    """Compare two files piece by piece, wherever they are."""
    with host.open(one) as mine, host.open(other) as theirs:
        pieces = zip_longest(
            iter(lambda: mine.read(1 << 20), b""), iter(lambda: theirs.read(1 << 20), b"")
        )
        return all(a == b for a, b in pieces)


def _judge_piece(host: Host, found: Found, own: Files, row: int, live: str) -> None:
    """Call a difference damage, unless the source's file changed after it was listed."""
    now, then = host.stat(live), own.fact(row)
    if (now.size, now.mtime_ns) == (then.size, then.mtime_ns):
        found.wrong[row] = DIFFERS
        return
    found.unjudged += 1
    path = shown(own.path(row))
    first = f"{path} of the source changed meanwhile and could not be judged"
    found.note = found.note or first


def _by_pieces(host: Host, pairs: Pairs) -> Found:
    """Compare files elsewhere with the source's; the host of a remote place reads both."""
    own, theirs = table(pairs.source.files), table(pairs.held.files)
    progress = Progress(host.talk, f"compared of {len(pairs.here):,}")
    found = Found()
    found.equal = equal = list[int]()
    for number, (mine, other) in enumerate(zip(pairs.here, pairs.there, strict=True)):
        progress.at(number)
        path, excused = own.path(int(mine)), bool(pairs.excused[number])
        copy, live = f"{pairs.held.root}/{theirs.path(int(other))}", f"{pairs.source.root}/{path}"
        try:
            if same_bytes(host, copy, live):
                equal += [int(mine)] if excused else []
                continue
            if excused:
                found.outdated.append(int(mine))
            else:
                _judge_piece(host, found, own, int(mine), live)
        except AccessError as problem:
            of_copy = problem.path == copy
            if of_copy and problem.damage:
                found.wrong[int(mine)] = f"cannot be read: {problem.reason}."
            elif of_copy or not excused:
                of = "" if of_copy else " of the source"
                found.unseen = found.unseen or (
                    f"{shown(path)}{of} could not be read: {problem.reason}"
                )
            if isinstance(problem, TimedOut):
                break
    return found
