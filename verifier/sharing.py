"""What the locations of an audit have in common, layer by layer: a table of which cells meet.

Every location is a row and every layer a column, from the drive outwards. Neighbours that stand on
the same thing get one box; what is shared over a distance gets a link; what is not known is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from verifier.aftermath import needs_no_key
from verifier.inventory import Evidence, Fact, Location
from verifier.rules import View
from verifier.rules._independence import Tie, host_names
from verifier.rules._view import names

__all__ = ["Box", "Common", "Link", "Row", "Sharing", "sharing", "sharing_in_words"]

MOST_ROWS = 40
_MOST_TOLD = 12
_SURE = (Evidence.MEASURED, Evidence.TOOL_REPORTED)
_WHAT = {"drives": "drives", "machine": "machine or account", "site": "site", "key": "key",
         "login": "login"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One location.

    Parameters
    ----------
    name : str
        Its name.
    counts : bool or None
        Whether it is an independent copy; None if nobody can tell.
    """

    name: str
    counts: bool | None


@dataclass(frozen=True, slots=True)
class Box:
    """Neighbouring rows that stand on the same thing in one layer.

    Parameters
    ----------
    column : int
        The layer.
    first, last : int
        Rows.
    lines : tuple of str
        What it is: its name, and what else is known of it.
    shared : bool
        Whether it is another row's too, in whole or in part, in this box or another one.
    known : bool
        Whether anything is known.
    sure : bool
        Whether that was measured or told by a tool, and not declared or inferred.
    """

    column: int
    first: int
    last: int
    lines: tuple[str, ...]
    shared: bool
    known: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Two boxes of one column that share something, without being one."""

    column: int
    upper: int
    lower: int


@dataclass(frozen=True, slots=True)
class Common:
    """One thing that several rows stand on, in words: ``"drive sda (Model X)"``."""

    what: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sharing:
    """The table.

    Parameters
    ----------
    rows : tuple of Row
        Locations in an order that brings together what shares most, the source on top.
    columns : tuple of str
        Layers of which something is known, from the drive outwards.
    boxes, links : tuple
        What stands in the columns; the numbers of a link are those of boxes.
    common : tuple of Common
        What is shared, from the drive outwards.
    not_known : tuple of str
        Layers of which nothing is known at all.
    left_out : int
        Locations beyond the `MOST_ROWS` that are shown.
    """

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    common: tuple[Common, ...]
    not_known: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one location stands on in one layer.

    `on` has a name for each thing, by which it is known again, and what to call it; without any,
    nothing is known.
    """

    on: Mapping[str, str]
    lines: tuple[str, ...]
    sure: bool = True


def sharing(view: View) -> Sharing:
    """Lay out what the locations of an audit have in common.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Sharing
    """
    shown = range(min(len(view.locations), MOST_ROWS))
    table = {name: [cell(view, number) for number in shown] for name, cell in _LAYERS.items()}
    known = {
        name: cells for name, cells in table.items() if any(_says_something(cell) for cell in cells)
    }
    order = _order(shown, [known[name] for name in ("site", "machine", "drives") if name in known])
    boxes: list[Box] = []
    links: list[Link] = []
    common: list[Common] = []
    for column, unordered in enumerate(known.values()):
        cells = [unordered[number] for number in order]
        found = list(_boxes(column, cells))
        links += _links(column, found, cells, len(boxes))
        boxes += found
        common += _common(cells)
    return Sharing(
        rows=tuple(Row(view.locations[number].name, _counts(view, number)) for number in order),
        columns=tuple(_WHAT[name] for name in known),
        boxes=tuple(boxes),
        links=tuple(links),
        common=tuple(common),
        not_known=tuple(_WHAT[name] for name in table if name not in known),
        left_out=len(view.locations) - len(shown),
    )


