"""What strikes a place at once: a home with everything plugged in, and whom a surge spares."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel.errors import LayoutError
from riskmodel.preset_catalogue import presets
from tests.twins import simulate_naively as play

YEAR = 8766.0


def _home(copies: list[dict[str, Any]], **site: Any) -> rm.Layout:
    """Copies that never fail of themselves, so that only the place can take them."""
    return rm.Layout.from_dict(
        {
            "horizon": "1 year",
            "sites": {"home": {"kind": "home"} | site},
            "media": {"sound": {"lifetime": "none"}},
            "copies": [
                {"site": "home", "store": {"media": "sound"}, "recovery": {"fixed": "5 days"}}
                | copy
                for copy in copies
            ],
        }
    )


PLUGGED = [{"name": "laptop"}, {"name": "nas", "check": {"every": "90 days"}}]


def test_a_home_with_everything_plugged_in_loses_all_at_half_to_one_percent_a_year() -> None:
    loss = rm.simulate(_home(PLUGGED, recovery={"fixed": "30 days"}), method="exact")
    assert 0.005 < loss.probability < 0.01
    yearly = 0.0005 + 0.015 * 0.34 * 0.7 + 0.0179 * 0.1 + 0.003 * 0.5 + 0.00053
    assert loss.probability == pytest.approx(-math.expm1(-yearly), rel=1e-6)


def test_its_report_shows_which_causes() -> None:
    layout = _home(PLUGGED, recovery={"fixed": "30 days"})
    loss = rm.simulate(layout, method="events", trials=400_000, seed=3)
    shares = {cause.name: cause for cause in loss.causes}
    perils = presets().sites["home"].perils
    total = sum(peril.rate for peril in perils.values())
    assert set(shares) == {f"{name} at home" for name in perils}
    for name, peril in perils.items():
        found = shares[f"{name} at home"]
        assert abs(found.share - peril.rate / total) < 4.0 * found.standard_error
    from riskmodel._text import estimate_text

    text = estimate_text(loss)
    for name in perils:
        assert f"{name} at home" in text


@pytest.mark.parametrize(
    "spared",
    [
        {"offline": True, "check": {"every": "90 days"}},
        {"store": {"media": "lto"}, "check": {"every": "90 days"}},
        {
            "rotation": 2,
            "check": {"every": "90 days"},
            "fed": {"from": "laptop", "every": "7 days"},
        },
        {"vulnerability": 0.0},
    ],
)
def test_a_surge_spares_what_is_unplugged(spared: dict[str, Any]) -> None:
    perils = {name: {"rate": "0/year"} for name in presets().sites["home"].perils}
    raw = [{"name": "laptop"}, {"name": "other"} | spared]
    for plugged in (False, True):
        layout = _home(raw if not plugged else PLUGGED, perils=perils | {"surge": {"rate": "1/h"}})
        loss = rm.simulate(layout, horizon="1 h", method="events", trials=400, seed=1)
        assert (loss.losses > 0) == plugged


def test_methods_and_the_twin_agree_on_surges() -> None:
    """A safe box halves what a surge takes of one copy; checks find it later."""
    perils = {name: {"rate": "0/year"} for name in presets().sites["home"].perils}
    perils["surge"] = {"rate": "3/year"}
    copies = [
        {"name": "a", "recovery": {"exponential": {"mean": "40 days"}}},
        {"name": "b", "recovery": {"exponential": {"mean": "40 days"}}, "vulnerability": 0.3},
        {"name": "c", "offline": True, "check": {"every": "30 days"}},
    ]
    two = _home(copies[:2], perils=perils)
    exact = rm.simulate(two, method="exact").probability
    for method in ("events", "conditional"):
        loss = rm.simulate(two, method=method, trials=20_000, seed=4)
        assert abs(loss.probability - exact) < 4.0 * loss.standard_error
    naive = play(two, trials=3000, seed=5)
    share = len(naive.loss_times) / 3000
    assert abs(share - exact) < 4.0 * math.sqrt(exact * (1.0 - exact) / 3000)
    assert not rm.simulate(_home(copies, perils=perils), method="events", trials=300).losses


@pytest.mark.parametrize("kind", ["home", "flat", "office", "server-room", "data-centre",
                                  "cloud-region", "bank-vault", "car-boot"])  # fmt: skip
def test_every_kind_of_place_computes(kind: str) -> None:
    layout = _home([{"name": "a"}], kind=kind)
    yearly = sum(peril.rate for peril in presets().sites[kind].perils.values()) * YEAR
    assert rm.simulate(layout).probability == pytest.approx(-math.expm1(-yearly), rel=1e-6)


def _disk(**keys: Any) -> rm.Layout:
    return rm.Layout.from_dict(
        {"media": {"m": {"afr": 0.02} | keys}, "copies": [{"name": "a", "store": {"media": "m"}}]}
    )


@pytest.mark.parametrize(
    ("preset", "variance"),
    [
        ("model", 0.69),
        ("model-2016", 1.54),
        ("lot", 0.14),
        ("deployed-together", 0.28),
        ("bought-together", 0.30),
        # 5 % of models have 15 times the hazard of the others: variance over squared mean
        ("bad-batch", 0.05 * 0.95 * 14**2 / (1 + 0.05 * 14) ** 2),
    ],
)
def test_a_frailty_comes_by_name(preset: str, variance: float) -> None:
    label = _disk(batch={"label": "x", "preset": preset}).medium("m").batch
    assert label is not None
    assert label.variance == pytest.approx(variance, rel=1e-3)
    own = _disk(batch={"label": "x", "preset": preset, "variance": 0.5})
    assert own.medium("m").batch.variance == 0.5
    assert own.replace("media.m.batch.variance", 0.7).medium("m").batch.variance == 0.7


def test_a_shelf_shock_comes_by_name() -> None:
    raw = {
        "media": {"m": {"lifetime": "none"}},
        "copies": [
            {
                "name": "a",
                "store": {
                    "media": "m",
                    "level": "raid6",
                    "drives": 8,
                    "rebuild": {"exponential": {"mean": "12 h"}},
                    "shocks": [{"preset": "shelf"}],
                },
            }
        ],
    }
    layout = rm.Layout.from_dict(raw)
    assert layout.copies[0].store.shocks[0].name == "shelf"
    loss = rm.simulate(layout, horizon="10 years", method="exact")
    assert loss.probability == pytest.approx(-math.expm1(-10 * 0.005 * 0.05), rel=1e-6)


def test_readers_grow_scarce_by_name() -> None:
    """The lognormal has the median and relative spread of the triangular law of 7, 10 and 20."""
    law = _disk(obsolescence="readers").medium("m").obsolescence
    assert law is not None
    assert law.lognormal is not None
    assert law.lognormal.median / YEAR == pytest.approx(20 - math.sqrt(13 * 10 / 2), rel=1e-3)
    spread = math.sqrt((49 + 100 + 400 - 70 - 140 - 200) / 18) / (37 / 3)
    assert math.sqrt(math.expm1(law.lognormal.sigma**2)) == pytest.approx(spread, rel=0.02)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"batch": {"label": "x", "preset": "lott"}},
            "batch: preset: unknown preset 'lott'; did you mean 'lot'",
        ),
        ({"batch": {"label": "x"}}, "media.m.batch.variance: is required"),
        ({"obsolescence": "reader"}, "unknown law 'reader'; did you mean 'readers'"),
    ],
)  # fmt: skip
def test_a_slip_in_a_name_gets_one_message(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(LayoutError) as caught:
        _disk(**keys)
    assert said in str(caught.value)
