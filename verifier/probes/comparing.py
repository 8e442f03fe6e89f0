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
from verifier.probes.fixity import Side, read
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
    own, theirs = table(source.files), table(held.files)
    here, there = own.pairs(theirs)
    devices, others = own.column("dev")[here], theirs.column("dev")[there]
    other_inode = own.column("ino")[here] != theirs.column("ino")[there]
    alike = (devices == others) & other_inode & (own.column("size")[here] > 0)
    some = spread(alike.nonzero()[0], _EXTENTS_LOOKED_AT)
    count = 0
    for row, other in zip(here[some].tolist(), there[some].tolist(), strict=True):
        path, copy = own.path(row), theirs.path(other)
        try:
            mine = host.shared_start(f"{held.root}/{copy}")
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

    Nor is a file damaged in the copy if it may as well be the source's that is.

    Digests that earlier reads left are leaned on where the policy lets them; of files whose
    digests then differ both are read once more, so that no old digest accuses a sound file. A
    sample is drawn from the files that can be judged: those that the source has not changed since.
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
    younger, shorter = sides_of(own, theirs, here, there, local=host.local)
    odd = np.flatnonzero(~alike & ~changed & ~younger & ~shorter)
    wrong = {
        int(here[at]): other_size(theirs.fact(int(there[at])).size, own.fact(int(here[at])).size)
        for at in odd[: MAX_ERRORS + 1]
    }
    judged = np.flatnonzero(alike & ~changed)
    drawn = host.effort.drawn(len(judged))
    # those that the source changed since are no part of the sample: what they tell is not damage
    late = np.flatnonzero(alike & changed)
    some = host.effort.drawn(len(late))
    looked = judged if drawn is None else judged[drawn]
    count = len(looked)
    looked = np.sort(np.concatenate([looked, late if some is None else late[some]]))
    pairs = _Pairs(source, held, here[looked], there[looked], changed[looked])
    found = _read_pairs(host, pairs) if host.local else _by_pieces(host, pairs)
    versions = taken(found.wrong, here[younger & alike])
    sample = None
    if drawn is not None:
        bad = len(found.wrong)
        # a file that changed meanwhile was not judged, and is not one of those to be judged
        sample = Sample(count - found.unjudged, len(judged) - found.unjudged, bad, host.effort.seed)
    wrong |= found.wrong
    first = sorted(wrong)[:MAX_ERRORS]
    errors = [
        f"{shown(path)} {wrong[row]}" for row, path in zip(first, own.paths(first), strict=True)
    ]
    more = len(wrong) + len(odd) - min(len(odd), MAX_ERRORS + 1) - len(errors)
    told = (*errors, *([more_errors(more)] if more else []))
    outdated = own.paths(np.array(sorted(found.outdated), np.int64))
    every = len(own) == len(theirs) == len(apart) and len(looked) == len(here)
    return Compared(
        told, found.unseen, found.since, sample, found.note, tuple(outdated),
        tuple(own.paths(versions)), equal=found.equal, same=every and found.same,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Files of the source and of the copy, side by side; `excused` if the source's is younger."""

    source: Manifest
    held: Manifest
    here: Rows
    there: Rows
    excused: NDArray[np.bool_]


@dataclass(slots=True)
class _Found:
    """Damage and older versions by row of the source, what was not seen, what it leans on."""

    wrong: dict[int, str] = field(default_factory=dict)
    outdated: list[int] = field(default_factory=list)
    equal: Rows | Sequence[int] = ()
    same: bool = False
    unseen: str = ""
    since: int = 0
    unjudged: int = 0
    note: str = ""


def _read_pairs(host: Host, pairs: _Pairs) -> _Found:
    """Hold digests against digests, reading those that nobody knows."""
    import numpy as np

    own = Side(pairs.source.root, table(pairs.source.files), pairs.here)
    theirs = Side(pairs.held.root, table(pairs.held.files), pairs.there)
    for side in (own, theirs):
        side.recall(host)
    read(host, own, theirs, (~own.known, ~theirs.known))

    def differing() -> NDArray[np.bool_]:
        both = own.known & theirs.known
        unlike: NDArray[np.bool_] = both & (own.digest != theirs.digest).any(axis=1)
        return unlike

    doubted = differing()
    if doubted.any():
        read(host, own, theirs, (doubted & ~own.now, doubted & ~theirs.now))
    found = _Found()
    for place in np.flatnonzero(differing()).tolist():
        if pairs.excused[place]:
            found.outdated.append(int(pairs.here[place]))
        else:
            found.wrong[int(pairs.here[place])] = DIFFERS
    equal = own.known & theirs.known & ~differing()
    found.equal = pairs.here[equal & pairs.excused]
    found.same = bool(equal.all())
    _add_failures(found, pairs, own, theirs)
    _add_unsettled(found, pairs, own, theirs)
    leaned = [side.read_at[side.known & ~side.now] for side in (own, theirs)]
    found.since = min((int(times.min()) for times in leaned if len(times)), default=0)
    return found


def _add_failures(found: _Found, pairs: _Pairs, own: Side, theirs: Side) -> None:
    """Tell what could not be read: of the copy damage if its device says so, else not seen."""
    for place, failure in theirs.failures.items():
        if failure.damage:
            found.wrong[int(pairs.here[place])] = f"cannot be read: {failure.reason}."
        elif not found.unseen:
            path = shown(theirs.files.path(int(theirs.rows[place])))
            found.unseen = f"{path} could not be read: {failure.reason}"
    for place, failure in own.failures.items():
        if not pairs.excused[place] and not found.unseen:
            path = shown(own.files.path(int(own.rows[place])))
            found.unseen = f"{path} of the source could not be read: {failure.reason}"


def _add_unsettled(found: _Found, pairs: _Pairs, own: Side, theirs: Side) -> None:
    """Tell which files changed after they were listed: nothing is known of them, no damage.

    The source may well be at work, and its change came after the copy. A copy that is just being
    written is none yet.
    """
    import numpy as np

    moving = np.flatnonzero(theirs.unsettled)
    if len(moving):
        path = shown(theirs.files.path(int(theirs.rows[moving[0]])))
        unsettled = f"{path} changed while it was being read; ask again when nothing writes there"
        found.unseen = found.unseen or unsettled
    moving = np.flatnonzero(own.unsettled & ~pairs.excused)
    found.unjudged = len(moving)
    if len(moving):
        path = shown(own.files.path(int(own.rows[moving[0]])))
        count = f"{len(moving):,} files" if len(moving) > 1 else "1 file"
        found.note = f"{count} of the source changed meanwhile and could not be judged: {path}"
        found.note += ", …" if len(moving) > 1 else ""


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


def same_bytes(host: Host, one: str, other: str) -> bool:
    """Compare two files piece by piece, wherever they are."""
    with host.open(one) as mine, host.open(other) as theirs:
        pieces = zip_longest(
            iter(lambda: mine.read(1 << 20), b""), iter(lambda: theirs.read(1 << 20), b"")
        )
        return all(a == b for a, b in pieces)


def _judge_piece(host: Host, found: _Found, own: Files, row: int, live: str) -> None:
    """Call a difference damage, unless the source's file changed after it was listed."""
    now, then = host.stat(live), own.fact(row)
    if (now.size, now.mtime_ns) == (then.size, then.mtime_ns):
        found.wrong[row] = DIFFERS
        return
    found.unjudged += 1
    path = shown(own.path(row))
    first = f"{path} of the source changed meanwhile and could not be judged"
    found.note = found.note or first


def _by_pieces(host: Host, pairs: _Pairs) -> _Found:
    """Compare files elsewhere with the source's; the host of a remote place reads both."""
    own, theirs = table(pairs.source.files), table(pairs.held.files)
    progress = Progress(host.talk, f"compared of {len(pairs.here):,}")
    found = _Found()
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
