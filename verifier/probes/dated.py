"""Trees of dated copies: rsync ``--link-dest``, rsnapshot, Time Machine, ZFS snapshot folders.

Each point is a folder that holds the whole tree; unchanged files are usually hard links to the
same inode, so that all points together are one physical copy.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from datetime import datetime

from verifier.files import table
from verifier.host import AccessError, Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Coverage, FileFact, Manifest, cover, instant, prefix_in
from verifier.probes._mounted_below import on_its_drives
from verifier.probes._noting import noted_tree
from verifier.probes.archive import parse_date
from verifier.probes.comparing import against_source, shared_inodes
from verifier.probes.directory import links_of, read_manifest
from verifier.probes.newer import as_of
from verifier.target import Target

__all__ = ["Tree", "collect", "detect", "newest_tree", "read_name"]

_DATED = re.compile(
    r"(@?[A-Za-z][A-Za-z0-9]*([-_.@][A-Za-z][A-Za-z0-9]*)*[-_.@])?"
    r"(\d{4}([-_.]?)\d\d\4\d\d)([T_ .-]?\d\d[-:_.h]?\d\d([-:_.]?\d\d)?)?(Z|[+-]\d\d:?\d\d)?"
    r"([-_.](hourly|frequently|daily|weekly|monthly|yearly|backup))?"
)
_NUMBERED = re.compile(r"([a-z]{3,12})\.(\d{1,4})")
_KNOWN = re.compile(r"(hourly|daily|weekly|monthly|yearly|alpha|beta|gamma|delta|epsilon)\.\d")
_UNFINISHED = re.compile(
    r"[-._]?(in[-_]?progress|partial|incomplete|unfinished|interrupted|tmp|part)$", re.IGNORECASE
)
_BESIDE = re.compile(
    r"\.|(latest|current|last|newest|lost\+found|locks?|logs?)$|.*\.(log|txt|lock|pid|conf|marker)$",
    re.IGNORECASE,
)
_STAGING = ".sync"
_TIME_MACHINE = "Backups.backupdb"
_ZFS = "/.zfs/snapshot"
SAMPLED = 200
LINKS_SAMPLED = 50
LOOKED_AT = 5
FEWER = 0.01
SIMILAR = 0.5


@dataclass(frozen=True, slots=True)
class Tree:
    """One folder of a row: its `rank` orders those without a date of their own."""

    name: str
    time: datetime | None
    rank: int = 0
    finished: bool = True


@dataclass(frozen=True, slots=True)
class _Content:
    """All files of one tree, those of the source's place in it, and how many of its files."""

    tree: Manifest
    held: Manifest
    coverage: Coverage

    @property
    def share(self) -> float:
        """The coverage; 1 where it is unknown, because then nothing speaks against it."""
        return 1.0 if self.coverage.share.value is None else self.coverage.share.value


def read_name(name: str) -> Tree | None:
    """Read the name of a folder as that of one point.

    Parameters
    ----------
    name : str
        For example ``"2026-05-01_0300"``, ``"daily.3"``, ``"2026-05-01-030000.inProgress"``.

    Returns
    -------
    Tree or None
        Without a time for numbered folders; None if it is neither dated nor numbered.
    """
    stem = _UNFINISHED.sub("", name)
    finished = stem == name
    if numbered := _NUMBERED.fullmatch(stem):
        return Tree(name, None, -int(numbered[2]), finished)
    if _DATED.fullmatch(stem) and (time := parse_date(stem)):
        return Tree(name, time, finished=finished)
    return None


