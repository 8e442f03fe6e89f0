"""The catalogue as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from riskmodel.catalogue import Parameter, Parameters

__all__ = ["catalogue_text", "parameters_text"]

_WIDTH = 100


def catalogue_text(found: Parameters) -> str:
    """Return one line for each row: name and year, value with its range, status and grade."""
    names = [f"{row.parameter} ({row.year})" for row in found]
    width = max(map(len, names))
    values = [textwrap.shorten(_value(row), 40, placeholder="…") for row in found]
    wide = max(map(len, values))
    return "\n".join(
        f"{name:<{width}}  {value:<{wide}}  {row.grade}  {row.status}"
        for name, value, row in zip(names, values, found, strict=True)
    )


def parameters_text(found: Parameters) -> str:
    """Return everything that is known about a few rows."""
    return "\n\n".join("\n".join(_lines(row)) for row in found)


def _value(row: Parameter) -> str:
    unit = "" if row.unit in ("1", "text") else f" {row.unit}"
    spread = f" ({row.low} to {row.high})" if row.low and row.low != row.high else ""
    return f"{row.value}{spread}{unit}"


def _lines(row: Parameter) -> Iterator[str]:
    yield f"{row.parameter} ({row.year})"
    meaning = {
        "A": "measured on a stated population",
        "B": "derived, or of one vendor",
        "C": "a judgement: uncertain",
    }[row.grade]
    said = {
        "value": _value(row),
        "distribution": row.distribution,
        "population": row.population,
        "source": f"{row.source} [{row.status}]",
        "address": row.address,
        "grade": f"{row.grade}, {meaning}",
        "note": row.note,
    }
    for key, text in said.items():
        if text:
            yield textwrap.fill(
                text,
                _WIDTH,
                initial_indent=f"  {key:<13} ",
                subsequent_indent=" " * 16,
                break_long_words=False,
                break_on_hyphens=False,
            )
