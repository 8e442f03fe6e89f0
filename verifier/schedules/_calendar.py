"""When something runs: a calendar, and the longest wait that it allows."""

from __future__ import annotations

import calendar as civil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

__all__ = ["Calendar", "longest_gap_hours", "numbers"]

# four years hold a leap day, and one more makes each gap appear whole
_FIRST_DAY, _DAYS = date(2027, 1, 1), 5 * 366
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days and times of day at which something runs.

    Parameters
    ----------
    seconds : tuple of int
        Times of day, ascending. [s]
    months, days, weekdays : frozenset of int
        Months 1 to 12, days 1 to 31, weekdays with Monday 0. [-]
    either : bool
        cron's rule: a day fits if its date or its weekday does; else both have to.
    from_end : bool
        `days` are counted back from the end of the month: 1 is the last day.
    years : frozenset of int or None
        None for every year.
    """

    seconds: tuple[int, ...]
    months: frozenset[int] = frozenset(range(1, 13))
    days: frozenset[int] = frozenset(range(1, 32))
    weekdays: frozenset[int] = frozenset(range(7))
    either: bool = False
    from_end: bool = False
    years: frozenset[int] | None = None

    def fits(self, day: date) -> bool:
        """Tell whether it runs on a day."""
        if day.month not in self.months or (self.years and day.year not in self.years):
            return False
        number = day.day
        if self.from_end:
            number = civil.monthrange(day.year, day.month)[1] - day.day + 1
        by_date, by_week = number in self.days, day.weekday() in self.weekdays
        return by_date or by_week if self.either else by_date and by_week


def longest_gap_hours(calendars: Sequence[Calendar]) -> float | None:
    """Return the longest wait between two runs that calendars together allow.

    Parameters
    ----------
    calendars : sequence of Calendar
        All that start the same thing.

    Returns
    -------
    float or None
        Clock time without regard to summer time; None if there are not two runs in five years,
        or if single years are named, after which nothing runs. [h]
    """
    if any(one.years for one in calendars):
        return None
    shapes: dict[tuple[bool, ...], tuple[int, int, int]] = {}
    last: int | None = None
    longest = 0
    for offset in range(_DAYS):
        day = _FIRST_DAY + timedelta(days=offset)
        fitting = tuple(one.fits(day) for one in calendars)
        if not any(fitting):
            continue
        if fitting not in shapes:
            shapes[fitting] = _shape(
                [c for c, fits in zip(calendars, fitting, strict=True) if fits]
            )
        first, final, widest = shapes[fitting]
        start = offset * _DAY_SECONDS
        longest = max(longest, widest, start + first - last if last is not None else 0)
        last = start + final
    return longest / 3600 if longest else None


def _shape(calendars: Sequence[Calendar]) -> tuple[int, int, int]:
    """Return the first and the last second of a day, and the longest gap between."""
    times = sorted({second for one in calendars for second in one.seconds})
    gaps = (after - before for before, after in pairwise(times))
    return times[0], times[-1], max(gaps, default=0)


def numbers(
    text: str,
    low: int,
    high: int,
    names: Mapping[str, int] | None = None,
    *,
    range_mark: str = "-",
    number: Callable[[str], int] = int,
) -> frozenset[int]:
    """Read one field of a calendar: ``*``, ``*/15``, ``1-5``, ``mon,wed``, ``10-20/2``.

    Parameters
    ----------
    text : str
        The field.
    low, high : int
        What it may hold.
    names : mapping, optional
        Words for numbers, in lower case.
    range_mark : str
        Between the ends of a range: ``"-"`` for cron, ``".."`` for systemd.
    number : callable
        Turns digits into a number.

    Returns
    -------
    frozenset of int

    Raises
    ------
    ValueError
        If the text is no such field.
    """

    def one(word: str) -> int:
        known = (names or {}).get(word.lower())
        value = number(word) if known is None else known
        if not low <= value <= high:
            message = f"{value} is not between {low} and {high}"
            raise ValueError(message)
        return value

    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = int(step_text) if slash else 1
        if step < 1:
            message = f"a step of {step}"
            raise ValueError(message)
        head, mark, tail = span.partition(range_mark)
        if span == "*":
            first, last = low, high
        elif mark:
            first, last = one(head), one(tail)
        else:
            first = one(span)
            last = high if slash else first
        if first > last:
            message = f"{span} runs backwards"
            raise ValueError(message)
        found |= set(range(first, last + 1, step))
    return frozenset(found)
