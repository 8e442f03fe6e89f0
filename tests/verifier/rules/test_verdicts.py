"""The verdicts of DESIGN section 7, each on an inventory made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.verifier.inventories import declared, measured
from verifier.audit import Audit, judge
from verifier.inventory import (
    Depth,
    Domains,
    Drive,
    Evidence,
    Fact,
    Inventory,
    Location,
    Points,
    State,
)
from verifier.setup import Setup

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def place(
    name,
    drives=("A",),
    *,
    pools=(),
    host="machine:one",
    site=None,
    medium="hdd",
    coverage=1.0,
    transport="sata",
    age_days=1.0,
    **changes,
):
    """A location that is whole, fresh and examined; `changes` are fields of `Location`."""
    units = tuple(
        Drive(f"serial:{key}", f"sd{key.lower()}", serial=key, transport=transport)
        for key in drives
    )
    newest = NOW - timedelta(days=age_days)
    fields = {
        "name": name,
        "kind": "directory",
        "address": f"/{name}",
        "state": State.READ,
        "real_path": f"/{name}",
        "domains": Domains(
            drives=measured(units) if units else Fact(),
            pools=measured(tuple(pools)) if pools else Fact(),
            host=measured(host) if host else Fact(),
            site=declared(site) if site else Fact(),
        ),
        "media_type": measured(medium) if medium else Fact(),
        "points": Points(1, newest, newest),
        "files": 10,
        "size_bytes": 1000,
        "coverage": measured(coverage) if coverage is not None else Fact(),
        "depth": Depth.SOURCE,
        "identical": False,
    }
    return Location(**(fields | changes))


def source(**changes):
    given = {"site": "home", "depth": Depth.LISTED} | changes
    return replace(place("source", **given), coverage=Fact())


def judged(*backups, live=None, policy=None, sites=None) -> Audit:
    raw = {"source": {"path": "/source"}, "policy": policy or {}, "sites": sites or {}}
    inventory = Inventory(
        "test", NOW, measured("machine:one"), live if live is not None else source(), backups
    )
    return judge(Setup.from_dict(raw), inventory)


def status(audit, gate):
    return audit.gates[gate].status.value


def rules_about(audit, name):
    return {finding.rule for finding in audit.findings if finding.location == name}


def cloud(name="cloud", **changes):
    given = {
        "drives": ("C",),
        "host": "address:cloud.example.org",
        "site": "frankfurt",
        "medium": "object-storage",
        "immutable": Fact(True, Evidence.TOOL_REPORTED, "object lock"),
        "kind": "restic",
        "real_path": None,
    }
    return place(name, **(given | changes))


def usb(name="usb", **changes):
    return place(name, **({"drives": ("B",), "site": "home", "transport": "usb"} | changes))


def test_a_good_set_up_passes_every_gate():
    audit = judged(usb(), cloud())
    assert {name: gate.status.value for name, gate in audit.gates.items()} == dict.fromkeys(
        ("copies", "media", "offsite", "offline_or_immutable", "errors"), "pass"
    )
    assert audit.exit_code == 0
    assert (audit.score.value, audit.score.high) == (100, 100)


class TestCopies:
    def test_two_locations_on_the_source_s_drive_add_nothing(self):
        audit = judged(place("one"), place("two"))
        assert audit.claimed_copies == 3
        assert audit.independent_copies == 1
        assert status(audit, "copies") == "fail"
        assert "same-device" in rules_about(audit, "one")

    def test_a_shared_pool_is_enough_even_with_different_drives(self):
        live = source(pools=("zpool:here/tank",))
        audit = judged(usb(pools=("zpool:here/tank",)), live=live)
        assert audit.independent_copies == 1

    def test_volumes_that_overlap_in_one_drive_of_several(self):
        audit = judged(place("md", drives=("A", "X")), place("other", drives=("X", "Y")))
        # md meets both; the source and the other share nothing
        assert audit.independent_copies == 2

    def test_the_same_inode_is_one_place(self):
        live = source(drives=(), inode=(5, 7))
        assert judged(usb(drives=(), inode=(5, 7)), live=live).independent_copies == 1

    def test_a_shared_host_is_a_note_and_no_merge(self):
        audit = judged(usb())
        assert audit.independent_copies == 2
        notes = [finding for finding in audit.findings if finding.rule == "same-host"]
        assert notes
        assert all(finding.status.value == "pass" for finding in notes)

    def test_unknown_drives_are_not_counted_and_leave_the_gate_unknown(self):
        audit = judged(cloud(), usb(drives=()))
        assert audit.independent_copies == 2
        assert status(audit, "copies") == "unknown"

    def test_what_the_unknown_cannot_turn_fails(self):
        audit = judged(usb(drives=()))
        assert status(audit, "copies") == "fail"

    def test_exports_of_one_host_count_once(self):
        nas = {"drives": (), "host": "address:nas"}
        audit = judged(usb("x", **nas), usb("y", **nas))
        assert audit.independent_copies == 2
        assert status(audit, "copies") == "fail"

    @pytest.mark.parametrize(("sites", "copies"), [(("eu", "eu"), 2), (("eu", "us"), 3)])
    def test_buckets_of_one_account_count_once_a_region(self, sites, copies):
        def bucket(name, site):
            made = cloud(name, drives=(), host=None, site=site)
            return replace(made, domains=replace(made.domains, account=declared("acme")))

        audit = judged(bucket("x", sites[0]), bucket("y", sites[1]))
        assert audit.independent_copies == copies

    def test_declared_is_not_counted_and_leaves_the_gate_unknown(self):
        audit = judged(
            usb(),
            place("phone", (), host=None, kind="declared", state=State.DECLARED, coverage=None),
        )
        assert audit.independent_copies == 2
        assert status(audit, "copies") == "unknown"

    @pytest.mark.parametrize("kind", ["tmpfs", "ramfs"])
    def test_memory_never_counts(self, kind):
        made = usb(drives=(), medium="memory")
        there = replace(made, domains=replace(made.domains, file_system=measured(kind)))
        audit = judged(there, cloud())
        assert audit.independent_copies == 2
        assert status(audit, "copies") == "fail"

    def test_a_closed_repository_does_not_count_but_could(self):
        audit = judged(usb(), cloud(coverage=None, depth=Depth.BYTES))
        assert audit.independent_copies == 2
        assert status(audit, "copies") == "unknown"
        assert status(audit, "errors") == "pass"  # its bytes were examined all the same


class TestWhole:
    @pytest.mark.parametrize(("share", "copies"), [(0.98999, 1), (0.99, 2), (1.0, 2)])
    def test_coverage(self, share, copies):
        assert judged(usb(coverage=share)).independent_copies == copies

    @pytest.mark.parametrize(("days", "copies"), [(34.9, 2), (35.1, 1)])
    def test_age(self, days, copies):
        live = source(age_days=0)
        assert judged(usb(age_days=days), live=live).independent_copies == copies

    def test_a_comparison_does_not_make_an_old_copy_fresh(self):
        # files that changed since under the same size are no damage, so none is reported
        audit = judged(usb(age_days=730, depth=Depth.SOURCE), live=source(age_days=0))
        assert audit.independent_copies == 1
        assert "stale" in rules_about(audit, "usb")

    def test_identical_is_fresh_however_old(self):
        audit = judged(usb(age_days=900, identical=True), live=source(age_days=900))
        assert audit.independent_copies == 2

    def test_the_future_is_not_fresh(self):
        audit = judged(usb(age_days=-400), live=source(age_days=-1000))
        assert audit.independent_copies == 1

    def test_damage_still_counts_and_fails_errors(self):
        audit = judged(usb(errors=("a.jpg differs.",)), cloud())
        assert audit.independent_copies == 3
        assert status(audit, "errors") == "fail"
        assert audit.exit_code == 1
        assert audit.score.value <= 50


class TestMedia:
    def test_two_disks_fail(self):
        assert status(judged(usb()), "media") == "fail"

    def test_one_drive_of_unknown_kind_is_one_medium(self):
        audit = judged(place("copy", medium=None), live=source(medium=None))
        assert status(audit, "media") == "fail"

    def test_separate_drives_of_unknown_kind_are_unknown(self):
        audit = judged(usb(medium=None), live=source(medium=None))
        assert status(audit, "media") == "unknown"

    @pytest.mark.parametrize("medium", ["ssd", "tape", "optical", "object-storage"])
    def test_other_media_pass(self, medium):
        assert status(judged(usb(medium=medium)), "media") == "pass"

    def test_a_virtual_tape_is_a_disk(self):
        assert status(judged(usb(medium="vtl")), "media") == "fail"

    def test_media_of_one_drive_cannot_differ(self):
        assert status(judged(place("copy", medium="tape")), "media") == "fail"


HOME = {"location": [52.37, 4.90]}


class TestOffsite:
    def test_a_declared_site_suffices_and_shows_as_declared(self):
        gate = judged(usb(site="office", offline=True)).gates["offsite"]
        assert (gate.status.value, gate.evidence) == ("pass", Evidence.DECLARED)

    def test_the_source_s_site_fails(self):
        assert status(judged(usb()), "offsite") == "fail"

    def test_another_site_on_the_source_s_drive_is_void(self):
        audit = judged(place("copy", site="mars"))
        assert status(audit, "offsite") == "fail"
        assert "site-contradicted" in rules_about(audit, "copy")

    @pytest.mark.parametrize(
        ("transport", "offline", "verdict"),
        [
            ("sata", False, "fail"),
            ("nvme", False, "fail"),
            ("sata", True, "pass"),
            ("usb", True, "pass"),
            ("usb", False, "unknown"),
            (None, False, "unknown"),
        ],
    )
    def test_only_a_drive_that_can_travel_is_elsewhere(self, transport, offline, verdict):
        audit = judged(usb(site="office", transport=transport, offline=offline))
        assert status(audit, "offsite") == verdict
        assert ("site-contradicted" in rules_about(audit, "usb")) == (verdict == "fail")

    def test_a_drive_of_another_machine_contradicts_nothing(self):
        audit = judged(usb(site="office", transport="sata", host="machine:two"))
        assert status(audit, "offsite") == "pass"

    def test_no_site_is_unknown(self):
        assert status(judged(usb(site=None, host="machine:two")), "offsite") == "unknown"

    @pytest.mark.parametrize(
        ("location", "verdict"),
        [([52.09, 5.12], "fail"), ([50.11, 8.68], "pass"), (None, "unknown")],
    )
    def test_distance(self, location, verdict):
        # Utrecht is 34 km from Amsterdam, Frankfurt 365 km
        there = {"location": location} if location else {"country": "DE"}
        audit = judged(
            cloud(), policy={"min_offsite_km": 50}, sites={"home": HOME, "frankfurt": there}
        )
        assert status(audit, "offsite") == verdict

    def test_a_declared_location_leaves_it_unknown(self):
        phone = place("phone", (), host=None, site="moon", kind="declared", state=State.DECLARED)
        assert status(judged(phone), "offsite") == "unknown"


class TestOfflineOrImmutable:
    def test_online_and_writable_fails(self):
        assert status(judged(usb()), "offline_or_immutable") == "fail"

    def test_offline_passes_as_declared(self):
        gate = judged(usb(offline=True)).gates["offline_or_immutable"]
        assert (gate.status.value, gate.evidence) == ("pass", Evidence.DECLARED)

    def test_offline_on_the_source_s_drive_is_void(self):
        assert status(judged(place("copy", offline=True)), "offline_or_immutable") == "fail"

    @pytest.mark.parametrize(("days", "verdict"), [(89, "pass"), (91, "unknown")])
    def test_absent_within_max_absence(self, days, verdict):
        away = Location(
            "usb",
            "unknown",
            "/mnt/usb",
            State.ABSENT_OFFLINE,
            "there is nothing",
            offline=True,
            last_seen=NOW - timedelta(days=days),
        )
        audit = judged(away)
        assert status(audit, "offline_or_immutable") == verdict
        assert audit.independent_copies == 1

    def test_timed_out_cloud_is_unknown(self):
        there = cloud(
            address="s3:https://cloud.example.org/x",
            state=State.TIMEOUT,
            immutable=Fact(),
            coverage=None,
            depth=None,
        )
        assert status(judged(there), "offline_or_immutable") == "unknown"


class TestErrors:
    def test_unexamined_is_unknown(self):
        assert status(judged(usb(), cloud(depth=None)), "errors") == "unknown"

    def test_shallower_than_the_policy_is_unknown_and_says_how_deep(self):
        gate = judged(usb(), cloud(depth=Depth.STRUCTURE)).gates["errors"]
        assert gate.status.value == "unknown"
        assert "structure" in str(gate.value)

    def test_deeper_satisfies(self):
        audit = judged(usb(depth=Depth.RESTORE), policy={"depth": "bytes"})
        assert status(audit, "errors") == "pass"

    def test_damage_beats_unexamined(self):
        audit = judged(usb(errors=("x.",)), cloud(depth=None))
        assert status(audit, "errors") == "fail"


class TestUnseen:
    def test_missing_fails(self):
        gone = Location("usb", "unknown", "/mnt/usb", State.MISSING, "there is nothing")
        audit = judged(gone, cloud())
        verdict = next(v for v in audit.verdicts if v.location.name == "usb")
        assert (verdict.status.value, verdict.counted) == ("fail", False)
        assert status(audit, "copies") == "fail"
        assert "missing" in rules_about(audit, "usb")

    @pytest.mark.parametrize("state", [State.UNREADABLE, State.TIMEOUT])
    def test_unreadable_is_unknown(self, state):
        gone = Location("usb", "unknown", "/mnt/usb", state, "no answer")
        audit = judged(gone, cloud())
        verdict = next(v for v in audit.verdicts if v.location.name == "usb")
        assert (verdict.status.value, verdict.counted) == ("unknown", False)
        assert status(audit, "copies") == "unknown"
        assert audit.exit_code in (1, 3)

    def test_no_source_no_copies(self):
        live = replace(source(), state=State.MISSING, reason="there is nothing")
        audit = judged(usb(coverage=None), cloud(coverage=None), live=live)
        assert status(audit, "copies") == "fail"

    def test_an_unreadable_source_never_passes(self):
        live = replace(source(), state=State.UNREADABLE, reason="permission denied")
        audit = judged(usb(coverage=None), cloud(coverage=None), live=live)
        assert status(audit, "copies") == "unknown"
        assert "pass" not in {status(audit, gate) for gate in ("copies", "errors")}
