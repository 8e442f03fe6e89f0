"""One history as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from riskmodel._console import wrapped
from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from riskmodel.histories import History

__all__ = ["history_text"]

_MOST = 40  # happenings: the end tells most


def history_text(found: History, width: int | None = 98) -> str:
    """Return how it was lost, which history of all that is, and what happened in it."""
    return "\n".join(wrapped(_lines(found), width))


def _lines(found: History) -> Iterator[str]:
    yield f"{found.layout}: {found.in_words}"
    yield f"  {found.how_found}"
    yield ""
    shown = found.happenings[-_MOST:]
    earlier = len(found.happenings) - len(shown)
    if earlier:
        yield f"  the last {len(shown)} of {len(found.happenings):,} happenings; --json has all"
    if not shown:
        yield "  nothing happens"
    for one in shown:
        yield f"{one.hours / HOURS_PER_YEAR:8.3f} years  {one.what}"
