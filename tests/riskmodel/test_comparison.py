"""Comparisons: order, paired intervals, what is said of ties; gates and costs."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._decide_text import comparison_text
from riskmodel._paired_runs import BATCHES
from riskmodel._pairs import pair_of
from riskmodel._weighted import Weighted
from riskmodel.gates import media_kind
from riskmodel.preset_catalogue import presets
from tests.riskmodel.small_layouts import copies, exponential, group, probability


def _named(layout: rm.Layout, name: str) -> rm.Layout:
    return layout.replace("name", name)


def _mirror(mean_hours: float, name: str, **store: object) -> rm.Layout:
    rebuild = {"exponential": {"mean": "100 h"}}
    store = {"level": "raid1", "drives": 2, "rebuild": rebuild, **store}
    return _named(group(mean_hours, 43_830.0, **store), name)


class TestOrder:
    @pytest.mark.parametrize("method", ["events", "conditional"])
    def test_a_tenth_is_told_apart_as_the_exact_answers_say(self, method: str) -> None:
        worse = _mirror(30_000.0, "worse")
        better = _mirror(31_500.0, "better")
        truth = probability(worse) / probability(better)
        assert 1.08 < truth < 1.12
        found = rm.compare([worse, better], method=method, seed=11)
        assert [loss.layout for loss in found.ranked] == ["better", "worse"]
        assert found.ranks == (1, 2)
        pair = found.pair(0, 1)
        assert pair.how == "paired"
        assert pair.ratio_low < truth < pair.ratio_high

    def test_exact_answers_have_no_error(self) -> None:
        one, other = _mirror(30_000.0, "a"), _mirror(30_100.0, "b")
        pair = rm.compare([one, other]).pair(0, 1)
        assert pair.how == "exact"
        assert pair.told_apart
        assert pair.difference_low == pair.difference == probability(one) - probability(other)

    def test_the_same_law_is_never_told_apart_from_itself(self) -> None:
        one = _mirror(30_000.0, "a")
        found = rm.compare([one, _named(one, "b")], method="events", trials=20_000)
        assert found.ranks == (1, 1)
        assert found.pair(0, 1).same
        assert "not told apart" in comparison_text(found)

    def test_no_loss_on_either_side_orders_nothing(self) -> None:
        layouts = [_mirror(1e9, "a"), _mirror(2e9, "b")]
        found = rm.compare(layouts, method="events", trials=10_000)
        pair = found.pair(0, 1)
        assert pair.ratio is None
        assert pair.difference_low < 0.0 < pair.difference_high
        assert found.ranks == (1, 1)
        json.dumps(found.to_dict(), allow_nan=False)

    def test_layouts_of_unlike_methods_are_not_paired(self) -> None:
        end = {"media": {"d": {"obsolescence": exponential(2e6), "lifetime": exponential(1e5)}}}
        played = rm.Layout.from_dict(
            {"name": "formats", "horizon": "43830 h", **end,
             "copies": [{"name": "x", "store": {"media": "d"}}]}
        )  # fmt: skip
        rare = _mirror(1e6, "rare", rebuild={"weibull": {"shape": 2, "scale": "100 h"}})
        pair = rm.compare([played, rare], seed=5).pair(0, 1)
        assert pair.told_apart
        assert pair.how == "unpaired"
        assert pair.correlation is None

    def test_pairing_makes_the_interval_narrow_where_layouts_have_much_in_common(self) -> None:
        base = copies(2, 43_830.0, 30_000.0, recovery={"fixed": "200 h"})
        base["shocks"] = [{"name": "fire", "rate": "0.02/year", "hits": ["c0", "c1"]}]
        one = rm.Layout.from_dict(base | {"name": "one"})
        other = one.replace("name", "other").replace("copies.c1.recovery", {"fixed": "220 h"})
        pair = rm.compare([one, other], method="events", trials=60_000).pair(0, 1)
        assert pair.correlation > 0.5
        assert pair.how == "paired"


def _coverage(seeds: int, truth: float, **options: object) -> int:
    one, other = _mirror(30_000.0, "a"), _mirror(31_500.0, "b")
    hits = 0
    for seed in range(seeds):
        pair = rm.compare([one, other], seed=1000 + seed, **options).pair(0, 1)
        hits += pair.ratio_low <= truth <= pair.ratio_high
    return hits


def test_the_paired_interval_covers_at_its_level() -> None:
    believed = hits = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        shared = rng.gamma(4.0, 0.25, BATCHES)
        one, other = (shared * mean * rng.gamma(50.0, 0.02, BATCHES) for mean in (0.011, 0.01))
        losses = [_weighted(values, name) for values, name in ((one, "a"), (other, "b"))]
        pair = pair_of(*losses, (one, other))
        assert pair.correlation > 0.5
        if pair.how == "paired":
            believed += 1
            hits += pair.ratio_low <= 1.1 <= pair.ratio_high
    assert believed > 300  # of the others a few batches make the difference
    assert 0.92 < hits / believed < 0.98  # deviation 0.011


def _weighted(values: np.ndarray, name: str) -> rm.LossEstimate:
    powers = [float((values**k).sum()) for k in (1, 2, 4)]
    sums = Weighted(len(values), *powers, (), ())
    return rm.LossEstimate(name, "", 1.0, "conditional", "", trials=len(values), weighted=sums)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"method": "events", "trials": 32_768},
        {"method": "events", "trials": 2_048},  # few losses: intervals are joined
        {"method": "conditional", "target_relative_error": 0.05},  # stops when told apart
    ],
)
def test_the_interval_of_a_comparison_covers_at_its_level(options: dict) -> None:
    truth = probability(_mirror(30_000.0, "a")) / probability(_mirror(31_500.0, "b"))
    hits = _coverage(80, truth, **options)
    assert hits >= 70  # 76 wanted, deviation 1.9


class TestPair:
    def _loss(self, losses: int, trials: int, name: str) -> rm.LossEstimate:
        return rm.LossEstimate(name, "", 1.0, "events", "", trials=trials, losses=losses)

    def test_a_difference_that_rests_on_a_few_batches_is_not_believed(self) -> None:
        one = np.full(BATCHES, 0.1)
        one[::2] = 0.12
        other = one.copy()
        other[:3] += 0.01
        pair = pair_of(self._loss(7040, 64_000, "a"), self._loss(7070, 64_000, "b"), (one, other))
        assert pair.how == "unpaired"
        assert not pair.told_apart
        assert pair.correlation > 0.9

    def test_the_joined_interval_is_that_of_independent_normal_estimates(self) -> None:
        pair = pair_of(self._loss(2000, 10_000, "a"), self._loss(1000, 10_000, "b"), None)
        error = math.sqrt(0.2 * 0.8 / 1e4 + 0.1 * 0.9 / 1e4)
        assert pair.difference_low == pytest.approx(0.1 - 1.96 * error, abs=2e-4)
        assert pair.difference_high == pytest.approx(0.1 + 1.96 * error, abs=2e-4)
        logs = math.sqrt(0.8 / 2000 + 0.9 / 1000)
        assert pair.ratio_error == pytest.approx(logs)
        assert math.log(pair.ratio_high / 2.0) == pytest.approx(1.96 * logs, rel=0.1)


class TestInputsMoveTogether:
    def _pair(self, low: str, high: str) -> tuple[rm.Layout, rm.Layout]:
        rate = {"low": low, "mode": "0.02", "high": high}
        tables = {
            "horizon": "1 year",
            "media": {"m": {"afr": rate}},
            "copies": [{"name": "disk", "store": {"media": "m"}}],
        }
        base = {"name": "plain"} | tables
        more = {"name": "shocked"} | tables
        more["shocks"] = [{"name": "fire", "rate": "0.001/year", "hits": ["disk"]}]
        return rm.Layout.from_dict(base), rm.Layout.from_dict(more)

    def test_what_both_rest_on_does_not_blur_the_difference(self) -> None:
        found = rm.compare(list(self._pair("0.005", "0.08")), points=32)
        (better,) = found.better
        assert better.shared == 1
        assert better.probability == 1.0  # at every rate of the disk a fire makes it worse
        assert better.low > 0.85
        ranges = [loss.parameter_range for loss in found.estimates]
        assert ranges[0].high > ranges[1].low  # though the ranges overlap by far
        assert "better one with a chance of 100 %" in comparison_text(found)

    def test_ranges_that_differ_are_different_numbers(self) -> None:
        one, _ = self._pair("0.005", "0.08")
        _, other = self._pair("0.004", "0.08")
        (better,) = rm.compare([one, other], points=64).better
        assert better.shared == 0
        assert 0.3 < better.probability < 0.75


class TestGates:
    def test_every_medium_that_is_preset_has_a_kind(self) -> None:
        layout = group(1e5, 1e4)
        assert all(media_kind(layout, name) for name in presets().media)

    def test_of_a_layout_that_keeps_the_rule(self) -> None:
        gates = rm.rule_gates(rm.example("photographer-dvd-and-cloud"))
        assert list(gates.to_frame()["status"]) == [gate.status for gate in gates]
        shown = gates._repr_html_()
        assert "offline or immutable" in shown
        assert all(gate.why in shown for gate in gates)  # sentences are not cut
        assert [gate.status for gate in gates][:4] == ["pass"] * 4
        assert gates.copies.value >= 3

    def test_one_disk_fails_all(self) -> None:
        gates = rm.rule_gates(group(1e5, 1e4))
        assert gates.passed == 0
        assert [gate.status for gate in gates] == ["fail"] * 5

    def test_what_is_not_said_is_unknown(self) -> None:
        gates = rm.rule_gates(rm.Layout.from_dict(copies(3, 1e4, 1e5)))
        assert gates.copies.status == "pass"
        assert gates.media.status == "unknown"
        assert gates.offsite.status == "unknown"
        assert gates.errors.status == "fail"


class TestCosts:
    PRICE: ClassVar = {"buy": 300.0, "lasts": "5 years", "per_year": 10.0, "hours_per_year": 6.0}

    def test_a_year_costs_what_its_parts_cost(self) -> None:
        tables = copies(2, 87_660.0, 1e5) | {"size": "4 TB"}
        tables["copies"][0]["price"] = self.PRICE
        tables["copies"][1]["price"] = {"per_tb_month": 6.0}
        cost = rm.yearly_cost(rm.Layout.from_dict(tables))
        assert dict(cost.per_year) == {"EUR": pytest.approx(300 / 5 + 10 + 6 * 12 * 4)}
        assert cost.hours_per_year == 6.0
        assert cost.notes == ()

    def test_what_is_missing_is_said(self) -> None:
        tables = copies(2, 87_660.0, 1e5)
        tables["copies"][0]["price"] = {"per_tb_month": 6.0, "buy": 100.0}
        cost = rm.yearly_cost(rm.Layout.from_dict(tables))
        assert dict(cost.per_year) == {"EUR": pytest.approx(10.0)}
        assert "no size" in " ".join(cost.notes)
        assert "c1" in " ".join(cost.notes)
        assert "1 of 2 copies priced" in cost.in_words

    def test_without_prices_there_is_no_column(self) -> None:
        found = rm.compare([_mirror(3e4, "a"), _mirror(4e4, "b")])
        assert found.costs == (None, None)
        assert "cost_a_year" not in found.to_frame()


@pytest.mark.parametrize(
    ("means", "parity"), [((2e4, 3e4, 4e4, 6e4), "raid1"), ((2e5, 2.2e5), "raid5")]
)
def test_many_layouts_are_ordered_as_their_exact_answers(
    means: tuple[float, ...], parity: str
) -> None:
    drives = 2 if parity == "raid1" else 5
    layouts = [_mirror(mean, f"m{mean:g}", level=parity, drives=drives) for mean in means]
    found = rm.compare(layouts, method="conditional", seed=3)
    truth = sorted(layouts, key=probability)
    assert [loss.layout for loss in found.ranked] == [layout.name for layout in truth]
    for (i, one), (j, other) in itertools.combinations(enumerate(layouts), 2):
        ratio = probability(one) / probability(other)
        pair = found.pair(i, j)
        assert abs(math.log(pair.ratio / ratio)) < 4.0 * pair.ratio_error


REFERENCE = {  # of the reference cases, over ten years of 8,760 h
    "raid5_lse_rebuild_p1e-3_N8-10y": 0.0017928785841909427,
    "detrepair_raid5_N8_12h-10y": 0.00027639165036986226,
    "mirror2_exp_a-10y": 2.102034128387877e-06,
    "frailty_repair_raid5_N8_k0.5-10y": 0.0008239184541408491,
}


@pytest.mark.slow
def test_reference_cases_are_ordered_as_their_exact_answers() -> None:
    folder = Path(__file__).parents[1] / "layouts" / "reference"
    layouts = [rm.load_layout(folder / f"{name}.toml").replace("name", name) for name in REFERENCE]
    horizon = layouts[0].horizon
    found = rm.compare(layouts, horizon=horizon, method="conditional", seed=4)
    assert [loss.layout for loss in found.ranked] == sorted(REFERENCE, key=REFERENCE.__getitem__)
    assert found.ranks == (1, 2, 3, 4)
    for pair in found.pairs:
        truth = math.log(REFERENCE[pair.one] / REFERENCE[pair.other])
        assert abs(math.log(pair.ratio) - truth) < 4.0 * pair.ratio_error
