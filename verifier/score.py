"""One number from 0 to 100 for a set-up, and its level of digital preservation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from verifier.inventory import Evidence
from verifier.rules import Gate, Status, View
from verifier.rules.one_offsite import sites_km

__all__ = [
    "CAPS",
    "COPIES_CAPS",
    "POINTS",
    "Ndsa",
    "Score",
    "explained",
    "ndsa",
    "ndsa_level",
    "score",
]

POINTS = {"copies": 40, "media": 10, "offsite": 20, "offline_or_immutable": 15, "errors": 15}
CAPS = {"media": 85, "offsite": 70, "offline_or_immutable": 85, "errors": 50}
COPIES_CAPS = {0: 0, 1: 20, 2: 60}

# "a different disaster threat" in kilometres: beyond the reach of one flood, storm surge or
# earthquake of most kinds; a set-up that knows better states min_offsite_km
_OTHER_THREAT_KM = 100.0


@dataclass(frozen=True, slots=True)
class Score:
    """A score and what it would be if all that is unknown turned out badly or well.

    Parameters
    ----------
    value : int
        What is shown first; equal to `low`, since the unknown earns nothing.
    low, high : int
        With everything unknown counted as failed, and as passed.
    """

    value: int
    low: int
    high: int


def score(gates: Mapping[str, Gate], certain: int, possible: int) -> Score:
    """Score five gates.

    Parameters
    ----------
    gates : mapping of str to Gate
        The verdicts: copies, media, offsite, offline_or_immutable, errors.
    certain, possible : int
        Independent copies for certain, and if all that is unknown turned out well.

    Returns
    -------
    Score

    Notes
    -----
    Copies earn 40 points × min(n, 3) / 3, where n is the number of independent copies. If there are
    at least two of them, the other gates earn, when they pass: media 10, offsite 20, offline or
    immutable 15, errors 15. So a second location on the first one's drive earns nothing at all.

    The sum is cut at the lowest cap of the gates that do not pass: no copy 0, one copy 20, two
    copies 60; media 85, offsite 70, offline or immutable 85, errors 50.

    `low` counts what is unknown as failed, `high` as passed; the value is `low`.
    """
    low = _points(gates, certain, {Status.PASS})
    high = _points(gates, possible, {Status.PASS, Status.UNKNOWN})
    return Score(low, low, max(low, high))


def explained() -> str:
    """Return the formula in words with one worked example, both made of the numbers in use."""
    gates = [name for name in POINTS if name != "copies"]
    points = ", ".join(f"{name.replace('_', ' ')} {POINTS[name]}" for name in gates)
    caps = ", ".join(f"{name.replace('_', ' ')} {CAPS[name]}" for name in gates)
    few = ", ".join(f"n = {count} {cap}" for count, cap in COPIES_CAPS.items())
    passing = dict.fromkeys(POINTS, Status.PASS)
    states = {**passing, "offsite": Status.FAIL, "errors": Status.UNKNOWN}
    example = {name: Gate(state, 0, 0, Evidence.MEASURED, "") for name, state in states.items()}
    found = score(example, 3, 3)
    parts = [POINTS[name] for name in ("copies", "media", "offline_or_immutable")]
    earned = sum(parts)
    return f"""score: from 0 to 100, by what is certain.

  1. Copies earn {POINTS["copies"]} x min(n, 3) / 3, n being the number of independent copies.
  2. With at least two of them each gate that passes earns:
     {points}.
  3. The sum is cut at the lowest cap of what does not pass:
     {few}; {caps}.
  4. It is rounded down. What is unknown earns nothing: the score shown counts it as failed, and
     "low to high" says what it would be if all of it failed, or passed.

A location on the drive of another is no independent copy, and earns nothing. A score never exceeds
the cap of its worst gate. How copies are kept (fresh, regular, automatic, encrypted, key,
retention) stands beside it and changes neither the score nor the exit code.

