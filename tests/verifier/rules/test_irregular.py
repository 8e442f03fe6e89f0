"""Promises against points: late, thinned out by retention, by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.verifier.inventories import NOW, declared, measured, place, view
from verifier.inventory import Evidence, Fact, Points, Schedule
from verifier.rules import Status, irregular

DAILY = measured(Schedule("cron", "/etc/cron.d/x:3", 24.0))


def points(*days_ago: float) -> Points:
    return Points.at(NOW - timedelta(days=days) for days in days_ago)


def found(schedule, days_ago):
    usb = place("usb", "sdb", schedule=schedule, points=points(*days_ago))
    return list(irregular.judge(view(usb)))


@pytest.mark.parametrize(
    "days_ago",
    [
        (0.5, 1.5, 2.5, 3.5),
        (0.5, 2.5, 3.5, 4.5),  # one run missed
        (1, 2, 3, 4, 5, 6, 7, 14, 21, 28, 60),  # keep daily 7, weekly 4, monthly
        (1,),
        (),
    ],
)
def test_regular_points_say_nothing(days_ago):
    assert found(DAILY, days_ago) == []


@pytest.mark.parametrize(
    ("days_ago", "words"),
    [
        ((4, 5, 6), "has no point for 4 days"),
        ((1, 7, 13, 19), "6 days apart (median), the longest gap is 6 days"),
        ((1, 2, 6, 7, 8), "the longest gap is 4 days"),
    ],
)
def test_missing_runs_are_told_with_the_promise(days_ago, words):
    (finding,) = found(DAILY, days_ago)
    assert finding.status is Status.FAIL
    assert words in finding.message
    assert "cron (/etc/cron.d/x:3) promises one every 1 day" in finding.message


def test_a_copy_by_hand_is_a_question_or_a_statement():
    guessed = Fact(Schedule("by hand"), Evidence.INFERRED, "nothing names it")
    (finding,) = found(guessed, (1, 2, 3))
    assert finding.status is Status.UNKNOWN
    (finding,) = found(declared(Schedule("by hand")), (1, 2, 3))
    assert finding.status is Status.FAIL


def test_nobody_is_blamed_without_a_promise():
    assert found(Fact(), (90, 200)) == []
    assert found(measured(Schedule("cron", "x", None)), (90, 200)) == []
