"""Replicas: told by common snapshots, or by the status file that a replicating tool leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.inventories import NOW, measured, place, source
from verifier.host import Host
from verifier.inventory import Snapshot
from verifier.probes import probe
from verifier.probes.replica import linked, parse_status
from verifier.target import Target


def snaps(*days):
    return tuple(
        Snapshot(f"zfs-guid:{day}", f"tank/d@{day}", NOW - timedelta(days=100 - day))
        for day in days
    )


LIVE = source(snapshots=snaps(1, 2, 3, 4))


def test_the_lag_is_from_the_sources_newest_to_the_newest_in_common():
    (found,) = linked(LIVE, [place("replica", "sdb", snapshots=snaps(1, 2))])
    assert found.fed_from.value == "source"
    assert found.lag_hours == 48
    assert found.repeats_deletions.value is False


def test_snapshots_in_the_sources_pool_are_no_replica():
    pool = measured(("zpool:machine:here/tank",))
    live = replace(LIVE, domains=replace(LIVE.domains, pools=pool))
    local = place("local", "sda", snapshots=snaps(1, 2))
    local = replace(local, domains=replace(local.domains, pools=pool))
    assert linked(live, [local]) == (local,)


def test_a_replica_of_a_replica_is_fed_from_it():
    first = place("first", "sdb", snapshots=(*snaps(1, 4), *snaps(9)))
    second = place("second", "sdc", snapshots=snaps(9))
    _, found = linked(LIVE, [first, second])
    assert (found.fed_from.value, found.lag_hours) == ("first", 0)


def test_without_common_snapshots_nothing_is_claimed():
    other = place("other", "sdb", snapshots=snaps(50))
    assert linked(LIVE, [other]) == (other,)


def test_lag_is_unknown_where_times_are():
    bare = tuple(replace(one, time=None) for one in snaps(1))
    (found,) = linked(source(snapshots=bare), [place("replica", "sdb", snapshots=bare)])
    assert (found.fed_from.value, found.lag_hours) == ("source", None)


SAID = {
    "fed_from": "nas:/tank/photos",
    "newest": "2026-11-20T00:00:00Z",
    "source_newest": "2026-11-20T06:00:00+02:00",
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("replication-status.json", json.dumps(SAID)),
        (".replication-status", "# by a tool\n" + "\n".join(f"{k} = {v}" for k, v in SAID.items())),
    ],
)
def test_a_status_file_tells_origin_and_lag(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    found = probe(Host(), Target("x", str(tmp_path)), None)
    assert (found.fed_from.value, found.lag_hours) == ("nas:/tank/photos", 4)
    assert found.fed_from.evidence == "tool-reported"


@pytest.mark.parametrize("content", ["", "[1]", "[" * 100_000, "\x00=\x01", "newest=2026-11-20"])
def test_an_unsound_status_file_changes_nothing(tmp_path, content):
    (tmp_path / "replication-status.json").write_text(content)
    found = probe(Host(), Target("x", str(tmp_path)), None)
    assert (found.fed_from.value, found.lag_hours) == (None, None)
    assert found.files == 1


@given(st.text())
def test_any_text_is_a_status_or_none(text):
    parse_status(text)
