"""One history told: it is the trial that the kernel counts, and it is told as it was found."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._history_text import history_text
from riskmodel._program import Compiled, compile_layout
from riskmodel._replay import first_loss, hurried, replayed
from riskmodel._write import layout_toml
from tests.commands import riskmodel_command
from tests.random_layouts import random_tables

_BINS = 64


def one_trial(compiled: Compiled, seed: int, trial: int) -> tuple[int, int, int]:
    """Return losses of a trial by the kernel, the cause of the first one and its slice of time."""
    from riskmodel._kernels.events import run_trials
    from riskmodel._kernels.state import make_state

    totals, causes = np.zeros(8, np.int64), np.zeros(len(compiled.causes), np.int64)
    bins = np.zeros(_BINS, np.int64)
    state = make_state(compiled.program)
    run_trials(compiled.program, state, seed, trial, 1, totals, causes, bins)
    lost = bool(totals[1])
    return int(lost), int(causes.argmax()) if lost else -1, int(bins.argmax()) if lost else -1


def replay(compiled: Compiled, seed: int, trial: int) -> tuple[int, int, int]:
    *_, last = [None, *replayed(compiled.program, seed, trial)]
    if last is None or last.kind != "all lost":
        return 0, -1, -1
    return 1, last.cause, min(int(last.time / compiled.program.horizon * _BINS), _BINS - 1)


def some_layouts() -> list[rm.Layout]:
    rng = np.random.default_rng(5)
    drawn = [rm.Layout.from_dict(random_tables(rng)) for _ in range(8)]
    return [rm.example("small-business-tape-vault"), rm.example("two-offices-replica"), *drawn]


@pytest.mark.parametrize("number", range(10))
def test_a_replay_loses_what_the_kernel_loses(number: int) -> None:
    layout = some_layouts()[number]
    compiled = compile_layout(layout, layout.horizon or 8766.0)
    counted = [one_trial(compiled, 7, trial) for trial in range(40)]
    assert [replay(compiled, 7, trial) for trial in range(40)] == counted
    lost = [trial for trial, (there, _, _) in enumerate(counted) if there]
    assert first_loss(compiled.program, 7, 40) == (lost[0] if lost else None)


def two(mean: str, recovery: str = "10 days", **check: object) -> rm.Layout:
    return rm.Layout.from_dict(
        {
            "name": "two",
            "horizon": "10 years",
            "media": {"m": {"lifetime": {"exponential": {"mean": mean}}}},
            "copies": [
                {"name": one, "store": {"media": "m"}, "recovery": {"fixed": recovery}, **check}
                for one in ("a", "b")
            ],
        }
    )


def test_a_history_is_told_in_order_up_to_the_loss() -> None:
    found = rm.history(two("2 years"))
    assert found.haste == 1
    assert "first that loses everything" in found.how_found
    times = [one.hours for one in found.happenings]
    assert times == sorted(times)
    assert found.happenings[-1].kind == "all lost"
    assert found.lost_hours == times[-1]
    # both copies are down at the end, and each loss before was made good after ten days
    for lane in found.lanes:
        *earlier, (_, until, _) = lane.lost
        assert until == found.lost_hours
        assert all(back - since == pytest.approx(240.0) for since, back, _ in earlier)
    since = max(lane.lost[-1][0] for lane in found.lanes)
    assert since == found.lost_hours
    assert "later drive failures of" in found.in_words
    frame = found.to_frame()
    assert list(frame.columns) == ["years", "kind", "where", "what"]
    assert len(frame) == len(found.happenings)
    assert found.in_words in found._repr_html_()


def test_the_same_trial_is_the_same_history_and_may_end_well() -> None:
    layout = two("500 years")
    found = rm.history(layout, trial=3)
    assert found == rm.history(layout, trial=3)
    assert found.lost_hours is None
    assert found.end_hours == found.horizon_hours
    assert "a copy was always left" in found.in_words
    assert "as asked for" in found.how_found


def test_losses_wait_for_their_check() -> None:
    found = rm.history(two("2 years", check={"every": "90 days"}), seed=4)
    lane = next(lane for lane in found.lanes if len(lane.lost) > 1)
    since, until, noticed = lane.lost[0]
    assert since < noticed < since + 90 * 24.0
    assert noticed % (90 * 24.0) == pytest.approx(0.0, abs=1e-6)
    assert until == pytest.approx(noticed + 240.0)
    assert noticed in lane.checks


def test_a_rare_loss_is_found_by_hurrying_and_says_so() -> None:
    found = rm.history(two("2000 years", "1 day"))
    assert found.haste > 1
    assert f"under {found.haste} times the stated rates" in found.how_found
    assert found.how_found in found._repr_html_()
    assert found.lost_hours is not None


@pytest.mark.parametrize(
    "law",
    [{"exponential": {"mean": "30 years"}}, {"weibull": {"shape": 2.5, "scale": "25 years"}},
     {"lognormal": {"median": "40 years", "sigma": 0.8}}],
)  # fmt: skip
def test_hurried_means_so_many_times_the_hazard(law: dict[str, object]) -> None:
    layout = rm.Layout.from_dict(
        {"horizon": "10 years", "media": {"m": {"lifetime": law}},
         "shocks": [{"name": "fire", "rate": "0.01/year", "hits": ["a"]}],
         "copies": [{"name": "a", "store": {"media": "m"}}]}
    )  # fmt: skip
    compiled = compile_layout(layout)
    hazard = float(compiled.program.stores["hazard_start"][0]) + 0.1
    program = hurried(compiled.program, 4)
    trials = 20_000
    lost = _losses(program, trials)
    expected = -math.expm1(-4.0 * hazard)
    error = math.sqrt(expected * (1.0 - expected) / trials)
    assert abs(lost / trials - expected) < 4.0 * error


def _losses(program: object, trials: int) -> int:
    from riskmodel._kernels.events import run_trials
    from riskmodel._kernels.state import make_state

    totals = np.zeros(8, np.int64)
    causes = np.zeros(program.causes, np.int64)
    run_trials(program, make_state(program), 1, 0, trials, totals, causes, np.zeros(1, np.int64))
    return int(totals[1])


def test_what_is_never_lost_has_no_such_history() -> None:
    layout = rm.Layout.from_dict(
        {"name": "stone", "horizon": "1 year", "media": {"m": {"lifetime": "none"}},
         "copies": [{"name": "a", "store": {"media": "m"}}]}
    )  # fmt: skip
    with pytest.raises(rm.InputError, match="stone: no history"):
        rm.history(layout)
    with pytest.raises(rm.InputError, match="trial"):
        rm.history(layout, trial=-1)


def test_the_command_tells_the_same_history_and_draws_it(tmp_path: Path) -> None:
    file, picture = tmp_path / "two.toml", tmp_path / "two.svg"
    file.write_text(layout_toml(two("2 years")), "utf-8")
    found = rm.history(two("2 years"), seed=4)
    done = riskmodel_command("history", str(file), "--seed", "4", "--plot", str(picture))
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert f"two: {found.in_words} {found.how_found}" in told
    assert f"{found.lost_hours / 8766.0:.3f} years no copy is left" in told
    assert "everything is lost" in picture.read_text("utf-8")
    document = json.loads(riskmodel_command("history", str(file), "--seed=4", "--json").stdout)
    assert document["lost_hours"] == found.lost_hours
    assert [one["name"] for one in document["copies"]] == ["a", "b"]
    assert document["happenings"][-1]["kind"] == "all lost"
    for words, message in (
        (["--last", "3 days"], "--last: says what --plot draws, and there is none"),
        (["--plot", "x.svg", "--last", "3"], "--last: expects a time"),
        (["--plot", "x.gif"], "--plot: x.gif: expects a name that ends in .png, .svg, .pdf"),
        (["--trial", "-1"], "trial: must be at least 0"),
    ):
        done = riskmodel_command("history", str(file), *words)
        assert done.returncode == 2
        assert message in done.stderr


def test_a_long_history_is_told_from_its_end() -> None:
    found = rm.history(two("2 years"), seed=4)
    many = replace(found, happenings=found.happenings[:1] * 100 + found.happenings[-1:])
    lines = history_text(many).splitlines()
    said = next(k for k, line in enumerate(lines) if "the last 40 of 101 happenings" in line)
    assert len(lines) - said - 1 == 40
    assert lines[-1].endswith("no copy is left")


def test_the_timeline_shows_each_copy_and_the_end() -> None:
    found = rm.history(two("2 years", check={"every": "90 days"}), seed=4)
    ax = rm.plot.timeline(found)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    ends = [line.get_xdata()[0] for line in ax.lines if line.get_linewidth() == 2.0]
    assert ends == [pytest.approx(found.lost_hours / 8766.0)]
    assert found.in_words.split(";")[0] in ax.get_title(loc="left").replace("\n", " ")
    assert found.how_found in ax.get_xlabel().replace("\n", " ")
    # what nobody knows is hollow and hatched, as wide as it takes until the check
    hollow = [bar for bar in ax.patches if bar.get_hatch() == "////"]
    hidden = [
        min(seen, until) - since
        for lane in found.lanes
        for since, until, seen in lane.lost
        if min(seen, until) > since
    ]
    assert sorted(bar.get_width() * 8766.0 for bar in hollow) == pytest.approx(sorted(hidden))
    close = rm.plot.timeline(found, last="60 days")
    low, high = close.get_xlim()
    assert high - low == pytest.approx(60 * 1.02)
    assert close.get_xlabel().startswith("days")
