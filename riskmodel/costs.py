"""What a layout costs in a year, as far as its copies state prices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from riskmodel.layout import Copy, Layout

__all__ = ["Cost", "yearly_cost"]

_TB = 1e12
_MONTHS = 12.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Money and hours of work in a year.

    Parameters
    ----------
    per_year : tuple of (str, float)
        Currency and sum; several where prices come in several.
    hours_per_year : float or None
        Work of people; None where no copy states it. [h]
    priced, copies : int
        Copies that state a price, of how many.
    notes : tuple of str
        What was assumed, and what is missing.
    """

    per_year: tuple[tuple[str, float], ...]
    hours_per_year: float | None
    priced: int
    copies: int
    notes: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """The cost for a table: "120 EUR and 6 h a year, 2 of 3 copies priced"."""
        parts = [f"{amount:,.0f} {currency}" for currency, amount in self.per_year]
        if self.hours_per_year is not None:
            parts.append(f"{self.hours_per_year:g} h")
        found = f"{' and '.join(parts)} a year" if parts else "unknown"
        part = f", {self.priced} of {self.copies} copies priced"
        return found + (part if self.priced < self.copies else "")

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "per_year": dict(self.per_year),
            "hours_per_year": self.hours_per_year,
            "copies_priced": self.priced,
            "copies": self.copies,
            "notes": list(self.notes),
        }


def yearly_cost(layout: Layout, horizon_hours: float | None = None) -> Cost | None:
    """Add up what the copies of a layout cost in a year.

    Parameters
    ----------
    layout : Layout
        Its copies may state a ``price``.
    horizon_hours : float, optional
        What is bought lasts so long where ``lasts`` is not stated; the layout's own by default. [h]

    Returns
    -------
    Cost or None
        None where no copy states a price. Restores are not in it: how many there are depends on
        the history.
    """
    horizon = horizon_hours or layout.horizon
    priced = [copy for copy in layout.copies if copy.price is not None]
    if not priced:
        return None
    sums: dict[str, list[float]] = {}
    work: list[float] = []
    notes: list[str] = []
    for copy in priced:
        assert copy.price is not None  # noqa: S101 - chosen for it
        money = list(_parts(copy, layout.size, horizon, notes))
        if money:
            sums.setdefault(copy.price.currency, []).extend(money)
        if copy.price.hours_per_year is not None:
            work.append(copy.price.hours_per_year)
    unpriced = [copy.name for copy in layout.copies if copy.price is None]
    if unpriced:
        notes.append(f"no price is stated for {', '.join(unpriced)}")
    return Cost(
        per_year=tuple((currency, math.fsum(parts)) for currency, parts in sums.items()),
        hours_per_year=math.fsum(work) if work else None,
        priced=len(priced),
        copies=len(layout.copies),
        notes=tuple(notes),
    )


def _parts(copy: Copy, size: float | None, horizon: float | None, notes: list[str]) -> list[float]:
    price = copy.price
    assert price is not None  # noqa: S101 - chosen for it
    found = [] if price.per_year is None else [price.per_year]
    if price.buy is not None:
        lasts = price.lasts or horizon
        if price.lasts is None:
            notes.append(f"what is bought for {copy.name} is taken to last for the horizon")
        if lasts:
            found.append(price.buy / (lasts / HOURS_PER_YEAR))
        else:
            notes.append(
                f"what is bought for {copy.name} is left out: nothing says how long it lasts"
            )
    if price.per_tb_month is not None:
        if size is None:
            notes.append(f"the price by TB of {copy.name} is left out: the layout states no size")
        else:
            found.append(price.per_tb_month * _MONTHS * size / _TB)
    return found
