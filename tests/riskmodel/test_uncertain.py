"""What is uncertain in a layout, and the layout at one point of it."""

from __future__ import annotations

import math

import pytest

import riskmodel as rm
from riskmodel._places import changed, place_of
from riskmodel._program import compile_layout
from riskmodel._uncertain import _spelled_out, inputs_of
from riskmodel._used import parameters_used
from riskmodel.drive_models import find_drive
from riskmodel.perils import hit_rate
from riskmodel.preset_catalogue import Presets, presets

YEAR = 8766.0
HIGH = 0.95


def _layout(**tables: object) -> rm.Layout:
    return rm.Layout.from_dict(
        {
            "horizon": "10 years",
            "media": {"m": {"afr": 0.02}},
            "copies": [{"name": "a", "store": {"media": "m"}}],
            **tables,
        }
    )


def _names(layout: rm.Layout) -> set[str]:
    return {item.name for item in inputs_of(layout).parameters}


def _source(key: str, parameter: str, value: str, low: str, high: str, **more: str) -> dict:
    return {"key": key, "parameter": parameter, "value": value, "low": low, "high": high,
            "source": "made up", "grade": "C", **more}  # fmt: skip


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Presets:
    """Presets with round numbers: two media on one row, one of them in hazard, one in times."""
    raw = presets().model_dump(by_alias=True, exclude_unset=True)
    raw["media"] = {
        "disk": {
            "about": "a",
            "medium": {"lifetime": {"exponential": {"mean": 100 * YEAR}}},
            "sources": [_source("lifetime", "disk/rate", "1 %/year", "0.5 %/year", "4 %/year")],
        },
        "flash": {
            "about": "b",
            "medium": {"afr": 0.02},
            "sources": [_source("afr", "disk/rate", "2 %", "1 %", "8 %")],
        },
        "disc": {
            "about": "c",
            "medium": {"lifetime": {"lognormal": {"median": 20 * YEAR, "sigma": 0.7}}},
            "sources": [_source("lifetime", "disc/median", "20 years", "10 years", "80 years")],
        },
        "dirty": {
            "about": "f",
            "medium": {"lifetime": "none", "latent_errors": {"mean_time": 30 * YEAR}},
            "sources": [
                _source("latent_errors.mean_time", "errors", "3 %", "1 %", "12 %", scales="rate")
            ],
        },
        "odd": {
            "about": "d",
            "medium": {"lifetime": {"lognormal": {"median": 20 * YEAR, "sigma": 0.7}}},
            "sources": [_source("lifetime", "odd/rate", "1 %/year", "0.5 %/year", "2 %/year")],
        },
    }
    raw["sites"] = {
        kind: {
            "about": "e",
            "perils": {"fire": {"rate": 1e-3 / YEAR}},
            "sources": [_source("perils.fire", "fire", "0.1 %/year", "0.05 %/year", "0.4 %/year")],
        }
        for kind in ("home", "office")
    }
    made = Presets.model_validate(raw)
    for module in ("layout", "preset_catalogue", "_resolve", "_threats", "_uncertain", "_used"):
        monkeypatch.setattr(f"riskmodel.{module}.presets", lambda: made)
    return made


def test_a_place_goes_by_name_and_number() -> None:
    layout = _layout(
        media={
            "m.2": {"lifetime": {"competing": [{"afr": 0.1}, {"exponential": {"mean": "9 h"}}]}}
        },
        copies=[{"name": "a", "store": {"media": "m.2"}}],
        shocks=[{"name": "x", "rate": "1/year", "hits": {"a": 0.25}}],
    )
    mean = place_of(layout, "media.m.2.lifetime.competing.2.exponential.mean")
    assert (mean.value, mean.kind) == (9.0, "time")
    chance = place_of(layout, "shocks.x.hits.a")
    assert (chance.value, chance.kind) == (0.25, "share")
    new = changed(layout, chance, lambda old: old * 2)
    assert place_of(new, "shocks.x.hits.a").value == 0.5
    assert place_of(layout, "shocks.x.hits.a").value == 0.25
    with pytest.raises(rm.LayoutError, match=r"shocks\.y\.rate: names nothing"):
        place_of(layout, "shocks.y.rate")


