"""The copies that practice is asked about, and the verdict on several of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verifier.inventory import Evidence, Location
from verifier.rules._model import Gate, Status
from verifier.rules._view import View, names, weakest

__all__ = ["Word", "all_of", "any_of", "backups", "doubtful"]

# one location's verdict: its name, what is true of it, and how that is known
Word = tuple[Status, str, Evidence]


def backups(view: View) -> list[Location]:
    """Return the whole, fresh copies that do not stand on the source's own parts."""
    return [view.locations[number] for number in view.apart_from_source(view.copies)]


def doubtful(view: View) -> list[Location]:
    """Return the locations that could turn out to be such copies."""
    sure = set(view.copies)
    return [
        view.locations[number]
        for number in view.apart_from_source(view.hopefuls)
        if number not in sure
    ]


def any_of(view: View, words: Sequence[Word], wanted: str) -> Gate:
    """Judge a thing that one copy suffices for: passed by one, unknown while one could."""
    return _judged(view, words, wanted, (Status.PASS, Status.UNKNOWN, Status.FAIL))


def all_of(view: View, words: Sequence[Word], wanted: str) -> Gate:
    """Judge a thing that every copy must have: failed by one, unknown while one could fail."""
    return _judged(view, words, wanted, (Status.FAIL, Status.UNKNOWN, Status.PASS))


def _judged(view: View, words: Sequence[Word], wanted: str, order: Iterable[Status]) -> Gate:
    unread = [place.name for place in doubtful(view)]
    good = sum(status is Status.PASS for status, _, _ in words)
    value = f"{good} of {len(words)}"
    found = {status for status, _, _ in words} | ({Status.UNKNOWN} if unread else set())
    if not found:
        return Gate(Status.FAIL, value, wanted, Evidence.MEASURED, "there is no backup copy")
    verdict = next(status for status in order if status in found)
    told = [(text, evidence) for status, text, evidence in words if status is verdict]
    reason = "; ".join(text for text, _ in told)
    if verdict is Status.UNKNOWN:
        if unread:
            more = f"{names(unread)} could not be examined"
            reason = f"{reason}; {more}" if reason else more
        return Gate(verdict, value, wanted, Evidence.UNKNOWN, reason)
    return Gate(verdict, value, wanted, weakest(evidence for _, evidence in told), reason)
