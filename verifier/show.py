"""Audits as text for a terminal: short lines, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from riskmodel._console import wrapped
from riskmodel.units import format_hours
from verifier.aftermath import left_after
from verifier.audit import Audit
from verifier.document import document, documents
from verifier.inventory import Fact, Location
from verifier.rules import GATE_RULES, PRACTICE_RULES, Finding, Gate, Severity, Status
from verifier.rules._independence import Tie
from verifier.rules._standing import percent
from verifier.rules._view import names

__all__ = ["document", "documents", "headline", "text", "texts"]

_SHORT = {"object-storage": "cloud", "cloud-object": "cloud"}
_WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.UNKNOWN: "unknown"}
_LABELS = {
    "copies": "3 copies",
    "media": "2 media",
    "offsite": "1 offsite",
    "offline_or_immutable": "1 offline or immutable",
    "errors": "0 errors",
}
_LONGEST_NAME, _SHORTEST_NAME = 24, 10


def headline(audit: Audit) -> str:
    """Return the two numbers that matter first: ``3 locations, 1 independent copy``."""
    return audit.counts_in_words


def text(audit: Audit, width: int | None = None) -> str:
    """Return an audit as lines for a terminal, the headline first.

    Parameters
    ----------
    audit : Audit
        What was found.
    width : int, optional
        Wrap at this column; lines stay whole unless given, so that programs can search them.
    """
    return "\n".join(wrapped(_lines(audit, width), width))


def texts(audits: Sequence[Audit], width: int | None = None) -> str:
    """Return several audits, the worst first: one table of all, and then each.

    Parameters
    ----------
    audits : sequence of Audit
        In the order to show.
    width : int, optional
        As for `text`.
    """
    if len(audits) == 1:
        return text(audits[0], width)
    parts = ["\n".join(wrapped(_overview(audits, width), width))]
    parts += [text(one, width) for one in audits]
    return f"\n\n{'=' * min(width or 72, 72)}\n".join(parts)


def _overview(audits: Sequence[Audit], width: int | None) -> Iterator[str]:
    codes = [audit.exit_code for audit in audits]
    counts = {"fail": codes.count(1), "unknown": codes.count(3), "pass": codes.count(0)}
    told = names(f"{count} {word}" for word, count in counts.items() if count)
    yield f"{len(audits)} datasets: {told}; the whole is as good as the worst"
    yield ""
    rows: list[tuple[str, ...]] = [
        ("dataset", "verdict", "copies", "media", "offsite", "offline", "errors", "score")
    ]
    verdicts = {0: "pass", 1: "FAIL", 3: "unknown"}
    for audit in audits:
        cells = [_ratio(audit.gates[gate]) for gate in ("copies", "media", "offsite")]
        cells += [_WORDS[audit.gates[gate].status] for gate in ("offline_or_immutable", "errors")]
        name = _cut(audit.setup.name, _LONGEST_NAME)
        rows.append((name, verdicts[audit.exit_code], *cells, str(audit.score.value)))
    yield from _columns(rows, width)


def _lines(audit: Audit, width: int | None) -> Iterator[str]:
    gates = audit.gates
    yield f"{audit.setup.name}: {headline(audit)}"
    short = [f"{name} {_ratio(gates[name])}" for name in ("copies", "media", "offsite")]
    yield f"3-2-1: {', '.join(short)}"
    found = audit.score
    spread = f" ({found.low} to {found.high}, as some things are unknown)"
    spread = spread if found.high > found.low else ""
    yield f"score {found.value} of 100{spread}, NDSA storage level {audit.ndsa_level}"
    wish = f"; level {audit.ndsa_level + 1} asks for {audit.ndsa.next}" if audit.ndsa.next else ""
    yield f"  {audit.ndsa.reason}{wish}"
    yield ""
    yield from _aftermath(audit)
    yield ""
    longest = max(len(label) for label in _LABELS.values())
    for rule in GATE_RULES:
        gate = gates[rule.gate]
        evidence = " (declared)" if gate.evidence.value == "declared" else ""
        verdict = f"{_WORDS[gate.status]}{evidence}"
        lived = f" [{gate.accepted}]" if gate.accepted else ""
        yield f"  {_LABELS[rule.gate]:<{longest}}  {verdict:<15}  {gate.reason}{lived}"
    yield ""
    yield "how they are kept"
    for name, gate in audit.practice.items():
        lived = f" [{gate.accepted}]" if gate.accepted else ""
        yield f"  {name:<{longest}}  {_WORDS[gate.status]:<15}  {gate.reason}{lived}"
    yield ""
    yield from _table(audit, width)
    yield from _section("what shares what", list(_sharing(audit)))
    yield from _section("who makes them", list(_schedules(audit)))
    problems = [f for f in audit.findings if f.severity is not Severity.NOTE and not f.accepted]
    said_above = {rule.rule.id for rule in (*GATE_RULES, *PRACTICE_RULES)}
    yield from _section(
        "findings", list(_together(f for f in problems if f.rule not in said_above))
    )
    accepted = [f"{f.message} [{f.accepted}]" for f in audit.findings if f.accepted]
    yield from _section("accepted", accepted)
    notes = [f for f in audit.findings if f.severity is Severity.NOTE and not f.accepted]
    yield from _section("notes", list(_together(notes)))
    yield from _section("what to do", list(dict.fromkeys(f.remediation for f in problems)))


def _together(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the messages, one for all that differ in the name of a location only.

    Where the name is the subject, or is not there just once, a message stays as it is.
    """
    who: dict[tuple[str, str], list[str]] = {}
    for found in findings:
        name = found.location or ""
        before, between, after = found.message.partition(f" {name}")
        alone = name and before and between and not after[:1].isalnum() and name not in after
        key = (f"{before} ", after) if alone and name not in before else (found.message, "")
        who.setdefault(key, []).append(name if key[1] else "")
    for (before, after), them in who.items():
        yield f"{before}{names(dict.fromkeys(them)) if after else ''}{after}"


