"""What is true of a set-up, and how an audit's answer is compared with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.verifier.zoo.yard import Yard

GATES = ("copies", "media", "offsite", "offline_or_immutable", "errors")
ALARMS = ("suspected-rot", "mass-change", "stopped", "uncompared")
PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"


@dataclass(frozen=True, slots=True)
class Truth:
    """The answer that DESIGN section 7 asks for.

    Parameters
    ----------
    independent : int or None
        Independent copies, the source included; None where DESIGN leaves it open.
    copies, media, offsite, offline, errors : str
        Status of each gate; ``"fail/unknown"`` where both are right.
    status : mapping of str to str
        Status of locations by name, in the same way.
    kinds : mapping of str to str
        Kinds of locations by name.
    findings : tuple of (str, str or None)
        Rules that must speak, and about which location (None for the whole).
    silent : tuple of str
        Rules that must not fail anything.
    says : tuple of str
        Words that some finding or reason must hold, in lower case.
    """

    independent: int | None
    copies: str = FAIL
    media: str = FAIL
    offsite: str = FAIL
    offline: str = FAIL
    errors: str = PASS
    status: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[tuple[str, str | None], ...] = ()
    silent: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetUp:
    """One animal of the zoo: how it is built, what that needs, and what is true of it."""

    name: str
    make: Callable[[Yard], dict[str, Any]]
    truth: Truth
    needs: tuple[str, ...] = ()


def lies(truth: Truth, answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield each point in which an audit's JSON differs from the truth."""
    found = answer["independent_copies"]
    if truth.independent is not None and found != truth.independent:
        yield f"independent_copies is {found}, not {truth.independent}"
    wanted = (truth.copies, truth.media, truth.offsite, truth.offline, truth.errors)
    for gate, status in zip(GATES, wanted, strict=True):
        given = answer["gates"][gate]
        if given["status"] not in status.split("/"):
            yield f"gate {gate} is {given['status']}, not {status}: {given.get('reason')}"
    locations = {place["name"]: place for place in answer["locations"]}
    for name, status in truth.status.items():
        place = locations[name]
        if place["status"] not in status.split("/"):
            yield f"{name} is {place['status']}, not {status}: {place['reason']}"
    for name, kind in truth.kinds.items():
        if locations[name]["kind"] != kind:
            yield f"the kind of {name} is {locations[name]['kind']}, not {kind}"
    yield from _unsaid(truth, answer)


def _unsaid(truth: Truth, answer: Mapping[str, Any]) -> Iterator[str]:
    said = {(finding["rule"], finding["location"]) for finding in answer["findings"]}
    for rule, location in truth.findings:
        if (rule, location) not in said:
            yield f"no finding {rule} about {location}; there are {sorted(map(str, said))}"
    for finding in answer["findings"]:
        if finding["rule"] in truth.silent and finding["status"] != PASS:
            yield f"a finding that should not be: {finding['message']}"
    words = [finding["message"] for finding in answer["findings"]]
    words += [str(place["reason"]) for place in answer["locations"]]
    words += [str(gate.get("reason")) for gate in answer["gates"].values()]
    for part in truth.says:
        if not any(part in word.lower() for word in words):
            yield f"nothing says {part!r}"


def exit_code(answer: Mapping[str, Any]) -> int:
    """Return the exit code that the five gates and the alarms ask for."""
    statuses = {answer["gates"][gate]["status"] for gate in GATES}
    statuses |= {
        one["status"]
        for one in answer["findings"]
        if one["rule"] in ALARMS and one["accepted"] is None
    }
    if FAIL in statuses:
        return 1
    return 3 if UNKNOWN in statuses else 0
