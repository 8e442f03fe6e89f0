"""What to change first: by the probability that the risk model computes, with the steps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

import riskmodel as rm
from riskmodel._pairs import Pair
from riskmodel.effects import Effect, level_of_all
from tests.verifier.inventories import NOW, declared, measured, place, source
from verifier.advice_text import advice_document, advice_json, advice_text
from verifier.audit import judge
from verifier.bridge import Advice, Proposal, advise, to_layouts
from verifier.changes import changes, of_each_kind
from verifier.inventory import Depth, Inventory, Points, Schedule, State
from verifier.rules import view_of
from verifier.setup import Setup

TRIALS = 20_000


def pair_with(ratio: float, low: float, high: float) -> Pair:
    return Pair("a", "b", 0.0, 0.0, 0.0, ratio, low, high, 0.1, None, "paired", 0.95)


def audited(*places, live=None, **setup):
    tables = [{"name": one.name, "path": f"/{one.name}"} for one in places]
    raw = {"name": "photos", "source": {"path": "/home/ada/photos"}, "locations": tables, **setup}
    live = live or source()
    return judge(
        Setup.from_dict(raw), Inventory("photos", NOW, measured("machine:here"), live, places)
    )


USB = place("usb", "sdb", site="home", schedule=declared(Schedule("by hand", "", 720.0)))
CLOUD = replace(
    place("cloud", "x", site="frankfurt", host="address:cloud", media="object-storage"),
    kind="restic",
    address="s3:https://s3.example.org/bucket",
    real_path=None,
    depth=Depth.STRUCTURE,
    encrypted=measured(True),
    points=Points.at([NOW]),
)


@pytest.fixture(scope="module")
def advice():
    return advise(audited(USB), trials=TRIALS)


@pytest.mark.slow
def test_one_disk_at_home_is_told_to_go_offsite_and_the_numbers_are_simulates(advice):
    audit = advice.audit
    first = advice.clear[0]
    assert "offsite" in first.change.name
    assert "offsite" in first.passes
    assert "/home/ada/photos" in first.change.step
    shares = [one.effect.removed for one in advice.clear]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) > 0.0
    # the same layout, made and simulated by hand
    sites, keys = first.change.sites, first.change.keys
    view = view_of(first.change.inventory, audit.setup.policy, sites=sites, keys=keys)
    layout = to_layouts("photos", view).worst
    again = rm.simulate(layout, seed=1, target_relative_error=0.03, trials=TRIALS, ranges=False)
    assert first.effect.after.probability == again.probability
    assert first.effect.after.interval() == again.interval()


@pytest.mark.slow
def test_noise_is_said_to_be_noise(advice):
    for one in advice.clear:
        low, high = one.effect.removed_interval()
        assert low > 0.0 or high < 0.0
    level = level_of_all(len(advice.clear + advice.noise + advice.harmful))
    assert all(one.effect.hidden_at(level) for one in advice.noise)
    assert not any(one.effect.hidden_at(level) for one in advice.clear + advice.harmful)
    text = advice_text(advice)
    assert ("Inside the noise" in text) == bool(advice.noise)
    numbered = [line for line in text.splitlines() if line[:1].isdigit()]
    assert len(numbered) == len(advice.clear)
    assert not any(one.change.name in line for one in advice.noise for line in numbered)


def test_what_would_harm_says_how_much_beyond_its_error():
    beside = replace(
        place("repository", "sda", site="home", schedule=declared(Schedule("by hand", "", 720.0))),
        kind="restic",
    )
    audit = audited(USB, beside)
    move = next(one for one in changes(audit) if one.name.startswith("move repository"))
    loss = rm.simulate(rm.example("one-external-disk"), method="events", trials=2_000, ranges=False)
    worse = Effect(move.name, loss, loss, pair_with(1.0 / 1.05, 1.0 / 1.08, 1.0 / 1.02))
    harmful = Proposal(move, worse, (), audit.score)
    text = advice_text(Advice(audit, (), (), (harmful,)))
    assert "own: 1.05 times as likely (1.02 to 1.08)" in text


@pytest.mark.slow
def test_json_holds_all_and_is_json(advice):
    found = json.loads(advice_json(advice))
    total = len(advice.clear) + len(advice.noise) + len(advice.harmful)
    assert len(found["proposals"]) == total > 3
    assert found == json.loads(json.dumps(advice_document(advice)))


@pytest.mark.parametrize(
    ("location", "words", "step"),
    [
        (USB, "unplug usb", "umount"),
        (USB, "scheduler make usb", "30 2 * * * rsync -a /home/ada/photos/ /usb/"),
        (USB, "check usb every 30 days at depth source", "verifier audit FILE --depth source"),
        (CLOUD, "lock the versions in cloud", "--bucket bucket"),
        (CLOUD, "check cloud every 30 days at depth bytes", "check --read-data"),
        (CLOUD, "key of cloud", "paper"),
        (CLOUD, "older versions in cloud", "forget --keep-daily"),
        (place("twin", "sda"), "move twin to a drive of its own", "rsync -a /twin/ /mnt/NEW/"),
        (
            replace(place("tarred", "sda"), kind="tar", address="/tarred/all.tar.gz"),
            "move tarred to a drive of its own",
            "rsync -a /tarred/all.tar.gz /mnt/NEW/",
        ),
        (place("old", "sdb", coverage=measured(0.3)), "bring old up to date", "/old/"),
        (
            place("gone", "sdb", state=State.MISSING, depth=None, reason="nothing there"),
            "bring gone up to date",
            "rsync",
        ),
    ],
)
def test_each_finding_has_its_change_and_its_step(location, words, step):
    named = {one.name: one for one in changes(audited(location))}
    (found,) = [one for name, one in named.items() if words in name]
    assert step in found.step


@pytest.mark.slow
def test_a_notebook_shows_all_proposals(advice):
    frame = advice.to_frame()
    assert len(frame) == len(advice.clear) + len(advice.noise) + len(advice.harmful)
    assert frame.loc[0, "change"] == advice.clear[0].change.name
    assert frame.loc[0, "removed"] == advice.clear[0].effect.removed
    assert set(frame["verdict"]) <= {"clear", "in the noise", "adds to the loss"}
    assert advice.clear[0].change.name in advice._repr_html_()


def test_a_change_mends_what_it_says():
    twin = place("twin", "sda", site="home")
    audit = audited(twin)
    assert audit.independent_copies == 1
    (moved,) = [one for one in changes(audit) if "of its own" in one.name]
    then = judge(audit.setup, moved.inventory)
    assert then.independent_copies == 2


def test_of_a_thousand_locations_each_kind_of_change_has_its_turn():
    found = changes(audited(*(place(f"n{number}", "sda") for number in range(30))))
    assert len(found) > 30
    some = of_each_kind(found, 6)
    assert len(some) == 6
    assert [one for one in found if one in some] == list(some)
    assert {one.kind for one in some} == {one.kind for one in found}
    moves = [one.name for one in some if one.name.startswith("move")]
    assert moves == [f"move n{number} to a drive of its own" for number in range(len(moves))]
    assert of_each_kind(found, 1000) == found


def test_a_perfect_set_up_is_not_told_to_buy():
    away = replace(CLOUD, immutable=measured(True), depth=Depth.SOURCE)
    names = [one.name for one in changes(audited(replace(USB, offline=True), away))]
    assert not any(name.startswith("add ") for name in names)


@pytest.mark.slow
def test_where_rule_and_probability_differ_the_reason_is_said(advice):
    assert advice.disagreement == ""  # both want the copy offsite first
    swapped = replace(
        advice,
        clear=tuple(replace(one, passes=()) for one in advice.clear[:1]) + advice.clear[1:],
    )
    assert "a gate counts copies" in swapped.disagreement


def test_passwords_stay_in_their_files():
    table = {"name": "cloud", "kind": "restic", "address": "s3:https://s3.example.org/bucket"}
    table["password_file"] = "/etc/restic password"
    setup = Setup.from_dict({"source": {"path": "/home/ada/photos"}, "locations": [table]})
    audit = judge(setup, Inventory("x", NOW, measured("machine:here"), source(), (CLOUD,)))
    (found,) = [one for one in changes(audit) if "scheduler" in one.name]
    assert "--password-file '/etc/restic password'" in found.step


def test_an_old_medium_is_renewed_and_a_young_one_is_not():
    def with_age(years, media="hdd"):
        old = replace(
            USB, media_type=measured(media), medium_since=NOW - timedelta(days=365 * years)
        )
        return [one for one in changes(audited(old)) if one.name.startswith("renew")]

    assert with_age(2) == []
    assert with_age(40, "object-storage") == []
    (renewal,) = with_age(9)
    assert renewal.name == "renew the medium of usb, which is 9 years old"
    assert f"medium_since = {NOW:%Y-%m-%d}" in renewal.step
    before, after = audited(
        replace(USB, medium_since=NOW - timedelta(days=3287))
    ), renewal.inventory  # fmt: skip
    old = to_layouts("photos", before.view, horizon="10 years").worst
    new = to_layouts("photos", view_of(after, before.setup.policy), horizon="10 years").worst
    assert [layout.medium("media of usb").age for layout in (old, new)] == [3287 * 24.0, 0.0]
    assert rm.simulate(new, seed=1).probability < rm.simulate(old, seed=1).probability


def test_the_live_data_gets_a_new_medium_too():
    live = source(medium_since=NOW - timedelta(days=365 * 12))
    (renewal,) = [one for one in changes(audited(USB, live=live)) if "renew" in one.name]
    assert renewal.inventory.source.medium_since == NOW
    assert renewal.inventory.locations == (USB,)
