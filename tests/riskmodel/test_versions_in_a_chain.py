"""How old the last good version is where it came through a lag, or through another copy."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from tests.riskmodel.threat_layouts import backup, copy, layout

METHODS = ["events", "conditional", "excursion"]
RATE, YEARS = 0.02, 10
SECOND = 2e-4  # of another mistake within days, also at the last copy itself, they know nothing


def chance(fed: list[dict[str, Any]], within: int, noticed: int, method: str) -> rm.LossEstimate:
    """Keep versions in the last copy only, and let mistakes at the first be noticed late."""
    copies = [copy("c0", role="primary", credentials="ada")]
    for number, feed in enumerate(fed, 1):
        copies.append(copy(f"c{number}", fed=feed))
    copies[-1]["retention"] = {"within": f"{within} days"}
    law = {"fixed": f"{noticed} days"}
    threats = {"mistake": {"rate": f"{RATE}/year", "noticed": law}}
    tables = layout(*copies, threats=threats, years=YEARS)
    return rm.simulate(tables, method=method, trials=20_000, seed=1)


def held(loss: rm.LossEstimate, share: float) -> None:
    """Hold an interval of four standard errors against a share of mistakes that lose all."""
    low, high = loss.interval(math.erf(4 / math.sqrt(2)))
    expected = -math.expm1(-RATE * YEARS * share)
    assert low - SECOND <= expected <= high


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("lag", "within", "noticed"), [(2, 4, 3), (2, 4, 5), (2, 1, 3), (3, 1, 2), (5, 7, 6)]
)
def test_good_data_on_its_way_arrives_before_the_damage(lag, within, noticed, method) -> None:
    """Its newest good version is of the instant of the mistake, a lag old as it comes."""
    feed = {"from": "c0", "how": "replica", "lag": f"{lag} days"}
    loss = chance([feed], within, noticed, method)
    held(loss, float(noticed > max(lag, within)))


@pytest.mark.parametrize("method", METHODS)
def test_of_two_runs_at_one_instant_the_later_copy_takes_what_the_earlier_held(method) -> None:
    """Every 10 and every 30 days: what comes on day 30 is of day 20.

    A mistake x days after a run of the second is in the first after at most 10 days, and in the
    second at its next run, but for x > 20 only at the one after: by that of day 30 the first holds
    what is of day 20. For x < 20 it has come when it is noticed, 35 days later; what the second
    held is of 10 days before its last run, x + 10 + 35 days ago: within 40 days never. For x > 20
    it comes on day 60, for x < 25 after the notice; for x > 25 before: what came on day 30 is of
    day 20, x - 20 + 35 days ago, which is within 40 days for x < 25 only. So 20 < x < 25 survives.
    """
    loss = chance([backup("c0", "10 days"), backup("c1", "30 days")], 40, 35, method)
    held(loss, 25 / 30)


@pytest.mark.parametrize("method", METHODS)
def test_runs_of_the_second_between_the_mistake_and_its_first_bring_good_data(method) -> None:
    """Daily runs of the second, ten days apart of the first: the second is as new as the first.

    Damage is in the first at its next run, in the second the day after. A mistake y days after a
    run of the first is then noticed 15 days later, when the newest good version is y + 15 old:
    lost if it came (y > 0 always, as 10 + 1 < 15) and y + 15 > 20.
    """
    loss = chance([backup("c0", "10 days"), backup("c1", "1 day")], 20, 15, method)
    held(loss, 0.5)