def detect(host: Host, path: str) -> bool:
    """Tell whether a folder is a row of copies, and not one copy with dated folders in it."""
    if not host.stat(path).is_dir:
        return False
    base = _base(host, path)
    if base is None:
        return False
    if base != path or _is_sure(path):
        return True
    trees = _row(host, base)
    if all(_KNOWN.match(tree.name) for tree in trees):
        return any(tree.rank == 0 for tree in trees)  # rsnapshot counts from 0
    places = [f"{base}/{tree.name}" for tree in trees if tree.finished][-LOOKED_AT:]
    filled = [place for place in places if host.listdir(place)]
    if len(filled) < 2:
        return bool(trees)
    return _similar(host, filled[-1], filled[-2])


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a row of dated copies; the contents are the newest finished one's.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        From ``BYTES`` on, the newest tree is compared with the source.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Points from the names, or from the folders' times where names have only numbers.
    """
    path = found.real_path or target.address
    base = _base(host, path) or path
    whole, breaks, latest, unseen = _points(host, base)
    located = replace(
        found,
        kind="dated",
        tool=_maker(base, whole),
        points=Points(0, latest=latest, breaks=breaks),
        depth=min(depth, Depth.STRUCTURE),
        reason=unseen,
    )
    if not whole:
        return replace(located, files=0, size_bytes=0, coverage=cover(source, {}).share)
    content = _content(host, base, whole[-1], source)
    # a run that was cut off without a mark lacks what the source and the point before it hold
    while len(whole) > 1 and content.share < 1 - FEWER:
        before = _content(host, base, whole[-2], source)
        if before.share <= content.share + FEWER:
            break
        breaks += (f"{whole.pop().name} lacks files that the source and {whole[-1].name} hold.",)
        content = before
    content = replace(content, held=replace(content.held, files=table(content.held.files)))
    newest, tree, held, coverage = whole[-1], content.tree, content.held, content.coverage
    coverage = as_of(host, source, coverage, newest.time)
    noted_tree(host, held)
    times = [each.time for each in whole if each.time is not None]
    located = replace(
        located,
        points=Points.at(
            times,
            latest=latest if latest and latest > times[-1] else None,
            breaks=breaks,
            consistency=Fact("files", Evidence.INFERRED, "copied file by file"),
        ),
        files=len(tree.files),
        size_bytes=tree.size_bytes,
        links=links_of(host, tree),
        coverage=coverage.share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        shared_inodes=shared_inodes(source, held),
        retention=_retention(host, base, whole, tree),
    )
    located = on_its_drives(host, located, held)
    if not tree.complete:
        count = len(tree.unreadable)
        reason = f"{count} part(s) of {newest.name} could not be read, the first: "
        return replace(located, depth=None, reason=reason + tree.unreadable[0])
    return against_source(host, source, held, depth, located)


def newest_tree(
    host: Host, path: str, source: Manifest | None, newest: datetime | None
) -> Manifest | None:
    """Return the source's place in the newest state; None if there is none of that time."""
    base = _base(host, path) or path
    whole, _, _, _ = _points(host, base)
    chosen = next((tree for tree in reversed(whole) if newest in (None, tree.time)), None)
    return None if chosen is None else _content(host, base, chosen, source).held


def _content(host: Host, base: str, chosen: Tree, source: Manifest | None) -> _Content:
    tree = read_manifest(host, f"{base}/{chosen.name}")
    held = _below(tree, _prefix(source, tree))
    sizes = {name: fact.size for name, fact in held.files.items()}
    return _Content(tree, held, cover(source, sizes, unseen=not held.complete))


def _base(host: Host, path: str) -> str | None:
    """Find the folder that holds the row: the path itself, or a machine's in a Time Machine."""
    names = host.listdir(path)
    if _TIME_MACHINE in names and host.stat(f"{path}/{_TIME_MACHINE}").is_dir:
        path = f"{path}/{_TIME_MACHINE}"
        names = host.listdir(path)
    if path.endswith(f"/{_TIME_MACHINE}"):
        machines = [f"{path}/{name}" for name in names if host.stat(f"{path}/{name}").is_dir]
        rows = [(row[-1].time, place) for place in machines if (row := _row(host, place))]
        return max((row for row in rows if row[0] is not None), default=(None, None))[1]
    if path.endswith(_ZFS):
        return path
    named = [name for name in names if read_name(name)]
    others = [name for name in names if not read_name(name) and not _BESIDE.match(name)]
    return path if len(named) > len(others) and _row(host, path) else None


def _is_sure(path: str) -> bool:
    return path.endswith(_ZFS) or path.rpartition("/")[0].endswith(_TIME_MACHINE)


def _row(host: Host, base: str) -> list[Tree]:
    """List the folders of a row, the oldest first; links such as ``Latest`` are none of it."""
    found = []
    for name in host.listdir(base):
        tree = read_name(name)
        if tree is None and base.endswith(_ZFS):
            tree = Tree(name, None)
        if tree is not None and host.stat(f"{base}/{name}", follow=False).is_dir:
            found.append(tree)
    return sorted(found, key=_order)


def _order(tree: Tree) -> tuple[float, int, str]:
    return (tree.time.timestamp() if tree.time else 0.0, tree.rank, tree.name)


