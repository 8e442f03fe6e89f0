"""What a change removes, and when the sampling error hides it."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel._events import EventsEngine
from riskmodel._excursion import ConditionalEngine
from riskmodel.effects import Effect, effects, level_of_all, ranked, small_sharpened


def layout(name: str, afr: float) -> rm.Layout:
    # memoryless, so that an exact answer exists
    return rm.Layout.from_dict(
        {
            "name": name,
            "horizon": "5 years",
            "media": {"m": {"afr": afr}},
            "copies": [
                {"name": one, "store": {"media": "m"}, "recovery": {"exponential": {"mean": "9 d"}}}
                for one in ("a", "b")
            ],
        }
    )


BAD, GOOD = layout("bad", 0.2), layout("good", 0.1)


def exact_removed() -> float:
    before, after = (rm.simulate(one, method="exact").probability for one in (BAD, GOOD))
    return 1.0 - after / before


@pytest.mark.slow
def test_the_interval_of_what_a_change_removes_covers_the_exact_answer():
    wanted, seeds = exact_removed(), range(60)
    hits = 0
    for seed in seeds:
        options = {"method": "events", "trials": 20_000, "seed": seed, "ranges": False}
        found = Effect("x", rm.simulate(BAD, **options), rm.simulate(GOOD, **options))
        low, high = found.removed_interval()
        hits += low <= wanted <= high
    # 95 % nominal, and at least that: 53 of 60 would be three standard errors short
    assert hits >= 54


def test_effects_are_those_of_simulate_on_the_changed_layout():
    (found,) = effects(BAD, [("better drives", GOOD)], seed=3)
    assert found.removed == pytest.approx(exact_removed(), rel=0.2)
    assert found.after.probability == rm.simulate(GOOD, seed=3).probability
    assert not found.hidden_at(0.95)


def test_no_change_is_noise_and_noise_is_never_ranked_by_luck():
    same, better = effects(BAD, [("same", BAD), ("better", GOOD)])
    assert same.removed == 0.0
    assert same.hidden_at(0.95)
    assert [one.name for one in ranked([same, better])] == ["better", "same"]
    few = {"method": "events", "trials": 50, "ranges": False}
    unsure = Effect("few", rm.simulate(BAD, seed=1, **few), rm.simulate(GOOD, seed=1, **few))
    assert unsure.hidden_at(0.95)
    assert unsure.removed_interval()[0] < 0.0 or math.isinf(unsure.removed_interval()[0])


def test_many_changes_are_told_from_noise_at_a_stricter_level_and_small_ones_paired():
    assert level_of_all(1) == pytest.approx(0.95)
    assert level_of_all(10) == pytest.approx(0.995)
    options = {"method": "events", "trials": 20_000, "seed": 1, "ranges": False}
    little = layout("a little better", 0.19)
    small = Effect("small", rm.simulate(BAD, **options), rm.simulate(little, **options))
    large = Effect("large", rm.simulate(BAD, **options), rm.simulate(GOOD, **options))
    asked: list[int] = []
    found = small_sharpened([small, large], BAD, [little, GOOD], trials=20_000, talk=asked.append)
    assert asked == [0]
    assert found[1] is large
    assert found[0].pair is not None
    wide, narrow = (one.removed_interval() for one in (small, found[0]))
    assert narrow[1] - narrow[0] <= wide[1] - wide[0]


@pytest.mark.slow
def test_a_layout_that_is_paired_with_many_is_run_once_and_gives_the_bits_of_compare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # recoveries that take a fixed time have no exact answer
    fixed = {"fixed": "30 days"}
    now, one, other = (
        layout(name, afr).replace("copies.a.recovery", fixed).replace("copies.b.recovery", fixed)
        for name, afr in (("now", 0.3), ("one", 0.28), ("other", 0.26))
    )
    found = effects(now, [("one", one), ("other", other)], trials=20_000)
    methods = {loss.method for effect in found for loss in (effect.before, effect.after)}
    assert methods <= {"events", "conditional"}
    ran: list[tuple[str, int]] = []
    for engine in (EventsEngine, ConditionalEngine):

        def run(self: Any, seed: int, first: int, count: int, real: Any = engine.run) -> Any:
            ran.append((self.program.terms.tobytes().hex(), first))
            return real(self, seed, first, count)

        monkeypatch.setattr(engine, "run", run)
    paired = small_sharpened(found, now, [one, other], trials=20_000)
    assert len(ran) == len(set(ran)) > 100
    for effect, changed in zip(paired, (one, other), strict=True):
        both = rm.compare([now, changed], target_relative_error=0.03, trials=20_000, ranges=False)
        assert effect.pair == both.pairs[0]


def test_progress_names_each_change():
    told: list[tuple[int, str]] = []
    effects(BAD, [("one", GOOD), ("two", GOOD)], talk=lambda *words: told.append(words))
    assert told == [(0, "one"), (1, "two")]
