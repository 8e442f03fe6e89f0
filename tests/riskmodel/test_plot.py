"""Figures: what they draw is what they were given."""

from __future__ import annotations

from dataclasses import replace

import pytest

import riskmodel as rm
from riskmodel.plot._canvas import line_style


@pytest.fixture(scope="module")
def losses() -> dict[str, rm.LossEstimate]:
    def one(rate: float) -> rm.LossEstimate:
        layout = rm.Layout.from_dict(
            {
                "horizon": "10 years",
                "media": {"m": {"afr": {"low": rate / 2, "mode": rate, "high": rate * 2}}},
                "copies": [{"name": "a", "store": {"media": "m"}}],
            }
        )
        return rm.simulate(layout)

    return {"safe": one(0.0001), "risky": one(0.05)}


def test_a_curve_ends_at_the_probability(losses: dict[str, rm.LossEstimate]) -> None:
    ax = rm.plot.curve(losses["risky"])
    years, values = ax.lines[0].get_data()
    assert (years[0], values[0]) == (0.0, 0.0)
    assert (years[-1], values[-1]) == pytest.approx((10.0, losses["risky"].probability))
    assert ax.get_yscale() == "linear"
    assert ax.get_legend() is None


def test_curves_far_apart_are_on_a_log_axis_in_words(losses: dict[str, rm.LossEstimate]) -> None:
    ax = rm.plot.curve(losses)
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["safe", "risky"]
    told = ax.yaxis.get_major_formatter()
    assert [told(value, 0) for value in (0.001, 0.1, 1.0)] == ["1 in 1,000", "1 in 10", "certain"]


def test_new_axes_show_themselves_in_a_notebook(losses: dict[str, rm.LossEstimate]) -> None:
    assert rm.plot.compare(losses)._repr_png_().startswith(b"\x89PNG")


def test_a_comparison_is_drawn_as_it_is() -> None:
    one = rm.Layout.from_dict(
        {"name": "one", "horizon": "1 year", "media": {"m": {"afr": 0.02}},
         "copies": [{"name": "a", "store": {"media": "m"}}]}
    )  # fmt: skip
    found = rm.compare([one, one.replace("name", "other").replace("media.m.afr", 0.03)])
    ax = rm.plot.compare(found)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["other", "one"]
    assert len(rm.plot.curve(found).get_legend().get_texts()) == 2


def test_layouts_are_compared_the_safest_on_top(losses: dict[str, rm.LossEstimate]) -> None:
    ax = rm.plot.compare(losses)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["risky", "safe"]
    told = {text.get_text() for text in ax.texts}
    assert told == {"1 in 1,000", "40 %"}


def test_a_loss_that_was_not_seen_is_a_bound() -> None:
    layout = rm.Layout.from_dict(
        {
            "horizon": "1 year",
            "media": {"m": {"afr": 1e-9}},
            "copies": [{"name": "a", "store": {"media": "m"}}],
        }
    )
    loss = rm.simulate(layout, method="events", trials=100)
    ax = rm.plot.compare({"never": loss})
    assert [text.get_text() for text in ax.texts] == [loss.in_words]
    with pytest.raises(rm.InputError, match="no loss"):
        rm.plot.causes(loss)


def test_figures_go_into_axes_of_yours(losses: dict[str, rm.LossEstimate]) -> None:
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert rm.plot.curve(losses, ax=left) is left
    assert rm.plot.inputs(losses["risky"], ax=right) is right
    assert [text.get_text() for text in right.get_yticklabels()] == ["media.m.afr"]


def test_lines_differ_in_more_than_colour() -> None:
    styles = [(line_style(k)["linestyle"], line_style(k)["marker"]) for k in range(12)]
    assert len(set(styles)) == len(styles)


def test_a_tornado_shows_what_moves_the_answer(losses: dict[str, rm.LossEstimate]) -> None:
    layout = rm.Layout.from_dict(
        {
            "horizon": "10 years",
            "media": {
                "m": {"afr": {"low": 0.01, "mode": 0.02, "high": 0.08}},
                "n": {"afr": {"low": 0.019, "mode": 0.02, "high": 0.021}},
            },
            "copies": [
                {"name": "a", "store": {"media": "m"}, "recovery": {"fixed": "30 days"}},
                {"name": "b", "store": {"media": "n"}, "recovery": {"fixed": "30 days"}},
            ],
        }
    )
    found = rm.sensitivity(layout, points=0)
    ax = rm.plot.tornado(found)
    assert ax.get_yticklabels()[-1].get_text() == "media.m.afr"
    ends = {bar.get_x() + bar.get_width() for bar in ax.patches}
    top = next(one for one in found.effects if one.parameter == "media.m.afr")
    assert any(end == pytest.approx(top.at_high) for end in ends)
    with pytest.raises(rm.InputError, match="no input"):
        rm.plot.tornado(replace(found, effects=()))


def _front(losses: dict[str, rm.LossEstimate], **changes: object) -> rm.Frontier:
    layout = rm.Layout.from_dict(
        {"media": {"m": {"afr": 0.1}}, "copies": [{"name": "a", "store": {"media": "m"}}]}
    )
    never = replace(losses["safe"], exact=None, method="events", trials=100, losses=0)
    front = (
        rm.Candidate("one disk", layout, 10.0, losses["risky"]),
        rm.Candidate("two disks", layout, 30.0, losses["safe"]),
        rm.Candidate("three disks", layout, 90.0, never),
    )
    near = (rm.Candidate("a dear disk", layout, 50.0, losses["risky"]),)
    return replace(rm.Frontier(front, near, 4, 0, (), "EUR", 1e-2), **changes)


def test_a_front_names_its_members_and_draws_the_rest_faint(losses) -> None:
    ax = rm.plot.pareto(_front(losses))
    steps = next(line for line in ax.lines if len(line.get_xdata()) == 3)
    assert list(steps.get_xdata()) == [10.0, 30.0, 90.0]
    assert steps.get_ydata()[:2] == pytest.approx(
        [losses["risky"].probability, losses["safe"].probability]
    )
    told = [text.get_text() for text in ax.texts]
    key = told[-1].split("\n")
    assert key[:2] == ["1  40 %, 10 EUR: one disk", "2  1 in 1,000, 30 EUR: two disks"]
    assert "three disks" in told[-1]
    assert "a dear disk" not in told[-1]
    assert "wanted: 1 in 100 " in told
    # black and filled against grey and hollow; what was never seen lost points down from its bound
    marks = {line.get_xdata()[0]: line for line in ax.lines if len(line.get_xdata()) == 1}
    assert marks[50.0].get_markerfacecolor() == "none"
    assert marks[50.0].get_alpha() < 0.5
    assert marks[90.0].get_marker() == "v"
    assert ax.get_yscale() == "log"


def test_a_long_front_is_named_in_part(losses) -> None:
    one = _front(losses).front[0]
    many = tuple(replace(one, name=f"n{k}", cost=10.0 + k) for k in range(40))
    told = [text.get_text() for text in rm.plot.pareto(_front(losses, front=many)).texts]
    assert told[-1].endswith("n11\nand 28 more, dearer and safer")
