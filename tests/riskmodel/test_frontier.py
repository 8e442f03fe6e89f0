"""The search: no member of the fully enumerated front is lost."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import riskmodel as rm
from riskmodel import _screening, frontier
from riskmodel._improve_text import frontier_text
from riskmodel._program import compile_layout
from riskmodel._write import layout_toml
from riskmodel.frontier import pareto
from riskmodel.space import Space, read_space
from tests.commands import riskmodel_command
from tests.random_layouts import random_tables


def disk(name: str, price: int) -> dict[str, object]:
    return {
        "name": name, "store": {"media": name}, "recovery": {"exponential": {"mean": "30 days"}},
        "price": {"per_year": float(price)},
    }  # fmt: skip


# memoryless and without people, so that every candidate has an exact answer
BASE = rm.Layout.from_dict(
    {
        "name": "base",
        "horizon": "5 years",
        "media": {"a": {"afr": 0.05}, "b": {"afr": 0.05}, "c": {"afr": 0.05}},
        "copies": [disk("a", 50), disk("b", 30), disk("c", 20)],
    }
)
SPACE = {
    "copies.c": [True, False],
    "drive": [
        {"name": f"drive {k}", "media.a.afr": afr, "copies.a.price.per_year": price}
        for k, (afr, price) in enumerate([(0.2, 20.0), (0.1, 35.0), (0.05, 50.0), (0.06, 70.0),
                                          (0.02, 110.0)])
    ],
    "second": [
        {"name": f"second {k}", "media.b.afr": afr, "copies.b.price.per_year": price}
        for k, (afr, price) in enumerate([(0.3, 5.0), (0.12, 22.0), (0.06, 31.0), (0.03, 64.0)])
    ],
    "copies.b.recovery": [
        {"exponential": {"mean": f"{days} days"}} for days in (3, 10, 30, 90, 200)
    ],
}  # fmt: skip


def exact_rows(layouts: list[tuple[str, rm.Layout]]) -> list[tuple[float, float, str]]:
    rows = []
    for name, layout in layouts:
        cost = rm.yearly_cost(layout)
        assert cost is not None
        loss = rm.simulate(layout, method="exact", ranges=False).probability
        rows.append((cost.per_year[0][1], loss, name))
    return rows


@pytest.mark.slow
def test_no_member_of_the_enumerated_front_is_lost_and_the_rest_is_screened_out():
    space = Space.from_dict(SPACE)
    assert space.count == 200
    layouts = [(n, one) for n, one in space.candidates(BASE) if isinstance(one, rm.Layout)]
    assert len(layouts) == 200
    found = pareto(BASE, space, target=1e-3)
    rows = exact_rows(layouts)
    front = {
        name
        for cost, p, name in rows
        if not any((c <= cost and q < p) or (c < cost and q <= p) for c, q, _ in rows)
    }
    assert {one.name for one in found.front} == front
    # the rule of the screen: all within three times of the front are estimated, and not all others
    near = {name for cost, p, name in rows if p <= 3.0 * min(q for c, q, _ in rows if c <= cost)}
    estimated = {one.name for one in (*found.front, *found.near)}
    assert near <= estimated
    assert len(estimated) < 190
    under = [one for one in found.front if one.loss.probability < 1e-3]
    assert found.cheapest is not None
    assert found.cheapest.cost == min(one.cost for one in under)


def test_a_copy_that_is_fed_by_one_left_out_is_refused_and_counted():
    fed = BASE.replace("copies", [disk("a", 1), {**disk("b", 2), "fed": {"from": "a"}}])
    names = dict(Space.from_dict({"copies.a": [True, False]}).candidates(fed))
    assert isinstance(names["with a"], rm.Layout)
    assert "unknown copy 'a'" in str(names["without a"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[space]", "states no alternatives"),
        ("[other]\nx = 1", r"expects one table \[space\]"),
        ("[space]\n'copies.a.check.every' = '3 days'", "expects a list of alternatives"),
        ("[space]\n'drive' = ['x']", "takes tables of paths"),
        ("[space]\n'copies.d.check.every' = ['3 days']", "nothing is named 'd'"),
        ("[space]\n'copies.a.chek.every' = ['3 days']", "none of 1 candidates is a layout"),
        ("[space]\n'copies.a.check.every' = [30]", "none of 1 candidates is a layout"),
    ],
)
def test_mistakes_in_a_space_give_one_message(tmp_path: Path, text: str, message: str):
    file = tmp_path / "space.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(rm.InputError, match=message):
        pareto(BASE, read_space(file))


def test_without_prices_there_is_no_front():
    free = BASE
    for name in "abc":
        free = free.replace(f"copies.{name}.price", None)
    with pytest.raises(rm.InputError, match="prices of one currency: no price"):
        pareto(free, {"copies.c": [True, False]})


def test_a_budget_buys_the_safest_that_it_pays_for() -> None:
    found = pareto(BASE, {"copies.c": [True, False]}, target_relative_error=0.3)
    cheap, dear = found.front
    assert (cheap.cost, dear.cost) == (80.0, 100.0)
    assert found.within(79.0) is None
    assert found.within(80.0) is cheap
    assert found.within(99.0) is cheap
    assert found.within(1e9) is dear
    assert repr(found) == "<Frontier: 2 of 2 candidates are worth their money.>"


def test_who_is_not_told_from_the_one_before_on_the_front_says_so() -> None:
    exact = pareto(BASE, {"copies.c": [True, False]}, target_relative_error=0.3)
    assert exact.surely_safer == (True, True)
    few = {"method": "events", "ranges": False}
    one = rm.simulate(BASE.replace("copies.c", None), trials=400, **few)
    other = rm.simulate(BASE.replace("copies.c", None), trials=500, seed=2, **few)
    cheap, dear = exact.front
    found = replace(exact, front=(replace(cheap, loss=one), replace(dear, loss=other)))
    assert found.surely_safer == (True, False)
    assert "1 of them not surely safer" in found.in_words
    assert list(found.to_frame()["surely_safer"]) == [True, False]
    assert "not surely safer than 1: their intervals overlap" in frontier_text(found)
    told = [text.get_text() for text in rm.plot.pareto(found).texts]
    assert "(not surely safer than 1)" in told[-1].split("\n")[1]
    assert frontier_text(exact).count("not surely safer") == 0


def test_the_command_draws_the_front(tmp_path: Path):
    base, space, picture = (tmp_path / name for name in ("base.toml", "space.toml", "front.svg"))
    base.write_text(layout_toml(BASE), "utf-8")
    space.write_text(
        "[space]\n'copies.c' = [true, false]\n"
        "'copies.b.recovery' = [{ exponential = { mean = '3 days' } }]\n",
        "utf-8",
    )
    words = ("improve", str(base), "--space", str(space), "--plot", str(picture))
    done = riskmodel_command(*words)
    assert done.returncode == 0, done.stderr
    assert "copies.b.recovery = exponential mean 3 days" in done.stdout
    assert "<svg" in picture.read_text("utf-8")
    for wrong, message in (
        (words[:2] + words[4:], "there is none"),
        ((*words[:-1], "x.docx"), "ends in .png, .svg, .pdf"),
        ((*words[:-1], "/nowhere/x.svg"), "there is no folder /nowhere"),
    ):
        done = riskmodel_command(*wrong)
        assert done.returncode == 2
        assert message in " ".join(done.stderr.split())


_RANDOM = 30
SMALL = {"copies.c": [True, False], "drive": SPACE["drive"][:3]}


def names(found: rm.Frontier) -> list[str]:
    return [one.name for one in found.front]


def test_a_short_run_that_is_far_too_low_hides_nobody(monkeypatch: pytest.MonkeyPatch):
    truth = pareto(BASE, SMALL)
    real = _screening.screened

    def too_low(search: _screening.Candidates, numbers: range) -> list[_screening.Screened]:
        rows = real(search, numbers)
        return [replace(one, low=1e-12, high=1e-11) if one.number == 3 else one for one in rows]

    monkeypatch.setattr(frontier, "screened", too_low)
    misled = pareto(BASE, SMALL)
    assert names(misled) == names(truth)
    assert len(truth.front) > 1


def test_candidates_are_read_by_number_in_the_order_of_the_axes():
    space = Space.from_dict(SMALL)
    read = space.reader(BASE)
    listed = [name for name, _ in space.candidates(BASE)]
    assert listed == [read(k)[0] for k in range(space.count)]
    assert listed[0] == "with c, drive 0"
    assert listed[1] == "with c, drive 1"
    assert listed[-1] == "without c, drive 2"


def test_a_boolean_that_names_no_copy_is_a_key():
    space = Space.from_dict({"threats.defaults": [True, False]})
    found = [one.threats.defaults for _, one in space.candidates(BASE)]
    assert found == [True, False]


def test_a_space_may_speak_of_names_with_dots():
    tables = {
        "media": {"a": {"afr": 0.05}, "b.4tb": {"afr": 0.05}},
        "copies": [disk("a", 50), {**disk("nas.lan", 30), "store": {"media": "b.4tb"}}],
    }
    axes = {"copies.nas.lan.price.per_year": [30.0, 40.0], "media.b.4tb.afr": [0.1],
            "copies.nas.lan": [True, False]}  # fmt: skip
    found = list(Space.from_dict(axes).candidates(rm.Layout.from_dict(tables)))
    assert [len(made.copies) for _, made in found] == [2, 1, 2, 1]
    both = found[2][1]
    assert both.copies[1].price.per_year == 40.0
    assert both.media["b.4tb"].afr == 0.1
    with pytest.raises(rm.InputError, match=r"nothing is named 'nas'; did you mean|named 'nas'"):
        list(Space.from_dict({"copies.nas.site": ["x"]}).candidates(rm.Layout.from_dict(tables)))


@pytest.mark.slow
def test_processes_find_what_threads_find():
    space = {**SMALL, "copies.b.recovery": [{"fixed": f"{days} days"} for days in (3, 30)]}
    here, there = pareto(BASE, space, threads=2), pareto(BASE, space, processes=2)
    assert here.to_dict() == there.to_dict()


@pytest.mark.slow
def test_the_screen_holds_what_simulate_finds_over_random_layouts():
    rng = np.random.default_rng(11)
    outside, ratios = 0, []
    for _ in range(_RANDOM):
        layout = rm.Layout.from_dict(random_tables(rng))
        horizon = float(math.exp(rng.uniform(math.log(100.0), math.log(6000.0))))
        low, high, method = _screening.bounds(compile_layout(layout, horizon), 1)
        loss = rm.simulate(layout, horizon=horizon, seed=99, ranges=False, method=method,
                           target_relative_error=0.1, trials=60_000)  # fmt: skip
        least, most = loss.interval(0.999)
        outside += not (low <= most and least <= high)
        if high < 20.0 * low:
            ratios.append(math.sqrt(low * high) / loss.probability)
    # as the notes of `pareto` say
    assert outside <= 1
    assert len(ratios) > 0.6 * _RANDOM
    assert 0.5 < min(ratios) < max(ratios) < 2.0
