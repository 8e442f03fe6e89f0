"""What matters most: tornado, elasticity and Sobol indices where the answer is known."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri
from typer.testing import CliRunner

import riskmodel as rm
from riskmodel._decide_text import map_text, sensitivity_text
from riskmodel._sobol import Noisy, indices_of, points_of
from riskmodel.cli import app
from tests.riskmodel.small_layouts import exponential, probability

HOURS = 8766.0


def _range(mode: float, factor: float, unit: str = "h") -> dict[str, str]:
    low, high = mode / factor, mode * factor
    return {"low": f"{low!r} {unit}", "mode": f"{mode!r} {unit}", "high": f"{high!r} {unit}"}


def _two_disks(**changes: Any) -> rm.Layout:
    """Two copies that nobody ever makes again: p is nearly the product of two rates."""
    tables = {
        "name": "two disks",
        "horizon": "1 year",
        "media": {
            "a": {"lifetime": {"exponential": {"mean": _range(1e6, 4.0)}}},
            "b": {"lifetime": {"exponential": {"mean": _range(1e6, 2.0)}}},
        },
        "copies": [
            {"name": "one", "store": {"media": "a"}, "recovery": "never"},
            {"name": "two", "store": {"media": "b"}, "recovery": "never"},
        ],
    }
    return rm.Layout.from_dict(tables | changes)


class TestAgainstAnalyticAnswers:
    @pytest.mark.slow
    def test_the_shares_of_a_product_of_rates(self) -> None:
        found = rm.sensitivity(_two_disks(), points=128, seed=3)
        # ln p = const - ln(mean a) - ln(mean b), but for terms of 1 %
        whole = math.log(4.0) ** 2 + math.log(2.0) ** 2
        shares = (math.log(4.0) ** 2 / whole, math.log(2.0) ** 2 / whole)
        assert found.best.method == "exact"
        for index, share in zip(found.indices, shares, strict=True):
            assert abs(index.total - share) < index.total_error
            assert abs(index.first - share) < index.first_error
            assert index.total_error < 0.3
        assert [index.name.split(".")[1] for index in found.indices] == ["a", "b"]

    def test_the_tornado_is_the_exact_answer_at_the_ends(self) -> None:
        found = rm.sensitivity(_two_disks(), points=0)
        top = found.effects[0]
        mean = top.parameter.removesuffix(".mean") + ".mean"
        ends = [probability(_two_disks().replace(mean, f"{number!r} h")) for number in (2.5e5, 4e6)]
        assert top.parameter.startswith("media.a")
        assert top.at_low == pytest.approx(ends[0], rel=1e-6)
        assert top.at_high == pytest.approx(ends[1], rel=1e-6)
        assert top.low.ratio == pytest.approx(ends[0] / found.best.probability, rel=1e-9)
        assert top.elasticity == pytest.approx(-1.0, abs=0.02)
        assert "from about" not in found.in_words
        assert "media.a" in found.in_words

    @pytest.mark.slow
    def test_the_same_by_simulation_within_its_error(self) -> None:
        played = _two_disks(horizon="10 years")
        exact = rm.sensitivity(played, points=64)
        found = rm.sensitivity(played, points=64, method="conditional")
        assert found.best.method == "conditional"
        by_name = {effect.parameter: effect for effect in exact.effects}
        for effect in found.effects:
            truth = by_name[effect.parameter]
            for side in ("low", "high"):
                pair, want = getattr(effect, side), getattr(truth, side).ratio
                assert abs(math.log(pair.ratio / want)) < 4.0 * pair.ratio_error
            assert abs(effect.elasticity - truth.elasticity) < 4.0 * effect.elasticity_error
        for index, want in zip(found.indices, exact.indices, strict=True):
            assert abs(index.total - want.total) < 0.5 * (index.total_error + want.total_error)


class TestIndices:
    """A sum of three normal inputs with variances 9 : 1 : 0, seen through noise."""

    def _found(self, noise: float, own: float, points: int = 256) -> tuple[list, list[str]]:
        names = ["strong", "weak", "idle"]
        sample = points_of(names, names, points, 5)
        rng = np.random.default_rng(6)
        rows = ndtri(sample.rows)
        truth = 3.0 * rows[:, 0] + rows[:, 1]
        # noise that all points share, and noise that follows the strong input, by batches
        shared = noise * rng.standard_normal(16)
        errors = shared + own * rng.standard_normal((len(rows), 16))
        values = truth + errors.mean(axis=1)
        centred = errors - errors.mean(axis=1, keepdims=True)
        said: list[str] = []
        noisy = [Noisy(float(v), e) for v, e in zip(values, centred, strict=True)]
        return list(indices_of(sample, noisy, 7, said.append)), said

    @pytest.mark.parametrize(("noise", "own"), [(0.0, 0.0), (8.0, 0.0), (4.0, 6.0)])
    def test_they_are_those_of_what_is_behind_the_noise(self, noise: float, own: float) -> None:
        found, said = self._found(noise, own)
        assert not said
        for index, share in zip(found, (0.9, 0.1, 0.0), strict=True):
            assert abs(index.first - share) <= 1.5 * index.first_error + 1e-9
            assert abs(index.total - share) <= 1.5 * index.total_error + 0.01
        assert found[2].total < 0.05  # noise of 20 % of the variance does not pass for an effect

    def test_noise_alone_gives_no_index(self) -> None:
        names = ["a", "b"]
        sample = points_of(names, names, 64, 5)
        rng = np.random.default_rng(6)
        errors = rng.standard_normal((len(sample.rows), 16))
        centred = errors - errors.mean(axis=1, keepdims=True)
        noisy = [Noisy(float(e.mean()), c) for e, c in zip(errors, centred, strict=True)]
        said: list[str] = []
        found = indices_of(sample, noisy, 7, said.append)
        assert not found or all(index.total <= 3.0 * index.total_error for index in found)

    def test_no_loss_anywhere_is_said(self) -> None:
        sample = points_of(["a"], ["a"], 8, 5)
        noisy = [Noisy(-math.inf, np.zeros(16))] * len(sample.rows)
        said: list[str] = []
        assert indices_of(sample, noisy, 7, said.append) == ()
        assert "no loss" in said[0]


def _with_a_bystander() -> rm.Layout:
    """A mirror that decides all, and a copy whose ten-fold range can hardly matter."""
    return rm.Layout.from_dict(
        {
            "name": "bystander",
            "horizon": "5 years",
            "media": {
                "d": {"lifetime": {"exponential": {"mean": _range(3e4, 2.0)}}},
            },
            "copies": [
                {
                    "name": "nas",
                    "store": {
                        "media": "d",
                        "level": "raid1",
                        "drives": 2,
                        "rebuild": {"exponential": {"mean": "100 h"}},
                        "shocks": [
                            {"name": "glitch", "rate": _range(1e-9, 3.0, "/h"), "kills": 0.01}
                        ],
                    },
                }
            ],
        }
    )


@pytest.mark.parametrize("method", ["events", "conditional"])
def test_what_cannot_matter_has_an_index_of_nothing(method: str) -> None:
    found = rm.sensitivity(_with_a_bystander(), method=method, points=8, threads=2)
    by_name = {effect.parameter: effect for effect in found.effects}
    idle = next(effect for name, effect in by_name.items() if "glitch" in name)
    top = found.effects[0]
    assert "media.d" in top.parameter
    assert not idle.clear
    for pair in (idle.low, idle.high):
        assert abs(math.log(pair.ratio)) < max(4.0 * pair.ratio_error, 1e-4)  # truly 1e-5
    assert abs(idle.elasticity) <= max(4.0 * idle.elasticity_error, 1e-4)
    shares = {index.name: index for index in found.indices}
    assert shares[idle.parameter].total <= max(shares[idle.parameter].total_error, 0.02)
    assert shares[top.parameter].total > 0.5
    assert "below 1 %" in sensitivity_text(found)


def test_a_layout_without_ranges_of_its_own_has_those_of_its_sources() -> None:
    layout = rm.Layout.from_dict(
        {
            "name": "plain",
            "horizon": "5 years",
            "copies": [{"name": "disk", "store": {"media": "usb-hdd"}}],
        }
    )
    found = rm.sensitivity(layout, points=8, threads=2)
    assert not layout.ranges
    assert found.effects
    assert found.effects[0].grade
    assert json.dumps(found.to_dict(), allow_nan=False)
    assert len(found.to_frame()) == len(found.effects)


def test_a_layout_with_nothing_uncertain_says_so() -> None:
    bare = rm.Layout.from_dict(
        {
            "horizon": "1 year",
            "media": {"m": {"lifetime": exponential(1e5)}},
            "copies": [{"name": "x", "store": {"media": "m"}}],
        }
    )
    found = rm.sensitivity(bare)
    assert found.effects == ()
    assert found.indices == ()
    assert "No input has a range" in found.in_words


def test_the_map_holds_the_exact_answers() -> None:
    layout = _two_disks()
    names = [effect.parameter for effect in rm.sensitivity(layout, points=0).effects]
    found = rm.sensitivity_map(layout, names[0], names[1], points=3)
    assert found.x_values == pytest.approx((2.5e5, 1e6, 4e6))
    middle = found.probabilities[1][1]
    assert middle == pytest.approx(probability(layout), rel=1e-9)
    assert found.probabilities[2][0] == pytest.approx(
        probability(layout.replace(names[0], "250000 h").replace(names[1], "2000000 h")), rel=1e-9
    )
    horizon = rm.sensitivity_map(
        layout, names[0], "media.b.lifetime", x_values=["500000 h", "2000000 h"],
        y_values=[exponential(1e5)],
    )  # fmt: skip
    assert len(horizon.probabilities) == 1
    assert horizon.probabilities[0][0] > horizon.probabilities[0][1]
    assert "1 in" in map_text(found)


class TestCommand:
    @pytest.fixture
    def file(self, tmp_path) -> str:
        path = tmp_path / "two.toml"
        path.write_text(
            'name = "two"\nhorizon = "1 year"\n'
            "[media.a]\nafr = { low = 0.01, mode = 0.02, high = 0.04 }\n"
            "[media.b]\nafr = { low = 0.01, mode = 0.02, high = 0.03 }\n"
            '[[copies]]\nname = "one"\nstore = { media = "a" }\nrecovery = "never"\n'
            '[[copies]]\nname = "other"\nstore = { media = "b" }\nrecovery = "never"\n'
        )
        return str(path)

    def test_json_and_text(self, file: str) -> None:
        found = CliRunner().invoke(app, ["sensitivity", file, "--json", "--points", "8"])
        assert found.exit_code == 0, found.output
        document = json.loads(found.stdout)
        assert document["tornado"][0]["parameter"] == "media.a.afr"
        assert len(document["sobol"]) == 2
        shown = CliRunner().invoke(app, ["sensitivity", file, "--points", "8"])
        assert "What matters most is media.a.afr" in shown.stdout

    def test_a_map(self, file: str) -> None:
        axes = ["--map", "media.a.afr", "--map", "media.b.afr=0.01,0.02"]
        found = CliRunner().invoke(app, ["sensitivity", file, *axes, "--json"])
        assert found.exit_code == 0, found.output
        document = json.loads(found.stdout)
        assert document["y"]["values"] == [0.01, 0.02]
        low, high = (row[2] for row in document["probability"])
        assert high == pytest.approx(2.0 * low, rel=0.02)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda lay: rm.sensitivity(lay, points=9), "points: must be a power of two"),
        (lambda lay: rm.sensitivity_map(lay, "media.x", "media.y"), "x: 'media.x' is no uncertain"),
        (lambda lay: rm.sensitivity_map(lay, "q", "q"), "both 'q'"),
        (lambda lay: rm.sensitivity(lay, method="evnets"), "did you mean 'events'"),
    ],
)
def test_bad_input_gives_one_clear_message(call: Any, words: str) -> None:
    with pytest.raises(rm.InputError, match=words) as caught:
        call(_two_disks())
    assert "\n" not in str(caught.value)
