"""Audits as JSON-ready tables for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from verifier.aftermath import left_after
from verifier.audit import SCHEMA, Audit, Verdict
from verifier.bounds import CONFIDENCE, most_bad
from verifier.inventory import Changes, Depth, Domains, Fact, Location, Newer, Sample, Schedule
from verifier.rules import Gate

__all__ = ["document", "documents", "restored_document"]


def document(audit: Audit) -> dict[str, Any]:
    """Return an audit as JSON-ready tables; the source is the location named ``source``."""
    found = audit.score
    return {
        "schema": SCHEMA,
        "name": audit.setup.name,
        "at": _time(audit.inventory.at),
        "claimed_copies": audit.claimed_copies,
        "independent_copies": audit.independent_copies,
        "independent_copies_at_most": audit.independent_at_most,
        "gates": {name: _gate(gate) for name, gate in audit.gates.items()},
        "practice": {name: _gate(gate) for name, gate in audit.practice.items()},
        "score": {"value": found.value, "low": found.low, "high": found.high},
        "ndsa_level": audit.ndsa_level,
        "ndsa": {"reason": audit.ndsa.reason, "next": audit.ndsa.next or None},
        "locations": [_location(verdict) for verdict in audit.verdicts],
        "left_after": [
            {
                "threat": left.threat,
                "sure": list(left.sure),
                "perhaps": [{"name": name, "condition": why} for name, why in left.perhaps],
            }
            for left in left_after(audit.view)
        ],
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


def documents(audits: Sequence[Audit]) -> dict[str, Any]:
    """Return several audits, the worst first, as one: the worst, and all under ``datasets``."""
    found = [document(one) for one in audits]
    return found[0] if len(found) == 1 else {**found[0], "datasets": found}


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "status": gate.status.value,
        "value": gate.value,
        "wanted": gate.wanted,
        "evidence": gate.evidence.value,
        "reason": gate.reason,
        "accepted": gate.accepted or None,
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
        "medium_since": _time(place.medium_since),
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
        "coverage_files": None if place.shares is None else place.shares.files,
        "coverage_bytes": None if place.shares is None else place.shares.size_bytes,
        "newer": _newer(place.newer),
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
        "read_since": _time(place.read_since),
        "sample": _sample(place.sample),
        "restored": restored_document(place),
        "changes": _changes(place.changes),
        "missing": list(place.missing),
        "missing_files": [] if place.shares is None else list(place.shares.missing),
        "offline": place.offline,
        "last_seen": _time(place.last_seen),
        "evidence": _evidence(place),
    }


def _newer(found: Newer | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "since": _time(found.since),
        "changed": found.changed,
        "added": found.added,
        "bytes": found.size_bytes,
        "doubtful": found.doubtful,
        "coverage_at_most": found.at_most,
        "reason": found.reason,
    }


def restored_document(place: Location) -> dict[str, Any] | None:
    """Return what a restore drill brought back as a JSON-ready table; None if there was none."""
    found = place.restored
    if found is None:
        return None
    drawn = place.sample if place.depth is Depth.RESTORE else None
    return {
        "tool": found.tool,
        "asked": found.asked,
        "right": found.right,
        "changed": found.changed,
        "outdated": found.outdated,
        "of": found.of,
        "drawn": None if drawn is None else drawn.looked,
        "bytes": found.size_bytes,
        "seconds": round(found.seconds, 3),
        "whole_seconds": None if found.whole_seconds is None else list(found.whole_seconds),
        "seed": found.seed,
        "reason": found.reason,
        "differing": list(found.differing),
        "lost_links": found.lost_links,
    }


def _sample(found: Sample | None) -> dict[str, Any] | None:
    if found is None:
        return None
    most = most_bad(found.looked, found.of, found.bad) / found.of if found.of else None
    return {
        "looked": found.looked,
        "of": found.of,
        "bad": found.bad,
        "seed": found.seed,
        "bad_share_at_most": most,
        "confidence": CONFIDENCE,
    }


def _changes(found: Changes | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "since": _time(found.since),
        "new": found.new,
        "gone": found.gone,
        "changed": found.changed,
        "moved": found.moved,
        "rotten": found.rotten,
        "compared": found.compared,
        "scrambled": found.scrambled,
        "emptied": found.emptied,
        "wiped": found.wiped,
        "suspects": [
            {"path": one.path, "right": one.right, "reason": one.reason, "where": one.where}
            for one in found.suspects
        ],
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
