"""What a layout says about media at rest: read once, refused where no method knows it."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel._chances import one_in
from riskmodel._program import compile_layout
from riskmodel._rest import live_copy, rest_keys
from riskmodel._text import estimate_text


def _tables(**copy: Any) -> dict[str, Any]:
    exponential = {"exponential": {"mean": "10 years"}}
    return {
        "horizon": "5 years",
        "size": "10 TB",
        "sites": {"home": {}, "office": {}},
        "media": {"m": {"lifetime": exponential}, "n": {"lifetime": exponential}},
        "copies": [
            {
                "name": "a",
                "site": "office",
                "store": {"media": "n"},
                "recovery": {"fixed": "1 day"},
            },
            {"name": "b", "site": "home", "store": {"media": "m"}, "recovery": {"fixed": "1 day"}}
            | copy,
        ],
    }


def _layout(**copy: Any) -> rm.Layout:
    return rm.Layout.from_dict(_tables(**copy))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("copies.b.refresh", "3 years"),
        ("copies.b.store.refresh", "3 years"),
        ("copies.b.pieces", 3),
        ("copies.b.store.pieces", 3),
        ("copies.b.rotation", 2),
        ("copies.b.restore", {"wait": "1 day"}),
        ("media.m.obsolescence", {"fixed": "8 years"}),
    ],
)
def test_exact_refuses_what_it_does_not_model(key: str, value: Any) -> None:
    plain = _layout(recovery={"exponential": {"mean": "1 day"}})
    plain = plain.replace("copies.a.recovery", {"exponential": {"mean": "1 day"}})
    assert rm.simulate(plain, method="exact").method == "exact"
    with pytest.raises(rm.StateSpaceTooLarge, match=key.split(".")[-1]):
        rm.simulate(plain.replace(key, value), method="exact")


def test_what_a_copy_in_pieces_loses_is_said_beside_everything() -> None:
    """Fifty discs, one law each: the chance that all die is tiny, that one dies is the number."""
    shelf = {"media": "m", "pieces": 50}
    layout = rm.Layout.from_dict(
        {
            "name": "discs",
            "horizon": "6 years",
            "media": {"m": {"afr": 0.0006, "at_rest": True}},
            "copies": [{"name": "a", "store": shelf}],
        }
    )
    found = rm.simulate(layout, method="events", trials=4_000)
    exact = -math.expm1(50 * 6 * math.log1p(-0.0006))
    assert found.losses == 0
    assert found.lost_something / found.trials == pytest.approx(exact, abs=0.025)
    first = estimate_text(found).splitlines()[0]
    assert f"about {one_in(found.lost_something / 4_000)} to lose something for good" in first
    rare = rm.simulate(layout, method="excursion", trials=200)
    assert "not computed by excursion (method events does) to lose something" in str(rare)
    assert any("lost with the last of its 50 pieces" in text for text in rare.all_warnings)
    whole = rm.simulate(layout.replace("copies.a.store.pieces", 1), method="events", trials=100)
    assert "something" not in str(whole)


def test_one_piece_and_one_set_are_nothing_special() -> None:
    assert rest_keys(_layout(pieces=1, rotation=1)) == ()


@pytest.mark.parametrize("method", ["excursion", "conditional"])
def test_a_format_that_ends_is_left_to_events(method: str) -> None:
    layout = _layout().replace("media.m.obsolescence", {"fixed": "3 years"})
    with pytest.raises(rm.NotSimulated, match="obsolescence"):
        rm.simulate(layout, method=method, trials=100)
    assert rm.simulate(layout, trials=100).method == "events"


@pytest.mark.parametrize("copy", [{"pieces": 2}, {"refresh": "1 year"}, {"rotation": 2}])
@pytest.mark.parametrize("method", ["excursion", "conditional"])
def test_rare_losses_agree_with_events(copy: dict[str, Any], method: str) -> None:
    """Pieces, refreshes and sets go through kernels that all methods share."""
    layout = _layout(**copy, offline=True, check={"every": "90 days"})
    for key, value in {
        "media.m.lifetime": {"weibull": {"shape": 2, "scale": "4 years"}},
        "copies.a.recovery": {"fixed": "60 days"},
        "sites.home.perils": {"fire": {"rate": "0.05/year"}},
        "sites.office.perils": {"fire": {"rate": "0.05/year"}},
    }.items():
        layout = layout.replace(key, value)
    events = rm.simulate(layout, method="events", trials=100_000)
    rare = rm.simulate(layout, method=method, trials=10_000)
    apart = (events.standard_error**2 + rare.standard_error**2) ** 0.5
    assert events.losses > 400
    assert rare.relative_error < 0.1
    assert abs(events.probability - rare.probability) < 4.0 * apart


def test_a_key_said_twice_must_be_said_alike() -> None:
    assert _layout(pieces=3, store={"media": "m", "pieces": 3}).copies[1].pieces == 3
    with pytest.raises(rm.LayoutError, match=r"copies\.b\.pieces: 3 here and 4 at its store"):
        _layout(pieces=3, store={"media": "m", "pieces": 4})


@pytest.mark.parametrize(
    ("copy", "words"),
    [
        ({"refresh": "0 h"}, "refresh"),
        ({"pieces": 0}, "pieces"),
        ({"rotation": 0}, "rotation"),
        ({"refresh": "1 s"}, "refreshed or change places more than"),
        ({"pieces": 200_000}, "100,000 at most"),
    ],
)
def test_what_makes_no_sense_is_refused(copy: dict[str, Any], words: str) -> None:
    with pytest.raises(rm.LayoutError, match=words):
        rm.simulate(_layout(**copy), method="events", trials=10)


@pytest.mark.parametrize(
    ("law", "words"),
    [
        ({"fixed": "0 h"}, "so short that it would end"),
        ({"exponential": {"mean": "0.001 s"}}, "so short that it would end"),
        ({"bandwidth": "1 MB/s"}, "is no law of it"),
    ],
)
def test_an_absurd_obsolescence_is_refused(law: dict[str, Any], words: str) -> None:
    tables = _tables()
    tables["media"]["m"]["obsolescence"] = law
    with pytest.raises(rm.LayoutError, match=words):
        rm.simulate(rm.Layout.from_dict(tables), method="events", trials=10)


@pytest.mark.parametrize(
    ("recovery", "hours"),
    [
        ({"fixed": "10 h"}, 10.0),
        ({"bandwidth": "1 TB/h"}, 10.0 / 4.0),
    ],
)
def test_a_piece_takes_its_share_of_what_follows_from_the_size(
    recovery: dict[str, Any], hours: float
) -> None:
    program = compile_layout(_layout(pieces=4, recovery=recovery)).program
    law = program.laws[program.rest[1]["piece_recovery"]]
    assert program.terms[law["first"]]["a"] == pytest.approx(hours)


def test_an_assumed_recovery_of_a_piece_waits_as_long_and_copies_less() -> None:
    from riskmodel.preset_catalogue import presets

    tables = _tables(pieces=4)
    del tables["copies"][1]["recovery"]
    program = compile_layout(rm.Layout.from_dict(tables)).program
    law = program.laws[program.rest[1]["piece_recovery"]]
    defaults = presets().defaults
    expected = defaults.replacement_wait + 10e12 / 4.0 / defaults.rebuild_bandwidth
    assert program.terms[law["first"]]["a"] == pytest.approx(expected)


def test_sets_are_copies_of_their_own_that_fail_under_one_name() -> None:
    compiled = compile_layout(_layout(rotation=3))
    assert len(compiled.program.copies) == 4
    loss = rm.simulate(_layout(rotation=3), method="events", trials=1_000)
    names = [name for name, _ in loss.cause_counts]
    assert len(names) == len(set(names))
    assert any("never change places" in text for text in compiled.warnings)


def test_a_rotation_without_a_place_to_go_is_warned_about() -> None:
    layout = _layout(rotation=3).replace("copies.a.site", None)
    assert any("its source has no site" in text for text in compile_layout(layout).warnings)


def test_the_live_copy_is_what_feeds_the_first_in_the_end() -> None:
    tables = _tables()
    tables["copies"][0]["fed"] = {"from": "b"}
    assert live_copy(rm.Layout.from_dict(tables)).name == "b"
    tables["copies"][1]["fed"] = {"from": "a"}  # a ring has no beginning, and no end is needed
    assert live_copy(rm.Layout.from_dict(tables)).name in ("a", "b")
    tables["copies"][0]["role"] = "primary"
    assert live_copy(rm.Layout.from_dict(tables)).name == "a"


def test_the_text_names_what_is_special_and_how_long_the_data_is_away() -> None:
    from riskmodel._text import estimate_text, layout_text

    layout = _layout(pieces=3, rotation=2, refresh="2 years")
    assert "in 3 pieces, 2 sets in turn at home, new every 2 years" in layout_text(layout)
    text = estimate_text(rm.simulate(layout, method="events", trials=1_000))
    assert "without data     longer than a day 0" in text
