"""Rules: one file a rule; each says what it looks for, and judges one prepared inventory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from verifier.rules import (
    automatic,
    chain_broken,
    damaged,
    degraded_array,
    encrypted,
    expires,
    fresh,
    irregular,
    key_kept,
    links,
    mass_change,
    memory,
    missing,
    newer,
    no_copy,
    offline_contradicted,
    offline_or_immutable,
    one_offsite,
    partial,
    regular,
    repeats_deletions,
    restore_drill,
    retention,
    same_account,
    same_device,
    same_host,
    same_key,
    same_model,
    same_site,
    site_contradicted,
    stale,
    stopped,
    suspected_rot,
    three_copies,
    two_media,
    uncompared,
    unlike,
    unreadable,
    unverified,
    virtual_tape,
    zero_errors,
)
from verifier.rules._model import Finding, Gate, Rule, Severity, Status
from verifier.rules._view import View, view_of

__all__ = [
    "ALARMS",
    "FINDING_RULES",
    "GATE_RULES",
    "PRACTICE_RULES",
    "RULES",
    "Finding",
    "FindingRule",
    "Gate",
    "GateRule",
    "Rule",
    "Severity",
    "Status",
    "View",
    "rule_named",
    "view_of",
]


@dataclass(frozen=True, slots=True)
class GateRule:
    """One of the five gates or of practice, and the key under which results carry it."""

    gate: str
    rule: Rule
    judge: Callable[[View], Gate]


@dataclass(frozen=True, slots=True)
class FindingRule:
    """A rule about single locations."""

    rule: Rule
    judge: Callable[[View], Iterator[Finding]]


GATE_RULES = (
    GateRule("copies", three_copies.RULE, three_copies.judge),
    GateRule("media", two_media.RULE, two_media.judge),
    GateRule("offsite", one_offsite.RULE, one_offsite.judge),
    GateRule("offline_or_immutable", offline_or_immutable.RULE, offline_or_immutable.judge),
    GateRule("errors", zero_errors.RULE, zero_errors.judge),
)

# beside the five: they change neither the exit code nor the score
PRACTICE_RULES = (
    GateRule("freshness", fresh.RULE, fresh.judge),
    GateRule("regularity", regular.RULE, regular.judge),
    GateRule("automation", automatic.RULE, automatic.judge),
    GateRule("encryption", encrypted.RULE, encrypted.judge),
    GateRule("key", key_kept.RULE, key_kept.judge),
    GateRule("retention", retention.RULE, retention.judge),
)

FINDING_RULES = (
    FindingRule(missing.RULE, missing.judge),
    FindingRule(damaged.RULE, damaged.judge),
    FindingRule(unlike.RULE, unlike.judge),
    FindingRule(suspected_rot.RULE, suspected_rot.judge),
    FindingRule(mass_change.RULE, mass_change.judge),
    FindingRule(no_copy.RULE, no_copy.judge),
    FindingRule(chain_broken.RULE, chain_broken.judge),
    FindingRule(same_device.RULE, same_device.judge),
    FindingRule(site_contradicted.RULE, site_contradicted.judge),
    FindingRule(offline_contradicted.RULE, offline_contradicted.judge),
    FindingRule(memory.RULE, memory.judge),
    FindingRule(partial.RULE, partial.judge),
    FindingRule(links.RULE, links.judge),
    FindingRule(stale.RULE, stale.judge),
    FindingRule(newer.RULE, newer.judge),
    FindingRule(irregular.RULE, irregular.judge),
    FindingRule(stopped.RULE, stopped.judge),
    FindingRule(expires.RULE, expires.judge),
    FindingRule(repeats_deletions.RULE, repeats_deletions.judge),
    FindingRule(uncompared.RULE, uncompared.judge),
    FindingRule(unreadable.RULE, unreadable.judge),
    FindingRule(unverified.RULE, unverified.judge),
    FindingRule(restore_drill.RULE, restore_drill.judge),
    FindingRule(degraded_array.RULE, degraded_array.judge),
    FindingRule(virtual_tape.RULE, virtual_tape.judge),
    FindingRule(same_key.RULE, same_key.judge),
    FindingRule(same_site.RULE, same_site.judge),
    FindingRule(same_host.RULE, same_host.judge),
    FindingRule(same_account.RULE, same_account.judge),
    FindingRule(same_model.RULE, same_model.judge),
)

# what these find no gate tells, and the next run of a backup carries it into the copies
ALARMS = frozenset(one.RULE.id for one in (suspected_rot, mass_change, stopped, uncompared))

RULES = tuple(one.rule for one in (*GATE_RULES, *PRACTICE_RULES, *FINDING_RULES))


def rule_named(name: str) -> Rule | None:
    """Return the rule with this id; hyphens and underscores are the same."""
    wanted = name.strip().lower().replace("_", "-")
    return next((rule for rule in RULES if rule.id == wanted), None)
