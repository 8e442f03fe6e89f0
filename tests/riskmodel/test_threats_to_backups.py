"""Backups that never worked, damage that a check sees, and work that is lost with the source."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel.preset_catalogue import presets
from tests.riskmodel.threat_layouts import (
    DAY,
    NEVER_FAILS,
    YEAR,
    agree,
    backup,
    copy,
    layout,
    run,
)


def test_a_backup_that_never_worked_is_found_by_a_restore_only() -> None:
    never = presets().defaults.unrestorable

    def one(**check: Any) -> rm.LossEstimate:
        # only the loss of the primary's drive matters: every threat is told not to strike
        threats: dict[str, Any] = {"defaults": True}
        for name in ("mistake", "ransomware", "account-loss", "provider-failure", "key-loss",
                     "software-fault"):  # fmt: skip
            threats[name] = {"rate": "0/year"}
        return run(
            layout(
                copy("nas", role="primary"),
                copy(
                    "usb", fed=backup("nas", "1 day", missed=0), check={"every": "1 year"} | check
                ),
                threats=threats,
                shocks=[{"name": "surge", "rate": "0.05/year", "hits": ["nas"]}],
            ),
            trials=60_000,
        )

    for depth in ("listed", "bytes", "source"):
        loss = one(depth=depth)
        assert agree(loss.losses, loss.trials, never * -math.expm1(-0.05 * 10))
    drilled = one(depth="restore")
    assert agree(drilled.losses, drilled.trials, never * -math.expm1(-0.05))


@pytest.mark.slow
def test_backups_of_one_job_share_half_of_what_keeps_them_from_working() -> None:
    known = presets().defaults

    def both(first: str, second: str) -> float:
        tables = layout(
            copy("nas", role="primary", store={"media": "dies"}, recovery="never"),
            copy("b1", fed=backup("nas", "1 day", tool=first)),
            copy("b2", fed=backup("nas", "1 day", tool=second)),
            threats={"defaults": True}
            | {name: {"rate": "0/year"} for name in ("mistake", "ransomware", "software-fault")},
            media=NEVER_FAILS | {"dies": {"lifetime": {"exponential": {"mean": "1 h"}}}},
        )
        return run(tables, trials=100_000).losses / 100_000

    job = 1 - (1 - known.unrestorable) ** known.unrestorable_shared
    own = 1 - (1 - known.unrestorable) / (1 - job)
    for found, expected in (
        (both("t", "t"), job + (1 - job) * own**2),
        (both("t", "u"), known.unrestorable**2),
    ):
        assert abs(found - expected) < 4 * math.sqrt(expected / 100_000)


@pytest.mark.parametrize(
    ("depth", "after_days"), [("listed", 40), ("structure", 40), ("bytes", 10), ("restore", 10)]
)
def test_damage_is_seen_by_a_check_that_reads_the_bytes(depth: str, after_days: int) -> None:
    """Until it is seen the disk is lost, and a surge at the nas then loses everything."""
    tables = layout(
        copy("nas", role="primary", online=False),
        copy("disk", credentials="bob", check={"every": "20 days", "depth": depth}),
        threats={"mistake": {"rate": "2/year", "noticed": {"fixed": "40 days"}}},
        shocks=[{"name": "surge", "rate": "0.5/year", "hits": ["nas"]}],
        years=1,
    )
    loss = run(tables)
    # down for a fixed 40 days, or 0 to 20 days, after which it is good until the next mistake
    down = after_days * DAY / (YEAR / 2 + after_days * DAY)
    expected = -math.expm1(-0.5 * down)
    # the first cycle begins good and horizons cut the last: the formula is of the long run
    assert loss.losses / loss.trials == pytest.approx(expected, rel=0.15)


def test_work_lost_with_the_source_is_as_old_as_the_last_run() -> None:
    """A surge falls evenly between two weekly runs: older than a day 6 times of 7."""
    loss = run(
        layout(
            copy("nas", role="primary"),
            copy("usb", fed=backup("nas", "7 days")),
            shocks=[{"name": "surge", "rate": "0.05/year", "hits": ["nas"]}],
        )
    )
    assert agree(loss.rolled_back[0], loss.trials, -math.expm1(-0.05 * 10 * 6 / 7))
    assert loss.rolled_back[1:] == (0, 0)
    day, week, _ = loss.rollbacks
    low, high = day.interval()
    assert low < day.probability < high
    document = loss.to_dict()["rollback"]
    assert document["p_over_day"] == day.probability
    assert document["p_over_week"] is None
    assert document["intervals"]["p_over_week"] == list(week.interval())


def test_missed_runs_make_points_older() -> None:
    """With half of the runs missed by itself, older than a week with chance 1/2."""
    loss = run(
        layout(
            copy("nas", role="primary"),
            copy("usb", fed=backup("nas", "7 days", missed=0.5)),
            shocks=[{"name": "surge", "rate": "0.05/year", "hits": ["nas"]}],
        )
    )
    assert agree(loss.rolled_back[1], loss.trials, -math.expm1(-0.05 * 10 * 0.5))


def test_runs_by_hand_share_one_person() -> None:
    """Two weekly backups are both older than a week with chance E[m^2F], not (E[m^F])^2."""

    def both(by: str) -> float:
        loss = run(
            layout(
                copy("nas", role="primary"),
                copy("one", fed=backup("nas", "7 days", missed=0.5, by=by)),
                copy("two", fed=backup("nas", "7 days", missed=0.5, by=by)),
                shocks=[{"name": "surge", "rate": "0.05/year", "hits": ["nas"]}],
            ),
            trials=60_000,
        )
        return loss.rolled_back[1] / loss.trials

    from scipy.integrate import quad
    from scipy.stats import gamma

    variance = presets().defaults.hand_variance
    person = gamma(1 / variance, scale=variance)

    def given(frailty: float) -> float:
        missed = 1 - 0.5**frailty
        return -math.expm1(-0.05 * 10 * missed**2) * float(person.pdf(frailty))

    expected = quad(given, 0, 50)[0]
    assert abs(both("hand") - expected) < 4 * math.sqrt(expected / 60_000)
    assert abs(both("scheduler") + math.expm1(-0.05 * 10 * 0.25)) < 4 * math.sqrt(0.12 / 60_000)


def test_a_mirror_loses_no_work_and_a_replica_its_lag() -> None:
    def with_feed(**fed: Any) -> rm.LossEstimate:
        return run(
            layout(
                copy("nas", role="primary"),
                copy("other", fed={"from": "nas", **fed}),
                shocks=[{"name": "surge", "rate": "0.05/year", "hits": ["nas"]}],
            ),
            trials=5_000,
        )

    assert with_feed(how="mirror").rolled_back == (0, 0, 0)
    lagging = with_feed(how="replica", lag="2 days")
    assert agree(lagging.rolled_back[0], lagging.trials, -math.expm1(-0.05 * 10))
    assert lagging.rolled_back[1:] == (0, 0)
