"""Exact answers against the events engine, and against a simulation written from the words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

import riskmodel as rm
from riskmodel.exact import loss_probability
from tests.figures import tell_scores


def _exp(hours: float) -> dict[str, Any]:
    return {"exponential": {"mean": f"{hours} h"}}


DISK = {"lifetime": _exp(20_000)}


def _arrays(rule: str, repairs: str) -> dict[str, Any]:
    common = {"repairs": repairs, "latent_rule": rule, "latent_loss": "whole"}
    first = {
        "level": "raid6",
        "drives": 5,
        "media": "d",
        "rebuild": _exp(400),
        "scrub": _exp(1000),
        "rebuild_error": 0.2,
        "stress": [2, 4],
        "shocks": [{"name": "power", "rate": "0.5/year", "kills": 0.3}],
    }
    second = {"level": "raid1", "drives": 2, "media": "e", "rebuild": _exp(300)}
    return {
        "horizon": "5 years",
        "media": {
            "d": {"lifetime": _exp(30_000), "latent_errors": {"mean_time": "20000 h"}},
            "e": {"lifetime": _exp(15_000), "latent_errors": {"mean_time": "9000 h"}},
        },
        "copies": [
            {"name": "array", "recovery": _exp(800), "store": first | common},
            {
                "name": "mirror",
                "recovery": _exp(1500),
                "store": second | common | {"rebuild_error": 0.1},
            },
        ],
    }


def _striped(repairs: str) -> dict[str, Any]:
    store = {
        "tolerates": 3,
        "drives": 6,
        "groups": 2,
        "media": "d",
        "rebuild": _exp(600),
        "repairs": repairs,
        "latent_loss": "whole",
        "rebuild_error": 0.5,
        "shocks": [{"name": "power", "rate": "0.4/year", "kills": 0.4}],
    }
    media = {"d": {"lifetime": _exp(15_000)}}
    return {"horizon": "2 years", "media": media, "copies": [{"name": "x", "store": store}]}


LAYOUTS: dict[str, dict[str, Any]] = {
    "fire safe, theft, checks": {
        "horizon": "5 years",
        "media": {"d": DISK},
        "sites": {
            "home": {
                "recovery": _exp(2000),
                "perils": {
                    "fire": {"rate": "0.2/year"},
                    "theft": {"rate": "0.3/year", "takes": "media"},
                },
            },
            "friend": {
                "perils": {
                    "theft": {"rate": "0.3/year", "takes": "media"},
                    "flood": {"rate": "0.1/year"},
                }
            },
        },
        "copies": [
            {"name": "pc", "site": "home", "store": {"media": "d"}, "recovery": _exp(240)},
            {
                "name": "safe",
                "site": "home",
                "store": {"media": "d"},
                "vulnerability": 0.4,
                "offline": True,
                "check": {"every": "90 days"},
                "recovery": _exp(120),
            },
            {
                "name": "far",
                "site": "friend",
                "store": {"media": "d"},
                "vulnerability": 0.7,
                "offline": True,
                "check": {"every": "200 days"},
                "recovery": _exp(300),
            },
        ],
    },
    "never noticed": {
        "horizon": "5 years",
        "media": {"d": DISK},
        "sites": {
            "home": {
                "recovery": _exp(2000),
                "perils": {
                    "fire": {"rate": "0.3/year"},
                    "theft": {"rate": "0.2/year", "takes": "media"},
                },
            }
        },
        "copies": [
            {"name": "pc", "site": "home", "store": {"media": "d"}, "recovery": _exp(1000)},
            {
                "name": "usb",
                "site": "home",
                "store": {"media": "d"},
                "offline": True,
                "vulnerability": 0.5,
                "recovery": _exp(500),
            },
            {"name": "far", "store": {"media": "d"}, "offline": True, "recovery": _exp(500)},
        ],
    },
    **{
        f"latent errors {rule} {repairs}": _arrays(rule, repairs)
        for rule in ("at-failure", "at-failure-and-rebuild")
        for repairs in ("parallel", "serial")
    },
    **{f"striped {repairs}": _striped(repairs) for repairs in ("parallel", "serial")},
    "shocks that choose": {
        "horizon": "3 years",
        "media": {"d": DISK},
        "sites": {
            "a": {"recovery": _exp(2000)},
            "b": {"recovery": _exp(2500), "perils": {"fire": {"rate": "0.1/year"}}},
            "c": {},
            "empty": {"recovery": _exp(900)},
        },
        "copies": [
            {"name": "a1", "site": "a", "store": {"media": "d"}, "recovery": _exp(200)},
            {
                "name": "a2",
                "site": "a",
                "vulnerability": 0.6,
                "store": {"media": "d"},
                "recovery": _exp(200),
            },
            {"name": "b1", "site": "b", "store": {"media": "d"}, "recovery": _exp(300)},
            {
                "name": "c1",
                "site": "c",
                "vulnerability": 0.8,
                "store": {"media": "d"},
                "recovery": _exp(500),
                "check": {"every": "100 days"},
            },
        ],
        "shocks": [
            {"name": "two", "rate": "1/year", "hits": ["a", "b", "c", "empty"], "choose": 2},
            {"name": "bad", "rate": "0.5/year", "hits": {"a1": 0.5, "b1": 0.5, "c": 0.3}},
            {"name": "more", "rate": "0.5/year", "hits": ["a1", "a2", "c1"], "choose": 2},
        ],
    },
    "two frailties": {
        "horizon": "5 years",
        "media": {
            "d": {
                "lifetime": _exp(40_000),
                "batch": {"label": "b", "variance": 0.8},
                "model": {"label": "m", "variance": 0.5},
            },
            "e": {"lifetime": _exp(20_000), "model": {"label": "m", "variance": 0.5}},
        },
        "copies": [
            {
                "name": "array",
                "recovery": _exp(800),
                "store": {"level": "raid5", "drives": 5, "media": "d", "rebuild": _exp(300)},
            },
            {"name": "disk", "recovery": _exp(1500), "store": {"media": "e"}},
        ],
    },
    "fixed rebuild": {
        "horizon": "2 years",
        "media": {"d": {"lifetime": _exp(20_000), "batch": {"label": "b", "variance": 1.5}}},
        "copies": [
            {
                "name": "x",
                "store": {
                    "level": "raid5",
                    "drives": 5,
                    "groups": 2,
                    "media": "d",
                    "rebuild": {"fixed": "300 h"},
                    "stress": [1.7, 3],
                },
            }
        ],
    },
    "wear without replacement": {
        "horizon": "5 years",
        "media": {
            "d": {
                "age": "2 years",
                "lifetime": {
                    "competing": [
                        {"weibull": {"shape": 3, "scale": "50000 h"}},
                        {"gompertz": {"rate": "0.05/year", "growth": "-1/year"}},
                    ]
                },
                "batch": {"label": "b", "variance": 0.6},
            },
            "e": {
                "lifetime": {"lognormal": {"median": "5 years", "sigma": 0.5}},
                "batch": {"label": "b", "variance": 0.6},
            },
        },
        "copies": [
            {
                "name": "array",
                "recovery": "never",
                "store": {
                    "level": "raid5",
                    "drives": 4,
                    "groups": 2,
                    "rebuild": "never",
                    "media": "d",
                },
            },
            {
                "name": "drawer",
                "store": {"media": "e"},
                "offline": True,
                "recovery": {"fixed": "3 days"},
            },
        ],
    },
    "recoveries that take no time": {
        "horizon": "5 years",
        "media": {"d": DISK},
        "sites": {
            "a": {"recovery": {"fixed": "0 h"}, "perils": {"fire": {"rate": "0.5/year"}}},
            "b": {"perils": {"fire": {"rate": "0.5/year"}}},
        },
        "copies": [
            {
                "name": "x",
                "site": "a",
                "vulnerability": 0.5,
                "store": {"media": "d"},
                "recovery": _exp(3000),
            },
            {"name": "y", "site": "a", "store": {"media": "d"}, "recovery": _exp(1000)},
            {
                "name": "z",
                "site": "b",
                "store": {"media": "d"},
                "recovery": {"fixed": "0 h"},
                "check": {"every": "1000 h"},
            },
        ],
        "shocks": [{"name": "quake", "rate": "1/year", "hits": {"a": 0.5, "b": 0.5, "z": 0.2}}],
    },
}


def _assert_agree(trials: int, seed: int) -> None:
    scores = {}
    for k, (name, tables) in enumerate(LAYOUTS.items()):
        layout = rm.Layout.from_dict({"name": name, **tables})
        exact = loss_probability(layout).probability
        loss = rm.simulate(layout, method="events", trials=trials, seed=seed + k)
        scores[name] = (loss.probability - exact) / math.sqrt(exact * (1.0 - exact) / trials)
    tell_scores(scores)
    far = {name: score for name, score in scores.items() if abs(score) >= 4.0}
    assert not far
    assert sum(score * score for score in scores.values()) < chi2.ppf(0.999, len(scores)), scores


def test_exact_and_events_agree() -> None:
    _assert_agree(trials=60_000, seed=50)


@pytest.mark.parametrize(
    ("trials", "seed"),
    [
        pytest.param(300_000, 4000, marks=pytest.mark.slow),
        pytest.param(2_000_000, 5000, marks=pytest.mark.proof),
    ],
)
def test_exact_and_events_agree_to_more_digits(trials: int, seed: int) -> None:
    _assert_agree(trials, seed)


def _history(draw: np.random.Generator, horizon: float) -> bool:
    """One history of a disk at home and one in a safe there: whether both are lost at once."""
    life, fire, vulnerability, every = 4000.0, 1 / 6000.0, 0.3, 1500.0
    disk_recovery, safe_recovery, site_recovery = 300.0, 200.0, 900.0
    never = math.inf
    now, standing = 0.0, True
    disk = safe = "intact"
    while True:
        delays = {
            "disk fails": draw.exponential(life) if disk == "intact" else never,
            "safe fails": draw.exponential(life) if safe == "intact" else never,
            "disk back": draw.exponential(disk_recovery) if disk == "recovering" else never,
            "safe back": draw.exponential(safe_recovery) if safe == "recovering" else never,
            "fire": draw.exponential(1 / fire) if standing else never,
            "site back": never if standing else draw.exponential(site_recovery),
            "check": (math.floor(now / every) + 1.0) * every - now,
        }
        event = min(delays, key=lambda name: delays[name])
        now += delays[event]
        if event == "check":  # land on the instant itself, or rounding repeats it
            now = round(now / every) * every
        if now > horizon:
            return False
        if event == "disk fails":
            disk = "recovering" if standing else "waits for the site"
        elif event == "safe fails":
            safe = "unnoticed" if standing else "waits for the site"
        elif event == "disk back":
            disk = "intact"
        elif event == "safe back":
            safe = "intact"
        elif event == "check" and safe == "unnoticed":
            safe = "recovering"
        elif event == "fire":
            standing, disk = False, "waits for the site"
            if safe != "intact" or draw.random() < vulnerability:
                safe = "waits for the site"
        elif event == "site back":
            standing, disk, safe = True, "intact", "intact"
        if disk != "intact" and safe != "intact":
            return True


def test_a_safe_at_home_against_a_simulation_from_the_words() -> None:
    layout = rm.Layout.from_dict(
        {
            "horizon": "8000 h",
            "media": {"d": {"lifetime": _exp(4000)}},
            "sites": {
                "home": {
                    "recovery": _exp(900),
                    "perils": {"fire": {"rate": f"{1 / 6000!r}/hour"}},
                }
            },
            "copies": [
                {"name": "disk", "site": "home", "store": {"media": "d"}, "recovery": _exp(300)},
                {
                    "name": "safe",
                    "site": "home",
                    "store": {"media": "d"},
                    "vulnerability": 0.3,
                    "check": {"every": "1500 h"},
                    "recovery": _exp(200),
                },
            ],
        }
    )
    exact = loss_probability(layout).probability
    draw = np.random.default_rng(11)
    trials = 30_000
    share = sum(_history(draw, 8000.0) for _ in range(trials)) / trials
    assert abs(share - exact) < 4 * math.sqrt(exact * (1 - exact) / trials)
