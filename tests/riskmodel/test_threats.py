"""People, malware, keys, versions and feeds, where a formula says what must come out."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel._threats import people_of
from riskmodel.preset_catalogue import presets
from tests.riskmodel.threat_layouts import (
    NEVER_FAILS,
    YEAR,
    agree,
    backup,
    copy,
    layout,
    mistake,
    photos,
    run,
)


def test_a_mistake_seen_after_every_version_is_gone_loses_everything() -> None:
    loss = run(photos("40 days", retention={"within": "30 days"}))
    expected = -math.expm1(-0.05 * 10)
    assert agree(loss.losses, loss.trials, expected)
    assert [cause.name for cause in loss.causes] == ["mistake of ada"]
    assert loss.lost_something == loss.losses


def test_a_mistake_seen_within_the_retention_loses_nothing_but_work() -> None:
    # 90 days: also for a mistake before the run after another's repair
    loss = run(photos("20 days", retention={"within": "90 days"}))
    assert loss.losses == 0
    struck = -math.expm1(-0.05 * 10)
    assert agree(loss.rolled_back[0], loss.trials, struck)
    assert agree(loss.rolled_back[1], loss.trials, struck)
    # 20 days and at most 7 more: a month only if a second one comes before the next run
    assert loss.rolled_back[2] / loss.trials < 10 * 0.05 * 27 / 365.25 * 0.05


@pytest.mark.parametrize(
    ("keys", "lost"),
    [
        ({"immutable": "60 days"}, False),
        ({"immutable": "40 days"}, True),
        ({"retention": {"daily": 7, "weekly": 8}}, False),  # 56 days
        ({"retention": {"daily": 7, "weekly": 5}}, True),
        ({"retention": {"last": 8}}, False),  # eight runs of a week
        ({"retention": {"monthly": 2}}, False),
        ({}, True),
    ],
)
def test_a_version_older_than_the_damage_saves(keys: dict[str, Any], lost: bool) -> None:
    """The newest point from before is 40 to 47 days old when the damage is seen."""
    loss = run(photos("40 days", **keys), trials=2_000)
    assert (loss.losses > 0) == lost


def test_an_untouched_backup_saves_if_no_run_comes_between() -> None:
    """Seen after 2 days, with a run every 7: lost when a run falls in between, 2 times of 7."""
    loss = run(photos("2 days"))
    assert agree(loss.losses, loss.trials, -math.expm1(-0.05 * 10 * 2 / 7))


def test_missed_runs_save_a_plain_copy_and_age_its_point() -> None:
    tables = photos("2 days").replace("copies.usb.fed.missed", 0.6)
    loss = run(tables)
    assert agree(loss.losses, loss.trials, -math.expm1(-0.05 * 10 * 2 / 7 * 0.4))


@pytest.mark.parametrize(
    ("fed", "lost"),
    [
        ({"from": "nas", "how": "mirror"}, True),
        ({"from": "nas", "how": "live"}, True),
        ({"from": "nas", "how": "replica", "lag": "3 days"}, False),
        ({"from": "nas", "how": "replica", "lag": "1 hour"}, True),
        (None, False),
    ],
)
def test_a_mirror_repeats_deletion_and_a_lag_may_save(
    fed: dict[str, Any] | None, lost: bool
) -> None:
    other = copy("other", credentials="bob") | ({"fed": fed} if fed else {})
    tables = layout(copy("nas", role="primary", credentials="ada"), other, threats=mistake("1 day"))
    only_ada = rm.Layout.model_validate(tables.model_dump(exclude_unset=True, by_alias=True))
    loss = run(only_ada.replace("copies.other.offline", True), trials=2_000)
    assert (loss.losses > 0) == lost


def test_a_mirror_repeats_even_what_is_seen_at_once() -> None:
    def at_once(how: str) -> rm.LossEstimate:
        return run(
            layout(
                copy("nas", role="primary"),
                copy("other", offline=True, fed={"from": "nas", "how": how}),
                threats=mistake("0 h"),
            ),
            trials=2_000,
        )

    assert at_once("mirror").losses > 0


def test_damage_goes_down_a_chain() -> None:
    tables = layout(
        copy("nas", role="primary", credentials="ada"),
        copy("usb", offline=True, fed=backup("nas", "7 days")),
        copy("cloud", offline=True, fed=backup("usb", "1 day")),
        threats=mistake("30 days"),
    )
    assert agree(run(tables).losses, 20_000, -math.expm1(-0.05 * 10))
    assert run(tables.replace("copies.usb.fed.missed", 1.0), trials=2_000).losses == 0


def test_ransomware_needs_the_same_login() -> None:
    def two(login: str) -> rm.LossEstimate:
        threats = {"ransomware": {"rate": "0.05/year", "noticed": {"fixed": "1 h"}}}
        return run(
            layout(
                copy("nas", role="primary", credentials="ada"),
                copy("disk", credentials=login, fed=backup("nas", "1 day"), recovery="never"),
                threats=threats,
            )
        )

    assert agree(two("ada").losses, 20_000, -math.expm1(-0.05 * 10))
    # the disk dies at its own rate; then the nas is the last, or its damage goes with a run
    other = two("bob")
    assert 0 < other.losses < two("ada").losses / 2


@pytest.mark.parametrize(
    ("threat", "keys", "other"),
    [
        ("account-loss", {"account": "a"}, {"account": "b"}),
        ("provider-failure", {"provider": "a"}, {"provider": "b"}),
    ],
)
def test_an_account_or_a_provider_takes_all_that_is_there(
    threat: str, keys: dict[str, Any], other: dict[str, Any]
) -> None:
    threats = {threat: {"rate": "0.05/year"}}
    together = run(layout(copy("x", **keys), copy("y", **keys), threats=threats))
    assert agree(together.losses, together.trials, -math.expm1(-0.05 * 10))
    assert together.causes[0].name == f"{threat} of a"
    apart = run(layout(copy("x", **keys), copy("y", **other), threats=threats))
    assert apart.losses == 0
    no_recovery = layout(
        copy("x", recovery="never", **keys), copy("y", recovery="never", **other), threats=threats
    )
    both = run(no_recovery)
    assert agree(both.losses, both.trials, math.expm1(-0.05 * 10) ** 2)


def test_a_software_fault_takes_what_one_tool_wrote() -> None:
    def written_by(first: str, second: str) -> rm.LossEstimate:
        threats = {"software-fault": {"rate": "0.05/year", "noticed": {"fixed": "40 days"}}}
        return run(
            layout(
                copy("nas", role="primary", store={"media": "dies"}, recovery="never"),
                copy("b1", fed=backup("nas", "1 day", tool=first), recovery="never"),
                copy("b2", fed=backup("nas", "1 day", tool=second), recovery="never"),
                threats=threats,
                media=NEVER_FAILS | {"dies": {"lifetime": {"exponential": {"mean": "1 h"}}}},
            )
        )

    assert agree(written_by("t", "t").losses, 20_000, -math.expm1(-0.05 * 10))
    assert agree(written_by("t", "u").losses, 20_000, math.expm1(-0.05 * 10) ** 2)


def test_a_key_kept_only_at_the_source_dies_with_it() -> None:
    def kept(*where: str) -> rm.LossEstimate:
        shock = {"name": "surge", "rate": "0.05/year", "hits": ["nas"]}
        return run(
            layout(
                copy("nas", role="primary"),
                copy("cloud", fed=backup("nas", "1 day"), key="k"),
                keys={"k": {"kept": list(where)}},
                shocks=[shock],
            )
        )

    assert agree(kept("nas").losses, 20_000, -math.expm1(-0.05 * 10))
    assert kept("nas").causes[0].name == "surge"
    assert kept("nas", "ada").losses == 0


def test_a_key_kept_at_a_site_burns_with_it_and_a_safe_elsewhere_saves() -> None:
    def kept(*where: str, recovery: bool) -> rm.LossEstimate:
        home: dict[str, Any] = {"perils": {"fire": {"rate": "0.05/year"}}}
        if recovery:
            home["recovery"] = {"fixed": "30 days"}
        return run(
            layout(
                copy("nas", role="primary", site="home"),
                copy("cloud", fed=backup("nas", "1 day"), key="k"),
                keys={"k": {"kept": list(where)}},
                sites={"home": home, "bank": {}},
            )
        )

    for recovery in (True, False):
        loss = kept("home", recovery=recovery)
        assert agree(loss.losses, loss.trials, -math.expm1(-0.05 * 10))
        assert kept("home", "bank", recovery=recovery).losses == 0


def test_who_loses_a_key_reads_it_where_else_it_is_kept() -> None:
    def kept(*where: str) -> rm.LossEstimate:
        return run(
            layout(
                copy("x", key="k"),
                copy("y", key="k"),
                keys={"k": {"kept": list(where)}},
                sites={"home": {"recovery": {"fixed": "1 day"}}, "bank": {}},
                threats={"key-loss": {"rate": "0.05/year"}},
            )
        )

    assert agree(kept("ada").losses, 20_000, -math.expm1(-0.05 * 10))
    assert kept("ada").causes[0].name == "key-loss of ada"
    for other in ("bob", "home", "bank"):
        assert kept("ada", other).losses == 0


def test_defaults_bring_all_threats_with_their_sources() -> None:
    tables = layout(
        copy("nas", role="primary", credentials="ada", key="k", account="a", provider="p"),
        copy("usb", fed=backup("nas", "1 day", tool="t")),
        keys={"k": {"kept": ["ada"]}},
        threats={"defaults": True, "ransomware": {"rate": "0.2/year"}},
    )
    found = {reach.cause: reach for reach in people_of(tables).reaches}
    known = presets().shocks
    assert {cause.split(" of ")[0] for cause in found} == {
        "mistake", "ransomware", "account-loss", "provider-failure", "key-loss", "software-fault"
    }  # fmt: skip
    assert found["mistake of ada"].rate == known["mistake"].rate
    assert found["ransomware of ada"].rate == pytest.approx(0.2 / YEAR)
    assert found["ransomware of ada"].noticed == known["ransomware"].noticed
    text = " ".join(run(tables, trials=10).assumptions)
    assert "threats.mistake" in text
    assert "threats.ransomware:" not in text
    assert "never worked" in text


def test_without_threats_the_result_says_so() -> None:
    plain = layout(copy("nas"))
    assert "people and malware not modelled" in run(plain, trials=10).warnings
    told = layout(copy("nas"), threats={"defaults": True})
    assert not any("not modelled" in text for text in run(told, trials=10).warnings)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("copies.usb.fed", {"from": "nas"}, "usb.fed.every: is required"),
        ("copies.usb.fed", {"from": "nas", "how": "mirror", "lag": "1 h"}, "synchronous"),
        ("copies.usb.fed", {"from": "nas", "how": "replica", "lag": "1 h", "every": "1 h"}, "both"),
        ("copies.nas.fed", {"from": "usb", "how": "mirror"}, "circle"),
        ("copies.nas.retention", {"last": 3}, "needs fed.every"),
        ("threats", {"mistake": {"noticed": {"fixed": "1 h"}}}, "mistake.rate: is required"),
        ("threats", {"mistake": {"rate": 1e-6, "noticed": {"every": 1.0}}}, "no law of a notice"),
        ("keys", {"k": {"kept": []}}, "keys.k.kept: is empty"),
    ],
)
def test_what_contradicts_itself_is_named(key: str, value: Any, words: str) -> None:
    tables = layout(
        copy("nas", role="primary"),
        copy("usb", key="k", fed=backup("nas", "7 days")),
        keys={"k": {"kept": ["ada"]}},
    )
    with pytest.raises(rm.LayoutError, match=words):
        run(tables.replace(key, value), trials=10)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("threats", {"defaults": True}),
        ("copies.usb.fed", {"from": "nas", "how": "mirror"}),
        ("copies.usb.retention", {"daily": 7}),
        ("copies.usb.immutable", "30 days"),
        ("copies.usb.online", True),
    ],
)
def test_the_exact_methods_refuse_it(key: str, value: Any) -> None:
    tables = layout(
        copy("nas"), copy("usb"), shocks=[{"name": "s", "rate": "1 %/year", "hits": ["nas"]}]
    )
    assert rm.simulate(tables, method="exact").method == "exact"
    with pytest.raises(rm.StateSpaceTooLarge, match=key.split(".")[-1]):
        rm.simulate(tables.replace(key, value), method="exact")
