"""Tar and zip archives: members streamed out by the standard library, under numbers of their own.

No name of a member becomes a path, no device or link is made, and nothing is written beyond the
size that the archive's listing promised, so that a hostile archive can do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from verifier.drills._model import Back, Came, Closed, Place, Point
from verifier.drills._scratch import TooLarge, write_out
from verifier.host import AccessError
from verifier.manifest import prefix_in
from verifier.probes.archive import newest_chain
from verifier.probes.members import DAMAGE, Opened, opened

__all__ = ["open_point"]


def open_point(place: Place) -> Point:
    """Open the newest archive, with those that it builds on."""
    chain, sizes, sealed = newest_chain(place.host, place.path, place.source)
    if sealed:
        raise Closed(sealed)
    if not chain:
        raise Closed("no archive in it can be read to its end")

    def restore(paths: Sequence[str], into: str) -> Back:
        back = Back()
        for number, bundle in enumerate(chain):  # the later one holds the later state
            folder = f"{into}/{number}"
            Path(folder).mkdir(mode=0o700)
            _extract(place, bundle.paths, frozenset(paths), folder, back)
        return back

    return Point(
        chain[-1].time, sizes, prefix_in(place.source, sizes), restore,
        f"{place.found.kind} by the standard library", links=True,
    )  # fmt: skip


def _extract(
    place: Place, parts: tuple[str, ...], wanted: frozenset[str], folder: str, back: Back
) -> None:
    """Bring the members out, and in a second reading what hard links among them point at.

    Of one name the last counts, whatever it is: ``tar -r`` and ``tar -u`` add changed files anew.
    """
    linked: dict[str, str] = {}
    read: set[str] = set()
    numbers = count()
    for round_ in (wanted, None):
        names = frozenset(linked.values()) - read if round_ is None else round_
        if not names:
            continue
        try:
            for member in opened(place.host, parts, names):
                read.add(member.path)
                linked.pop(member.path, None)
                _forget(member.path, folder, back)
                if member.hard_link is not None:
                    linked[member.path] = member.hard_link
                else:
                    _keep(member, f"{folder}/{next(numbers)}", back)
        except AccessError as problem:
            _rest(wanted - read, back, f"cannot be read: {problem.reason}", damage=problem.damage)
        except DAMAGE as problem:
            _rest(wanted - read, back, f"is in a damaged archive: {problem}", damage=True)
    for path, target in linked.items():
        if target in back.came:
            back.came[path] = back.came[target]


def _forget(path: str, folder: str, back: Back) -> None:
    """Drop an earlier member of the same name, and what it takes of the scratch folder."""
    back.flaws.pop(path, None)
    back.unseen.pop(path, None)
    earlier = back.came.pop(path, None)
    # what an earlier archive brought may have come under other names too
    if earlier is not None and earlier.place.startswith(f"{folder}/"):
        Path(earlier.place).unlink(missing_ok=True)


def _keep(member: Opened, to: str, back: Back) -> None:
    """Write one member; DAMAGE holds OSError, so that a full disk is told apart by its number."""
    if member.link is not None:
        back.came[member.path] = Came(to, link=member.link)
        return
    if member.encrypted:
        back.unseen[member.path] = "it is encrypted"
        return
    try:
        write_out(to, member.chunks, member.size)
        back.came[member.path] = Came(to, member.mode, member.mtime_ns)
    except TooLarge as problem:
        back.flaws[member.path] = str(problem)
    except OSError as problem:
        if problem.errno is None:
            raise
        back.unseen[member.path] = f"the scratch folder cannot hold it: {problem.strerror}"
        Path(to).unlink(missing_ok=True)
    except DAMAGE as problem:
        if not member.alone:
            raise
        back.flaws[member.path] = f"is damaged: {problem}"


def _rest(paths: frozenset[str], back: Back, why: str, *, damage: bool) -> None:
    for path in paths - back.came.keys():
        (back.flaws if damage else back.unseen)[path] = why