Example: three independent copies on two media, one of them offline, all in one building, and the
bytes of one not read yet. {" + ".join(map(str, parts))} = {earned}; errors are unknown: cap \
{CAPS["errors"]}. So the score is {found.value}. If no error
turns up: {earned} + {POINTS["errors"]} = {earned + POINTS["errors"]}, and offsite still fails: \
cap {CAPS["offsite"]}. It is shown as {found.value} ({found.low} to {found.high})."""


def _points(gates: Mapping[str, Gate], copies: int, good: set[Status]) -> int:
    passing = {name for name in CAPS if gates[name].status in good}
    earned = POINTS["copies"] * min(copies, 3) / 3
    if copies >= 2:
        earned += sum(POINTS[name] for name in passing)
    caps = [cap for name, cap in CAPS.items() if name not in passing]
    return int(min(earned, COPIES_CAPS.get(copies, 100), *caps, 100))


@dataclass(frozen=True, slots=True)
class Ndsa:
    """A level of the storage row of the NDSA Levels of Digital Preservation.

    Parameters
    ----------
    level : int
        0 to 4.
    reason : str
        What is there, in words.
    next : str
        What the next level asks for beyond that; empty at level 4.
    """

    level: int
    reason: str
    next: str


def ndsa(view: View, gates: Mapping[str, Gate]) -> Ndsa:
    """Judge the storage row of the NDSA Levels of Digital Preservation.

    Parameters
    ----------
    view : View
        The prepared inventory.
    gates : mapping of str to Gate
        The verdicts.

    Returns
    -------
    Ndsa
        What is unknown earns nothing. Only copies, places and media are judged, not the paperwork
        that the levels ask for as well.

    Notes
    -----
    Level 1: two independent copies. Level 2: three, one of them offsite. Level 3: also two kinds of
    media, and a copy under another disaster threat, taken as 100 km or more. Level 4: three copies
    that are all that far from each other.

    References
    ----------
    .. [1] National Digital Stewardship Alliance, "Levels of Digital Preservation", version 2.0,
       2019, row "Storage".
    """
    copies = len(view.counted)
    number = "1 independent copy" if copies == 1 else f"{copies} independent copies"
    if copies < 2:
        return Ndsa(0, number, "a second independent copy")
    offsite = gates["offsite"].status is Status.PASS
    if copies < 3 or not offsite:
        lacking = ["a third independent copy"] if copies < 3 else []
        lacking += [] if offsite else ["a copy that is known to be offsite"]
        where = "one of them offsite" if offsite else "none known to be offsite"
        return Ndsa(1, f"{number}, {where}", " and ".join(lacking))
    far, home = _far_pairs(view), view.inventory.source.domains.site.value
    away = any(home in pair for pair in far)
    media = gates["media"].status is Status.PASS
    km = f"{_OTHER_THREAT_KM:g} km"
    if not away or not media:
        lacking = [] if media else ["a second kind of medium"]
        lacking += [] if away else [f"a copy known to be {km} or more from the source"]
        return Ndsa(2, f"{number}, one of them offsite", " and ".join(lacking))
    from_: dict[str, set[str]] = defaultdict(set)
    for one, other in far:
        from_[one].add(other)
        from_[other].add(one)
    threes = any(from_[a] & from_[b] for a, b in far)
    if threes:
        return Ndsa(4, f"{number} on two media, three of them {km} or more from each other", "")
    reason = f"{number} on two media, one of them {km} or more away"
    return Ndsa(3, reason, f"copies at three places that are all {km} or more from each other")


def ndsa_level(view: View, gates: Mapping[str, Gate]) -> int:
    """Return the level alone; see `ndsa`."""
    return ndsa(view, gates).level


def _far_pairs(view: View) -> set[tuple[str, str]]:
    sites = {view.locations[number].domains.site.value for number in view.counted}
    names = sorted(site for site in sites if site is not None)
    return {(a, b) for a, b in combinations(names, 2) if _far(view, a, b)}


def _far(view: View, one: str, other: str) -> bool:
    km = sites_km(view, one, other)
    return km is not None and km >= _OTHER_THREAT_KM
