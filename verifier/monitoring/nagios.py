"""One line for Nagios, Icinga and their like, and the exit code that they expect.

Their codes are not those of ``verifier audit``:

========  ======================================================  ==============
code      when                                                    audit's code
========  ======================================================  ==============
0 OK      all five gates pass, and no practice fails              0
1 WARNING all five gates pass, and a practice fails               0
2 CRIT.   one of the five gates or an alarm fails                 1
3 UNKNOWN none fails and one is unknown, or the audit cannot run  3, or 2
========  ======================================================  ==============

An alarm is a finding about drift that nobody lives with, such as a mass change; it is named first.
Of several datasets the worst counts: CRITICAL, UNKNOWN, WARNING, OK.

References
----------
.. [1] Monitoring Plugins Development Team, "Monitoring Plugins Development Guidelines", sections
   "Plugin Output" and "Performance data".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from riskmodel.errors import printable
from verifier.rules import Gate, Status
from verifier.rules._view import names

if TYPE_CHECKING:
    from verifier.audit import Audit

__all__ = ["nagios", "nagios_failure"]

OK, WARNING, CRITICAL, UNKNOWN = range(4)
_WORDS = {OK: "OK", WARNING: "WARNING", CRITICAL: "CRITICAL", UNKNOWN: "UNKNOWN"}
_WORST_FIRST = (CRITICAL, UNKNOWN, WARNING, OK)
_LONGEST = 1000  # some servers cut a line after a kilobyte or two
_LONGEST_NAME = 60


def nagios(audits: Sequence[Audit]) -> tuple[str, int]:
    """Return the line and the exit code.

    Parameters
    ----------
    audits : sequence of Audit
        At least one.

    Returns
    -------
    tuple of (str, int)
        The line has its performance data after a bar.
    """
    codes = {id(one): _code(one) for one in audits}
    ordered = sorted(audits, key=lambda one: _WORST_FIRST.index(codes[id(one)]))
    code = codes[id(ordered[0])]
    told = "; ".join(_told(one) for one in ordered)
    data = " ".join(item for one in audits for item in _data(one, several=len(audits) > 1))
    return f"{_line(code, told)} | {data}", code


def nagios_failure(problem: str) -> tuple[str, int]:
    """Return the line and the code of an audit that could not run."""
    return _line(UNKNOWN, problem), UNKNOWN


def _code(audit: Audit) -> int:
    if audit.exit_code == 1:
        return CRITICAL
    if audit.exit_code == 3:
        return UNKNOWN
    failed = any(
        gate.status is Status.FAIL and not gate.accepted for gate in audit.practice.values()
    )
    return WARNING if failed else OK


def _line(code: int, told: str) -> str:
    # a bar begins the performance data, and a line break ends the line
    plain = " ".join(printable(told).replace("|", "/").split())
    plain = plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
    return f"BACKUP {_WORDS[code]} - {plain}"


def _told(audit: Audit) -> str:
    text = f"{audit.setup.name}: {audit.counts_in_words}"
    alarms = sorted(audit.alarms, key=lambda one: one.status is not Status.FAIL)
    for rule in dict.fromkeys(one.rule for one in alarms):
        mine = [one for one in alarms if one.rule == rule]
        where = names(one.location for one in mine if one.location)
        said = f"{rule} in {where}" if where else rule
        text += f", {mine[0].status.value}: {said} ({mine[0].message.rstrip('.')})"
    gates = {**audit.gates, **audit.practice}
    for status in (Status.FAIL, Status.UNKNOWN):
        told = [f"{name} ({gates[name].reason})" for name in _with(gates, status)]
        if status is Status.UNKNOWN:
            told = list(_with(gates, status))
        text += f", {status.value}: {', '.join(told)}" if told else ""
    return text


def _with(gates: Mapping[str, Gate], status: Status) -> Iterator[str]:
    yield from (name for name, gate in gates.items() if gate.status is status)


def _data(audit: Audit, *, several: bool) -> Iterator[str]:
    """Yield performance data: ``'label'=value[unit];warning;critical;least;most``."""
    begin = f"{audit.setup.name} " if several else ""
    errors = sum(len(place.errors) for place in audit.inventory.all_locations)
    yield f"{_label(begin + 'score')}={audit.score.value};;;0;100"
    yield f"{_label(begin + 'copies')}={audit.independent_copies};;3:;0;"
    yield f"{_label(begin + 'errors')}={errors};;0;0;"
    view = audit.view
    times = [view.locations[n].points.newest for n in view.apart_from_source(view.copies)]
    known = [time for time in times if time is not None]
    if known:
        age = max((audit.inventory.at - max(known)).total_seconds(), 0.0)
        limit = audit.setup.policy.max_age * 3600.0
        yield f"{_label(begin + 'newest')}={age:.0f}s;{limit:.0f};;0;"


def _label(words: str) -> str:
    """Quote a label; an equals sign cannot stand in one, and a quote is doubled."""
    plain = printable(words).replace("=", "_").replace("|", "/").replace("\n", " ")
    kept = plain if len(plain) <= _LONGEST_NAME else plain[-_LONGEST_NAME:]
    return "'" + kept.replace("'", "''") + "'"