def _points(host: Host, base: str) -> tuple[list[Tree], tuple[str, ...], datetime | None, str]:
    """Sort a row into points and breaks; also the time of the newest of any kind."""
    whole: list[Tree] = []
    breaks: list[str] = []
    times: list[datetime] = []
    unseen = ""
    for tree in _row(host, base):
        place = f"{base}/{tree.name}"
        written = instant(host.stat(place).mtime_ns)
        dated = replace(tree, time=tree.time or written)
        times += [dated.time] if dated.time else []
        if not tree.finished:
            breaks.append(f"{tree.name} was not finished.")
            continue
        try:
            empty = not host.listdir(place)
        except AccessError as problem:
            unseen = unseen or f"{tree.name} could not be read: {problem.reason}"
            continue
        if empty:
            breaks.append(f"{tree.name} is empty.")
        elif dated.time is None:
            breaks.append(f"{tree.name} has no date that can be read.")
        else:
            whole.append(dated)
    whole.sort(key=_order)
    # rsnapshot keeps its staging area; one that is younger than all points was never rotated
    if _STAGING in host.listdir(base):
        staged = instant(host.stat(f"{base}/{_STAGING}").mtime_ns)
        if staged and all(staged > time for time in times):
            breaks.append(f"{_STAGING} is younger than all points: its run was not finished.")
            times.append(staged)
    return whole, tuple(breaks), max(times, default=None), unseen


def _maker(base: str, whole: list[Tree]) -> str | None:
    if _TIME_MACHINE in base:
        return "Time Machine"
    return "rsnapshot" if any(_NUMBERED.fullmatch(tree.name) for tree in whole) else None


def _prefix(source: Manifest | None, tree: Manifest) -> str:
    """Find the source below the levels that a tool adds: a machine's name, a volume's."""
    sizes = {name: fact.size for name, fact in tree.files.items()}
    candidates = [prefix_in(source, sizes)]
    for top in itertools.islice(dict.fromkeys(name.partition("/")[0] for name in sizes), 20):
        inner = {name[len(top) + 1 :]: size for name, size in sizes.items()
                 if name.startswith(f"{top}/")}  # fmt: skip
        if inner:
            candidates.append(f"{top}/{prefix_in(source, inner)}")
    if source is None:
        return ""
    return max(
        candidates,
        key=lambda prefix: sum(
            sizes.get(prefix + name) == fact.size for name, fact in source.files.items()
        ),
    )


def _below(tree: Manifest, prefix: str) -> Manifest:
    if not prefix:
        return tree
    files = {
        name.removeprefix(prefix): fact
        for name, fact in tree.files.items()
        if name.startswith(prefix)
    }
    return replace(tree, root=f"{tree.root}/{prefix.rstrip('/')}", files=files)


def _retention(host: Host, base: str, whole: list[Tree], newest: Manifest) -> Fact[str]:
    """Say how many points there are, and how many are no copies of their own."""
    step = max(1, len(newest.files) // LINKS_SAMPLED)
    some = itertools.islice(newest.files.items(), 0, None, step)
    sample = [(name, fact) for name, fact in some if fact.ino]
    linked = sum(_shares(host, f"{base}/{tree.name}", sample) for tree in whole[:-1])
    text = f"{len(whole)} point{'s' if len(whole) != 1 else ''}"
    if linked:
        text += f", {linked} of which share unchanged files with the newest (hard links)"
    return Fact(text, Evidence.MEASURED, "names and inodes")


def _shares(host: Host, place: str, sample: list[tuple[str, FileFact]]) -> bool:
    for name, fact in sample:
        try:
            other = host.stat(f"{place}/{name}", follow=False)
        except AccessError:
            continue
        if (other.dev, other.ino) == (fact.dev, fact.ino):
            return True
    return False


def _similar(host: Host, newer: str, older: str) -> bool:
    """Tell whether two trees are states of one: most files of the one are in the other.

    Folders of photos that are named by their day have dates too, and other photos in them.
    """
    met = same = named = 0
    for entry in host.walk(older):
        if entry.stat is None or not entry.stat.is_file:
            continue
        met += 1
        try:
            other = host.stat(f"{newer}/{entry.path}", follow=False)
        except AccessError:
            other = None
        named += other is not None
        same += other is not None and other.size == entry.stat.size
        if met >= SAMPLED:
            break
    if same >= SIMILAR * met:
        return met > 0
    # dumps change wholly from day to day and keep their names
    return named == met and host.listdir(newer) == host.listdir(older)
