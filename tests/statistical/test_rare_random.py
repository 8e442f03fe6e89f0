"""The engines of rare losses against plain trials, over random layouts of the whole law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._program import compile_layout
from tests.random_layouts import random_layout, random_tables, rarer
from tests.scores import assert_like_normal, is_flagged, score

METHODS = ("conditional", "excursion")
FACTORS = (3.0, 10.0, 30.0, 100.0, 300.0)
PILOT_LOSSES = 150
RARE, INFLATED = 0.003, 0.01  # the most frequent losses of a layout in slow motion


@dataclass(frozen=True)
class Case:
    """A layout, and what plain trials say of it."""

    layout: rm.Layout
    plain: rm.LossEstimate


def _layout(rng: np.random.Generator, draw: Callable[..., rm.Layout]) -> rm.Layout:
    """Draw a layout without formats that end, which are for method events only."""
    while True:
        layout = draw(rng)
        if compile_layout(layout).program.formats == 0:
            return layout


def _of_any_horizon(rng: np.random.Generator) -> rm.Layout:
    layout = rm.Layout.from_dict(random_tables(rng))
    return layout.replace("horizon", f"{rng.uniform(1.0, 3.0):.3g} years")


@cache
def _frequent(seed: int, trials: int) -> Case:
    layout = _layout(np.random.default_rng(seed), random_layout)
    return Case(layout, rm.simulate(layout, method="events", trials=trials, seed=seed))


@cache
def _slowed(
    seed: int,
    trials: int,
    most: float,
    draw: Callable[..., rm.Layout] = random_layout,
    pilot_losses: int = PILOT_LOSSES,
) -> Case:
    """Draw a layout that is lost, in slow motion, in at most a share of the trials.

    The pilots only choose the layout; what is compared are the plain trials after them.
    """
    rng = np.random.default_rng(seed)
    for _ in range(20):
        layout = _layout(rng, draw)
        for factor in FACTORS:
            slow = rarer(layout, factor)
            pilot_trials = round(pilot_losses / most)
            pilot = rm.simulate(slow, method="events", trials=pilot_trials, seed=10**9 + seed)
            if 0 < pilot.losses <= pilot_losses:
                return Case(slow, rm.simulate(slow, method="events", trials=trials, seed=seed))
    pytest.fail(f"seed {seed}: losses stay frequent")


def _assert_agree(
    cases: dict[int, Case], method: str, trials: int, *, most: float, may_warn: float
) -> int:
    """Compare, and count the scores; an estimate that warns is held to its interval only.

    Of one that is not bounded this is its lower end.
    """
    scores = {}
    warned = []
    for seed, case in cases.items():
        found = rm.simulate(case.layout, method=method, trials=trials, seed=10**6 + seed)
        if is_flagged(found):
            warned.append(seed)
            low, high = found.interval(0.999)
            plain_low, plain_high = case.plain.interval(0.999)
            assert max(low, plain_low) <= min(high, plain_high), (seed, found)
        else:
            # of the two guesses of plain trials' error, that from few losses is the worse one
            error = math.sqrt(found.probability * (1.0 - found.probability) / case.plain.trials)
            scores[str(seed)] = score(found, case.plain.probability, error)
    assert len(warned) <= max(may_warn * len(cases), 1.0), warned
    assert_like_normal(scores, most)
    return len(scores)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "seeds", [(500, 504, 510, 511), pytest.param((501, 502, 503), marks=pytest.mark.proof)]
)
def test_a_few_layouts_with_frequent_losses(method: str, seeds: tuple[int, ...]) -> None:
    cases = {seed: _frequent(seed, 50_000) for seed in seeds}
    _assert_agree(cases, method, 40_000, most=4.5, may_warn=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("seeds", "pilot_losses"),
    [((600, 601), 30), pytest.param((602, 603), PILOT_LOSSES, marks=pytest.mark.proof)],
)
def test_a_few_layouts_with_rare_losses(
    method: str, seeds: tuple[int, ...], pilot_losses: int
) -> None:
    cases = {seed: _slowed(seed, 200_000, RARE, pilot_losses=pilot_losses) for seed in seeds}
    _assert_agree(cases, method, 40_000, most=4.5, may_warn=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_thirty_layouts_at_inflated_rates(method: str) -> None:
    cases = {seed: _slowed(seed, 100_000, INFLATED, _of_any_horizon) for seed in range(700, 756)}
    scored = _assert_agree(cases, method, 60_000, most=4.5, may_warn=0.45)
    assert scored >= 30


@pytest.mark.proof
@pytest.mark.parametrize("method", METHODS)
def test_more_layouts_with_rare_losses(method: str) -> None:
    cases = {seed: _slowed(seed, 400_000, RARE) for seed in range(800, 806)}
    _assert_agree(cases, method, 100_000, most=4.5, may_warn=0.25)


def test_layouts_with_rare_losses_are_the_same_law_in_slow_motion() -> None:
    """A lone drive of any law that lasts longer by a factor fails as it would that much sooner."""
    laws = (
        {"exponential": {"mean": "3 years"}},
        {"weibull": {"shape": 2, "scale": "2 years", "location": "60 days"}},
        {"lognormal": {"median": "2 years", "sigma": 0.7}},
        {"gompertz": {"rate": "0.3/year", "growth": "0.6/year"}},
        {"afr": 0.3},
        {"competing": [{"afr": 0.2}, {"lognormal": {"median": "2 years", "sigma": 0.7}}]},
    )
    for law in laws:
        layout = rm.Layout.from_dict(
            {
                "horizon": "1 year",
                "media": {"d": {"lifetime": law}},
                "copies": [{"name": "a", "store": {"media": "d"}}],
                "shocks": [{"name": "s", "rate": "0.1/year", "hits": ["a"]}],
            }
        )
        times = np.array([0.2, 1.0, 2.0]) * 8766.0
        soon = layout.medium("d").lifetime
        late = rarer(layout, 10.0).medium("d").lifetime
        assert soon is not None
        assert late is not None
        np.testing.assert_allclose(
            late.cumulative_hazard(10.0 * times), soon.cumulative_hazard(times), rtol=1e-12
        )
        assert rarer(layout, 10.0).shocks[0].rate == pytest.approx(layout.shocks[0].rate / 10.0)