def test_ranges_of_the_file_are_drawn_and_the_rules_hold() -> None:
    layout = _layout(
        media={"m": {"afr": {"low": 0.01, "mode": 0.02, "high": 0.06}}},
        shocks=[{"name": "x", "rate": {"low": "1 %/year", "mode": "2 %/year", "high": "3 %/year"},
                 "hits": ["a"]}],
    )  # fmt: skip
    inputs = inputs_of(layout)
    assert {item.name for item in inputs.parameters} == {"media.m.afr", "shocks.x.rate"}
    order = [item.name for item in inputs.parameters].index("media.m.afr")
    point = [0.5, 0.5]
    point[order] = HIGH
    drawn = inputs.at(point)
    assert drawn.media["m"].afr == pytest.approx(0.06)
    assert drawn.shocks[0].rate == pytest.approx(0.02 / YEAR)
    assert drawn.ranges == ()
    assert inputs.at([0.5, 0.5]).media["m"].afr == pytest.approx(0.02)


def test_counts_are_drawn_whole_and_contradictions_are_told() -> None:
    store = {"media": "m", "drives": {"low": 4, "mode": 6, "high": 9}, "level": "raid6",
             "rebuild": {"fixed": "1 day"}}  # fmt: skip
    drawn = inputs_of(_layout(copies=[{"name": "a", "store": store}])).at([HIGH])
    assert drawn.copies[0].store.drives == 9
    assert isinstance(drawn.copies[0].store.drives, int)
    store = {"media": "m", "rebuild": {"fixed": "1 day"},
             "drives": {"low": 3, "mode": 5, "high": 9},
             "tolerates": {"low": 1, "mode": 2, "high": 6}}  # fmt: skip
    inputs = inputs_of(_layout(copies=[{"name": "a", "store": store}]))
    names = [item.name for item in inputs.parameters]
    point = [0.01 if name.endswith("drives") else 0.99 for name in names]
    with pytest.raises(rm.LayoutError, match=r"contradict each other: copies\.a\.store"):
        inputs.at(point)


def test_a_range_that_changes_nothing_is_told() -> None:
    price = {"per_year": {"low": 10, "mode": 20, "high": 40}}
    inputs = inputs_of(_layout(copies=[{"name": "a", "store": {"media": "m"}, "price": price}]))
    assert inputs.parameters == ()
    assert inputs.not_varied == (
        ("copies.a.price.per_year", "it changes nothing that is simulated"),
    )


def test_ranges_in_items_of_one_name_stay_apart() -> None:
    rate = {"low": "1 %/year", "mode": "2 %/year", "high": "3 %/year"}
    layout = _layout(
        shocks=[{"name": "x", "rate": "1 %/year", "hits": ["a"]},
                {"name": "x", "rate": rate, "hits": ["a"]}],
    )  # fmt: skip
    drawn = inputs_of(layout).at([HIGH])
    assert [shock.rate * YEAR for shock in drawn.shocks] == pytest.approx([0.01, 0.03])


def test_one_label_has_one_variance_at_every_point() -> None:
    batch = {"label": "l", "variance": {"low": 0.1, "mode": 0.3, "high": 0.9}}
    copies = [
        {"name": medium * 2, "store": {"media": medium}, "recovery": {"fixed": "1 day"}}
        for medium in ("m", "n")
    ]
    layout = _layout(
        media={"m": {"afr": 0.02, "batch": batch}, "n": {"afr": 0.03, "batch": batch}},
        copies=copies,
    )
    inputs = inputs_of(layout)
    assert [item.name for item in inputs.parameters] == ["variance of batch 'l'"]
    assert [m.batch.variance for m in inputs.at([HIGH]).media.values() if m.batch] == [
        pytest.approx(0.9)
    ] * 2


def test_a_changed_number_loses_its_range() -> None:
    layout = _layout(media={"m": {"afr": {"low": 0.01, "mode": 0.02, "high": 0.06}}})
    assert _names(layout) == {"media.m.afr"}
    assert _names(layout.replace("media.m.afr", 0.5)) == set()
    assert _names(layout.replace("horizon", "3 years")) == {"media.m.afr"}


