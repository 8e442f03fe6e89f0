"""Sentences and tables that reports on layouts and on audits have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from riskmodel._chances import chance_range
from riskmodel.reporting import Table

if TYPE_CHECKING:
    from riskmodel._used import Used
    from riskmodel.estimate import LossEstimate
    from riskmodel.preset_catalogue import Source

__all__ = [
    "LIMITS",
    "error_in_words",
    "inputs_in_words",
    "sampling_in_words",
    "source_rows",
    "sources",
]

LIMITS = (
    "To lose everything means that at one instant no copy is left that can be restored. "
    "Whatever nobody thought of is left out. Grade A numbers were measured, grade B derived, "
    "grade C judged: if the answer hangs on one of those, find out your own."
)


def inputs_in_words(loss: LossEstimate) -> str:
    """Return where the answer lies given what is known of its inputs; empty if not asked for."""
    found = loss.parameter_range
    if found is None:
        return ""
    text = f"with the uncertainty of the inputs {found.in_words} ({found.level * 100:.0f} %)"
    if found.judged >= 0.005:
        text += f"; {found.judged * 100:.0f} % of that rests on judgements (grade C)"
    if found.not_varied:
        count = len(found.not_varied)
        text += f"; {count} more {'is' if count == 1 else 'are'} taken as certain"
    return text


def sampling_in_words(loss: LossEstimate) -> str:
    """Return the sampling error alone, as odds like the answer itself, the worse end first."""
    if loss.exact is not None:
        return "computed without sampling error"
    return error_in_words(*loss.interval())


def error_in_words(low: float, high: float) -> str:
    """Return an interval of 95 % as odds, or as numbers where one word would be both ends."""
    told = chance_range(low, high)
    if " to " not in told and low > 0.0:
        told = f"{low:.3g} to {high:.3g}"
    return f"sampling error alone: {told} (95 %)"


def sources(used: Mapping[str, Iterable[Used]]) -> Table:
    """Return where each default number comes from, each once.

    Parameters
    ----------
    used : mapping of str to iterable of Used
        The parameters of each layout, by its name.
    """
    layouts: dict[tuple[str, Source], list[str]] = {}
    for name, items in used.items():
        for item in items:
            layouts.setdefault((item.path, item.source), []).append(name)
    if len(used) == 1:
        return source_rows(layouts)
    return source_rows(layouts, {key: ", ".join(names) for key, names in layouts.items()})


def source_rows(
    rows: Iterable[tuple[str, Source]], used_by: Mapping[tuple[str, Source], str] | None = None
) -> Table:
    """Return numbers with value, range, source and grade, and who uses them if that differs."""
    columns: tuple[str, ...] = ("number", "value", "range", "source", "grade")
    lines = [
        (
            path,
            source.value,
            f"{source.low} to {source.high}" if source.low else "",
            f"{source.source} ({source.year})",
            "C: uncertain" if source.grade == "C" else source.grade,
            *((used_by[path, source],) if used_by is not None else ()),
        )
        for path, source in rows
    ]
    return Table((*columns, "used by") if used_by is not None else columns, tuple(lines))
