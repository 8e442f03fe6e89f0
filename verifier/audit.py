"""The audit: look at every location, judge, score."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from riskmodel._tables import table_html
from verifier.catalogue import CatalogueError
from verifier.examine import examine
from verifier.host import Host
from verifier.inventory import Depth, Evidence, Inventory, Location
from verifier.noticing import held_against
from verifier.rules import (
    ALARMS,
    FINDING_RULES,
    GATE_RULES,
    PRACTICE_RULES,
    Finding,
    Gate,
    GateRule,
    Severity,
    Status,
    View,
    rule_named,
    view_of,
)
from verifier.rules._caution import cautious
from verifier.score import Ndsa, Score, ndsa, score
from verifier.setup import Accept, Setup

if TYPE_CHECKING:
    import pandas as pd

    from verifier.catalogue import Catalogue

__all__ = ["Audit", "Verdict", "audit", "examine", "judge", "remember"]

SCHEMA = 1
# the other practice gates fail by what stale, irregular, missing or same-key have told already
_SAID_OF_WHOLE = frozenset({"encryption", "retention"})
# who lives with the gate lives with these findings too; missed runs are no matter of hands
_TOLD_BY = {
    "fresh": ("stale", frozenset(Severity)),
    "regular": ("irregular", frozenset({Severity.HIGH, Severity.MEDIUM})),
    "automatic": ("irregular", frozenset({Severity.NOTE})),
    "key-kept": ("same-key", frozenset(Severity)),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one location.

    Parameters
    ----------
    location : Location
        What was found.
    status : Status
        Pass, fail or unknown, by itself.
    counted : bool
        Whether it is one of the independent copies.
    reason : str
        Why it is not, or what is wrong with it; empty if there is nothing to say.
    """

    location: Location
    status: Status
    counted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of one audit.

    Parameters
    ----------
    setup : Setup
        What was asked.
    inventory : Inventory
        What was found.
    view : View
        How the locations stand to each other.
    gates : mapping of str to Gate
        copies, media, offsite, offline_or_immutable, errors.
    practice : mapping of str to Gate
        freshness, regularity, automation, encryption, key, retention: how the copies are kept.
        These change neither the exit code nor the score.
    verdicts : tuple of Verdict
        The source first, then the locations.
    findings : tuple of Finding
        The worst first.
    score : Score
        0 to 100.
    ndsa : Ndsa
        The level of digital preservation, why, and what the next one asks.
    """

    setup: Setup
    inventory: Inventory
    view: View
    gates: Mapping[str, Gate]
    practice: Mapping[str, Gate]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    score: Score
    ndsa: Ndsa

    @property
    def ndsa_level(self) -> int:
        """0 to 4."""
        return self.ndsa.level

    @property
    def claimed_copies(self) -> int:
        """All locations that are said to hold the data, the source included."""
        return len(self.verdicts)

    @property
    def independent_copies(self) -> int:
        """Copies that share no drive and no pool for certain, the source included."""
        return len(self.view.counted)

    @property
    def independent_at_most(self) -> int:
        """No choice of independent copies has more; more than there are where none is proven."""
        return self.view.counted_at_most

    @property
    def counts_in_words(self) -> str:
        """The two numbers that matter first: ``"3 locations, 1 independent copy"``."""
        claimed, least, most = (
            self.claimed_copies,
            self.independent_copies,
            self.independent_at_most,
        )
        places = "location" if claimed == 1 else "locations"
        copies = "copy" if least == most == 1 else "copies"
        number = f"{least}" if least == most else f"{least} to {most}"
        return f"{claimed} {places}, {number} independent {copies}"

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Findings about drift that do not pass, and that nobody lives with."""
        return tuple(
            one
            for one in self.findings
            if one.rule in ALARMS and one.status is not Status.PASS and not one.accepted
        )

    @property
    def exit_code(self) -> int:
        """1 if a gate or an alarm fails, else 3 if one is unknown, else 0."""
        statuses = {gate.status for gate in self.gates.values()}
        statuses |= {alarm.status for alarm in self.alarms}
        if Status.FAIL in statuses:
            return 1
        return 3 if Status.UNKNOWN in statuses else 0

    def to_frame(self) -> pd.DataFrame:
        """Return a row a location, the source first; what is not known is missing."""
        import pandas as pd

        rows = [
            {
                "location": one.location.name,
                "kind": one.location.kind,
                "status": one.status.value,
                "counted": one.counted,
                "medium": one.location.media_type.value,
                "files": one.location.files,
                "coverage": one.location.coverage.value,
                "newest": one.location.points.newest,
                "depth": one.location.depth.word if one.location.depth is not None else None,
                "reason": one.reason,
            }
            for one in self.verdicts
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        import pandas as pd

        found = self.score
        spread = f" ({found.low} to {found.high})" if found.high > found.low else ""
        head = f"{self.setup.name}: {self.counts_in_words}, score {found.value} of 100{spread}"
        gates = pd.DataFrame(
            [
                (name.replace("_", " "), gate.status.value, gate.value, gate.wanted, gate.reason)
                for name, gate in self.gates.items()
            ],
            columns=["gate", "status", "value", "wanted", "reason"],
        )
        tables = (gates, self.to_frame())
        shown = "".join(table_html(table, "unknown") for table in tables)
        return f"<p><b>{html.escape(head)}</b></p>{shown}"


def audit(
    setup: Setup,
    host: Host,
    *,
    now: datetime,
    depth: Depth | None = None,
    catalogue: Catalogue | None = None,
    talk: Callable[[str], None] = lambda text: None,
    complain: Callable[[str], None] = lambda text: None,
) -> Audit:
    """Look at every location of a set-up and judge what is there.

    Parameters
    ----------
    setup : Setup
        What to look at.
    host : Host
        Access to the machine.
    now : datetime
        The time that ages are measured from; aware.
    depth : Depth, optional
        How deep to look; as deep as the policy asks unless given.
    catalogue : Catalogue, optional
        What earlier audits saw; asked about locations that are away and about what changed, and
        given this one.
    talk : callable
        Told about progress, one line at a time.
    complain : callable
        Told what went wrong without ending the audit.

    Returns
    -------
    Audit
    """
    found = examine(
        setup, host, now=now, depth=depth, catalogue=catalogue, talk=talk, complain=complain
    )
    found = held_against(catalogue, found, host)
    talk(f"judging {len(found.all_locations):,} locations")
    judged = judge(setup, found)
    remember(catalogue, judged, complain)
    return judged


def remember(catalogue: Catalogue | None, judged: Audit, complain: Callable[[str], None]) -> None:
    """Keep a finished audit in the catalogue, if there is one that can be written."""
    if catalogue is None:
        return
    try:
        catalogue.remember(judged.inventory, judged.gates, judged.findings)
    except CatalogueError as problem:
        complain(f"{problem}; this audit is not kept")


def judge(setup: Setup, inventory: Inventory) -> Audit:
    """Judge an inventory.

    Parameters
    ----------
    setup : Setup
        Policy, sites, keys and accepted findings.
    inventory : Inventory
        What was found; `Inventory.at` is the time that ages are measured from.

    Returns
    -------
    Audit
    """
    view = view_of(inventory, setup.policy, sites=setup.sites, keys=setup.keys_)
    gates, practice = (
        {
            rule.gate: _lived_with(rule, rule.judge(view), setup.accept, inventory.at)
            for rule in all_
        }
        for all_ in (GATE_RULES, PRACTICE_RULES)
    )
    findings = [finding for rule in FINDING_RULES for finding in rule.judge(view)]
    findings += _gate_findings(gates) + _practice_findings(practice)
    accepted = [_accepted(finding, setup.accept, inventory.at) for finding in findings]
    order = list(Severity)
    ranked = sorted(
        cautious(accepted, inventory.source),
        key=lambda f: (bool(f.accepted), order.index(f.severity)),
    )
    return Audit(
        setup=setup,
        inventory=inventory,
        view=view,
        gates=MappingProxyType(gates),
        practice=MappingProxyType(practice),
        verdicts=tuple(_verdict(view, number) for number in range(len(view.locations))),
        findings=tuple(ranked),
        score=score(gates, len(view.counted), len(view.possible)),
        ndsa=ndsa(view, gates),
    )


def _verdict(view: View, number: int) -> Verdict:
    found = view.standings[number]
    counted = number in view.counted
    reason = found.reason
    if not counted and not reason:
        reason = _why_not_counted(view, number)
    return Verdict(view.locations[number], found.status, counted, reason)


def _why_not_counted(view: View, number: int) -> str:
    for other in view.counted:
        tie = view.relation(number, other)
        name = view.locations[other].name
        if tie.shared:
            return f"not independent of {name}: they share {tie.shared[0]}"
    for other in view.counted:
        tie = view.relation(number, other)
        if tie.reason and tie.evidence is Evidence.UNKNOWN:
            return f"whether it is independent is not known: {tie.reason}"
    return ""


def _gate_findings(gates: Mapping[str, Gate]) -> list[Finding]:
    found = []
    for rule in GATE_RULES:
        gate = gates[rule.gate]
        if gate.status is not Status.PASS:
            severity = Severity.HIGH if gate.status is Status.FAIL else Severity.MEDIUM
            text = f"{rule.rule.title}: {gate.value} of {gate.wanted}; {gate.reason.rstrip('.')}."
            if rule.gate == "errors":
                text = f"{rule.rule.title}: {gate.value}; {gate.reason.rstrip('.')}."
            found.append(
                Finding(rule.rule.id, gate.status, severity, None, text, rule.rule.remediation)
            )
    return found


def _practice_findings(practice: Mapping[str, Gate]) -> list[Finding]:
    """Make findings of failed practice; what single locations were told of is not said twice.

    What is lived with is told in any case: it stays visible.
    """
    found = []
    for rule in PRACTICE_RULES:
        gate = practice[rule.gate]
        told = rule.gate in _SAID_OF_WHOLE and gate.status is Status.FAIL
        if told or gate.accepted:
            text = f"{rule.rule.title}: {gate.value}; {gate.reason.rstrip('.')}."
            severity = Severity.MEDIUM
            found.append(
                Finding(rule.rule.id, gate.status, severity, None, text, rule.rule.remediation)
            )
    return found


def _accepted(finding: Finding, accepts: tuple[Accept, ...], now: datetime) -> Finding:
    """Mark a finding that is lived with; an acceptance that has ended is said to have."""
    for accept in accepts:
        if finding.status is Status.PASS or not _covers(accept, finding):
            continue
        if None not in (accept.location, finding.location) and accept.location != finding.location:
            continue
        if accept.ended(now):
            ended = f" It was accepted until {accept.until:%Y-%m-%d} ({accept.reason})."
            return replace(finding, message=finding.message + ended)
        return replace(finding, accepted=accept.words)
    return finding


def _covers(accept: Accept, finding: Finding) -> bool:
    rule = rule_named(accept.rule)
    if rule is None:
        return False
    told, severities = _TOLD_BY.get(rule.id, ("", frozenset()))
    return rule.id == finding.rule or (told == finding.rule and finding.severity in severities)


def _lived_with(rule: GateRule, gate: Gate, accepts: tuple[Accept, ...], now: datetime) -> Gate:
    """Mark a gate that does not pass, and that somebody lives with; its verdict stays."""
    if gate.status is Status.PASS:
        return gate
    for accept in accepts:
        named = rule_named(accept.rule)
        if named is not None and named.id == rule.rule.id and not accept.ended(now):
            return replace(gate, accepted=accept.words)
    return gate
