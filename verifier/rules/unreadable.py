"""Locations, or their contents, that could not be read."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.inventory import Location, State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="unreadable",
    title="Every location can be read to its end",
    risk="What cannot be read now may not be readable when it is needed.",
    remediation="Give read access or the password, or look why the device does not answer.",
)

_NO_SOURCE = "Name the folder that holds the live data; mount it if it is a disk or a share."
_ALL_LEFT_OUT = "Let exclude under [source] leave something."


def judge(view: View) -> Iterator[Finding]:
    """Name locations that gave no answer, and repositories whose contents stay closed.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    for number, place in enumerate(view.locations):
        reason = place.reason.rstrip(".")
        if place.state is State.TIMEOUT:
            text = f"{place.name} gave no answer in time"
        elif place.state is State.UNREADABLE:
            text = f"{place.name} could not be read"
        elif number and place.state is State.READ and place.coverage.value is None:
            text = f"how much of the source {place.name} holds is not known"
            reason = reason or place.coverage.source
        else:
            continue
        yield Finding(
            RULE.id,
            Status.UNKNOWN,
            Severity.MEDIUM,
            place.name,
            f"{text}: {reason}." if reason else f"{text}.",
            _remedy(view.inventory.source),
        )


def _remedy(source: Location) -> str:
    if source.files != 0:
        return RULE.remediation
    return _ALL_LEFT_OUT if source.exclude and source.reason else _NO_SOURCE
