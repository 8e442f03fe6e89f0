"""What came back, held against the source: content first, then times, permissions and links."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verifier.compared import CAME_BACK, Other
from verifier.drills._choice import Wanted
from verifier.drills._model import Back, Came
from verifier.files import MTIME_SLACK_NS, FileFact
from verifier.host import AccessError, Host, TimedOut
from verifier.manifest import Manifest, shown
from verifier.probes.comparing import same_bytes
from verifier.probes.outdated import changed_before
from verifier.probes.unlike import Side, side

__all__ = ["Tally", "compare", "compare_links"]

_PERMISSIONS = 0o777


@dataclass(slots=True)
class Tally:
    """What became of the files that were asked for.

    `wrong` and `unseen` hold one sentence a file, `outdated` what it is called at the source;
    `younger` and `shorter` files that differ and need not be damaged (`verifier.probes.unlike`).
    Of links that did not come back, the late ones may not have been there yet.
    """

    right: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    outdated: dict[str, str] = field(default_factory=dict)
    younger: dict[str, Other] = field(default_factory=dict)
    shorter: dict[str, Other] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    lost_links: list[str] = field(default_factory=list)
    late_links: list[str] = field(default_factory=list)

    @property
    def differing(self) -> tuple[str, ...]:
        """One sentence for each sort of metadata that came back different."""
        told = (
            ("came back with another modification time", self.times),
            ("came back with other permission bits", self.modes),
            ("did not come back as the link that it is", self.links),
        )
        return tuple(f"{_many(names)} {what}: {names[0]}." for what, names in told if names)


def compare(
    host: Host,
    source: Manifest | None,
    made: datetime | None,
    asked: Sequence[Wanted],
    back: Back,
    tally: Tally,
) -> None:
    """Judge one part of a drill.

    Parameters
    ----------
    host : Host
        This machine.
    source : Manifest or None
        The live data; without it only sizes are looked at.
    made : datetime or None
        When the point was made.
    asked : sequence of Wanted
        What was asked for.
    back : Back
        What came.
    tally : Tally
        Added to.
    """
    present: list[Wanted] = []
    for one in asked:
        if one.path in back.flaws:
            tally.wrong[one.path] = f"{shown(one.path)} {back.flaws[one.path].rstrip('.')}."
        elif one.path in back.unseen:
            tally.unseen[one.path] = f"{shown(one.path)}: {back.unseen[one.path]}"
        elif one.path not in back.came or back.came[one.path].link is not None:
            why = f": {back.trouble}" if back.trouble else ""
            tally.wrong[one.path] = f"{shown(one.path)} did not come back{why}."
        else:
            present.append(one)
    if source is None:
        _by_size(host, present, back, tally)
        return
    pairs = [(back.came[one.path].place, f"{source.root}/{one.live}") for one in present]
    met = set()
    for number, answer in _same_bytes(host, pairs):
        met.add(number)
        one, came = present[number], back.came[present[number].path]
        if isinstance(answer, AccessError):
            whose = "" if answer.path == pairs[number][0] else " of the source"
            tally.unseen[one.path] = f"{shown(one.live)}{whose} cannot be read: {answer.reason}"
        elif answer:
            tally.right.add(one.path)
            _metadata(host, pairs[number][1], one, came, tally)
        elif _changed_meanwhile(host, pairs[number][1], one):
            tally.changed.add(one.path)
        elif came.mtime_ns is not None and one.mtime_ns > came.mtime_ns + MTIME_SLACK_NS:
            if changed_before(one.mtime_ns, made):
                tally.outdated[one.path] = one.live
            else:
                tally.changed.add(one.path)
        else:
            _differs(source.files[one.live], one, came, tally)
    for number, one in enumerate(present):
        if number not in met:
            tally.unseen[one.path] = f"{shown(one.live)} was not compared: a read did not end"


def _differs(live: FileFact, one: Wanted, came: Came, tally: Tally) -> None:
    """Call a file that differs damaged, unless the source may be the one that is."""
    which = side(live, one.size, None if came.stamped else came.mtime_ns)
    if which is Side.NONE:
        tally.wrong[one.path] = f"{shown(one.live)} {CAME_BACK}"
    else:
        into = tally.younger if which is Side.YOUNGER else tally.shorter
        into[one.path] = Other(one.live, one.size, live.size)


def _same_bytes(
    host: Host, pairs: list[tuple[str, str]]
) -> Iterator[tuple[int, bool | AccessError]]:
    """Yield of each pair of files whether both are equal, or what kept one from being read.

    After a read that hangs nothing more comes.
    """
    for number, (came, live) in enumerate(pairs):
        try:
            yield number, same_bytes(host, came, live)
        except AccessError as problem:
            yield number, problem
            if isinstance(problem, TimedOut):
                return


def compare_links(
    host: Host,
    root: str,
    asked: dict[str, str],
    doubtful: set[str],
    sizes: Mapping[str, int],
    back: Back,
    tally: Tally,
) -> None:
    """Compare what links say.

    A copy that followed a link holds a file or folder in its place. That is another one than it
    is, and nothing is lost; one that is not there, or leads elsewhere, is.

    Parameters
    ----------
    host : Host
        Reads the source.
    root : str
        The source.
    asked : dict of str to str
        Paths in the point to those at the source.
    doubtful : set of str
        Those of them that may have come since the point was made.
    sizes : mapping of str to int
        All files of the point.
    back : Back
        What came.
    tally : Tally
        Added to.
    """
    names: list[str] = []
    for path, live in asked.items():
        try:
            wanted = host.readlink(f"{root}/{live}")
        except AccessError:
            continue  # it is gone, or no link any more
        came = back.came.get(path)
        if came is not None and came.link == wanted:
            continue
        names = names or sorted(sizes)
        below = bisect_left(names, f"{path}/")
        if path in sizes or (below < len(names) and names[below].startswith(f"{path}/")):
            tally.links.append(shown(live))
        elif path in back.unseen:
            tally.unseen[path] = f"{shown(live)}: {back.unseen[path]}"
        elif came is None and not live.isascii():
            tally.links.append(shown(live))  # its name may be there in another form
        elif path in doubtful:
            tally.late_links.append(shown(live))
        else:
            tally.lost_links.append(shown(live))


def _by_size(host: Host, present: list[Wanted], back: Back, tally: Tally) -> None:
    for one in present:
        size = host.stat(back.came[one.path].place).size
        if one.size in (-1, size):
            tally.right.add(one.path)
        else:
            tally.wrong[one.path] = f"{shown(one.path)} came back with {size} of {one.size} bytes."


def _changed_meanwhile(host: Host, live: str, one: Wanted) -> bool:
    """Tell whether the source's file is no longer the one that was listed."""
    try:
        return host.stat(live).mtime_ns != one.mtime_ns
    except AccessError:
        return True


def _metadata(host: Host, live: str, one: Wanted, came: Came, tally: Tally) -> None:
    kept = came.mtime_ns is not None and not came.stamped
    if kept and abs((came.mtime_ns or 0) - one.mtime_ns) > MTIME_SLACK_NS:
        tally.times.append(shown(one.live))
    if came.mode is None:
        return
    try:
        wanted = host.stat(live).mode & _PERMISSIONS
    except AccessError:
        return
    if came.mode & _PERMISSIONS != wanted:
        tally.modes.append(
            f"{shown(one.live)} has {came.mode & _PERMISSIONS:04o}, not {wanted:04o}"
        )


def _many(names: list[str]) -> str:
    return "1 of them" if len(names) == 1 else f"{len(names)} of them, the first of which is named,"
