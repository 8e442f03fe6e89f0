"""Which copy of a file is right, where its bytes differ under one size and one time.

A size and a time that nobody touched belong to one content, so of two contents one is wrong. Each
location is a witness for the bytes that it held *first*: it may have copied wrong ones later. One
that was first read after the bytes had changed somewhere may have copied the wrong ones already;
it can confirm, but not outvote. Where that leaves a doubt, the doubt is the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from verifier.inventory import Suspect
from verifier.manifest import shown

__all__ = ["Sight", "judged"]


@dataclass(frozen=True, slots=True)
class Sight:
    """One reading of a file, of the size and time in question.

    Parameters
    ----------
    location : str
        Where it was read.
    run : int
        Number of the audit.
    at : datetime
        When.
    digest : bytes
        What was read.
    point : datetime or None
        The newest point that held it, where the location keeps points.
    """

    location: str
    run: int
    at: datetime
    digest: bytes
    point: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """The sights of one file in the order of time."""

    first: dict[str, Sight]
    last: dict[str, Sight]
    turns: dict[tuple[bytes, bytes], int]
    ever: dict[bytes, set[str]]


def judged(path: str, sights: Sequence[Sight]) -> Suspect:
    """Say which bytes of a file are right, who holds them, and why one thinks so.

    Parameters
    ----------
    path : str
        The file.
    sights : sequence of Sight
        All readings that are known, of every location, in any order.

    Returns
    -------
    Suspect
    """
    case = _case(sights)
    right, reason = _decided(case)
    if not right:
        return Suspect(path, "", reason, bad=tuple(sorted(case.last)))
    good = tuple(name for name in sorted(case.last) if case.last[name].digest == right)
    bad = tuple(name for name in sorted(case.last) if case.last[name].digest != right)
    where, spread = _where(case, right, sights), _spread(case, right)
    return Suspect(path, right.hex(), reason, good, bad, where, spread)


def _case(sights: Sequence[Sight]) -> _Case:
    first: dict[str, Sight] = {}
    last: dict[str, Sight] = {}
    turns: dict[tuple[bytes, bytes], int] = {}
    ever: dict[bytes, set[str]] = defaultdict(set)
    for sight in sorted(sights, key=lambda sight: (sight.run, sight.location)):
        first.setdefault(sight.location, sight)
        ever[sight.digest].add(sight.location)
        before = last.get(sight.location)
        if before is not None and before.digest != sight.digest:
            turns.setdefault((before.digest, sight.digest), sight.run)
        last[sight.location] = sight
    return _Case(first, last, turns, dict(ever))


def _decided(case: _Case) -> tuple[bytes, str]:
    """Return the right digest and the reason; no digest if nobody can tell."""
    turned = min(case.turns.values(), default=None)
    early: dict[bytes, list[str]] = defaultdict(list)
    late: dict[bytes, list[str]] = defaultdict(list)
    for name, sight in sorted(case.first.items()):
        (early if turned is None or sight.run < turned else late)[sight.digest].append(name)
    best = _leaders(early)
    by_history = len(best) != 1 and bool(case.turns)
    if len(best) == 1:
        chosen = best[0]
    else:
        chosen = _origin(case, best)
        if not chosen:
            return b"", _tie(best, early, case)
    against = max((len(names) for digest, names in late.items() if digest != chosen), default=0)
    support = len(early[chosen]) + len(late[chosen])
    if against > support and len(case.ever[chosen]) < 2:
        other = _names(name for digest, names in late.items() if digest != chosen for name in names)
        return b"", (
            f"nobody can tell: {_names(early[chosen])} held one content at first, but {other}, "
            "read later only, agree on another"
        )
    return chosen, _reason(case, chosen, early, late, by_history=by_history)


def _leaders(votes: dict[bytes, list[str]]) -> list[bytes]:
    most = max((len(names) for names in votes.values()), default=0)
    return [digest for digest, names in votes.items() if len(names) == most]


def _origin(case: _Case, among: list[bytes]) -> bytes:
    """Return the one content that others came from and that never came from another; else none."""
    starts = {old for old, _ in case.turns} - {new for _, new in case.turns}
    left = starts & set(among)
    return left.pop() if len(left) == 1 else b""


def _reason(
    case: _Case,
    chosen: bytes,
    early: dict[bytes, list[str]],
    late: dict[bytes, list[str]],
    *,
    by_history: bool,
) -> str:
    for_it, against = early[chosen], [n for d, names in early.items() if d != chosen for n in names]
    wrong = [n for d, names in late.items() if d != chosen for n in names]
    held = f"{_names(for_it)} held these bytes since {_since(case, for_it)}"
    if not case.turns:
        return f"{_names(for_it)} agree, against {_names(against)}"
    if by_history:
        words = f"{held}, and they changed while size and time did not"
    elif against:
        words = f"{held}, against {_names(against)}"
    else:
        words = f"{held}, before they changed under the same size and time"
    if late[chosen]:
        words += f"; {_names(late[chosen])} confirm" + ("s" if len(late[chosen]) == 1 else "")
    if wrong:
        words += f"; {_names(wrong)}, first read afterwards, may have copied the wrong bytes"
    return words


def _tie(best: list[bytes], early: dict[bytes, list[str]], case: _Case) -> str:
    if not best:
        return "nobody can tell: no location was read before the bytes changed"
    first, *others = (_names(early[digest]) for digest in best)
    sides = "; ".join([f"{first} held one content", *(f"{names} another" for names in others)])
    more = ", and their history does not decide it" if case.turns else ""
    return f"a tie, so nobody can tell: {sides}{more}"


def _spread(case: _Case, right: bytes) -> bool:
    """Tell whether bytes that arose by a change, and are wrong, are in several locations now."""
    born = {new for _, new in case.turns} - {right}
    return any(sum(sight.digest == new for sight in case.last.values()) > 1 for new in born)


def _where(case: _Case, right: bytes, sights: Sequence[Sight]) -> str:
    """Say where the good bytes are: a location now, else the last point or audit that had them."""
    now = [name for name in sorted(case.last) if case.last[name].digest == right]
    if now:
        latest = max(case.last.values(), key=lambda sight: sight.run).run
        return _names(
            name if case.last[name].run == latest else f"{name} on {case.last[name].at:%Y-%m-%d}"
            for name in now
        )
    pointed = [sight for sight in sights if sight.digest == right and sight.point is not None]
    if pointed:
        best = max(pointed, key=lambda sight: sight.run)
        return f"perhaps the point of {best.point:%Y-%m-%d %H:%M} in {best.location}"
    return ""


def _since(case: _Case, names: Sequence[str]) -> str:
    return f"{min(case.first[name].at for name in names):%Y-%m-%d}"


def _names(words: Iterable[str]) -> str:
    listed = [shown(word) for word in words]
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"
