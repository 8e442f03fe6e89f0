"""The range of the answer: against quantiles known in closed form, without the runs' own noise."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from typer.testing import CliRunner

import riskmodel as rm
from riskmodel._inner import from_scale, on_scale, without_noise
from riskmodel.cli import app
from riskmodel.estimate import LossEstimate

YEARS = 10.0
Z95 = float(norm.ppf(0.95))


def _shocked(*ranges: tuple[float, float, float], kills: float | None = None) -> rm.Layout:
    """A copy that fails by shocks alone, whose yearly rates are uncertain."""
    low_mode_high = [
        dict(zip(("low", "mode", "high"), (f"{end}/year" for end in ends), strict=True))
        for ends in ranges
    ]
    store: dict = {"media": "m"}
    if kills is not None:
        store["shocks"] = [{"name": "idle", "rate": low_mode_high.pop(), "kills": kills}]
    return rm.Layout.from_dict(
        {
            "horizon": f"{YEARS:g} years",
            "media": {"m": {"afr": 0.002}},
            "copies": [{"name": "a", "store": store}],
            "shocks": [
                {"name": f"shock {k}", "rate": rate, "hits": ["a"]}
                for k, rate in enumerate(low_mode_high)
            ],
        }
    )


def _drive(low: float, mode: float, high: float) -> rm.Layout:
    """A bare drive of constant hazard: p = 1 - exp(-rate * horizon)."""
    rate = {"low": f"{low}/year", "mode": f"{mode}/year", "high": f"{high}/year"}
    return rm.Layout.from_dict(
        {
            "horizon": f"{YEARS:g} years",
            "media": {"m": {"lifetime": "none"}},
            "copies": [{"name": "a", "store": {"media": "m"}}],
            "shocks": [{"name": "death", "rate": rate, "hits": ["a"]}],
        }
    )


def _lost(rate: float) -> float:
    return -math.expm1(-rate * YEARS)


@pytest.fixture(scope="module")
def drive() -> rm.Layout:
    return _drive(0.0005, 0.002, 0.01)


@pytest.mark.parametrize(
    ("method", "tolerance"),
    [
        # rms errors of 128 points were 0.05, 0.01 and 0.06 over twelve seeds; four of them
        ("exact", (0.2, 0.04, 0.24)),
        ("events", (0.24, 0.1, 0.28)),
    ],
)
def test_the_quantiles_are_those_of_the_rate(
    drive: rm.Layout, method: str, tolerance: tuple[float, float, float]
) -> None:
    best = rm.simulate(drive, method=method, ranges=False)
    found = rm.parameter_range(drive, estimate=best, threads=2)
    ends = (found.low, found.median, found.high)
    for end, rate, apart in zip(ends, (0.0005, 0.002, 0.01), tolerance, strict=True):
        assert end is not None
        assert math.log(end / _lost(rate)) == pytest.approx(0.0, abs=apart)
    assert found.noise_share == 0.0 if method == "exact" else found.noise_share > 0.02


def test_a_drive_with_a_lognormal_rate_at_other_levels(drive: rm.Layout) -> None:
    even = _drive(0.0004, 0.002, 0.01)
    sigma = math.log(5.0) / Z95
    found = rm.parameter_range(even, level=0.5, threads=2)
    for end, share in ((found.low, 0.25), (found.median, 0.5), (found.high, 0.75)):
        assert end is not None
        truth = _lost(0.002 * math.exp(sigma * float(norm.ppf(share))))
        assert math.log(end / truth) == pytest.approx(0.0, abs=0.1)


def test_stated_errors_are_those_that_are_made() -> None:
    """Two rates at once, against a large plain sample; over seeds z keeps to its law."""
    ranges = ((0.0005, 0.002, 0.01), (0.001, 0.002, 0.003))
    raw = {
        "horizon": f"{YEARS:g} years",
        "media": {"m": {"lifetime": "none"}},
        "copies": [{"name": "a", "store": {"media": "m"}}],
        "shocks": [
            {"name": f"s{k}", "hits": ["a"],
             "rate": dict(zip(("low", "mode", "high"), map("{}/year".format, ends), strict=True))}
            for k, ends in enumerate(ranges)
        ],
    }  # fmt: skip
    layout = rm.Layout.from_dict(raw)
    rng = np.random.default_rng(4)
    rates = np.zeros(1_000_000)
    for low, mode, high in ranges:
        z = rng.standard_normal(len(rates)) / Z95
        rates += mode * np.where(z < 0.0, (low / mode) ** -z, (high / mode) ** z)
    truth = np.log(-np.expm1(-YEARS * np.quantile(rates, [0.05, 0.5, 0.95])))
    best = rm.simulate(layout, ranges=False)
    errors, stated = [], []
    for seed in range(10):
        found = rm.parameter_range(layout, estimate=best, points=64, seed=seed, threads=2)
        errors.append(np.log([found.low, found.median, found.high]) - truth)
        stated.append([found.low_error, found.median_error, found.high_error])
    made, said = (np.sqrt(np.mean(np.square(rows), axis=0)) for rows in (errors, stated))
    assert (made < 0.2).all()
    assert (said / made > 0.4).all()
    assert (said / made < 2.5).all()


def test_inputs_that_do_not_matter_give_a_range_of_no_width() -> None:
    """The rate of a shock that kills nobody changes the program and not the answer."""
    layout = _shocked((0.01, 0.1, 1.0), kills=0.0)
    best = rm.simulate(layout, method="events", ranges=False)
    noise = 1.0 / math.sqrt(2048 * best.probability)
    widths = []
    for seed in range(8):
        found = rm.parameter_range(layout, estimate=best, seed=seed, threads=2)
        assert len(found.names) == 1
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.high
        widths.append(math.log(found.high / found.low))
    raw = 2.0 * Z95 * noise
    assert sum(width == 0.0 for width in widths) >= 2
    assert float(np.mean(widths)) < 0.3 * raw
    assert max(widths) < 0.75 * raw


def _counted(losses: int, trials: int) -> LossEstimate:
    return LossEstimate("l", "d", 1.0, "events", "", trials=trials, losses=losses)


@pytest.mark.parametrize("median_losses", [12.0, 60.0])
def test_the_noise_of_counts_is_taken_out(median_losses: float) -> None:
    """Lognormal probabilities, binomial counts: the variance of the logarithm comes back."""
    trials, sigma = 4000, 0.6
    rng = np.random.default_rng(8)
    found, raw = [], []
    for _ in range(300):
        truth = median_losses / trials * np.exp(sigma * rng.standard_normal(128))
        counts = rng.binomial(trials, truth)
        pairs = np.array([on_scale(_counted(int(count), trials)) for count in counts])
        values, spread = without_noise(pairs[:, 0], pairs[:, 1])
        assert np.var(values, ddof=1) == pytest.approx(spread)
        found.append(spread)
        raw.append(float(np.var(pairs[:, 0], ddof=1)))
    assert np.mean(found) == pytest.approx(sigma**2, rel=0.04)
    assert np.mean(raw) > 1.04 * sigma**2


def test_the_scale_goes_there_and_back() -> None:
    for losses, trials in ((1, 10), (300, 1000), (999, 1000)):
        share = (losses + 0.5) / (trials + 1)
        assert from_scale(on_scale(_counted(losses, trials))[0]) == pytest.approx(share)
    exact = LossEstimate("l", "d", 1.0, "exact", "", exact=1e-15)
    assert on_scale(exact) == pytest.approx((math.log(1e-15), 0.0))


def test_no_loss_is_a_bound_and_never_zero() -> None:
    wide = _drive(1e-8, 1e-4, 1e-3)
    found = rm.parameter_range(
        wide,
        estimate=rm.simulate(wide, method="events", trials=200_000, ranges=False),
        points=64,
        threads=2,
    )
    assert found.low is None
    assert found.bound is not None
    assert _lost(1e-8) < found.bound < _lost(1e-4)
    assert found.high is not None
    assert math.log(found.high / _lost(1e-3)) == pytest.approx(0.0, abs=0.3)
    assert "less than 1 in" in found.in_words
    never = _drive(1e-12, 1e-11, 1e-10)
    none = rm.simulate(never, method="events", trials=1000, ranges=False)
    found = rm.parameter_range(never, estimate=none, points=32)
    assert (found.low, found.median, found.high) == (None, None, None)
    assert found.in_words == "unknown (no loss seen)"
    json.dumps(found.to_dict(), allow_nan=False)


def test_weighted_runs_at_the_points_of_a_rare_layout() -> None:
    """A mirror of two drives, whose exact answer goes with the square of an uncertain rate."""
    raw = {
        "horizon": "10 years",
        "media": {"m": {"afr": {"low": 0.005, "mode": 0.02, "high": 0.08}}},
        "copies": [{"name": "a", "store": {"media": "m", "level": "raid1", "drives": 2,
                                          "rebuild": {"exponential": {"mean": "12 h"}}}}],
    }  # fmt: skip
    layout = rm.Layout.from_dict(raw)
    ranges = [
        rm.parameter_range(
            layout, estimate=rm.simulate(layout, method=method, ranges=False, trials=trials)
        )
        for method, trials in (("exact", None), ("conditional", 4096), ("excursion", 4096))
    ]
    for found in ranges:
        for end, afr in ((found.low, 0.005), (found.median, 0.02), (found.high, 0.08)):
            truth = rm.simulate(layout.replace("media.m.afr", afr), method="exact").probability
            assert end is not None
            assert math.log(end / truth) == pytest.approx(0.0, abs=0.5)
        # the same points: what is left is the noise of the runs, 2 % and less
        for end, exact in zip(
            (found.low, found.high), (ranges[0].low, ranges[0].high), strict=True
        ):
            assert end == pytest.approx(exact, rel=0.08)


def test_a_seed_gives_the_same_range_for_any_number_of_threads(drive: rm.Layout) -> None:
    best = rm.simulate(drive, method="events", trials=20_000, ranges=False)
    one, two = (
        rm.parameter_range(drive, estimate=best, points=32, threads=threads) for threads in (1, 2)
    )
    assert one == two
    assert rm.parameter_range(drive, estimate=best, points=32, seed=2) != one


def test_who_makes_the_range_is_said() -> None:
    layout = _shocked((0.001, 0.01, 0.1), (0.009, 0.01, 0.011))
    found = rm.parameter_range(layout, threads=2)
    assert found.shares[0].parameter == "shocks.shock 0.rate"
    assert found.shares[0].share > 0.8
    assert found.shares[1].share < 0.05
    assert list(found.to_frame().columns) == [*found.names, "probability"]
    assert len(found.to_frame()) == found.points


def test_a_layout_without_uncertain_inputs_has_no_width(disk_layout: dict) -> None:
    found = rm.parameter_range(rm.Layout.from_dict(disk_layout))
    assert (found.low, found.median, found.high) == pytest.approx((0.02,) * 3)
    assert found.points == 0
    assert found.in_words == "1 in 50"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"points": 100}, "points: must be a power of two"),
        ({"points": 16}, "points: must be a power of two, at least 32"),
        ({"level": 1.0}, "level: must be between 0 and 1"),
        ({"seed": -1}, "seed: must be between"),
        ({"threads": 0}, "threads: must be at least 1"),
    ],
)
def test_bad_options_are_named(drive: rm.Layout, options: dict, words: str) -> None:
    with pytest.raises(rm.InputError, match=words):
        rm.parameter_range(drive, **options)


def test_defaults_of_an_example_are_varied_with_their_grades() -> None:
    layout = rm.example("two-offices-replica")
    best = rm.simulate(layout, method="events", trials=20_000)
    assert best.parameter_range is None
    found = rm.parameter_range(layout, estimate=best, points=32, threads=2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < best.probability < found.high
    assert {item.grade for item in found.shares} >= {"C"}
    assert 0.5 < found.judged <= 1.0


def test_a_comparison_shows_the_ranges_too(disk_layout: dict) -> None:
    from riskmodel._decide_text import comparison_text

    better = {**disk_layout, "name": "better", "media": {"drive": {"afr": 0.01}}}
    disk_layout["media"]["drive"]["afr"] = {"low": 0.01, "mode": 0.02, "high": 0.08}
    layouts = [rm.Layout.from_dict(raw) for raw in (disk_layout, better)]
    lines = comparison_text(rm.compare(layouts)).splitlines()
    assert ["inputs" in line for line in lines if " about " in line] == [False, True]


def test_the_command_shows_both_ranges(tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text(
        'name = "one"\nhorizon = "1 year"\n[media.m]\nafr = { low = 0.01, mode = 0.02, '
        'high = 0.08 }\n[[copies]]\nname = "a"\nstore = { media = "m" }\n'
    )
    plain = CliRunner().invoke(app, ["simulate", str(file)])
    assert plain.exit_code == 0
    first, *rest = plain.stdout.splitlines()
    assert "about 1 in 50 to lose everything within 1 year; with the uncertainty" in first
    assert any("90 % range" in line and "128 points" in line for line in rest)
    document = json.loads(CliRunner().invoke(app, ["simulate", str(file), "--json"]).stdout)
    found = document["parameter_range"]
    assert found["low"] < document["probability"] < found["high"]
    assert [item["name"] for item in found["parameters"]] == ["media.m.afr"]
    off = CliRunner().invoke(app, ["simulate", str(file), "--json", "--no-ranges"])
    assert json.loads(off.stdout)["parameter_range"] is None
