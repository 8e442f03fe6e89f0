"""One drill: the newest point opened, files brought back part by part, compared, and weighed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from riskmodel.errors import InputError
from verifier._leftovers import cleared
from verifier.access import Stat
from verifier.bounds import fewest_bad
from verifier.drills._choice import Choice, Wanted, choose, eligible, file_and_folder, parts
from verifier.drills._comparing import Tally, compare, compare_links
from verifier.drills._model import Back, Closed, Family, Place, Point, Wish
from verifier.drills._registry import family_of
from verifier.drills._scratch import (
    budget,
    emptied,
    is_full,
    private_folder,
)
from verifier.excluding import Excluding
from verifier.host import AccessError, Host, Missing
from verifier.inventory import Depth, Evidence, Fact, Location, Restored, Sample, State
from verifier.manifest import Manifest, shown
from verifier.probes import restic
from verifier.probes.comparing import capped
from verifier.probes.outdated import less_outdated
from verifier.probes.unlike import with_unlike
from verifier.progress import Progress
from verifier.remotes import Here, remote_for
from verifier.remotes.logins import with_environment
from verifier.target import Target

__all__ = ["drilled"]

_LINKS = 5
# what a tool says when the world around it is at fault, and not the backup
_AROUND = re.compile(
    r"no space left|disk full|permission denied|access ?denied|forbidden|connection|network is|"
    r"timed? ?out|temporary failure|no such host|not allowed",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Run:
    """What adds up over the parts of a drill."""

    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    first: float = 0.0
    runs: int = 0
    size_bytes: int = 0
    left: int = 0
    trouble: str = ""


def drilled(
    host: Host, target: Target, found: Location, source: Manifest | None, wish: Wish, parent: str
) -> Location:
    """Restore files of a location into a scratch folder, and compare them with the source.

    Parameters
    ----------
    host : Host
        Access to this machine.
    target : Target
        The location.
    found : Location
        What its probe found.
    source : Manifest or None
        The live data's files; None, or one that is not complete, if they could not be read.
    wish : Wish
        How much to restore.
    parent : str
        The folder to make scratch folders in: `scratch_parent`.

    Returns
    -------
    Location
        At depth ``RESTORE`` if all that was asked for came back right; with errors if some did
        not; else as it was, with the reason in `Location.restored`.
    """
    if found.state is not State.READ or found.files == 0:
        return found
    family = family_of(found.kind, target)
    try:
        if family is None or family.open is None:
            raise Closed(family.why if family else f"nothing here restores {found.kind}")
        if family.program and host.program(family.program) is None:
            raise Closed(
                f"the program {family.program} is not installed; "
                f"the package {family.package} brings it"
            )
        _tidied(host, parent)
        with private_folder(parent) as folder:
            return _in_scratch(host, target, found, source, wish, folder, family)
    except InputError:
        raise
    except Closed as problem:
        reason = str(problem)
    except AccessError as problem:
        reason = str(problem) if isinstance(problem, Missing) else problem.reason
    except Exception as error:  # noqa: BLE001 - one drill that breaks must not end the others
        reason = f"the drill broke off: {type(error).__name__}: {error}"
    return _not_done(found, wish, reason)


def _tidied(host: Host, parent: str) -> None:
    """Remove what drills left that were killed, and name what cannot be removed."""
    gone, left = cleared(parent)
    for folder in gone:
        host.talk(f"removed {folder}, which a killed run had left")
    for folder in left:
        host.talk(f"{folder} was left by a killed run and cannot be removed")


def _in_scratch(
    host: Host,
    target: Target,
    found: Location,
    source: Manifest | None,
    wish: Wish,
    folder: str,
    family: Family,
) -> Location:
    live = source if source is not None and source.complete else None
    work = emptied(f"{folder}/work")
    into = f"{work}/restored"  # tools may write below their TMPDIR, which is work, and nowhere else
    host.talk(f"opening the newest point of {found.name}")
    with _reached(host, target, found, live, work) as place:
        assert family.open is not None  # noqa: S101 - asked before
        point = family.open(place)
        # a listing without sizes has folders in it too
        files_ = (path for path, size in point.sizes.items() if size >= 0)
        if (twofold := file_and_folder(files_)) is not None:
            raise Closed(f"its newest point has a file and a folder of one name: {twofold!r}")
        files = eligible(point, live)
        if not files:
            raise Closed("no file of the source is in its newest point as it was then")
        count = wish.files
        if count is not None and point.most is not None:
            count = min(count, point.most)
        choice = choose(files, count, wish.seed)
        run = _restored(host, live, point, choice, into)
        if live is not None and point.links and live.links:
            _links(host, live, point, choice, into, run.tally)
    return _weighed(found, point, choice, files, run, wish, live)


@contextmanager
def _reached(
    host: Host, target: Target, found: Location, source: Manifest | None, work: str
) -> Iterator[Place]:
    """Reach a location once more, as its probe did."""
    remote = remote_for(target)
    link = remote.connect(host, target) if remote else None
    if link is None or isinstance(link, Here):
        path = link.path if link else found.real_path or target.address
        runner = with_environment(host) if restic.is_remote(path) else host
        yield Place(host, path, runner, path, target, found, source, work)
        return
    try:
        tool = link.opened_by(found.kind)
        runner, address = (tool.host, tool.address) if tool else (host, None)
        yield Place(link.host, link.path, runner, address, target, found, source, work)
    finally:
        link.close()


def _restored(host: Host, source: Manifest | None, point: Point, choice: Choice, into: str) -> _Run:
    """Bring back part by part, so that no part takes more than half of what is free."""
    run = _Run()
    progress = Progress(host.talk, f"files restored of {len(choice.files):,}")
    room = budget(into.rpartition("/")[0])
    host.talk(f"restoring {len(choice.files):,} files with {point.tool}")
    asked = 0
    for part in parts(choice.files, room):
        emptied(into)
        began = time.monotonic()
        back = point.restore([one.path for one in part], into)
        spent = time.monotonic() - began
        run.seconds += spent
        run.first = run.first or spent
        run.runs += 1
        back = _excused(back, part, into)
        compare(host, source, point.time, part, back, run.tally)
        came = [one for one in part if one.path in back.came]
        run.size_bytes += sum(max(one.size, 0) for one in came)
        asked += len(part)
        progress.at(asked)
    run.left = len(choice.files) - asked
    emptied(into)
    return run


def _excused(back: Back, part: list[Wanted], into: str) -> Back:
    """Take what a tool failed at for unknown where the world around it is at fault."""
    if not back.trouble or not (_AROUND.search(back.trouble) or is_full(into)):
        return back
    why = "the scratch folder is full" if is_full(into) else back.trouble
    absent = {one.path: why for one in part if one.path not in back.came}
    return replace(back, unseen={**back.unseen, **absent})


def _links(
    host: Host, source: Manifest, point: Point, choice: Choice, into: str, tally: Tally
) -> None:
    """Ask for symbolic links too: all, or a few; not for those that came after the point."""
    asked: dict[str, str] = {}
    doubtful: set[str] = set()  # those may have been put there since, or during the run
    leaving = Excluding(source.exclude)
    for entry in host.walk(source.root):
        if entry.stat is None or not entry.stat.is_symlink or leaving.file(entry.path):
            continue
        path = point.prefix + entry.path
        expected = _expected(host, f"{source.root}/{entry.path}", entry.stat, point, path)
        if expected is not False:
            asked[path] = entry.path
            if expected is None:
                doubtful.add(path)
        if len(asked) == _LINKS and not choice.whole:
            break
    if not asked:
        return
    back = point.restore(list(asked), emptied(into))
    if back.trouble and _AROUND.search(back.trouble):
        tally.unseen[next(iter(asked))] = f"symbolic links: {back.trouble}"
    else:
        compare_links(host, source.root, asked, doubtful, point.sizes, back, tally)


def _expected(host: Host, live: str, facts: Stat, point: Point, path: str) -> bool | None:
    """Tell whether a link of the source was there when a point was made; None if that is open.

    One with an old time may have been put there since, as when a source is restored. What a link
    says is never changed, so that one with a new time is new; but the date of a plain tree is only
    that of its newest file, and its last run may have been much later.
    """
    when = point.begun or point.time
    if when is None:
        return None
    begun = int(when.timestamp() * 1e9)
    changed = facts.ctime_ns or facts.mtime_ns
    if changed <= begun:
        return True
    if facts.mtime_ns <= begun:
        return None
    if point.written is None:
        return False
    made = host.born([live])[0] or changed
    return None if made <= point.written(path) else False


def _weighed(
    found: Location,
    point: Point,
    choice: Choice,
    files: list[Wanted],
    run: _Run,
    wish: Wish,
    live: Manifest | None,
) -> Location:
    tally, compared = run.tally, live is not None
    reasons = []
    open_ = len(tally.younger) + len(tally.shorter)
    if run.left:
        reasons.append(
            f"{run.left} of {len(choice.files)} files do not fit into the scratch folder"
        )
    if tally.unseen:
        reasons.append(next(iter(tally.unseen.values())))
    if not compared:
        reasons.append(
            "the source could not be read, so that nothing was compared with it: what came back "
            f"has the recorded size, and {point.tool} had nothing to say against it"
        )
    elif not (tally.right or tally.wrong or tally.outdated or open_ or reasons):
        reasons.append("the source has changed all files that were asked for")
    known = choice.whole and found.coverage.value is not None  # how many are older, and of how many
    if tally.outdated and not (known and tally.right):
        reasons.append(
            f"{len(tally.outdated)} of {len(choice.files)} files came back in an older version "
            "than the source had when the point was made"
        )
    if open_:
        first = shown(next(iter((tally.younger or tally.shorter).values())).path)
        reasons.append(
            f"{open_} of {len(choice.files)} files came back different from the source, and may be "
            f"the right ones ({_open_words(tally)}), the first: {first}"
        )
    for links, why in ((tally.lost_links, ""), (tally.late_links, ", and may have come since")):
        if links:
            many = "1 symbolic link" if len(links) == 1 else f"{len(links):,} symbolic links"
            reasons.append(f"{many} did not come back{why}, the first: {links[0]}")
    if live is not None:
        found = _without_outdated(found, live, choice, files, tally)
        younger, shorter = list(tally.younger.values()), list(tally.shorter.values())
        found = with_unlike(found, (younger, len(younger)), (shorter, len(shorter)))
    drawn = choice.drawn - tally.changed
    looked = drawn & (tally.right | tally.wrong.keys())
    complete = not reasons and not tally.wrong
    told = Restored(
        tool=point.tool,
        asked=len(choice.files),
        right=len(tally.right) if compared else 0,
        changed=len(tally.changed),
        outdated=len(tally.outdated),
        of=len(files),
        size_bytes=run.size_bytes,
        seconds=run.seconds,
        whole_seconds=_whole_seconds(found, files, run),
        seed=wish.seed,
        reason="; ".join(reasons),
        differing=tally.differing,
        lost_links=len(tally.lost_links),
    )
    sample = found.sample
    if complete:
        sample = None if choice.whole else Sample(len(looked), len(files))
    return replace(
        found,
        restored=told,
        sample=sample,
        depth=Depth.RESTORE if complete else found.depth,
        errors=capped([*found.errors, *(tally.wrong[path] for path in sorted(tally.wrong))]),
        reason="; ".join(filter(None, (found.reason, _why(told)))),
    )


def _open_words(tally: Tally) -> str:
    words = (
        ("younger than the source's", tally.younger),
        ("longer than the source's under the same time", tally.shorter),
    )
    return ", or ".join(told for told, files in words if files)


def _without_outdated(
    found: Location, source: Manifest, choice: Choice, files: list[Wanted], tally: Tally
) -> Location:
    """Count older versions as not held; of a sample as many as there are at least."""
    drawn = choice.drawn - tally.changed - tally.unseen.keys()
    least = fewest_bad(len(drawn), len(files), len(drawn & tally.outdated.keys()))
    told = "files restored and compared with the source"
    count = max(least, len(tally.outdated))
    how: Fact[float] = Fact(None, Evidence.MEASURED, told)
    return less_outdated(found, source, tally.outdated.values(), count, how)


def _whole_seconds(
    found: Location, eligible_files: list[Wanted], run: _Run
) -> tuple[float, float] | None:
    """Bound the time to restore everything.

    If a run costs a start, something for each file and something for each byte, then all files
    take between the smaller and the larger of "so many times the files" and "so many times the
    bytes" of what was measured; the start of each run is at most what the first took, which
    brought one file.
    """
    files = found.files or len(eligible_files)
    size = found.size_bytes or sum(one.size for one in eligible_files)
    came = len(run.tally.right) + len(run.tally.changed) + len(run.tally.outdated)
    if not (size and came and run.size_bytes and run.seconds):
        return None
    ratios = (files / came, size / run.size_bytes)
    moving = max(run.seconds - run.runs * run.first, 0.0)
    return (max(moving * min(ratios), run.first), run.seconds * max(*ratios, 1.0))


def _not_done(found: Location, wish: Wish, reason: str) -> Location:
    told = Restored(seed=wish.seed, reason=reason)
    return replace(found, restored=told, reason="; ".join(filter(None, (found.reason, _why(told)))))


def _why(told: Restored) -> str:
    return f"not restored: {told.reason}" if told.reason else ""
