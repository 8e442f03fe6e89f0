"""Quantities: what is accepted, converted and refused."""

from __future__ import annotations

import contextlib
import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.errors import UnitError
from riskmodel.units import format_hours, hours, parse


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("12 h", "time", 12.0),
        ("12h", "time", 12.0),
        ("2 days", "time", 48.0),
        ("1 year", "time", 8766.0),
        ("90 min", "time", 1.5),
        ("0.002/year", "rate", 0.002 / 8766.0),
        ("1.4 %/year", "rate", 0.014 / 8766.0),
        ("2e-06/hour", "rate", 2e-6),
        ("4 TB", "size", 4e12),
        ("1 TiB", "size", 2.0**40),
        ("120 MB/s", "bandwidth", 120e6 * 3600),
        ("100 Mbit/s", "bandwidth", 100e6 / 8 * 3600),
        ("50 km", "distance", 50.0),
        ("250 metres", "distance", 0.25),
        ("10 mins", "time", 1 / 6),
        ("3 yrs", "time", 3 * 8766.0),
        ("1 month", "time", 730.5),
        ("1 week", "time", 168.0),
        ("2 EB", "size", 2e18),
        ("1 kB", "size", 1e3),
        ("1 PiB", "size", 2.0**50),
        ("1 Gbit/s", "bandwidth", 1e9 / 8 * 3600),
        ("1 mile", "distance", 1.609344),
        ("30 %", "share", 0.3),
        (0.3, "share", 0.3),
        (17, "time", 17.0),
    ],
)
def test_quantities_become_inside_units(text: str, kind: str, value: float) -> None:
    assert parse(text, kind) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("12", "no unit"),
        ("4 TB", "another kind"),
        ("2 yaers", "did you mean 'years'"),
        (date(2030, 1, 1), "got 2030-01-01"),
        ("10 parsec", "unknown unit 'parsec'"),
        ("5 ms", "unknown unit 'ms'"),
        ("9**9**9 h", "expects a time"),
        ("1 h + 1 h", "expects a time"),
        ("h", "expects a time"),
        ("", "expects a time"),
        ("1" * 5000 + " h", "expects a time"),
        (True, "expects a time"),
        ([1], "expects a time"),
    ],
)
def test_what_is_no_time_is_refused_with_an_example(text: object, words: str) -> None:
    with pytest.raises(UnitError, match=words.replace("*", r"\*")) as caught:
        parse(text, "time")
    assert "TiB" not in str(caught.value)  # a time is made of no such units
    assert len(str(caught.value)) < 300


def test_a_name_tells_whose_time_is_refused() -> None:
    with pytest.raises(UnitError, match=r"^horizon: expects a time .* got '10', which has no unit"):
        hours("10", "horizon")


@given(st.floats(min_value=0, max_value=1e12, allow_nan=False))
def test_hours_written_by_python_come_back(value: float) -> None:
    assert hours(f"{value!r} h") == value


@given(st.text(max_size=40))
def test_any_text_is_a_quantity_or_one_clear_refusal(text: str) -> None:
    with contextlib.suppress(UnitError):
        assert not math.isnan(parse(text, "time"))


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("time", "day, hour, minute, month, second, week, year, years"),
        ("rate", "day, hour, minute, month, percent, second, week, year, years"),
        ("distance", "km, m, mile"),
        ("share", "percent"),
    ],
)
def test_units_of_the_wanted_kind_are_listed_and_no_others(kind: str, known: str) -> None:
    with pytest.raises(UnitError, match=rf"; known: {known}$"):
        parse("3 qqq", kind)


@pytest.mark.parametrize(
    ("value", "text"), [(8766, "1 year"), (36, "1.5 days"), (1, "1 hour"), (0.5, "0.5 hours")]
)
def test_times_are_written_for_people(value: float, text: str) -> None:
    assert format_hours(value) == text
