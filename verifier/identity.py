"""Whether two places hold the same dataset, by names, sizes and counts, whatever tool wrote them.

Each place gets a sketch: the smallest hashes of its (name, size) pairs. Sketches are compared where
the source cannot be read; where it can, coverage is better and says the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from verifier.inventory import Depth, Evidence, Fact, Location, State

__all__ = ["SKETCH", "identified", "likeness", "sketch"]

SKETCH = 256  # a share of one half is met within 0.06 at 95 %
_SAME, _OTHER = 0.9, 0.1


def sketch(held: Mapping[str, int]) -> tuple[int, ...]:
    """Return the smallest hashes of names and sizes, ascending.

    Parameters
    ----------
    held : mapping of str to int
        Relative path of each file to its size; only the last name counts, since tools differ in
        what they put before it. [bytes]

    Returns
    -------
    tuple of int
        At most `SKETCH` numbers of 48 bits; equal datasets give equal ones.

    References
    ----------
    .. [1] A. Z. Broder, "On the resemblance and containment of documents", Proc. Compression and
       Complexity of Sequences 1997, pp. 21-29: the k smallest hashes of a set.
    """
    kept: set[int] = set()
    limit = 1 << 48
    for path, size in held.items():
        word = f"{size} {path.rpartition('/')[2]}".encode("utf-8", "surrogateescape")
        number = int.from_bytes(hashlib.blake2b(word, digest_size=6).digest(), "big")
        if number < limit:
            kept.add(number)
            if len(kept) >= 4 * SKETCH:
                # a million files must not become a million numbers
                kept = set(sorted(kept)[:SKETCH])
                limit = max(kept)
    return tuple(sorted(kept)[:SKETCH])


def likeness(one: tuple[int, ...], other: tuple[int, ...]) -> float | None:
    """Return the share of names and sizes that two places have in common, of all that either has.

    Parameters
    ----------
    one, other : tuple of int
        Sketches.

    Returns
    -------
    float or None
        An estimate in [0, 1]; None if a sketch is empty.
    """
    if not one or not other:
        return None
    lowest = sorted({*one, *other})[:SKETCH]
    both = set(one) & set(other)
    return sum(number in both for number in lowest) / len(lowest)


def identified(source: Location, found: tuple[Location, ...]) -> tuple[Location, ...]:
    """Say of each location how it is known to hold the source's dataset.

    Parameters
    ----------
    source : Location
        The live data.
    found : tuple of Location
        The locations.

    Returns
    -------
    tuple of Location
        With `Location.dataset`, unless a probe has said it.
    """
    return tuple(
        place if place.dataset.value else replace(place, dataset=_dataset(place, source, found))
        for place in found
    )


def _dataset(place: Location, source: Location, found: tuple[Location, ...]) -> Fact[str]:
    if place.state is State.READ and place.coverage.value is not None:
        return _compared(place, place.shares.files if place.shares else place.coverage.value)
    if place.state is State.READ:
        like = likeness(place.content, source.content)
        if like is not None:
            return _words(like, "the source")
        twins = [
            (alike, other.name)
            for other in found
            if other is not place and (alike := likeness(place.content, other.content)) is not None
        ]
        if twins:
            return _words(*max(twins))
        why = place.coverage.source or "its contents were not read"
        return Fact("said to hold it", Evidence.DECLARED, f"set-up file; {why}")
    return Fact("said to hold it", Evidence.DECLARED, "set-up file; nobody looked")


def _compared(place: Location, share: float) -> Fact[str]:
    how = "names and sizes"
    if place.depth is not None and place.depth >= Depth.SOURCE and not place.errors:
        how = "names, sizes and contents"
    held = f"{int(share * 1000) / 10:g} % of the source's files are there by {how}"
    return Fact(held, place.coverage.evidence, place.coverage.source)


def _words(share: float, other: str) -> Fact[str]:
    text = f"about {share * 100:.0f} % of its names and sizes are those of {other}"
    if share >= _SAME:
        text = f"holds what {other} holds: {text}"
    elif share <= _OTHER:
        text = f"holds something else than {other}: {text}"
    return Fact(text, Evidence.INFERRED, "names and sizes compared by sketch")
