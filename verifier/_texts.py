"""Numbers, times and JSON out of text that anybody may have written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

__all__ = ["as_utc", "json_in", "whole_number"]

_MOST_DIGITS = 18  # of a number that any file system or clock counts in


def json_in(text: str) -> Any:
    """Return the JSON of a text.

    Raises
    ------
    ValueError
        If it is none, or nested so deeply that nobody wrote it.
    """
    try:
        return json.loads(text)
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def whole_number(text: str) -> int | None:
    """Return a number of at most 18 plain digits; None for any other text.

    `int` also takes signs, underscores and the digits of all scripts; `str.isdigit` is true of
    superscripts, which `int` refuses.
    """
    plain = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if plain else None


def as_utc(time: datetime) -> datetime:
    """Return a time in UTC; one without an offset is taken to be in UTC already.

    Raises
    ------
    ValueError
        If its offset leads before the year 1 or behind 9999.
    """
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        message = f"{time.isoformat()} is out of range"
        raise ValueError(message) from None
