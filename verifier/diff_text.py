"""Diffs as text for people and as JSON-ready tables for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from riskmodel.units import format_bytes
from verifier.diffing import Diff, PlaceDiff
from verifier.inventory import Changes
from verifier.rules import Status

__all__ = ["diff_document", "diff_text", "texts"]

SCHEMA = 1
_WORDS = {"rotten": "suspected", "gone": "gone", "changed": "changed", "moved": "moved"}
_MARKS = {Status.FAIL: "!!", Status.UNKNOWN: "??", Status.PASS: "  "}


def diff_text(found: Diff) -> str:
    """Return a diff for people: what matters first, then counts, then names.

    Parameters
    ----------
    found : Diff
        Two runs, or the only one.

    Returns
    -------
    str
    """
    if found.before is None:
        return (
            f"{found.dataset}: only one audit is kept, run {found.now.number} of "
            f"{_when(found.now.at)}; the next one can be compared with it."
        )
    title = (
        f"{found.dataset}: run {found.before.number} of {_when(found.before.at)} -> "
        f"run {found.now.number} of {_when(found.now.at)}"
    )
    lines = [title, ""]
    lines += [
        f"  ?? Run {run.number} was stopped before its end; it did not see all."
        for run in (found.before, found.now)
        if not run.finished
    ]
    if found.findings:
        for finding in found.findings:
            lines.append(f"  {_MARKS[finding.status]} {finding.message}")
            if finding.status is not Status.PASS:
                lines.append(f"     do: {finding.remediation}")
    else:
        lines.append("  Nothing suspicious in what could be compared.")
    for place in found.places:
        lines += ["", *_place_lines(place)]
    return "\n".join(lines)


def diff_document(found: Diff) -> dict[str, Any]:
    """Return a diff as JSON-ready tables."""
    return {
        "schema": SCHEMA,
        "name": found.dataset,
        "source": found.source,
        "from": _run(found.before),
        "to": _run(found.now),
        "findings": [
            {
                "rule": finding.rule,
                "status": finding.status.value,
                "severity": finding.severity.value,
                "location": finding.location,
                "message": finding.message,
                "remediation": finding.remediation,
            }
            for finding in found.findings
        ],
        "locations": [_place(place) for place in found.places],
    }


def _place_lines(place: PlaceDiff) -> list[str]:
    one = place.changes
    if one is None or place.files is None:
        return [f"  {place.name}: not compared: {place.reason}"]
    counts = [f"{one.new:,} new", f"{one.gone:,} gone", f"{one.changed:,} changed"]
    counts += [f"{one.moved:,} moved", f"{one.rotten:,} suspected rot"]
    counts += [f"{one.emptied:,} emptied"] if one.emptied else []
    if not any((one.new, one.gone, one.changed, one.moved, one.rotten)):
        counts = ["nothing changed"]
    size = f"of {one.files:,} files, {format_bytes(one.size_bytes)}"
    lines = [f"  {place.name}: {', '.join(counts)}; {size}", f"    {_reach(one)}"]
    if one.looked:
        lines.append(f"    {_content(one)}")
    for word in ("rotten", "gone", "changed", "moved", "new"):
        named = place.files[word]
        title = _WORDS.get(word, word)
        lines += [
            f"    {title if not number else '':<9} {name}"
            for number, name in enumerate(named.names)
        ]
        if named.count > len(named.names):
            lines.append(f"    {'':<9} and {named.count - len(named.names):,} more")
    return lines


def _reach(one: Changes) -> str:
    unread = one.files - one.gone - one.changed - one.compared
    if not one.compared:
        return "no unchanged file was read for both runs, so rot would not show: audit deeper"
    if unread <= 0:
        return "every unchanged file was read for both runs: rot would show"
    return f"rot would show in {one.compared:,} files; others were not read for both runs"


def _content(one: Changes) -> str:
    text = f"of {one.looked} changed or new files looked into, "
    told = [
        (one.scrambled, "are not what their names say"),
        (one.wiped, "are one byte repeated"),
        (one.odd, "are one byte repeated, or begin otherwise than files of their names"),
        (one.sealed, "are encrypted by a known tool"),
        (one.opaque, "are of a kind that does not tell"),
    ]
    parts = [f"{count} {word}" for count, word in told if count]
    text += ", ".join(parts) or "all are what their names say"
    return text + (f" (median entropy {one.entropy:.2f} bits a byte)" if one.entropy else "")


def _place(place: PlaceDiff) -> dict[str, Any]:
    changes = None
    if place.changes is not None:
        changes = asdict(place.changes)
        changes["since"], changes["at"] = _time(place.changes.since), _time(place.changes.at)
        changes["suspects"] = [
            {**asdict(one), "healed": one.healed} for one in place.changes.suspects
        ]
    return {
        "name": place.name,
        "compared": place.changes is not None,
        "reason": place.reason,
        "changes": changes,
        "files": {
            word: {"count": named.count, "names": list(named.names)}
            for word, named in (place.files or {}).items()
        },
    }


def _run(run: Any) -> dict[str, Any] | None:
    if run is None:
        return None
    return {"run": run.number, "at": _time(run.at), "host": run.host, "finished": run.finished}


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _when(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def texts(found: Sequence[Diff]) -> str:
    """Return several diffs, one below the other."""
    return "\n\n".join(diff_text(one) for one in found)
