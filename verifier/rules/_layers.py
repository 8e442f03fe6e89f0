"""Locations that meet in a layer above the drive: a note, not a merge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from verifier.inventory import Fact, Location
from verifier.rules._independence import Tie
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import Copyhood
from verifier.rules._view import View, names

__all__ = ["meeting"]


def meeting(
    view: View,
    rule: Rule,
    layer: Callable[[Location], Fact[str]],
    noun: str,
    would: str,
    names_of: Mapping[str, str] | None = None,
) -> Iterator[Finding]:
    """Yield one note for each value of a layer that several separate locations have.

    Parameters
    ----------
    view : View
        The prepared inventory.
    rule : Rule
        The rule that speaks.
    layer : callable
        Takes the layer out of a location.
    noun, would : str
        Words for the sentence: ``"site"``, ``"a fire there would take them together"``.
    names_of : mapping of str to str, optional
        What a value is called instead of itself, the noun included.

    Yields
    ------
    Finding
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, place in enumerate(view.locations):
        value = layer(place).value
        if value is not None and view.standings[number].copyhood is not Copyhood.NO:
            members[value].append(number)
    for value, numbers in members.items():
        if not _any_apart(view, numbers):
            continue  # same-device has said so already
        called = f"{noun} {value.partition(':')[2] or value}"
        called = (names_of or {}).get(value, called)
        who = names(view.locations[n].name for n in numbers)
        text = f"{who} have {called} in common; {would}."
        yield Finding(rule.id, Status.PASS, Severity.NOTE, None, text, rule.remediation)


def _any_apart(view: View, numbers: list[int]) -> bool:
    pairs = combinations(numbers, 2)
    return any(view.relation(a, b).tie is not Tie.SHARED for a, b in pairs)