@pytest.mark.usefixtures("made_up")
def test_media_on_one_row_move_together_each_in_its_way() -> None:
    layout = _layout(
        size="1 TB",
        copies=[
            {"name": name, "store": {"media": name}, "recovery": {"fixed": "1 day"}}
            for name in ("disk", "flash", "disc")
        ],
    )
    inputs = inputs_of(layout)
    names = [item.name for item in inputs.parameters]
    assert sorted(names) == ["disc/median", "disk/rate"]
    drawn = inputs.at([HIGH if name == "disk/rate" else 0.5 for name in names])
    ages = [1.0, 500.0, 80_000.0]
    for medium in ("disk", "flash"):  # hazard times 4 in both
        before, after = (whole.medium(medium).lifetime_law for whole in (layout, drawn))
        assert before is not None
        assert after is not None
        assert after.cumulative_hazard(ages) == pytest.approx(4 * before.cumulative_hazard(ages))
    drawn = inputs.at([HIGH if name == "disc/median" else 0.5 for name in names])
    law = drawn.medium("disc").lifetime_law
    assert law is not None
    assert law.lognormal is not None
    assert law.lognormal.median == pytest.approx(80 * YEAR)  # its times, 4-fold


@pytest.mark.usefixtures("made_up")
def test_a_mean_time_goes_against_the_rate_it_rests_on() -> None:
    store = {"media": "dirty", "level": "raid1", "drives": 2, "rebuild": {"fixed": "1 day"}}
    inputs = inputs_of(_layout(copies=[{"name": "a", "store": store}]))
    assert [item.name for item in inputs.parameters] == ["errors"]
    errors = inputs.at([HIGH]).medium("dirty").latent_errors
    assert errors is not None
    assert errors.mean_time == pytest.approx(7.5 * YEAR)


@pytest.mark.usefixtures("made_up")
def test_own_numbers_are_certain_and_scales_can_be_said(made_up: Presets) -> None:
    own = _layout(media={"m": {"preset": "disk", "afr": 0.01}})
    assert inputs_of(own).parameters == ()
    odd = inputs_of(_layout(copies=[{"name": "a", "store": {"media": "odd"}}]))
    assert odd.parameters == ()
    assert odd.not_varied == (
        ("odd/rate", "a law of kind 'lognormal' takes a factor on its times only"),
    )


@pytest.mark.usefixtures("made_up")
def test_one_peril_of_two_sites_is_one_number() -> None:
    layout = _layout(
        sites={"here": {"kind": "home"}, "there": {"kind": "office"},
               "own": {"kind": "home", "perils": {"fire": {"rate": "1 %/year"}}}},
        copies=[{"name": f"at {site}", "site": site, "store": {"media": "m"},
                 "recovery": {"fixed": "1 day"}} for site in ("here", "there", "own")],
    )  # fmt: skip
    inputs = inputs_of(layout)
    assert [item.name for item in inputs.parameters] == ["fire"]
    drawn = inputs.at([HIGH])
    rates = [site.perils["fire"].rate * YEAR for site in drawn.sites.values()]
    assert rates == pytest.approx([0.004, 0.004, 0.01])


def test_defaults_that_nobody_uses_are_not_varied() -> None:
    assert _names(_layout()) == set()
    two = [
        {"name": "a", "role": "primary", "store": {"media": "m"}},
        {"name": "b", "store": {"media": "m"}, "fed": {"from": "a", "every": "7 days"}},
    ]
    silent = _names(_layout(size="1 TB", copies=two))
    assert silent == {"disk/rebuild_rate/HDD array", "disk/replacement_wait/HDD"}
    said = [{**copy, "recovery": {"fixed": "5 days"}} for copy in two]
    assert _names(_layout(size="1 TB", copies=said)) == set()
    people = _names(_layout(copies=said, threats={"defaults": True}))
    assert "human/restore_failure/organisation, untested backups" in people
    assert "human/job_miss_rate/automated daily job" in people
    assert "human/job_miss_rate/manual (plug-in drive)" not in people
    assert "human/encryption_key_loss/encrypted backups" not in people


