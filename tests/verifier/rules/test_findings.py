"""Findings: each names the location, and says nothing about a good one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from riskmodel.policies import Key
from tests.verifier.inventories import (
    NOW,
    UNKNOWN,
    declared,
    drive,
    measured,
    place,
    source,
    unread,
    view,
)
from verifier.inventory import Depth, Domains, Evidence, Fact, Newer, Points, Shares, State
from verifier.rules import FINDING_RULES, RULES, Severity, Status, rule_named

JUDGES = {found.rule.id: found.judge for found in FINDING_RULES}
OLD = NOW - timedelta(days=400)


def findings(rule, *locations, **more):
    return list(JUDGES[rule](view(*locations, **more)))


def _good():
    return place("cloud", "x", site="paris", host="address:paris")


CASES = {
    "missing": (unread("bad", State.MISSING), Status.FAIL),
    "unreadable": (unread("bad", State.TIMEOUT, reason="hung"), Status.UNKNOWN),
    "damaged": (place("bad", "sdb", errors=("x differs.",)), Status.FAIL),
    "same-device": (place("bad", "sda"), Status.FAIL),
    "memory": (place("bad", (), media="memory"), Status.FAIL),
    "partial": (place("bad", "sdb", coverage=measured(0.5)), Status.FAIL),
    "stale": (place("bad", "sdb", points=Points(1, OLD, OLD)), Status.FAIL),
    "unverified": (place("bad", "sdb", depth=Depth.STRUCTURE), Status.UNKNOWN),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_names_the_bad_location_and_no_other(rule):
    location, status = CASES[rule]
    found = findings(rule, _good(), location)
    assert [(finding.location, finding.status) for finding in found] == [("bad", status)]
    assert "bad" in found[0].message
    assert found[0].message.endswith(".")
    assert findings(rule, _good()) == []


def test_links_that_a_tree_lacks_are_told_and_no_part_of_its_coverage():
    live = replace(source(), links=100)
    (lost,) = findings("links", place("usb", "sdb", links=0), live=live)
    assert (lost.status, lost.location) == (Status.FAIL, "usb")
    assert "none of the source's 100 symbolic links" in lost.message
    (few,) = findings("links", place("usb", "sdb", links=99), live=live)
    assert (few.status, few.severity) == (Status.PASS, Severity.NOTE)
    empty = place("usb", "sdb", links=0, coverage=measured(0.0))
    for silent in (place("usb", "sdb", links=100), place("usb", "sdb"), empty):
        assert findings("links", silent, live=live) == []


def test_links_that_lead_out_of_the_source_are_one_note():
    live = replace(source(), links=100, links_out=12, leading_out=("a", "b"))
    (note,) = findings("links", place("usb", "sdb", links=100), live=live)
    assert (note.status, note.severity, note.location) == (Status.PASS, Severity.NOTE, "source")
    assert note.message == (
        "source has 12 symbolic links that lead out of it, such as a and b: what is there is no "
        "part of the source, and no copy was asked for it."
    )


def test_a_part_in_memory_is_told_as_a_part():
    live = replace(source(), in_memory=("mnt", "tmp"))
    (found,) = findings("memory", place("usb", "sdb"), live=live)
    assert found.message == (
        "What source holds below mnt and tmp is in memory, not on a drive, and never counts."
    )
    seen = view(place("usb", "sdb"), live=live)
    assert seen.standings[0].status is Status.FAIL
    assert "below mnt is in memory" in seen.standings[0].reason


@pytest.mark.parametrize(
    "reason", ["x could not be read: Permission denied", "Operation not permitted"]
)
def test_what_the_system_denies_asks_for_another_user_and_no_other_depth(reason):
    (found,) = findings("unverified", place("bad", "sdb", depth=Depth.LISTED, reason=reason))
    assert "root" in found.remediation
    assert "--depth" not in found.remediation


def test_shared_drives_name_both_and_say_that_they_are_not_independent():
    (found,) = findings("same-device", place("usb", "sda"))
    assert found.message.startswith("source and usb are not independent")
    assert "sda (Model sda)" in found.message


def test_the_same_directory_is_said_to_be():
    live = source(inode=(1, 2))
    (found,) = findings("same-device", place("link", "sda", inode=(1, 2)), live=live)
    assert "the same directory" in found.message


def test_unreadable_contents_are_told_with_their_reason():
    closed = place("repo", "sdb", coverage=UNKNOWN, reason="no password was given.")
    (found,) = findings("unreadable", closed)
    assert "no password was given" in found.message


def test_partial_copies_name_the_folders_that_are_missing():
    partial = place("usb", "sdb", coverage=measured(0.5), missing=("2024", "2025"))
    (found,) = findings("partial", partial)
    assert "2024 and 2025" in found.message
    (note,) = findings("partial", place("usb", "sdb", coverage=measured(0.995)))
    assert note.severity is Severity.NOTE
    few = Shares(0.995, 1.0, 1, ("secrets.kdbx",))
    (named,) = findings("partial", place("usb", "sdb", coverage=measured(0.995), shares=few))
    assert named.message == (
        "usb holds 99.5 % of the source's files as they are now. Not among them: secrets.kdbx."
    )
    many = Shares(0.5, 0.5, 1202, ("a", "b"))
    (named,) = findings("partial", place("usb", "sdb", coverage=measured(0.5), shares=many))
    assert named.message.endswith("Not among them: a, b and 1,200 more.")
    (empty,) = findings("partial", place("usb", "sdb", coverage=measured(0.0), files=0))
    assert "is empty" in empty.message


def test_a_newest_point_in_the_future_is_told():
    ahead = NOW + timedelta(days=2)
    (found,) = findings("stale", place("usb", "sdb", points=Points(1, ahead, ahead)))
    assert "future" in found.message


@pytest.mark.parametrize(
    ("rule", "layer"), [("same-site", "site"), ("same-host", "host"), ("same-account", "account")]
)
def test_a_layer_in_common_is_a_note_and_no_merge(rule, layer):
    def at(name, unit):
        return place(
            name,
            unit,
            domains=Domains(drives=place("x", unit).domains.drives, **{layer: declared("common")}),
        )

    locations = (at("one", "sdb"), at("two", "sdc"))
    (found,) = findings(rule, *locations)
    assert found.severity is Severity.NOTE
    assert "one and two" in found.message
    assert len(view(*locations).counted) == 3
    assert findings(rule, at("one", "sdb"), at("two", "sdb")) == []


def test_a_key_kept_only_at_the_source_is_a_failure():
    repo = place("repo", "sdb", site="paris")
    repo = replace(repo, domains=replace(repo.domains, key=declared("pw")))
    (found,) = findings("same-key", repo, keys={"pw": Key(kept=("home",))})
    assert found.status is Status.FAIL
    assert findings("same-key", repo, keys={"pw": Key(kept=("home", "ada"))}) == []


@pytest.mark.parametrize(
    ("path", "unit", "fails"),
    [
        ("/source/.password", "sda", True),
        ("/home/ada/.config/password", "sda", True),
        ("/media/stick/password", "sdz", False),
        ("/sourceless/password", "sdz", False),
    ],
)
def test_a_password_that_is_only_beside_the_source_is_told(path, unit, fails):
    repo = place("repo", "sdb", key_kept=declared((path,)), key_drives=measured((drive(unit),)))
    found = findings("same-key", repo)
    assert [(f.status, f.location) for f in found] == [(Status.FAIL, "repo")] * fails
    assert all(path in f.message for f in found)
    named = replace(repo, domains=replace(repo.domains, key=declared("pw")))
    assert findings("same-key", named, keys={"pw": Key(kept=("home", "ada"))}) == []


def test_a_password_on_several_drives_lives_while_one_does():
    drives = measured((drive("sda"), drive("sdz")))
    repo = place("repo", "sdb", key_kept=declared(("/home/ada/pw",)), key_drives=drives)
    assert findings("same-key", repo) == []
    nowhere = replace(repo, key_drives=UNKNOWN)
    assert findings("same-key", nowhere) == []


def test_copies_of_one_repository_are_told_once():
    keys = ("restic-key:aa", "restic-key:bb")
    opened = Domains(key=Fact("restic-key:aa", Evidence.INFERRED, "keys"))
    one, two = (
        replace(at, lineage=keys, domains=replace(at.domains, key=opened.key))
        for at in (place("one", "sdb"), place("two", "sdc"))
    )
    (found,) = findings("same-key", one, two, place("other", "sdd", lineage=("restic-key:cc",)))
    assert "one and two hold one and the same repository" in found.message
    assert found.severity is Severity.NOTE
    assert findings("same-key", one, replace(two, lineage=("zfs-guid:aa",))) == []


def test_every_rule_is_registered_once_and_explains_itself():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.title
        assert rule.risk.endswith(".")
        assert rule.remediation.endswith(".")
        assert rule_named(rule.id.replace("-", "_")) is rule


SINCE = Newer(NOW - timedelta(hours=9), changed=3, added=2, size_bytes=2_350)


def test_what_is_newer_than_a_copy_is_counted_and_no_fault_of_it():
    (found,) = findings("newer", place("usb", "sdb", newer=SINCE))
    assert (found.status, found.severity, found.location) == (Status.PASS, Severity.NOTE, "usb")
    assert "2026-06-01 03:00" in found.message
    assert "5 files since (2.35 kB)" in found.message
    assert "3 in an earlier version and 2 not at all" in found.message
    (found,) = findings("newer", place("usb", "sdb", newer=replace(SINCE, changed=0)))
    assert "earlier version" not in found.message
    assert "none of which it holds" in found.message
    assert findings("newer", place("usb", "sdb")) == []


@pytest.mark.parametrize(
    ("at_most", "status"), [(1.0, Status.UNKNOWN), (0.99, Status.UNKNOWN), (0.98, Status.FAIL)]
)
def test_a_copy_that_lacks_files_which_may_have_come_since_is_unknown_and_never_whole(
    at_most, status
):
    doubt = Newer(NOW, doubtful=4, at_most=at_most, reason="nothing tells when they were made")
    usb = place("usb", "sdb", coverage=measured(0.9), newer=doubt)
    seen = view(usb)
    assert seen.standings[1].status is status
    assert len(seen.counted) == 1
    assert len(seen.possible) == (2 if status is Status.UNKNOWN else 1)
    (found,) = findings("partial", usb)
    assert found.status is status
    assert "4 files of what it lacks may have come since: nothing tells" in found.message
    if status is Status.UNKNOWN:
        assert "nothing tells" in seen.standings[1].reason
    stale = view(replace(usb, points=Points(1, OLD, OLD)))
    assert stale.standings[1].status is Status.FAIL
    assert len(stale.possible) == 1
    damaged = view(replace(usb, errors=("x differs.",)))
    assert damaged.standings[1].status is Status.FAIL


def test_a_whole_copy_of_long_ago_is_stale_however_little_can_be_missing_from_it():
    old = place("usb", "sdb", points=Points(1, OLD, OLD), newer=replace(SINCE, since=OLD))
    live = source(points=Points(1, NOW, NOW))
    seen = view(old, live=live)
    assert seen.standings[1].status is Status.FAIL
    assert "old" in seen.standings[1].reason
    assert len(seen.possible) == 1
    (found,) = findings("stale", old, live=live)
    assert found.status is Status.FAIL
