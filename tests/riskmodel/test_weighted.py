"""Sums of weighted trials: what they say, and what they dare not say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from riskmodel._weighted import LEAST_EFFECTIVE, LEAST_TO_BOUND, Weighted


def _of(weights: list[float] | np.ndarray, cause: np.ndarray | None = None) -> Weighted:
    """Return the sums over single weights, of two causes at random and of four slices of time."""
    w = np.asarray(weights, dtype=np.float64)
    by_first = np.random.default_rng(len(w)).random(len(w)) < 0.3 if cause is None else cause
    causes = tuple(
        (name, float(w[its].sum()), *[float((w[its] ** 2).sum())] * 2)
        for name, its in (("a", by_first), ("b", ~by_first))
    )
    bins = tuple(float(w[k::4].sum()) for k in range(4))
    powers = (float((w**k).sum()) for k in (1, 2, 4))
    return Weighted(len(w), *powers, causes, bins)


def test_mean_and_error_are_those_of_the_values() -> None:
    weights = np.random.default_rng(1).gamma(0.3, size=500)
    found = _of(weights)
    error = weights.std(ddof=1) / math.sqrt(len(weights))
    assert found.mean == pytest.approx(weights.mean())
    assert found.standard_error == pytest.approx(error)
    assert found.relative_error == pytest.approx(error / weights.mean())


def test_merged_sums_are_the_sums_of_all() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.gamma(0.3, size=40), rng.gamma(0.3, size=80)
    causes = rng.random(120) < 0.3
    merged = _of(first, causes[:40]) + _of(second, causes[40:])
    whole = _of(np.concatenate([first, second]), causes)
    assert merged.values == whole.values == 120
    for name in ("total", "squares", "fourths", "mean", "standard_error", "effective"):
        assert getattr(merged, name) == pytest.approx(getattr(whole, name)), name
    assert sum(merged.bins) == pytest.approx(whole.total)
    for one, other in zip(merged.causes, whole.causes, strict=True):
        assert one[0] == other[0]
        assert one[1:] == pytest.approx(other[1:])


def test_no_loss_says_nothing() -> None:
    found = _of(np.zeros(1000))
    assert found.interval(0.95) == (0.0, 1.0)
    assert found.relative_error == math.inf
    assert found.effective == 0.0


@pytest.mark.parametrize("weights", [[1e-9], [0.0, 0.0, 1e-9], [1e-9, 1e-14, 0.0]])
def test_one_weight_says_nothing(weights: list[float]) -> None:
    found = _of(weights)
    assert found.effective == pytest.approx(1.0)
    assert found.interval(0.95) == (0.0, 1.0)


@pytest.mark.parametrize("value", [0.1, 0.125])  # rounding leaves something, and nothing
def test_values_alike_have_an_error_though_a_tiny_one(value: float) -> None:
    found = _of(np.full(64, value))
    assert 0.0 < found.relative_error < 1e-7
    low, high = found.interval(0.95)
    assert low <= value <= high
    assert low == pytest.approx(value, rel=1e-6)


def test_effective_counts_what_the_error_rests_on() -> None:
    assert _of(np.full(50, 3e-7)).effective == pytest.approx(50.0)
    assert _of([1.0] * 50 + [0.0] * 950).effective == pytest.approx(50.0)
    assert _of([1e-3] * 50 + [1.0]).effective == pytest.approx(1.0, rel=1e-3)


def test_an_interval_widens_as_what_it_rests_on_shrinks() -> None:
    """At one relative error of 20 %, whatever few trials it rests on."""
    widths = []
    for hits in (1000, 300, 100, 30, 10, 5, 3):
        # hits of equal weight among so many trials that the relative error is hits**-0.5 …
        trials = 100 * hits
        found = _of([1.0] * hits + [0.0] * (trials - hits))
        low, high = found.interval(0.95)
        assert 0.0 < low < found.mean < high
        # … and this leaves Student's quantile
        widths.append(math.log(found.mean / low) / found.relative_error)
        assert high == pytest.approx(found.mean**2 / low if hits >= LEAST_TO_BOUND else 1.0)
    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(1.96, rel=0.01)
    assert widths[-1] > 4.3


def test_an_interval_grows_with_its_level_and_stays_a_probability() -> None:
    found = _of([0.9] * 5 + [0.0] * 3)
    lows, highs = zip(*(found.interval(level) for level in (0.5, 0.9, 0.99)), strict=True)
    assert list(lows) == sorted(lows, reverse=True)
    assert list(highs) == sorted(highs)
    assert max(highs) <= 1.0


def test_weights_that_no_probability_has_bound_nothing() -> None:
    assert _of(np.linspace(1.1, 1.3, 50)).interval(0.95) == (0.0, 1.0)


def test_one_trial_of_nothing_may_not_have_been_met() -> None:
    found = replace(_of(np.full(64, 0.1)), trials=1024)
    assert found.relative_error == pytest.approx(1.0 / 1024)


def test_intervals_cover_values_of_known_laws() -> None:
    """The mean of gamma variables, from even ones to such as a weight may be."""
    rng = np.random.default_rng(3)
    for shape in (20.0, 1.0, 0.3):
        hits = 0
        for _ in range(1000):
            low, high = _of(rng.gamma(shape, 0.1 / shape, size=1000)).interval(0.95)
            hits += low <= 0.1 <= high
        assert 925 <= hits <= 975, shape


@pytest.mark.parametrize("sigma", [2.0, 3.0, 4.0])
def test_intervals_hold_a_mean_that_rests_on_what_was_hardly_ever_drawn(sigma: float) -> None:
    """The mean of lognormal values: of a sigma of 4, most of it is in one value of 30,000."""
    rng = np.random.default_rng(6)
    below, above, bounded = 0, 0, 0
    for _ in range(600):
        found = _of(1e-9 * np.exp(rng.normal(0.0, sigma, size=1000)))
        low, high = found.interval(0.95)
        mean = 1e-9 * math.exp(sigma**2 / 2.0)
        below += mean < low
        above += mean > high
        bounded += found.is_bounded
        assert found.is_few or found.is_bounded
    assert below <= 15
    assert above <= 15
    assert bounded < 300


def test_share_errors_are_those_of_many_repeats() -> None:
    rng = np.random.default_rng(4)
    shares, errors = [], []
    for _ in range(800):
        found = _of(rng.gamma(0.5, size=400), rng.random(400) < 0.3)
        _, total, *powers = found.causes[0]
        shares.append(total / found.total)
        errors.append(found.share_error(total, *powers))
    spread = float(np.std(shares))
    # the spread of 800 repeats is known to 2.5 %
    assert float(np.mean(errors)) == pytest.approx(spread, rel=0.11)


def test_a_share_of_all_or_nothing_has_no_error() -> None:
    found = Weighted(10, 5.0, 4.0, 3.0, (("a", 5.0, 4.0, 4.0), ("b", 0.0, 0.0, 0.0)), (5.0,))
    assert found.share_error(5.0, 4.0, 4.0) == 0.0
    assert found.share_error(0.0, 0.0, 0.0) == 0.0


def test_share_errors_of_values_that_have_parts_of_both() -> None:
    rng = np.random.default_rng(5)
    shares, errors = [], []
    for _ in range(800):
        parts = rng.gamma(4.0, size=(2, 200))
        value = parts.sum(axis=0)
        powers = (float((value**k).sum()) for k in (1, 2, 4))
        cause = tuple(float(x.sum()) for x in (parts[0], parts[0] ** 2, parts[0] * value))
        found = Weighted(200, *powers, (("a", *cause),), (value.sum(),))
        shares.append(cause[0] / found.total)
        errors.append(found.share_error(*cause))
    assert float(np.mean(errors)) == pytest.approx(float(np.std(shares)), rel=0.11)


def test_the_least_effective_number_is_large_enough() -> None:
    """Below it Student's quantile differs from the normal one by more than four percent."""
    equal = _of([1.0] * int(LEAST_EFFECTIVE) + [0.0] * 10_000)
    low, high = equal.interval(0.95)
    assert math.log(high / low) / equal.relative_error < 1.05 * 2 * 1.96