def test_a_default_is_drawn_without_touching_the_presets() -> None:
    two = [
        {"name": "a", "role": "primary", "store": {"media": "m"}, "recovery": {"fixed": "5 days"}},
        {"name": "b", "store": {"media": "m"}, "recovery": {"fixed": "5 days"},
         "fed": {"from": "a", "every": "7 days"}},
    ]  # fmt: skip
    layout = _layout(copies=two, threats={"defaults": True})
    inputs = inputs_of(layout)
    name = "human/restore_failure/organisation, untested backups"
    drawn = inputs.at([HIGH if item.name == name else 0.5 for item in inputs.parameters])
    assert drawn.stand_ins().unrestorable == pytest.approx(0.15)  # the row: 5 %, 2 to 15
    assert presets().defaults.unrestorable == 0.05
    assert float(compile_layout(drawn).program.feeds["unrestorable"][1]) == pytest.approx(0.15)


@pytest.mark.parametrize("name", rm.example_files())
def test_spelling_presets_out_changes_no_law(name: str) -> None:
    """At the best values of all inputs the program is the layout's own, to the last digits."""
    layout = rm.example(name)
    inputs = inputs_of(layout)
    assert len(inputs.parameters) >= 4
    # where the value is a bound of its range it is no median
    bounds = {use.parameter.name: use.spread for use in inputs._uses if use.spread is not None}
    point = [
        0.0 if bounds[item.name].low == bounds[item.name].value else 0.5
        for item in inputs.parameters
    ]
    middle = compile_layout(inputs.at(point)).program
    for ours, theirs in zip(middle, compile_layout(layout).program, strict=True):
        if hasattr(theirs, "dtype") and theirs.dtype.names:
            for column in theirs.dtype.names:
                assert ours[column].tolist() == pytest.approx(theirs[column].tolist(), rel=1e-12)
    assert all(math.isfinite(float(rate)) for rate in middle.sources["rate"])


@pytest.mark.parametrize("name", rm.example_files())
def test_every_input_in_use_is_varied_or_told(name: str) -> None:
    inputs = inputs_of(rm.example(name))
    varied = {item.name for item in inputs.parameters}
    assert all(why for _, why in inputs.not_varied)
    told = varied | {what for what, _ in inputs.not_varied}
    for medium in rm.example(name).presets_used():
        rows = [row for row in presets().media[medium].sources if row.key[:4] in ("life", "afr")]
        names = [
            f"medium {medium}: {row.key}" if row.parameter == "none" else row.parameter
            for row in rows
        ]
        # of several rows of one law, those without a range are no gap if another varies it
        assert any(one in varied for one in names) or set(names) <= told
        ranged = {one for one, row in zip(names, rows, strict=True) if row.low is not None}
        assert ranged <= told


def _digest(layout: rm.Layout) -> str:
    return str(compile_layout(layout).digest())


def _two(**site: object) -> list[dict[str, object]]:
    more = {"store": {"media": "m"}, "recovery": {"fixed": "3 days"}, "credentials": "me", **site}
    return [
        {"name": "a", "role": "primary", **more},
        {"name": "b", "fed": {"from": "a", "every": "1 day"}, **more},
    ]


def test_a_threat_of_another_population_is_varied_by_its_own_rows() -> None:
    threats = {"ransomware": {"preset": "ransomware-business"}}
    layout = _layout(copies=_two(), threats=threats)
    inputs = inputs_of(layout)
    names = [item.name for item in inputs.parameters]
    assert "human/ransomware_hit/household" not in names
    assert "human/ransomware_hit/business, UK official" in names
    # spelled out the law is the layout's own: what spares backups stays
    assert _digest(_spelled_out(layout)) == _digest(layout)
    backups = "human/ransomware_backup_compromise_success/organisation"
    drawn = inputs.at([HIGH if name == backups else 0.5 for name in names])
    assert drawn.threats is not None
    assert drawn.threats.ransomware is not None
    assert drawn.threats.ransomware.backups == pytest.approx(0.94 * 0.79, rel=0.01)


