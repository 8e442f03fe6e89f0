"""Threats of other populations by name, and malware that does not always take the backups too."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel._threats import people_of, threats_of
from riskmodel.errors import LayoutError
from riskmodel.preset_catalogue import presets
from tests.twins import simulate_naively

YEAR = 8766.0


def _layout(threats: dict[str, Any], **backup: Any) -> rm.Layout:
    copy = {"store": {"media": "m"}, "recovery": {"fixed": "0 h"}, "credentials": "ada"}
    return rm.Layout.from_dict(
        {
            "horizon": "10 years",
            "media": {"m": {"lifetime": "none"}},
            "copies": [
                {"name": "nas", "role": "primary"} | copy,
                {"name": "usb", "role": "backup"} | copy | backup,
            ],
            "threats": threats,
        }
    )


def test_a_threat_of_another_population_comes_by_name() -> None:
    found = threats_of(_layout({"ransomware": {"preset": "ransomware-business"}}))["ransomware"]
    known = presets().shocks["ransomware-business"]
    assert (found.rate, found.noticed, found.backups) == (known.rate, known.noticed, 0.54)
    own = {"ransomware": {"preset": "ransomware-business", "rate": "7 %/year", "backups": 1}}
    found = threats_of(_layout(own))["ransomware"]
    assert (found.rate, found.backups) == (pytest.approx(0.07 / YEAR), 1.0)
    paths = {item.path for item in rm.parameters_used(_layout(own))}
    assert paths == {"threats.ransomware.noticed"}


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("method", ["events", "conditional"])
def test_malware_takes_the_backups_too_with_its_chance(share: float, method: str) -> None:
    threat = {"rate": "0.05/year", "noticed": {"fixed": "1 h"}, "backups": share}
    layout = _layout({"ransomware": threat})
    expected = -math.expm1(-share * 0.05 * 10)
    if share == 0.0:
        assert rm.simulate(layout, method="events", trials=2000).losses == 0
        return
    loss = rm.simulate(layout, method=method, trials=20_000, seed=2)
    assert abs(loss.probability - expected) < 4.0 * loss.standard_error + 1e-12
    assert [cause.name for cause in loss.causes] == ["ransomware of ada"]


def test_the_twin_agrees_where_backups_follow_their_source() -> None:
    """The spared backup takes the damage over at its next run unless it is seen before."""
    fed = {"from": "nas", "every": "70 days"}
    threat = {"rate": "0.2/year", "noticed": {"fixed": "30 days"}, "backups": 0.4}
    layout = _layout({"ransomware": threat}, fed=fed)
    expected = -math.expm1(-0.2 * 10 * (0.4 + 0.6 * 3 / 7))
    loss = rm.simulate(layout, method="events", trials=20_000, seed=3)
    assert abs(loss.probability - expected) < 4.0 * loss.standard_error
    assert {cause.name for cause in loss.causes} == {
        "ransomware of ada",
        "ransomware of ada, sparing backups",
    }
    naive = simulate_naively(layout, trials=500, seed=4)
    share = len(naive.loss_times) / 500
    assert abs(share - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / 500)
    assert set(naive.causes) == {cause.name for cause in loss.causes}


def test_a_household_loses_what_is_reached_and_so_does_a_mistake() -> None:
    causes = {reach.cause for reach in people_of(_layout({"defaults": True})).reaches}
    assert causes == {"mistake of ada", "ransomware of ada"}


@pytest.mark.parametrize(
    ("threats", "said"),
    [
        ({"ransomware": {"preset": "ransomware-busines"}}, "did you mean 'ransomware-business'"),
        ({"mistake": {"preset": "ransomware"}}, "threats.mistake.preset: unknown preset"),
        ({"mistake": {"rate": "1 %/year", "backups": 0.5}}, "only ransomware may spare"),
    ],
)  # fmt: skip
def test_bad_threats_get_one_message(threats: dict[str, Any], said: str) -> None:
    with pytest.raises(LayoutError) as caught:
        rm.simulate(_layout(threats), trials=10)
    assert said in str(caught.value)