def sharing_in_words(found: Sharing) -> str:
    """Say what is shared in sentences, for those who do not see the picture."""
    together: dict[tuple[int, ...], list[str]] = {}
    for one in found.common:
        together.setdefault(one.rows, []).append(one.what)
    them = [
        f"{names(found.rows[row].name for row in rows)} share {names(what)}"
        for rows, what in together.items()
    ]
    if len(them) > _MOST_TOLD:
        them[_MOST_TOLD:] = [f"and {len(them) - _MOST_TOLD} more are shared"]
    text = "; ".join(them) or "No two locations are known to share anything"
    text = f"What the copies have in common. {text}."
    alone = [row.name for row in found.rows if row.counts]
    text += f" Independent copies: {names(alone) or 'none'}."
    if found.not_known:
        text += f" Nothing is known of {names(f'any {one}' for one in found.not_known)}."
    if found.left_out:
        text += f" {found.left_out:,} more locations are not shown."
    return text


def _drives(view: View, number: int) -> _Cell:
    drives = view.locations[number].domains.drives
    on = {}
    for drive in drives.value or ():
        model = " ".join((drive.model or "").split())
        on[drive.key] = f"drive {drive.device} ({model})" if model else f"drive {drive.device}"
    tied = _tied(view, number)
    if drives.value:
        models = dict.fromkeys(" ".join((drive.model or "").split()) for drive in drives.value)
        lines = (names(drive.device for drive in drives.value), *filter(None, models))
        return _Cell(on | tied, lines, drives.evidence in _SURE)
    if tied:
        return _Cell(tied, (*tied.values(),), sure=False)
    places = view.locations
    others = (n for n in range(len(places)) if n != number and _somewhere(places[n]))
    if any(view.relation(number, other).tie is not Tie.APART for other in others):
        return _Cell({}, ("not known",))
    if not _somewhere(places[number]):
        return _Cell({}, ("not known",))
    words = "the provider's" if _operated(places[number]) else "others, not seen"
    return _Cell({f"own {number}": words}, (words,), sure=False)


def _operated(place: Location) -> bool:
    return bool(place.domains.provider.value or place.domains.account.value)


def _somewhere(place: Location) -> bool:
    """Tell whether anything is known of what a location stands on."""
    return bool(place.domains.drives.value or place.domains.host.value) or _operated(place)


def _tied(view: View, number: int) -> dict[str, str]:
    """Return what a location meets others in though no drive of both is seen to be one."""
    mine = {drive.key for drive in view.locations[number].domains.drives.value or ()}
    group, words = {number}, ""
    for other, place in enumerate(view.locations):
        tie = view.relation(number, other) if other != number else None
        theirs = {drive.key for drive in place.domains.drives.value or ()}
        if tie is not None and tie.tie is Tie.SHARED and not mine & theirs:
            group.add(other)
            words = words or tie.shared[0]
    return {f"tied {min(group)}": words} if words else {}


def _machine(view: View, number: int) -> _Cell:
    """Return the machine, the provider and the account: who else works there can reach it."""
    domains = view.locations[number].domains
    on: dict[str, str] = {}
    lines = []
    if domains.host.value:
        here = domains.host.value == view.inventory.host.value
        called = "this machine" if here else _plain(domains.host.value)
        lines.append(called)
        words = called if here else f"machine {called}"
        on |= {f"host {one}": words for one in host_names(view.locations[number])}
    for layer, fact in (("provider", domains.provider), ("account", domains.account)):
        if fact.value:
            lines.append(fact.value if layer == "provider" else f"account {fact.value}")
            on[f"{layer} {fact.value}"] = f"{layer} {fact.value}"
    facts = (domains.host, domains.provider, domains.account)
    return _Cell(on, tuple(lines) or ("not known",), _all_sure(facts))


def _site(view: View, number: int) -> _Cell:
    fact = view.locations[number].domains.site
    stated = view.sites.get(fact.value or "")
    country = stated.country if stated is not None else None
    return _named("site", fact, "not stated", *((country,) if country else ()))


