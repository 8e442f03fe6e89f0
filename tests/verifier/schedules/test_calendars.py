"""Promised intervals, from the words of cron and of systemd."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.schedules import cron, systemd
from verifier.schedules._calendar import longest_gap_hours

DAY = 24.0


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        ("0 */4 * * *", 4),
        ("30 3 * * *", DAY),
        ("0 3 * * 1", 7 * DAY),
        ("0 3 * * mon", 7 * DAY),
        ("0 3 * * 0", 7 * DAY),
        ("0 3 * * 7", 7 * DAY),
        ("30 2 1 * *", 31 * DAY),
        ("0 2 * * 1-5", 3 * DAY),
        ("*/15 * * * *", 0.25),
        ("0 9,17 * * *", 16),
        ("@weekly", 7 * DAY),
        ("0 0 1 1 *", 366 * DAY),
        ("0 0 30 2 *", None),
        ("@reboot", None),
        # cron's rule: on the 1st and on Mondays
        ("0 0 1 * 1", 7 * DAY),
    ],
)
def test_a_line_of_cron_promises_its_longest_gap(moment, hours):
    assert cron.interval_hours(moment) == hours


@pytest.mark.parametrize(
    "moment", ["60 * * * *", "* * * *", "a b c d e", "*/0 * * * *", "1-x * * * *"]
)
def test_what_cron_would_refuse_is_refused(moment):
    with pytest.raises(ValueError):
        cron.interval_hours(moment)


@pytest.mark.parametrize(
    ("event", "hours"),
    [
        ("daily", DAY),
        ("weekly", 7 * DAY),
        ("monthly", 31 * DAY),
        ("quarterly", 92 * DAY),
        ("*:0/15", 0.25),
        ("*-*-* 02:30", DAY),
        ("02:30", DAY),
        ("Mon..Fri 02:30", 3 * DAY),
        ("Mon,Wed,Fri 02:30", 3 * DAY),
        ("*-*-1,15 03:00", 17 * DAY),
        ("Mon *-*-01..07 03:00", 35 * DAY),
        ("Sun *-*-1..7 1:00:00", 35 * DAY),
        ("*-*~01 03:00", 31 * DAY),
        ("Sat 22:00 Europe/Amsterdam", 7 * DAY),
        ("2027-01-01 00:00", None),
    ],
)
def test_a_calendar_event_promises_its_longest_gap(event, hours):
    assert longest_gap_hours(systemd.parse_calendar(event)) == hours


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.integration
@pytest.mark.parametrize(
    "event", ["Mon..Fri 02:30", "*-*-1,15 03:00", "Fri..Sun 04:20", "Sun *-*-1..7 1:00"]
)
def test_systemd_itself_sees_no_longer_gap(event):
    asked = ["systemd-analyze", "calendar", "--iterations=200", event]
    shown = subprocess.run(
        asked,
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    ).stdout
    times = [
        datetime.fromisoformat(" ".join(line.split()[-3:-1]))
        for line in shown.splitlines()
        if "Next elapse:" in line or "Iter. #" in line
    ]
    assert len(times) == 200
    gaps = [(b - a).total_seconds() / 3600 for a, b in pairwise(times)]
    assert max(gaps) == longest_gap_hours(systemd.parse_calendar(event))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1d", 86400), ("2h 30min", 9000), ("1week", 604800), ("5M", 5 * 2629800)],
)
def test_spans(text, seconds):
    assert systemd.parse_span(text) == seconds


@given(st.text(max_size=40))
def test_nonsense_is_refused_in_one_way(text):
    for read in (cron.interval_hours, systemd.parse_calendar, systemd.parse_span):
        with suppress(ValueError):
            read(text)


def test_a_timer_adds_its_random_delay_and_a_cleared_event_counts_no_more():
    unit = systemd.parse_unit("[Timer]\nOnCalendar=daily\nRandomizedDelaySec=3h\n")
    assert systemd.timer_hours(unit) == 27
    changed = systemd.parse_unit("[Timer]\nOnCalendar=\nOnCalendar=weekly\n", unit)
    assert systemd.timer_hours(changed) == 7 * DAY + 3
    assert systemd.timer_hours(systemd.parse_unit("[Timer]\nOnUnitActiveSec=6h\n")) == 6
    assert systemd.timer_hours(systemd.parse_unit("[Timer]\nOnBootSec=5min\n")) is None
