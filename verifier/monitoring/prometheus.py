"""A text file for the textfile collector of Prometheus' node_exporter.

References
----------
.. [1] Prometheus, "Exposition formats", text-based format, version 0.0.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.errors import printable
from riskmodel.reporting import require_writable, write_text
from verifier._spent import Spent
from verifier.rules import FINDING_RULES, Status

if TYPE_CHECKING:
    from verifier.audit import Audit, Verdict

__all__ = ["prometheus", "prometheus_file"]

_Sample = tuple[dict[str, str], float]
_Metric = tuple[str, str, Iterator[_Sample]]
_Number = Callable[["Verdict"], float | None]


def prometheus_file(path: Path, audits: Sequence[Audit] = (), began: Spent | None = None) -> None:
    """Write audits for the textfile collector, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; the collector reads those that end in ``.prom``.
    audits : sequence of Audit
        Without any, only tell whether the file could be written.
    began : Spent, optional
        What this process had spent when the audits began.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    path = path.expanduser()
    require_writable(path)
    if not audits:
        return
    spent = began.since() if began is not None else Spent(0.0, None)
    write_text(prometheus(audits, duration=spent.seconds, read_bytes=spent.read_bytes), path)


def prometheus(audits: Sequence[Audit], *, duration: float, read_bytes: int | None) -> str:
    """Return audits in Prometheus' text format; what is unknown has no sample.

    Parameters
    ----------
    audits : sequence of Audit
        Of one run; their names tell them apart.
    duration : float
        Time that the run took. [s]
    read_bytes : int, optional
        What the run read by itself. [bytes]

    Returns
    -------
    str
        Ends with a line break.
    """
    lines: list[str] = []
    for name, text, samples in _metrics(audits, duration, read_bytes):
        shown = list(samples)
        if shown:
            lines += [f"# HELP threetwoone_{name} {text}", f"# TYPE threetwoone_{name} gauge"]
            lines += [f"threetwoone_{name}{_labels(known)} {value!r}" for known, value in shown]
    return "\n".join(lines) + "\n"


def _metrics(audits: Sequence[Audit], duration: float, read: int | None) -> Iterator[_Metric]:
    yield "audit_duration_seconds", "Time that the audit took.", iter([({}, float(duration))])
    if read is not None:
        text = "Bytes that the verifier read itself; programs that it ran are not counted."
        yield "audit_read_bytes", text, iter([({}, float(read))])
    for name, text, value in _OF_AUDIT:
        yield name, text, (({"dataset": a.setup.name}, float(value(a))) for a in audits)
    yield "findings", "Findings that nobody lives with.", _findings(audits)
    yield "gate_status", "1 for the status that the gate has, else 0.", _gates(audits)
    text = "1 for the status that the location has by itself, else 0."
    yield "location_status", text, _statuses(audits)
    for name, text, number in _OF_LOCATION:
        yield name, text, _numbers(audits, number)


_OF_AUDIT: tuple[tuple[str, str, Callable[[Audit], float]], ...] = (
    (
        "audit_timestamp_seconds",
        "When the audit looked, as a Unix time.",
        lambda audit: audit.inventory.at.timestamp(),
    ),
    (
        "audit_exit_code",
        "0 all gates pass and nothing alarms, 1 one fails, 3 one is unknown.",
        lambda audit: audit.exit_code,
    ),
    (
        "claimed_copies",
        "Locations that are said to hold the data, the source included.",
        lambda audit: audit.claimed_copies,
    ),
    (
        "independent_copies",
        "Copies that share no drive and no pool, the source included.",
        lambda audit: audit.independent_copies,
    ),
    ("score", "0 to 100; what is unknown earns nothing.", lambda audit: audit.score.value),
    ("score_high", "The score if all that is unknown passed.", lambda audit: audit.score.high),
    ("ndsa_level", "NDSA storage level, 0 to 4.", lambda audit: audit.ndsa_level),
)

_OF_LOCATION: tuple[tuple[str, str, _Number], ...] = (
    (
        "location_counted",
        "1 if it is one of the independent copies.",
        lambda verdict: float(verdict.counted),
    ),
    (
        "location_newest_point_timestamp_seconds",
        "Newest consistent point, as a Unix time.",
        lambda verdict: _unix(verdict.location.points.newest),
    ),
    (
        "location_points",
        "Consistent points that can be restored.",
        lambda verdict: verdict.location.points.count,
    ),
    ("location_errors", "Errors that were found.", lambda verdict: _errors(verdict)),
    ("location_files", "Files of the newest point.", lambda verdict: verdict.location.files),
    (
        "location_size_bytes",
        "Size of the newest point.",
        lambda verdict: verdict.location.size_bytes,
    ),
    (
        "location_coverage_ratio",
        "Share of the source's files, or bytes if smaller, that it holds.",
        lambda verdict: verdict.location.coverage.value,
    ),
    (
        "location_depth",
        "0 listed, 1 structure, 2 bytes, 3 source, 4 restore.",
        lambda verdict: verdict.location.depth,
    ),
)


def _errors(verdict: Verdict) -> int | None:
    """Return how many errors were found; None where nobody looked."""
    place = verdict.location
    return len(place.errors) if place.depth is not None or place.errors else None


def _unix(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


def _gates(audits: Sequence[Audit]) -> Iterator[_Sample]:
    for audit in audits:
        for kind, gates in (("rule", audit.gates), ("practice", audit.practice)):
            for name, gate in gates.items():
                known = {"dataset": audit.setup.name, "gate": name, "kind": kind}
                yield from _each_status(known, gate.status)


def _findings(audits: Sequence[Audit]) -> Iterator[_Sample]:
    """Count the findings of every rule; of those without any too, as a gap tells nothing."""
    for audit in audits:
        open_ = Counter((one.rule, one.status) for one in audit.findings if not one.accepted)
        for rule in FINDING_RULES:
            for status in (Status.FAIL, Status.UNKNOWN):
                known = {"dataset": audit.setup.name, "rule": rule.rule.id, "status": status.value}
                yield known, float(open_[rule.rule.id, status])


def _statuses(audits: Sequence[Audit]) -> Iterator[_Sample]:
    for audit in audits:
        for verdict in audit.verdicts:
            known = {"dataset": audit.setup.name, "location": verdict.location.name}
            yield from _each_status(known, verdict.status)


def _each_status(known: dict[str, str], status: Status) -> Iterator[_Sample]:
    for word in Status:
        yield {**known, "status": word.value}, float(word is status)


def _numbers(audits: Sequence[Audit], number: _Number) -> Iterator[_Sample]:
    for audit in audits:
        for verdict in audit.verdicts:
            found = number(verdict)
            if found is not None:
                known = {"dataset": audit.setup.name, "location": verdict.location.name}
                yield known, float(found)


def _labels(known: dict[str, str]) -> str:
    if not known:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in known.items()) + "}"


def _escaped(value: str) -> str:
    # names on disk need not be valid Unicode, which the format is; and people look at this file
    return printable(value).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
