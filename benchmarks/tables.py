"""What a topic prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Size(Enum):
    """How much is run: to see that it works, to measure, to measure what takes minutes as well."""

    TINY = "tiny"
    NORMAL = "normal"
    FULL = "full"

    def pick(self, tiny: int, normal: int, full: int | None = None) -> int:
        """Return the number that goes with the size."""
        if self is Size.TINY:
            return tiny
        return normal if self is Size.NORMAL or full is None else full


@dataclass
class Table:
    """Rows of text under a title, and the figures behind them by name."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append(cells)

    def __str__(self) -> str:
        """Return the table with aligned columns: the first to the left, the others to the right."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        text = [self.title, "-" * len(self.title)]
        for line in lines:
            first = line[0].ljust(widths[0])
            rest = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
            text.append("  ".join([first, *rest]).rstrip())
        return "\n".join([*text, *self.notes, ""])
