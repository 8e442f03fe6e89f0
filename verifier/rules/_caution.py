"""What comes before a run or a new copy while the source, or what they write to, is suspected.

Good copies are overwritten with bad bytes by whoever follows "run the backup" then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from verifier.inventory import Location
from verifier.rules import (
    automatic,
    chain_broken,
    damaged,
    fresh,
    irregular,
    mass_change,
    newer,
    partial,
    regular,
    stale,
    stopped,
    suspected_rot,
    unlike,
    zero_errors,
)
from verifier.rules._model import Finding, Severity, Status
from verifier.rules._view import names

__all__ = ["before_a_run", "cautious"]

_SOURCE = "source"
# what these advise writes the source's bytes over something
_WRITING = frozenset(
    one.RULE.id
    for one in (
        automatic, chain_broken, damaged, fresh, irregular, newer, partial, regular, stale, stopped,
        zero_errors,
    )
)  # fmt: skip


def cautious(findings: Sequence[Finding], source: Location) -> list[Finding]:
    """Put what must be done first before each advice to run a backup or to write a copy.

    Parameters
    ----------
    findings : sequence of Finding
        All of an audit; what is lived with alarms no more.
    source : Location
        The live data.

    Returns
    -------
    list of Finding
    """
    return [
        replace(one, remediation=f"{first} Then: {one.remediation}")
        if _writes(one) and (first := before_a_run(findings, source, one.location))
        else one
        for one in findings
    ]


def _writes(one: Finding) -> bool:
    return one.rule in _WRITING and not (one.rule == damaged.RULE.id and one.location == _SOURCE)


def before_a_run(findings: Iterable[Finding], source: Location, name: str | None) -> str:
    """Say what must be done before something is written from the source to a location.

    Parameters
    ----------
    findings : iterable of Finding
        All of an audit.
    source : Location
        The live data.
    name : str or None
        The location's; None for any.

    Returns
    -------
    str
        A sentence; empty if nothing is suspected.
    """
    rules = {suspected_rot.RULE.id, mass_change.RULE.id, unlike.RULE.id}
    if source.good_in:
        rules.add(damaged.RULE.id)
    alarms = [
        one
        for one in findings
        if one.rule in rules and one.status is not Status.PASS and not one.accepted
    ]
    of_source = [one for one in alarms if one.location == _SOURCE]
    if of_source:
        why = names(dict.fromkeys(one.rule for one in of_source))
        risk = "a run or a new copy before that overwrites good bytes with bad ones."
        if any(one.status is Status.FAIL for one in of_source):
            return f"First restore the source from {_good(source)} ({why}): {risk}"
        doubt = f"First make sure that the source is right ({why})"
        return f"{doubt}, and if it is not, restore it from {_good(source)}: {risk}"
    if any(one.location == name for one in alarms if one.rule == mass_change.RULE.id):
        return f"First find out what changed {name} ({mass_change.RULE.id}), and stop it."
    return _before_overwriting([one for one in alarms if one.rule == unlike.RULE.id], name)


def _before_overwriting(found: list[Finding], name: str | None) -> str:
    """Say what comes before the source's bytes are written over others that may be right."""
    # those of the source may be broken, which goes into any copy
    doubted = [one for one in found if one.severity is Severity.HIGH]
    others = [one for one in found if name is None or one.location == name]
    places = dict.fromkeys(one.location for one in (*doubted, *others) if one.location)
    if not places:
        return ""
    which = f"the files that differ in {names(places)} ({unlike.RULE.id})"
    risk = "a run before that writes the source's bytes over theirs."
    return f"First look at {which}, and save those that are right there: {risk}"


def _good(source: Location) -> str:
    suspects = source.changes.suspects if source.changes is not None else ()
    held = dict.fromkeys(name for one in suspects if one.right for name in one.good)
    held |= dict.fromkeys(source.good_in)
    held.pop(_SOURCE, None)
    before = f" of {source.changes.since:%Y-%m-%d %H:%M}" if source.changes is not None else ""
    return names(held) or f"a point{before} or older"
