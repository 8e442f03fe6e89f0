"""The largest set of locations of which no two are joined: exact where that is quick, else bounds.

The problem is NP-hard in general. What real set-ups look like is not: locations on one drive are
all joined to each other, and of such a group one counts. So each piece that hangs together is
searched by itself, with a bound from groups of which one counts, for a limited number of steps. A
search that is not done by then says what it found and what the most is that there can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Chosen", "independent"]

# nodes looked at in one search, beside what a set of three at most needs: some seconds
_MOST_LOOKS = 1_000_000
# a pair or a triple of n nodes is found, or shown not to be there, within so many times n²
_LOOKS_FOR_THREE = 4


@dataclass(frozen=True, slots=True)
class Chosen:
    """An independent set, and how far it may be from the largest.

    Parameters
    ----------
    nodes : tuple of int
        No two of them are joined; ascending.
    at_most : int
        No such set has more nodes; it is ``len(nodes)`` where the set is proven to be a largest.
    """

    nodes: tuple[int, ...]
    at_most: int


def independent(
    count: int,
    edges: Iterable[tuple[int, int]],
    first: int | None = None,
    most_looks: int = _MOST_LOOKS,
) -> Chosen:
    """Return the largest set of nodes of which no two are joined, or bounds of its size.

    A chain of three, of which the middle one shares a drive with both others, holds two independent
    copies, not one; so this is no union of everything that touches.

    Parameters
    ----------
    count : int
        Number of nodes.
    edges : iterable of (int, int)
        Pairs that cannot both be counted.
    first : int, optional
        A node that is in the set whatever it costs: the live data.
    most_looks : int
        How long to search: nodes looked at. Whatever it is, sizes up to three are exact.

    Returns
    -------
    Chosen
        Of several largest sets the one whose nodes come first. With a `first`, sizes are those of
        sets that hold it.
    """
    joined = [0] * count
    for one, other in edges:
        joined[one] |= 1 << other
        joined[other] |= 1 << one
    free = (1 << count) - 1
    nodes, at_most = [], 0
    if first is not None:
        nodes, at_most = [first], 1
        free &= ~(joined[first] | 1 << first)
    total = max(free.bit_count(), 1)
    for piece in _pieces(free, joined):
        size = piece.bit_count()
        looks = most_looks * size // total + _LOOKS_FOR_THREE * size**2
        found, most = _searched(piece, joined, looks)
        if most > len(found):
            peeled, other = _peeled(piece, joined)
            found, most = max(found, peeled, key=len), min(most, other)
        nodes += found
        at_most += most
    return Chosen(tuple(sorted(nodes)), at_most)


def _pieces(free: int, joined: Sequence[int]) -> Iterator[int]:
    """Yield the parts that hang together, each as a set of bits."""
    while free:
        piece = edge = free & -free
        while edge:
            reached = 0
            for node in _bits(edge):
                reached |= joined[node]
            edge = reached & free & ~piece
            piece |= edge
        yield piece
        free &= ~piece


def _searched(piece: int, joined: Sequence[int], looks: int) -> tuple[list[int], int]:
    """Return the largest set within a piece and its size, or the best one found and a bound.

    Depth first, the lowest node in before it is left out: so the first set of a size is the one
    whose nodes come first.
    """
    best: list[int] = []
    # what is free, what is taken, and how large a set of both can become
    open_: list[tuple[int, list[int], int]] = [(piece, [], _bound(piece, joined))]
    while open_:
        free, taken, most = open_.pop()
        if most <= len(best):
            continue
        if looks <= 0:
            open_.append((free, taken, most))
            break
        while free:
            node = (free & -free).bit_length() - 1
            rest = free & ~(1 << node)
            beside = rest & joined[node]
            looks -= beside.bit_count() + 1
            if not _all_joined(beside, joined):
                # it may be better to leave it out; if all beside it are joined, it never is
                most_without = len(taken) + _bound(rest, joined)
                looks -= rest.bit_count()
                open_.append((rest, taken, min(most, most_without)))
                most = min(most, len(taken) + 1 + _bound(rest & ~beside, joined))
                looks -= rest.bit_count()
            taken = [*taken, node]
            free = rest & ~beside
            if most <= len(best):
                break
        else:
            if len(taken) > len(best):
                best = taken
    return best, max([len(best), *(most for _, _, most in open_)])


def _peeled(piece: int, joined: Sequence[int]) -> tuple[list[int], int]:
    """Return a large set and a bound, quickly: a node that costs nothing is taken wherever it is.

    Where there is none, the one that most are joined to is left out, which costs one at most.
    """
    taken: list[int] = []
    given_up = 0
    while piece:
        before = len(taken)
        for node in _bits(piece):
            beside = piece & joined[node]
            if piece >> node & 1 and _all_joined(beside, joined):
                taken.append(node)
                piece &= ~(beside | 1 << node)
        if len(taken) == before and piece:
            worst = max(_bits(piece), key=lambda node: (piece & joined[node]).bit_count())
            piece &= ~(1 << worst)
            given_up += 1
    return taken, len(taken) + given_up


def _bound(free: int, joined: Sequence[int]) -> int:
    """Return the number of groups, all joined within, that cover the nodes: one of each counts."""
    groups = 0
    while free:
        beside = free
        while beside:
            lowest = beside & -beside
            free &= ~lowest
            beside &= joined[lowest.bit_length() - 1]
        groups += 1
    return groups


def _all_joined(nodes: int, joined: Sequence[int]) -> bool:
    return all(not nodes & ~joined[node] & ~(1 << node) for node in _bits(nodes))


def _bits(nodes: int) -> Iterator[int]:
    while nodes:
        lowest = nodes & -nodes
        yield lowest.bit_length() - 1
        nodes &= ~lowest
