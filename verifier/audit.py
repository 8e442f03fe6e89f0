"""The audit: look at every location, judge, score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from riskmodel.errors import InputError
from verifier import probes
from verifier.host import AccessError, Host, Missing, TimedOut
from verifier.inventory import Depth, Evidence, Fact, Inventory, Location, State
from verifier.manifest import Manifest
from verifier.probes import replica
from verifier.rules import (
    FINDING_RULES,
    GATE_RULES,
    Finding,
    Gate,
    Severity,
    Status,
    View,
    rule_named,
    view_of,
)
from verifier.score import Score, ndsa_level, score
from verifier.setup import SOURCE, Accept, Place, Setup

__all__ = ["Audit", "Verdict", "audit", "examine", "judge"]

SCHEMA = 1


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
    verdicts : tuple of Verdict
        The source first, then the locations.
    findings : tuple of Finding
        The worst first.
    score : Score
        0 to 100.
    ndsa_level : int
        0 to 4.
    """

    setup: Setup
    inventory: Inventory
    view: View
    gates: Mapping[str, Gate]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    score: Score
    ndsa_level: int

    @property
    def claimed_copies(self) -> int:
        """All locations that are said to hold the data, the source included."""
        return len(self.verdicts)

    @property
    def independent_copies(self) -> int:
        """Copies that share no drive and no pool for certain, the source included."""
        return len(self.view.counted)

    @property
    def exit_code(self) -> int:
        """1 if a gate fails, else 3 if one is unknown, else 0."""
        statuses = {gate.status for gate in self.gates.values()}
        if Status.FAIL in statuses:
            return 1
        return 3 if Status.UNKNOWN in statuses else 0


def audit(
    setup: Setup,
    host: Host,
    *,
    now: datetime,
    depth: Depth | None = None,
    talk: Callable[[str], None] = lambda text: None,
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
    talk : callable
        Told about progress, one line at a time.

    Returns
    -------
    Audit
    """
    return judge(setup, examine(setup, host, now=now, depth=depth, talk=talk))


def examine(
    setup: Setup,
    host: Host,
    *,
    now: datetime,
    depth: Depth | None = None,
    talk: Callable[[str], None] = lambda text: None,
) -> Inventory:
    """Run one probe for each location; arguments are those of `audit`.

    A probe that breaks leaves its location unreadable, with the reason, and the others go on.
    """
    deep = setup.policy.required_depth if depth is None else depth
    host.talk = talk
    talk(f"looking at {SOURCE}: {setup.source.path}")
    source, manifest = _source(setup, host)
    found = []
    for place in setup.locations:
        target = place.target(deep)
        talk(f"looking at {place.name}, depth {deep.word}: {target.address or 'declared'}")
        try:
            seen = probes.probe(host, target, manifest, deep)
        except InputError:
            raise
        except Exception as problem:  # noqa: BLE001 - one broken probe must not end the audit
            seen = _unseen(place.name, target.address, problem, offline=place.offline)
        found.append(_with_declared(seen, place))
    try:
        here = probes.host_identity(host)
    except AccessError as problem:
        here = Fact(source=problem.reason)
    return Inventory(setup.name, now, here, source, replica.linked(source, found))


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
    gates = {rule.gate: rule.judge(view) for rule in GATE_RULES}
    findings = [finding for rule in FINDING_RULES for finding in rule.judge(view)]
    findings += _gate_findings(gates)
    accepted = [_accepted(finding, setup.accept, inventory.at) for finding in findings]
    order = list(Severity)
    ranked = sorted(accepted, key=lambda f: (bool(f.accepted), order.index(f.severity)))
    return Audit(
        setup=setup,
        inventory=inventory,
        view=view,
        gates=MappingProxyType(gates),
        verdicts=tuple(_verdict(view, number) for number in range(len(view.locations))),
        findings=tuple(ranked),
        score=score(gates, len(view.counted), len(view.possible)),
        ndsa_level=ndsa_level(view, gates),
    )


def _source(setup: Setup, host: Host) -> tuple[Location, Manifest | None]:
    path = setup.source.path
    manifest: Manifest | None = None
    try:
        found, manifest = probes.collect_source(
            host, path, site=setup.source.site, key=setup.source.key
        )
    except Exception as problem:  # noqa: BLE001 - the locations can still be looked at
        found = _unseen(SOURCE, path, problem)
    as_place = Place(name=SOURCE, path=path, site=setup.source.site, key=setup.source.key)
    if found.state is not State.READ:
        manifest = None
    return _with_declared(replace(found, name=SOURCE), as_place), manifest


def _unseen(name: str, address: str, problem: Exception, *, offline: bool = False) -> Location:
    state, reason = State.UNREADABLE, f"the probe broke: {type(problem).__name__}: {problem}"
    if isinstance(problem, AccessError):
        reason = problem.reason
        if isinstance(problem, Missing):
            state = State.ABSENT_OFFLINE if offline else State.MISSING
        elif isinstance(problem, TimedOut):
            state = State.TIMEOUT
    return Location(name, "unknown", address, state, reason, offline=offline)


def _with_declared(found: Location, place: Place) -> Location:
    """Fill in what the set-up file declares and no probe found out."""
    domains = found.domains
    layers = {
        "site": place.site,
        "account": place.account,
        "provider": place.provider,
        "identity": place.credentials,
        "key": place.key,
    }
    updates: dict[str, Any] = {
        layer: Fact(value, Evidence.DECLARED, "set-up file")
        for layer, value in layers.items()
        if value is not None and getattr(domains, layer).value is None
    }
    medium = found.media_type
    if place.media is not None and medium.value is None:
        medium = Fact(place.media, Evidence.DECLARED, "set-up file")
    return replace(
        found,
        domains=replace(domains, **updates),
        media_type=medium,
        offline=found.offline or place.offline,
        last_seen=found.last_seen or place.last_seen,
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


def _accepted(finding: Finding, accepts: tuple[Accept, ...], now: datetime) -> Finding:
    """Mark a finding that is lived with; an acceptance that has ended is said to have."""
    for accept in accepts:
        rule = rule_named(accept.rule)
        if rule is None or rule.id != finding.rule or finding.status is Status.PASS:
            continue
        if None not in (accept.location, finding.location) and accept.location != finding.location:
            continue
        if accept.until is not None and now >= accept.until + timedelta(days=1):
            ended = f" It was accepted until {accept.until:%Y-%m-%d} ({accept.reason})."
            return replace(finding, message=finding.message + ended)
        until = f" until {accept.until:%Y-%m-%d}" if accept.until else ""
        return replace(finding, accepted=f"accepted{until}: {accept.reason}")
    return finding
