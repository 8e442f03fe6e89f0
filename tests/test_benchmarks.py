"""The benchmarks run, and race programs that give the same answer."""

from __future__ import annotations

import shutil
import sys

import pytest

from benchmarks import against_python, rare
from benchmarks.__main__ import TOPICS, main
from benchmarks.against_c import EXACT_R1
from benchmarks.engine import events
from benchmarks.groups import R1, THOUSAND, Group, elerath_pecht
from benchmarks.loops import plain_loop, simpy_model
from benchmarks.racing import Lap, race, ratio, z_of, z_score
from benchmarks.rare_layouts import FAMILIES
from benchmarks.tables import Size, Table
from benchmarks.yardstick import yardstick

# an independent program's share of groups lost in 10 years: RAID 5, base case, the literal rule
ELERATH_PECHT_RAID5 = 0.1274


def _share(group: Group) -> float:
    return EXACT_R1 if group is R1 else ELERATH_PECHT_RAID5


HEAVY = {
    "catalogue",
    "drive-stats",
    "memory",
    "pareto",
}  # seconds of processor time each, even when tiny


@pytest.mark.parametrize(
    "topic",
    [pytest.param(topic, marks=pytest.mark.slow) if topic in HEAVY else topic for topic in TOPICS],
)
def test_every_topic_prints_a_table(topic: str) -> None:
    table = TOPICS[topic](Size.TINY)
    assert table.rows
    assert table.figures
    assert all(len(row) == len(table.columns) for row in table.rows)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")
@pytest.mark.parametrize("group", [R1, elerath_pecht(1)], ids=lambda group: group.name)
def test_c_and_the_engine_lose_the_same_trials(group: Group) -> None:
    in_c = yardstick(group)
    assert in_c is not None
    trials = 5_000
    lost = in_c(3, trials)
    # the last bits of a logarithm may differ between compilers, and so may a trial or two
    assert abs(lost - events(group)(3, trials)) <= 2
    assert lost != in_c(4, trials)
    assert abs(z_of(Lap(trials, [1.0], lost), _share(group))) < 4.0


@pytest.mark.parametrize("group", [R1, elerath_pecht(1)], ids=lambda group: group.name)
def test_event_loops_play_the_same_law(group: Group) -> None:
    contenders = {"loop": (plain_loop(group), 2_500)}
    model = simpy_model(group)
    if model is not None:
        contenders["SimPy"] = (model, 700)
    for name, lap in race(contenders, 1).items():
        assert lap.losses > 0
        assert abs(z_of(lap, _share(group))) < 4.0, name


def test_programs_that_disagree_are_not_compared() -> None:
    table = Table("", ("case", "program", "trials/s", "share", "z", "ratio"))
    right, wrong = Lap(1_000, [1.0], 100), Lap(1_000, [2.0], 300)
    against_python._add(table, "case", "wrong", wrong, right)
    against_python._add(table, "case", "right", Lap(1_000, [2.0], 101), right)
    assert table.rows[0][-1] == "another answer: not compared"
    assert table.rows[1][-1] == "2 x as fast"


def test_laps_are_compared_per_trial() -> None:
    fast, slow = Lap(1_000, [1.0, 3.0, 1.0], 30), Lap(10, [1.0, 3.0, 1.0], 0)
    assert fast.speed == 1_000.0
    assert ratio(fast, slow) == 100.0
    assert z_score(fast, fast) == 0.0


def test_a_thousand_drives_are_a_thousand() -> None:
    store = THOUSAND.layout().copies[0].store
    assert store.group_count * store.group_drives == 1_000


@pytest.mark.parametrize("wanted", [1e-3, 1e-9])
@pytest.mark.parametrize("family", [FAMILIES[0], FAMILIES[3]], ids=lambda family: family.name)
def test_layouts_are_brought_to_the_wanted_probability(family, wanted: float) -> None:
    _, p = rare.tuned(family, wanted, 4_096)
    assert p == pytest.approx(wanted, rel=0.1)


def test_the_cost_of_a_share_is_that_of_its_variance() -> None:
    layout = FAMILIES[0].make(30.0)
    p = rare._probability(layout, 1)
    cost = rare.measure(layout, "events", 2_000, 2, p)
    assert isinstance(cost, rare.Cost)
    assert cost.relative_variance == pytest.approx((1.0 - p) / p)
    assert cost.seconds == pytest.approx(100.0 * (1.0 - p) / p * cost.trial_seconds)


def test_an_unknown_topic_is_refused(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "speed"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "unknown topic 'speed'" in capsys.readouterr().err
