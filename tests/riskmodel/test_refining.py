"""Estimates that go on from one another, and what a search takes from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import riskmodel as rm
from riskmodel import _refining
from riskmodel._program import compile_layout
from riskmodel._refining import Estimated, coarse_estimates, finer_estimates, rungs
from riskmodel._screening import Candidates, Screened, bounds, plain_variance, reading, screened
from riskmodel.frontier import pareto
from riskmodel.space import Space

# people and a fixed recovery, so that nothing is exact; frequent losses, so that trials are few
HOME = rm.Layout.from_dict(
    {
        "name": "home",
        "horizon": "10 years",
        "threats": {"mistake": {"rate": "20 %/year", "noticed": {"fixed": "5 days"}}},
        "media": {"a": {"afr": 0.1}, "b": {"afr": 0.1}},
        "copies": [
            {"name": "a", "store": {"media": "a"}, "recovery": {"fixed": "9 days"},
             "price": {"per_year": 40.0}},
            {"name": "b", "store": {"media": "b"}, "recovery": {"fixed": "30 days"},
             "fed": {"from": "a", "how": "backup", "every": "7 days"},
             "retention": {"daily": 7}, "price": {"per_year": 20.0}},
        ],
    }
)  # fmt: skip
SPACE = Space.from_dict(
    {
        "copies.b": [True, False],
        "drive": [
            {"name": "poor", "media.a.afr": 0.3, "copies.a.price.per_year": 20.0},
            {"name": "fair", "media.a.afr": 0.1},
            {"name": "good", "media.a.afr": 0.09, "copies.a.price.per_year": 45.0},
        ],
        "copies.b.fed.every": ["1 day", "7 days", "30 days"],
    }
)
SEARCH = Candidates(HOME, SPACE, None, 1)


def first(number: int = 0) -> tuple[Screened, Estimated]:
    (one,) = screened(SEARCH, [number])
    (rough,) = coarse_estimates(SEARCH, [one])
    return one, rough


def bare(loss: rm.LossEstimate) -> rm.LossEstimate:
    return replace(loss, elapsed_seconds=0.0)


def run(one: Screened, trials: int, method: str) -> rm.LossEstimate:
    layout = reading(SEARCH).read(one.number)[1]
    return bare(rm.simulate(layout, method=method, trials=trials, seed=1, ranges=False))  # type: ignore[arg-type]


def test_a_search_goes_through_the_rungs_that_are_coarser_than_what_was_asked_for() -> None:
    assert rungs(0.05) == (0.1, 0.07, 0.05)
    assert rungs(0.07) == (0.1, 0.07)
    assert rungs(0.3) == (0.3,)


@pytest.mark.parametrize("method", ["events", "excursion"])
def test_estimates_in_steps_have_the_bits_of_simulate(method: str) -> None:
    one, _ = first()
    one = replace(one, method=method)
    (rough,) = coarse_estimates(SEARCH, [one])
    assert bare(rough.loss) == run(one, rough.loss.trials, method)
    for error, last in ((0.1, False), (0.05, True)):
        (rough,) = finer_estimates(SEARCH, error, last, [(one, rough)])
        assert rough.loss.relative_error <= error
        assert bare(rough.loss) == run(one, rough.loss.trials, rough.loss.method)
    assert rough.ready is None


def test_whole_chunks_are_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one, rough = first()
    ran: list[tuple[int, int]] = []
    real = _refining._prepared

    def watched(*given: Any) -> Any:
        ready = real(*given)
        small = replace(ready.engine, chunk_trials=300)

        class Engine(type(small)):  # type: ignore[misc]
            def run(self, seed: int, begin: int, count: int) -> Any:
                ran.append((begin, count))
                return super().run(seed, begin, count)

        fields = {name: getattr(small, name) for name in small.__dataclass_fields__}
        return replace(ready, chosen=Engine(**fields))

    monkeypatch.setattr(_refining, "_prepared", watched)
    rough = replace(rough, chunks=0, whole=_refining.Prefix())
    for error, last in ((0.1, False), (0.05, True)):
        (rough,) = finer_estimates(SEARCH, error, last, [(one, rough)])
    whole = [begin for begin, count in ran if count == 300]
    assert len(whole) > 2
    assert whole == sorted(set(whole))
    # only what is cut at an end is run twice
    assert sum(count for _, count in ran) < rough.loss.trials + 2 * 300
    monkeypatch.undo()
    assert rough.loss.trials % 300
    assert rough.loss.losses == run(one, rough.loss.trials, "events").losses


def test_excursions_go_on_only_where_they_are_quicker() -> None:
    one, _ = first()
    one = replace(one, method="excursion")
    (rough,) = coarse_estimates(SEARCH, [one])
    assert rough.loss.method == "excursion"
    # losses are frequent here: plain trials do it
    assert plain_variance(rough.loss.probability) < 10.0
    (found,) = finer_estimates(SEARCH, 0.05, True, [(one, rough)])
    assert found.loss.method == "events"
    compiled = compile_layout(reading(SEARCH).read(one.number)[1])  # type: ignore[arg-type]
    assert bounds(compiled, 1)[2] == "events"


def test_what_a_million_trials_do_not_meet_is_left_with_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_refining, "_MOST", 5000)
    one, rough = first()
    (found,) = finer_estimates(SEARCH, 1e-3, True, [(one, rough)])
    assert found.loss.trials == 5000
    assert found.loss.relative_error > 1e-3


@pytest.mark.slow
def test_a_front_of_sampled_laws_is_that_of_the_enumerated_ones() -> None:
    found = pareto(HOME, SPACE)
    read = SPACE.reader(HOME)
    rows = []
    for number in range(SPACE.count):
        name, layout = read(number)
        assert isinstance(layout, rm.Layout)
        cost = rm.yearly_cost(layout)
        assert cost is not None
        loss = rm.simulate(layout, seed=77, method="events", trials=20_000, ranges=False)
        rows.append((cost.per_year[0][1], loss, name))
    # told apart at 99.9 %: who is surely no worse than all that cost no more is on the front
    estimated = {one.name for one in (*found.front, *found.near)}
    for cost, loss, name in rows:
        cheaper = [other for c, other, _ in rows if c <= cost and other is not loss]
        low, high = loss.interval(0.999)
        least = min((other.probability for other in cheaper), default=1.0)
        if low < 3.0 * least:
            assert name in estimated
        if all(high < other.interval(0.999)[0] for other in cheaper):
            assert name in {one.name for one in found.front}
    for one in found.front:
        assert one.loss.relative_error <= 0.05
        again = rm.simulate(one.layout, seed=1, method=one.loss.method, trials=one.loss.trials,
                            ranges=False)  # fmt: skip
        assert bare(replace(one.loss, layout=again.layout)) == bare(again)
