"""What a rule is, and what it says: gates about the whole set-up, findings about its parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from verifier.inventory import Evidence

__all__ = ["Finding", "Gate", "Rule", "Severity", "Status"]


class Status(StrEnum):
    """A verdict; unknown never passes."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How much a finding matters, worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one rule looks for, and why.

    Parameters
    ----------
    id : str
        How set-up files and reports name it, for example ``"same-device"``.
    title : str
        What holds when the rule has nothing to say.
    risk : str
        What can happen otherwise.
    remediation : str
        What to do about it.
    """

    id: str
    title: str
    risk: str
    remediation: str


@dataclass(frozen=True, slots=True)
class Gate:
    """The verdict on one number of 3-2-1-1-0.

    Parameters
    ----------
    status : Status
        Pass, fail or unknown.
    value, wanted : int or str
        What was found, and what the rule asks for.
    evidence : Evidence
        The weakest evidence that the verdict rests on.
    reason : str
        Why, in one sentence.
    accepted : str
        Why and until when it is lived with that it does not pass; empty if it is not.
    """

    status: Status
    value: int | str
    wanted: int | str
    evidence: Evidence
    reason: str
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should know.

    Parameters
    ----------
    rule : str
        The id of the rule.
    status : Status
        Fail, or unknown where the facts do not suffice; pass for a mere note.
    severity : Severity
        How much it matters.
    location : str or None
        The location it is about; None for the whole set-up.
    message : str
        One sentence that names the locations and ends with a period.
    remediation : str
        What to do.
    accepted : str
        Why and until when it is lived with; empty if it is not.
    """

    rule: str
    status: Status
    severity: Severity
    location: str | None
    message: str
    remediation: str
    accepted: str = ""
