"""The engines of rare losses: the same bits however they run, and sums that mean what they say."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._text import estimate_text
from riskmodel.exact import loss_probability
from tests.conftest import LAYOUTS

METHODS = ("conditional", "excursion")
BUSY = LAYOUTS / "multicopy" / "latent-errors-at-failure.toml"
TRIALS = 8_000  # some whole chunks and one that is cut


def _run(method: str, **options: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"trials": TRIALS, "seed": 9} | options
    found = rm.simulate(rm.load_layout(BUSY), method=method, **asked)
    assert found.weighted is not None
    sums = found.weighted
    bits = [sums.total, sums.squares, sums.fourths, *sums.bins]
    bits += [number for _, *numbers in sums.causes for number in numbers]
    return {"values": sums.values, "trials": found.trials, "bits": [b.hex() for b in bits]}


@pytest.mark.parametrize("method", METHODS)
def test_threads_and_processes_give_the_same_bits(method: str) -> None:
    one = _run(method, threads=1)
    for threads in (2, 3, 7):
        assert _run(method, threads=threads) == one, threads
    assert _run(method, processes=2) == one
    assert _run(method, seed=10, threads=2) != one


@pytest.mark.parametrize("method", METHODS)
def test_a_target_stops_at_the_same_trial(method: str) -> None:
    runs = [
        _run(method, trials=None, target_relative_error=0.03, threads=threads)
        for threads in (1, 2, 7)
    ]
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("method", METHODS)
def test_a_run_that_was_cut_goes_on_to_the_same_bits(method: str, tmp_path: Path) -> None:
    path = tmp_path / "run"
    plain = _run(method)
    assert _run(method, checkpoint=path) == plain
    whole = path.read_bytes()
    for length in (len(whole) - 1, 2 * len(whole) // 3, len(whole) // 4, 10):
        path.write_bytes(whole[:length])
        assert _run(method, checkpoint=path) == plain, length
        assert path.read_bytes() == whole, length


def test_the_other_methods_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run"
    _run("excursion", checkpoint=path)
    with pytest.raises(rm.InputError, match="method excursion, this one has conditional"):
        _run("conditional", checkpoint=path)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_that_can_be_lost_gives_no_number(method: str, disk_layout: dict) -> None:
    disk_layout["media"]["drive"] = {"lifetime": "never"}
    found = rm.simulate(rm.Layout.from_dict(disk_layout), method=method, trials=2_000)
    assert not found.seen
    assert found.interval() == (0.0, 1.0)
    assert found.to_dict()["probability"] is None
    assert "bounds nothing" in " ".join(found.all_warnings)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["frailty_mirror_k1-10y", "raid5_N8_EP-10y"])
def test_the_curve_is_the_exact_one(method: str, name: str) -> None:
    layout = rm.load_layout(LAYOUTS / "reference" / f"{name}.toml")
    exact = loss_probability(layout)
    found = rm.simulate(layout, method=method, trials=100_000, seed=4)
    years, values = found.curve
    times = np.array(years) * 8766.0
    assert list(values) == sorted(values)
    assert values[-1] == pytest.approx(found.probability)
    expected = np.interp(times, exact.times_hours, exact.curve)
    # of 100,000 trials some thousands are losses by then, so that their noise is 2 % at most
    np.testing.assert_allclose(values[29::10], expected[29::10], rtol=0.08)


@pytest.mark.parametrize("method", METHODS)
def test_causes_are_those_of_plain_trials(method: str) -> None:
    layout = rm.load_layout(LAYOUTS / "multicopy" / "nas-usb-cloud.toml")
    found = rm.simulate(layout, method=method, trials=100_000, seed=5)
    plain = rm.simulate(layout, method="events", trials=200_000, seed=6)
    assert sum(cause.share for cause in found.causes) == pytest.approx(1.0)
    shares = {cause.name: cause for cause in found.causes}
    for cause in plain.causes:
        if cause.share > 0.01:
            mine = shares[cause.name]
            error = math.hypot(cause.standard_error, mine.standard_error)
            assert abs(cause.share - mine.share) < 4.5 * error, cause


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_what_heavy_trials_were_missed_is_not_bounded_from_above(seed: int) -> None:
    """Twelve copies: too many for the table of values that steers, and all weights seen are low."""
    copy = {"store": {"media": "m"}, "recovery": {"exponential": {"mean": "60 days"}}}
    layout = rm.Layout.from_dict(
        {
            "name": "twelve",
            "horizon": "10 years",
            "media": {"m": {"lifetime": {"exponential": {"mean": "1 year"}}}},
            "copies": [{"name": f"c{k}"} | copy for k in range(12)],
        }
    )
    found = rm.simulate(layout, method="conditional", trials=8_192, seed=seed)
    low, high = found.interval()
    assert low <= loss_probability(layout, layout.horizon).probability <= high == 1.0
    assert not found.is_known
    assert "twelve: unknown" in str(found)
    assert any("nothing bounds it from above" in text for text in found.all_warnings)
    assert "unknown: " in estimate_text(found)
    assert (
        not rm.compare(
            [
                layout,
                layout.replace("name", "two").replace("copies.c0.recovery", {"fixed": "50 days"}),
            ],
            method="conditional",
            trials=8_192,
            seed=seed,
        )
        .pairs[0]
        .told_apart
    )
