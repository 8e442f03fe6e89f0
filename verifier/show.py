"""Audits as text for a terminal and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from verifier.audit import SCHEMA, Audit, Verdict
from verifier.inventory import Domains, Fact, Location, Schedule
from verifier.rules import GATE_RULES, Gate, Severity, Status
from verifier.rules._independence import Tie
from verifier.rules._standing import percent
from verifier.rules._view import names

__all__ = ["document", "headline", "text"]

_WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.UNKNOWN: "unknown"}
_LABELS = {
    "copies": "3 copies",
    "media": "2 media",
    "offsite": "1 offsite",
    "offline_or_immutable": "1 offline or immutable",
    "errors": "0 errors",
}


def headline(audit: Audit) -> str:
    """Return the two numbers that matter first: ``3 locations, 1 independent copy``."""
    claimed, independent = audit.claimed_copies, audit.independent_copies
    places = "location" if claimed == 1 else "locations"
    copies = "copy" if independent == 1 else "copies"
    return f"{claimed} {places}, {independent} independent {copies}"


def text(audit: Audit) -> str:
    """Return an audit as lines for a terminal, the headline first."""
    return "\n".join(_lines(audit))


def document(audit: Audit) -> dict[str, Any]:
    """Return an audit as JSON-ready tables; the source is the location named ``source``."""
    found = audit.score
    return {
        "schema": SCHEMA,
        "name": audit.setup.name,
        "at": _time(audit.inventory.at),
        "claimed_copies": audit.claimed_copies,
        "independent_copies": audit.independent_copies,
        "gates": {name: _gate(gate) for name, gate in audit.gates.items()},
        "score": {"value": found.value, "low": found.low, "high": found.high},
        "ndsa_level": audit.ndsa_level,
        "locations": [_location(verdict) for verdict in audit.verdicts],
        "findings": [
            {
                "rule": finding.rule,
                "status": finding.status.value,
                "severity": finding.severity.value,
                "location": finding.location,
                "message": finding.message,
                "remediation": finding.remediation,
                "accepted": finding.accepted or None,
            }
            for finding in audit.findings
        ],
    }


def _lines(audit: Audit) -> Iterator[str]:
    gates = audit.gates
    yield f"{audit.setup.name}: {headline(audit)}"
    short = [f"{name} {_ratio(gates[name])}" for name in ("copies", "media", "offsite")]
    yield f"3-2-1: {', '.join(short)}"
    found = audit.score
    spread = f" ({found.low} to {found.high}, as some things are unknown)"
    spread = spread if found.high > found.low else ""
    yield f"score {found.value} of 100{spread}, NDSA storage level {audit.ndsa_level}"
    yield ""
    width = max(len(label) for label in _LABELS.values())
    for rule in GATE_RULES:
        gate = gates[rule.gate]
        evidence = " (declared)" if gate.evidence.value == "declared" else ""
        verdict = f"{_WORDS[gate.status]}{evidence}"
        yield f"  {_LABELS[rule.gate]:<{width}}  {verdict:<15}  {gate.reason}"
    yield ""
    yield from _table(audit)
    yield from _section("what shares what", list(_sharing(audit)))
    problems = [f for f in audit.findings if f.severity is not Severity.NOTE and not f.accepted]
    said_above = {rule.rule.id for rule in GATE_RULES}
    yield from _section("findings", [f.message for f in problems if f.rule not in said_above])
    accepted = [f"{f.message} [{f.accepted}]" for f in audit.findings if f.accepted]
    yield from _section("accepted", accepted)
    yield from _section("notes", [f.message for f in audit.findings if _is_note(f.severity)])
    yield from _section("what to do", list(dict.fromkeys(f.remediation for f in problems)))


def _is_note(severity: Severity) -> bool:
    return severity is Severity.NOTE


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  - {line}" for line in lines)


def _ratio(gate: Gate) -> str:
    mark = " (?)" if gate.status is Status.UNKNOWN else ""
    return f"{gate.value}/{gate.wanted}{mark}"


def _table(audit: Audit) -> Iterator[str]:
    rows = [("location", "kind", "status", "counted", "medium", "whole", "newest", "depth", "")]
    for verdict in audit.verdicts:
        place = verdict.location
        rows.append(
            (
                place.name,
                place.kind,
                _WORDS[verdict.status],
                "yes" if verdict.counted else "no",
                _shown(place.media_type),
                "" if place.name == "source" else _whole(place),
                f"{place.points.newest:%Y-%m-%d}" if place.points.newest else "?",
                place.depth.word if place.depth is not None else "-",
                verdict.reason,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row[:-1], widths, strict=True)]
        yield f"  {'  '.join(cells)}  {row[-1]}".rstrip()


def _whole(place: Location) -> str:
    return "?" if place.coverage.value is None else percent(place.coverage.value)


def _shown(fact: Fact[str]) -> str:
    if fact.value is None:
        return "?"
    return f"{fact.value} (declared)" if fact.evidence.value == "declared" else fact.value


def _sharing(audit: Audit) -> Iterator[str]:
    """Say in plain words which locations stand on one part, and where nobody can tell."""
    places = audit.view.locations
    for (one, other), tie in audit.view.relations.items():
        pair = f"{places[one].name} and {places[other].name}"
        if tie.tie is Tie.SHARED:
            yield f"{pair} share {names(tie.shared[:3])}: they are not independent"
        elif tie.tie is Tie.UNKNOWN and {one, other} <= set(audit.view.hopefuls):
            yield f"{pair}: nobody can tell whether they are independent: {tie.reason}"


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "status": gate.status.value,
        "value": gate.value,
        "wanted": gate.wanted,
        "evidence": gate.evidence.value,
        "reason": gate.reason,
    }


def _location(verdict: Verdict) -> dict[str, Any]:
    place = verdict.location
    return {
        "name": place.name,
        "kind": place.kind,
        "status": verdict.status.value,
        "counted": verdict.counted,
        "reason": verdict.reason,
        "media_type": place.media_type.value,
        "domains": _domains(place.domains),
        "points": {
            "count": place.points.count,
            "newest": _time(place.points.newest),
            "oldest": _time(place.points.oldest),
            "latest": _time(place.points.latest),
            "breaks": list(place.points.breaks),
            "consistency": place.points.consistency.value,
        },
        "files": place.files,
        "bytes": place.size_bytes,
        "coverage": place.coverage.value,
        "depth": place.depth.word if place.depth is not None else None,
        "dataset": {"value": place.dataset.value, "evidence": place.dataset.evidence.value},
        "tool": place.tool,
        "encrypted": place.encrypted.value,
        "key_kept": None if place.key_kept.value is None else list(place.key_kept.value),
        "immutable": place.immutable.value,
        "immutable_until": _time(place.immutable_until),
        "retention": place.retention.value,
        "repeats_deletions": place.repeats_deletions.value,
        "fed_from": place.fed_from.value,
        "lag_hours": place.lag_hours,
        "schedule": _schedule(place.schedule.value),
        "errors": list(place.errors),
        "evidence": _evidence(place),
    }


def _schedule(found: Schedule | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"by": found.by, "where": found.where, "interval_hours": found.interval_hours}


def _evidence(place: Location) -> dict[str, dict[str, str]]:
    """How each fact is known, or why it is not; facts that nobody asked for are left out."""
    parts: tuple[Any, ...] = (place, place.domains, place.points)
    facts = ((f.name, getattr(part, f.name)) for part in parts for f in fields(part))
    return {
        name: {"evidence": fact.evidence.value, "source": fact.source}
        for name, fact in facts
        if isinstance(fact, Fact) and (fact.value is not None or fact.source)
    }


def _domains(domains: Domains) -> dict[str, Any]:
    drives = domains.drives.value
    pools = domains.pools.value
    return {
        "drives": None if drives is None else [drive.key for drive in drives],
        "pools": None if pools is None else list(pools),
        "host": domains.host.value,
        "account": domains.account.value,
        "provider": domains.provider.value,
        "site": domains.site.value,
        "identity": domains.identity.value,
        "key": domains.key.value,
        "level": domains.level.value,
        "degraded": domains.degraded.value,
    }


def _time(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