def test_a_drive_model_is_varied_within_its_own_interval() -> None:
    """Also where no preset is named beside it."""
    layout = _layout(media={"m": {"drive": "ST4000DM000"}})
    inputs = inputs_of(layout)
    names = [item.name for item in inputs.parameters]
    assert names == ["disk/afr_of_model/ST4000DM000", "disk/afr_peak_by_age/HDD"]
    drive = find_drive("ST4000DM000")
    assert drive is not None
    before, after = layout.medium("m").lifetime_law, inputs.at([HIGH, 0.5]).medium("m").lifetime_law
    assert before is not None
    assert after is not None
    ratio = after.cumulative_hazard([YEAR]) / before.cumulative_hazard([YEAR])
    assert float(ratio[0]) == pytest.approx(drive.high / drive.afr, rel=1e-3)


@pytest.mark.parametrize(
    ("medium", "store", "name"),
    [
        ({"batch": {"label": "l", "preset": "bad-batch"}}, {}, "disk/bad_batch_frailty/HDD"),
        ({"obsolescence": "readers", "at_rest": True}, {}, "media/obsolescence/any removable"),
        ({}, {"shocks": [{"preset": "shelf"}]},
         "disk/shelf_common_fault_rate/enclosure/HBA/PSU"),
    ],
)  # fmt: skip
def test_presets_of_dependence_and_obsolescence_are_varied(
    medium: dict[str, object], store: dict[str, object], name: str
) -> None:
    copies = [
        {**copy, "store": {"media": "m", "drives": 2, "level": "raid1",
                           "rebuild": {"fixed": "1 day"}, **store}}
        for copy in _two()
    ]  # fmt: skip
    layout = _layout(media={"m": {"afr": 0.02, **medium}}, copies=copies)
    names = [item.name for item in inputs_of(layout).parameters]
    assert name in names
    point = [HIGH if one == name else 0.5 for one in names]
    assert _digest(inputs_of(layout).at(point)) != _digest(layout)


def test_perils_by_place_are_varied_by_the_interval_of_the_place() -> None:
    home = {"kind": "home", "location": [35.5, -97.5]}
    inputs = inputs_of(_layout(sites={"home": home}, copies=_two(site="home")))
    names = [item.name for item in inputs.parameters]
    hits = hit_rate("tornado", (35.5, -97.5))
    assert hits is not None
    for name, factor in (
        ("site/tornado_EF2plus/CONUS mean", hits.high / hits.per_year),
        ("site/vulnerability/media destroyed given site hit", 2.0),
    ):
        drawn = inputs.at([HIGH if one == name else 0.5 for one in names])
        rate = drawn.sites["home"].perils["tornado"].rate
        assert rate is not None
        assert rate * YEAR == pytest.approx(hits.per_year * 0.4 * factor, rel=0.01)


@pytest.mark.parametrize("place", [None, [35.5, -97.5], [37.77, -122.42], [25.8, -80.2]])
def test_every_sourced_number_in_use_is_varied_or_told(place: list[float] | None) -> None:
    """What reports print as used, and what the range of the answer rests on, are one list."""
    home = {"kind": "home"} if place is None else {"kind": "home", "location": place}
    medium = {"preset": "hdd", "capacity": "4 TB", "batch": {"label": "l", "preset": "lot"}}
    store = {"media": "m", "drives": 4, "level": "raid5", "shocks": [{"preset": "shelf"}]}
    copies = [{**copy, "store": store} for copy in _two(site="home")]
    layout = _layout(
        sites={"home": home}, media={"m": medium}, copies=copies,
        threats={"defaults": True, "ransomware": {"preset": "ransomware-business"}},
    )  # fmt: skip
    inputs = inputs_of(layout)
    told = {item.name for item in inputs.parameters} | {name for name, _ in inputs.not_varied}
    ranged = {item.source.parameter for item in parameters_used(layout) if item.source.low}
    assert ranged - told - {"none"} == set()


def test_a_threat_written_as_a_shock_rests_on_its_row() -> None:
    sourced, own = (
        _layout(shocks=[{"name": "ransomware", "rate": rate, "hits": ["a"]}])
        for rate in ("0.3 %/year", "0.4 %/year")
    )
    assert _names(sourced) == {"human/ransomware_hit/household"}
    assert _names(own) == set()
