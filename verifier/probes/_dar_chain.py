"""What an archive of dar holds together with those that it refers to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from verifier.manifest import shown

__all__ = ["Chain", "Listing", "Reference", "chain_of"]

_HOUR_NS = 3_600_000_000_000
_MOST = 64  # archives that are listed
_TOO_MANY = f"more than {_MOST} archives are not followed"


@dataclass(frozen=True, slots=True)
class Reference:
    """A file whose bytes are in another archive: size [bytes] and time [ns].

    Only one that is `plain` can be looked for there by its name: a hard link may have another, and
    a delta is made of another file.
    """

    size: int
    time: int | None
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one archive: sizes [bytes] and times [ns] by path; those that are elsewhere.

    `isolated` if it is the catalogue of another archive, and holds nothing.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, Reference] = field(default_factory=dict)
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """The newest archive that can be restored, and what it holds.

    Parameters
    ----------
    name : str
        The archive's; empty if there is none.
    sizes, times : mapping of str to int
        Of all its files. [bytes], [ns]
    homes : mapping of str to str
        The archives of those of them that lie in others.
    row : tuple of str
        From the oldest of these archives to the newest, in the order in which they are restored.
    breaks : tuple of str
        Newer archives without what they refer to, a sentence each.
    dropped : frozenset of str
        Archives that are no points: these, and catalogues.
    doubt : str
        Why the contents cannot be told; else empty.
    """

    name: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    row: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    dropped: frozenset[str] = frozenset()
    doubt: str = ""


def chain_of(
    names: Sequence[str], beside: Sequence[str], listed: Callable[[str], Listing], unseen: str
) -> Chain:
    """Find the newest archive that is whole with the others, and put together what it holds.

    Dar's own names for its base are not kept in an archive. A file of the same path, size and time
    that another archive holds is the one that is meant.

    Parameters
    ----------
    names : sequence of str
        Archives, the newest first.
    beside : sequence of str
        These and all others that may be referred to, the newest first.
    listed : callable
        Lists one; raises ValueError if dar does not list it.
    unseen : str
        Why some archive beside them could not be looked at; else empty.

    Raises
    ------
    ValueError
        If the newest archive cannot be listed.
    """
    known: dict[str, Listing] = {}
    breaks: list[str] = []
    dropped: set[str] = set()
    catalogues: list[str] = []

    def told(name: str) -> Listing:
        if name not in known:
            if len(known) == _MOST:
                raise ValueError(_TOO_MANY)
            known[name] = listed(name)
        return known[name]

    for name in names:
        if name not in known and len(known) == _MOST:
            return Chain(breaks=tuple(breaks), dropped=frozenset(dropped), doubt=_TOO_MANY)
        found = told(name)
        if found.isolated:
            catalogues.append(name)
            dropped.add(name)
            continue
        homes, lacking, doubt = _homes(found, [o for o in beside if o != name], told, unseen)
        if doubt:
            why = f"{shown(name)} refers to another archive for {len(found.elsewhere)} files, and "
            return Chain(breaks=tuple(breaks), dropped=frozenset(dropped), doubt=why + doubt)
        if lacking:
            breaks.append(
                f"{shown(name)} is an increment, and no archive here holds {len(lacking)} of its "
                f"files, such as {shown(min(lacking))}."
            )
            dropped.add(name)
            continue
        there = {path: found.elsewhere[path] for path in homes}
        sizes = {**{path: one.size for path, one in there.items()}, **found.sizes}
        times = {**{p: o.time for p, o in there.items() if o.time is not None}, **found.times}
        row = _row(name, beside, set(homes.values()))
        return Chain(name, sizes, times, homes, row, tuple(breaks), frozenset(dropped))
    if catalogues and not breaks:
        breaks.append(
            f"{shown(catalogues[0])} is the catalogue of another archive, and no archive."
        )
    return Chain(breaks=tuple(breaks), dropped=frozenset(dropped))


def _row(name: str, beside: Sequence[str], used: set[str]) -> tuple[str, ...]:
    places = [number for number, other in enumerate(beside) if other == name or other in used]
    between = beside[min(places) : max(places) + 1]
    return (*(other for other in reversed(between) if other != name), name)


def _homes(
    found: Listing, others: list[str], told: Callable[[str], Listing], unseen: str
) -> tuple[dict[str, str], list[str], str]:
    """Return where what is elsewhere lies, what lies in no archive, and why that is not sure."""
    homes: dict[str, str] = {}
    left = dict(found.elsewhere)
    doubtful = any(not one.plain for one in left.values())
    doubt = unseen
    for other in others:
        if not left:
            break
        try:
            theirs = told(other)
        except ValueError as problem:
            doubt = doubt or f"{shown(other)} cannot be listed: {problem}"
            continue
        for path, one in list(left.items()):
            if theirs.sizes.get(path) != one.size or one.time is None:
                continue
            apart = abs(theirs.times.get(path, -1) - one.time)
            if apart == 0:
                homes[path] = other
                del left[path]
            elif apart % _HOUR_NS == 0:  # dar can be told to overlook clocks that are hours apart
                doubtful = True
    if not left:
        return homes, [], ""
    if doubt:
        return homes, [], doubt
    sure = [path for path, one in left.items() if one.plain and one.time is not None]
    if doubtful or len(sure) < len(left):
        return homes, [], f"where {len(left)} of them are cannot be told"
    return homes, sure, ""