def _aftermath(audit: Audit) -> Iterator[str]:
    found = left_after(audit.view)
    yield "what would be left after"
    width = max(len(left.threat) for left in found)
    for left in found:
        words = names(left.sure) or ("nothing for certain" if left.perhaps else "nothing")
        hopes = {why: [n for n, other in left.perhaps if other == why] for _, why in left.perhaps}
        for why, who in hopes.items():
            words += f"; perhaps {names(who)} ({why})"
        yield f"  {left.threat:<{width}}  {words}"


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  - {line}" for line in lines)


def _schedules(audit: Audit) -> Iterator[str]:
    for place in audit.inventory.locations:
        found = place.schedule.value
        if found is None or found.by == "by hand":
            continue
        often = "at times that are not known"
        if found.interval_hours is not None:
            often = (
                f"every {format_hours(found.interval_hours)}" if found.interval_hours else "always"
            )
        yield f"{place.name}: {found.by}, {often} ({found.where})"


def _ratio(gate: Gate) -> str:
    mark = " (?)" if gate.status is Status.UNKNOWN else ""
    return f"{gate.value}/{gate.wanted}{mark}"


def _table(audit: Audit, width: int | None) -> Iterator[str]:
    """Yield a row for each location; why it does not count stands below its row."""
    rows = [("location", "kind", "verdict", "counts", "medium", "whole", "newest", "depth")]
    for verdict in audit.verdicts:
        place = verdict.location
        rows.append(
            (
                _cut(place.name, _LONGEST_NAME),
                place.kind,
                _WORDS[verdict.status],
                "yes" if verdict.counted else "no",
                _shown(place.media_type),
                "" if place.name == "source" else _whole(place),
                f"{place.points.newest:%Y-%m-%d}" if place.points.newest else "?",
                place.depth.word if place.depth is not None else "-",
            )
        )
    header, *lines = _columns(rows, width)
    yield header
    for verdict, line in zip(audit.verdicts, lines, strict=True):
        yield line
        if verdict.reason:
            yield f"      {verdict.reason}"
    if any(_is_declared(verdict.location.media_type) for verdict in audit.verdicts):
        yield "  * declared, not measured"


def _columns(rows: Sequence[tuple[str, ...]], width: int | None = None) -> list[str]:
    """Align cells; a terminal that is too narrow gets smaller gaps, and names cut short."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    gap = "  "
    if width is not None and sum(widths) + 2 * len(widths) > width:
        gap = " "
        over = sum(widths) + len(widths) + 1 - width
        widths[0] = max(_SHORTEST_NAME, widths[0] - max(over, 0))
    lines = []
    for row in rows:
        cells = (_cut(row[0], widths[0]), *row[1:])
        padded = (f"{cell:<{size}}" for cell, size in zip(cells, widths, strict=True))
        lines.append(f"  {gap.join(padded)}".rstrip())
    return lines


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _whole(place: Location) -> str:
    return "?" if place.coverage.value is None else percent(place.coverage.value)


def _shown(fact: Fact[str]) -> str:
    if fact.value is None:
        return "?"
    return f"{_SHORT.get(fact.value, fact.value)}{'*' if _is_declared(fact) else ''}"


def _is_declared(fact: Fact[str]) -> bool:
    return fact.value is not None and fact.evidence.value == "declared"


def _sharing(audit: Audit) -> Iterator[str]:
    """Say in plain words which locations stand on one part, and where nobody can tell."""
    places = audit.view.locations
    hopeful = set(audit.view.hopefuls)
    shared: dict[str, list[tuple[int, int]]] = {}
    doubts: dict[str, list[tuple[int, int]]] = {}
    for pair, tie in audit.view.pairs():
        if tie.tie is Tie.SHARED:
            shared.setdefault(names(tie.shared[:3]), []).append(pair)
        elif tie.tie is Tie.UNKNOWN and set(pair) <= hopeful:
            doubts.setdefault(tie.reason, []).append(pair)

    def who(numbers: set[int]) -> str:
        return names(places[number].name for number in sorted(numbers))

    for what, pairs in shared.items():
        yield f"{who({n for pair in pairs for n in pair})} share {what}: they are not independent"
    for why, pairs in doubts.items():
        everyone = {n for pair in pairs for n in pair}
        common = set(pairs[0]).intersection(*pairs) if len(pairs) > 1 else set()
        them = who(everyone)
        if common:
            them = f"{who(common)} and each of {who(everyone - common)}"
        yield f"{them}: nobody can tell whether they are independent: {why}"