def _key(view: View, number: int) -> _Cell:
    place = view.locations[number]
    plain = place.encrypted.value is False or (
        place.encrypted.value is None and needs_no_key(place)
    )
    if plain and not place.domains.key.value:
        return _Cell({f"none {number}": "no key"}, ("none needed",), _all_sure([place.encrypted]))
    return _named("key", place.domains.key, "not known")


def _login(view: View, number: int) -> _Cell:
    return _named("login", view.locations[number].domains.identity, "not known")


def _named(layer: str, fact: Fact[str], otherwise: str, *more: str) -> _Cell:
    if not fact.value:
        return _Cell({}, (otherwise,))
    called = _plain(fact.value)
    return _Cell({f"{layer} {fact.value}": f"{layer} {called}"}, (called, *more), _all_sure([fact]))


_LAYERS: dict[str, Callable[[View, int], _Cell]] = {
    "drives": _drives,
    "machine": _machine,
    "site": _site,
    "key": _key,
    "login": _login,
}


def _order(shown: range, columns: Sequence[Sequence[_Cell]]) -> list[int]:
    """Bring together what shares the widest layer, within it the next one, and so on inwards."""
    groups = [_groups(cells) for cells in columns]
    return sorted(shown, key=lambda number: (*(group[number] for group in groups), number))


def _groups(cells: Sequence[_Cell]) -> list[int]:
    """Return for each cell the first one that it hangs together with, over others if need be."""
    first = list(range(len(cells)))

    def root(number: int) -> int:
        while first[number] != number:
            number = first[number]
        return number

    seen: dict[str, int] = {}
    for number, cell in enumerate(cells):
        for one in cell.on:
            other, mine = root(seen.setdefault(one, number)), root(number)
            first[max(mine, other)] = min(mine, other)
    return [root(number) for number in range(len(cells))]


def _boxes(column: int, cells: Sequence[_Cell]) -> Iterator[Box]:
    often = Counter(one for cell in cells for one in cell.on)
    # what is not known is not known to be the same
    for _, run in groupby(enumerate(cells), key=lambda pair: frozenset(pair[1].on) or pair[0]):
        rows = list(run)
        first, cell = rows[0]
        yield Box(
            column, first, rows[-1][0], cell.lines,
            shared=any(often[one] > 1 for one in cell.on),
            known=bool(cell.on), sure=all(one.sure for _, one in rows),
        )  # fmt: skip


def _links(
    column: int, boxes: Sequence[Box], cells: Sequence[_Cell], offset: int
) -> Iterator[Link]:
    """Yield a link from each box to the next one below that has something of it."""
    for upper, box in enumerate(boxes):
        left = set(cells[box.first].on)
        for lower in range(upper + 1, len(boxes)):
            met = left & set(cells[boxes[lower].first].on)
            if met:
                yield Link(column, offset + upper, offset + lower)
                left -= met


def _common(cells: Sequence[_Cell]) -> Iterator[Common]:
    rows: dict[str, list[int]] = {}
    words: dict[str, str] = {}
    for number, cell in enumerate(cells):
        for one, called in cell.on.items():
            rows.setdefault(one, []).append(number)
            words.setdefault(one, called)
    together: dict[tuple[int, ...], list[str]] = {}
    for one, them in rows.items():
        if len(them) > 1:
            together.setdefault(tuple(them), []).append(words[one])
    # a machine has several names, and one set of words
    return (Common(names(dict.fromkeys(what)), them) for them, what in together.items())


def _says_something(cell: _Cell) -> bool:
    return any(not one.startswith("none ") for one in cell.on)


def _counts(view: View, number: int) -> bool | None:
    if number in view.counted:
        return True
    return None if number in view.possible else False


def _plain(value: str) -> str:
    """Return a value without the kind that it begins with, as in "address:nas"."""
    kind, _, rest = value.partition(":")
    return rest if rest and kind in {"machine", "address", "name"} else value


def _all_sure(facts: Iterable[Fact[str]] | Iterable[Fact[bool]]) -> bool:
    return all(fact.evidence in _SURE for fact in facts if fact.value is not None)
