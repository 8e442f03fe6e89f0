"""An audit as a page for whoever decides, and the tables that it shares with the risk report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from riskmodel.reporting import Answer, Items, Page, Part, Prose, Section, Table, sentences
from verifier.aftermath import left_after
from verifier.audit import Audit
from verifier.inventory import State
from verifier.picture import failure_domains_figure, failure_domains_in_words
from verifier.rules import Gate, Status

__all__ = ["GATES", "audit_page", "counts_in_words", "found_table", "rule_table", "steps"]

GATES = {
    "copies": "3 copies",
    "media": "2 media",
    "offsite": "1 offsite",
    "offline_or_immutable": "1 offline or immutable",
    "errors": "0 errors",
}
_MOST_PICTURES = 12  # of the worst datasets; more would make the page too big to mail
_DEPTHS = (
    "Depths: listed (names and sizes), structure (what the format says of itself), bytes (against "
    "the format's own digests), source (against the live data), restore (files brought back and "
    "compared). What could not be seen is unknown, and unknown never counts as a pass."
)


def audit_page(audits: Sequence[Audit], *, auditor: str = "", digest: str = "") -> Page:
    """Return audits as a page.

    Parameters
    ----------
    audits : sequence of Audit
        At least one, the worst first.
    auditor : str
        Who ran it; left out if empty.
    digest : str
        SHA-256 of the recording that reproduces the audit, in hex; left out if empty.

    Returns
    -------
    Page
    """
    worst = audits[0]
    several = len(audits) > 1
    sections: list[Section] = []
    if several:
        rows = tuple((one.setup.name, *_summary(one)) for one in audits)
        columns = ("dataset", "gates passed", "independent copies", "score")
        sections.append(Section("All datasets, the worst first", (Table(columns, rows),)))
    for number, one in enumerate(audits):
        prefix = f"{one.setup.name}: " if several else ""
        sections += _sections(one, prefix, drawn=number < _MOST_PICTURES)
    name = f"{len(audits)} datasets" if several else f"\u201c{worst.setup.name}\u201d"
    who = f" by {auditor}" if auditor else ""
    host = worst.inventory.host.value or "an unknown host"
    made = f"threetwoone {version('threetwoone')}"
    return Page(
        title=f"Are there good copies of {name}?",
        subtitle=f"Audited {worst.inventory.at:%Y-%m-%d %H:%M} UTC on {host}{who}",
        answers=_answers(worst),
        sections=tuple(sections),
        footer=f"{made}. Recording SHA-256 {digest}." if digest else f"{made}.",
    )


def rule_table(audit: Audit) -> Table:
    """Return the five gates."""
    return _gates({GATES[name]: gate for name, gate in audit.gates.items()})


def steps(audit: Audit) -> Items:
    """Return what to do, the worst first; what is lived with is left out."""
    told = [
        f"{finding.message} {finding.remediation}"
        for finding in audit.findings
        if finding.status is not Status.PASS and not finding.accepted
    ]
    # not as sentences: a capital would rename a location
    return Items(tuple(told) or ("Nothing: no finding is open.",))


def counts_in_words(audit: Audit) -> str:
    """Return how many copies are claimed, and how many of them are independent."""
    return audit.counts_in_words


def found_table(audit: Audit) -> Table:
    """Return a row a location, the source first."""
    rows = []
    for verdict in audit.verdicts:
        place = verdict.location
        drives = ", ".join(d.model or d.device for d in place.domains.drives.value or ())
        rows.append(
            (
                place.name,
                str(verdict.status),
                place.kind,
                "yes" if verdict.counted else "no",
                drives or "unknown",
                f"{place.points.newest:%Y-%m-%d}" if place.points.newest else "unknown",
                _covers(place.name, place.coverage.value),
                place.depth.word if place.depth is not None else "not examined",
                verdict.reason or "",
            )
        )
    columns = (
        "location", "verdict", "kind", "counts", "drives", "newest", "covers", "depth", "why",
    )  # fmt: skip
    return Table(columns, tuple(rows))


def _answers(audit: Audit) -> tuple[Answer, ...]:
    passed, independent, score = _summary(audit)
    damaged = sum(len(verdict.location.errors) for verdict in audit.verdicts)
    gate = audit.gates["errors"]
    return (
        Answer("Independent copies", independent, f"{counts_in_words(audit)}."),
        Answer("Damage found", f"{damaged}" if damaged else str(gate.value), f"{gate.reason}."),
        Answer("Gates passed", passed, f"Score {score}; NDSA storage level {audit.ndsa_level}."),
    )


def _summary(audit: Audit) -> tuple[str, str, str]:
    statuses = [gate.status for gate in audit.gates.values()]
    low, high = audit.score.low, audit.score.high
    spread = f"{low} to {high}" if high > low else f"{low}"
    least, most = audit.independent_copies, audit.independent_at_most
    copies = f"{least}" if least == most else f"{least} to {most}"
    return (
        f"{statuses.count(Status.PASS)} of {len(statuses)}",
        f"{copies} of {audit.claimed_copies}",
        f"{spread} of 100",
    )


def _sections(audit: Audit, prefix: str, *, drawn: bool) -> list[Section]:
    left = Table(
        ("after", "left for sure", "perhaps"),
        tuple(
            (
                one.threat,
                ", ".join(one.sure) or "nothing",
                ", ".join(f"{name} ({why})" for name, why in one.perhaps),
            )
            for one in left_after(audit.view)
        ),
    )
    shared = failure_domains_figure(audit) if drawn else Prose((failure_domains_in_words(audit),))
    accepted = [f"{one.message} {one.accepted}" for one in audit.findings if one.accepted]
    lived: tuple[Part, ...] = (sentences(accepted),) if accepted else ()
    return [
        Section(f"{prefix}The 3-2-1-1-0 rule", (rule_table(audit),)),
        Section(f"{prefix}What the copies have in common", (shared,)),
        Section(f"{prefix}What would be left", (left,)),
        Section(f"{prefix}What to do", (steps(audit), *lived)),
        Section(f"{prefix}What was found", (found_table(audit),)),
        Section(f"{prefix}How the copies are kept", (_gates(audit.practice),)),
        Section(f"{prefix}What was not examined", (Items(_unexamined(audit)), Prose((_DEPTHS,)))),
    ]


def _gates(gates: Mapping[str, Gate]) -> Table:
    rows = tuple(
        (
            name,
            str(gate.status),
            str(gate.value),
            str(gate.evidence),
            f"{gate.reason} [{gate.accepted}]" if gate.accepted else gate.reason,
        )
        for name, gate in gates.items()
    )
    return Table(("gate", "verdict", "found", "evidence", "why"), rows)


def _unexamined(audit: Audit) -> tuple[str, ...]:
    """Say of which locations nothing or not all is known."""
    told, wanted = [], audit.setup.policy.required_depth
    for place in audit.inventory.locations:
        if place.state is not State.READ:
            told.append(f"{place.name} was not looked at: {place.reason or place.state.value}")
        elif place.depth is None or place.depth < wanted:
            depth = "nothing" if place.depth is None else f"depth {place.depth.word}"
            told.append(f"{place.name} was examined to {depth} only. {place.reason}".strip())
        elif place.sample is not None:
            told.append(
                f"{place.name}: a random sample of {place.sample.looked:,} of "
                f"{place.sample.of:,} files was read"
            )
    told = told or ["Every location was examined as deep as the policy asks"]
    return tuple(f"{text.rstrip('.')}." for text in told)


def _covers(name: str, share: float | None) -> str:
    if name == "source":
        return "is the data"
    return "unknown" if share is None else f"{share:.1%}".replace("%", " %")
